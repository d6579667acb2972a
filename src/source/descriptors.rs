//! How many files may be kept open.
//!
//! A kept descriptor saves opening and closing, which costs more than reading, but each one that was
//! read holds about 4 KiB of kernel memory, on a host that may have none to spare: so there is a cap.

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::kernel::file::Pace;

/// Never more than this, whatever the process may have: about 40 MiB of kernel memory.
const CAP: usize = 10_000;
/// Left for the terminal, the log and the files that are opened in passing.
const RESERVE: usize = 64;

/// The descriptors that may be kept, and those that are.
#[derive(Debug)]
pub(super) struct Descriptors {
    kept: usize,
    /// How many of them are files.
    files: usize,
    most: usize,
    /// Those of them that the kernel tells through.
    told: usize,
    /// How many files there are that the kernel would tell through.
    telling: usize,
}

/// Raises the process's own limit on open files as far as it may; how many there may be then.
pub(crate) fn raise() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let allowed = if raised { maximum } else { current };
    allowed.map_or(usize::MAX, |allowed| usize::try_from(allowed).unwrap_or(usize::MAX))
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
        let most = raise().saturating_sub(RESERVE).min(CAP);
        make_room(most);
        Self { kept: 0, files: 0, most, told: 0, telling: 0 }
    }

    /// None: for a single reading, where keeping saves nothing.
    pub(super) fn none() -> Self {
        Self { kept: 0, files: 0, most: 0, told: 0, telling: 0 }
    }

    /// Takes a place for a directory, if there is one. Most places are left for files: opening those by a path costs
    /// little more than by their directory, and much more than not at all.
    pub(super) fn keep_directory(&mut self) -> bool {
        let directories = self.kept.saturating_sub(self.files);
        directories < self.most / 8 * 3 && self.take(self.most)
    }

    /// There are so many files that the kernel would tell through: places are left for them before others are kept.
    pub(super) fn expect(&mut self, telling: usize) {
        self.telling = telling;
    }

    /// How many directories and files are kept.
    pub(super) fn kept(&self) -> (u64, u64) {
        (self.kept.saturating_sub(self.files) as u64, self.files as u64)
    }

    /// Takes a place for a file, if there is one. An eighth of all is left for what is still to come.
    pub(super) fn keep_file(&mut self, pace: Pace) -> bool {
        let taken = self.take_for_file(pace);
        self.files += usize::from(taken);
        taken
    }

    fn take_for_file(&mut self, pace: Pace) -> bool {
        if pace == Pace::Told {
            let taken = self.take(self.most / 16 * 15);
            self.told += usize::from(taken);
            return taken;
        }
        let to_come = self.telling.saturating_sub(self.told);
        self.take((self.most / 8 * 7).saturating_sub(to_come))
    }

    /// Gives back the place of a directory.
    pub(super) fn release_directory(&mut self) {
        self.kept = self.kept.saturating_sub(1);
    }

    /// Gives back the place of a file.
    pub(super) fn release_file(&mut self, pace: Pace) {
        self.kept = self.kept.saturating_sub(1);
        self.files = self.files.saturating_sub(1);
        self.told = self.told.saturating_sub(usize::from(pace == Pace::Told));
    }

    fn take(&mut self, most: usize) -> bool {
        let free = self.kept < most;
        self.kept += usize::from(free);
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_the_kernel_tells_through_are_kept_first() {
        let mut descriptors = Descriptors { most: 160, ..Descriptors::none() };
        let cgroups = 40;
        assert!(cgroups <= 160 / 8 * 3, "there is a place for each directory");
        descriptors.expect(cgroups);
        let (mut told, mut every) = (0, 0);
        for _ in 0..cgroups {
            assert!(descriptors.keep_directory());
        }
        for _ in 0..cgroups {
            every += (0..8).filter(|_| descriptors.keep_file(Pace::Every)).count();
            told += usize::from(descriptors.keep_file(Pace::Told));
        }
        assert_eq!((told, every), (cgroups, 140 - 2 * cgroups));
        assert_eq!(descriptors.kept(), (cgroups as u64, 140 - cgroups as u64));
        descriptors.release_file(Pace::Told);
        assert!(!descriptors.keep_file(Pace::Every), "it is left for the next one");
        assert!(descriptors.keep_file(Pace::Told));
    }

    #[test]
    fn where_there_are_too_few_the_files_that_are_read_each_time_come_before_directories() {
        let mut descriptors = Descriptors { most: 160, ..Descriptors::none() };
        let (mut directories, mut files) = (0, 0);
        for _ in 0..100 {
            directories += u64::from(descriptors.keep_directory());
            files += u64::from(descriptors.keep_file(Pace::Every));
        }
        assert_eq!((directories, files), (60, 80));
        assert_eq!(descriptors.kept(), (directories, files));
    }
}
