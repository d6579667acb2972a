//! The kernel log, read for OOM kills: what is in it already, and then what comes.
//!
//! Never waits for a record, and never asks for more than there is.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::{Errno, read};
use rustix::time::{ClockId, clock_gettime};

use crate::kernel::kmsg::{OomLog, Record};
use crate::snapshot::{Missing, OomKill, Reading};

/// The kernel hands out one record a read, none longer.
const LONGEST: usize = 8 * 1024;
/// Records that are read at one time: more than a log of the usual size holds.
const MOST: usize = 50_000;

/// The log of the running kernel, or why it may not be read.
#[derive(Debug)]
pub(super) struct Log {
    file: Reading<OwnedFd>,
    kills: OomLog,
    buffer: Box<[u8]>,
}

impl Log {
    /// Opens the log below a root directory.
    pub(super) fn open(root: &Path) -> Self {
        Self::of(kmsg(&root.join("dev/kmsg")).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Missing::Permission,
            _ => Missing::NotInKernel,
        }))
    }

    /// Of a host whose kernel does not run here.
    pub(super) fn none() -> Self {
        Self::of(Err(Missing::NotRead))
    }

    fn of(file: Reading<OwnedFd>) -> Self {
        Self { file, kills: OomLog::default(), buffer: vec![0; LONGEST].into_boxed_slice() }
    }

    /// Why nothing is told, if so.
    pub(super) fn missing(&self) -> Option<Missing> {
        self.file.as_ref().err().copied()
    }

    /// The kills that were logged since the last time; the first time, all that the log still has.
    pub(super) fn take(&mut self) -> Vec<OomKill> {
        let Ok(file) = &self.file else { return Vec::new() };
        let mut told = Vec::new();
        for _ in 0..MOST {
            match read(file, &mut self.buffer[..]) {
                Ok(0) => break,
                Ok(length) => {
                    let record = Record::parse(&self.buffer[..length]);
                    told.extend(record.and_then(|record| self.kills.take(record.text, wall(record.at))));
                }
                // Records were overwritten before they were read: the oldest that is left comes next.
                Err(Errno::PIPE) => {}
                Err(_) => break,
            }
        }
        told
    }
}

fn kmsg(path: &Path) -> io::Result<OwnedFd> {
    let file = openat(CWD, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    let is_device = FileType::from_raw_mode(fstat(&file)?.st_mode) == FileType::CharacterDevice;
    if is_device { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// The wall's time of a moment of the kernel's clock, as exact as the two clocks run together.
fn wall(at: Duration) -> SystemTime {
    let now = clock_gettime(ClockId::Monotonic);
    let now = Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0));
    SystemTime::now() - now.saturating_sub(at)
}
