//! What follows from the snapshots: rows, deltas, effective limits, histories, verdicts.
//!
//! Time is in the snapshots: no clock and no I/O here. Knows nothing of screens or formats.

pub mod cause;
pub mod declared;
pub mod evidence;
pub mod figures;
pub mod forecast;
pub mod groups;
pub mod growth;
pub mod history;
pub mod limits;
pub mod sums;
pub mod tally;
pub mod verdict;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::snapshot::{CgroupId, Host, Identity, Kind, Missing, Problem, Reading, Role, Snapshot, Topology};

use cause::Trends;
pub use declared::Difference;
pub use figures::Figures;
use forecast::Forecast;
use groups::Shape;
use history::{History, Point};
pub use tally::Tally;
use verdict::Around;
pub use verdict::{By, Verdict};

/// Which cgroups make a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A container's cgroups are one row; other cgroups are rows too, for the tree.
    Containers,
    /// Every cgroup is a row of its own.
    Everything,
}

/// A row: a container with all its cgroups, or any other cgroup.
#[derive(Clone, Debug)]
pub struct Group {
    /// The outermost cgroup.
    pub id: CgroupId,
    /// What its path says it is.
    pub identity: Arc<Identity>,
    /// The row above it in the tree.
    pub parent: Option<usize>,
    /// How many rows are above it.
    pub depth: usize,
    /// How many containers it stands for: one, but for a sum.
    pub members: usize,
    /// Its figures now.
    pub figures: Figures,
    /// Where its limits are not what its runtime's configuration asks for.
    pub differences: Vec<Difference>,
    /// Hits of its own limit.
    pub hits: Tally,
    /// Hits of its ancestors' limits.
    pub ancestor_hits: Tally,
    /// Times that it was throttled at `memory.high`.
    pub throttled: Tally,
    /// The same at its ancestors' `memory.high`, whoever was throttled.
    pub ancestor_throttled: Tally,
    /// Processes of it that the OOM killer took.
    pub kills: Tally,
    /// Times that the OOM killer was called at its own limit. v2 only.
    pub ooms: Tally,
    /// The same for its ancestors' limits.
    pub ancestor_ooms: Tally,
    /// Hits of its swap limit.
    pub swap_hits: Tally,
    /// Pages of it that kswapd looked at. v2 only.
    pub scanned: Tally,
    /// Who made the OOM killer take from it, the last time.
    pub killed_by: By,
    /// What moved since the reading before; `None` at the first.
    pub moved: Option<Moved>,
    /// What holds it, if there were two readings.
    pub verdict: Reading<Verdict>,
    /// Its last minutes.
    pub history: History,
    /// How its parts grow; `None` while it is too small for that to matter.
    pub trends: Option<Box<Trends>>,
    /// When it reaches its own limit; `None` where that cannot be told or is not in sight.
    pub forecast: Option<Forecast>,
}

impl Group {
    /// Whether it is a row of the flat table: containers and virtual machines, but no sandbox that only waits.
    pub fn is_container(&self) -> bool {
        matches!(self.identity.kind, Kind::Container | Kind::Vm)
            && self.identity.role != Role::Helper
            && !self.is_idle_sandbox()
    }

    /// Whether it only holds a pod together. gVisor and Kata run the whole pod in its sandbox.
    fn is_idle_sandbox(&self) -> bool {
        const LITTLE: u64 = 2 << 20;
        let idle = self.figures.usage.is_ok_and(|usage| usage < LITTLE) || self.figures.processes == Ok(1);
        self.identity.sandbox && idle
    }

    /// Whether it is what runtimes need besides their containers: conmon, monitors, idle sandboxes.
    pub fn is_overhead(&self) -> bool {
        self.identity.role == Role::Helper || self.is_idle_sandbox()
    }

    /// The newer of the last hits of its own limit and of an ancestor's.
    pub fn last_hit(&self) -> Option<Duration> {
        self.hits.last.max(self.ancestor_hits.last)
    }
}

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
    pub growth: f64,
}

/// What moved on the host between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostMoved {
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
    /// Host short: reclaim for the whole host in two readings running, with little memory available.
    /// Pressure and swap are not asked: they rise at a container's own limit too.
    pub fn is_short(&self, host: &Host) -> bool {
        const LITTLE: u64 = 10;
        let little =
            matches!((host.mem_available, host.mem_total), (Ok(available), Ok(total)) if available < total / LITTLE);
        self.streak >= 2 && little
    }
}

