//! The processes of one row, as they were read while somebody looked at it.

use crate::snapshot::CgroupId;

/// A process and the memory that it has, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number where memcgtop runs.
    pub pid: u32,
    /// What the kernel calls it. The process chooses that itself: any bytes.
    pub name: String,
    /// Anonymous memory.
    pub anon: u64,
    /// Pages of files that it has mapped, other processes may have too.
    pub file: u64,
    /// Shared memory and tmpfs that it has mapped, other processes may have too.
    pub shmem: u64,
    /// What of it is out on swap.
    pub swap: u64,
}

impl Process {
    /// All of it that is in memory.
    pub fn rss(&self) -> u64 {
        self.anon + self.file + self.shmem
    }
}

/// The processes of a row at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processes {
    /// Whose they are.
    pub row: CgroupId,
    /// Those that could be read; or why none can be, in words.
    pub read: Result<Vec<Process>, &'static str>,
    /// How many more there are that could not be read, and what the system says of the first of them.
    pub refused: Option<(usize, String)>,
    /// How many of the list were not in `/proc`: they ended meanwhile, or it hides those of others.
    pub absent: usize,
    /// How many there are in process namespaces that do not show here.
    pub hidden: usize,
    /// How many more there are than are ever read.
    pub left: usize,
}

impl Processes {
    /// None, and why.
    pub fn none(row: CgroupId, reason: &'static str) -> Self {
        Self { row, read: Err(reason), refused: None, absent: 0, hidden: 0, left: 0 }
    }
}
