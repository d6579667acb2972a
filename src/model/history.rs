//! The last minutes of a row, in few bytes.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::model::Figures;
use crate::model::beat::Beat;

/// Points that are kept: four minutes at one a second.
const LENGTH: usize = 240;
const PAGE: u64 = 4096;

/// One reading of a row. Sizes are in pages of 4 KiB, so that a point takes 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    millis: u32,
    usage: Option<NonZeroU32>,
    footprint: u32,
    hits: u16,
    kills: u8,
    stall: u8,
}

impl Point {
    pub(super) fn new(at: Duration, figures: &Figures, hits: u64, kills: u64) -> Self {
        let pages = |bytes: u64| u32::try_from(bytes.div_ceil(PAGE)).unwrap_or(u32::MAX - 1);
        Self {
            millis: u32::try_from(at.as_millis()).unwrap_or(u32::MAX),
            usage: figures.usage.ok().and_then(|bytes| NonZeroU32::new(pages(bytes) + 1)),
            footprint: figures.footprint.map_or(0, pages),
            hits: u16::try_from(hits).unwrap_or(u16::MAX),
            kills: u8::try_from(kills).unwrap_or(u8::MAX),
            stall: figures.psi.map_or(0, |psi| psi.some.avg10.round() as u8),
        }
    }

    /// Makes one of this and a later one: its figures, and the events of both.
    fn take_in(&mut self, later: Self) {
        let (hits, kills) = (self.hits.saturating_add(later.hits), self.kills.saturating_add(later.kills));
        *self = Self { millis: self.millis, hits, kills, ..later };
    }

    /// When it was, on the clock of the snapshots.
    pub fn at(&self) -> Duration {
        Duration::from_millis(u64::from(self.millis))
    }

    /// Usage in bytes, to the page; `None` where it was not told.
    pub fn usage(&self) -> Option<u64> {
        self.usage.map(|pages| u64::from(pages.get() - 1) * PAGE)
    }

    /// Usage and what is in swap, in bytes, to the page.
    pub fn footprint(&self) -> u64 {
        u64::from(self.footprint) * PAGE
    }

    /// Hits of its own and its ancestors' limits since the point before.
    pub fn hits(&self) -> u64 {
        u64::from(self.hits)
    }

    /// OOM kills since the point before.
    pub fn kills(&self) -> u64 {
        u64::from(self.kills)
    }

    /// Share of the time in which some task waited for memory, in percent.
    pub fn stall(&self) -> u64 {
        u64::from(self.stall)
    }
}

/// A point of a sum while it is added up, in pages.
struct Moment {
    millis: u32,
    usage: Option<i64>,
    footprint: i64,
}

impl Moment {
    fn nothing(at: &Point) -> Self {
        Self { millis: at.millis, usage: Some(0), footprint: 0 }
    }

    fn add(&mut self, point: &Point, sign: i64) {
        let pages = |pages: u32| sign * i64::from(pages);
        self.usage = self.usage.zip(point.usage).map(|(sum, usage)| sum + pages(usage.get() - 1));
        self.footprint += pages(point.footprint);
    }
}

impl From<Moment> for Point {
    fn from(moment: Moment) -> Self {
        let pages = |pages: i64| u32::try_from(pages.max(0)).unwrap_or(u32::MAX - 1);
        Self {
            millis: moment.millis,
            usage: moment.usage.and_then(|usage| NonZeroU32::new(pages(usage) + 1)),
            footprint: pages(moment.footprint),
            hits: 0,
            kills: 0,
            stall: 0,
        }
    }
}

/// The last minutes of a row, oldest first. Readings that failed leave gaps in time.
#[derive(Clone, Debug, Default)]
pub struct History {
    points: VecDeque<Point>,
}

impl History {
    /// One point for each regular reading. What is read early goes into the last one: a storm of early readings must not
    /// push out the minutes before.
    pub(super) fn push(&mut self, point: Point, beat: Beat) {
        match (beat, self.points.back_mut()) {
            (Beat::On, _) => self.append(point),
            (Beat::Between | Beat::Beside, Some(last)) => last.take_in(point),
            (Beat::Between | Beat::Beside, None) => {}
        }
    }

    fn append(&mut self, point: Point) {
        if self.points.len() == LENGTH {
            self.points.pop_front();
        } else if self.points.is_empty() {
            // Growing step by step would leave holes in the heap, for each of thousands of rows.
            self.points.reserve_exact(LENGTH);
        }
        self.points.push_back(point);
    }

    /// Keeps nothing but this point, without room for more.
    pub(super) fn push_only(&mut self, point: Point) {
        self.points = VecDeque::from([point]);
    }

    /// With one more point.
    #[must_use]
    pub(super) fn with(mut self, point: Point, beat: Beat) -> Self {
        self.push(point, beat);
        self
    }

    /// Usage and footprint of several rows together, less those of the ones `inside` them. Every row has a point for
    /// each reading since it is there, so counted from the newest one the points of all of them belong together.
    pub(super) fn sum<'a>(
        rows: impl Iterator<Item = &'a Self> + Clone,
        inside: impl Iterator<Item = &'a Self>,
    ) -> Self {
        let newest_first = |history: &'a Self| history.points.iter().rev();
        let longest = rows.clone().max_by_key(|history| history.points.len());
        let mut moments: Vec<Moment> = longest.into_iter().flat_map(newest_first).map(Moment::nothing).collect();
        for (history, sign) in rows.map(|history| (history, 1)).chain(inside.map(|history| (history, -1))) {
            moments.iter_mut().zip(newest_first(history)).for_each(|(moment, point)| moment.add(point, sign));
        }
        Self { points: moments.into_iter().rev().map(Point::from).collect() }
    }

    /// The newest point.
    pub fn last(&self) -> Option<&Point> {
        self.points.back()
    }

    /// Every point, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &Point> + ExactSizeIterator {
        self.points.iter()
    }

    /// `slots` equal parts of the `span` that ends at `now`: in each the largest of `value`, or `None` where nothing was read.
    pub fn slots(
        &self,
        now: Duration,
        span: Duration,
        slots: usize,
        value: impl Fn(&Point) -> Option<u64>,
    ) -> Vec<Option<u64>> {
        let mut largest = vec![None; slots];
        let width = (span.as_millis() / slots.max(1) as u128).max(1);
        for point in self.points.iter().rev() {
            let slot = (now.saturating_sub(point.at()).as_millis() / width) as usize;
            if slot >= slots {
                break;
            }
            let place: &mut Option<u64> = &mut largest[slots - 1 - slot];
            *place = (*place).max(value(point));
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Missing;

    fn push(history: &mut History, millis: u64, hits: u64, beat: Beat) {
        let figures = Figures { usage: Ok(millis * PAGE), ..Figures::missing(Missing::NotRead) };
        history.push(Point::new(Duration::from_millis(millis), &figures, hits, 0), beat);
    }

    #[test]
    fn a_storm_of_early_readings_does_not_shorten_the_history() {
        let mut history = History::default();
        for second in 0..600 {
            push(&mut history, second * 1_000, 1, Beat::On);
            for early in 1..40 {
                push(&mut history, second * 1_000 + early * 25, 1, Beat::Between);
            }
        }
        let first = history.points().next().unwrap().at();
        assert_eq!((history.points().len(), first), (LENGTH, Duration::from_secs(600 - LENGTH as u64)));
        assert!(history.points().all(|point| point.hits() == 40), "no event is lost");
        assert_eq!(history.last().unwrap().usage(), Some(599_975 * PAGE), "the newest figure counts");
    }
}
