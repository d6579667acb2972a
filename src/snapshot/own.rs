//! What the reading itself costs the host, and where the reader lives.

use std::sync::Arc;

use crate::snapshot::{Missing, Reading};

/// The reader, as the kernel tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The second number of `/proc/self/statm`, in bytes.
    pub rss: Reading,
    /// `VmLck` of `/proc/self/status`: memory of its address space that is neither swapped out nor dropped, touched or not, bytes.
    pub locked: Reading,
    /// Its `/proc/self/oom_score_adj`: below 0 the OOM killer takes others first.
    pub oom_score_adj: Reading<i32>,
    /// Directories of cgroups that are kept open.
    pub directories: Reading,
    /// Files of cgroups that are kept open: each that was read has memory of the kernel's.
    pub files: Reading,
    /// The cgroup whose `cgroup.procs` has the reader.
    pub cgroup: Reading<Arc<str>>,
}

impl Own {
    /// Every figure absent for the same reason.
    pub const fn missing(reason: Missing) -> Self {
        Self {
            rss: Err(reason),
            locked: Err(reason),
            oom_score_adj: Err(reason),
            directories: Err(reason),
            files: Err(reason),
            cgroup: Err(reason),
        }
    }
}
