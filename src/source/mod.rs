//! Where snapshots come from.
//!
//! A source reads (or invents) one moment at a time, on a thread of its own, and judges nothing.

pub mod demo;
pub mod local;
pub mod sampler;

mod descriptors;
mod log;
mod names;
mod reader;
mod segment;
mod tree;

pub use crate::kernel::error::Error;
use crate::snapshot::Snapshot;

/// Where snapshots come from. Blocking on purpose: files are read, and the reader has a thread of its own.
pub trait Source: Send {
    /// Reads one moment.
    ///
    /// # Errors
    /// Only where nothing at all can be told: a file that fails is a problem within the snapshot.
    fn sample(&mut self) -> Result<Snapshot, Error>;
}
