//! Where v1 is looked at between regular readings: its kernel tells nothing unless one registers, and each
//! registration leaves a line in the kernel's log.
//!
//! Only the event counters of a few cgroups that are near a limit, and the host's count of OOM kills, which says
//! when to look at all others.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::kernel::hierarchy::Version;
use crate::kernel::v1;
use crate::kernel::vmstat::OomKills;
use crate::snapshot::{Memory, Reading};
use crate::source::node::Node;
use crate::source::tree::Tree;
use crate::units::Limit;

/// Between two looks.
const BEAT: Duration = Duration::from_millis(100);
/// One part in so many of a processor's time may go into looking.
const SHARE: u32 = 10;
/// More cgroups than this are not looked at.
const MOST: usize = 64;
/// From this part of its limit on, in thousandths, a cgroup is near it.
const NEAR: u64 = 900;
/// Whoever hit a limit so lately will hit it again.
const LATELY: Duration = Duration::from_secs(30);

/// What is looked at.
#[derive(Debug)]
pub(super) struct Near {
    /// By place in the tree, the most urgent first if there are too many.
    chosen: Vec<(u64, usize)>,
    /// Places in the table of files.
    pub(super) counters: [usize; 3],
    pub(super) oom_control: usize,
    kills: Option<OomKills>,
    next: Instant,
}

impl Near {
    pub(super) fn new(proc_root: &Path) -> Option<Self> {
        let oom_control = Version::V1.place(v1::OOM_CONTROL)?;
        Some(Self {
            chosen: Vec::new(),
            counters: [Version::V1.place(v1::FAILCNT)?, Version::V1.place(v1::MEMSW_FAILCNT)?, oom_control],
            oom_control,
            kills: OomKills::open(proc_root),
            next: Instant::now(),
        })
    }

    /// Chooses by what a regular reading said.
    pub(super) fn choose(&mut self, tree: &Tree, now: Instant) {
        self.chosen.clear();
        let nodes = tree.order().iter().filter_map(|&index| Some((tree.node(index)?, index)));
        let urgent = nodes.filter(|(node, _)| !node.is_root()).map(|(node, index)| (urgency(node, now), index));
        self.chosen.extend(urgent.filter(|(urgency, _)| *urgency >= NEAR));
        if self.chosen.len() > MOST {
            self.chosen.select_nth_unstable_by(MOST, |a, b| b.cmp(a));
            self.chosen.truncate(MOST);
        }
    }

    pub(super) fn chosen(&self) -> impl Iterator<Item = usize> {
        self.chosen.iter().map(|(_, index)| *index)
    }

    /// When to look next.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// A look that began then is over.
    pub(super) fn looked(&mut self, begun: Instant, now: Instant) {
        let took = now.saturating_duration_since(begun);
        self.next = begun + BEAT.max(took * SHARE);
    }

    /// Whether the OOM killer took anybody on this host since the last look.
    pub(super) fn somebody_was_killed(&mut self) -> bool {
        self.kills.as_mut().is_some_and(OomKills::rose)
    }
}

/// How near a cgroup is to the limits on its memory, and on its memory and swap, in thousandths; those that hit one
/// lately come before all others.
fn urgency(node: &Node, now: Instant) -> u64 {
    const HIT: u64 = 1_000_000;
    let hit = node.hit.is_some_and(|hit| now.saturating_duration_since(hit) < LATELY);
    fullness(&node.memory) + if hit { HIT } else { 0 }
}

fn fullness(memory: &Memory) -> u64 {
    let of = |used: Reading, limit: Reading<Limit>| match (used, limit) {
        (Ok(used), Ok(Limit::Bytes(limit))) => used / (limit / 1000).max(1),
        _ => 0,
    };
    let with_swap = memory.usage.and_then(|usage| memory.swap.map(|swap| usage.saturating_add(swap)));
    of(memory.usage, memory.limit).max(of(with_swap, memory.memsw_limit)).min(1000)
}
