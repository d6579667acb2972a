//! Where the memory controller is: from the mount table and `cgroup.controllers`, and from nothing else.
//!
//! `/proc/cgroups` is not asked: newer kernels leave the memory controller out of it, and log that it was read.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use procfs::process::MountInfo;
use rustix::fs::{FsWord, statfs};

use crate::kernel::error::Error;
use crate::kernel::file::File;
use crate::kernel::{read, v1, v2};
use crate::snapshot::{Hierarchy, Memory};

/// The inode of the initial cgroup namespace, the same on every kernel.
const INITIAL_NAMESPACE: &str = "cgroup:[4026531835]";

/// Where to look. The host's own places unless told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    /// A host's root directory, mounted elsewhere.
    pub root: Option<PathBuf>,
    /// The root of a memory hierarchy, real or a copy.
    pub cgroup: Option<PathBuf>,
    /// What stands for `/proc`.
    pub proc: Option<PathBuf>,
}

impl Roots {
    /// What stands for `/proc`.
    pub fn proc_root(&self) -> PathBuf {
        match (&self.proc, &self.root) {
            (Some(proc), _) => proc.clone(),
            (None, Some(root)) => root.join("proc"),
            (None, None) => PathBuf::from("/proc"),
        }
    }

    fn mountinfo(&self) -> PathBuf {
        // Process 1 of a host mounted elsewhere; ourselves on this one, whose mounts are those that we can open.
        let process = if self.root.is_some() { "1" } else { "self" };
        self.proc_root().join(process).join("mountinfo")
    }
}

/// The generation of a memory controller: which files its cgroups have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `memory.usage_in_bytes` and its like.
    V1,
    /// `memory.current` and its like.
    V2,
}

impl Version {
    /// The table of the files that are read.
    pub fn files(self) -> &'static [File] {
        match self {
            Self::V1 => v1::FILES,
            Self::V2 => v2::FILES,
        }
    }

    /// Where a file is in that table.
    pub fn place(self, name: &str) -> Option<usize> {
        self.files().iter().position(|file| file.name == name)
    }

    /// What a cgroup says before any file was read.
    pub fn blank(self) -> Memory {
        match self {
            Self::V1 => v1::BLANK,
            Self::V2 => v2::BLANK,
        }
    }
}

/// A memory hierarchy to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its root directory.
    pub root: PathBuf,
    /// Which files its cgroups have.
    pub version: Version,
    /// What it is called.
    pub hierarchy: Hierarchy,
    /// Whether its root is some container's own cgroup, with ancestors out of sight.
    pub namespaced: bool,
}

impl Mount {
    /// Whether it is the kernel's own file system; otherwise a copy of its files.
    pub fn is_kernels(&self) -> bool {
        const CGROUP: [FsWord; 2] = [0x0027_e0eb, 0x6367_7270];
        statfs(&self.root).is_ok_and(|stat| CGROUP.contains(&stat.f_type))
    }
}

/// Finds the memory hierarchy.
///
/// # Errors
/// Where there is none, or where it cannot be read.
pub fn detect(roots: &Roots) -> Result<Mount, Error> {
    match &roots.cgroup {
        Some(directory) => given(directory),
        None => mounted(roots),
    }
}

fn given(directory: &Path) -> Result<Mount, Error> {
    fs::read_dir(directory).map_err(unreadable("list", directory))?;
    let version = if directory.join("cgroup.controllers").exists() {
        require_controller(directory)?;
        Version::V2
    } else if directory.join(v1::USAGE).exists() {
        Version::V1
    } else {
        return Err(Error::NoController { root: directory.to_owned() });
    };
    let hierarchy = match version {
        Version::V1 => Hierarchy::V1,
        Version::V2 => Hierarchy::V2,
    };
    let namespaced = version == Version::V2 && directory.join(v2::USAGE).exists();
    Ok(Mount { root: directory.to_owned(), version, hierarchy, namespaced })
}

