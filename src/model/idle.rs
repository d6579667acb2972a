//! Whether anything happens to a row.

use std::time::Duration;

use crate::model::Group;
use crate::model::history::Point;
use crate::model::verdict::State;
use crate::snapshot::Missing;

/// So long nothing must have happened.
const A_WHILE: Duration = Duration::from_secs(60);

/// Less is not worth a look, in bytes.
const LITTLE: u64 = 1 << 20;
/// This part of the usage is not, either.
const SMALL_PART: u64 = 100;
/// Nor is a stall below this, in percent.
const HARDLY: u64 = 1;

impl Group {
    /// Whether it is calm and, for a minute, was not killed from, hit no limit, did not wait for memory, and used about
    /// as much all the time.
    pub fn is_idle(&self, now: Duration) -> bool {
        let calm = match self.verdict {
            Ok(verdict) => verdict.state == State::Calm && !verdict.hurts,
            // Of the past only what happened is known.
            Err(reason) => reason == Missing::NotKept,
        };
        let hit = self.last_hit().is_some_and(|last| now.saturating_sub(last) <= A_WHILE);
        calm && !hit && !self.was_killed_within(A_WHILE, now) && self.stands_still(now)
    }

    fn stands_still(&self, now: Duration) -> bool {
        let lately = || self.history.points().filter(|point| now.saturating_sub(point.at()) <= A_WHILE);
        if lately().any(|point| point.stall() >= HARDLY) {
            return false;
        }
        let usages = lately().filter_map(Point::usage);
        let (least, most) = usages.fold((u64::MAX, 0), |(least, most), usage| (least.min(usage), most.max(usage)));
        most.saturating_sub(least) <= LITTLE.max(most / SMALL_PART)
    }
}