/// Every row, and the host.
#[derive(Debug)]
pub struct Model {
    scope: Scope,
    snapshot: Option<Snapshot>,
    started: Option<Duration>,
    shapes: Vec<Shape>,
    groups: Vec<Group>,
    host_moved: Option<HostMoved>,
    /// OOM kills of earlier cgroups under the same path.
    earlier_kills: HashMap<Arc<str>, EarlierKills>,
    /// OOM kills of cgroups that vanished from a living group. On v1 those of its members, which their counters took
    /// along; on v2 those of nested groups, which the counter above keeps and which are not its own.
    kills_of_vanished: HashMap<CgroupId, u64>,
}

impl Model {
    /// A model that has seen nothing.
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            snapshot: None,
            started: None,
            shapes: Vec::new(),
            groups: Vec::new(),
            host_moved: None,
            earlier_kills: HashMap::new(),
            kills_of_vanished: HashMap::new(),
        }
    }

    /// Every row, each parent before its children.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Whether a group is a row of the flat table: containers, or every cgroup if that is the scope.
    pub fn is_row(&self, group: &Group) -> bool {
        self.scope == Scope::Everything || group.is_container()
    }

    /// The rows of the flat table.
    pub fn rows(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| self.is_row(group))
    }

    /// Memory charged to containers, bytes: the topmost ones, so that no byte counts twice.
    pub fn charged_to_containers(&self) -> u64 {
        self.charged_to_topmost(Group::is_container)
    }

    /// Memory charged to what runtimes need besides their containers, bytes.
    pub fn charged_to_runtimes(&self) -> u64 {
        self.charged_to_topmost(Group::is_overhead)
    }

    fn charged_to_topmost(&self, counts: fn(&Group) -> bool) -> u64 {
        let above = |group: &Group| std::iter::successors(group.parent, |&row| self.groups[row].parent);
        let is_inside =
            |group: &Group| above(group).map(|row| &self.groups[row]).any(|g| g.is_container() || g.is_overhead());
        let topmost = self.groups.iter().filter(|group| counts(group) && !is_inside(group));
        topmost.filter_map(|group| group.figures.usage.ok()).sum()
    }

    /// The row of a cgroup.
    pub fn group(&self, id: &CgroupId) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == *id)
    }

    /// The newest snapshot.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// The host's newest figures.
    pub fn host(&self) -> Option<&Host> {
        self.snapshot.as_ref().map(|snapshot| &snapshot.host)
    }

    /// What could not be read at the last reading.
    pub fn problems(&self) -> &[Problem] {
        self.snapshot.as_ref().map_or(&[], |snapshot| &snapshot.problems)
    }

    /// The time of the newest snapshot on the clock of all ages here.
    pub fn now(&self) -> Duration {
        self.snapshot.as_ref().map_or(Duration::ZERO, |snapshot| snapshot.at)
    }

    /// How long the model has been watching.
    pub fn attached(&self) -> Duration {
        self.now().saturating_sub(self.started.unwrap_or_default())
    }

    /// What moved on the host since the reading before.
    pub fn host_moved(&self) -> Option<HostMoved> {
        self.host_moved
    }

    /// Whether the host itself is short of memory.
    pub fn host_is_short(&self) -> bool {
        matches!((self.host(), self.host_moved), (Some(host), Some(moved)) if moved.is_short(host))
    }

    /// Which cgroups make a row.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Shows other rows from now on; histories of rows that stay are kept.
    pub fn set_scope(&mut self, scope: Scope) {
        self.scope = scope;
        if let Some(snapshot) = self.snapshot.take() {
            self.regroup(&snapshot.topology);
            for (shape, group) in self.shapes.iter().zip(&mut self.groups) {
                let figures = Figures::of(&snapshot, shape, count_of(&self.kills_of_vanished, &group.id));
                group.rebase(figures);
                group.differences = declared::differences(&group.identity, &group.figures, scope);
            }
            self.snapshot = Some(snapshot);
        }
    }

    /// Takes in one moment.
    pub fn ingest(&mut self, snapshot: Snapshot) {
        let before = self.snapshot.take();
        self.started.get_or_insert(snapshot.at);
        let same = before.as_ref().is_some_and(|before| Arc::ptr_eq(&before.topology, &snapshot.topology));
        if !same {
            if let Some(before) = &before {
                self.keep_kills_of_vanished(before, &snapshot.topology);
            }
            self.regroup(&snapshot.topology);
        }
        self.host_moved = before
            .as_ref()
            .map(|before| self.host_delta(&before.host, &snapshot.host, snapshot.at.saturating_sub(before.at)));
        let short = matches!(self.host_moved, Some(moved) if moved.is_short(&snapshot.host));
        for (shape, group) in self.shapes.iter().zip(&mut self.groups) {
            let figures = Figures::of(&snapshot, shape, count_of(&self.kills_of_vanished, &group.id));
            let earlier = self.earlier_kills.get(&group.id.path).copied().unwrap_or_default();
            group.advance(figures, earlier, &snapshot, short);
            group.differences = declared::differences(&group.identity, &group.figures, self.scope);
        }
        self.snapshot = Some(snapshot);
    }

    fn host_delta(&self, before: &Host, now: &Host, over: Duration) -> HostMoved {
        let up = |before: Reading, now: Reading| match (before, now) {
            (Ok(before), Ok(now)) => now.saturating_sub(before),
            _ => 0,
        };
        let allocstall = up(before.allocstall, now.allocstall);
        let pgscan_kswapd = up(before.pgscan_kswapd, now.pgscan_kswapd);
        let streak =
            if allocstall + pgscan_kswapd > 0 { self.host_moved.map_or(0, |moved| moved.streak) + 1 } else { 0 };
        let rate = |before: Reading, now: Reading| Ok(now?.saturating_sub(before?) / over.as_secs().max(1));
        HostMoved {
            allocstall,
            pgscan_kswapd,
            swapped_in: rate(before.pswpin, now.pswpin),
            swapped_out: rate(before.pswpout, now.pswpout),
            streak,
        }
    }

    /// Makes the rows of a new topology; what is known of those that stay is kept.
    fn regroup(&mut self, topology: &Topology) {
        self.shapes = groups::shapes(topology, self.scope);
        let ids = || self.shapes.iter().map(|shape| &topology.cgroups[shape.outermost].id);
        // Mostly cgroups only got their names: their rows stay where they are, without a copy of all in memory.
        if !ids().eq(self.groups.iter().map(|group| &group.id)) {
            let mut known: HashMap<CgroupId, Group> =
                self.groups.drain(..).map(|group| (group.id.clone(), group)).collect();
            self.groups = ids().map(|id| known.remove(id).unwrap_or_else(|| Group::new(id.clone()))).collect();
        }
        for (shape, group) in self.shapes.iter().zip(&mut self.groups) {
            group.identity = Arc::clone(&topology.cgroups[shape.outermost].identity);
            group.parent = shape.parent;
            group.depth = shape.depth;
        }
    }

    /// What the kernel forgets, or counts elsewhere, when a cgroup is removed.
    fn keep_kills_of_vanished(&mut self, before: &Snapshot, now: &Topology) {
        let alive: HashSet<&CgroupId> = now.cgroups.iter().map(|cgroup| &cgroup.id).collect();
        for (shape, group) in self.shapes.iter().zip(&self.groups) {
            if alive.contains(&group.id) {
                let vanished = |at: &&usize| !alive.contains(&before.topology.cgroups[**at].id);
                let events = |&at: &usize| before.readings[at].events;
                let kills: u64 = if events(&shape.outermost).oom_kill_below.is_ok() {
                    let nested = shape.nested.iter().filter(vanished).map(events);
                    nested.filter_map(|events| events.oom_kill_below.ok()).sum()
                } else {
                    let members = shape.members.iter().filter(vanished).map(events);
                    members.filter_map(|events| events.oom_kill.ok()).sum()
                };
                if kills > 0 {
                    *self.kills_of_vanished.entry(group.id.clone()).or_default() += kills;
                }
            } else {
                self.kills_of_vanished.remove(&group.id);
                let kills = group.figures.oom_kill.unwrap_or(0);
                if kills > 0 {
                    let earlier = self.earlier_kills.entry(Arc::clone(&group.id.path)).or_default();
                    earlier.total += kills;
                    earlier.seen = group.kills;
                }
            }
        }
    }
}

