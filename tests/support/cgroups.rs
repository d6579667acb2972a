//! Cgroups of our own, and what the kernel says about them.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::fs::{Access, XattrFlags, access, setxattr};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::wait::comes_true;

/// What the kernel prints for "no limit" on v1 is near 2^63; nothing real comes close.
const UNLIMITED_V1: u64 = 1 << 62;

/// Which memory controller the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

/// The memory controller's hierarchy.
#[derive(Clone, Debug)]
pub(crate) struct Hierarchy {
    pub(crate) version: Version,
    pub(crate) mount: PathBuf,
    /// A cgroup2 mount is there too, although the memory controller is on v1.
    pub(crate) hybrid: bool,
}

impl Hierarchy {
    /// Looks for the memory controller in the mount table.
    pub(crate) fn find() -> Option<Self> {
        let mountinfo = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let mounts: Vec<Mount> = mountinfo.lines().filter_map(Mount::parse).collect();
        let v2 = mounts.iter().find(|m| m.kind == "cgroup2");
        if let Some(v1) = mounts.iter().find(|m| m.kind == "cgroup" && m.options.split(',').any(|o| o == "memory")) {
            return Some(Self { version: Version::V1, mount: v1.point.into(), hybrid: v2.is_some() });
        }
        let mount = PathBuf::from(v2?.point);
        let controllers = fs::read_to_string(mount.join("cgroup.controllers")).ok()?;
        let memory = controllers.split_whitespace().any(|c| c == "memory");
        memory.then_some(Self { version: Version::V2, mount, hybrid: false })
    }

    /// Whether we may, and on v2 whether what we make will have memory files.
    pub(crate) fn lets_us_make_cgroups(&self) -> bool {
        let writable = access(&self.mount, Access::WRITE_OK).is_ok();
        writable && (self.version == Version::V1 || pass_memory_down(&self.mount).is_ok())
    }

    /// The name that memcgtop gives it.
    pub(crate) fn name(&self) -> &'static str {
        match (self.version, self.hybrid) {
            (Version::V1, true) => "hybrid",
            (Version::V1, false) => "v1",
            (Version::V2, _) => "v2",
        }
    }
}

/// A line of `/proc/self/mountinfo`.
struct Mount<'a> {
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut words = file_system.split(' ');
        Some(Self { point: mount.split(' ').nth(4)?, kind: words.next()?, options: words.nth(1)? })
    }
}

/// How many sandboxes of this process there are; the last one removes the directory that they share.
static SANDBOXES: Mutex<usize> = Mutex::new(0);

