//! Whether anything happens to a row.

use std::time::Duration;

use crate::model::Group;
use crate::model::history::Point;
use crate::model::verdict::State;

/// So long nothing must have happened.
const A_WHILE: Duration = Duration::from_secs(60);

/// Less is not worth a look, in bytes.
const LITTLE: u64 = 1 << 20;
/// This part of the usage is not, either.
const SMALL_PART: u64 = 100;
/// Nor is a stall below this, in percent.
const HARDLY: f64 = 1.0;

impl Group {
    /// Whether it is calm and, for a minute, was not killed from, hit no limit, did not wait for memory, and used about
    /// as much all the time.
    pub fn is_idle(&self, now: Duration) -> bool {
        let calm = self.verdict.is_ok_and(|verdict| verdict.state == State::Calm && !verdict.hurts);
        let hit = self.last_hit().is_some_and(|last| now.saturating_sub(last) <= A_WHILE);
        let waits = self.figures.psi.is_ok_and(|psi| psi.some.avg60 >= HARDLY);
        calm && !hit && !waits && !self.was_killed_within(A_WHILE, now) && self.stands_still(now)
    }

    fn stands_still(&self, now: Duration) -> bool {
        let lately = self.history.points().filter(|point| now.saturating_sub(point.at()) <= A_WHILE);
        let usages = lately.filter_map(Point::usage);
        let (least, most) = usages.fold((u64::MAX, 0), |(least, most), usage| (least.min(usage), most.max(usage)));
        most.saturating_sub(least) <= LITTLE.max(most / SMALL_PART)
    }
}
