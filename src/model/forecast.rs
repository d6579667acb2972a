//! When a row reaches its own limit, if what cannot be reclaimed goes on growing as it does.
//!
//! Nothing is said unless the growth is a line, and the limit is in sight: page cache that fills a limit is no trouble.

use std::time::Duration;

use crate::model::cause::Trends;
use crate::model::growth::Slope;
use crate::model::{Figures, figures::Holder};
use crate::units::Limit;

/// Less of the limit than this is too early to tell.
const LEVEL: f64 = 0.4;
/// Further away than this is no forecast.
const FURTHEST: Duration = Duration::from_secs(3_600);

/// The time that is left, as long as nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The most likely.
    pub likely: Duration,
    /// If it grows as fast as the readings allow.
    pub soonest: Duration,
    /// If it grows as slowly as they allow; `None` where it may stop before.
    pub latest: Option<Duration>,
}

/// The forecast for a row's own limit, from the growth of its floor.
pub(super) fn forecast(figures: &Figures, trends: &Trends) -> Option<Forecast> {
    let (Ok(now), Ok(Limit::Bytes(limit)), Ok(Holder::Own(_))) =
        (figures.floor, figures.limited_by_limit, &figures.limited_by)
    else {
        return None;
    };
    if (now as f64) < LEVEL * limit as f64 {
        return None;
    }
    reach(limit.saturating_sub(now), trends.floor_slope()?)
}

fn reach(room: u64, slope: Slope) -> Option<Forecast> {
    let at = |rate: f64| (rate > 0.0).then(|| Duration::try_from_secs_f64(room as f64 / rate).ok()).flatten();
    let likely = at(slope.likely).filter(|likely| *likely <= FURTHEST)?;
    let latest = at(slope.least).filter(|latest| *latest <= FURTHEST * 4);
    Some(Forecast { likely, soonest: at(slope.most).unwrap_or(likely), latest })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn slope(likely: u64, error: u64) -> Slope {
        let rate = |mib: u64| mib as f64 * MIB as f64;
        Slope {
            likely: rate(likely),
            least: rate(likely) - rate(error),
            most: rate(likely) + rate(error),
            over: Duration::ZERO,
        }
    }

    #[test]
    fn the_range_is_around_the_likely_time() {
        let forecast = reach(1_200 * MIB, slope(10, 2)).unwrap();
        assert_eq!((forecast.likely, forecast.soonest), (Duration::from_secs(120), Duration::from_secs(100)));
        assert_eq!(forecast.latest, Some(Duration::from_secs(150)));
    }

    #[test]
    fn what_may_never_come_has_no_end() {
        assert_eq!(reach(1_000 * MIB, slope(10, 10)).unwrap().latest, None);
        assert_eq!(reach(1_000_000 * MIB, slope(10, 0)), None, "it is too far away");
        assert_eq!(reach(MIB, Slope { likely: -1.0, ..slope(1, 0) }), None, "it shrinks");
    }
}
