//! Time in equal parts, and what is known of each.

use std::time::Duration;

use super::Point;

/// The last parts of time up to a moment. They begin at multiples of their length, so that what was looks the same as
/// time goes on.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// How long a part is, in milliseconds.
    length: u64,
    /// The number of the part behind the last one.
    behind: u64,
    parts: usize,
}

impl Axis {
    /// The `parts` up to the one that has `end` in it, all together as long as `span`.
    pub fn new(end: Duration, span: Duration, parts: usize) -> Self {
        let length = (millis(span) / parts.max(1) as u64).max(1);
        Self { length, behind: millis(end) / length + 1, parts }
    }

    /// Where it begins, or the beginning of the clock.
    pub(super) fn beginning(&self) -> Duration {
        Duration::from_millis(self.behind.saturating_sub(self.parts as u64) * self.length)
    }

    /// How long before `now` a part begins. That may be before the clock does.
    pub fn age(&self, part: usize, now: Duration) -> Duration {
        let before_the_end = (self.parts - part.min(self.parts)) as u64 * self.length;
        Duration::from_millis((millis(now) + before_the_end).saturating_sub(self.behind * self.length))
    }

    /// The part that a moment is in.
    pub fn part(&self, at: Duration) -> Option<usize> {
        let part = (self.number(at) + self.parts as u64).checked_sub(self.behind)?;
        (part < self.parts as u64).then_some(part as usize)
    }

    /// The part that a moment is in, or the one on the axis that is the nearest to it; past the end the one behind that.
    fn nearest(&self, number: u64) -> usize {
        ((number + self.parts as u64).saturating_sub(self.behind) as usize).min(self.parts)
    }

    fn number(&self, at: Duration) -> u64 {
        millis(at) / self.length
    }

    /// What `points` tell of each part. A point tells of the time since the one before.
    pub(super) fn slots(&self, points: &[Point]) -> Vec<Slot> {
        let mut slots = vec![Slot::Unknown; self.parts];
        for (at, point) in points.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| points[before].at());
            let over = before.map_or(Duration::ZERO, |before| point.at().saturating_sub(before));
            if let Some(before) = before {
                let behind = self.nearest(self.number(before) + 1);
                let own = self.nearest(self.number(point.at())).max(behind);
                let told =
                    self.nearest(self.number(point.at().saturating_sub(told(points, at))) + 1).clamp(behind, own);
                slots[behind..told].fill(Slot::Gap);
                slots[told..own].fill(Slot::Read { point: point.without_events(), hits: point.hits(), over });
            }
            if let Some(part) = self.part(point.at()) {
                slots[part].take_in(*point, over);
            }
        }
        slots
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

/// Of how much time before it a point tells: all since the one before, unless readings failed. Then the pause is longer
/// than those around it; until there is one behind it, readings may only have become rarer.
fn told(points: &[Point], at: usize) -> Duration {
    let pause = |to: usize| Some(points.get(to)?.at().saturating_sub(points.get(to.checked_sub(1)?)?.at()));
    let before = at.checked_sub(1).and_then(pause).unwrap_or_default();
    let (pause, usual) = (pause(at).unwrap_or_default(), pause(at + 1).map(|after| after.max(before)));
    usual.filter(|usual| 2 * pause > 3 * *usual).unwrap_or(pause)
}

/// What is known of a part of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// It is before the first reading, or after the last.
    Unknown,
    /// Readings failed.
    Gap,
    /// What was read.
    Read {
        /// The figures, and the events that are put down to this part.
        point: Point,
        /// Hits in the time that it is a part of.
        hits: u64,
        /// That time.
        over: Duration,
    },
}

impl Slot {
    fn take_in(&mut self, later: Point, more: Duration) {
        match self {
            Self::Read { point, hits, over } => {
                point.cover(later);
                *hits += later.hits();
                *over += more;
            }
            Self::Unknown | Self::Gap => *self = Self::Read { point: later, hits: later.hits(), over: more },
        }
    }

    /// What was read.
    pub fn point(self) -> Option<Point> {
        match self {
            Self::Read { point, .. } => Some(point),
            Self::Unknown | Self::Gap => None,
        }
    }

    /// Hits a second.
    pub fn hit_rate(self) -> f64 {
        match self {
            Self::Read { hits, over, .. } if !over.is_zero() => hits as f64 / over.as_secs_f64(),
            _ => 0.0,
        }
    }
}
