//! The cgroups that runtimes leave behind, removed when the last test is done.
//!
//! Touches only names that runtimes give, only what was not there before, and only what is empty: others may be
//! running containers on this machine at the same time.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::support::wait::comes_true;

/// How the directories at the top begin that the runtimes make.
const MADE_BY_RUNTIMES: [&str; 7] =
    ["docker", "libpod_parent", "default", "k8s.io", "kubepods", "lxc.", "memcgtop-runtimes-"];

struct Tests {
    running: usize,
    /// What there was when the first of them began.
    before: BTreeSet<PathBuf>,
}

static TESTS: Mutex<Tests> = Mutex::new(Tests { running: 0, before: BTreeSet::new() });

/// A test that makes cgroups.
pub(crate) struct Leftovers(());

impl Leftovers {
    /// To be called before the first cgroup is made.
    pub(crate) fn watch() -> Self {
        let mut tests = TESTS.lock().unwrap_or_else(PoisonError::into_inner);
        if tests.running == 0 {
            tests.before = cgroups();
        }
        tests.running += 1;
        Self(())
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        let mut tests = TESTS.lock().unwrap_or_else(PoisonError::into_inner);
        tests.running -= 1;
        if tests.running > 0 {
            return;
        }
        // Children sort behind their parents.
        for cgroup in cgroups().iter().rev().filter(|cgroup| !tests.before.contains(*cgroup)) {
            remove(cgroup);
        }
    }
}

/// A process that has just died may still hold its cgroup.
fn remove(cgroup: &Path) {
    comes_true(|| fs::remove_dir(cgroup).is_ok() || !cgroup.exists() || !is_empty(cgroup));
}

fn is_empty(cgroup: &Path) -> bool {
    let processes = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    processes.is_empty() && children(cgroup).is_empty()
}

/// The cgroups of the runtimes in every hierarchy.
fn cgroups() -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let named = |cgroup: &Path| {
        let name = cgroup.file_name().unwrap_or_default().to_string_lossy();
        MADE_BY_RUNTIMES.iter().any(|prefix| name.starts_with(prefix))
    };
    let mut open: Vec<PathBuf> = mounts().iter().flat_map(|mount| children(mount)).filter(|path| named(path)).collect();
    while let Some(cgroup) = open.pop() {
        open.extend(children(&cgroup));
        found.insert(cgroup);
    }
    found
}

fn mounts() -> Vec<PathBuf> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let of_cgroups = mountinfo.lines().filter(|line| line.contains(" - cgroup"));
    of_cgroups.filter_map(|line| line.split(' ').nth(4).map(PathBuf::from)).collect()
}

fn children(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}
