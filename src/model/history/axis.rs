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

    /// Where a part begins.
    pub fn beginning(&self, part: usize) -> Duration {
        Duration::from_millis((self.behind + part as u64).saturating_sub(self.parts as u64) * self.length)
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

    /// What `points` tell of each part.
    pub(super) fn slots(&self, points: &[Point]) -> Vec<Slot> {
        let mut slots = vec![Slot::Unknown; self.parts];
        for (at, point) in points.iter().enumerate() {
            if let Some(part) = self.part(point.at()) {
                slots[part].take_in(*point);
            }
            let behind = self.nearest(self.number(point.at()) + 1);
            let next = points.get(at + 1).map_or(behind, |next| self.nearest(self.number(next.at())).max(behind));
            let held = self.nearest(self.number(point.at() + hold(points, at))).clamp(behind, next);
            slots[behind..held].fill(Slot::Read(point.without_events()));
            slots[held..next].fill(Slot::Gap);
        }
        slots
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

/// For how long a point holds: until the next one, unless readings failed. Then the pause behind it is longer than the
/// one before, and than the one after; until there is one after, readings may only have become rarer.
fn hold(points: &[Point], at: usize) -> Duration {
    let pause = |from: usize| Some(points.get(from + 1)?.at().saturating_sub(points.get(from)?.at()));
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
    /// What was read, or still held from before.
    Read(Point),
}

impl Slot {
    fn take_in(&mut self, point: Point) {
        match self {
            Self::Read(known) => known.cover(point),
            Self::Unknown | Self::Gap => *self = Self::Read(point),
        }
    }

    /// What was read.
    pub fn point(self) -> Option<Point> {
        match self {
            Self::Read(point) => Some(point),
            Self::Unknown | Self::Gap => None,
        }
    }
}
