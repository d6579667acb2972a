//! How fast a row moves: events, pages and bytes a second, between the last two regular readings.
//!
//! Must not guess: what was not read twice, and what was reset meanwhile, has no rate.

use crate::model::tally::Delta;
use crate::model::{Group, Moved, Tally};
use crate::snapshot::{Kind, Missing, Reading};

impl Group {
    /// Hits of its own limit a second.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn hits_per_second(&self) -> Reading<f64> {
        self.counted_per_second(&self.hits, self.figures.failcnt)
    }

    /// Hits of its ancestors' limits a second, by whomever below them.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn ancestor_hits_per_second(&self) -> Reading<f64> {
        self.counted_per_second(&self.ancestor_hits, self.figures.ancestor_failcnt)
    }

    /// Pages, or what else moved, a second.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn moved_per_second(&self, of: fn(&Moved) -> Reading) -> Reading<f64> {
        let moved = self.known_to_move()?;
        moved.per_second(of(moved)?).ok_or(Missing::OneReading)
    }

    /// Growth of usage in bytes a second; negative where it shrinks.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn growth(&self) -> Reading<f64> {
        self.known_to_move()?.growth
    }

    fn counted_per_second(&self, tally: &Tally, counter: Reading) -> Reading<f64> {
        let moved = self.known_to_move()?;
        counter?;
        match tally.delta() {
            Some(Delta::Up(events)) => moved.per_second(events).ok_or(Missing::OneReading),
            Some(Delta::First | Delta::Reset) | None => Err(Missing::OneReading),
        }
    }

    fn known_to_move(&self) -> Reading<&Moved> {
        match (self.identity.kind, self.verdict) {
            (Kind::Sum, _) => Err(Missing::NotSummed),
            (_, Err(Missing::NotKept)) => Err(Missing::NotKept),
            _ => self.moved.as_ref().ok_or(Missing::OneReading),
        }
    }
}
