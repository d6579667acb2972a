//! The directory in which a runtime keeps all that it has, and the end of everything that came of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::command::succeeds;
use crate::leftovers::Leftovers;
use crate::support::disk;
use crate::support::wait::comes_true;

/// A runtime's home. When it is dropped, nothing is left of the runtime: no process, mount, cgroup or file.
///
/// What is in it must be dropped first, or it is killed.
pub(crate) struct Home {
    directory: Option<TempDir>,
    /// Declared last: cgroups can be removed when the processes are gone.
    _leftovers: Leftovers,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { _leftovers: Leftovers::watch(), directory: Some(disk::directory()) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.as_ref().unwrap().path()
    }

    /// The path of a file in it, as programs take it.
    pub(crate) fn file(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let Some(directory) = self.directory.take() else { return };
        let clean = comes_true(|| kill_all(directory.path())) && comes_true(|| unmount_all(directory.path()));
        if !clean {
            // Whatever is still mounted there must not be emptied.
            let kept = directory.keep();
            assert!(thread::panicking(), "{} is still in use", kept.display());
        }
    }
}

/// Kills all processes that live off the directory; `true` if there was none.
fn kill_all(directory: &Path) -> bool {
    let pids: Vec<Pid> = processes().filter(|pid| names(*pid, directory) || is_rooted(*pid, directory)).collect();
    for pid in &pids {
        let _ = kill_process(*pid, Signal::CONT);
        let _ = kill_process(*pid, Signal::KILL);
    }
    pids.is_empty()
}

fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

/// Daemons, shims, conmons and LXC's monitors have the directory on their command line.
fn names(pid: Pid, directory: &Path) -> bool {
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    arguments.contains(directory.to_str().unwrap())
}

/// A container has its root there.
fn is_rooted(pid: Pid, directory: &Path) -> bool {
    let mounts = fs::read_to_string(format!("/proc/{}/mountinfo", pid.as_raw_nonzero())).unwrap_or_default();
    let mut root = mounts.lines().filter(|line| line.split(' ').nth(4) == Some("/"));
    root.any(|line| line.contains(directory.to_str().unwrap()))
}

/// Unmounts all that is mounted below the directory, the newest first; `true` if there was nothing.
fn unmount_all(directory: &Path) -> bool {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4).map(PathBuf::from));
    let mut below: Vec<PathBuf> = points.filter(|point| point.starts_with(directory)).collect();
    below.reverse();
    for point in &below {
        succeeds(Command::new("umount").arg(point));
    }
    below.is_empty()
}
