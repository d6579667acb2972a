//! The figures of a row, derived from the readings of its cgroups.
//!
//! Every definition is here once. Subtractions stop at zero: the kernel's counters are not read at one instant.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use crate::model::groups::Shape;
use crate::model::limits::{Binding, By, Limits, Resource};
use crate::snapshot::{Events, Hierarchy, Memory, Missing, Psi, Reading, Snapshot, Stat};
use crate::units::Limit;

/// Charges are taken this many pages at a time for each processor, so usage is exact only to that.
const BATCH_PAGES: u64 = 64;
const PAGE: u64 = 4096;

/// Whose limit it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A cgroup of the row itself.
    Own(Arc<str>),
    /// A cgroup above it.
    Ancestor(Arc<str>),
    /// None below the host's memory.
    Host,
}

impl Holder {
    /// The cgroup's path, or `host`.
    pub fn path(&self) -> &str {
        match self {
            Self::Own(path) | Self::Ancestor(path) => path,
            Self::Host => "host",
        }
    }
}

/// `memory.stat` of a cgroup: the reading that it came from, which others hold too, instead of a copy.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedStat(Arc<Memory>);

impl SharedStat {
    /// When it was read, on the clock of the snapshots; `None` where it is with everything else.
    pub(super) fn read_at(&self) -> Option<Duration> {
        self.0.stat_at
    }
}

impl Deref for SharedStat {
    type Target = Stat;

    fn deref(&self) -> &Stat {
        &self.0.stat
    }
}

impl DerefMut for SharedStat {
    fn deref_mut(&mut self) -> &mut Stat {
        &mut Arc::make_mut(&mut self.0).stat
    }
}

/// The figures of a row. Sizes are bytes; counters count from the cgroup's creation.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// What the limit counts.
    pub usage: Reading,
    /// Usage without inactive file pages: what docker and the kubelet call memory.
    pub working_set: Reading,
    /// What reclaim cannot free without swap.
    pub floor: Reading,
    /// The highest usage so far.
    pub peak: Reading,
    /// The smallest limit of its own cgroups.
    pub limit: Reading<Limit>,
    /// The smallest `memory.high` of its own cgroups.
    pub high: Reading<Limit>,
    /// v1 soft limit.
    pub soft_limit: Reading<Limit>,
    /// Protected if it can be.
    pub low: Reading<Limit>,
    /// Protected always.
    pub min: Reading<Limit>,
    /// The smallest limit of its own and its ancestors' cgroups.
    pub effective_limit: Reading<Limit>,
    /// The same for `memory.high`.
    pub effective_high: Reading<Limit>,
    /// Whose limit leaves the least room.
    pub limited_by: Reading<Holder>,
    /// What it is a limit of.
    pub limited_by_resource: Reading<Resource>,
    /// That limit.
    pub limited_by_limit: Reading<Limit>,
    /// What counts against that limit.
    pub limited_by_usage: Reading,
    /// Bytes left under that limit.
    pub headroom: Reading,
    /// `limited_by_usage` in percent of `limited_by_limit`.
    pub percent: Reading<f64>,
    /// Whose limit would bind if that one were raised.
    pub next_limited_by: Reading<Holder>,
    /// Bytes left under it.
    pub next_headroom: Reading,
    /// Hits of its own limit.
    pub failcnt: Reading,
    /// Hits of its ancestors' limits, by whomever.
    pub ancestor_failcnt: Reading,
    /// Hits of limits inside it that are not its own.
    pub inner_failcnt: Reading,
    /// Times that it was throttled at its own `memory.high`.
    pub high_events: Reading,
    /// The same for its ancestors'.
    pub ancestor_high_events: Reading,
    /// Times that the OOM killer was considered at its own limit.
    pub oom: Reading,
    /// The same at its ancestors' limits, whoever asked for memory.
    pub ancestor_oom: Reading,
    /// Processes of it that the OOM killer took.
    pub oom_kill: Reading,
    /// Times that all processes of a cgroup of it were killed together. The kernel counts the victim of each twice,
    /// `oom_kill` does not.
    pub oom_group_kill: Reading,
    /// The same as `oom_kill`, with those of earlier cgroups of its path.
    pub oom_kill_total: Reading,
    /// The same with those of everything below it, whatever became of that. v2 only.
    pub oom_kill_below: Reading,
    /// Processes of it that systemd-oomd or oomd killed from user space. v2 only.
    pub oomd_kill: Reading,
    /// v1: tasks stand still because the OOM killer is disabled.
    pub under_oom: Reading<bool>,
    /// In swap: on v2 the swap cache included.
    pub swap: Reading,
    /// How much swap it may use.
    pub swap_limit: Reading<Limit>,
    /// In memory and in swap at once.
    pub swap_cached: Reading,
    /// Hits of the swap limit.
    pub swap_failcnt: Reading,
    /// Failures to get swap, of a full host too.
    pub swap_fail: Reading,
    /// Memory and swap together, nothing counted twice.
    pub footprint: Reading,
    /// Processes in it.
    pub processes: Reading,
    /// Whether there are any.
    pub populated: Reading<bool>,
    /// Pressure.
    pub psi: Reading<Psi>,
    /// Share of the last ten seconds in which some task waited, percent: the figure of the pressure that is kept.
    pub stall: Reading<f64>,
    /// `memory.stat`.
    pub stat: SharedStat,
    /// Whether the room left is less than what the kernel's accounting can tell from none.
    pub at_limit: bool,
}

