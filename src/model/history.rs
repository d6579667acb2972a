//! The last minutes of a row, in few bytes.
//!
//! Most rows stand still most of the time, so a point is kept as what changed since the one before.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::model::Figures;
use crate::model::beat::Beat;

/// Points that are kept: four minutes at one a second.
const LENGTH: usize = 240;
const PAGE: u64 = 4096;

/// One reading of a row. Sizes are in pages of 4 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    pub fn at(self) -> Duration {
        Duration::from_millis(u64::from(self.millis))
    }

    /// Usage in bytes, to the page; `None` where it was not told.
    pub fn usage(self) -> Option<u64> {
        self.usage.map(|pages| u64::from(pages.get() - 1) * PAGE)
    }

    /// Usage and what is in swap, in bytes, to the page.
    pub fn footprint(self) -> u64 {
        u64::from(self.footprint) * PAGE
    }

    /// Hits of its own and its ancestors' limits since the point before.
    pub fn hits(self) -> u64 {
        u64::from(self.hits)
    }

    /// OOM kills since the point before.
    pub fn kills(self) -> u64 {
        u64::from(self.kills)
    }

    /// Share of the time in which some task waited for memory, in percent.
    pub fn stall(self) -> u64 {
        u64::from(self.stall)
    }
}

/// Points one after the other, each as its difference from the one before.
#[derive(Clone, Debug, Default)]
struct Series {
    bytes: VecDeque<u8>,
    length: usize,
    /// What the oldest one differs from.
    before: Place,
    /// Where the newest one is.
    end: Place,
}

impl Series {
    fn push(&mut self, point: Point) {
        let next = self.end.onward(point);
        self.end.write_way(&next, &mut self.bytes);
        self.end = next;
        self.length += 1;
    }

    fn forget_oldest(&mut self) {
        let mut bytes = self.bytes.iter().copied();
        if let Some(oldest) = self.before.after(&mut bytes) {
            let read = self.bytes.len() - bytes.len();
            self.before = oldest;
            self.bytes.drain(..read);
            self.length -= 1;
        }
    }

    fn iter(&self) -> impl Iterator<Item = Point> {
        let mut bytes = self.bytes.iter().copied();
        let places = std::iter::successors(self.before.after(&mut bytes), move |place| place.after(&mut bytes));
        places.map(|place| place.point)
    }
}

/// A point, and how long after the one before it was: that hardly changes.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    point: Point,
    pause: u32,
}

/// A place in numbers; the fewer of them differ from one to the next, the better.
type Numbers = [u32; 6];

impl Place {
    fn onward(&self, point: Point) -> Self {
        Self { point, pause: point.millis.wrapping_sub(self.point.millis) }
    }

    fn numbers(&self) -> Numbers {
        let Point { usage, footprint, hits, kills, stall, .. } = self.point;
        let usage = usage.map_or(0, NonZeroU32::get);
        // What is in swap besides stands still more often than both together.
        [self.pause, usage, footprint.wrapping_sub(usage), hits.into(), kills.into(), stall.into()]
    }

    /// Writes how `next` differs: which numbers do, a bit each, and by how much.
    fn write_way(&self, next: &Self, bytes: &mut VecDeque<u8>) {
        let (from, to) = (self.numbers(), next.numbers());
        let differences = from.iter().zip(to).map(|(from, to)| to.wrapping_sub(*from).cast_signed());
        let which = differences.clone().rev().fold(0, |which, difference| which << 1 | u8::from(difference != 0));
        bytes.push_back(which);
        differences.filter(|difference| *difference != 0).for_each(|difference| write_number(difference, bytes));
    }

    /// The place that was written after this one.
    fn after(&self, bytes: &mut impl Iterator<Item = u8>) -> Option<Self> {
        let which = bytes.next()?;
        let mut numbers = self.numbers();
        for (at, number) in numbers.iter_mut().enumerate() {
            if which & 1 << at != 0 {
                *number = number.wrapping_add_signed(read_number(bytes)?);
            }
        }
        let [pause, usage, besides, hits, kills, stall] = numbers;
        let point = Point {
            millis: self.point.millis.wrapping_add(pause),
            usage: NonZeroU32::new(usage),
            footprint: usage.wrapping_add(besides),
            hits: hits as u16,
            kills: kills as u8,
            stall: stall as u8,
        };
        Some(Self { point, pause })
    }
}

/// Seven bits a byte, the lowest first, and one that says whether more follow; the sign is the lowest bit of all.
fn write_number(number: i32, bytes: &mut VecDeque<u8>) {
    let mut rest = (number << 1 ^ number >> 31).cast_unsigned();
    while rest > 0x7f {
        bytes.push_back(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push_back(rest as u8);
}

fn read_number(bytes: &mut impl Iterator<Item = u8>) -> Option<i32> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes.next()?;
        number |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
        }
    }
}

