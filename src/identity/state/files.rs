//! Reads files below a root directory, and never outside of it.
//!
//! The root may be a container's own, so every name below it is hostile: a link leads to where it would lead in
//! there, and what is no regular file is not opened.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, fstat, openat, openat2, statfs};
use rustix::io::Errno;

/// The largest state file that is read: lists of thousands of containers are smaller.
const LARGEST: u64 = 4 << 20;
/// More entries than this are not looked through.
const MOST_ENTRIES: usize = 10_000;

/// Something that changes when a file is written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    inode: u64,
    size: i64,
    modified: (i64, u64),
}

/// A directory that stands for `/`.
#[derive(Debug)]
pub(super) struct Root(OwnedFd);

impl Root {
    /// The root at `directory`, which may itself be a link of the kernel's, such as `/proc/PID/root`.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(CWD, directory, flags, Mode::empty())?))
    }

    /// The content of the file at `path`, and its stamp.
    ///
    /// # Errors
    /// Where it cannot be read, is no regular file (`EINVAL`) or is too large (`EFBIG`).
    pub(super) fn read(&self, path: &Path) -> io::Result<(Vec<u8>, Stamp)> {
        let stamp = self.stamp(path)?;
        let file = std::fs::File::from(self.get(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?);
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST { Err(Errno::FBIG.into()) } else { Ok((bytes, stamp)) }
    }

    /// The stamp of the regular file at `path`, without reading it.
    ///
    /// # Errors
    /// As for [`Root::read`].
    pub(super) fn stamp(&self, path: &Path) -> io::Result<Stamp> {
        let stat = fstat(self.get(path, OFlags::PATH)?)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Errno::INVAL.into());
        }
        Ok(Stamp { inode: stat.st_ino, size: stat.st_size, modified: (stat.st_mtime, stat.st_mtime_nsec) })
    }

    /// The names in the directory at `path`.
    ///
    /// # Errors
    /// Where it cannot be listed.
    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let directory = self.get(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut names = Vec::new();
        for entry in Dir::new(directory)?.take(MOST_ENTRIES) {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    fn get(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let below: PathBuf = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(Errno::INVAL);
        }
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        match openat2(&self.0, &below, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // Kernels before 5.6, and sandboxes that know no newer call.
            Err(Errno::NOSYS | Errno::PERM) => self.walk(&below, flags),
            opened => opened,
        }
    }

    /// The same, step by step, where no link is followed at all.
    fn walk(&self, below: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let mut at = rustix::io::dup(&self.0)?;
        let mut parts = below.components().peekable();
        while let Some(part) = parts.next() {
            let step = if parts.peek().is_some() { OFlags::PATH | OFlags::DIRECTORY } else { flags };
            at = openat(at.as_fd(), part.as_os_str(), step | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        }
        Ok(at)
    }
}

/// Whether a directory is the kernel's own `/proc`, whose links lead where no name could.
pub(super) fn is_procfs(directory: &Path) -> bool {
    statfs(directory).is_ok_and(|stat| stat.f_type == PROC_SUPER_MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_name_leads_out_of_the_root() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "outside").unwrap();
        let root = outside.path().join("root");
        fs::create_dir_all(root.join("a")).unwrap();
        fs::write(root.join("secret"), "inside").unwrap();
        symlink("../../secret", root.join("a/up")).unwrap();
        symlink("/secret", root.join("a/top")).unwrap();
        symlink(outside.path().join("secret"), root.join("a/far")).unwrap();
        symlink("loop", root.join("a/loop")).unwrap();
        let root = Root::open(&root).unwrap();
        let read = |path: &str| root.read(Path::new(path)).map(|(bytes, _)| bytes);
        assert_eq!(read("/a/up").unwrap(), b"inside");
        assert_eq!(read("/a/top").unwrap(), b"inside");
        assert!(read("/a/far").is_err() && read("/a/loop").is_err() && read("/a/../../secret").is_err());
        // Where links cannot be kept inside, none is followed.
        assert!(root.walk(Path::new("a/top"), OFlags::RDONLY).is_err());
        assert!(root.walk(Path::new("secret"), OFlags::RDONLY).is_ok());
    }

    #[test]
    fn only_regular_files_of_a_sane_size_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        fs::File::create(directory.path().join("huge")).unwrap().set_len(LARGEST + 1).unwrap();
        let root = Root::open(directory.path()).unwrap();
        assert!(root.read(Path::new("fifo")).is_err() && root.read(Path::new("/")).is_err());
        assert_eq!(root.read(Path::new("huge")).unwrap_err().raw_os_error(), Some(Errno::FBIG.raw_os_error()));
    }
}
