//! Opens and reads the kernel's files, and nothing that only has their names.
//!
//! A copied tree may hold anything in place of a file: a FIFO that never answers, a device without an end, a
//! terabyte of holes. Opening must not wait nor touch a device, and reading must end. Must not know what a file says.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, statat};
use rustix::io::{Errno, pread};
use rustix::path::Arg;

/// The kernel prints no file that is larger: about 200,000 mounts, or eight million processes.
pub const LARGEST: u64 = 64 << 20;

/// So much is read at a time.
const PIECE: usize = 16 << 10;

/// How a cgroup's directory is opened: no link in its place.
pub const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

/// How a file is opened.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Stands for what is no regular file; opening a socket gives the same.
pub const NOT_REGULAR: Errno = Errno::NXIO;
/// Stands for what is larger than [`LARGEST`].
pub const TOO_LARGE: Errno = Errno::FBIG;
/// Stands for what the kernel does not print.
pub const NOT_THE_KERNELS: Errno = Errno::BADMSG;

/// Opens a file below `directory`; its last name must not be a link.
///
/// # Errors
/// As the system says, or [`NOT_REGULAR`], or [`TOO_LARGE`].
pub fn open_below(directory: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    open_regular(directory, name, AtFlags::SYMLINK_NOFOLLOW, OFlags::NOFOLLOW)
}

/// The same in a file system of the kernel's own, which has nothing but directories and such files: it is opened
/// without a look at it.
///
/// # Errors
/// As the system says.
pub fn open_kernels(directory: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    openat(directory, name, FILE | OFlags::NOFOLLOW, Mode::empty())
}

/// Opens a file by its path; links are followed.
///
/// # Errors
/// As for [`open_below`].
pub fn open(path: &Path) -> io::Result<File> {
    open_regular(CWD, path, AtFlags::empty(), OFlags::empty()).map(File::from).map_err(explained)
}

/// All of a file.
///
/// # Errors
/// As for [`open_below`], and where it cannot be read.
pub fn whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    whole_into(path, &mut bytes)?;
    Ok(bytes)
}

/// The same in place of what `bytes` held.
///
/// # Errors
/// As for [`whole`].
pub fn whole_into(path: &Path, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.clear();
    // The kernel's files do not tell their size, and a copy may grow meanwhile.
    open(path)?.take(LARGEST + 1).read_to_end(bytes)?;
    if bytes.len() as u64 > LARGEST { Err(explained(TOO_LARGE)) } else { Ok(()) }
}

/// A file that is read again and again.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    file: Option<File>,
    stays_open: bool,
    bytes: Vec<u8>,
}

impl Kept {
    /// One of the kernel's, which is kept open.
    pub fn new(path: PathBuf) -> Self {
        Self { path, file: None, stays_open: true, bytes: Vec::new() }
    }

    /// One that another may take the place of.
    pub fn opened_anew(path: PathBuf) -> Self {
        Self { stays_open: false, ..Self::new(path) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All of it, as it is now.
    ///
    /// # Errors
    /// As for [`whole`]. It is opened again the next time.
    pub fn read(&mut self) -> io::Result<&[u8]> {
        let file = match self.file.take() {
            Some(file) => file,
            None => open(&self.path)?,
        };
        self.bytes.clear();
        // The kernel hands out a page at a time, whole lines each.
        loop {
            let length = self.bytes.len();
            self.bytes.reserve(PIECE);
            if pread(&file, spare_capacity(&mut self.bytes), length as u64)? == 0 {
                break;
            }
            if self.bytes.len() as u64 > LARGEST {
                return Err(explained(TOO_LARGE));
            }
        }
        self.file = Some(file).filter(|_| self.stays_open);
        Ok(&self.bytes)
    }
}

/// It is looked at before it is opened: opening alone makes some devices act.
fn open_regular(directory: impl AsFd, name: impl Arg + Copy, look: AtFlags, links: OFlags) -> Result<OwnedFd, Errno> {
    let stat = statat(&directory, name, look)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(NOT_REGULAR);
    }
    if u64::try_from(stat.st_size).is_ok_and(|size| size > LARGEST) {
        return Err(TOO_LARGE);
    }
    // Another file may have taken its place: then too nothing waits.
    openat(directory, name, FILE | links, Mode::empty())
}

/// An error in words, those included that only stand for something here.
pub fn explained(errno: Errno) -> io::Error {
    match errno {
        NOT_REGULAR => io::Error::other("not a regular file"),
        TOO_LARGE => io::Error::other("larger than any kernel prints"),
        NOT_THE_KERNELS => io::Error::other("not what the kernel prints"),
        errno => errno.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_regular_files_of_a_sane_size_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let error = |name: &str| whole(&path(name)).unwrap_err().to_string();
        rustix::fs::mknodat(CWD, path("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let _listener = UnixListener::bind(path("socket")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("device")).unwrap();
        for name in ["fifo", "socket", "device", "."] {
            assert_eq!(error(name), "not a regular file", "{name}");
        }
        fs::File::create(path("huge")).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(error("huge"), "larger than any kernel prints");
        fs::write(path("file"), "1\n").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        assert_eq!(whole(&path("link")).unwrap(), b"1\n");
        let below = fs::File::open(directory.path()).unwrap();
        assert!(open_below(below.as_fd(), b"file").is_ok());
        assert_eq!(open_below(below.as_fd(), b"link").unwrap_err(), NOT_REGULAR);
        assert_eq!(open_below(below.as_fd(), b"none").unwrap_err(), Errno::NOENT);
    }

    #[test]
    fn what_is_read_again_is_as_it_is_now() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let long = "a line\n".repeat(10_000);
        fs::write(&path, &long).unwrap();
        let (mut kept, mut anew) = (Kept::new(path.clone()), Kept::opened_anew(path.clone()));
        assert!(kept.read().unwrap() == long.as_bytes() && anew.read().unwrap() == long.as_bytes());
        fs::write(&path, "shorter\n").unwrap();
        assert!(kept.read().unwrap() == b"shorter\n" && anew.read().unwrap() == b"shorter\n");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another\n").unwrap();
        assert!(kept.read().unwrap() == b"shorter\n" && anew.read().unwrap() == b"another\n");
        fs::remove_file(&path).unwrap();
        assert_eq!(anew.read().unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
