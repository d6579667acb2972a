//! One search for state: what it read, what it was refused, what made no sense.
//!
//! Must not know any runtime.

use std::io;
use std::path::{Path, PathBuf};

use super::files::{Root, Stamp};
use super::{Answer, Malformed, Watched};
use crate::identity::facts::Facts;
use crate::snapshot::{Missing, Problem};
use crate::text;

/// A root to read below: the host's, or what a process sees as its own.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) root: Root,
    pub(super) process: Option<i32>,
}

/// A search that is under way.
#[derive(Debug, Default)]
pub(super) struct Visit {
    problems: Vec<Problem>,
    watched: Vec<Watched>,
    refused: bool,
    /// Whether state that must be there was not.
    missed: bool,
    /// Whether any state was found.
    pub(super) found: bool,
}

impl Visit {
    /// Reads and understands a file of a runtime. What is not there is no problem; what may not be read is remembered as
    /// refused.
    pub(super) fn take<T>(
        &mut self,
        place: &Place,
        path: &Path,
        parse: impl FnOnce(&[u8]) -> Result<T, Malformed>,
    ) -> Option<T> {
        let taken = self.take_hint(place, path, parse);
        self.found |= taken.is_some();
        taken
    }

    /// The same of a file that is no runtime's: there may be one where no state was found.
    pub(super) fn take_hint<T>(
        &mut self,
        place: &Place,
        path: &Path,
        parse: impl FnOnce(&[u8]) -> Result<T, Malformed>,
    ) -> Option<T> {
        let (bytes, stamp) = place.root.read(path).inspect_err(|error| self.fail(place, path, error)).ok()?;
        self.watch(place, path, stamp);
        let parsed = parse(&bytes).inspect_err(|Malformed| {
            self.problem(place, path, "parse", "not what its runtime writes".to_owned());
        });
        parsed.ok()
    }

    /// The stamp of a file that is read only when it is new.
    pub(super) fn stamp(&mut self, place: &Place, path: &Path) -> Option<Stamp> {
        place.root.stamp(path).inspect_err(|error| self.fail(place, path, error)).ok()
    }

    /// Remembers that the answer depends on a file.
    pub(super) fn watch(&mut self, place: &Place, path: &Path, stamp: Stamp) {
        let watched = Watched { process: place.process, path: path.to_owned(), stamp };
        if !self.watched.contains(&watched) {
            self.watched.push(watched);
        }
    }

    /// Remembers that something may not be looked at.
    pub(super) fn refuse(&mut self, error: &io::Error) {
        self.refused |= error.kind() == io::ErrorKind::PermissionDenied;
    }

    /// Whether something may not be looked at.
    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    /// Remembers that its runtime keeps a name in files, and that these are not where they should be.
    pub(super) fn miss(&mut self) {
        self.missed = true;
    }

    /// Remembers that a runtime's socket did not answer.
    pub(super) fn ask(&mut self, failure: Option<(&PathBuf, &str)>) {
        if let Some((socket, error)) = failure {
            let path = text::visible(&socket.to_string_lossy()).into_owned();
            self.problems.push(Problem { path, doing: "ask", error: error.to_owned() });
        }
    }

    fn fail(&mut self, place: &Place, path: &Path, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {}
            io::ErrorKind::PermissionDenied => self.refused = true,
            _ => self.problem(place, path, "read", error.to_string()),
        }
    }

    fn problem(&mut self, place: &Place, path: &Path, doing: &'static str, error: String) {
        let root = place.process.map_or_else(PathBuf::new, |pid| PathBuf::from(format!("/proc/{pid}/root")));
        let below: PathBuf = path.components().skip(1).collect();
        let path = if place.process.is_some() { root.join(below) } else { path.to_owned() };
        self.problems.push(Problem { path: text::visible(&path.to_string_lossy()).into_owned(), doing, error });
    }

    /// What came of it, with the reason for what is still missing.
    pub(super) fn finish(self, facts: Facts) -> Answer {
        let shortfall = match self {
            Self { refused: true, .. } => Missing::Permission,
            Self { ref problems, .. } if !problems.is_empty() => Missing::BadState,
            Self { missed: true, .. } if facts.name.is_none() => Missing::NoState,
            Self { found: true, .. } => Missing::NotOnDisk,
            Self { .. } if facts.is_container => Missing::NotOnDisk,
            Self { .. } => Missing::NoState,
        };
        Answer {
            facts: Facts { shortfall: Some(shortfall), ..facts },
            problems: self.problems,
            watched: self.watched,
            process: None,
        }
    }
}
