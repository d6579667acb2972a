//! What holds a row, and whether it hurts.
//!
//! Counters at the limits decide, never the host's pressure or swap: those rise at a container's own limit too.

use std::time::Duration;

use crate::model::beat::Beat;
use crate::model::figures::Holder;
use crate::model::{Figures, Group, Moved};
use crate::snapshot::{Missing, Reading, is_within};
use crate::units::Limit;

/// A stall of this many percent of the last ten seconds hurts.
const HURTS: f64 = 10.0;
/// Where the kernel tells no pressure: this many pages of processes read back in a second hurt.
const CHURN: f64 = 200.0;
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
    /// It stands still at a limit, because its OOM killer is disabled. v1 only.
    UnderOom,
    /// It was refused something that is no memory of its own: OpenVZ's sockets, processes, allocations.
    Refused,
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
            Self::UnderOom => "under-oom",
            Self::Refused => "refused",
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
        By { own: self.own, ancestor: self.ancestor, host: self.host }.names()
    }

    /// The sign on the screen: who holds it.
    pub fn sign(&self) -> char {
        match self.state {
            State::Calm => ' ',
            State::Oom => 'X',
            State::HostShort => 'H',
            State::Throttled => '~',
            State::Unknown => '?',
            State::AtLimit | State::Thrashing | State::SwapFull | State::UnderOom | State::Refused => {
                if self.ancestor {
                    '^'
                } else {
                    '='
                }
            }
        }
    }
}

/// From one reading: only what that proves.
pub(super) fn from_one(group: &Group, figures: &Figures, at: Duration) -> Reading<Verdict> {
    let stopped = figures.under_oom == Ok(true);
    let killed = group.was_killed_within(KILLED, at);
    if !stopped && !killed {
        return Err(Missing::OneReading);
    }
    let hurts = stopped || group.was_killed_within(KILLED_NOW, at);
    let (state, by) = if stopped { (State::UnderOom, held_by(figures)) } else { (State::Oom, group.killed_by) };
    Ok(Verdict { state, own: by.own, ancestor: by.ancestor, host: by.host, hurts })
}

/// Whose limit binds.
fn held_by(figures: &Figures) -> By {
    match figures.limited_by {
        Ok(Holder::Own(_)) => By { own: true, ..By::default() },
        Ok(Holder::Ancestor(_)) => By { ancestor: true, ..By::default() },
        _ => By::default(),
    }
}

/// The moment of a reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// Whether the host is short.
    pub(super) short: bool,
    /// Whether the host reclaims, from whomever: without that nobody is killed for its sake.
    pub(super) reclaims: bool,
    pub(super) at: Duration,
    pub(super) beat: Beat,
}

/// From two readings and what was seen before.
pub(super) fn judge(group: &Group, figures: &Figures, moved: Moved, around: Around) -> Verdict {
    let Around { at, .. } = around;
    let hits = group.rose_lately(&group.hits, at);
    let ancestor_hits = group.rose_lately(&group.ancestor_hits, at);
    let holder = figures.limited_by.as_ref();
    // Usage swings just below a limit that is hit: a hit within the last seconds says as much as the room that is left.
    let own = hits || figures.at_limit && matches!(holder, Ok(Holder::Own(_)));
    let ancestor = is_held_above(group, figures, at);
    let throttled = group.rose_lately(&group.throttled, at);
    // Whom an ancestor's memory.high slows down is counted at the ancestor only: those who wait are meant.
    let throttled_above = group.rose_lately(&group.ancestor_throttled, at) && figures.stalls_a_little();
    let host = is_taken_from(group, moved, around, hits || ancestor_hits);
    let stalls = stalls(figures, moved, hits || ancestor_hits);
    let stopped = figures.under_oom == Ok(true);
    let killing = group.was_killed_within(KILLED_NOW, at);
    let killed = group.was_killed_within(KILLED, at);
    let refused = group.resources.were_refused_within(RECENT, at);
    let held = own || ancestor || throttled || throttled_above || host;
    let state = match () {
        () if stopped => State::UnderOom,
        () if killing => State::Oom,
        () if refused => State::Refused,
        () if host && (stalls || !killed) => State::HostShort,
        () if (own || ancestor) && stalls => State::Thrashing,
        () if (throttled || throttled_above) && stalls => State::Throttled,
        () if killed => State::Oom,
        () if own && figures.failcnt == Err(Missing::DeadCounter) => State::Unknown,
        () if own && is_out_of_swap(group, figures, at) => State::SwapFull,
        () if own || ancestor => State::AtLimit,
        () if throttled || throttled_above => State::Throttled,
        () => State::Calm,
    };
    let hurts = stopped || killing || refused || (held && stalls);
    let by = match state {
        State::Oom => group.killed_by,
        State::UnderOom => held_by(figures),
        _ => By { own: own || throttled || refused, ancestor: ancestor || throttled_above, host },
    };
    Verdict { state, own: by.own, ancestor: by.ancestor, host: by.host, hurts }
}