/// A point of a sum while it is added up, in pages.
struct Moment {
    millis: u32,
    usage: Option<i64>,
    footprint: i64,
}

impl Moment {
    fn nothing(at: Point) -> Self {
        Self { millis: at.millis, usage: Some(0), footprint: 0 }
    }

    fn add(&mut self, point: Point, sign: i64) {
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
    /// All but the newest point.
    past: Series,
    /// What is read early still changes it.
    newest: Option<Point>,
}

impl History {
    /// One point for each regular reading. What is read early goes into the last one: a storm of early readings must not
    /// push out the minutes before.
    pub(super) fn push(&mut self, point: Point, beat: Beat) {
        match (beat, &mut self.newest) {
            (Beat::On, _) => self.append(point),
            (Beat::Between | Beat::Beside, Some(last)) => last.take_in(point),
            (Beat::Between | Beat::Beside, None) => {}
        }
    }

    fn append(&mut self, point: Point) {
        if let Some(last) = self.newest.replace(point) {
            self.past.push(last);
        }
        if self.past.length == LENGTH {
            self.past.forget_oldest();
        }
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
        let longest = rows.clone().max_by_key(|history| history.length());
        let mut moments: Vec<Moment> = longest.into_iter().flat_map(Self::points).map(Moment::nothing).collect();
        for (history, sign) in rows.map(|history| (history, 1)).chain(inside.map(|history| (history, -1))) {
            let earlier = moments.len().saturating_sub(history.length());
            moments[earlier..].iter_mut().zip(history.points()).for_each(|(moment, point)| moment.add(point, sign));
        }
        moments.into_iter().map(Point::from).collect()
    }

    fn length(&self) -> usize {
        self.past.length + usize::from(self.newest.is_some())
    }

    /// The newest point.
    pub fn last(&self) -> Option<Point> {
        self.newest
    }

    /// Every point, oldest first.
    pub fn points(&self) -> impl Iterator<Item = Point> {
        self.past.iter().chain(self.newest)
    }

    /// `slots` equal parts of the `span` that ends at `now`: in each the largest of `value`, or `None` where nothing was read.
    pub fn slots(
        &self,
        now: Duration,
        span: Duration,
        slots: usize,
        value: impl Fn(Point) -> Option<u64>,
    ) -> Vec<Option<u64>> {
        let mut largest = vec![None; slots];
        let width = (span.as_millis() / slots.max(1) as u128).max(1);
        for point in self.points() {
            let slot = (now.saturating_sub(point.at()).as_millis() / width) as usize;
            if slot < slots {
                let place: &mut Option<u64> = &mut largest[slots - 1 - slot];
                *place = (*place).max(value(point));
            }
        }
        largest
    }
}

impl FromIterator<Point> for History {
    fn from_iter<T: IntoIterator<Item = Point>>(points: T) -> Self {
        points.into_iter().fold(Self::default(), |history, point| history.with(point, Beat::On))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Missing;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn any_point() -> impl Strategy<Value = Point> {
        let figure = || prop_oneof![0..3_u32, any::<u32>(), Just(u32::MAX)];
        (figure(), figure(), figure(), any::<u16>(), any::<u8>(), 0..=100_u8).prop_map(
            |(millis, usage, footprint, hits, kills, stall)| Point {
                millis,
                usage: NonZeroU32::new(usage),
                footprint,
                hits,
                kills,
                stall,
            },
        )
    }

    proptest! {
        #[test]
        fn the_newest_points_come_back_as_they_were(points in vec(any_point(), 0..LENGTH + 20)) {
            let history: History = points.iter().copied().collect();
            prop_assert_eq!(history.points().collect::<Vec<_>>(), &points[points.len().saturating_sub(LENGTH)..]);
            prop_assert_eq!(history.length(), points.len().min(LENGTH));
        }
    }

    #[test]
    fn a_row_that_stands_still_takes_two_bytes_a_point() {
        let mut history = History::default();
        for second in 0..600 {
            let point =
                Point { millis: second * 1_000 + second % 3, usage: NonZeroU32::new(70_000), ..Point::default() };
            history.push(point, Beat::On);
        }
        assert!(history.past.bytes.len() <= 2 * LENGTH, "{}", history.past.bytes.len());
    }

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
        assert_eq!((history.length(), first), (LENGTH, Duration::from_secs(600 - LENGTH as u64)));
        assert!(history.points().all(|point| point.hits() == 40), "no event is lost");
        assert_eq!(history.last().unwrap().usage(), Some(599_975 * PAGE), "the newest figure counts");
    }
}
