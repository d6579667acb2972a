//! Reads the memory files of one cgroup: kept descriptors, one buffer, bytes parsed in place.
//!
//! Must not know what a figure means, nor how cgroups are found.

use std::ffi::CString;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::{Errno, pread};

use crate::kernel::file::{Content, File};
use crate::kernel::parse::{self, Malformed};
use crate::kernel::read;
use crate::kernel::stat::StatLines;
use crate::snapshot::{Memory, Missing};

/// The largest file that is read in one piece. `memory.stat` takes about 1 KiB; the kernel makes a file anew
/// for every read, so none may be read in pieces.
const LARGEST: usize = 64 * 1024;

/// A kernel file of one cgroup.
#[derive(Debug)]
pub(super) enum Handle {
    /// To be opened when it is read.
    Closed,
    /// Was not there when it was last looked for.
    Absent,
    /// Kept open.
    Open(OwnedFd),
}

/// A file, or the directory, that could not be read or understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Which file; none for the directory itself.
    pub(super) file: Option<&'static str>,
    pub(super) doing: &'static str,
    pub(super) errno: Errno,
}

impl Fault {
    /// Whether the directory could not be listed, or only in part.
    pub(super) fn is_of_directory(&self) -> bool {
        self.file.is_none()
    }

    /// Why.
    pub(super) fn reason(&self) -> Missing {
        reason_of(self.errno)
    }
}

/// What came of reading a file.
pub(super) enum Outcome {
    /// Read and understood.
    Read,
    /// There is no such file: the cgroup has none, or was removed.
    Absent,
    /// The cgroup was removed.
    Vanished,
    /// It is there, but could not be read or understood.
    Failed { doing: &'static str, errno: Errno, reason: Missing },
}

/// Opens a file by its name below a directory.
pub(super) type Open = fn(BorrowedFd<'_>, &[u8]) -> Result<OwnedFd, Errno>;

/// The buffer and what was learned about the files.
#[derive(Debug)]
pub(super) struct Reader {
    open: Open,
    /// How many files were opened by it so far.
    pub(super) opened: u64,
    buffer: Box<[u8]>,
    stat: StatLines,
    /// The processes of the cgroup whose list was read last.
    pub(super) processes: Vec<u32>,
}

impl Reader {
    pub(super) fn new(open: Open) -> Self {
        let buffer = vec![0; LARGEST].into_boxed_slice();
        Self { open, opened: 0, buffer, stat: StatLines::default(), processes: Vec::new() }
    }

    /// Reads `file` into `memory`, from `handle` if that is open, else by its name below `base`.
    /// The descriptor that was opened for it is returned, to be kept or closed.
    pub(super) fn read(
        &mut self,
        file: &File,
        handle: &Handle,
        base: (BorrowedFd<'_>, Option<&CString>),
        memory: &mut Memory,
    ) -> (Outcome, Option<OwnedFd>) {
        match handle {
            Handle::Open(descriptor) => (self.take(file, descriptor, memory), None),
            Handle::Closed | Handle::Absent => match self.open(base, file.name) {
                Ok(descriptor) => {
                    self.opened += 1;
                    let outcome = self.take(file, &descriptor, memory);
                    (outcome, Some(descriptor))
                }
                Err(errno) => (outcome_of(errno, "open"), None),
            },
        }
    }

    fn open(&self, (directory, location): (BorrowedFd<'_>, Option<&CString>), name: &str) -> Result<OwnedFd, Errno> {
        match location {
            None => (self.open)(directory, name.as_bytes()),
            Some(location) => (self.open)(directory, &[location.as_bytes(), name.as_bytes()].join(&b'/')),
        }
    }

    fn take(&mut self, file: &File, descriptor: &OwnedFd, memory: &mut Memory) -> Outcome {
        let read = match file.content {
            Content::Processes => return self.count_processes(descriptor, memory),
            Content::Text(_) | Content::Stat(_) => pread(descriptor, &mut self.buffer[..], 0),
        };
        let length = match read {
            Ok(length) if length < LARGEST => length,
            Ok(_) => return failed("read", read::TOO_LARGE, Missing::Unreadable),
            Err(errno) => return outcome_of(errno, "read"),
        };
        let bytes = &self.buffer[..length];
        let parsed = match file.content {
            // Cut off in the middle, a number would still be one.
            Content::Text(_) if !bytes.ends_with(b"\n") => Err(Malformed),
            Content::Text(parse) => parse(bytes, memory),
            Content::Stat(keys) => self.stat.parse(keys, bytes, memory),
            Content::Processes => Ok(()),
        };
        match (parsed, &file.content) {
            (Ok(()), _) => Outcome::Read,
            // What could be read of memory.stat is kept; the rest is marked already.
            (Err(Malformed), Content::Stat(_)) => failed("parse", read::NOT_THE_KERNELS, Missing::NotRead),
            (Err(Malformed), _) => failed("parse", read::NOT_THE_KERNELS, Missing::Unreadable),
        }
    }

    fn count_processes(&mut self, descriptor: &OwnedFd, memory: &mut Memory) -> Outcome {
        self.processes.clear();
        let mut processes = 0;
        let mut length = 0;
        while length <= read::LARGEST {
            let bytes = match pread(descriptor, &mut self.buffer[..], length) {
                Ok(0) => {
                    memory.processes = Ok(processes);
                    return Outcome::Read;
                }
                Ok(read) => &self.buffer[..read],
                Err(errno) => return outcome_of(errno, "read"),
            };
            length += bytes.len() as u64;
            processes += (bytes.split(|&byte| byte == b'\n').count() - 1) as u64;
            let numbers = bytes.split(|&byte| byte == b'\n').filter_map(parse::number);
            self.processes.extend(numbers.filter_map(|number| u32::try_from(number).ok()));
        }
        failed("read", read::TOO_LARGE, Missing::Unreadable)
    }
}

fn outcome_of(errno: Errno, doing: &'static str) -> Outcome {
    match errno {
        Errno::NODEV => Outcome::Vanished,
        Errno::NOENT | Errno::OPNOTSUPP => Outcome::Absent,
        errno => failed(doing, errno, reason_of(errno)),
    }
}

fn reason_of(errno: Errno) -> Missing {
    match errno {
        Errno::ACCESS | Errno::PERM => Missing::Permission,
        Errno::MFILE | Errno::NFILE => Missing::TooManyOpen,
        _ => Missing::Unreadable,
    }
}

fn failed(doing: &'static str, errno: Errno, reason: Missing) -> Outcome {
    Outcome::Failed { doing, errno, reason }
}
