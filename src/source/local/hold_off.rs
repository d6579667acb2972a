//! When the next early reading may be made: at once after a quiet time, but a storm of events must cost little.

use std::time::{Duration, Instant};

/// Early readings are at least so far apart: what happens meanwhile is in the next one.
const APART: Duration = Duration::from_millis(20);
/// One part in so many of a processor's time may go into early readings, and into what is made of them.
const SHARE: u32 = 10;
/// So much may be spent ahead: a kill follows the hits before it within milliseconds.
const AHEAD: Duration = Duration::from_millis(50);

/// When the last early reading was, and what they cost.
#[derive(Debug, Default)]
pub(super) struct HoldOff {
    last: Option<Early>,
    /// The processor's time that was spent and not yet made up for by waiting.
    debt: Duration,
}

#[derive(Debug)]
struct Early {
    begun: Instant,
    /// The processor's time that the program had used when it began, until its cost is known: the rest of the program
    /// works on it after it was read.
    used: Option<Duration>,
    /// Until when the waiting has been made up for.
    paid: Instant,
}

impl HoldOff {
    /// An early reading begins at `now`, when the program has `used` so much of the processor's time.
    pub(super) fn begin(&mut self, now: Instant, used: Duration) {
        self.pay(now);
        self.last = Some(Early { begun: now, used: Some(used), paid: now });
    }

    /// Until when to wait before the next one; `None` if it may begin at `now`. To be asked again then.
    pub(super) fn until(&mut self, now: Instant, used: Duration) -> Option<Instant> {
        let last = self.last.as_mut()?;
        let soonest = last.begun + APART;
        if now < soonest {
            return Some(soonest);
        }
        self.debt += last.used.take().map_or(Duration::ZERO, |before| used.saturating_sub(before));
        self.pay(now);
        let over = self.debt.saturating_sub(AHEAD);
        (!over.is_zero()).then(|| now + over * SHARE)
    }

    /// Takes the time that has passed for waiting.
    fn pay(&mut self, now: Instant) {
        let Some(last) = &mut self.last else { return };
        let waited = now.saturating_duration_since(std::mem::replace(&mut last.paid, now));
        self.debt = self.debt.saturating_sub(waited / SHARE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_first_event_after_a_quiet_time_is_read_at_once() {
        let mut hold = HoldOff::default();
        let start = Instant::now();
        assert_eq!(hold.until(start, Duration::ZERO), None);
        hold.begin(start, Duration::ZERO);
        assert_eq!(hold.until(start + 500 * MS, 3 * MS), None);
    }

    #[test]
    fn a_burst_is_one_reading() {
        let mut hold = HoldOff::default();
        let start = Instant::now();
        hold.begin(start, Duration::ZERO);
        assert_eq!(hold.until(start + MS, MS), Some(start + 20 * MS));
        assert_eq!(hold.until(start + 20 * MS, MS), None);
    }

    #[test]
    fn expensive_readings_are_rarer() {
        let mut hold = HoldOff::default();
        let start = Instant::now();
        hold.begin(start, 100 * MS);
        assert_eq!(hold.until(start + 20 * MS, 162 * MS), Some(start + 120 * MS), "62 ms, less 2 for the time since");
        assert_eq!(hold.until(start + 100 * MS, 400 * MS), Some(start + 120 * MS), "regular readings do not count");
        assert_eq!(hold.until(start + 120 * MS, 400 * MS), None);
    }

    #[test]
    fn quiet_times_make_up_for_what_was_spent() {
        let mut hold = HoldOff::default();
        let start = Instant::now();
        for round in 0..10 {
            let (now, used) = (start + round * 1_000 * MS, round * 60 * MS);
            assert_eq!(hold.until(now, used), None, "{round}");
            // The event comes long after that was asked.
            hold.begin(now + 900 * MS, used);
            assert!(hold.until(now + 920 * MS, used + 60 * MS).is_some(), "{round}");
        }
    }

    /// An event every millisecond for ten seconds, at 4 ms each.
    #[test]
    fn a_storm_takes_a_tenth_of_a_processor() {
        let mut hold = HoldOff::default();
        let (start, mut used) = (Instant::now(), Duration::ZERO);
        for millis in 0..10_000 {
            let now = start + millis * MS;
            if hold.until(now, used).is_none() {
                hold.begin(now, used);
                used += 4 * MS;
            }
        }
        assert!((1_000 * MS..1_060 * MS).contains(&used), "{used:?}");
    }
}
