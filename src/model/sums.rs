//! Rows summed up by pod, namespace, image or runtime, so that no byte counts twice.
//!
//! A container that runs containers holds their memory too: each counts without those inside it, and so once, under
//! its own key. What has no sum (a limit that several share, a pressure, a peak) says so.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::model::history::Point;
use crate::model::{Figures, Group, Model, verdict};
use crate::snapshot::{CgroupId, Identity, Kind, Missing, Reading};
use crate::units::Limit;

/// What rows are summed up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// The pod that they are in.
    Pod,
    /// The namespace of their pod or runtime.
    Namespace,
    /// The image that they were made from.
    Image,
    /// Who made them.
    Runtime,
}

/// The key of those that have none.
pub const NONE: &str = "(none)";

impl Grouping {
    /// Every grouping, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Pod, Self::Namespace, Self::Image, Self::Runtime];

    /// The field that it goes by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Namespace => "namespace",
            Self::Image => "image",
            Self::Runtime => "runtime",
        }
    }

    /// What a row is summed up under, and how that is written. A pod's name is no key: each namespace may have it.
    fn key(self, identity: &Identity) -> (String, String) {
        let told = match self {
            Self::Pod => identity.pod.as_deref().ok().or(identity.pod_id.as_deref()),
            Self::Namespace => identity.namespace.as_deref().ok(),
            Self::Image => identity.image.as_deref().ok(),
            Self::Runtime => identity.runtime.as_deref(),
        };
        let told = told.unwrap_or(NONE);
        match (self, &identity.namespace, &identity.pod_id) {
            (Self::Pod, namespace, Some(id)) => {
                let label = namespace.as_ref().map_or_else(|_| told.to_owned(), |space| format!("{space}/{told}"));
                (id.to_string(), label)
            }
            _ => (told.to_owned(), told.to_owned()),
        }
    }

    /// A row that stands for all under one key.
    fn identity(self, label: &str, member: &Identity) -> Identity {
        let mut identity = Identity::plain(Kind::Sum, label);
        match self {
            Self::Pod => {
                identity.pod.clone_from(&member.pod);
                identity.pod_id.clone_from(&member.pod_id);
                identity.namespace.clone_from(&member.namespace);
            }
            Self::Namespace => identity.namespace.clone_from(&member.namespace),
            Self::Image => identity.image.clone_from(&member.image),
            Self::Runtime => identity.runtime.clone_from(&member.runtime),
        }
        identity
    }
}

/// Sums of rows, with the history of each.
#[derive(Debug)]
pub struct Sums {
    /// What they are summed up by.
    pub grouping: Grouping,
    rows: Vec<Group>,
}

impl Sums {
    /// No sums yet.
    pub fn new(grouping: Grouping) -> Self {
        Self { grouping, rows: Vec::new() }
    }

    /// One row for each key.
    pub fn rows(&self) -> &[Group] {
        &self.rows
    }

    /// Sums up the containers of the newest reading that `keep` wants. Histories of keys that stay are kept.
    pub fn update(&mut self, model: &Model, keep: impl Fn(&Group) -> bool) {
        let Some(snapshot) = model.snapshot() else { return };
        let groups = model.groups();
        let is_counted = |row: usize| groups[row].is_container() && keep(&groups[row]);
        let counted: Vec<usize> = (0..groups.len()).filter(|&row| is_counted(row)).collect();
        let mut inside: HashMap<usize, Vec<usize>> = HashMap::new();
        for &row in &counted {
            if let Some(whole) = above(groups, row).find(|&row| is_counted(row)) {
                inside.entry(whole).or_default().push(row);
            }
        }
        let mut keys: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &row in &counted {
            keys.entry(self.grouping.key(&groups[row].identity).0).or_default().push(row);
        }
        let mut known: HashMap<CgroupId, Group> = self.rows.drain(..).map(|row| (row.id.clone(), row)).collect();
        for (key, members) in keys {
            let id = CgroupId { path: format!("{}:{key}", self.grouping.name()).into(), inode: 0 };
            let mut row = known.remove(&id).unwrap_or_else(|| Group::new(id));
            let first = &groups[members[0]].identity;
            row.identity = Arc::new(self.grouping.identity(&self.grouping.key(first).1, first));
            row.members = members.len();
            row.verdict = worst(groups, &members);
            row.take_in(total(groups, &members, &inside), snapshot.at);
            self.rows.push(row);
        }
    }
}

fn above(groups: &[Group], row: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(groups[row].parent, |&row| groups[row].parent)
}

