//! One cgroup: what it is, what is kept open of it, and what was last read of it.
//!
//! Must not read anything: that is the tree's and the reader's.

use std::ffi::{CString, OsStr};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::identity::Place;
use crate::identity::facts::Facts;
use crate::identity::state::Question;
use crate::kernel::hierarchy::Version;
use crate::snapshot::{CgroupId, Events, Kind, Memory, Problem, Reading, Role};
use crate::source::reader::{Fault, Handle};

/// One cgroup directory and what was last read of it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: CgroupId,
    /// What it is, its runtime's state included.
    pub(super) place: Place,
    /// What its runtime's state adds to its path.
    pub(super) known: Option<Box<Facts>>,
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    /// Path relative to the hierarchy's root, for when the directory is not kept open.
    pub(super) location: CString,
    /// How its parent lists it.
    pub(super) entry: Entry,
    pub(super) directory: Option<OwnedFd>,
    /// The directory's link count when it was last listed.
    pub(super) links: Option<u64>,
    /// One for each file of the version's table.
    pub(super) handles: Box<[Handle]>,
    /// What could not be read.
    pub(super) faults: Vec<Fault>,
    /// What its runtime keeps and could not be read.
    pub(super) problems: Vec<Problem>,
    /// When every file was read the last time.
    pub(super) complete: Option<Instant>,
    /// Whether the files that are read where something moves are kept open.
    pub(super) keeps_open: bool,
    /// Whether somebody looks at its row.
    pub(super) is_shown: bool,
    /// Whether the kernel tells of it, as far as there are descriptors to tell through.
    pub(super) listened: bool,
    /// When a limit of its own was last seen to be hit.
    pub(super) hit: Option<Instant>,
    /// The sweep that read it last, and its processes when they were last listed.
    pub(super) read_in: Option<usize>,
    pub(super) processes: Vec<u32>,
    /// The last values; the same allocation as at the reading before where they are the same, for whoever keeps them.
    pub(super) memory: Arc<Memory>,
}

/// How a directory lists a child: its name and inode.
pub(super) type Entry = (CString, u64);

impl Node {
    /// The root, until it is told otherwise.
    pub(super) fn new(version: Version, id: CgroupId) -> Self {
        Self {
            place: Place::root(),
            known: None,
            parent: None,
            children: Vec::new(),
            location: c".".to_owned(),
            entry: (CString::default(), id.inode),
            id,
            directory: None,
            links: None,
            handles: version.files().iter().map(|_| Handle::Closed).collect(),
            faults: Vec::new(),
            problems: Vec::new(),
            complete: None,
            keeps_open: false,
            is_shown: false,
            listened: false,
            hit: None,
            read_in: None,
            processes: Vec::new(),
            memory: Arc::new(version.blank()),
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.parent.is_none()
    }

    /// Whether its files are opened through its name, not through its directory.
    pub(super) fn is_opened_by_name(&self) -> bool {
        self.directory.is_none() && !self.is_root()
    }

    /// Whether there was nothing below it when it was last looked at. Two links are the directory itself and its `.`.
    pub(super) fn is_leaf(&self) -> bool {
        self.links == Some(2) && self.children.is_empty()
    }

    /// What it is within a container.
    pub(super) fn role(&self) -> Role {
        self.place.identity.role
    }

    /// The node above it.
    pub(super) fn parent(&self) -> Option<usize> {
        self.parent
    }

    pub(super) fn path(&self) -> &str {
        &self.id.path
    }

    /// Takes in new values.
    pub(super) fn tell(&mut self, mut memory: Memory) {
        // Usage is newer than the peak where that is not read every time.
        if let (Ok(peak), Ok(usage)) = (&mut memory.peak, memory.usage) {
            *peak = (*peak).max(usage);
        }
        if *self.memory == memory {
            return;
        }
        if was_hit(&self.memory.events, &memory.events) {
            self.hit = Some(Instant::now());
        }
        match Arc::get_mut(&mut self.memory) {
            Some(own) => *own = memory,
            None => self.memory = Arc::new(memory),
        }
    }

    /// What to ask of its runtime's state; nothing, where no runtime can know it.
    pub(super) fn question(&self) -> Option<Question> {
        let identity = &self.place.identity;
        let may_be_known = matches!(identity.kind, Kind::Container | Kind::Pod | Kind::Vm | Kind::Cgroup);
        let location = PathBuf::from(OsStr::from_bytes(self.location.to_bytes()));
        (may_be_known && identity.role == Role::Outermost && !self.is_root())
            .then(|| Question::Cgroup { location, path: Arc::clone(&self.id.path) })
    }
}

/// Whether a limit was hit between two readings.
fn was_hit(before: &Events, now: &Events) -> bool {
    let rose = |before: Reading, now: Reading| matches!((before, now), (Ok(before), Ok(now)) if now > before);
    rose(before.failcnt, now.failcnt) || rose(before.memsw_failcnt, now.memsw_failcnt)
}
