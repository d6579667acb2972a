//! The last minutes of a row, in few bytes.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Figures;

/// Points that are kept: four minutes at one a second.
const LENGTH: usize = 240;
const PAGE: u64 = 4096;

/// One reading of a row. Sizes are in pages of 4 KiB, so that a point takes 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    millis: u32,
    usage: Option<std::num::NonZeroU32>,
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
            usage: figures.usage.ok().and_then(|bytes| std::num::NonZeroU32::new(pages(bytes) + 1)),
            footprint: figures.footprint.map_or(0, pages),
            hits: u16::try_from(hits).unwrap_or(u16::MAX),
            kills: u8::try_from(kills).unwrap_or(u8::MAX),
            stall: figures.psi.map_or(0, |psi| psi.some.avg10.round() as u8),
        }
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

/// The last minutes of a row, oldest first. Readings that failed leave gaps in time.
#[derive(Clone, Debug, Default)]
pub struct History {
    points: VecDeque<Point>,
}

impl History {
    pub(super) fn push(&mut self, point: Point) {
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
