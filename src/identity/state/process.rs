//! The first process of a cgroup, and the one that it hangs on.
//!
//! Reads `/proc` (or a copy of it) and `cgroup.procs`. A read here can hang, when the process is stuck in the kernel:
//! whoever calls has to have a thread to lose.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use procfs::process::Process;

use crate::kernel::read;

/// The command line of no supervisor is longer.
const LONGEST: u64 = 64 * 1024;
/// Processes of one cgroup that are looked at: the first is among the first.
const MOST_PROCESSES: usize = 64;
/// Cgroups below one that are searched for a process.
const MOST_CGROUPS: usize = 64;

/// A process and its parent, as numbers of the `/proc` that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct First {
    /// The process.
    pub(super) pid: i32,
    /// What it runs, as the kernel calls it.
    pub(super) comm: String,
    /// Its parent; 0 where that is out of sight.
    pub(super) parent: i32,
}

/// Where the first process may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// In the cgroup itself.
    Own,
    /// Or else in the nearest one below it.
    Below,
    /// In any one below it.
    EachBelow,
}

/// The processes that started first: of `cgroup`, or else of those below it.
///
/// # Errors
/// Where `cgroup` or every process in it may not be looked at.
pub(super) fn first(proc_root: &Path, cgroup: &Path, depth: Depth) -> io::Result<Vec<First>> {
    let mut pending = VecDeque::from([cgroup.to_owned()]);
    let mut found = Vec::new();
    for _ in 0..MOST_CGROUPS {
        let Some(directory) = pending.pop_front() else { break };
        found.extend(first_in(proc_root, &pids(&directory)?)?);
        match depth {
            Depth::Own => break,
            Depth::Below if !found.is_empty() => break,
            Depth::Below | Depth::EachBelow => pending.extend(below(&directory)),
        }
    }
    Ok(found)
}

fn first_in(proc_root: &Path, pids: &[i32]) -> io::Result<Option<First>> {
    let mut first: Option<(u64, First)> = None;
    let mut refused = None;
    for &pid in pids {
        let stat = match stat(proc_root, pid) {
            Ok(stat) => stat,
            Err(procfs::ProcError::PermissionDenied(_)) => {
                refused = Some(io::ErrorKind::PermissionDenied.into());
                continue;
            }
            // It ended meanwhile.
            Err(_) => continue,
        };
        if first.as_ref().is_none_or(|(start, _)| stat.starttime < *start) {
            first = Some((stat.starttime, First { pid, comm: stat.comm, parent: stat.ppid }));
        }
    }
    match (first, refused) {
        (Some((_, first)), _) => Ok(Some(first)),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(None),
    }
}

fn stat(proc_root: &Path, pid: i32) -> procfs::ProcResult<procfs::process::Stat> {
    Process::new_with_root(proc_root.join(pid.to_string()))?.stat()
}

fn pids(cgroup: &Path) -> io::Result<Vec<i32>> {
    let file = match read::open(&cgroup.join("cgroup.procs")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    // Threaded cgroups refuse to be read; those above list their processes. A number that was cut off is not one.
    _ = file.take(LONGEST).read_to_string(&mut text);
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    // 0 stands for a process that this PID namespace does not show.
    Ok(whole.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid > 0).take(MOST_PROCESSES).collect())
}

fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

/// The command line of a process; arguments end with NUL.
///
/// # Errors
/// Where it cannot be read.
pub(super) fn cmdline(proc_root: &Path, pid: i32) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read::open(&proc_root.join(pid.to_string()).join("cmdline"))?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `/proc` and a cgroup tree; a process is its number, its parent and its start.
    fn host(processes: &[(i32, i32, u64)], cgroups: &[(&str, &str)]) -> tempfile::TempDir {
        let host = tempfile::tempdir().unwrap();
        for (pid, parent, start) in processes {
            let directory = host.path().join("proc").join(pid.to_string());
            fs::create_dir_all(&directory).unwrap();
            let zeros = "0 ".repeat(17);
            let stat = format!("{pid} (a) b) S {parent} {zeros}{start} {}\n", "0 ".repeat(30));
            fs::write(directory.join("stat"), stat).unwrap();
        }
        for (cgroup, pids) in cgroups {
            let directory = host.path().join("cgroup").join(cgroup);
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("cgroup.procs"), pids).unwrap();
        }
        host
    }

    fn first_of(host: &tempfile::TempDir, cgroup: &str) -> Option<(i32, i32)> {
        let found = first(&host.path().join("proc"), &host.path().join("cgroup").join(cgroup), Depth::Below).unwrap();
        found.first().map(|first| (first.pid, first.parent))
    }

    #[test]
    fn the_process_that_started_first_counts_not_the_lowest_number() {
        let host = host(&[(100, 7, 900), (4_000, 8, 500)], &[("a", "100\n4000\n0\n99\n")]);
        assert_eq!(first_of(&host, "a"), Some((4_000, 8)));
    }

    #[test]
    fn an_empty_cgroup_is_known_by_those_below_it() {
        let host = host(&[(5, 3, 1)], &[("a", ""), ("a/b", ""), ("a/b/c", "5\n"), ("empty", "")]);
        assert_eq!(first_of(&host, "a"), Some((5, 3)));
        assert_eq!(first_of(&host, "empty"), None);
        assert_eq!(first_of(&host, "nowhere"), None);
    }

    #[test]
    fn a_pod_is_known_by_any_of_its_cgroups() {
        let host = host(&[(5, 1, 1), (6, 3, 2)], &[("pod", ""), ("pod/conmon", "5\n"), ("pod/web", "6\n")]);
        let found = first(&host.path().join("proc"), &host.path().join("cgroup/pod"), Depth::EachBelow).unwrap();
        let mut parents: Vec<_> = found.iter().map(|first| first.parent).collect();
        parents.sort_unstable();
        assert_eq!(parents, [1, 3]);
    }

    #[test]
    fn a_number_that_was_cut_off_is_no_process() {
        let host = host(&[(12, 3, 1)], &[("a", "12")]);
        assert_eq!(first_of(&host, "a"), None);
    }
}
