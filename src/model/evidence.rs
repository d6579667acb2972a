//! The facts behind a verdict, in figures.
//!
//! Says what was counted, never what it means: that is the verdict.

use std::time::Duration;

use crate::model::figures::Holder;
use crate::model::history::Point;
use crate::model::limits::Resource;
use crate::model::verdict::{KILLED, State};
use crate::model::{Group, Model, little_of};
use crate::snapshot::{self, Bound, Kind, Missing, Reading};
use crate::units::{self, Limit};

/// The facts that a row's own counters tell, one each, the most telling first. Those of a sum are its containers': it
/// says which is the worst.
pub fn evidence(group: &Group) -> Vec<String> {
    if group.identity.kind == Kind::Sum {
        let worst = group.worst.iter();
        return worst.map(|worst| format!("worst of {}: {}", group.members, worst.identity.label())).collect();
    }
    let figures = &group.figures;
    let mut facts = Vec::new();
    facts.extend(full(group));
    let over = group.moved.map_or(0.0, |moved| moved.over.as_secs_f64());
    for (what, tally) in [
        ("hits", &group.hits),
        ("ancestor's hits", &group.ancestor_hits),
        ("memory.high events", &group.throttled),
        ("ancestor's memory.high events", &group.ancestor_throttled),
        ("swap limit hits", &group.swap_hits),
        ("OOM kills", &group.kills),
    ] {
        if tally.new() > 0 {
            facts.push(format!("{what} +{} in {over:.1} s", units::count(tally.new())));
        } else if tally.since_attach > 0 {
            facts.push(format!("{what} +{} since attach", units::count(tally.since_attach)));
        }
    }
    if let Ok(psi) = figures.psi {
        facts.push(format!("stall some {:.0}% full {:.0}%", psi.some.avg10, psi.full.avg10));
    }
    if let Err(reason @ Missing::DeadCounter) = figures.failcnt {
        facts.push(reason.reason().to_owned());
    }
    if figures.under_oom == Ok(true) {
        facts.push("under_oom 1: tasks stand still, the OOM killer is disabled".to_owned());
    }
    facts.extend(refusals(group));
    facts.extend(refaults(group));
    facts.extend(reclaimed_by_hand(group));
    facts
}

/// How full the limit is that binds, and whose it is.
fn full(group: &Group) -> Option<String> {
    let figures = &group.figures;
    let (Ok(usage), Ok(Limit::Bytes(limit)), Ok(by)) =
        (figures.limited_by_usage, figures.limited_by_limit, &figures.limited_by)
    else {
        return None;
    };
    let whose = match by {
        Holder::Own(_) if figures.limited_by_resource == Ok(Resource::Private) => "own privvmpages, used or not",
        Holder::Own(_) => "own limit",
        Holder::Ancestor(_) => "an ancestor's limit",
        Holder::Host => "host",
    };
    Some(format!("{} of {} ({whose})", units::size(usage), units::size(limit)))
}

/// What else an OpenVZ container was refused: since the reading before, since memcgtop watches, or ever.
fn refusals(group: &Group) -> Vec<String> {
    let over = group.moved.map_or(0.0, |moved| moved.over.as_secs_f64());
    let told = group.resources.beside_memory().filter_map(|(resource, tally)| {
        let (name, held) = (&resource.name, held(resource));
        match (tally.new(), tally.since_attach, resource.failcnt) {
            (new @ 1.., ..) => Some(format!("{name} refused +{} in {over:.1} s, {held}", units::count(new))),
            (0, seen @ 1.., _) => Some(format!("{name} refused +{} since attach, {held}", units::count(seen))),
            (0, 0, Ok(ever @ 1..)) => {
                Some(format!("{name} refused {} since its start, {held}", units::counted(ever, "time")))
            }
            _ => None,
        }
    });
    let now = group.history.last().map_or(Duration::ZERO, Point::at);
    let age = group.resources.restarted.map(|at| now.saturating_sub(at)).filter(|age| *age < KILLED);
    let restarted = age.map(|age| {
        let ago = units::age_long(age);
        format!("its counters fell {ago} ago: it was restarted, or somebody reset them")
    });
    told.chain(restarted).collect()
}

/// What is held of a resource, against what it is judged by.
pub fn held(resource: &snapshot::Resource) -> String {
    let amount = |n: u64| resource.unit().bytes(n).map_or_else(|| units::count(n), units::size);
    let held = resource.held.map_or_else(|_| "?".to_owned(), amount);
    match resource.bound() {
        Ok(Bound::At(bound)) => format!("holds {held} of {}", amount(bound)),
        Ok(Bound::Unlimited) => format!("holds {held}, unlimited"),
        Err(_) => format!("holds {held}"),
    }
}

