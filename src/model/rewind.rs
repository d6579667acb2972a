//! A moment of the past, as far as its figures were kept: usage, footprint, hits, kills and stall of each row.
//!
//! What was not kept is missing and says so; nothing is taken from the present unless it cannot have been different then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::figures::{Holder, percent};
use crate::model::history::{History, Point};
use crate::model::{Figures, Group, HostPast, Model, Tally};
use crate::snapshot::{CgroupId, Hierarchy, Host, Kind, Missing, Own, Reading, Snapshot};
use crate::units::Limit;

const NOT_KEPT: Missing = Missing::NotKept;

impl Model {
    /// The moments that can be gone back to: readings of the last minutes, oldest first. The newest is the present.
    pub fn moments(&self) -> impl Iterator<Item = Duration> {
        self.host_past.history.points().map(Point::at)
    }

    /// What is known of one of them. Rows that are gone by now, or were not there yet, are left out.
    pub fn at(&self, moment: Duration) -> Option<Self> {
        let present = self.snapshot.as_ref()?;
        let host_past = self.host_past.at(moment, &present.host)?;
        let mut past = Self {
            snapshot: Some(snapshot(present, moment, &host_past)),
            host_past,
            shapes: Vec::new(),
            groups: rows(&self.groups, moment, present.host.hierarchy),
            networks: Vec::new(),
            ..self.clone()
        };
        let now: HashMap<&CgroupId, &Group> = self.groups.iter().map(|group| (&group.id, group)).collect();
        for row in 0..past.groups.len() {
            past.know_limits(row, self, &now);
        }
        past.graveyard.rewind(moment, &past.groups);
        Some(past)
    }

    /// The limit that left the least room, if none that could have was changed since.
    fn know_limits(&mut self, row: usize, present: &Self, rows: &HashMap<&CgroupId, &Group>) {
        let group = &self.groups[row];
        let Some(&now) = rows.get(&group.id) else { return };
        let mut chain = vec![(now, group)];
        for above in self.above(group) {
            chain.extend(rows.get(&above.id).map(|&now| (now, above)));
        }
        let moment = self.now();
        let is_whole = chain.len() == present.above(now).count() + 1;
        if !is_whole || chain.iter().any(|(now, _)| now.limits_since > moment) {
            return;
        }
        let all = present.host().and_then(|host| host.mem_total.ok()).unwrap_or(u64::MAX);
        let bound = bound(&chain, all);
        let (own, effective) = (now.figures.limit, now.figures.effective_limit);
        let figures = &mut self.groups[row].figures;
        (figures.limit, figures.effective_limit) = (own, effective);
        let Some(Bound { holder, limit, usage }) = bound else { return };
        figures.percent = percent(usage, Ok(limit));
        figures.headroom = usage.and_then(|usage| Ok(limit.bytes().ok_or(NOT_KEPT)?.saturating_sub(usage)));
        (figures.limited_by, figures.limited_by_limit, figures.limited_by_usage) = (Ok(holder), Ok(limit), usage);
    }
}

/// The limit that left the least room.
struct Bound {
    holder: Holder,
    limit: Limit,
    usage: Reading,
}

/// Among a row's own and those above it, each as it is now and as it was then, on a host with so much memory. Not known
/// where one binds now that is none of these, such as one on memory and swap together.
fn bound(chain: &[(&Group, &Group)], all: u64) -> Option<Bound> {
    let (row, _) = chain.first()?;
    let binding = row.figures.limited_by_limit;
    if binding != Ok(Limit::Unlimited) && chain.iter().all(|(now, _)| now.figures.limit != binding) {
        return None;
    }
    let of = |(now, then): &(&Group, &Group)| {
        let limit = now.figures.limit.ok()?.bytes().filter(|limit| *limit < all)?;
        let usage = then.figures.usage.ok()?;
        Some((limit.saturating_sub(usage), limit, usage, now.id.path.clone()))
    };
    // Of equals the innermost, which comes first.
    let tightest = chain.iter().filter_map(of).min_by_key(|(room, limit, ..)| (*room, *limit));
    Some(match tightest {
        Some((_, limit, usage, path)) => {
            let holder = if path == row.id.path { Holder::Own(path) } else { Holder::Ancestor(path) };
            Bound { holder, limit: Limit::Bytes(limit), usage: Ok(usage) }
        }
        None => Bound { holder: Holder::Host, limit: Limit::Unlimited, usage: Err(Missing::NoLimit) },
    })
}

