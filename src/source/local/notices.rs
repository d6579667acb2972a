//! What a v2 kernel tells: that a cgroup's event counters moved. Costs nothing while nothing happens.
//!
//! The kernel tells through the descriptors that are kept for reading; where there were none left to keep, the next
//! regular reading finds out. It tells again only after the file was read.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use crate::kernel::hierarchy::Version;
use crate::kernel::v2;
use crate::source::node::Node;
use crate::source::reader::Handle;
use crate::source::tree::Tree;

/// So many are taken at a time; the rest waits for the next early reading.
const MOST: usize = 256;

/// The descriptors that the kernel tells through.
#[derive(Debug)]
pub(super) struct Notices {
    epoll: OwnedFd,
    /// Places in the table of files: those that every kernel has one of, and that of swap.
    local: usize,
    below: usize,
    swap: usize,
}

impl Notices {
    /// `None` where the system has no descriptor left.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC).ok()?,
            local: Version::V2.place(v2::EVENTS_LOCAL)?,
            below: Version::V2.place(v2::EVENTS)?,
            swap: Version::V2.place(v2::SWAP_EVENTS)?,
        })
    }

    /// Readable when there is something to [`Notices::take`].
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Listens to the cgroups that came since the last time. Their files were read once: only then the kernel tells.
    /// A removed cgroup's descriptors are closed, and so forgotten.
    pub(super) fn listen(&self, tree: &mut Tree) {
        let is_new = |&index: &usize| tree.node(index).is_some_and(|node| node.complete.is_some() && !node.listened);
        let new: Vec<usize> = tree.order().iter().copied().filter(is_new).collect();
        for index in new {
            let Some(node) = tree.node_mut(index) else { continue };
            node.listened = true;
            let events = [self.local, self.below].into_iter().find_map(|place| kept(node, place));
            for descriptor in events.into_iter().chain(kept(node, self.swap)) {
                // Without it, or on a file system that does not tell, the regular readings are left.
                _ = epoll::add(
                    &self.epoll,
                    descriptor,
                    EventData::new_u64(index as u64),
                    EventFlags::PRI | EventFlags::ERR | EventFlags::ET,
                );
            }
        }
    }

    /// The cgroups whose counters moved, by their place in the tree.
    pub(super) fn take(&self) -> Vec<usize> {
        let mut told: Vec<Event> = Vec::with_capacity(MOST);
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // An interrupted look is followed by another one.
        _ = epoll::wait(&self.epoll, spare_capacity(&mut told), Some(&now));
        told.iter().map(|event| event.data.u64()).filter_map(|index| usize::try_from(index).ok()).collect()
    }
}

fn kept(node: &Node, place: usize) -> Option<BorrowedFd<'_>> {
    match &node.handles[place] {
        Handle::Open(descriptor) => Some(descriptor.as_fd()),
        Handle::Closed | Handle::Absent => None,
    }
}
