//! What is worth reading of a cgroup: two counters always, the rest where these moved or something is about to happen.
//!
//! What is not read has the value that it had: with the same usage to the byte and without an event, as far as that
//! holds. Must not read anything.

use std::time::{Duration, Instant};

use crate::kernel::file::Pace;
use crate::snapshot::{Host, Memory, Missing, Reading};
use crate::units::Limit;

/// From this part of its limit on, in percent, whatever happens to a cgroup happens soon.
const NEAR: u64 = 90;

/// Whatever is read of a cgroup is read again after this at the latest.
const AGE: Duration = Duration::from_secs(60);
/// Where readings are this far apart or nearer, everything is read in so many turns.
const MOST_TURNS: u128 = 300;

/// How many readings it takes until everything was read again, a part of the cgroups at each.
pub(super) fn turns(interval: Duration) -> usize {
    (AGE.as_millis() / interval.as_millis().max(1)).clamp(1, MOST_TURNS) as usize
}

/// Whether everything was read so lately that its turn can be waited for. That may be skipped where cgroups come and go.
pub(super) fn is_fresh(complete: Option<Instant>, now: Instant) -> bool {
    complete.is_some_and(|complete| now.saturating_duration_since(complete) < 2 * AGE)
}

/// Whether a file is read at every reading of a cgroup of which so much is known, or nearly.
pub(super) fn is_read_each_time(pace: Pace, memory: &Memory) -> bool {
    pace.is_always_read() && (pace != Pace::Limited || matches!(memory.limit, Ok(Limit::Bytes(_))))
}

/// How much of a cgroup is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// What says whether it moved.
    Signs,
    /// Also what somebody who looks at it sees first: what it is made of, and its limits.
    WhatShows,
    /// What moves.
    WhatMoves,
    /// Everything.
    Everything,
}

/// What the host's own figures ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tension {
    /// A process was killed somewhere, or the kernel does not count that.
    somebody_was_killed: bool,
    /// The host reclaims, from whomever.
    reclaims: bool,
}

impl Tension {
    /// From what the host said at the reading before and says now.
    pub(super) fn between(before: Option<&Host>, now: &Host) -> Self {
        let rose = |figure: fn(&Host) -> Reading| match (before.map(figure), figure(now)) {
            (Some(Ok(before)), Ok(now)) => now > before,
            _ => true,
        };
        Self {
            somebody_was_killed: rose(|host| host.oom_kill),
            reclaims: rose(|host| host.allocstall) || rose(|host| host.pgscan_kswapd),
        }
    }
}

impl Due {
    /// Whether a file is read before it is known how much is due; `before` was read the last time.
    pub(super) fn is_sign(pace: Pace, before: &Memory, tension: Tension) -> bool {
        let is_limited = !matches!(before.limit, Ok(Limit::Unlimited));
        match pace {
            Pace::Every | Pace::Told => true,
            Pace::Limited => is_limited || before.events.failcnt == Err(Missing::NotRead),
            Pace::Killed => tension.somebody_was_killed,
            Pace::Moved | Pace::Slow => false,
        }
    }

    /// How much is due after all, as the signs are `now`.
    pub(super) fn after(self, before: &Memory, now: &Memory, tension: Tension) -> Self {
        let moved = before.usage != now.usage || before.events != now.events || before.under_oom != now.under_oom;
        let lasts = now.psi.is_ok_and(|psi| psi.some.avg10 > 0.0) || now.under_oom == Ok(true);
        match self {
            Self::Signs | Self::WhatShows if moved || lasts || tension.reclaims || is_near(now) => Self::WhatMoves,
            due => due,
        }
    }

    /// Whether that includes a file.
    pub(super) fn includes(self, pace: Pace) -> bool {
        match self {
            Self::Signs => false,
            Self::WhatShows => pace == Pace::Moved,
            Self::WhatMoves => pace != Pace::Slow,
            Self::Everything => true,
        }
    }
}

fn is_near(memory: &Memory) -> bool {
    matches!((memory.usage, memory.limit), (Ok(usage), Ok(Limit::Bytes(limit))) if usage / NEAR >= limit / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::hierarchy::Version;

    fn memory() -> Memory {
        Memory { usage: Ok(50 << 20), limit: Ok(Limit::Bytes(100 << 20)), ..Version::V1.blank() }
    }

    #[test]
    fn what_stands_still_is_left_alone() {
        let (memory, calm) = (memory(), Tension::default());
        assert_eq!(Due::Signs.after(&memory, &memory, calm), Due::Signs);
        assert_eq!(Due::Everything.after(&memory, &memory, calm), Due::Everything);
    }

    #[test]
    fn what_moves_is_near_its_limit_stands_still_there_or_is_taken_from_is_read() {
        let (before, calm) = (memory(), Tension::default());
        let mut moved = before;
        moved.usage = Ok((50 << 20) + 4096);
        let mut hit = before;
        hit.events.failcnt = Ok(1);
        let mut near = before;
        near.usage = Ok(90 << 20);
        let mut stopped = before;
        stopped.under_oom = Ok(true);
        assert_eq!(Due::Signs.after(&before, &moved, calm), Due::WhatMoves);
        assert_eq!(Due::Signs.after(&before, &hit, calm), Due::WhatMoves);
        assert_eq!(Due::Signs.after(&near, &near, calm), Due::WhatMoves);
        assert_eq!(Due::Signs.after(&stopped, &stopped, calm), Due::WhatMoves);
        let reclaims = Tension { reclaims: true, ..calm };
        assert_eq!(Due::Signs.after(&before, &before, reclaims), Due::WhatMoves);
    }

    #[test]
    fn a_counter_of_hits_is_read_where_there_is_a_limit_or_nobody_has_read_it() {
        let calm = Tension::default();
        let sign = |memory: &Memory| Due::is_sign(Pace::Limited, memory, calm);
        let unlimited = Memory { limit: Ok(Limit::Unlimited), ..memory() };
        assert!(sign(&memory()) && sign(&unlimited));
        let mut known = unlimited;
        known.events.failcnt = Ok(0);
        assert!(!sign(&known));
    }
}