/// Makes the directory that holds all sandboxes of this process, if there is none yet.
fn shared_directory(hierarchy: &Hierarchy) -> PathBuf {
    let mut sandboxes = SANDBOXES.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = hierarchy.mount.join(format!("memcgtop-test-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    *sandboxes += 1;
    directory
}

/// A directory for one test's cgroups, removed with all that is in it, processes included, also after a panic.
pub(crate) struct Sandbox {
    top: PathBuf,
    cgroup: Cgroup,
}

impl Sandbox {
    pub(crate) fn new(hierarchy: &Hierarchy, name: &str) -> Self {
        let top = shared_directory(hierarchy);
        let cgroup = Cgroup { hierarchy: hierarchy.clone(), directory: top.join(name) };
        let sandbox = Self { top, cgroup };
        if hierarchy.version == Version::V2 {
            pass_memory_down(&sandbox.top).unwrap();
        }
        fs::create_dir(&sandbox.cgroup.directory).unwrap();
        sandbox
    }

    /// Makes a cgroup in it.
    pub(crate) fn cgroup(&self, name: &str) -> Cgroup {
        self.cgroup.child(name)
    }

    /// Makes one in which so many bytes may be used, and no swap.
    pub(crate) fn limited(&self, name: &str, bytes: u64) -> Cgroup {
        let cgroup = self.cgroup(name);
        cgroup.deny_swap();
        cgroup.limit_to(bytes);
        cgroup
    }

    /// The test's own directory: it has no limit and holds no process.
    pub(crate) fn root(&self) -> &Cgroup {
        &self.cgroup
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        remove_tree(&self.cgroup.directory);
        let mut sandboxes = SANDBOXES.lock().unwrap_or_else(PoisonError::into_inner);
        *sandboxes -= 1;
        if *sandboxes == 0 {
            remove(&self.top);
        }
    }
}

/// On v2 a cgroup has memory files only if its parent passes the controller down.
fn pass_memory_down(directory: &Path) -> io::Result<()> {
    let file = directory.join("cgroup.subtree_control");
    if fs::read_to_string(&file)?.split_whitespace().any(|c| c == "memory") {
        return Ok(());
    }
    fs::write(file, "+memory")
}

fn remove_tree(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    remove(directory);
}

/// A killed process holds its cgroup until it is quite gone.
fn remove(directory: &Path) {
    let removed = comes_true(|| {
        kill_processes(directory);
        match fs::remove_dir(directory) {
            Err(error) => error.kind() == ErrorKind::NotFound,
            Ok(()) => true,
        }
    });
    assert!(removed || thread::panicking(), "{} cannot be removed", directory.display());
}

fn kill_processes(directory: &Path) {
    let pids = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    for pid in pids.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// One cgroup.
#[derive(Clone, Debug)]
pub(crate) struct Cgroup {
    pub(crate) hierarchy: Hierarchy,
    pub(crate) directory: PathBuf,
}

impl Cgroup {
    /// Makes a cgroup in this one.
    pub(crate) fn child(&self, name: &str) -> Self {
        if self.is_v2() {
            pass_memory_down(&self.directory).unwrap();
        }
        let directory = self.directory.join(name);
        fs::create_dir(&directory).unwrap();
        Self { hierarchy: self.hierarchy.clone(), directory }
    }

    /// Removes it; a sandbox does so by itself at its end.
    pub(crate) fn remove(&self) {
        remove(&self.directory);
    }

    /// Makes it again after it was removed.
    pub(crate) fn create_again(&self) {
        fs::create_dir(&self.directory).unwrap();
    }

    /// The cgroup and all above it, up to the hierarchy's root.
    pub(crate) fn with_ancestors(&self) -> Vec<Self> {
        let inside = |directory: &&Path| directory.starts_with(&self.hierarchy.mount);
        let directories = self.directory.ancestors().take_while(inside);
        directories.map(|d| Self { hierarchy: self.hierarchy.clone(), directory: d.into() }).collect()
    }

    pub(crate) fn is_v2(&self) -> bool {
        self.hierarchy.version == Version::V2
    }

    /// Its path in the hierarchy, as memcgtop names it.
    pub(crate) fn path(&self) -> String {
        format!("/{}", self.directory.strip_prefix(&self.hierarchy.mount).unwrap().display())
    }

    /// Sets one of its files.
    pub(crate) fn set(&self, file: &str, value: &str) {
        let path = self.directory.join(file);
        fs::write(&path, value).unwrap_or_else(|error| panic!("{value} into {}: {error}", path.display()));
    }

    /// Says what a killer in user space says after it killed: so many processes of this cgroup.
    pub(crate) fn mark_as_killed_by_oomd(&self, processes: u64) {
        let count = processes.to_string();
        setxattr(&self.directory, "user.oomd_kill", count.as_bytes(), XattrFlags::empty()).unwrap();
    }

    pub(crate) fn limit_to(&self, bytes: u64) {
        self.set(if self.is_v2() { "memory.max" } else { "memory.limit_in_bytes" }, &bytes.to_string());
    }

    /// Keeps the kernel from swapping before it kills. Children made later inherit it.
    pub(crate) fn deny_swap(&self) {
        match self.hierarchy.version {
            Version::V1 => self.set("memory.swappiness", "0"),
            Version::V2 if self.has("memory.swap.max") => self.set("memory.swap.max", "0"),
            Version::V2 => {}
        }
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.directory.join(file).exists()
    }

    pub(crate) fn file(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.directory.join(file)).ok()
    }

    /// A file of one number; `None` if there is no such file.
    pub(crate) fn number(&self, file: &str) -> Option<u64> {
        self.file(file)?.trim().parse().ok()
    }

    /// A limit; `None` if it is unlimited.
    pub(crate) fn limit(&self, file: &str) -> Option<u64> {
        self.number(file).filter(|bytes| *bytes < UNLIMITED_V1)
    }

    /// A value of a file of `key value` lines; `None` if there is no such key.
    pub(crate) fn keyed(&self, file: &str, key: &str) -> Option<u64> {
        let text = self.file(file)?;
        text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
    }

    pub(crate) fn usage(&self) -> u64 {
        self.number(if self.is_v2() { "memory.current" } else { "memory.usage_in_bytes" }).unwrap()
    }

    /// How often its own limit was hit.
    pub(crate) fn hits(&self) -> u64 {
        match self.hierarchy.version {
            Version::V1 => self.number("memory.failcnt").unwrap(),
            Version::V2 => self.keyed("memory.events.local", "max").unwrap(),
        }
    }

    /// How many of its own processes the kernel has killed.
    pub(crate) fn oom_kills(&self) -> u64 {
        match self.hierarchy.version {
            Version::V1 => self.keyed("memory.oom_control", "oom_kill").unwrap(),
            Version::V2 => self.keyed("memory.events.local", "oom_kill").unwrap(),
        }
    }
}