impl Figures {
    /// The smallest limit of the path in bytes, if there is one.
    pub fn effective_limit_bytes(&self) -> Option<u64> {
        self.effective_limit.ok().and_then(Limit::bytes)
    }

    /// What reclaim cannot free without swap, for sure: v1 does not tell which kernel memory it can. Bytes.
    pub fn undroppable(&self) -> Option<u64> {
        let floor = self.floor.ok()?;
        Some(match (self.stat.slab_unreclaimable, self.stat.kernel) {
            (Err(_), Ok(kernel)) => floor.saturating_sub(kernel),
            _ => floor,
        })
    }

    /// The smallest `memory.high` of the path in bytes, if there is one.
    pub fn effective_high_bytes(&self) -> Option<u64> {
        self.effective_high.ok().and_then(Limit::bytes)
    }

    /// Whether tasks of it wait for memory, be it a little: 1 % of the last ten seconds. False where no pressure is told.
    pub fn stalls_a_little(&self) -> bool {
        const A_LITTLE: f64 = 1.0;
        self.psi.is_ok_and(|psi| psi.some.avg10 >= A_LITTLE)
    }

    /// Every figure absent for the same reason.
    pub(super) fn missing(reason: Missing) -> Self {
        let memory = Arc::new(Memory::missing(reason));
        let limits = Limits {
            own: Err(reason),
            high: Err(reason),
            effective: Err(reason),
            effective_high: Err(reason),
            binding: Binding::missing(reason),
            next: Binding::missing(reason),
        };
        Self {
            working_set: Err(reason),
            floor: Err(reason),
            limited_by: Err(reason),
            next_limited_by: Err(reason),
            failcnt: Err(reason),
            ancestor_failcnt: Err(reason),
            inner_failcnt: Err(reason),
            high_events: Err(reason),
            ancestor_high_events: Err(reason),
            oom: Err(reason),
            ancestor_oom: Err(reason),
            oom_kill: Err(reason),
            oom_group_kill: Err(reason),
            oom_kill_total: Err(reason),
            oomd_kill: Err(reason),
            footprint: Err(reason),
            ..Self::basic(&memory, &limits)
        }
    }

    /// The figures of `shape` in `snapshot`. `kills_of_vanished`: see [`super::Model`].
    pub(super) fn of(snapshot: &Snapshot, shape: &Shape, kills_of_vanished: u64) -> Self {
        let outermost = &snapshot.readings[shape.outermost];
        let limits = Limits::of(snapshot, shape);
        let mut figures = Self::basic(outermost, &limits);
        figures.name_holders(snapshot, shape, &limits);
        figures.count_events(snapshot, shape, kills_of_vanished);
        figures.take_from_trunk(snapshot, shape);
        figures.derive_sizes(outermost, snapshot.host.hierarchy);
        figures.processes = sum(shape.members.iter().map(|&at| snapshot.readings[at].processes));
        figures.populated = outermost.populated.or(figures.processes.map(|processes| processes > 0));
        figures.at_limit = at_limit(&limits.binding, snapshot.host.cpus);
        figures
    }

