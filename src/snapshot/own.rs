//! What the reading itself costs the host, and where the reader lives.

use std::sync::Arc;

use crate::snapshot::{Missing, Reading};

/// The reader, as the kernel tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// `RssAnon`, `RssFile` and `RssShmem` of `/proc/self/status`, bytes.
    pub rss: Reading,
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
        Self { rss: Err(reason), directories: Err(reason), files: Err(reason), cgroup: Err(reason) }
    }
}
