//! The past of a row: its last minutes at every reading, and its last hour in stretches of ten seconds.

mod axis;
mod point;
mod series;

use std::time::Duration;

use crate::model::beat::Beat;
pub use axis::{Axis, Slot};
pub use point::Point;
use point::{Moment, STRETCH};
use series::Series;

/// Readings that are kept: four minutes at one a second.
const READINGS: usize = 240;
/// Stretches that are kept: an hour, or more where readings are further apart than a stretch is long.
const STRETCHES: usize = 360;

/// The newest points of their kind, oldest first.
#[derive(Clone, Debug, Default)]
struct Track {
    /// All but the newest.
    past: Series,
    /// What is read early still changes it.
    newest: Option<Point>,
}

impl Track {
    /// Adds a point, so that there are `most` at most.
    fn append(&mut self, point: Point, most: usize) {
        if let Some(last) = self.newest.replace(point) {
            self.past.push(last);
        }
        if self.past.length == most {
            self.past.forget_oldest();
        }
    }

    /// Adds later points. A stretch that both have a part of becomes one.
    fn extend(&mut self, later: &Self, most: usize) {
        for point in later.points() {
            match &mut self.newest {
                Some(last) if point.millis == last.millis => last.cover(point),
                _ => self.append(point, most),
            }
        }
    }

    fn until(&self, moment: Duration) -> Self {
        if self.newest.is_none_or(|newest| newest.at() <= moment) {
            return self.clone();
        }
        let (past, newest) = self.past.until(moment);
        Self { past, newest }
    }

    fn length(&self) -> usize {
        self.past.length + usize::from(self.newest.is_some())
    }

    fn points(&self) -> impl Iterator<Item = Point> {
        self.past.iter().chain(self.newest)
    }
}

/// The past of a row, oldest first. Readings that failed leave gaps in time.
#[derive(Clone, Debug, Default)]
pub struct History {
    readings: Track,
    stretches: Track,
}

impl History {
    /// One point for each regular reading. What is read early goes into the last one: a storm of early readings must not
    /// push out the minutes before.
    pub(super) fn push(&mut self, point: Point, beat: Beat) {
        match (beat, &mut self.stretches.newest) {
            (Beat::On, Some(stretch)) if point.is_in_the_stretch_of(*stretch) => stretch.cover(point),
            (Beat::On, _) => self.stretches.append(point.at_the_end_of_its_stretch(), STRETCHES),
            (Beat::Between | Beat::Beside, stretch) => stretch.iter_mut().for_each(|stretch| stretch.cover(point)),
        }
        match beat {
            Beat::On => self.readings.append(point, READINGS),
            Beat::Between | Beat::Beside => self.readings.newest.iter_mut().for_each(|last| last.take_in(point)),
        }
    }

    /// With one more point.
    #[must_use]
    pub(super) fn with(mut self, point: Point, beat: Beat) -> Self {
        self.push(point, beat);
        self
    }

