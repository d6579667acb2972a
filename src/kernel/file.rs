//! What a row of the tables of kernel files says: a name, how often it is worth reading, what is in it.
//!
//! Must not open anything.

use crate::kernel::parse::Malformed;
use crate::kernel::stat::StatKey;
use crate::snapshot::{Memory, Missing};

/// One kernel file of a cgroup.
#[derive(Debug)]
pub struct File {
    /// The file's name in the cgroup's directory.
    pub name: &'static str,
    /// How often it is worth reading.
    pub pace: Pace,
    /// What is in it.
    pub content: Content,
    /// Why it is absent where the cgroup has other memory files.
    pub absent: Missing,
    /// Marks the figures of this file as absent.
    pub miss: fn(&mut Memory, Missing),
}

/// How often a file is worth reading while the dashboard runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At every reading: it says whether anything else is worth reading.
    Every,
    /// At every reading, and early: the kernel tells when it moves, to whoever keeps it open.
    Told,
    /// At every reading where there is a limit: nothing else can make it move.
    Limited,
    /// Where a process of the host was killed, or something moved.
    Killed,
    /// Where something moved, where the limit is near or pressure lasts, and at some readings.
    Moved,
    /// At some readings: what an operator changes by hand, and what moves slowly.
    Slow,
}

impl Pace {
    /// Whether it is read at every reading, or nearly.
    pub fn is_always_read(self) -> bool {
        matches!(self, Self::Every | Self::Told | Self::Limited)
    }
}

/// What is in a file.
#[derive(Debug)]
pub enum Content {
    /// Text that one function understands whole.
    Text(fn(&[u8], &mut Memory) -> Result<(), Malformed>),
    /// `memory.stat`, with the keys that are wanted.
    Stat(&'static [StatKey]),
    /// One process a line; only their number is kept.
    Processes,
}
