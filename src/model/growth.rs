//! How a figure grows: a straight line through its last minutes, in constant memory.
//!
//! Older readings count for less, so that the line follows a change; how well it fits says whether to believe it.

use std::time::Duration;

/// Fewer readings make no line; nor does a time shorter than the memory.
const FEWEST: u32 = 10;
/// The share of the figure's movement that the line must explain.
const FIT: f64 = 0.8;
/// Two standard errors to each side: about 19 of 20 lines.
const ERRORS: f64 = 2.0;

/// Weighted sums over the readings of one figure. Times count from the newest reading, so that they stay small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// After so many seconds a reading counts for a third: a short memory follows a change, a long one is sure of itself.
    memory: f32,
    newest: Option<Duration>,
    first: Duration,
    readings: u32,
    weight: f64,
    t: f64,
    y: f64,
    tt: f64,
    ty: f64,
    yy: f64,
}

/// A line that fits: bytes a second, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The most likely.
    pub likely: f64,
    /// The least that the readings allow.
    pub least: f64,
    /// The most that they allow.
    pub most: f64,
    /// For how long it has been watched.
    pub over: Duration,
}

impl Growth {
    /// A figure of which nothing is known yet.
    pub(super) const fn remembering(seconds: f32) -> Self {
        Self {
            memory: seconds,
            newest: None,
            first: Duration::ZERO,
            readings: 0,
            weight: 0.0,
            t: 0.0,
            y: 0.0,
            tt: 0.0,
            ty: 0.0,
            yy: 0.0,
        }
    }

    /// Takes in a reading in bytes; `None` leaves a gap.
    pub(super) fn push(&mut self, at: Duration, bytes: Option<u64>) {
        let Some(bytes) = bytes else { return };
        let passed = self.newest.map_or(Duration::ZERO, |newest| at.saturating_sub(newest)).as_secs_f64();
        if self.newest.is_none() {
            self.first = at;
        }
        self.move_on(passed);
        let bytes = bytes as f64;
        self.newest = Some(at);
        self.readings += 1;
        self.weight += 1.0;
        self.y += bytes;
        self.yy += bytes * bytes;
    }

    /// Lets time pass: everything known is `passed` seconds older, and counts for less.
    fn move_on(&mut self, passed: f64) {
        self.tt += passed * (passed * self.weight - 2.0 * self.t);
        self.ty -= passed * self.y;
        self.t -= passed * self.weight;
        let fade = fade(passed / f64::from(self.memory));
        for sum in [&mut self.weight, &mut self.t, &mut self.y, &mut self.tt, &mut self.ty, &mut self.yy] {
            *sum *= fade;
        }
    }

    /// The line, if there is enough to draw one and it fits.
    pub fn slope(&self) -> Option<Slope> {
        let over = self.newest?.saturating_sub(self.first);
        if self.readings < FEWEST || over.as_secs_f32() < self.memory {
            return None;
        }
        let (t, y) = (self.t / self.weight, self.y / self.weight);
        let tt = self.tt / self.weight - t * t;
        let yy = self.yy / self.weight - y * y;
        let ty = self.ty / self.weight - t * y;
        if tt <= 0.0 || yy <= 0.0 {
            return None;
        }
        let likely = ty / tt;
        let fit = (ty * ty / (tt * yy)).min(1.0);
        let error = ((1.0 - fit) * yy / tt / (self.weight - 2.0).max(1.0)).sqrt() * ERRORS;
        (fit >= FIT).then_some(Slope { likely, least: likely - error, most: likely + error, over })
    }
}

/// What is left after so many memories: e to the power of minus that, nearly. `exp` would need the mathematical library,
/// which takes half a MiB.
fn fade(memories: f64) -> f64 {
    const STEPS: i32 = 1024;
    (1.0 + memories / f64::from(STEPS)).powi(-STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn watched(seconds: u64, figure: impl Fn(u64) -> u64) -> Growth {
        let mut growth = Growth::remembering(60.0);
        for second in 0..seconds {
            growth.push(Duration::from_secs(1_000 + second), Some(figure(second)));
        }
        growth
    }

    #[test]
    fn a_steady_leak_is_a_line() {
        let slope = watched(120, |second| 100 * MIB + second * 2 * MIB).slope().unwrap();
        assert!((slope.likely / MIB as f64 - 2.0).abs() < 0.01, "{slope:?}");
        assert!(slope.least <= slope.likely && slope.likely <= slope.most && slope.over == Duration::from_secs(119));
    }

    #[test]
    fn a_leak_with_noise_has_a_range_around_the_truth() {
        let noise = |second: u64| (second * 7_919 % 11) * MIB / 2;
        let slope = watched(120, |second| 100 * MIB + second * MIB + noise(second)).slope().unwrap();
        assert!(slope.least < MIB as f64 && (MIB as f64) < slope.most, "{slope:?}");
        assert!(slope.most - slope.least > 1_000.0);
    }

    #[test]
    fn what_swings_or_stands_or_is_new_is_no_line() {
        assert_eq!(watched(120, |second| 100 * MIB + (second % 20) * MIB).slope(), None, "it swings");
        assert_eq!(watched(120, |_| 100 * MIB).slope(), None, "it stands");
        assert_eq!(watched(20, |second| second * MIB).slope(), None, "it is too short");
        let mut sparse = Growth::remembering(60.0);
        for minute in 0..9 {
            sparse.push(Duration::from_secs(60 * minute), Some(minute * MIB));
        }
        assert_eq!(sparse.slope(), None, "there are too few");
    }

    #[test]
    fn the_line_follows_a_change() {
        let growth = watched(600, |second| 100 * MIB + second.saturating_sub(400) * MIB);
        let slope = growth.slope().unwrap();
        assert!((slope.likely / MIB as f64 - 1.0).abs() < 0.2, "{slope:?}");
        let stopped = watched(1_200, |second| second.min(400) * MIB);
        assert!(stopped.slope().is_none_or(|slope| slope.likely < 0.05 * MIB as f64), "{stopped:?}");
    }

    #[test]
    fn gaps_do_not_disturb() {
        let mut growth = Growth::remembering(60.0);
        for second in 0..120 {
            let bytes = (second % 10 != 0).then_some(second * MIB);
            growth.push(Duration::from_secs(second), bytes);
        }
        assert!((growth.slope().unwrap().likely / MIB as f64 - 1.0).abs() < 0.01);
    }
}