    fn basic(memory: &Arc<Memory>, limits: &Limits) -> Self {
        Self {
            usage: memory.usage,
            working_set: Err(Missing::NotRead),
            floor: Err(Missing::NotRead),
            peak: memory.peak,
            limit: limits.own,
            high: limits.high,
            soft_limit: memory.soft_limit,
            low: memory.low,
            min: memory.min,
            effective_limit: limits.effective,
            effective_high: limits.effective_high,
            limited_by: Err(Missing::NotRead),
            limited_by_resource: limits.binding.of,
            limited_by_limit: limits.binding.limit,
            limited_by_usage: limits.binding.usage,
            headroom: limits.binding.headroom,
            percent: percent(limits.binding.usage, limits.binding.limit),
            next_limited_by: Err(Missing::NotRead),
            next_headroom: limits.next.headroom,
            failcnt: Err(Missing::NotRead),
            ancestor_failcnt: Err(Missing::NotRead),
            inner_failcnt: Err(Missing::NotRead),
            high_events: Err(Missing::NotRead),
            ancestor_high_events: Err(Missing::NotRead),
            oom: Err(Missing::NotRead),
            ancestor_oom: Err(Missing::NotRead),
            oom_kill: Err(Missing::NotRead),
            oom_group_kill: Err(Missing::NotRead),
            oom_kill_total: Err(Missing::NotRead),
            oom_kill_below: memory.events.oom_kill_below,
            oomd_kill: Err(Missing::NotRead),
            under_oom: memory.under_oom,
            swap: memory.swap,
            swap_limit: memory.swap_limit,
            swap_cached: memory.stat.swap_cached,
            swap_failcnt: memory.events.swap_failcnt,
            swap_fail: memory.events.swap_fail,
            footprint: Err(Missing::NotRead),
            processes: memory.processes,
            populated: memory.populated,
            psi: memory.psi,
            stall: memory.psi.map(|psi| psi.some.avg10),
            stat: SharedStat(Arc::clone(memory)),
            at_limit: false,
        }
    }

    fn name_holders(&mut self, snapshot: &Snapshot, shape: &Shape, limits: &Limits) {
        let name = |by: Reading<By>| {
            by.map(|by| match by {
                By::Host => Holder::Host,
                By::Cgroup(at) => {
                    let path = Arc::clone(&snapshot.topology.cgroups[at].id.path);
                    if shape.trunk.contains(&at) { Holder::Own(path) } else { Holder::Ancestor(path) }
                }
            })
        };
        self.limited_by = name(limits.binding.by);
        self.next_limited_by = name(limits.next.by);
    }

    fn count_events(&mut self, snapshot: &Snapshot, shape: &Shape, kills_of_vanished: u64) {
        let readings = &snapshot.readings;
        let hits = |at: &usize| hits(snapshot, *at);
        self.failcnt = sum(shape.trunk.iter().map(hits));
        self.ancestor_failcnt = sum(shape.ancestors.iter().map(hits).filter(|hits| !none_by_nature(*hits)));
        self.inner_failcnt = sum(shape.members.iter().filter(|at| !shape.trunk.contains(at)).map(hits));
        self.high_events = sum(shape.trunk.iter().map(|&at| readings[at].events.high));
        self.oom = sum(shape.trunk.iter().map(|&at| readings[at].events.oom));
        let above = |own: Reading, event: fn(&Events) -> Reading| {
            if matches!(own, Err(Missing::NotOnV1 | Missing::NotInBeancounters)) {
                return own;
            }
            let events = shape.ancestors.iter().map(|&at| event(&readings[at].events));
            sum(events.filter(|events| !none_by_nature(*events)))
        };
        self.ancestor_high_events = above(self.high_events, |events| events.high);
        self.ancestor_oom = above(self.oom, |events| events.oom);
        let below_here = |count: fn(&Events) -> Reading| {
            let nested = shape.nested.iter().map(|&at| count(&readings[at].events));
            less(count(&readings[shape.outermost].events), sum(nested.filter(|count| !none_by_nature(*count))))
        };
        self.oom_group_kill = below_here(|events| events.oom_group_kill_below);
        self.oom_kill = match below_here(Events::kills_below) {
            Ok(kills) => Ok(kills.saturating_sub(kills_of_vanished)),
            Err(Missing::NotOnV1 | Missing::NotInBeancounters) => {
                sum(shape.members.iter().map(|&at| readings[at].events.oom_kill)).map(|kills| kills + kills_of_vanished)
            }
            Err(reason) => Err(reason),
        };
        self.oom_kill_total = self.oom_kill;
        self.oomd_kill = sum(shape.members.iter().map(|&at| readings[at].events.oomd_kill));
    }

