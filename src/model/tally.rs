//! A counter of the kernel, watched: how much it rose, since when, and when last.

use std::time::Duration;

use crate::snapshot::Reading;

/// How a counter moved between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delta {
    /// There is nothing to compare with.
    First,
    /// It went backwards: somebody reset it. What was counted meanwhile is unknown.
    Reset,
    /// It rose by so much, or not at all.
    Up(u64),
}

/// A counter and what was seen of it since memcgtop watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    before: Option<u64>,
    delta: Option<Delta>,
    /// How much it rose since memcgtop watches.
    pub since_attach: u64,
    /// When it last rose, on the clock of the snapshots.
    pub last: Option<Duration>,
}

impl Tally {
    /// Takes in a reading; one that is missing leaves a gap.
    pub(super) fn count(&mut self, reading: Reading, at: Duration) {
        let Ok(now) = reading else {
            self.delta = None;
            return;
        };
        let delta = match self.before {
            None => Delta::First,
            Some(before) => now.checked_sub(before).map_or(Delta::Reset, Delta::Up),
        };
        if let Delta::Up(by @ 1..) = delta {
            self.since_attach += by;
            self.last = Some(at);
        }
        self.before = Some(now);
        self.delta = Some(delta);
    }

    /// Goes on from another count: other cgroups make up the row from now on.
    pub(super) fn rebase(&mut self, reading: Reading) {
        self.before = reading.ok();
        self.delta = None;
    }

    /// Whether it was never read.
    pub(super) fn is_untouched(&self) -> bool {
        self.before.is_none()
    }

    /// The counter of a cgroup that was made while memcgtop watched: it began at zero.
    pub(super) fn at_zero(self) -> Self {
        Self { before: Some(0), ..self }
    }

    /// What a successor takes over: what was seen, but not the counter itself, which begins anew.
    pub(super) fn carried_over(self) -> Self {
        Self { before: None, delta: None, ..self }
    }

    /// What several rows saw, together. Their totals are not compared, so that one which comes or goes is no event.
    pub(super) fn sum(tallies: impl Iterator<Item = Self>) -> Self {
        tallies.fold(Self::default(), |sum, tally| Self {
            before: None,
            delta: Some(Delta::Up(sum.new() + tally.new())),
            since_attach: sum.since_attach + tally.since_attach,
            last: sum.last.max(tally.last),
        })
    }

    /// How it moved at the last reading; `None` if the reading was missing.
    pub fn delta(&self) -> Option<Delta> {
        self.delta
    }

    /// How much it rose at the last reading.
    #[expect(clippy::new_ret_no_self, reason = "new events, not a constructor")]
    pub fn new(&self) -> u64 {
        match self.delta {
            Some(Delta::Up(by)) => by,
            _ => 0,
        }
    }

    /// Whether it rose within `window` before `now`.
    pub fn rose_within(&self, window: Duration, now: Duration) -> bool {
        self.last.is_some_and(|last| now.saturating_sub(last) <= window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Missing;

    #[test]
    fn counting_other_cgroups_is_no_event() {
        let mut tally = Tally::default();
        tally.count(Ok(1), Duration::ZERO);
        tally.rebase(Ok(7));
        tally.count(Ok(8), Duration::ZERO);
        assert_eq!((tally.new(), tally.since_attach), (1, 1));
    }

    #[test]
    fn a_counter_that_goes_backwards_was_reset() {
        let mut tally = Tally::default();
        let second = Duration::from_secs(1);
        tally.count(Ok(100), second);
        assert_eq!((tally.delta(), tally.since_attach, tally.last), (Some(Delta::First), 0, None));
        tally.count(Ok(105), 2 * second);
        assert_eq!((tally.new(), tally.since_attach, tally.last), (5, 5, Some(2 * second)));
        tally.count(Ok(3), 3 * second);
        assert_eq!((tally.delta(), tally.since_attach), (Some(Delta::Reset), 5));
        tally.count(Err(Missing::Unreadable), 4 * second);
        assert_eq!(tally.delta(), None);
        tally.count(Ok(4), 5 * second);
        assert_eq!((tally.new(), tally.since_attach), (1, 6));
    }
}