    /// Usage and footprint of several rows together, less those of the ones `inside` them, as far back as all of them
    /// are kept. Points of one reading have the same moment.
    pub(super) fn sum<'a>(
        rows: impl Iterator<Item = &'a Self> + Clone,
        inside: impl Iterator<Item = &'a Self>,
    ) -> Self {
        let full = rows.clone().filter(|history| history.length() == READINGS);
        let from = full.filter_map(|history| history.points().next()).map(|oldest| oldest.millis).max().unwrap_or(0);
        let signed = rows.map(|history| (history, 1)).chain(inside.map(|history| (history, -1)));
        let mut points: Vec<(Point, i64)> =
            signed.flat_map(|(history, sign)| history.points().map(move |point| (point, sign))).collect();
        points.retain(|(point, _)| point.millis >= from);
        points.sort_by_key(|(point, _)| point.millis);
        points.chunk_by(|(one, _), (other, _)| one.millis == other.millis).map(Moment::sum).map(Point::from).collect()
    }

    /// This one, and then what came later.
    #[must_use]
    pub(super) fn followed_by(mut self, later: &Self) -> Self {
        self.readings.extend(&later.readings, READINGS);
        self.stretches.extend(&later.stretches, STRETCHES);
        self
    }

    fn length(&self) -> usize {
        self.readings.length()
    }

    /// The newest reading.
    pub fn last(&self) -> Option<Point> {
        self.readings.newest
    }

    /// When the oldest reading was that anything is known of, or the end of its stretch.
    pub fn oldest(&self) -> Option<Duration> {
        self.hour().next().map(Point::at)
    }

    /// The same up to a moment. Stretches that go on behind it are left out: their readings are kept.
    #[must_use]
    pub(super) fn until(&self, moment: Duration) -> Self {
        Self { readings: self.readings.until(moment), stretches: self.stretches.until(moment) }
    }

    /// The newest reading, or end of a stretch, with something about it.
    pub(super) fn last_with(&self, is_so: impl Fn(Point) -> bool) -> Option<Duration> {
        self.hour().filter(|point| is_so(*point)).last().map(Point::at)
    }

    /// Every reading of the last minutes.
    pub fn points(&self) -> impl Iterator<Item = Point> {
        self.readings.points()
    }

    /// The last hour: stretches, and readings from where on all of them are still kept.
    fn hour(&self) -> impl Iterator<Item = Point> {
        let oldest = |track: &Track| track.points().next().map(|point| point.millis);
        let reach = oldest(&self.readings).unwrap_or(0);
        let from = match (oldest(&self.stretches), self.stretches.newest) {
            // Where the past ends within a stretch, that one is left out.
            (Some(first), Some(last)) if first < reach => reach.next_multiple_of(STRETCH).min(last.millis + 1),
            // Without anything older the readings are all there is.
            _ => 0,
        };
        let older = self.stretches.points().take_while(move |stretch| stretch.millis < from);
        older.chain(self.readings.points().skip_while(move |reading| reading.millis < from))
    }

    /// What there is to tell of the time from `from` on, and maybe of some time before.
    fn since(&self, from: Duration) -> Vec<Point> {
        match self.points().next() {
            Some(first) if first.at() <= from => self.points().collect(),
            _ => self.hour().collect(),
        }
    }

    /// What is known of each part of an axis.
    pub fn slots(&self, axis: &Axis) -> Vec<Slot> {
        axis.slots(&self.since(axis.beginning()))
    }
}

impl FromIterator<Point> for History {
    fn from_iter<T: IntoIterator<Item = Point>>(points: T) -> Self {
        points.into_iter().fold(Self::default(), |history, point| history.with(point, Beat::On))
    }
}

#[cfg(test)]
mod tests {
    use super::point::PAGE;
    use super::*;
    use crate::model::Figures;
    use crate::snapshot::Missing;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::num::NonZeroU32;

    fn any_point() -> impl Strategy<Value = Point> {
        let figure = || prop_oneof![0..3_u32, any::<u32>(), Just(u32::MAX)];
        (figure(), figure(), figure(), figure(), any::<u16>(), any::<u8>(), 0..=100_u8).prop_map(
            |(millis, usage, dip, footprint, hits, kills, stall)| Point {
                millis,
                usage: NonZeroU32::new(usage),
                dip,
                footprint,
                hits,
                kills,
                stall,
            },
        )
    }

