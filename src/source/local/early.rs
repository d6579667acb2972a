//! Readings between the regular ones, of the cgroups where something happened and of those around them.
//!
//! What came or went, and the host's own figures, are left to the regular readings.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::time::{ClockId, clock_gettime};

use crate::kernel::file::{Content, File};
use crate::kernel::hierarchy::{Mount, Version};
use crate::snapshot::{Fresh, Memory, Role, Snapshot};
use crate::source::Wake;
use crate::source::local::due::Due;
use crate::source::local::hold_off::HoldOff;
use crate::source::local::near::Near;
use crate::source::local::notices::Notices;
use crate::source::local::{Begun, Effort, Local};
use crate::source::node::Node;
use crate::source::tree::Tree;
use crate::source::waker::{Ready, Signal, Waker};

/// How events are noticed between regular readings.
#[derive(Debug)]
pub(super) struct Watch {
    means: Means,
    hold_off: HoldOff,
}

#[derive(Debug)]
enum Means {
    /// The kernel tells.
    Notices(Notices),
    /// It does not, so some of it is looked at ten times a second.
    Near(Near),
    /// There will be no events.
    Nothing,
}

impl Watch {
    /// A copy of a host's files has no events, and whoever reads once waits for none.
    pub(super) fn new(mount: &Mount, effort: Effort, proc_root: &Path) -> Self {
        let means = match mount.version {
            _ if effort == Effort::Whole || !mount.is_kernels() => None,
            Version::V1 => Near::new(proc_root).map(Means::Near),
            Version::V2 => Notices::new().map(Means::Notices),
        };
        Self { means: means.unwrap_or(Means::Nothing), hold_off: HoldOff::default() }
    }

    /// Takes in what a regular reading found.
    pub(super) fn regular(&mut self, tree: &Tree) {
        if let Means::Near(near) = &mut self.means {
            near.choose(tree, Instant::now());
        }
    }

    /// Until when nothing is to be looked at or listened to; `None` if something is now.
    fn pause(&mut self, now: Instant) -> Option<Instant> {
        let beat = match &self.means {
            Means::Near(near) => Some(near.next()).filter(|&next| next > now),
            Means::Notices(_) | Means::Nothing => None,
        };
        self.hold_off.until(now, used()).max(beat)
    }
}

/// The processor's time that this program has used.
fn used() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(tv_sec).unwrap_or(0), u32::try_from(tv_nsec).unwrap_or(0))
}

impl Local {
    pub(super) fn watch_until(&mut self, due: Instant, waker: &Waker) -> Wake {
        if let Means::Notices(notices) = &self.watch.means {
            notices.listen(&mut self.tree);
        }
        loop {
            let now = Instant::now();
            if now >= due {
                return Wake::Due;
            }
            let ready = match (self.watch.pause(now), &self.watch.means) {
                (Some(pause), _) => Ready::Signal(waker.wait(pause.min(due))),
                (None, Means::Notices(notices)) => waker.wait_with(due, notices.descriptor()),
                (None, Means::Near(_)) => Ready::Descriptor,
                (None, Means::Nothing) => Ready::Signal(waker.wait(due)),
            };
            match ready {
                Ready::Signal(Signal::Called) => return Wake::Called,
                Ready::Signal(Signal::Due) => {}
                Ready::Descriptor => {
                    let begun = self.begin();
                    let woken = self.woken();
                    if let Means::Near(near) = &mut self.watch.means {
                        near.looked(begun.at, Instant::now());
                    }
                    if let Some(snapshot) = self.read_early(begun, &woken) {
                        return Wake::Early(Box::new(snapshot));
                    }
                }
            }
        }
    }

