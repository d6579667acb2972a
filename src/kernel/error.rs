//! Why the memory of a host cannot be read at all.
//!
//! A single file that fails is no such error: it is a problem inside the snapshot.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::kernel::beancounters::Refusal;

/// Why there is nothing to read.
#[derive(Debug, Error)]
pub enum Error {
    /// No mount of a memory controller is known.
    #[error("no cgroup memory controller is mounted: searched {mountinfo}")]
    NoHierarchy {
        /// The mount table that was searched.
        mountinfo: PathBuf,
    },
    /// The hierarchy's root has no memory controller.
    #[error("no memory controller in {root}: it has neither `memory` in cgroup.controllers nor memory.usage_in_bytes")]
    NoController {
        /// The root of the hierarchy.
        root: PathBuf,
    },
    /// A file has no beancounters that can be told.
    #[error("no beancounters in {path}: {reason}")]
    NoBeancounters {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: Refusal,
    },
    /// The beancounters are there and cannot be read.
    #[error("cannot read the beancounters in {path}: {error}")]
    Beancounters {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        error: io::Error,
    },
    /// A file or directory that everything depends on cannot be read.
    #[error("cannot {doing} {path}: {error}")]
    Unreadable {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        error: io::Error,
    },
}

impl Error {
    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoHierarchy { .. } => {
                "mount cgroup2 (or the v1 memory controller), or name its place: --cgroup-root DIR"
            }
            Self::NoController { .. } => {
                "the kernel may have been booted with cgroup_disable=memory; or name another place: --cgroup-root DIR"
            }
            Self::NoBeancounters { .. } => {
                "name a file of OpenVZ's beancounters, or a copy of one: --beancounters /proc/bc/resources"
            }
            Self::Beancounters { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                "the kernel lets only root read beancounters: run it as root"
            }
            Self::Beancounters { .. } => {
                "name a regular file: --beancounters /proc/bc/resources, or /proc/user_beancounters, or a copy of either"
            }
            Self::Unreadable { .. } => {
                "memcgtop reads a Linux host; for one that is mounted elsewhere use --root DIR, and check that you may read it"
            }
        }
    }
}
