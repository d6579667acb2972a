//! An OOM kill, as the kernel log tells it.

use std::sync::Arc;
use std::time::SystemTime;

use super::Identity;

/// One OOM kill, as far as the log tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OomKill {
    /// When, on the wall.
    pub when: SystemTime,
    /// It was in the log already when that was opened.
    pub past: bool,
    /// The process that was killed.
    pub pid: u32,
    /// What it ran.
    pub comm: Arc<str>,
    /// The memory cgroup that it was in; `None` where the summary is missing. That of the whole group for those that are
    /// killed with it, who may be in one below.
    pub cgroup: Option<Arc<str>>,
    /// What that path says it is; `None` where there is none, or nobody looked.
    pub identity: Option<Arc<Identity>>,
    /// Whose limit, or the host.
    pub by: Culprit,
    /// What the cgroup at its limit used then.
    pub at_limit: Option<AtLimit>,
    /// Its memory and swap together. v1 only.
    pub memsw: Option<AtLimit>,
    /// Its swap. v2 only.
    pub swap: Option<AtLimit>,
    /// Memory of the victim in bytes: anonymous, file, shared.
    pub victim: [Option<u64>; 3],
    /// The largest tasks that could have been killed.
    pub tasks: Vec<Task>,
    /// Its part where all processes of a cgroup are killed together.
    pub part: Part,
}

/// What a kill is to `memory.oom.group`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The kernel chose this process.
    Chosen,
    /// It was killed because it is in the cgroup of the chosen one.
    Member,
    /// The chosen one, killed once more with its group: counted by the kernel as one more, and none.
    Again,
}

/// Who ran out of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The limit of this cgroup.
    Limit(Arc<str>),
    /// Some cgroup's limit; the log does not say whose.
    SomeLimit,
    /// The host.
    Host,
}

/// `memory: usage …kB, limit …kB, failcnt …` of the cgroup whose limit was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtLimit {
    /// Bytes.
    pub usage: u64,
    /// Bytes; `None` is unlimited.
    pub limit: Option<u64>,
    /// Hits of the limit so far.
    pub failcnt: u64,
}

/// A line of the table of tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its process.
    pub pid: u32,
    /// What it runs.
    pub comm: Arc<str>,
    /// Resident memory, bytes.
    pub rss: u64,
}