    /// Where something happened, by place in the tree.
    fn woken(&mut self) -> Vec<usize> {
        match &mut self.watch.means {
            Means::Notices(notices) => notices.take(),
            Means::Near(near) => {
                let mut looks: Vec<_> = near.chosen().map(|index| (index, near.counters)).collect();
                if near.somebody_was_killed() {
                    let oom_control = near.counters.map(|_| near.oom_control);
                    looks.extend(self.tree.order().iter().map(|&index| (index, oom_control)));
                }
                looks.retain(|(index, files)| self.moved(*index, files));
                looks.into_iter().map(|(index, _)| index).collect()
            }
            Means::Nothing => Vec::new(),
        }
    }

    /// Reads some counters of one cgroup; whether they are others than before.
    fn moved(&mut self, index: usize, files: &[usize]) -> bool {
        let counters = |memory: &Memory| (memory.events, memory.under_oom);
        let Some(before) = self.tree.node(index).map(|node| counters(&node.memory)) else { return false };
        self.read_again(index, files) && self.tree.node(index).is_some_and(|node| counters(&node.memory) != before)
    }

    /// Reads some files of one cgroup, by their places in the table; false if it is gone.
    fn read_again(&mut self, index: usize, files: &[usize]) -> bool {
        let table = self.mount.version.files();
        let Some(mut memory) = self.tree.node(index).map(|node| *node.memory) else { return false };
        let is_there = files.iter().all(|&place| self.read_file(index, place, &table[place], false, &mut memory))
            && !self.is_replaced(index);
        if let Some(node) = self.tree.node_mut(index).filter(|_| is_there) {
            node.tell(memory);
        }
        is_there
    }

    /// Reads what moves of the cgroups that were `woken`, and the counters of those above them. `None` if all are gone.
    fn read_early(&mut self, begun: Begun, woken: &[usize]) -> Option<Snapshot> {
        // After a reading that failed there is nothing to add to.
        let told = self.last.clone().filter(|_| !woken.is_empty())?;
        self.watch.hold_off.begin(begun.at, used());
        let (whole, above) = self.around(woken);
        let whole = self.read_those(&whole, |file| Due::WhatMoves.includes(file.pace));
        let counters = self.read_those(&above, |file| Due::WhatMoves.includes(file.pace) && is_cheap(file));
        if whole.is_empty() {
            return None;
        }
        let oom_kills = self.kills();
        Some(Snapshot { oom_kills, ..self.snapshot(begun, Fresh::Only { whole, counters }, told) })
    }

    /// The cgroups that were woken with the containers that they are parts of, and those above these. Not the root:
    /// its counters tell nothing, and every row is below it.
    fn around(&self, woken: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let (mut whole, mut above) = (woken.to_vec(), Vec::new());
        for &index in woken {
            let (mut below, mut is_part) = (index, true);
            while let Some((node, parent)) = self.tree.node(below).and_then(|node| Some((node, node.parent()?))) {
                if self.tree.node(parent).is_none_or(Node::is_root) {
                    break;
                }
                is_part &= matches!(node.role(), Role::Trunk | Role::Inner);
                let part = if is_part { &mut whole } else { &mut above };
                part.push(parent);
                below = parent;
            }
        }
        whole.sort_unstable();
        above.sort_unstable();
        above.retain(|index| whole.binary_search(index).is_err());
        (whole, above)
    }

    /// Reads some files of some cgroups; those that are still there, as indices into the topology.
    fn read_those(&mut self, cgroups: &[usize], which: fn(&File) -> bool) -> Vec<usize> {
        let table = self.mount.version.files().iter().enumerate();
        let files: Vec<usize> = table.filter(|(_, file)| which(file)).map(|(place, _)| place).collect();
        let mut read = Vec::with_capacity(cgroups.len());
        for (place, index) in self.tree.order().to_vec().into_iter().enumerate() {
            if cgroups.binary_search(&index).is_ok() && self.read_again(index, &files) {
                read.push(place);
            }
        }
        read
    }
}

/// Whether the kernel has the figures at hand; `memory.stat` it has to sum up.
fn is_cheap(file: &File) -> bool {
    matches!(file.content, Content::Text(_))
}
