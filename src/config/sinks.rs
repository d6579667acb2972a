//! The table `[sinks]`: who is told of alerts.

use std::path::Path;
use std::time::Duration;

use super::Error;
use super::section::Section;
use crate::sink::Settings;

pub(super) const KEYS: &[&str] = &["bell", "osc9", "log", "command", "command_timeout"];

/// Less is not enough to start anything.
const SHORTEST: Duration = Duration::from_millis(100);

/// Changes what the file speaks of.
pub(super) fn read(section: &Section<'_>, settings: &mut Settings) -> Result<(), Error> {
    if let Some(entry) = section.get("bell") {
        settings.bell = entry.flag()?;
    }
    if let Some(entry) = section.get("osc9") {
        settings.osc9 = entry.flag()?;
    }
    if let Some(entry) = section.get("log") {
        settings.log = match Path::new(entry.word()?) {
            path if path.as_os_str().is_empty() => None,
            path if path.is_absolute() => Some(path.to_owned()),
            _ => return Err(entry.error("must be an absolute path")),
        };
    }
    if let Some(entry) = section.get("command") {
        settings.command = entry.each(|word| Ok(word.to_owned()))?;
        if settings.command.first().is_some_and(String::is_empty) {
            return Err(entry.error("must begin with a program"));
        }
        if !settings.command.is_empty() && !entry.is_trusted() {
            return Err(entry.error("others could have written this file; it must belong to you or to root, and only its owner may write it"));
        }
    }
    if let Some(entry) = section.get("command_timeout") {
        settings.command_timeout = entry.time()?;
        if settings.command_timeout < SHORTEST {
            return Err(entry.error("must be between 100ms and 24h"));
        }
    }
    Ok(())
}
