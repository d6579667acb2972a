//! The keys outside of all tables that say what the dashboard starts with.

use std::time::Duration;

use super::Error;
use super::record::{Said, list, quoted};
use super::section::Section;
use crate::app::Idle;
use crate::cli::{self, Options};
use crate::field::columns::Columns;
use crate::query::{Filter, Sort};
use crate::units;

/// What the dashboard starts with.
#[derive(Clone, Debug)]
pub struct Start {
    /// Which columns.
    pub columns: Columns,
    /// In which order.
    pub sort: Sort,
    /// Which rows: an expression that means something; empty for all.
    pub filter: String,
    /// Time between two readings.
    pub interval: Duration,
    /// What becomes of rows that nothing happens to.
    pub idle: Idle,
    /// Whether it hears of the mouse.
    pub mouse: bool,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            columns: Columns::default(),
            sort: Sort::Trouble,
            filter: String::new(),
            interval: cli::USUAL,
            idle: Idle::Shown,
            mouse: true,
        }
    }
}

/// Changes what the file speaks of.
pub(super) fn read(file: &Section<'_>, start: &mut Start) -> Result<(), Error> {
    if let Some(entry) = file.get("columns") {
        start.columns = match entry.word() {
            Ok(word) => Columns::parse(word).map_err(|why| entry.error(&why))?,
            Err(_) => entry.each(Columns::read)?.into_iter().collect(),
        };
    }
    if let Some(entry) = file.get("sort") {
        start.sort = Sort::parse(entry.word()?).map_err(|error| entry.error(&error.to_string()))?;
    }
    if let Some(entry) = file.get("filter") {
        let text = entry.word()?;
        Filter::parse(text).map_err(|error| entry.error(&error.to_string()))?;
        text.clone_into(&mut start.filter);
    }
    if let Some(entry) = file.get("interval") {
        start.interval = cli::interval(&entry.plain()).map_err(|why| entry.error(&why))?;
    }
    if let Some(entry) = file.get("idle") {
        start.idle = entry.choice("way with idle rows", Idle::ALL.map(|idle| (idle.name(), idle)))?;
    }
    if let Some(entry) = file.get("mouse") {
        start.mouse = entry.flag()?;
    }
    Ok(())
}

/// Changes what the command line speaks of; what that is.
pub(super) fn take_options(options: &Options, start: &mut Start) -> Vec<Said> {
    let mut said = Vec::new();
    let mut say = |key, value| said.push(Said::on_the_command_line(key, value));
    if let Some(wanted) = &options.columns {
        start.columns.clone_from(wanted);
        say("columns", columns(wanted));
    }
    if let Some(sort) = options.sort {
        start.sort = sort;
        say("sort", quoted(&sort.to_string()));
    }
    if let Some(filter) = &options.filter {
        start.filter.clone_from(filter);
        say("filter", quoted(filter));
    }
    if let Some(interval) = options.interval {
        start.interval = interval;
        say("interval", quoted(&units::interval(interval)));
    }
    said
}

/// Columns as they may be written: by the name of their set, or one by one.
pub(super) fn columns(columns: &Columns) -> String {
    match columns.words() {
        Ok(preset) => quoted(preset),
        Err(words) => list(words.iter().map(|word| quoted(word))),
    }
}
