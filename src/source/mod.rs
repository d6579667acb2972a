//! Where snapshots come from.
//!
//! A source reads (or invents) one moment at a time, on a thread of its own, and judges nothing.

pub mod beancounters;
pub mod demo;
pub mod local;
pub mod processes;
pub mod sampler;
pub mod waker;

pub(crate) mod descriptors;
mod late;
mod log;
mod names;
mod networks;
mod node;
mod own;
mod owners;
mod reader;
mod tree;

pub use crate::kernel::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::identity::state::Endpoint;
use crate::kernel::hierarchy::{self, Roots};
use crate::snapshot::{CgroupId, Snapshot};
use beancounters::Beancounters;
use local::{Effort, Local};
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

    /// Readings will be asked for so often.
    fn set_interval(&mut self, _interval: Duration) {}

    /// Somebody looks at the rows of these cgroups, and at no others.
    fn show(&mut self, _shown: &[CgroupId]) {}

    /// Waits until the next reading is due, somebody calls through `waker`, or an event makes an early reading worth
    /// while. Sources without events only wait.
    fn wait(&mut self, due: Instant, waker: &Waker) -> Wake {
        match waker.wait(due) {
            Signal::Due => Wake::Due,
            Signal::Called => Wake::Called,
        }
    }
}

/// What there is to read: the `given` file of beancounters, else the memory hierarchy, asking `apis` for names; and the
/// host's own beancounters where there is no such hierarchy, or none of their containers is in it.
///
/// # Errors
/// Where there is neither, or it cannot be read.
pub fn of_host(
    roots: &Roots,
    given: Option<&Path>,
    apis: Vec<Endpoint>,
    effort: Effort,
) -> Result<Box<dyn Source>, Error> {
    let found = || beancounters::of_host(roots).filter(|_| roots.cgroup.is_none());
    let alone = match (given, hierarchy::detect(roots)) {
        (Some(file), _) => Some(file.to_owned()),
        (None, Ok(mount)) => found().filter(|file| beancounters::tell_alone(file, &mount.root)),
        (None, Err(Error::NoHierarchy { .. } | Error::NoController { .. })) => found(),
        (None, Err(error)) => return Err(error),
    };
    Ok(match alone {
        Some(file) => Box::new(Beancounters::open(roots, &file, effort)?),
        None => Box::new(Local::open(roots, effort)?.asking(apis)),
    })
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