/// OOM kills of the cgroups that had a row's path before it.
#[derive(Clone, Copy, Debug, Default)]
struct EarlierKills {
    total: u64,
    /// What was seen of the last of them.
    seen: Tally,
}

fn count_of(kills: &HashMap<CgroupId, u64>, id: &CgroupId) -> u64 {
    kills.get(id).copied().unwrap_or(0)
}

impl Group {
    fn new(id: CgroupId) -> Self {
        Self {
            id,
            identity: Arc::clone(crate::model::groups::nobody()),
            parent: None,
            depth: 0,
            members: 1,
            figures: Figures::missing(Missing::NotRead),
            differences: Vec::new(),
            hits: Tally::default(),
            ancestor_hits: Tally::default(),
            throttled: Tally::default(),
            ancestor_throttled: Tally::default(),
            kills: Tally::default(),
            ooms: Tally::default(),
            ancestor_ooms: Tally::default(),
            swap_hits: Tally::default(),
            scanned: Tally::default(),
            killed_by: By::default(),
            moved: None,
            verdict: Err(Missing::OneReading),
            history: History::default(),
            trends: None,
            forecast: None,
        }
    }

    /// Shows the same moment of other cgroups.
    fn rebase(&mut self, figures: Figures) {
        self.hits.rebase(figures.failcnt);
        self.ancestor_hits.rebase(figures.ancestor_failcnt);
        self.throttled.rebase(figures.high_events);
        self.ancestor_throttled.rebase(figures.ancestor_high_events);
        self.kills.rebase(figures.oom_kill);
        self.ooms.rebase(figures.oom);
        self.ancestor_ooms.rebase(figures.ancestor_oom);
        self.swap_hits.rebase(figures.swap_failcnt);
        self.scanned.rebase(figures.stat.pgscan_kswapd);
        self.figures = figures;
    }

