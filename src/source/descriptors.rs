//! How many files may be kept open.
//!
//! A kept descriptor saves opening and closing, which costs more than reading, but each one that was
//! read holds about 4 KiB of kernel memory, on a host that may have none to spare: so there is a cap.

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Never more than this, whatever the process may have: about 40 MiB of kernel memory.
const CAP: usize = 10_000;
/// Left for the terminal, the log and the files that are opened in passing.
const RESERVE: usize = 64;

/// The descriptors that may be kept, and those that are.
#[derive(Debug)]
pub(super) struct Descriptors {
    kept: usize,
    most: usize,
}

/// Grows the kernel's table of descriptors at once. It grows by doubling otherwise, and with threads running
/// every doubling waits for all processors: together longer than the reading itself.
fn make_room(most: usize) {
    let highest = i32::try_from(most).unwrap_or(i32::MAX);
    // The table keeps its size when the copy is closed. Without it the first reading is only slower.
    _ = fcntl_dupfd_cloexec(std::io::stderr(), highest);
}

impl Descriptors {
    /// As many as the process may have after raising its own soft limit.
    pub(super) fn raised() -> Self {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
        let allowed = if raised { maximum } else { current };
        let allowed = allowed.map_or(usize::MAX, |allowed| usize::try_from(allowed).unwrap_or(usize::MAX));
        let most = allowed.saturating_sub(RESERVE).min(CAP);
        make_room(most);
        Self { kept: 0, most }
    }

    /// None: for a single reading, where keeping saves nothing.
    pub(super) fn none() -> Self {
        Self { kept: 0, most: 0 }
    }

    /// Takes a place for a directory, if there is one.
    pub(super) fn keep_directory(&mut self) -> bool {
        self.take(self.most)
    }

    /// Takes a place for a file, if there is one: a quarter of all is left for directories, which serve many files.
    pub(super) fn keep_file(&mut self) -> bool {
        self.take(self.most / 4 * 3)
    }

    /// Gives back the places of `closed` descriptors.
    pub(super) fn release(&mut self, closed: usize) {
        self.kept = self.kept.saturating_sub(closed);
    }

    fn take(&mut self, most: usize) -> bool {
        let free = self.kept < most;
        self.kept += usize::from(free);
        free
    }
}
