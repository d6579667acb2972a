//! A counter of the kernel, watched: how much it rose, since when, and when last.

use std::time::Duration;

use crate::model::beat::Beat;
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

impl Delta {
    fn rise(self) -> u64 {
        match self {
            Self::Up(by) => by,
            Self::First | Self::Reset => 0,
        }
    }

    /// Both together, one after the other.
    fn and(self, next: Self) -> Self {
        match (self, next) {
            (Self::Up(by), Self::Up(more)) => Self::Up(by + more),
            (earlier, Self::Up(0)) => earlier,
            (_, next) => next,
        }
    }
}

/// A counter and what was seen of it since memcgtop watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    before: Option<u64>,
    /// Since the regular reading before.
    delta: Option<Delta>,
    /// Since the last regular reading, by early ones.
    meanwhile: Option<Delta>,
    /// How much it rose since memcgtop watches.
    pub since_attach: u64,
    /// When it last rose, on the clock of the snapshots.
    pub last: Option<Duration>,
}

impl Tally {
    /// Takes in a reading; one that is missing leaves a gap. By how much it rose since the one before it.
    pub(super) fn count(&mut self, reading: Reading, at: Duration, beat: Beat) -> u64 {
        let Ok(now) = reading else {
            self.delta = None;
            self.meanwhile = None;
            return 0;
        };
        let step = match self.before.replace(now) {
            None => Delta::First,
            Some(before) => now.checked_sub(before).map_or(Delta::Reset, Delta::Up),
        };
        let after = |earlier: Option<Delta>| Some(earlier.map_or(step, |earlier| earlier.and(step)));
        if beat == Beat::On {
            self.delta = after(self.meanwhile.take());
        } else {
            self.delta = after(self.delta);
            self.meanwhile = after(self.meanwhile);
        }
        let rise = step.rise();
        if rise > 0 {
            self.since_attach += rise;
            self.last = Some(at);
        }
        rise
    }

    /// Goes on from another count: other cgroups make up the row from now on.
    pub(super) fn rebase(&mut self, reading: Reading) {
        self.before = reading.ok();
        self.delta = None;
        self.meanwhile = None;
    }

    /// Whether it was never read.
    pub(super) fn is_untouched(&self) -> bool {
        self.before.is_none()
    }

    /// The counter of a cgroup that was made while memcgtop watched: it began at zero.
    pub(super) fn at_zero(self) -> Self {
        Self { before: Some(0), ..self }
    }

    /// What was seen of a counter that is gone; the next one begins anew.
    pub(super) fn of_another(seen: u64, last: Option<Duration>) -> Self {
        Self { since_attach: seen, last, ..Self::default() }
    }

    /// What was seen of `whole` goes to a part of it, as much as its counter holds.
    pub(super) fn take_from(&mut self, whole: &mut Self, counter: Reading) {
        let taken = counter.unwrap_or(0).min(whole.since_attach);
        if taken > 0 {
            self.add(Self::of_another(taken, whole.last));
            whole.since_attach -= taken;
            whole.last = whole.last.filter(|_| whole.since_attach > 0);
        }
    }

    /// What was seen of a part counts for the whole.
    pub(super) fn add(&mut self, part: Self) {
        self.since_attach += part.since_attach;
        self.last = self.last.max(part.last);
    }

    /// What several rows saw, together. Their totals are not compared, so that one which comes or goes is no event.
    pub(super) fn sum(tallies: impl Iterator<Item = Self>) -> Self {
        tallies.fold(Self::default(), |sum, tally| Self {
            before: None,
            delta: Some(Delta::Up(sum.new() + tally.new())),
            meanwhile: None,
            since_attach: sum.since_attach + tally.since_attach,
            last: sum.last.max(tally.last),
        })
    }

    /// How it moved since the regular reading before; `None` if the last reading was missing.
    pub fn delta(&self) -> Option<Delta> {
        self.delta
    }

    /// How much it rose since the regular reading before.
    #[expect(clippy::new_ret_no_self, reason = "new events, not a constructor")]
    pub fn new(&self) -> u64 {
        self.delta.map_or(0, Delta::rise)
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
        tally.count(Ok(1), Duration::ZERO, Beat::On);
        tally.rebase(Ok(7));
        tally.count(Ok(8), Duration::ZERO, Beat::On);
        assert_eq!((tally.new(), tally.since_attach), (1, 1));
    }

    #[test]
    fn a_counter_that_goes_backwards_was_reset() {
        let mut tally = Tally::default();
        let second = Duration::from_secs(1);
        tally.count(Ok(100), second, Beat::On);
        assert_eq!((tally.delta(), tally.since_attach, tally.last), (Some(Delta::First), 0, None));
        tally.count(Ok(105), 2 * second, Beat::On);
        assert_eq!((tally.new(), tally.since_attach, tally.last), (5, 5, Some(2 * second)));
        tally.count(Ok(3), 3 * second, Beat::On);
        assert_eq!((tally.delta(), tally.since_attach), (Some(Delta::Reset), 5));
        tally.count(Err(Missing::Unreadable), 4 * second, Beat::On);
        assert_eq!(tally.delta(), None);
        tally.count(Ok(4), 5 * second, Beat::On);
        assert_eq!((tally.new(), tally.since_attach), (1, 6));
    }

    #[test]
    fn early_readings_prolong_the_last_regular_one() {
        let mut tally = Tally::default();
        let at = Duration::from_secs;
        tally.count(Ok(0), at(1), Beat::On);
        tally.count(Ok(3), at(2), Beat::On);
        assert_eq!(tally.count(Ok(5), at(3), Beat::Between), 2);
        assert_eq!((tally.new(), tally.last), (5, Some(at(3))));
        assert_eq!(tally.count(Ok(5), at(4), Beat::Beside), 0);
        assert_eq!(tally.count(Ok(6), at(5), Beat::On), 1);
        assert_eq!((tally.new(), tally.since_attach), (3, 6), "the window begins with the regular reading before");
        tally.count(Ok(6), at(6), Beat::On);
        assert_eq!((tally.new(), tally.last), (0, Some(at(5))));
    }
}