/// What had to be read back since the reading before.
fn refaults(group: &Group) -> Option<String> {
    let moved = group.moved?;
    let parts = [("anon", moved.refault_anon), ("file", moved.refault_file), ("major faults", moved.pgmajfault)];
    let each = |(name, pages): (&str, Reading)| {
        let rate = moved.per_second(pages.ok().filter(|pages| *pages > 0)?)?;
        Some(format!("{name} {}/s", units::count(rate.round() as u64)))
    };
    let told: Vec<_> = parts.into_iter().filter_map(each).collect();
    (!told.is_empty()).then(|| format!("refaults {}", told.join(" ")))
}

/// Reclaim without any limit hit and without a short host: somebody writes `memory.reclaim`, or an ancestor's is high.
fn reclaimed_by_hand(group: &Group) -> Option<String> {
    let pages = group.moved?.pgscan_direct.ok().filter(|pages| *pages > 0)?;
    // What holds others together counts what is scanned at their limits.
    let is_calm = group.is_container() && group.verdict.is_ok_and(|verdict| verdict.state == State::Calm);
    is_calm.then(|| format!("{} scanned without a hit: memory.reclaim was written", units::counted(pages, "page")))
}

/// What the host does meanwhile, for every verdict alike.
pub fn of_host(model: &Model) -> Option<String> {
    let (host, moved) = (model.host()?, model.host_moved()?);
    let available = units::size_or_unknown(host.mem_available);
    let swaps = match (moved.swapped_in, moved.swapped_out) {
        (Ok(0), Ok(0)) | (Err(_), _) | (_, Err(_)) => String::new(),
        (Ok(pages_in), Ok(out)) => {
            format!(", swap {} pages/s in {} out, whoever causes it", units::count(pages_in), units::count(out))
        }
    };
    let reclaim = match (moved.allocstall, moved.pgscan_kswapd) {
        (0, 0) => format!("host kswapd quiet, {available} available"),
        (stalls, scans) => format!(
            "host: {}, kswapd scanned {}, {available} available",
            units::counted(stalls, "allocation stall"),
            units::counted(scans, "page")
        ),
    };
    Some(reclaim + &swaps)
}

/// The figures of the host that decide whether it is short, and those that do not.
pub fn of_the_host_itself(model: &Model) -> Vec<String> {
    let Some(host) = model.host() else { return Vec::new() };
    let available = match (host.mem_available, host.mem_total) {
        (Ok(available), Ok(total)) => {
            let little = units::size(little_of(total));
            format!("{} of {} available; below {little} is little", units::size(available), units::size(total))
        }
        (Err(reason), _) | (_, Err(reason)) => format!("what is available is not known: {}", reason.reason()),
    };
    let reclaim = match model.host_moved() {
        Some(moved) => {
            let (over, scans) = (moved.over.as_secs_f64(), units::count(moved.pgscan_kswapd));
            let stalls = units::counted(moved.allocstall, "allocation stall");
            let running = if moved.streak > 1 { format!(", {} readings running", moved.streak) } else { String::new() };
            format!("kswapd scanned {scans} pages, {stalls} in {over:.1} s{running}")
        }
        None if host.allocstall == Err(Missing::NotKept) => {
            format!("what was reclaimed for it: {}", Missing::NotKept.reason())
        }
        None => format!("what is reclaimed for it {}", Missing::OneReading.reason()),
    };
    let stall = match host.psi {
        Err(Missing::NotKept) => match model.host_past().stall {
            Ok(some) => format!("stall some {some:.0}%, those at limits of cgroups included"),
            Err(reason) => format!("stall is not known: {}", reason.reason()),
        },
        Ok(psi) => {
            let [some, full] = [psi.some.avg10, psi.full.avg10];
            format!("stall some {some:.0}% full {full:.0}%, those at limits of cgroups included")
        }
        Err(reason) => format!("stall is not known: {}", reason.reason()),
    };
    let kills = match host.oom_kill {
        Ok(kills) => {
            let seen = units::count(model.host_past().kills.since_attach);
            format!("{} since boot, {seen} since attach, at whatever limit", units::counted(kills, "OOM kill"))
        }
        Err(reason) => format!("OOM kills are not known: {}", reason.reason()),
    };
    vec![available, reclaim, stall, kills]
}

/// Those who use the room below the ancestor that holds a row, the largest first, with their usage.
pub fn room_mates<'a>(model: &'a Model, group: &Group) -> Vec<&'a Group> {
    let Ok(Holder::Ancestor(path)) = &group.figures.limited_by else { return Vec::new() };
    let shares = |mate: &&Group| model.above(mate).any(|above| above.id.path == *path);
    let is_topmost = |mate: &&Group| !model.above(mate).any(Group::is_container);
    let containers = model.groups().iter().filter(|mate| mate.is_container());
    let mut mates: Vec<_> = containers.filter(shares).filter(is_topmost).collect();
    mates.sort_by_key(|mate| std::cmp::Reverse(mate.figures.usage.unwrap_or(0)));
    mates
}
