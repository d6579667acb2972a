//! The processes of the row on the detail screen, and how they have grown since it was opened.

use std::collections::HashMap;
use std::time::Duration;

use crate::app::{App, Screen};
use crate::snapshot::{CgroupId, Process, Processes};

/// What was read of the processes of one row.
#[derive(Clone, Debug)]
pub struct Watched {
    /// When they were first read.
    pub since: Duration,
    /// What was read last.
    pub now: Processes,
    /// What each had in memory at first. A number may be given out again, but hardly under the same name.
    first: HashMap<(u32, String), u64>,
}

impl Watched {
    fn of(since: Duration, now: Processes) -> Self {
        let mut watched = Self { since, now, first: HashMap::new() };
        watched.remember();
        watched
    }

    fn remember(&mut self) {
        let mut before = std::mem::take(&mut self.first);
        let first = self.now.read.iter().flatten().map(|process| {
            let key = (process.pid, process.name.clone());
            let rss = before.remove(&key).unwrap_or_else(|| process.rss());
            (key, rss)
        });
        self.first = first.collect();
    }

    /// Those with the most memory first, in memory or out on swap.
    pub fn largest(&self) -> Vec<&Process> {
        let mut processes: Vec<&Process> = self.now.read.iter().flatten().collect();
        processes.sort_by_key(|process| (std::cmp::Reverse(process.rss() + process.swap), process.pid));
        processes
    }

    /// By how much a process has more in memory than when it was first read.
    pub fn growth(&self, process: &Process) -> i64 {
        let first = self.first.get(&(process.pid, process.name.clone())).copied();
        process.rss().cast_signed() - first.unwrap_or(process.rss()).cast_signed()
    }
}

impl App {
    /// The row whose processes are to be read.
    pub fn looked_at(&self) -> Option<&CgroupId> {
        match &self.screen {
            Screen::Detail(id) if self.has_chart() && !self.help && !self.paused() => Some(id),
            _ => None,
        }
    }

    /// What was read of the processes of the row on the screen.
    pub fn processes(&self) -> Option<&Watched> {
        self.processes.as_ref()
    }

    pub(super) fn take_in_processes(&mut self, found: Processes) {
        if self.looked_at() != Some(&found.row) {
            return;
        }
        match &mut self.processes {
            Some(watched) if watched.now.row == found.row => {
                watched.now = found;
                watched.remember();
            }
            _ => self.processes = Some(Watched::of(self.model.now(), found)),
        }
    }
}
