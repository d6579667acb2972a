//! The host: its figures that are worked out, each definition once, and what was seen of it since memcgtop watches.

use std::time::Duration;

use crate::model::beat::Beat;
use crate::model::history::{History, Point};
use crate::model::{HostMoved, Tally};
use crate::snapshot::{Host, Reading, Snapshot};

/// Memory in use, bytes: all that could not be had without swapping.
pub fn mem_used(host: &Host) -> Reading {
    Ok(host.mem_total?.saturating_sub(host.mem_available?))
}

/// Swap in use, bytes.
pub fn swap_used(host: &Host) -> Reading {
    Ok(host.swap_total?.saturating_sub(host.swap_free?))
}

/// What was seen of the host.
#[derive(Clone, Debug, Default)]
pub struct HostPast {
    /// When its figures were read.
    pub(super) at: Duration,
    /// What moved since the reading before; `None` at the first.
    pub(super) moved: Option<HostMoved>,
    /// Allocations that had to reclaim because the host was short.
    pub stalls: Tally,
    /// OOM kills.
    pub kills: Tally,
    /// Its last minutes. Usage is memory in use, the footprint that and the swap in use, hits are allocations that had to
    /// reclaim.
    pub history: History,
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
        self.at = at;
    }
}
