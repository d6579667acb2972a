//! OOM kills of cgroups that are gone, kept for those that come back under the same path.
//!
//! Kept by the cgroup that had them, so that they are found again whichever cgroups make a row.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::groups::{self, Shape};
use crate::model::{Group, Scope};
use crate::snapshot::Snapshot;

/// OOM kills of the cgroups that had a row's paths before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EarlierKills {
    pub(super) total: u64,
    /// Those of them that memcgtop saw.
    pub(super) seen: u64,
    pub(super) last: Option<Duration>,
}

impl EarlierKills {
    fn add(&mut self, other: Self) {
        self.total += other.total;
        self.seen += other.seen;
        self.last = self.last.max(other.last);
    }
}

/// The kills of one path, and the container that it belongs to.
#[derive(Clone, Debug)]
struct Lost {
    container: Arc<str>,
    kills: EarlierKills,
}

/// The kills of every path that had some.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone(HashMap<Arc<str>, Lost>);

impl Gone {
    /// A row has vanished, with all its cgroups. What they counted themselves is theirs, the innermost first; what none of
    /// them tells is the outermost's. `known` was there before the row.
    pub(super) fn bury(&mut self, group: &Group, shape: &Shape, before: &Snapshot, known: EarlierKills) {
        let mut kills = group.figures.oom_kill.unwrap_or(0);
        let mut seen = group.kills.since_attach.saturating_sub(known.seen);
        for &at in shape.members.iter().rev() {
            let counted = before.readings[at].events.oom_kill.unwrap_or(0);
            let total = if at == shape.outermost { kills } else { kills.min(counted) };
            if total == 0 {
                continue;
            }
            let noticed = total.min(seen);
            (kills, seen) = (kills - total, seen - noticed);
            let path = |at: usize| Arc::clone(&before.topology.cgroups[at].id.path);
            let container = path(groups::container(&before.topology, at));
            let entry = self.0.entry(path(at)).or_insert(Lost { container, kills: EarlierKills::default() });
            let last = group.kills.last.filter(|_| noticed > 0);
            entry.kills.add(EarlierKills { total, seen: noticed, last });
        }
    }

    /// Kills of a row that its own counters do not tell.
    pub(super) fn add(&mut self, row: &Arc<str>, kills: EarlierKills) {
        let lost = Lost { container: Arc::clone(row), kills: EarlierKills::default() };
        self.0.entry(Arc::clone(row)).or_insert(lost).kills.add(kills);
    }

    /// The kills by the path of the row that they belong to.
    pub(super) fn by_row(&self, scope: Scope) -> HashMap<&str, EarlierKills> {
        let mut rows: HashMap<&str, EarlierKills> = HashMap::new();
        for (path, lost) in &self.0 {
            let row = if scope == Scope::Containers { &lost.container } else { path };
            rows.entry(row).or_default().add(lost.kills);
        }
        rows
    }
}
