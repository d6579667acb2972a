//! How a figure moves through the story: straight lines between a few points, over and over.
//!
//! Everything is a function of story time alone, so any moment can be told without the ones before it.

use std::iter::once;

/// Seconds after which the story begins again.
pub(super) const LOOP: f64 = 600.0;

/// Points `(second of the loop, value)`, the first at second 0; after the last it returns to the first. Two of one second
/// are a jump, which has no area: only of what is no rate.
#[derive(Clone, Copy)]
pub(super) struct Curve(pub(super) &'static [(u16, f64)]);

impl Curve {
    pub(super) const ZERO: Self = Self(&[(0, 0.0)]);

    /// The value at `t` seconds of story time.
    pub(super) fn at(self, t: f64) -> f64 {
        let second = t.rem_euclid(LOOP);
        self.lines().find(|line| second < line.to.0).map_or(0.0, |line| line.at(second))
    }

    /// The area from the story's first second to `t`: what a rate has added up to. Never falls.
    pub(super) fn total(self, t: f64) -> f64 {
        let whole: f64 = self.lines().map(|line| line.area(LOOP)).sum();
        let part: f64 = self.lines().map(|line| line.area(t.rem_euclid(LOOP))).sum();
        t.div_euclid(LOOP) * whole + part
    }

    /// The largest value between two moments.
    pub(super) fn highest(self, from: f64, to: f64) -> f64 {
        let passed = |&&(second, _): &&(u16, f64)| from + (f64::from(second) - from).rem_euclid(LOOP) <= to;
        self.0.iter().filter(passed).map(|point| point.1).fold(self.at(from).max(self.at(to)), f64::max)
    }

    fn lines(self) -> impl Iterator<Item = Line> {
        let points = self.0.iter().map(|&(second, value)| (f64::from(second), value));
        let last = (LOOP, self.0.first().map_or(0.0, |point| point.1));
        points.clone().zip(points.skip(1).chain(once(last))).map(|(from, to)| Line { from, to })
    }
}

#[derive(Clone, Copy)]
struct Line {
    from: (f64, f64),
    to: (f64, f64),
}

impl Line {
    fn at(self, second: f64) -> f64 {
        let share = (second - self.from.0) / (self.to.0 - self.from.0);
        self.from.1 + share * (self.to.1 - self.from.1)
    }

    /// The area below it, as far as `second`.
    fn area(self, second: f64) -> f64 {
        let end = second.clamp(self.from.0, self.to.0);
        (end - self.from.0) * f64::midpoint(self.from.1, self.at(end))
    }
}

/// How often the loop has passed its second `second` by the time `t`.
pub(super) fn passed(t: f64, second: f64) -> f64 {
    ((t - second) / LOOP).floor() + 1.0
}

/// A slow wave between 0 and 1, another one for each seed.
pub(super) fn noise(seed: u64, t: f64) -> f64 {
    const PERIOD: f64 = 5.0;
    let tick = (t / PERIOD).floor();
    let [before, after] = [tick, tick + 1.0].map(|tick| fraction(hash(seed, tick as u64)));
    before + (t / PERIOD - tick) * (after - before)
}

fn fraction(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// Two numbers, well mixed (splitmix64).
pub(super) fn hash(seed: u64, n: u64) -> u64 {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(n).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