    /// Protections and swap limits are where the runtime put them: on the outermost or on the inner cgroup.
    fn take_from_trunk(&mut self, snapshot: &Snapshot, shape: &Shape) {
        let trunk = || shape.trunk.iter().map(|&at| &*snapshot.readings[at]);
        let most = |limit: fn(&Memory) -> Reading<Limit>| trunk().map(limit).reduce(|a, b| Ok(a?.max(b?)));
        let least = |limit: fn(&Memory) -> Reading<Limit>| trunk().map(limit).reduce(|a, b| Ok(a?.min(b?)));
        self.low = most(|memory| memory.low).unwrap_or(self.low);
        self.min = most(|memory| memory.min).unwrap_or(self.min);
        self.soft_limit = least(|memory| memory.soft_limit).unwrap_or(self.soft_limit);
        self.swap_limit = least(swap_limit).unwrap_or(self.swap_limit);
        let on_v1 = self.swap_fail == Err(Missing::NotOnV1);
        self.swap_failcnt =
            sum(trunk().map(|memory| if on_v1 { memory.events.memsw_failcnt } else { memory.events.swap_failcnt }));
        self.swap_fail = sum(trunk().map(|memory| memory.events.swap_fail));
        self.under_oom = trunk().map(|memory| memory.under_oom).reduce(|a, b| Ok(a? || b?)).unwrap_or(self.under_oom);
    }

    fn derive_sizes(&mut self, outermost: &Memory, hierarchy: Hierarchy) {
        let stat = &outermost.stat;
        self.working_set = less(outermost.usage, stat.inactive_file);
        self.floor = outermost.usage.and_then(|usage| floor(stat, hierarchy).map(|floor| floor.min(usage)));
        self.footprint = match (hierarchy, outermost.swap) {
            // Without swap accounting nothing of it is in swap.
            (_, Err(Missing::AccountingOff)) | (Hierarchy::V2, Ok(0)) => outermost.usage,
            (Hierarchy::V2, swap) => less(add(outermost.usage, swap), stat.swap_cached),
            (Hierarchy::V1 | Hierarchy::Hybrid | Hierarchy::OpenVz, swap) => add(outermost.usage, swap),
        };
    }
}

/// Hits of the limit of one cgroup.
///
/// v1 charges memory and swap first: where that limit is not the larger one, its counter is the one that
/// moves, and on kernels that stopped counting there the truth is unknown once usage has been at the limit.
/// OpenVZ limits memory, or on older kernels what is allocated: where memory is unlimited, it is refusals of the latter.
fn hits(snapshot: &Snapshot, at: usize) -> Reading {
    let memory = &snapshot.readings[at];
    let events = &memory.events;
    match (memory.limit, memory.memsw_limit) {
        (Ok(limit), Ok(memsw)) if memsw <= limit && memsw < Limit::Unlimited => {
            let dead = events.failcnt == Ok(0) && events.memsw_failcnt == Ok(0);
            let ceiling = snapshot.host.mem_total.unwrap_or(u64::MAX);
            let binds = memsw.bytes().filter(|&memsw| memsw < ceiling);
            match (binds, memory.peak) {
                (Some(binds), Ok(peak)) if dead && peak.saturating_add(BATCH_PAGES * PAGE) >= binds => {
                    Err(Missing::DeadCounter)
                }
                _ => events.memsw_failcnt,
            }
        }
        (Ok(Limit::Unlimited), _) if matches!(memory.private.limit, Ok(Limit::Bytes(_))) => memory.private.failcnt,
        _ if events.failcnt == Err(Missing::NotInKernel) => hits_without_those_below(snapshot, at),
        _ => events.failcnt,
    }
}

