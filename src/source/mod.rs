//! Where snapshots come from.
//!
//! A source reads (or invents) one moment at a time, on a thread of its own, and judges nothing.

pub mod demo;
pub mod local;
pub mod processes;
pub mod sampler;
pub mod waker;

pub(crate) mod descriptors;
mod late;
mod log;
mod names;
mod node;
mod own;
mod owners;
mod reader;
mod tree;

pub use crate::kernel::error::Error;
use std::time::Instant;

use crate::snapshot::Snapshot;
use processes::{Place, Refusal, SIMULATED};
use waker::{Signal, Waker};

/// Where snapshots come from. Blocking on purpose: files are read, and the reader has a thread of its own.
pub trait Source: Send {
    /// Reads one moment.
    ///
    /// # Errors
    /// Only where nothing at all can be told: a file that fails is a problem within the snapshot.
    fn sample(&mut self) -> Result<Snapshot, Error>;

    /// Where the processes of its cgroups can be looked at.
    ///
    /// # Errors
    /// Why they cannot.
    fn processes(&self) -> Result<Place, Refusal> {
        Err(SIMULATED)
    }

    /// Waits until the next reading is due, somebody calls through `waker`, or an event makes an early reading worth
    /// while. Sources without events only wait.
    fn wait(&mut self, due: Instant, waker: &Waker) -> Wake {
        match waker.wait(due) {
            Signal::Due => Wake::Due,
            Signal::Called => Wake::Called,
        }
    }
}

/// Why the waiting ended.
#[derive(Debug)]
pub enum Wake {
    /// The time is over.
    Due,
    /// Somebody called.
    Called,
    /// Something happened, and this is what was read there: [`crate::snapshot::Fresh::Only`].
    Early(Box<Snapshot>),
}
