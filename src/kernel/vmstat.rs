//! The host's count of OOM kills, cheap enough to be read many times a second.
//!
//! Must not read anything else of `/proc/vmstat`: the other figures are [`crate::kernel::host`]'s.

use std::path::Path;

use crate::kernel::parse;
use crate::kernel::read::Kept;

/// `oom_kill` of `/proc/vmstat`, which counts since boot.
#[derive(Debug)]
pub struct OomKills {
    file: Kept,
    before: Option<u64>,
}

impl OomKills {
    /// Opens the file below `proc_root` and takes its count; `None` where it cannot be read or does not tell (before
    /// 4.13).
    pub fn open(proc_root: &Path) -> Option<Self> {
        let mut kills = Self { file: Kept::new(proc_root.join("vmstat")), before: None };
        kills.before = kills.read();
        kills.before.is_some().then_some(kills)
    }

    /// Whether there were kills since the last time.
    pub fn rose(&mut self) -> bool {
        let Some(now) = self.read() else { return false };
        self.before.replace(now).is_some_and(|before| now > before)
    }

    fn read(&mut self) -> Option<u64> {
        parse::value_of(self.file.read().ok()?, b"oom_kill").ok()?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn kills_are_told_once() {
        let proc = tempfile::tempdir().unwrap();
        let vmstat = proc.path().join("vmstat");
        let write = |kills: u64| {
            let filler = "pgsomething 12345\n".repeat(400);
            fs::write(&vmstat, format!("{filler}drop_slab 0\noom_kill {kills}\n{filler}")).unwrap();
        };
        write(3);
        let mut kills = OomKills::open(proc.path()).unwrap();
        assert!(!kills.rose(), "those were before");
        write(5);
        assert!(kills.rose());
        assert!(!kills.rose());
    }

    #[test]
    fn a_kernel_that_does_not_count_is_left_alone() {
        let proc = tempfile::tempdir().unwrap();
        assert!(OomKills::open(proc.path()).is_none());
        fs::write(proc.path().join("vmstat"), "nr_free_pages 1\n").unwrap();
        assert!(OomKills::open(proc.path()).is_none());
    }

    #[test]
    fn what_only_has_the_name_is_not_waited_for() {
        let proc = tempfile::tempdir().unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, proc.path().join("vmstat"), rustix::fs::Mode::RUSR).unwrap();
        assert!(OomKills::open(proc.path()).is_none());
    }
}