    fn advance(&mut self, mut figures: Figures, earlier: EarlierKills, snapshot: &Snapshot, host_short: bool) {
        let before = &self.figures;
        figures.oom_kill_total = figures.oom_kill.map(|kills| kills + earlier.total);
        if self.history.last().is_none() {
            self.kills = earlier.seen.carried_over();
        }
        let at = snapshot.at;
        self.hits.count(figures.failcnt, at);
        self.ancestor_hits.count(figures.ancestor_failcnt, at);
        self.throttled.count(figures.high_events, at);
        self.ancestor_throttled.count(figures.ancestor_high_events, at);
        self.kills.count(figures.oom_kill, at);
        self.ooms.count(figures.oom, at);
        self.ancestor_ooms.count(figures.ancestor_oom, at);
        self.swap_hits.count(figures.swap_failcnt, at);
        self.scanned.count(figures.stat.pgscan_kswapd, at);
        if self.kills.new() > 0 {
            self.killed_by = verdict::killed_by(self, &figures);
        }
        self.moved = self.history.last().map(|last| Moved::between(before, &figures, at.saturating_sub(last.at())));
        self.verdict = match self.moved {
            None => verdict::from_totals(self, &figures),
            Some(moved) => Ok(verdict::judge(self, &figures, moved, Around { short: host_short, at })),
        };
        Trends::watch(&mut self.trends, at, &figures);
        self.forecast = self.trends.as_ref().and_then(|trends| forecast::forecast(&figures, trends));
        self.history.push(Point::new(at, &figures, self.hits.new() + self.ancestor_hits.new(), self.kills.new()));
        self.figures = figures;
    }
}

impl Moved {
    fn between(before: &Figures, now: &Figures, over: Duration) -> Self {
        let up = |before: Reading, now: Reading| now.and_then(|now| before.map(|before| now.saturating_sub(before)));
        let growth = match (before.usage, now.usage) {
            (Ok(before), Ok(now)) if !over.is_zero() => (now as f64 - before as f64) / over.as_secs_f64(),
            _ => 0.0,
        };
        Self {
            over,
            refault_anon: up(before.stat.refault_anon, now.stat.refault_anon),
            refault_file: up(before.stat.refault_file, now.stat.refault_file),
            pgscan_kswapd: up(before.stat.pgscan_kswapd, now.stat.pgscan_kswapd),
            pgscan_direct: up(before.stat.pgscan_direct, now.stat.pgscan_direct),
            pgmajfault: up(before.stat.pgmajfault, now.stat.pgmajfault),
            swapped: up(before.swap, now.swap).unwrap_or(0),
            growth,
        }
    }
}
