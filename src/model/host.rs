//! The host: its figures that are worked out, each definition once, and what was seen of it since memcgtop watches.

use std::time::Duration;

use crate::model::beat::Beat;
use crate::model::history::{History, Point};
use crate::model::{HostMoved, Tally};
use crate::snapshot::{Host, Missing, Reading, Snapshot};

/// Memory in use, bytes: all that could not be had without swapping.
pub fn mem_used(host: &Host) -> Reading {
    Ok(host.mem_total?.saturating_sub(host.mem_available?))
}

/// Swap in use, bytes.
pub fn swap_used(host: &Host) -> Reading {
    Ok(host.swap_total?.saturating_sub(host.swap_free?))
}

/// What was seen of the host.
#[derive(Clone, Debug)]
pub struct HostPast {
    /// When its figures were read.
    pub(super) at: Duration,
    /// What moved since the reading before; `None` at the first.
    pub(super) moved: Option<HostMoved>,
    /// Allocations that had to reclaim because the host was short.
    pub stalls: Tally,
    /// OOM kills.
    pub kills: Tally,
    /// What the kernel counts of these since boot.
    pub(super) counted: Reading,
    /// Share of the last ten seconds in which some task waited, percent.
    pub stall: Reading<f64>,
    /// Its last minutes. Usage is memory in use, the footprint that and the swap in use, hits are allocations that had to
    /// reclaim.
    pub history: History,
}

impl Default for HostPast {
    fn default() -> Self {
        let (at, not_read) = (Duration::ZERO, Missing::NotRead);
        let (stalls, kills, history) = (Tally::default(), Tally::default(), History::default());
        Self { at, moved: None, stalls, kills, counted: Err(not_read), stall: Err(not_read), history }
    }
}

impl HostPast {
    /// Takes in a regular reading.
    pub(super) fn advance(&mut self, before: Option<&Host>, snapshot: &Snapshot) {
        let (host, at) = (&snapshot.host, snapshot.at);
        let over = at.saturating_sub(self.at);
        self.moved = before.map(|before| HostMoved::between(before, host, over, self.moved));
        let stalls = self.stalls.count(host.allocstall, at, Beat::On);
        let kills = self.kills.count(host.oom_kill, at, Beat::On);
        self.history.push(Point::of_host(at, host, stalls, kills), Beat::On);
        (self.counted, self.stall) = (host.oom_kill, host.psi.map(|psi| psi.some.avg10));
        self.at = at;
    }
}