/// Before 5.2 v2 counted hits only together with those below.
fn hits_without_those_below(snapshot: &Snapshot, at: usize) -> Reading {
    let children = snapshot.topology.cgroups.iter().zip(&snapshot.readings).skip(at + 1);
    let below = children.filter(|(cgroup, _)| cgroup.parent == Some(at)).map(|(_, memory)| memory.events.failcnt_below);
    less(snapshot.readings[at].events.failcnt_below, sum(below.filter(|hits| !none_by_nature(*hits))))
}

/// The root has no limit, and a cgroup without the controller has none: neither counts any event.
fn none_by_nature(events: Reading) -> bool {
    matches!(events, Err(Missing::RootCgroup | Missing::NoController))
}

fn swap_limit(memory: &Memory) -> Reading<Limit> {
    match (memory.memsw_limit, memory.limit) {
        (Ok(memsw), Ok(limit)) => Ok(match (memsw.bytes(), limit.bytes()) {
            (Some(memsw), Some(limit)) => Limit::Bytes(memsw.saturating_sub(limit)),
            _ => Limit::Unlimited,
        }),
        (Err(Missing::NotOnV2 | Missing::NotInBeancounters), _) => memory.swap_limit,
        (Err(reason), _) | (_, Err(reason)) => Err(reason),
    }
}

/// v1 does not tell which slab can be freed, so its floor is an upper bound.
fn floor(stat: &Stat, hierarchy: Hierarchy) -> Reading {
    let charged = add(stat.anon, stat.shmem);
    match (hierarchy, stat.kernel) {
        (Hierarchy::V1 | Hierarchy::Hybrid, Err(Missing::AccountingOff)) => charged,
        (Hierarchy::V1 | Hierarchy::Hybrid | Hierarchy::OpenVz, kernel) => add(charged, kernel),
        (Hierarchy::V2, Ok(kernel)) => {
            add(add(charged, less(Ok(kernel), stat.slab_reclaimable)), Ok(stat.sock.unwrap_or(0)))
        }
        (Hierarchy::V2, Err(_)) => {
            let kernel = sum([stat.kernel_stack, stat.percpu, stat.slab_unreclaimable].into_iter());
            let kernel = add(kernel, Ok(stat.pagetables.unwrap_or(0)));
            add(add(charged, kernel), Ok(stat.sock.unwrap_or(0)))
        }
    }
}

/// Room that cannot be told from none: 1 % of the limit or the charges that processors hold, at most 5 %.
fn at_limit(binding: &Binding, cpus: u64) -> bool {
    let (Ok(headroom), Ok(Limit::Bytes(limit))) = (binding.headroom, binding.limit) else { return false };
    let slack = (limit / 100).max(BATCH_PAGES * PAGE * cpus).min(limit / 20);
    headroom <= slack
}

/// How full a limit is.
pub(super) fn percent(usage: Reading, limit: Reading<Limit>) -> Reading<f64> {
    match (usage, limit) {
        (_, Ok(Limit::Unlimited)) => Err(Missing::NoLimit),
        (Ok(_), Ok(Limit::Bytes(0))) => Ok(100.0),
        (Ok(usage), Ok(Limit::Bytes(limit))) => Ok(usage as f64 / limit as f64 * 100.0),
        (Err(reason), _) | (_, Err(reason)) => Err(reason),
    }
}

pub(super) fn add(a: Reading, b: Reading) -> Reading {
    Ok(a?.saturating_add(b?))
}

fn less(a: Reading, b: Reading) -> Reading {
    Ok(a?.saturating_sub(b?))
}

/// The sum; unknown if one of the terms is.
fn sum(mut terms: impl Iterator<Item = Reading>) -> Reading {
    terms.try_fold(0_u64, |sum, term| term.map(|term| sum.saturating_add(term)))
}
