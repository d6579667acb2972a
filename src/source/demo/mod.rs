//! A simulated cgroup v2 host, for `memcgtop demo`, for the screens' tests and for benchmarks.
//!
//! Its figures are those of a real kernel as far as they depend on each other: parents hold the sum of
//! their children, nothing exceeds its limit, counters never fall. Each moment follows from story time
//! alone, so that the same moment always tells the same. Must not read files, and judges nothing.

mod curve;
mod figures;
mod host;
mod network;
mod story;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use self::curve::LOOP;
use self::host::World;
use super::{Error, Source};
use crate::snapshot::{Fresh, Networks, Own, Snapshot, Topology};

/// A host that is told, not read: nine containers in a story of ten minutes that never ends.
///
/// A container thrashes at its own limit, a pod is filled by its tmpfs, a leak ends in an OOM kill and begins
/// again, a build is throttled; the others are calm, and so is the host.
pub struct Demo {
    world: World,
    /// Wall-clock time at the story's beginning.
    start: SystemTime,
    /// Story time told by hand.
    advanced: Duration,
    /// Since when story time also passes by itself.
    running: Option<Instant>,
    /// The cgroups of the last sample, and [`World::generation`] at that moment.
    topology: Option<(u64, Arc<Topology>)>,
    /// The networks of the last sample, with the generation and which of their readings it was.
    networks: Option<((u64, u64), Arc<Networks>)>,
    /// The moment of the last sample: kills since then are news.
    told: Option<f64>,
}

impl Demo {
    /// The moment with everything in it: thrashing, a held pod, a throttled build, a kill two minutes ago.
    pub const INCIDENT: Duration = Duration::from_secs(372);
    /// Where the live demo begins: things are bad already, and the leak is about to be killed.
    const LIVE_START: Duration = Duration::from_secs(220);

    /// The story at its calm beginning, which was at `start`. Time stands still but for [`Demo::advance`].
    pub fn new(start: SystemTime) -> Self {
        Self {
            world: World::story(),
            start,
            advanced: Duration::ZERO,
            running: None,
            topology: None,
            networks: None,
            told: None,
        }
    }

    /// The story in real time, some minutes into it.
    pub fn live() -> Self {
        let now = SystemTime::now();
        let mut demo = Self::new(now.checked_sub(Self::LIVE_START).unwrap_or(now));
        demo.advance(Self::LIVE_START);
        demo.running = Some(Instant::now());
        demo
    }

    /// A host of `containers` containers, a twentieth of which changes in each second of story time.
    /// None comes or goes. Time stands still but for [`Demo::advance`].
    pub fn wide(containers: usize) -> Self {
        Self { world: World::wide(containers), ..Self::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30)) }
    }

    /// Moves story time; the next sample tells that moment.
    pub fn advance(&mut self, by: Duration) {
        self.advanced += by;
    }

    fn topology(&mut self, t: f64) -> Arc<Topology> {
        let generation = self.world.generation(t);
        match &self.topology {
            Some((same, topology)) if *same == generation => Arc::clone(topology),
            _ => {
                let topology = Arc::new(self.world.topology(t));
                self.topology = Some((generation, Arc::clone(&topology)));
                topology
            }
        }
    }

    fn networks(&mut self, t: f64) -> Arc<Networks> {
        let moment = (self.world.generation(t), (t / network::PACE) as u64);
        match &self.networks {
            Some((same, networks)) if *same == moment => Arc::clone(networks),
            _ => {
                let networks = Arc::new(self.world.networks(t));
                self.networks = Some((moment, Arc::clone(&networks)));
                networks
            }
        }
    }
}

/// How long a reading of such a host takes.
const TOOK: Duration = Duration::from_micros(1_800);

/// What reading so many cgroups would cost.
fn own(cgroups: u64) -> Own {
    const FILES: u64 = 8;
    Own {
        rss: Ok(12 << 20),
        locked: Ok(0),
        oom_score_adj: Ok(0),
        directories: Ok(cgroups),
        files: Ok(cgroups * FILES),
        cgroup: Ok("/user.slice/user-1000.slice/session-3.scope".into()),
    }
}

impl Source for Demo {
    fn sample(&mut self) -> Result<Snapshot, Error> {
        let at = self.advanced + self.running.map_or(Duration::ZERO, |since| since.elapsed());
        // The host has been up for one round of the story when it is first told.
        let t = LOOP + at.as_secs_f64();
        let (readings, host) = self.world.readings(t);
        let when = |moment: f64| self.start + Duration::from_secs_f64((moment - LOOP).max(0.0));
        let oom_kills = self.told.map_or_else(Vec::new, |from| self.world.kills(from, t, when));
        self.told = Some(t);
        let own = own(readings.len() as u64);
        Ok(Snapshot {
            taken_at: self.start + at,
            at,
            took: TOOK,
            host,
            topology: self.topology(t),
            oom_kills,
            oom_log: Ok(()),
            readings: readings.into_iter().map(Arc::new).collect(),
            beancounters: Vec::new(),
            networks: self.networks(t),
            fresh: Fresh::All,
            unlisted: Vec::new(),
            problems: Vec::new(),
            own,
        })
    }
}