fn mounted(roots: &Roots) -> Result<Mount, Error> {
    let mountinfo = roots.mountinfo();
    let table = read::whole(&mountinfo).map_err(unreadable("read", &mountinfo))?;
    let mounts: Vec<MountInfo> = parse_mounts(&table);
    let unified = widest(mounts.iter().filter(|mount| mount.fs_type == "cgroup2"));
    let legacy = widest(mounts.iter().filter(|m| m.fs_type == "cgroup" && m.super_options.contains_key("memory")));
    let (mount, version, hierarchy) = match (legacy, unified) {
        (Some(legacy), None) => (legacy, Version::V1, Hierarchy::V1),
        (Some(legacy), Some(_)) => (legacy, Version::V1, Hierarchy::Hybrid),
        (None, Some(unified)) => (unified, Version::V2, Hierarchy::V2),
        (None, None) => return Err(Error::NoHierarchy { mountinfo }),
    };
    let root = below(roots.root.as_deref(), &unescape(&mount.mount_point));
    fs::read_dir(&root).map_err(unreadable("list", &root))?;
    if version == Version::V2 {
        require_controller(&root)?;
    }
    let namespaced = mount.root != "/"
        || (version == Version::V2 && root.join(v2::USAGE).exists())
        || (roots.root.is_none() && roots.proc.is_none() && in_namespace(&roots.proc_root()));
    Ok(Mount { root, version, hierarchy, namespaced })
}

/// Lines that are not UTF-8 or not a mount are left out: other mounts' oddities must not hide the hierarchy.
fn parse_mounts(table: &[u8]) -> Vec<MountInfo> {
    table
        .split(|&byte| byte == b'\n')
        .filter_map(|line| MountInfo::from_line(std::str::from_utf8(line).ok()?).ok())
        .collect()
}

/// The upper layer of the overlay that a process has as its root directory, from its mount table.
pub fn upper_layer_of_root(table: &[u8]) -> Option<PathBuf> {
    let mounts = parse_mounts(table);
    let root = mounts.iter().rfind(|mount| mount.mount_point == Path::new("/") && mount.fs_type == "overlay")?;
    let upper = root.super_options.get("upperdir")?.as_deref()?;
    Some(unescape(Path::new(upper)))
}

/// The path of a directory in its cgroup hierarchy, by a mount table.
pub fn path_of(table: &[u8], directory: &Path) -> Option<String> {
    let mounts = parse_mounts(table);
    let holds = |mount: &&MountInfo| mount.fs_type.starts_with("cgroup") && directory.starts_with(&mount.mount_point);
    let mount = mounts.iter().filter(holds).max_by_key(|mount| mount.mount_point.components().count())?;
    let below = directory.strip_prefix(&mount.mount_point).ok()?.to_str()?;
    Some(format!("{}/{below}", mount.root.trim_end_matches('/')))
}

/// The mount that shows most of its hierarchy: the one of its root, else the first.
fn widest<'a>(mounts: impl Iterator<Item = &'a MountInfo>) -> Option<&'a MountInfo> {
    mounts.min_by_key(|mount| if mount.root == "/" { 0 } else { mount.root.len() })
}

fn require_controller(root: &Path) -> Result<(), Error> {
    let path = root.join("cgroup.controllers");
    let controllers = read::whole(&path).map_err(unreadable("read", &path))?;
    let enabled = controllers.split(u8::is_ascii_whitespace).any(|controller| controller == b"memory");
    if enabled { Ok(()) } else { Err(Error::NoController { root: root.to_owned() }) }
}

/// Whether a directory is a `/proc` of the running kernel, not a copy of one.
pub fn is_procfs(directory: &Path) -> bool {
    const PROC: FsWord = 0x9fa0;
    statfs(directory).is_ok_and(|stat| stat.f_type == PROC)
}

/// Whether whoever reads this `/proc` is in a cgroup namespace of its own.
pub fn in_namespace(proc_root: &Path) -> bool {
    fs::read_link(proc_root.join("self/ns/cgroup")).is_ok_and(|link| link.as_os_str() != INITIAL_NAMESPACE)
}

