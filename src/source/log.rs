//! The kernel log, read for OOM kills: what is in it already, and then what comes.
//!
//! Never waits for a record. The two are read through a descriptor each, so that what was there before is told from what
//! is news by its place in the log: the log's clock strays from every other.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, OFlags, SeekFrom, fstat, makedev, openat, seek};
use rustix::io::{Errno, read};
use rustix::param::page_size;
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
    ends: Reading<Ends>,
    buffer: Box<[u8]>,
}

/// The log from both its ends.
#[derive(Debug)]
struct Ends {
    /// What was in it when it was opened; closed once it is read.
    past: Option<End>,
    coming: End,
    /// When it was last read, on the wall.
    read: SystemTime,
}

#[derive(Debug)]
struct End {
    file: OwnedFd,
    kills: OomLog,
}

/// What was read at one time.
#[derive(Default)]
struct Told {
    kills: Vec<OomKill>,
    /// The number of each kill's record.
    sequences: Vec<u64>,
    /// The number of the first record.
    first: Option<u64>,
}

impl Log {
    /// Opens the log below a root directory.
    pub(super) fn open(root: &Path) -> Self {
        Self::of(Ends::open(&root.join("dev/kmsg")).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Missing::Permission,
            io::ErrorKind::NotFound => Missing::NoKernelLog,
            _ => Missing::Unreadable,
        }))
    }

    /// Of a host whose kernel does not run here.
    pub(super) fn none() -> Self {
        Self::of(Err(Missing::NotHere))
    }

    fn of(ends: Reading<Ends>) -> Self {
        Self { ends, buffer: vec![0; LONGEST].into_boxed_slice() }
    }

    /// Why nothing is told, if so.
    pub(super) fn missing(&self) -> Option<Missing> {
        self.ends.as_ref().err().copied()
    }

    /// The kills that were logged since the last time; the first time, all that the log still has.
    pub(super) fn take(&mut self) -> Vec<OomKill> {
        let Ok(ends) = &mut self.ends else { return Vec::new() };
        let past = ends.past.take().map(|mut past| past.take(&mut self.buffer));
        // Whatever came since the log was opened is in what comes, also if it was seen among the past.
        let mut coming = ends.coming.take(&mut self.buffer);
        let now = SystemTime::now();
        for kill in &mut coming.kills {
            kill.when = kill.when.clamp(ends.read.min(now), now);
        }
        ends.read = now;
        let first = coming.first.unwrap_or(u64::MAX);
        let Told { kills, sequences, .. } = past.unwrap_or_default();
        let past = kills.into_iter().zip(sequences).filter(|(_, sequence)| *sequence < first);
        past.map(|(kill, _)| OomKill { past: true, when: kill.when.min(now), ..kill }).chain(coming.kills).collect()
    }
}

impl Ends {
    fn open(path: &Path) -> io::Result<Self> {
        let coming = End::open(path)?;
        seek(&coming.file, SeekFrom::End(0))?;
        Ok(Self { past: Some(End::open(path)?), coming, read: SystemTime::now() })
    }
}

impl End {
    fn open(path: &Path) -> io::Result<Self> {
        let file = openat(CWD, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
        let told = fstat(&file)?;
        let is_device = FileType::from_raw_mode(told.st_mode) == FileType::CharacterDevice;
        let kills = OomLog::new(page_size() as u64);
        // Containers are given others in its place, such as /dev/null.
        if is_device && told.st_rdev == makedev(1, 11) {
            Ok(Self { file, kills })
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    /// Everything up to the end.
    fn take(&mut self, buffer: &mut [u8]) -> Told {
        let mut told = Told::default();
        for _ in 0..MOST {
            match read(&self.file, &mut *buffer) {
                Ok(0) => break,
                Ok(length) => {
                    let Some(record) = Record::parse(&buffer[..length]) else { continue };
                    told.first.get_or_insert(record.sequence);
                    if self.kills.take(&record.text, wall(record.at)) {
                        told.sequences.push(record.sequence);
                    }
                }
                Err(Errno::INTR) => {}
                // Records were overwritten before they were read: the oldest that is left comes next.
                Err(Errno::PIPE) => self.kills.interrupted(),
                Err(_) => break,
            }
        }
        told.kills = self.kills.told();
        told
    }
}

/// The wall's time of a moment of the kernel's clock. That clock is not adjusted and stands still while the host is
/// suspended: days ago it may be seconds off, before a suspension by as long as that took.
fn wall(at: Duration) -> SystemTime {
    let now = clock_gettime(ClockId::Monotonic);
    let now = Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0));
    SystemTime::now().checked_sub(now.saturating_sub(at)).unwrap_or(SystemTime::UNIX_EPOCH)
}