    /// Readings one after the other, some of them late or missing, of a row that moves.
    fn any_readings() -> impl Strategy<Value = Vec<Point>> {
        let reading = (prop_oneof![8 => 900..1_100_u32, 1 => 5_000..90_000_u32], 0..5_000_u32, 0..3_u16, 0..2_u8);
        vec(reading, 1..1_000).prop_map(|readings| {
            let mut millis = 0;
            let point = |(pause, usage, hits, kills)| {
                millis += pause;
                Point { millis, usage: NonZeroU32::new(usage), footprint: usage, hits, kills, ..Point::default() }
            };
            readings.into_iter().map(point).collect()
        })
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    proptest! {
        #[test]
        fn the_newest_points_come_back_as_they_were(points in vec(any_point(), 0..READINGS + 20)) {
            let history: History = points.iter().copied().collect();
            prop_assert_eq!(history.points().collect::<Vec<_>>(), &points[points.len().saturating_sub(READINGS)..]);
            prop_assert_eq!(history.length(), points.len().min(READINGS));
        }

        #[test]
        fn the_past_until_a_moment_is_what_was_known_then(readings in any_readings(), at in any::<prop::sample::Index>()) {
            let kept = |readings: &[Point]| readings.iter().copied().collect::<History>();
            let history = kept(&readings);
            let moment = history.points().nth(at.index(history.length())).unwrap().at();
            let now = readings.iter().position(|reading| reading.at() == moment).unwrap();
            let (past, then) = (history.until(moment), kept(&readings[..=now]));
            prop_assert_eq!(past.last(), then.last());
            let oldest = past.points().next().unwrap().at();
            let lately: Vec<_> = then.points().filter(|point| point.at() >= oldest).collect();
            prop_assert_eq!(past.points().collect::<Vec<_>>(), lately);
            let hour: Vec<_> = past.hour().collect();
            prop_assert!(hour.is_sorted_by(|a, b| a.at() < b.at()) && hour.last() == past.last().as_ref());
            // Everything that is kept is told: once from the stretches, and once from the readings.
            let whole: Vec<_> = history.hour().filter(|point| point.at() <= moment).collect();
            let sum = |points: &[Point]| points.iter().map(|point| point.hits()).sum::<u64>();
            prop_assert!(sum(&hour) >= sum(&whole), "{:?} {:?}", hour, whole);
        }

        #[test]
        fn no_event_and_no_extreme_of_the_last_hour_is_lost(readings in any_readings()) {
            let history: History = readings.iter().copied().collect();
            let hour: Vec<_> = history.hour().collect();
            let first = hour[0];
            let is_kept = |reading: &&Point| reading.at() >= first.at() || reading.is_in_the_stretch_of(first);
            let only_readings = Some(first) == history.points().next();
            let kept: Vec<_> =
                readings.iter().filter(|r| if only_readings { r.at() >= first.at() } else { is_kept(r) }).collect();
            prop_assert!(hour.is_sorted_by_key(|point| point.at()));
            prop_assert!(only_readings || first.at() < history.points().next().unwrap().at());
            prop_assert_eq!(hour.iter().map(|p| p.hits()).sum::<u64>(), kept.iter().map(|p| p.hits()).sum::<u64>());
            prop_assert_eq!(hour.iter().map(|p| p.kills()).sum::<u64>(), kept.iter().map(|p| p.kills()).sum::<u64>());
            prop_assert_eq!(
                hour.iter().filter_map(|p| p.least_usage()).min(),
                kept.iter().filter_map(|p| p.usage()).min()
            );
            prop_assert_eq!(hour.iter().map(|p| p.usage()).max(), kept.iter().map(|p| p.usage()).max());
        }

        #[test]
        fn what_is_drawn_is_what_was_read(readings in any_readings(), slots in 1..200_usize, span in 1..4_000_u64) {
            let history: History = readings.iter().copied().collect();
            let end = history.last().unwrap().at();
            let drawn = history.slots(&Axis::new(end, seconds(span), slots));
            prop_assert_eq!(drawn.len(), slots);
            prop_assert!(matches!(drawn[slots - 1], Slot::Read { .. }), "the newest reading is the last");
            let known = drawn.iter().skip_while(|slot| **slot == Slot::Unknown);
            prop_assert!(known.clone().all(|slot| *slot != Slot::Unknown), "a hole between readings is a gap");
            let drawn_hits: u64 = known.filter_map(|slot| slot.point()).map(Point::hits).sum();
            prop_assert!(drawn_hits <= readings.iter().map(|reading| reading.hits()).sum());
        }
    }

    /// A row that stands still, read once a second.
    fn still(seconds: u32) -> History {
        let point =
            |second| Point { millis: second * 1_000 + second % 3, usage: NonZeroU32::new(70_000), ..Point::default() };
        (0..seconds).map(point).collect()
    }

    #[test]
    fn a_row_that_stands_still_takes_two_bytes_a_point() {
        let history = still(4_000);
        let [minutes, hour] = [&history.readings, &history.stretches].map(|track| track.past.bytes.len());
        assert!(minutes <= 2 * READINGS && hour <= 2 * STRETCHES, "{minutes} {hour}");
    }

    #[test]
    fn an_hour_is_kept_and_no_more() {
        let history = still(10_000);
        let hour: Vec<_> = history.hour().collect();
        assert_eq!(hour[0].at().as_secs(), 10_000 - 3_600 + 9, "the end of the first stretch");
        assert_eq!(hour.len(), STRETCHES - 23 + READINGS - 10, "readings from where all of a stretch are there");
    }

    #[test]
    fn a_row_that_is_new_has_every_reading() {
        assert_eq!(still(7).hour().collect::<Vec<_>>(), still(7).points().collect::<Vec<_>>());
    }

    /// Readings at these seconds, with a hit each.
    fn read_at(seconds: impl Iterator<Item = u64>) -> History {
        let mut history = History::default();
        seconds.for_each(|second| push(&mut history, second * 1_000, 1, Beat::On));
        history
    }

    #[test]
    fn readings_that_fail_leave_a_gap_near_and_far() {
        let history = read_at((0..1_000).filter(|second| !(100..130).contains(second) && !(900..905).contains(second)));
        let gaps = |end: u64, span: u64, slots: usize| {
            let drawn = history.slots(&Axis::new(seconds(end), seconds(span), slots));
            drawn.iter().filter(|slot| **slot == Slot::Gap).count()
        };
        assert_eq!(gaps(999, 240, 240), 5);
        assert_eq!(gaps(999, 1_000, 100), 3, "a gap shorter than a stretch is not seen from afar");
        assert_eq!(gaps(199, 150, 150), 30);
    }

    #[test]
    fn readings_far_apart_or_changing_their_pace_leave_none() {
        let history = read_at((0..60).chain((60..1_200).step_by(10)).chain(1_200..1_300));
        for (span, slots) in [(1_300, 650), (240, 240), (1_000, 30)] {
            let drawn = history.slots(&Axis::new(seconds(1_299), seconds(span), slots));
            assert!(!drawn.contains(&Slot::Gap), "{span} {slots}");
        }
    }

    #[test]
    fn an_event_is_drawn_once() {
        let history = read_at((0..600).step_by(10));
        let drawn = history.slots(&Axis::new(seconds(590), seconds(600), 300));
        assert_eq!(drawn.iter().filter_map(|slot| slot.point()).map(Point::hits).sum::<u64>(), 60);
    }

    #[test]
    fn hits_a_second_do_not_depend_on_how_time_is_cut() {
        let history = read_at(0..1_200);
        for (span, slots) in [(1_200, 37), (1_200, 60), (240, 111), (900, 183), (60, 60)] {
            let drawn = history.slots(&Axis::new(seconds(1_199), seconds(span), slots));
            let rates = drawn.iter().filter(|slot| slot.point().is_some_and(|point| point.hits() > 0));
            let rates: Vec<f64> = rates.skip(1).map(|slot| slot.hit_rate()).collect();
            assert!(rates.len() > 20 && rates.iter().all(|rate| (rate - 1.0).abs() < 0.2), "{span} {slots}: {rates:?}");
        }
    }

    #[test]
    fn a_stretch_has_the_range_of_its_readings() {
        let mut history = History::default();
        for (second, pages) in [(0, 50), (1, 20), (2, 80), (3, 30)] {
            let figures = Figures { usage: Ok(pages * PAGE), ..Figures::missing(Missing::NotRead) };
            history.push(Point::new(seconds(second), &figures, 2, 1), Beat::On);
        }
        let stretch = history.stretches.newest.unwrap();
        assert_eq!((stretch.least_usage(), stretch.usage()), (Some(20 * PAGE), Some(80 * PAGE)));
        assert_eq!((stretch.hits(), stretch.kills()), (8, 4));
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
        assert_eq!((history.length(), first), (READINGS, seconds(600 - READINGS as u64)));
        assert!(history.points().all(|point| point.hits() == 40), "no event is lost");
        assert_eq!(history.last().unwrap().usage(), Some(599_975 * PAGE), "the newest figure counts");
    }
}
