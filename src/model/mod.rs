//! What follows from the snapshots: rows, deltas, effective limits, histories, verdicts.
//!
//! Time is in the snapshots: no clock and no I/O here. Knows nothing of screens or formats.

pub mod autopsy;
mod beat;
pub mod cause;
pub mod declared;
pub mod evidence;
pub mod figures;
pub mod forecast;
mod gone;
mod graveyard;
mod group;
pub mod groups;
pub mod growth;
pub mod history;
pub mod host;
mod idle;
pub mod kills;
mod latecomers;
pub mod limits;
mod moved;
pub mod networks;
mod rates;
pub mod resources;
pub mod restarts;
mod rewind;
pub mod sums;
pub mod tally;
pub mod verdict;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::snapshot::{CgroupId, Culprit, Fresh, Host, Missing, OomKill, Part, Problem, Snapshot, Topology, is_within};

use autopsy::Before;
use beat::Reach;
pub use declared::Difference;
pub use figures::Figures;
use gone::{EarlierKills, Gone};
use graveyard::Graveyard;
pub use graveyard::Vanished;
pub use group::Group;
use groups::Shape;
use host::HostPast;
use kills::{Autopsies, Now, Rows};
pub use moved::{HostMoved, Moved, RUNNING, little_of};
pub use networks::{Netns, Network};
use restarts::Restarts;
pub use sums::Worst;
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

