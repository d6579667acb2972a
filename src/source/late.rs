//! The processes of cgroups that went a moment ago: the kernel log may still name one of them.

use std::sync::Arc;

/// Processes by the path of their cgroup.
#[derive(Debug, Default)]
pub(super) struct Late {
    gone: Vec<(Arc<str>, Vec<u32>)>,
    /// How many of these had been there at the last look.
    old: usize,
}

impl Late {
    /// Takes in what was in a cgroup that went.
    pub(super) fn bury(&mut self, path: &Arc<str>, processes: Vec<u32>) {
        if !processes.is_empty() {
            self.gone.push((Arc::clone(path), processes));
        }
    }

    /// The newest of these that a process was in.
    pub(super) fn cgroup_of(&self, process: u32) -> Option<Arc<str>> {
        let found = self.gone.iter().rev().find(|(_, processes)| processes.contains(&process));
        found.map(|(path, _)| Arc::clone(path))
    }

    /// Forgets those that had been there the last time.
    pub(super) fn forget(&mut self) {
        self.gone.drain(..self.old);
        self.old = self.gone.len();
    }
}
