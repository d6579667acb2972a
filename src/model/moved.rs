//! What moved between readings: of a row, and of the host.

use std::time::Duration;

use crate::model::Figures;
use crate::model::beat::Beat;
use crate::snapshot::{Host, Missing, Reading};

/// What moved between two readings of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// The time between them.
    pub over: Duration,
    /// Pages that were read back after they had been reclaimed: anonymous, file.
    pub refault_anon: Reading,
    /// See `refault_anon`.
    pub refault_file: Reading,
    /// Pages that kswapd looked at: the host takes from it.
    pub pgscan_kswapd: Reading,
    /// Pages that reclaim at a limit looked at.
    pub pgscan_direct: Reading,
    /// Faults that had to read.
    pub pgmajfault: Reading,
    /// By how much more of it is in swap, bytes; 0 where it is not more.
    pub swapped: u64,
    /// Growth of usage in bytes a second; negative when it shrinks.
    pub growth: Reading<f64>,
}

impl Moved {
    /// So many events between the two readings, as a rate a second; `None` where no time passed.
    pub fn per_second(&self, events: u64) -> Option<f64> {
        let seconds = self.over.as_secs_f64();
        (seconds > 0.0).then(|| events as f64 / seconds)
    }

    /// Pages of processes that were read back, a second: memory that must be there. Page cache is not among them.
    pub fn read_back(&self) -> Option<f64> {
        let pages = |figure: Reading| figure.unwrap_or(0);
        self.per_second(pages(self.refault_anon).saturating_add(pages(self.pgmajfault)))
    }
}

/// What a row said at one reading, as far as rates need it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Duration,
    /// When the kernel was asked for its counters.
    counted: Duration,
    usage: Reading,
    swap: Reading,
    refault_anon: Reading,
    refault_file: Reading,
    pgscan_kswapd: Reading,
    pgscan_direct: Reading,
    pgmajfault: Reading,
}

impl Mark {
    fn new(at: Duration, figures: &Figures) -> Self {
        let stat = &figures.stat;
        Self {
            at,
            counted: stat.read_at().unwrap_or(at),
            usage: figures.usage,
            swap: figures.swap,
            refault_anon: stat.refault_anon,
            refault_file: stat.refault_file,
            pgscan_kswapd: stat.pgscan_kswapd,
            pgscan_direct: stat.pgscan_direct,
            pgmajfault: stat.pgmajfault,
        }
    }

    fn until(&self, now: &Self) -> Moved {
        let over = now.at.saturating_sub(self.at);
        let up = |before: Reading, now: Reading| now.and_then(|now| before.map(|before| now.saturating_sub(before)));
        // What is read seldom is of a longer time, of which this one is a part.
        let counted = now.counted.saturating_sub(self.counted);
        let part = if counted > over { over.div_duration_f64(counted) } else { 1.0 };
        let came = |before: Reading, now: Reading| up(before, now).map(|rise| (rise as f64 * part) as u64);
        let growth = match (self.usage, now.usage) {
            (Ok(before), Ok(now)) if !over.is_zero() => Ok((now as f64 - before as f64) / over.as_secs_f64()),
            (Err(reason), _) | (_, Err(reason)) => Err(reason),
            (Ok(_), Ok(_)) => Err(Missing::OneReading),
        };
        Moved {
            over,
            refault_anon: came(self.refault_anon, now.refault_anon),
            refault_file: came(self.refault_file, now.refault_file),
            pgscan_kswapd: came(self.pgscan_kswapd, now.pgscan_kswapd),
            pgscan_direct: came(self.pgscan_direct, now.pgscan_direct),
            pgmajfault: came(self.pgmajfault, now.pgmajfault),
            swapped: up(self.swap, now.swap).unwrap_or(0),
            growth,
        }
    }
}

/// The last two regular readings of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    before: Option<Mark>,
    last: Option<Mark>,
}

impl Marks {
    /// What moved since the regular reading before; `None` if there is none. An early reading, which may be
    /// milliseconds after the last regular one, is compared with that before it.
    pub(super) fn advance(&mut self, at: Duration, figures: &Figures, beat: Beat) -> Option<Moved> {
        let now = Mark::new(at, figures);
        if beat == Beat::On {
            self.before = self.last.replace(now);
        }
        self.before.map(|before| before.until(&now))
    }

    /// Goes on from the same moment of other cgroups.
    pub(super) fn rebase(&mut self, figures: &Figures) {
        self.before = None;
        self.last = self.last.map(|last| Mark::new(last.at, figures));
    }
}

/// What moved on the host between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostMoved {
    /// The time between them.
    pub over: Duration,
    /// Allocations that had to reclaim because the host was short.
    pub allocstall: u64,
    /// Pages that kswapd looked at.
    pub pgscan_kswapd: u64,
    /// Pages read back from swap, and written to it, a second; whoever caused it. Missing where the kernel does not say.
    pub swapped_in: Reading,
    /// See `swapped_in`.
    pub swapped_out: Reading,
    /// Readings in a row in which either rose.
    pub streak: u32,
}

impl HostMoved {
    /// What moved from one regular reading to the next; `earlier` is what had moved until the first of them.
    pub(super) fn between(before: &Host, now: &Host, over: Duration, earlier: Option<Self>) -> Self {
        let up = |before: Reading, now: Reading| match (before, now) {
            (Ok(before), Ok(now)) => now.saturating_sub(before),
            _ => 0,
        };
        let allocstall = up(before.allocstall, now.allocstall);
        let pgscan_kswapd = up(before.pgscan_kswapd, now.pgscan_kswapd);
        let streak = if allocstall + pgscan_kswapd > 0 { earlier.map_or(0, |moved| moved.streak) + 1 } else { 0 };
        let rate = |before: Reading, now: Reading| Ok(now?.saturating_sub(before?) / over.as_secs().max(1));
        Self {
            over,
            allocstall,
            pgscan_kswapd,
            swapped_in: rate(before.pswpin, now.pswpin),
            swapped_out: rate(before.pswpout, now.pswpout),
            streak,
        }
    }

    /// Host short: reclaim for the whole host in two readings running, with little memory available.
    /// Pressure and swap are not asked: they rise at a container's own limit too.
    pub fn is_short(&self, host: &Host) -> bool {
        let little =
            matches!((host.mem_available, host.mem_total), (Ok(available), Ok(total)) if available < little_of(total));
        self.streak >= RUNNING && little
    }
}

/// So many readings running make a shortage.
pub const RUNNING: u32 = 2;

/// Less available memory than this is little, on a host with so much.
pub fn little_of(total: u64) -> u64 {
    total / 10
}
