//! What holds a row, and whether it hurts.
//!
//! Counters at the limits decide, never the host's pressure or swap: those rise at a container's own limit too.

use std::time::Duration;

use crate::model::figures::Holder;
use crate::model::{Figures, Group, Moved};
use crate::snapshot::{Host, Missing, Reading};
use crate::units::{self, Limit};

/// A stall of this many percent of the last ten seconds hurts.
const HURTS: f64 = 10.0;
/// Where the kernel tells no pressure: this many pages read back in a second hurt.
const CHURN: f64 = 1_000.0;
/// For so long a counter that rose counts as rising.
pub const RECENT: Duration = Duration::from_secs(10);
/// A kill is news for so long.
const KILLED_NOW: Duration = Duration::from_secs(60);
/// A kill is shown for so long.
pub const KILLED: Duration = Duration::from_secs(600);

/// What state a row is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing holds it.
    Calm,
    /// At a limit, and it costs nothing: cache that turns over.
    AtLimit,
    /// At a limit, and it costs time.
    Thrashing,
    /// Slowed down at `memory.high`.
    Throttled,
    /// At its limit without swap left.
    SwapFull,
    /// The host is short and takes from it.
    HostShort,
    /// The OOM killer took from it.
    Oom,
    /// At its limit, and the kernel's counters cannot tell more.
    Unknown,
}

impl State {
    /// The name in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::AtLimit => "at-limit",
            Self::Thrashing => "thrashing",
            Self::Throttled => "throttled",
            Self::SwapFull => "swap-full",
            Self::HostShort => "host-short",
            Self::Oom => "oom",
            Self::Unknown => "unknown",
        }
    }
}

/// What holds a row, and whether it hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that go together in any way")]
pub struct Verdict {
    /// The state that matters most.
    pub state: State,
    /// Its own limit holds it.
    pub own: bool,
    /// An ancestor's limit holds it.
    pub ancestor: bool,
    /// The host's shortage reaches it.
    pub host: bool,
    /// It costs time or kills now.
    pub hurts: bool,
}

impl Verdict {
    /// Who holds it, outermost last: `own`, `ancestor`, `host`.
    pub fn by(&self) -> Vec<&'static str> {
        [("own", self.own), ("ancestor", self.ancestor), ("host", self.host)]
            .into_iter()
            .filter_map(|(name, holds)| holds.then_some(name))
            .collect()
    }

    /// The sign on the screen: who holds it.
    pub fn sign(&self) -> char {
        match self.state {
            State::Calm => ' ',
            State::Oom => 'X',
            State::HostShort => 'H',
            State::Throttled => '~',
            State::Unknown => '?',
            State::AtLimit | State::Thrashing | State::SwapFull => {
                if self.ancestor {
                    '^'
                } else {
                    '='
                }
            }
        }
    }
}

/// From one reading: only what the totals prove.
pub(super) fn from_totals(group: &Group, figures: &Figures) -> Reading<Verdict> {
    let stopped = figures.under_oom == Ok(true);
    if stopped || figures.oom_kill.is_ok_and(|kills| kills > 0) && group.is_container() {
        return Ok(Verdict { state: State::Oom, own: false, ancestor: false, host: false, hurts: stopped });
    }
    Err(Missing::OneReading)
}

/// From two readings and what was seen before.
pub(super) fn judge(
    group: &Group,
    figures: &Figures,
    moved: Moved,
    host: &Host,
    at: Duration,
    host_short: bool,
) -> Verdict {
    let taken_by_host = host_short && moved.pgscan_kswapd.map_or(host.psi.is_ok(), |pages| pages > 0);
    let own = figures.at_limit && matches!(figures.limited_by, Ok(Holder::Own(_)));
    let ancestor = figures.at_limit && matches!(figures.limited_by, Ok(Holder::Ancestor(_)));
    let throttled = group.throttled.rose_within(RECENT, at);
    let hits_rise = group.hits.rose_within(RECENT, at) || group.ancestor_hits.rose_within(RECENT, at);
    let stalls = stalls(figures, moved, hits_rise);
    let killing = group.kills.rose_within(KILLED_NOW, at) || figures.under_oom == Ok(true);
    let killed = group.kills.rose_within(KILLED, at);
    let unknown = own && figures.failcnt == Err(Missing::DeadCounter);
    let swapless = own && no_swap_left(figures);
    let held = taken_by_host || own || ancestor || throttled;
    let state = match () {
        () if killing => State::Oom,
        () if taken_by_host && (stalls || !killed) => State::HostShort,
        () if (own || ancestor) && stalls => State::Thrashing,
        () if throttled && stalls => State::Throttled,
        () if killed => State::Oom,
        () if unknown => State::Unknown,
        () if swapless => State::SwapFull,
        () if own || ancestor => State::AtLimit,
        () if throttled => State::Throttled,
        () => State::Calm,
    };
    Verdict { state, own: own || throttled, ancestor, host: taken_by_host, hurts: killing || (held && stalls) }
}