fn snapshot(present: &Snapshot, at: Duration, past: &HostPast) -> Snapshot {
    let ago = present.at.saturating_sub(at);
    Snapshot {
        taken_at: present.taken_at.checked_sub(ago).unwrap_or(present.taken_at),
        at,
        host: host(&present.host, past),
        readings: Vec::new(),
        networks: Arc::default(),
        oom_kills: Vec::new(),
        problems: Vec::new(),
        own: Own::missing(NOT_KEPT),
        ..present.clone()
    }
}

/// The host then. How much memory and swap there is does not change.
fn host(present: &Host, past: &HostPast) -> Host {
    let point = past.history.last();
    let used = point.and_then(Point::usage);
    let swap = used.and_then(|used| point?.footprint().checked_sub(used));
    Host {
        mem_available: present.mem_total.and_then(|total| Ok(total.saturating_sub(used.ok_or(NOT_KEPT)?))),
        mem_free: Err(NOT_KEPT),
        swap_free: present.swap_total.and_then(|total| Ok(total.saturating_sub(swap.ok_or(NOT_KEPT)?))),
        swap_cached: Err(NOT_KEPT),
        oom_kill: past.counted,
        allocstall: Err(NOT_KEPT),
        pgscan_kswapd: Err(NOT_KEPT),
        pswpin: Err(NOT_KEPT),
        pswpout: Err(NOT_KEPT),
        psi: Err(NOT_KEPT),
        ..present.clone()
    }
}

impl HostPast {
    fn at(&self, moment: Duration, host: &Host) -> Option<Self> {
        let (history, point) = until(&self.history, moment)?;
        let after = After::of(&self.history, moment);
        let seen = self.kills.since_attach.saturating_sub(after.kills.unwrap_or(0));
        let last = self.kills.last.filter(|last| *last <= moment);
        Some(Self {
            at: moment,
            moved: None,
            stalls: Tally::of_another(self.stalls.since_attach.saturating_sub(after.hits.unwrap_or(0)), None),
            kills: Tally::of_another(seen, last),
            counted: less(host.oom_kill, after.kills),
            stall: self.stall.map(|_| point.stall() as f64),
            history,
        })
    }
}

/// The rows that were there, each below what was above it.
fn rows(present: &[Group], moment: Duration, hierarchy: Hierarchy) -> Vec<Group> {
    let mut places: Vec<Option<usize>> = Vec::with_capacity(present.len());
    let mut past: Vec<Group> = Vec::with_capacity(present.len());
    for group in present {
        let Some(mut then) = group.at(moment, hierarchy) else {
            // What is below it hangs on what is above.
            places.push(group.parent.and_then(|parent| places[parent]));
            continue;
        };
        then.parent = group.parent.and_then(|parent| places[parent]);
        then.depth = then.parent.map_or(0, |parent| past[parent].depth + 1);
        places.push(Some(past.len()));
        past.push(then);
    }
    past
}

/// Events since a moment; `None` where there were more than are counted.
#[derive(Clone, Copy)]
struct After {
    hits: Option<u64>,
    kills: Option<u64>,
}

impl After {
    fn of(history: &History, moment: Duration) -> Self {
        let later = || history.points().filter(|point| point.at() > moment);
        let sum = |of: fn(Point) -> u64, most: u64| {
            let mut counts = later().map(of);
            counts.try_fold(0, |sum, count| (count < most).then_some(sum + count))
        };
        Self { hits: sum(Point::hits, u16::MAX.into()), kills: sum(Point::kills, u8::MAX.into()) }
    }
}

