//! The manual page: what the command line says of itself, and the tables of keys, fields and exit statuses.
//!
//! Adds no words of its own but headings.

use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;

use crate::alert::rules::RULES;
use crate::app::action::ACTIONS;
use crate::app::keys::Keymap;
use crate::exit::STATUSES;
use crate::field::FIELDS;
use crate::field::columns::PRESETS;

/// The page, as roff.
///
/// # Errors
/// None but those of writing into memory.
pub fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let subcommands: Vec<Command> = command.get_subcommands().cloned().collect();
    let man = Man::new(command);
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for subcommand in subcommands {
        let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
        section(&mut page, &format!("memcgtop {}", subcommand.get_name()))?;
        writeln!(page, "{}.", roff(&about))?;
        let mut options = Vec::new();
        Man::new(subcommand).render_options_section(&mut options)?;
        // Under the heading of the subcommand, not one of its own.
        let options = String::from_utf8_lossy(&options).replace(".SH OPTIONS\n", "");
        page.extend_from_slice(options.as_bytes());
    }
    let usual = Keymap::default();
    let keys: Vec<String> = ACTIONS.iter().map(|entry| usual.shown(entry.action)).collect();
    let meanings = ACTIONS.iter().map(|entry| format!("{} [{}]", entry.meaning, entry.name));
    let title = "keys, and what [keys] in the configuration calls them";
    table(&mut page, title, keys.iter().map(String::as_str).zip(meanings))?;
    let sets = PRESETS.iter().map(|preset| (preset.name, format!("{}.", preset.meaning)));
    table(&mut page, "sets of columns, as in --columns", sets)?;
    let fields = FIELDS.iter().map(|field| (field.id, format!("{} From: {}.", field.meaning, field.source)));
    table(&mut page, "fields, as in --columns, --sort and --filter", fields)?;
    let rules =
        RULES.iter().map(|rule| (rule.name, format!("{} Usually: {}.", rule.meaning, rule.defaults.level.name())));
    table(&mut page, "rules of alerts, as in the configuration", rules)?;
    table(&mut page, "exit status", STATUSES.iter().map(|(status, meaning)| (*status, (*meaning).to_owned())))?;
    Ok(page)
}

fn table<'a>(page: &mut Vec<u8>, title: &str, rows: impl Iterator<Item = (&'a str, String)>) -> io::Result<()> {
    section(page, title)?;
    for (term, meaning) in rows {
        writeln!(page, ".TP\n\\fB{}\\fR\n{}", roff(term), roff(&meaning))?;
    }
    Ok(())
}

fn section(page: &mut Vec<u8>, title: &str) -> io::Result<()> {
    writeln!(page, ".SH \"{}\"", roff(&title.to_uppercase()))
}

/// Text that means nothing to roff.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