fn stalls(figures: &Figures, moved: Moved, hits_rise: bool) -> bool {
    if let Ok(psi) = figures.psi {
        return psi.some.avg10 >= HURTS;
    }
    let pages = moved.refault_anon.unwrap_or(0) + moved.refault_file.unwrap_or(0);
    hits_rise && !moved.over.is_zero() && pages as f64 / moved.over.as_secs_f64() >= CHURN
}

/// The next step is the OOM killer: nothing to drop, and no swap to go to.
fn no_swap_left(figures: &Figures) -> bool {
    const MOST: f64 = 0.9;
    let full = match (figures.swap_limit, figures.swap) {
        (Ok(Limit::Bytes(limit)), Ok(swap)) => limit > 0 && swap >= limit,
        _ => false,
    };
    let stuck = match (figures.floor, figures.limited_by_limit) {
        (Ok(floor), Ok(Limit::Bytes(limit))) => floor as f64 >= MOST * limit as f64,
        _ => false,
    };
    full && stuck
}

/// The facts behind a verdict, one each.
pub fn evidence(group: &Group) -> Vec<String> {
    let figures = &group.figures;
    let mut facts = Vec::new();
    if let (Ok(usage), Ok(Limit::Bytes(limit)), Ok(by)) =
        (figures.limited_by_usage, figures.limited_by_limit, &figures.limited_by)
    {
        let whose = match by {
            Holder::Own(_) => "own limit",
            Holder::Ancestor(path) => path.rsplit('/').next().unwrap_or(path),
            Holder::Host => "host",
        };
        facts.push(format!("{} of {} ({whose})", units::size(usage), units::size(limit)));
    }
    let over = group.moved.map_or(0.0, |moved| moved.over.as_secs_f64());
    for (what, tally) in [
        ("hits", &group.hits),
        ("ancestor's hits", &group.ancestor_hits),
        ("memory.high events", &group.throttled),
        ("OOM kills", &group.kills),
    ] {
        if tally.new() > 0 {
            facts.push(format!("{what} +{} in {over:.1} s", tally.new()));
        } else if tally.since_attach > 0 {
            facts.push(format!("{what} +{} since attach", tally.since_attach));
        }
    }
    if let Ok(psi) = figures.psi {
        facts.push(format!("PSI some {:.0} % full {:.0} % over 10 s", psi.some.avg10, psi.full.avg10));
    }
    if let Err(reason @ Missing::DeadCounter) = figures.failcnt {
        facts.push(reason.reason().to_owned());
    }
    if figures.under_oom == Ok(true) {
        facts.push("under_oom 1: tasks stand still, the OOM killer is disabled".to_owned());
    }
    facts
}

/// How urgent a row is, larger first: 7 killing, 6 hurting, 5 killed lately, 4 held and stalling a little,
/// 3 unknown, 2 at a limit, 1 nearly there, 0 calm.
pub fn tier(group: &Group) -> u8 {
    let figures = &group.figures;
    let Ok(verdict) = group.verdict else { return u8::from(figures.at_limit) * 2 };
    let stalls_a_little = figures.psi.is_ok_and(|psi| psi.some.avg10 >= 1.0);
    match verdict.state {
        State::Oom if verdict.hurts => 7,
        _ if verdict.hurts => 6,
        State::Oom => 5,
        State::Calm => u8::from(is_near_limit(figures)),
        State::Unknown => 3,
        State::SwapFull | State::HostShort | State::Throttled => 4,
        State::AtLimit | State::Thrashing if stalls_a_little => 4,
        State::AtLimit | State::Thrashing => 2,
    }
}

/// Whether what cannot be dropped takes at least 80 % of the limit: a full page cache is not near.
pub fn is_near_limit(figures: &Figures) -> bool {
    const NEAR: f64 = 0.8;
    match (figures.floor, figures.effective_limit) {
        (Ok(floor), Ok(Limit::Bytes(limit))) => floor as f64 >= NEAR * limit as f64,
        _ => false,
    }
}