/// The mount table writes blanks, tabs, line feeds and backslashes as `\NNN`, in octal.
fn unescape(path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.get(..3).filter(|_| first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            plain.push(byte);
            rest = &tail[3..];
        } else {
            plain.push(first);
            rest = tail;
        }
    }
    PathBuf::from(OsString::from_vec(plain))
}

/// `path` of a host whose root is mounted at `root`.
fn below(root: Option<&Path>, path: &Path) -> PathBuf {
    let Some(root) = root else { return path.to_owned() };
    let relative: PathBuf = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    root.join(relative)
}

fn unreadable(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Unreadable { doing, path, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host's root with the given mount table; `V2` and `V1` in it stand for directories with the controller.
    fn host(mountinfo: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let process = root.path().join("proc/1");
        fs::create_dir_all(&process).unwrap();
        fs::write(process.join("mountinfo"), mountinfo).unwrap();
        for (directory, controllers) in [("V2", "cpu memory pids\n"), ("V2 without", "hugetlb\n")] {
            fs::create_dir(root.path().join(directory)).unwrap();
            fs::write(root.path().join(directory).join("cgroup.controllers"), controllers).unwrap();
        }
        fs::create_dir(root.path().join("V1")).unwrap();
        root
    }

    fn detected(mountinfo: &str) -> Result<(String, Version, Hierarchy, bool), Error> {
        let host = host(mountinfo);
        let mount = detect(&Roots { root: Some(host.path().to_owned()), ..Roots::default() })?;
        let place = mount.root.strip_prefix(host.path()).unwrap().display().to_string();
        Ok((place, mount.version, mount.hierarchy, mount.namespaced))
    }

    const UNIFIED: &str = "30 23 0:26 / /V2 rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    const LEGACY: &str = "35 31 0:32 / /V1 rw,relatime - cgroup cgroup rw,cpu,memory\n";
    const WITHOUT: &str = "41 31 0:38 / /V2\\040without rw - cgroup2 cgroup2 rw\n";

    #[test]
    fn every_layout_is_recognised() {
        assert_eq!(detected(UNIFIED).unwrap(), ("V2".into(), Version::V2, Hierarchy::V2, false));
        assert_eq!(detected(LEGACY).unwrap(), ("V1".into(), Version::V1, Hierarchy::V1, false));
        let hybrid = format!("{WITHOUT}{LEGACY}");
        assert_eq!(detected(&hybrid).unwrap(), ("V1".into(), Version::V1, Hierarchy::Hybrid, false));
        let noise = format!("garbage\n\u{fffd} x\n{UNIFIED}");
        assert_eq!(detected(&noise).unwrap().1, Version::V2);
    }

    #[test]
    fn a_containers_root_gives_its_layer_away() {
        let root = "1 2 0:3 / / rw - overlay overlay rw,lowerdir=/d/overlay2/l/A,upperdir=/d\\040x/overlay2/H/diff,workdir=/w\n";
        assert_eq!(upper_layer_of_root(root.as_bytes()), Some("/d x/overlay2/H/diff".into()));
        assert_eq!(upper_layer_of_root(UNIFIED.as_bytes()), None);
    }

    #[test]
    fn a_mount_that_shows_only_a_part_is_said_to() {
        let inside = "35 31 0:32 /docker/4f /V1 rw - cgroup cgroup rw,memory\n";
        assert_eq!(detected(inside).unwrap(), ("V1".into(), Version::V1, Hierarchy::V1, true));
        let both = format!("{inside}36 31 0:32 / /V1 rw - cgroup cgroup rw,memory\n");
        assert!(!detected(&both).unwrap().3);
    }

    #[test]
    fn a_host_without_the_controller_is_told_so() {
        assert!(matches!(detected(WITHOUT), Err(Error::NoController { .. })));
        assert!(matches!(detected("1 1 0:1 / / rw - ext4 /dev/vda rw\n"), Err(Error::NoHierarchy { .. })));
        let nowhere = Roots { cgroup: Some("/nonexistent".into()), ..Roots::default() };
        assert!(matches!(detect(&nowhere), Err(Error::Unreadable { .. })));
    }
}