/// Of events of two kinds that were counted together: how many were of the first. Known where only one kind ever happened.
fn share(together: Option<u64>, first: &Tally, second: &Tally) -> Option<u64> {
    match (together, first.since_attach, second.since_attach) {
        (Some(0), ..) | (_, 0, _) => Some(0),
        (together, _, 0) => together,
        _ => None,
    }
}

fn less(counter: Reading, after: Option<u64>) -> Reading {
    counter?.checked_sub(after.ok_or(NOT_KEPT)?).ok_or(NOT_KEPT)
}

/// The past up to a moment, and its point; `None` if there was no reading then.
fn until(history: &History, moment: Duration) -> Option<(History, Point)> {
    let history = history.until(moment);
    let point = history.last().filter(|point| point.at() == moment)?;
    Some((history, point))
}

impl Group {
    fn at(&self, moment: Duration, hierarchy: Hierarchy) -> Option<Self> {
        let (history, point) = until(&self.history, moment)?;
        let after = After::of(&self.history, moment);
        let mut then = Self::new(self.id.clone(), Figures::missing(NOT_KEPT));
        then.identity.clone_from(&self.identity);
        then.netns = self.netns;
        then.verdict = Err(NOT_KEPT);
        let (now, figures) = (&self.figures, &mut then.figures);
        figures.usage = now.usage.and_then(|_| point.usage().ok_or(NOT_KEPT));
        figures.footprint =
            figures.usage.and_then(|usage| Some(point.footprint()).filter(|all| *all >= usage).ok_or(NOT_KEPT));
        figures.swap = match (hierarchy, now.swap) {
            (_, Err(reason)) => Err(reason),
            // There the footprint has the swap cache only once.
            (Hierarchy::V2, Ok(_)) => Err(NOT_KEPT),
            (Hierarchy::V1 | Hierarchy::Hybrid | Hierarchy::OpenVz, Ok(_)) => {
                figures.footprint.and_then(|all| Ok(all - figures.usage?))
            }
        };
        figures.stall = now.stall.map(|_| point.stall() as f64);
        let own = share(after.hits, &self.hits, &self.ancestor_hits);
        let above = share(after.hits, &self.ancestor_hits, &self.hits);
        (figures.failcnt, then.hits) = counted(now.failcnt, &self.hits, own, &history, Point::hits);
        if self.is_forerunner(moment) {
            figures.failcnt = Err(NOT_KEPT);
        }
        (figures.ancestor_failcnt, then.ancestor_hits) =
            counted(now.ancestor_failcnt, &self.ancestor_hits, above, &history, Point::hits);
        let kills = share(after.kills, &self.kills, &self.oomd_kills);
        (figures.oom_kill_total, then.kills) = counted(now.oom_kill_total, &self.kills, kills, &history, Point::kills);
        if !matches!(self.identity.kind, Kind::Container | Kind::Vm) {
            // They show the kills of all that is below them, where the kernel adds those up.
            figures.oom_kill_below = match now.oom_kill_below {
                Ok(1..) => Err(NOT_KEPT),
                none => none,
            };
            if figures.oom_kill_below == Err(NOT_KEPT) {
                figures.oom_kill_total = Err(NOT_KEPT);
            }
        }
        if self.identity.sandbox {
            // Whether it only waits: that one process does, all the time.
            figures.processes = now.processes;
        }
        then.history = history;
        Some(then)
    }
}

/// A counter at the end of `history`, and what was seen of it until then.
fn counted(
    now: Reading,
    seen: &Tally,
    after: Option<u64>,
    history: &History,
    of: fn(Point) -> u64,
) -> (Reading, Tally) {
    let since_attach = after.map_or(0, |after| seen.since_attach.saturating_sub(after));
    let end = history.last().map_or(Duration::ZERO, Point::at);
    let last = match seen.last {
        last @ (None | Some(_)) if last.is_none_or(|last| last <= end) => last,
        _ => history.last_with(|point| of(point) > 0),
    };
    // Of counters that moved before all that is kept it is not known when.
    let is_known = since_attach == 0 || last.is_some();
    let counter = less(now, after.filter(|_| is_known));
    (counter, Tally::of_another(since_attach, last.filter(|_| since_attach > 0)))
}