/// Whether an ancestor's limit holds it: now, or until a moment ago.
pub fn is_held_above(group: &Group, figures: &Figures, at: Duration) -> bool {
    let hits = || group.rose_lately(&group.ancestor_hits, at);
    matches!(figures.limited_by, Ok(Holder::Ancestor(_)))
        && uses_room(figures)
        && (figures.at_limit || hits() && is_nearly_full(figures))
}

/// Who made the OOM killer kill, by the counters that rose with the kill.
///
/// v2 says at whose limit the killer was called; v1 only whose limit was hit. Where neither says so, the host was short if
/// it reclaims, and else nobody knows.
pub(super) fn killed_by(group: &Group, figures: &Figures, around: Around) -> By {
    let (own, ancestor) = match figures.oom {
        Ok(_) => (group.ooms.new() > 0, group.ancestor_ooms.new() > 0),
        // A counter that stands still proves nothing.
        Err(_) if figures.failcnt == Err(Missing::DeadCounter) => return By::default(),
        Err(_) => (group.hits.new() > 0 || inner_hits(group, figures), group.ancestor_hits.new() > 0),
    };
    By { own, ancestor: ancestor && !own, host: !own && !ancestor && around.reclaims }
}

/// Whether limits of the cgroups inside it were hit since the reading before, which is still the row's.
fn inner_hits(group: &Group, figures: &Figures) -> bool {
    matches!((group.figures.inner_failcnt, figures.inner_failcnt), (Ok(before), Ok(now)) if now > before)
}

/// Whose limit or shortage it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// Its own limit.
    pub own: bool,
    /// An ancestor's limit.
    pub ancestor: bool,
    /// The host.
    pub host: bool,
}

impl By {
    /// The limit of a cgroup: the container's own, or one above it.
    pub(super) fn limit_of(limited: &str, container: Option<&str>) -> Self {
        let own = container.is_some_and(|container| is_within(limited, container));
        Self { own, ancestor: !own, host: false }
    }

    /// Those that it is, outermost last: `own`, `ancestor`, `host`.
    pub fn names(self) -> Vec<&'static str> {
        let each = [("own", self.own), ("ancestor", self.ancestor), ("host", self.host)];
        each.into_iter().filter_map(|(name, is)| is.then_some(name)).collect()
    }
}

/// Whether a host that is short takes from this row, which hit no limit itself or hits one as well.
fn is_taken_from(group: &Group, moved: Moved, around: Around, hits: bool) -> bool {
    let scanned = match moved.pgscan_kswapd {
        Ok(_) => group.rose_lately(&group.scanned, around.at),
        // v1 does not say whom kswapd looks at: what is pushed out without a hit, the host pushed out.
        Err(_) => !hits && moved.swapped > 0,
    };
    around.short && scanned
}

/// Whether it takes any part in filling the limit that binds: an idle row below a full limit is not held by it.
fn uses_room(figures: &Figures) -> bool {
    const PART: f64 = 0.01;
    match (figures.usage, figures.limited_by_limit) {
        (Ok(usage), Ok(Limit::Bytes(limit))) => usage as f64 >= PART * limit as f64,
        _ => true,
    }
}

fn is_nearly_full(figures: &Figures) -> bool {
    const ROOM: f64 = 0.05;
    match (figures.headroom, figures.limited_by_limit) {
        (Ok(headroom), Ok(Limit::Bytes(limit))) => headroom as f64 <= ROOM * limit as f64,
        _ => false,
    }
}

/// Whether it costs time. Without the kernel's own measure, only memory that must be there says so: page cache that is
/// read again and again is what a limit is for.
fn stalls(figures: &Figures, moved: Moved, hits: bool) -> bool {
    if let Ok(psi) = figures.psi {
        return psi.some.avg10 >= HURTS;
    }
    hits && moved.read_back().is_some_and(|pages| pages >= CHURN)
}

/// The next step is the OOM killer: nothing to drop, and no swap to go to.
fn is_out_of_swap(group: &Group, figures: &Figures, at: Duration) -> bool {
    const MOST: f64 = 0.9;
    let full = match (figures.swap_limit, figures.swap) {
        (Ok(Limit::Bytes(limit)), Ok(swap)) => limit > 0 && swap >= limit,
        _ => false,
    };
    let stuck = match (figures.floor, figures.limited_by_limit) {
        (Ok(floor), Ok(Limit::Bytes(limit))) => floor as f64 >= MOST * limit as f64,
        _ => false,
    };
    stuck && (full || group.rose_lately(&group.swap_hits, at))
}

/// How urgent a row is, larger first: 7 killing or standing still, 6 hurting, 5 killed lately, 4 held and stalling a little,
/// 3 unknown, 2 at a limit, 1 nearly there, 0 calm.
pub fn tier(group: &Group) -> u8 {
    let figures = &group.figures;
    let Ok(verdict) = group.verdict else { return u8::from(figures.at_limit) * 2 };
    match verdict.state {
        State::UnderOom => 7,
        State::Oom if verdict.hurts => 7,
        _ if verdict.hurts => 6,
        State::Oom => 5,
        State::Calm => u8::from(is_near_limit(figures)),
        State::Unknown => 3,
        State::SwapFull | State::HostShort | State::Throttled | State::Refused => 4,
        State::AtLimit | State::Thrashing if figures.stalls_a_little() => 4,
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
