//! What is known of a row at a moment, or over a stretch of moments.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::model::Figures;
use crate::model::host::{mem_used, swap_used};
use crate::snapshot::{Host, Psi, Reading};

/// How long a stretch is, in milliseconds.
pub(super) const STRETCH: u32 = 10_000;
pub(super) const PAGE: u64 = 4096;

/// What is known of a row at one reading, or over several that follow each other. Sizes are in pages of 4 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    pub(super) millis: u32,
    pub(super) usage: Option<NonZeroU32>,
    /// How far below that usage was at its smallest.
    pub(super) dip: u32,
    pub(super) footprint: u32,
    pub(super) hits: u16,
    pub(super) kills: u8,
    pub(super) stall: u8,
}

impl Point {
    pub(in crate::model) fn new(at: Duration, figures: &Figures, hits: u64, kills: u64) -> Self {
        Self::of(at, [figures.usage, figures.footprint], [hits, kills], figures.psi)
    }

    /// The host's: memory in use, that and swap in use; allocations that had to reclaim, and OOM kills.
    pub(in crate::model) fn of_host(at: Duration, host: &Host, stalls: u64, kills: u64) -> Self {
        let used = mem_used(host);
        let both = used.and_then(|used| Ok(used + swap_used(host)?));
        Self::of(at, [used, both], [stalls, kills], host.psi)
    }

    fn of(at: Duration, [usage, footprint]: [Reading; 2], [hits, kills]: [u64; 2], psi: Reading<Psi>) -> Self {
        let pages = |bytes: u64| u32::try_from(bytes.div_ceil(PAGE)).unwrap_or(u32::MAX - 1);
        Self {
            millis: u32::try_from(at.as_millis()).unwrap_or(u32::MAX),
            usage: usage.ok().and_then(|bytes| NonZeroU32::new(pages(bytes) + 1)),
            dip: 0,
            footprint: footprint.map_or(0, pages),
            hits: u16::try_from(hits).unwrap_or(u16::MAX),
            kills: u8::try_from(kills).unwrap_or(u8::MAX),
            stall: psi.map_or(0, |psi| psi.some.avg10.round() as u8),
        }
    }

    /// Makes one of this and a later one: its figures, and the events of both.
    pub(super) fn take_in(&mut self, later: Self) {
        let (hits, kills) = (self.hits.saturating_add(later.hits), self.kills.saturating_add(later.kills));
        *self = Self { millis: self.millis, hits, kills, ..later };
    }

    /// The same while nothing happens.
    pub(super) fn without_events(self) -> Self {
        Self { hits: 0, kills: 0, ..self }
    }

    /// Makes a stretch of this and a later one: the range of their figures, and the events of both, at the time of this one.
    pub(super) fn cover(&mut self, later: Self) {
        let usage = self.usage.max(later.usage);
        let least = [*self, later].into_iter().filter_map(Self::smallest).min();
        *self = Self {
            millis: self.millis,
            usage,
            dip: usage.zip(least).map_or(0, |(most, least)| most.get() - least),
            footprint: self.footprint.max(later.footprint),
            hits: self.hits.saturating_add(later.hits),
            kills: self.kills.saturating_add(later.kills),
            stall: self.stall.max(later.stall),
        };
    }

    /// The smallest usage, counted as the largest is.
    fn smallest(self) -> Option<u32> {
        self.usage.map(|most| most.get().saturating_sub(self.dip).max(1))
    }

    /// Stretches begin at multiples of their length.
    pub(super) fn at_the_end_of_its_stretch(self) -> Self {
        Self { millis: (self.millis / STRETCH * STRETCH).saturating_add(STRETCH - 1), ..self }
    }

    pub(super) fn is_in_the_stretch_of(self, earlier: Self) -> bool {
        self.millis / STRETCH == earlier.millis / STRETCH
    }

    /// When it was, or ended, on the clock of the snapshots.
    pub fn at(self) -> Duration {
        Duration::from_millis(u64::from(self.millis))
    }

    /// Usage in bytes, to the page, at its largest; `None` where it was not told.
    pub fn usage(self) -> Option<u64> {
        self.usage.map(|pages| u64::from(pages.get() - 1) * PAGE)
    }

    /// The same at its smallest.
    pub fn least_usage(self) -> Option<u64> {
        self.smallest().map(|pages| u64::from(pages - 1) * PAGE)
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

/// A point of a sum while it is added up, in pages.
pub(super) struct Moment {
    millis: u32,
    usage: Option<i64>,
    footprint: i64,
}

impl Moment {
    /// What several rows had at one reading.
    pub(super) fn sum(points: &[(Point, i64)]) -> Self {
        let millis = points.first().map_or(0, |(point, _)| point.millis);
        let mut sum = Self { millis, usage: Some(0), footprint: 0 };
        for (point, sign) in points {
            sum.add(*point, *sign);
        }
        sum
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
            ..Self::default()
        }
    }
}
