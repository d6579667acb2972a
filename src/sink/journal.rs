//! A file with a line of JSON for each change of an alert.
//!
//! It stays open; where it was moved away or removed, as log rotation does, it is made again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use rustix::fs::OFlags;
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::alert::News;
use crate::export::{self, timestamp};

/// The version of the names and meanings in the lines.
const SCHEMA_VERSION: u64 = 1;

/// The file.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
}

impl Journal {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Appends one line, in one write.
    pub(super) fn append(&mut self, news: &News) -> Result<(), String> {
        let outcome = self.write(news);
        if outcome.is_err() {
            self.file = None;
        }
        outcome.map_err(|error| format!("alerts are not written to {}: {error}", self.path.display()))
    }

    fn write(&mut self, news: &News) -> io::Result<()> {
        let mut line = Vec::new();
        export::line::write(&Line(news), &mut line)?;
        let mut file = match self.file.take() {
            Some(file) if self.is_in_place(&file) => file,
            _ => self.open()?,
        };
        file.write_all(&line)?;
        self.file = Some(file);
        Ok(())
    }

    fn is_in_place(&self, file: &File) -> bool {
        let place = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
        matches!((fs::metadata(&self.path), file.metadata()), (Ok(named), Ok(open)) if place(&named) == place(&open))
    }

    /// Anything but a file could make us wait, or have other uses.
    fn open(&self) -> io::Result<File> {
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o640)
            .custom_flags(flags.bits().cast_signed())
            .open(&self.path)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a file")) }
    }
}

struct Line<'a>(&'a News);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let News { change, alert, at } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema_version", &SCHEMA_VERSION)?;
        map.serialize_entry("at", &timestamp(*at))?;
        map.serialize_entry("state", change.name())?;
        map.serialize_entry("rule", alert.rule)?;
        map.serialize_entry("level", alert.level.name())?;
        map.serialize_entry("name", &*alert.name)?;
        map.serialize_entry("cgroup", &alert.subject.path())?;
        map.serialize_entry("text", &alert.text)?;
        map.serialize_entry("since", &timestamp(alert.began))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::tests::news;
    use crate::text;

    #[test]
    fn a_line_for_each_change_also_after_rotation() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("alerts.jsonl");
        let mut journal = Journal::new(path.clone());
        let hostile = "a\n\u{1b}\"\u{7f}\u{202e}b";
        journal.append(&news(hostile)).unwrap();
        journal.append(&news("b")).unwrap();
        let rotated = directory.path().join("alerts.jsonl.1");
        fs::rename(&path, &rotated).unwrap();
        journal.append(&news("c")).unwrap();
        let lines = |path| -> Vec<serde_json::Value> {
            let text = fs::read_to_string(path).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let (old, new) = (lines(&rotated), lines(&path));
        assert_eq!((old.len(), new.len()), (2, 1));
        assert_eq!(old[0]["name"], hostile);
        let is_harmful = |c: char| c != '\n' && text::first_harmful(&c.to_string()).is_some();
        assert!(!fs::read_to_string(&rotated).unwrap().contains(is_harmful));
        assert_eq!((&new[0]["state"], &new[0]["rule"]), (&"begun".into(), &"oom-kill".into()));
        assert_eq!(new[0]["since"], "1970-01-01T00:00:01.000Z");
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        let _reader =
            OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&path).unwrap();
        assert!(Journal::new(path).append(&news("a")).unwrap_err().contains("not a file"));
        assert!(Journal::new(directory.path().join("no/such")).append(&news("a")).is_err());
    }
}
