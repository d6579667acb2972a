//! Where snapshots come from.
//!
//! A source reads (or invents) one moment at a time, on a thread of its own, and judges nothing.

pub mod demo;

use std::path::PathBuf;

use thiserror::Error;

use crate::snapshot::Snapshot;

/// Where snapshots come from. Blocking on purpose: files are read, and the reader has a thread of its own.
pub trait Source: Send {
    /// Reads one moment.
    ///
    /// # Errors
    /// Only where nothing at all can be told: a file that fails is a problem within the snapshot.
    fn sample(&mut self) -> Result<Snapshot, Error>;
}

/// Why there is no source, or none any more.
#[derive(Debug, Error)]
pub enum Error {
    /// No mount of a memory controller is known.
    #[error("no cgroup memory controller is mounted: looked in {mountinfo}")]
    NoHierarchy {
        /// The mount table that was searched.
        mountinfo: PathBuf,
    },
    /// The hierarchy's root has no memory controller.
    #[error("the memory controller is not available in {root}")]
    NoController {
        /// The root of the hierarchy.
        root: PathBuf,
    },
    /// A file or directory that everything depends on cannot be read.
    #[error("cannot {doing} {path}: {error}")]
    Unreadable {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        error: std::io::Error,
    },
}

impl Error {
    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoHierarchy { .. } => {
                "mount cgroup2 (or the v1 memory controller), or name its place with --cgroup-root DIR"
            }
            Self::NoController { .. } => {
                "the kernel may be booted with cgroup_disable=memory; or name another place with --cgroup-root DIR"
            }
            Self::Unreadable { .. } => {
                "memcgtop reads a Linux host; for a host mounted elsewhere use --root DIR, and check that you may read it"
            }
        }
    }
}