/// The verdict of the member that needs attention most.
fn worst(groups: &[Group], members: &[usize]) -> Reading<verdict::Verdict> {
    let worst = members.iter().map(|&row| &groups[row]).max_by_key(|group| verdict::tier(group));
    worst.map_or(Err(Missing::NotSummed), |group| group.verdict)
}

/// A figure that adds up.
type Part = fn(&mut Figures) -> &mut Reading;

/// Sizes and counters that a cgroup has together with those inside it.
const WHOLE: &[Part] = &[
    |f| &mut f.usage,
    |f| &mut f.working_set,
    |f| &mut f.floor,
    |f| &mut f.swap,
    |f| &mut f.swap_cached,
    |f| &mut f.footprint,
    |f| &mut f.stat.anon,
    |f| &mut f.stat.file,
    |f| &mut f.stat.shmem,
    |f| &mut f.stat.kernel,
    |f| &mut f.stat.kernel_stack,
    |f| &mut f.stat.pagetables,
    |f| &mut f.stat.percpu,
    |f| &mut f.stat.slab_reclaimable,
    |f| &mut f.stat.slab_unreclaimable,
    |f| &mut f.stat.sock,
    |f| &mut f.stat.mapped,
    |f| &mut f.stat.dirty,
    |f| &mut f.stat.writeback,
    |f| &mut f.stat.active_file,
    |f| &mut f.stat.inactive_file,
    |f| &mut f.stat.zswap,
    |f| &mut f.stat.refault_anon,
    |f| &mut f.stat.refault_file,
    |f| &mut f.stat.pgscan_kswapd,
    |f| &mut f.stat.pgscan_direct,
    |f| &mut f.stat.pgmajfault,
];

/// Counters that are a container's own, whatever runs inside it.
const OWN: &[Part] = &[
    |f| &mut f.failcnt,
    |f| &mut f.inner_failcnt,
    |f| &mut f.high_events,
    |f| &mut f.oom,
    |f| &mut f.oom_kill,
    |f| &mut f.oom_kill_total,
    |f| &mut f.swap_failcnt,
    |f| &mut f.swap_fail,
    |f| &mut f.processes,
];

fn total(groups: &[Group], members: &[usize], inside: &HashMap<usize, Vec<usize>>) -> Figures {
    let mut total = Figures::missing(Missing::NotSummed);
    for part in WHOLE.iter().chain(OWN) {
        *part(&mut total) = Ok(0);
    }
    for &row in members {
        let mut own = groups[row].figures.clone();
        for &inner in inside.get(&row).into_iter().flatten() {
            let mut inner = groups[inner].figures.clone();
            combine(WHOLE, &mut own, &mut inner, u64::saturating_sub);
        }
        combine(WHOLE, &mut total, &mut own, u64::saturating_add);
        combine(OWN, &mut total, &mut own, u64::saturating_add);
    }
    let is_topmost = |row: &&usize| !above(groups, **row).any(|row| members.contains(&row));
    let limits = members.iter().filter(is_topmost).map(|&row| groups[row].figures.limit);
    total.limit = limits.reduce(|a, b| Ok(plus(a?, b?))).unwrap_or(Err(Missing::NotSummed));
    total.limited_by_limit = total.limit;
    total.percent = match (total.usage, total.limit) {
        (Ok(usage), Ok(Limit::Bytes(limit))) if limit > 0 => Ok(usage as f64 / limit as f64 * 100.0),
        (_, Ok(_)) => Err(Missing::NoLimit),
        (_, Err(reason)) => Err(reason),
    };
    total.populated = total.processes.map(|processes| processes > 0);
    total
}

/// Each part of `into` with that of `from`; unknown if either is.
fn combine(parts: &[Part], into: &mut Figures, from: &mut Figures, with: fn(u64, u64) -> u64) {
    for part in parts {
        let (a, b) = (*part(into), *part(from));
        *part(into) = a.and_then(|a| b.map(|b| with(a, b)));
    }
}

/// Unlimited if one of them is.
fn plus(a: Limit, b: Limit) -> Limit {
    match (a, b) {
        (Limit::Bytes(a), Limit::Bytes(b)) => Limit::Bytes(a.saturating_add(b)),
        _ => Limit::Unlimited,
    }
}

impl Group {
    /// Takes in the sum of a moment; the same moment again, summed up otherwise, is no event.
    fn take_in(&mut self, figures: Figures, at: Duration) {
        if self.history.last().is_some_and(|last| last.at() >= at) {
            self.rebase(figures);
            return;
        }
        self.hits.count(figures.failcnt, at);
        self.throttled.count(figures.high_events, at);
        self.kills.count(figures.oom_kill, at);
        self.history.push(Point::new(at, &figures, self.hits.new(), self.kills.new()));
        self.figures = figures;
    }
}