/// Every row, and the host.
#[derive(Clone, Debug)]
pub struct Model {
    scope: Scope,
    snapshot: Option<Snapshot>,
    started: Option<Duration>,
    shapes: Vec<Shape>,
    groups: Vec<Group>,
    host_past: HostPast,
    gone: Gone,
    /// OOM kills of earlier cgroups under the paths of each row.
    earlier_kills: Vec<EarlierKills>,
    /// OOM kills of cgroups that vanished from a living group. On v1 those of its members, which their counters took
    /// along; on v2 those of nested groups, which the counter above keeps and which are not its own.
    kills_of_vanished: HashMap<CgroupId, u64>,
    graveyard: Graveyard,
    autopsies: Autopsies,
    restarts: Restarts,
    networks: Vec<Network>,
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
            host_past: HostPast::default(),
            gone: Gone::default(),
            earlier_kills: Vec::new(),
            kills_of_vanished: HashMap::new(),
            graveyard: Graveyard::default(),
            autopsies: Autopsies::default(),
            restarts: Restarts::default(),
            networks: Vec::new(),
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
        let is_inside = |group: &Group| self.above(group).any(|g| g.is_container() || g.is_overhead());
        let topmost = self.groups.iter().filter(|group| counts(group) && !is_inside(group));
        topmost.filter_map(|group| group.figures.usage.ok()).sum()
    }

    /// The rows above one, the nearest first.
    pub fn above(&self, group: &Group) -> impl Iterator<Item = &Group> {
        group::above(&self.groups, group).map(|row| &self.groups[row])
    }

    /// The row of a cgroup, or its tombstone.
    pub fn group(&self, id: &CgroupId) -> Option<&Group> {
        self.groups.iter().chain(self.tombstones()).find(|group| group.id == *id)
    }

    /// The network namespaces in which there are containers, as far as they were read.
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// The network namespace of a row, if it was read.
    pub fn network(&self, group: &Group) -> Option<&Network> {
        let inode = group.netns.ok()?.inode;
        // It is asked of every container at every reading; they are in the order of their inodes.
        let at = self.networks.binary_search_by_key(&inode, |network| network.now.netns).ok()?;
        self.networks.get(at)
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
        self.host_past.moved
    }

    /// What was seen of the host since memcgtop watches.
    pub fn host_past(&self) -> &HostPast {
        &self.host_past
    }

    /// Whether the host itself is short of memory.
    pub fn host_is_short(&self) -> bool {
        matches!((self.host(), self.host_past.moved), (Some(host), Some(moved)) if moved.is_short(host))
    }

    /// Which cgroups make a row.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Shows other rows from now on. Histories of rows that stay are kept, and what was seen stays with the cgroup that
    /// counts it.
    pub fn set_scope(&mut self, scope: Scope) {
        if scope == Scope::Containers {
            self.for_parts_of_containers(Group::join);
        }
        self.scope = scope;
        if let Some(snapshot) = self.snapshot.take() {
            // Rows that are not shown are no rows that vanished.
            let _: Vec<Group> = self.regroup(&snapshot.topology);
            self.graveyard.hang_below(&self.groups);
            let rows = self.shapes.iter().zip(&mut self.groups).zip(&self.earlier_kills);
            for ((shape, group), earlier) in rows {
                let mut figures = Figures::of(&snapshot, shape, count_of(&self.kills_of_vanished, &group.id));
                figures.oom_kill_total = figures.oom_kill.map(|kills| kills + earlier.total);
                group.rebase(figures);
                group.differences = declared::differences(&group.identity, &group.figures, scope);
            }
            networks::place(&mut self.networks, &mut self.groups, &snapshot.networks);
            self.snapshot = Some(snapshot);
        }
        if scope == Scope::Everything {
            self.for_parts_of_containers(Group::split_from);
        }
    }

    /// Each row that is a part of a container, with the container's row; the innermost first.
    fn for_parts_of_containers(&mut self, act: fn(&mut Group, &mut Group)) {
        for row in (0..self.groups.len()).rev() {
            let is_part = |row: usize| groups::belongs_to_the_row_above(&self.groups[row].identity);
            let mut above = std::iter::successors(Some(row), |&row| self.groups[row].parent);
            if let Some(container) = above.find(|&row| !is_part(row)).filter(|&container| container < row) {
                let (before, behind) = self.groups.split_at_mut(row);
                act(&mut behind[0], &mut before[container]);
            }
        }
    }

    /// Takes in one moment.
    pub fn ingest(&mut self, mut snapshot: Snapshot) {
        let before = self.snapshot.take();
        self.started.get_or_insert(snapshot.at);
        let same = before.as_ref().is_some_and(|before| Arc::ptr_eq(&before.topology, &snapshot.topology));
        if !same {
            if let Some(before) = &before {
                self.keep_kills_of_vanished(before, &snapshot.topology);
            }
            for group in self.regroup(&snapshot.topology) {
                self.graveyard.bury(group);
            }
            for group in &mut self.groups {
                if let Some(forerunner) = self.restarts.take_past(group) {
                    group.carry_on(forerunner);
                }
            }
            // Of cgroups that were not seen before, everything is new.
            snapshot.fresh = Fresh::All;
        }
        let first = before.is_none();
        let changed = before.as_ref().filter(|_| !same);
        let latecomers = changed.map(|before| latecomers::between(before, &snapshot.topology)).unwrap_or_default();
        if let Some(before) = before.as_ref().filter(|_| snapshot.oom_log.is_err()) {
            self.autopsies.count_doubles(kills::doubles(before, &snapshot));
        }
        let reading_before = self.host_past.at;
        if snapshot.fresh == Fresh::All {
            self.host_past.advance(before.as_ref().map(|before| &before.host), &snapshot);
        }
        let reach = Reach::of(&snapshot);
        let short = matches!(self.host_past.moved, Some(moved) if moved.is_short(&snapshot.host));
        let reclaims = matches!(self.host_moved(), Some(moved) if moved.allocstall > 0 || moved.pgscan_kswapd > 0);
        let now = Now { at: snapshot.at, when: snapshot.taken_at };
        let mut killed = Vec::new();
        let rows = self.shapes.iter().zip(&mut self.groups).zip(&self.earlier_kills);
        for (row, ((shape, group), &earlier)) in rows.enumerate() {
            let Some(beat) = reach.beat(shape) else { continue };
            let figures = Figures::of(&snapshot, shape, count_of(&self.kills_of_vanished, &group.id));
            if shape.members.iter().chain(&shape.nested).any(|at| latecomers.contains(at)) {
                group.lose_count();
            } else if !first {
                group.begin(earlier, reading_before);
            }
            let counters = |figures: &Figures| (figures.oom_kill, figures.oomd_kill);
            let known = (counters(&figures) != counters(&group.figures)).then(|| Before::of(group));
            group.resources.take_in(snapshot.beancounters.get(shape.outermost).and_then(Option::as_ref), snapshot.at);
            let kills = group.advance(figures, earlier, Around { at: snapshot.at, short, reclaims, beat });
            group.differences = declared::differences(&group.identity, &group.figures, self.scope);
            killed.extend(known.map(|before| (row, before, kills)));
        }
        // The innermost first: what the log told of them is not the rows' above.
        for (row, before, kills) in killed.into_iter().rev() {
            self.autopsies.count(Rows(&self.groups), &self.groups[row], before, kills, now);
            self.autopsies.count_from_user_space(&self.groups[row], before, kills.from_user_space, now);
        }
        self.hear(&snapshot, now);
        let is_news = |before: &Snapshot| !Arc::ptr_eq(&before.networks, &snapshot.networks);
        if !same || before.as_ref().is_none_or(is_news) {
            networks::take_in(&mut self.networks, &snapshot.networks);
            networks::place(&mut self.networks, &mut self.groups, &snapshot.networks);
        }
        self.snapshot = Some(snapshot);
    }

    /// What the kernel log tells of kills, and what the host's counter says that nobody told.
    fn hear(&mut self, snapshot: &Snapshot, now: Now) {
        let rows = Rows(&self.groups);
        let mut past = Vec::new();
        for kill in snapshot.oom_kills.iter().cloned() {
            match kill.cgroup.clone() {
                _ if kill.part == Part::Again => self.autopsies.log_double(kill, now),
                None => self.autopsies.log_placeless(kill, now),
                Some(path) => {
                    let owner = owner(rows, &self.graveyard, &path);
                    let before = owner.filter(|_| !kill.past).and_then(Before::of);
                    past.extend(past_kill(&kill, owner, now));
                    self.autopsies.log(kill, rows, owner, before, now);
                }
            }
        }
        // The log is read with everything else.
        if snapshot.fresh == Fresh::All {
            self.autopsies.settle(rows);
            self.autopsies.account(snapshot.host.oom_kill, now);
        }
        self.autopsies.finish();
        for PastKill { row, by, at } in past {
            if let Some(group) = self.groups.iter_mut().find(|group| group.id == row) {
                group.remember_kill(by, at, now.at);
            }
        }
        if self.graveyard.settle(&mut self.autopsies, &mut self.groups, &mut self.gone, now) {
            self.know_earlier_kills();
        }
    }

    /// That was the last reading.
    pub fn close(&mut self) {
        if let Some(snapshot) = &self.snapshot {
            self.autopsies.close(Now { at: snapshot.at, when: snapshot.taken_at });
        }
    }

    /// A container that had a path and was killed, as far as anything is known of it: its row, what is left of it, or only
    /// what its path says.
    pub fn killed_at(&self, path: &str) -> Option<Group> {
        let around = |group: &&Group| group.is_container() && is_within(path, &group.id.path);
        let row = self.groups.iter().filter(around).max_by_key(|group| group.id.path.len());
        let known = row.or_else(|| self.tombstones().iter().find(around)).cloned();
        known.or_else(|| {
            let autopsy = self.autopsies.newest().find(|autopsy| autopsy.cgroup.as_deref() == Some(path))?;
            let id = CgroupId { path: path.into(), inode: 0 };
            let mut group = Group::new(id, Figures::missing(Missing::NotRead));
            group.identity = Arc::clone(autopsy.identity.as_ref()?);
            Some(group)
        })
    }

    /// What is left of containers that the OOM killer took from and that vanished: rows as of their last readings.
    pub fn tombstones(&self) -> &[Group] {
        self.graveyard.stones()
    }

    /// Somebody has seen what the OOM killer did to the row of this path, or to all.
    pub fn see_kills(&mut self, path: Option<&str>) {
        self.autopsies.see(path);
        self.graveyard.clear(path);
    }

    /// Every OOM kill that is known.
    pub fn autopsies(&self) -> &Autopsies {
        &self.autopsies
    }

    /// Containers that vanished, by what they were called.
    pub fn restarts(&self) -> &Restarts {
        &self.restarts
    }

    /// Makes the rows of a new topology; what is known of those that stay is kept, and what does not stay is returned.
    fn regroup(&mut self, topology: &Topology) -> Vec<Group> {
        let mut gone = Vec::new();
        self.shapes = groups::shapes(topology, self.scope);
        let ids = || self.shapes.iter().map(|shape| &topology.cgroups[shape.outermost].id);
        // Mostly cgroups only got their names: their rows stay where they are, without a copy of all in memory.
        if !ids().eq(self.groups.iter().map(|group| &group.id)) {
            let mut known: HashMap<CgroupId, Group> =
                self.groups.drain(..).map(|group| (group.id.clone(), group)).collect();
            let blank = Figures::missing(Missing::NotRead);
            let new = |id: &CgroupId| Group::new(id.clone(), blank.clone());
            self.groups = ids().map(|id| known.remove(id).unwrap_or_else(|| new(id))).collect();
            gone = known.into_values().collect();
        }
        for (shape, group) in self.shapes.iter().zip(&mut self.groups) {
            group.identity = Arc::clone(&topology.cgroups[shape.outermost].identity);
            group.parent = shape.parent;
            group.depth = shape.depth;
        }
        self.know_earlier_kills();
        gone
    }

    /// What the rows' forerunners had.
    fn know_earlier_kills(&mut self) {
        let earlier = self.gone.by_row(self.scope);
        let of_row = |group: &Group| earlier.get(&*group.id.path).copied().unwrap_or_default();
        self.earlier_kills = self.groups.iter().map(of_row).collect();
    }

    /// What the kernel forgets, or counts elsewhere, when a cgroup is removed.
    fn keep_kills_of_vanished(&mut self, before: &Snapshot, now: &Topology) {
        let alive: HashSet<&CgroupId> = now.cgroups.iter().map(|cgroup| &cgroup.id).collect();
        for ((shape, group), &earlier) in self.shapes.iter().zip(&self.groups).zip(&self.earlier_kills) {
            if alive.contains(&group.id) {
                let vanished = |at: &&usize| !alive.contains(&before.topology.cgroups[**at].id);
                let events = |&at: &usize| before.readings[at].events;
                let kills: u64 = if events(&shape.outermost).kills_below().is_ok() {
                    let nested = shape.nested.iter().filter(vanished).map(events);
                    nested.filter_map(|events| events.kills_below().ok()).sum()
                } else {
                    let members = shape.members.iter().filter(vanished).map(events);
                    members.filter_map(|events| events.oom_kill.ok()).sum()
                };
                if kills > 0 {
                    *self.kills_of_vanished.entry(group.id.clone()).or_default() += kills;
                }
            } else {
                self.restarts.bury(group);
                self.kills_of_vanished.remove(&group.id);
                self.gone.bury(group, shape, before, earlier);
            }
        }
    }
}

/// A kill from before memcgtop watched, in a container that is still there.
struct PastKill {
    row: CgroupId,
    by: By,
    at: Duration,
}

/// Nothing if the clock of the snapshots does not go back as far.
fn past_kill(kill: &OomKill, owner: Option<&Group>, now: Now) -> Option<PastKill> {
    let owner = owner.filter(|owner| kill.past && owner.is_container() && owner.gone.is_none())?;
    let at = now.at.checked_sub(now.when.duration_since(kill.when).ok()?)?;
    let by = match &kill.by {
        Culprit::Limit(limited) => By::limit_of(limited, Some(&owner.id.path)),
        Culprit::SomeLimit => By::default(),
        Culprit::Host => By { host: true, ..By::default() },
    };
    Some(PastKill { row: owner.id.clone(), by, at })
}

/// The row that a cgroup belongs to: the innermost one around it, else one that vanished.
fn owner<'a>(rows: Rows<'a>, graveyard: &'a Graveyard, path: &str) -> Option<&'a Group> {
    let living = rows.innermost(path);
    living.filter(|group| group.is_container()).or_else(|| graveyard.owner(path)).or(living)
}

fn count_of(kills: &HashMap<CgroupId, u64>, id: &CgroupId) -> u64 {
    kills.get(id).copied().unwrap_or(0)
}
