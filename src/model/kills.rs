//! Every OOM kill, counted once however it was noticed.
//!
//! Two witnesses tell of a kill: the counters of the cgroups, and the kernel log. The counters miss cgroups that are gone
//! before they are read, the log is rate-limited and may not be readable. What both tell is one kill, whoever told it
//! first; what neither can name is counted by the host's own counter and shown as such. What killers in user space do
//! neither of them sees: those leave a count of their own.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::model::Group;
use crate::model::autopsy::{Autopsy, Before, Killer};
use crate::model::group::Killed;
use crate::snapshot::{CgroupId, OomKill, Part, Reading, Snapshot, is_within};

/// Kills that are remembered with everything that is known of them.
const MOST: usize = 200;
/// The same while a reading is taken in, whose kills two witnesses may tell of.
const MOST_AT_ONCE: usize = 2_000;
/// The second witness speaks within so many readings after the first, or not at all.
const READINGS: u8 = 2;

/// The moment of a reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// On the clock of the snapshots.
    pub(super) at: Duration,
    /// On the wall.
    pub(super) when: SystemTime,
}

/// Every kill that is known.
#[derive(Clone, Debug, Default)]
pub struct Autopsies {
    kept: VecDeque<Autopsy>,
    /// Kills that ever got an id.
    ids: u64,
    counted: u64,
    past: u64,
    from_user_space: u64,
    /// Told by the log; the counters have not moved yet.
    logged: Vec<Open>,
    /// Told by a counter; the log has not said so yet.
    counters: Vec<Open>,
    /// The log told that a process was killed once more with its group; the counters may count that, too.
    doubles: Vec<Open>,
    /// What the host's counter said first.
    first: Option<u64>,
    /// How many of what it counted since then are known.
    accounted: u64,
    /// How many were not at the reading before.
    unseen_before: u64,
}

/// A kill that one witness has told of.
#[derive(Clone, Debug)]
struct Open {
    /// Its autopsy's id.
    id: u64,
    /// Where: a row's path from a counter, a cgroup's from the log. `None` where the witness does not know.
    place: Option<Arc<str>>,
    /// Whether the counter leaves out those that are killed once more.
    net: bool,
    /// Whether it may be one that was taken for another.
    doubtful: bool,
    /// When.
    at: Duration,
    /// Readings since then.
    readings: u8,
}

/// The rows of a reading: which counter counts a kill depends on what is left of its cgroup.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a>(pub(super) &'a [Group]);

impl<'a> Rows<'a> {
    /// The innermost row around a cgroup.
    pub(super) fn innermost(self, path: &str) -> Option<&'a Group> {
        self.around(path).max_by_key(|group| group.id.path.len())
    }

    /// The same among those that were there at the reading before: one that is new may have taken the place of the
    /// victim's, whose kill the row above counts.
    fn innermost_known(self, path: &str) -> Option<&'a Group> {
        let known = self.around(path).filter(|group| !group.is_new());
        known.max_by_key(|group| group.id.path.len())
    }

    /// Which rows count the kills in a cgroup, or did.
    fn counting(self, path: &str) -> Counting<'a> {
        Counting { now: self.innermost(path), before: self.innermost_known(path) }
    }

    fn around(self, path: &str) -> impl Iterator<Item = &'a Group> {
        self.0.iter().filter(move |group| is_within(path, &group.id.path))
    }
}

/// The rows that count the kills in a cgroup.
#[derive(Clone, Copy)]
struct Counting<'a> {
    now: Option<&'a Group>,
    /// Where what is now is new.
    before: Option<&'a Group>,
}

impl Counting<'_> {
    fn is(self, row: &str) -> bool {
        [self.now, self.before].into_iter().flatten().any(|group| *group.id.path == *row)
    }

    /// Whether a row that is gone counted them while it was there.
    fn was(self, row: &str, path: &str) -> bool {
        is_within(path, row) && self.now.is_none_or(|group| group.id.path.len() < row.len())
    }
}

impl Autopsies {
    /// The kills, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Autopsy> {
        self.kept.iter().rev()
    }

    /// The newest kill of a row or of a cgroup inside it, else of the container around it.
    pub fn of(&self, path: &str) -> Option<&Autopsy> {
        let is_around = |autopsy: &&Autopsy| autopsy.cgroup.as_ref().is_some_and(|cgroup| is_within(path, cgroup));
        self.newest().find(|autopsy| autopsy.is_of(path)).or_else(|| self.newest().find(is_around))
    }

    /// The newest kill that a row's count has, else the newest that is known of it: what only the log tells so far is not
    /// counted.
    pub fn last_counted(&self, path: &str) -> Option<&Autopsy> {
        let is_counted = |autopsy: &Autopsy| !autopsy.past && self.logged.iter().all(|open| open.id != autopsy.id);
        self.newest().find(|autopsy| autopsy.is_of(path) && is_counted(autopsy)).or_else(|| self.of(path))
    }

    /// Whether no counter of the container that it was in counts it, and none will.
    pub(super) fn is_uncounted(&self, autopsy: &Autopsy, owner: &Group, now: Now) -> bool {
        let may_count = |open: &Open| match owner.gone {
            None => owner.kills_read.is_none_or(|read| read <= open.at),
            // One that was made during this very reading is found by the next.
            Some(_) => open.at == now.at && autopsy.when > now.when,
        };
        let is_open = |open: &&Open| open.id == autopsy.id;
        let is_its_own = autopsy.counted_by.as_ref().is_some_and(|row| is_within(row, &owner.id.path));
        !is_its_own && !self.logged.iter().find(is_open).is_some_and(may_count)
    }

    /// The row of its container counts it, so that no counter will.
    pub(super) fn bury(&mut self, id: u64) {
        self.logged.retain(|open| open.id != id);
        if let Some(autopsy) = self.find(id) {
            autopsy.buried = true;
        }
    }

    /// Somebody has seen those of a container, or all.
    pub(super) fn see(&mut self, container: Option<&str>) {
        let is_meant = |autopsy: &&mut Autopsy| container.is_none_or(|container| autopsy.is_of(container));
        self.kept.iter_mut().filter(is_meant).for_each(|autopsy| autopsy.seen = true);
    }

    /// Kills since memcgtop watches.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// Times since then that a killer in user space took processes of a cgroup.
    pub fn from_user_space(&self) -> u64 {
        self.from_user_space
    }

    /// Kills before, as far as the log still tells.
    pub fn past(&self) -> u64 {
        self.past
    }

    /// The counters of a row rose; `before` it was made of that.
    pub(super) fn count(&mut self, rows: Rows<'_>, group: &Group, before: Option<Before>, kills: Killed, now: Now) {
        let net = group.figures.oom_group_kill.is_ok();
        let row = &group.id.path;
        let is_new = |open: &Open| kills.since.is_none_or(|since| open.at >= since);
        for _ in 0..kills.by_kernel {
            if let Some(double) = self.doubles.iter().position(|double| !net && is_double(rows, row, double)) {
                self.doubles.remove(double);
                continue;
            }
            let counts = |place: &Arc<str>| is_within(place, row) && rows.counting(place).is(row);
            let is_here = |open: &Open| is_new(open) && open.place.as_ref().is_some_and(counts);
            if let Some(at) = self.logged.iter().position(is_here) {
                let open = self.logged.remove(at);
                if let Some(known) = self.find(open.id) {
                    known.counted_by = Some(Arc::clone(row));
                    known.blame(group.killed_by);
                    // What the log tells of a cgroup that is gone is nearer than the row above it.
                    if group.is_container() {
                        known.tell_of(group, before);
                    }
                }
                continue;
            }
            let mut autopsy = Autopsy::unknown(now);
            autopsy.by = group.killed_by;
            autopsy.counted_by = Some(Arc::clone(row));
            autopsy.tell_of(group, before);
            let id = self.add(autopsy);
            self.counters.push(Open { net, ..Open::new(id, Some(Arc::clone(row)), now) });
        }
    }

    /// A killer in user space took so many `processes` of a row at once; `before` it was made of that.
    pub(super) fn count_from_user_space(&mut self, group: &Group, before: Option<Before>, processes: u64, now: Now) {
        if processes == 0 {
            return;
        }
        let mut autopsy = Autopsy::unknown(now);
        autopsy.killer = Killer::UserSpace { processes };
        autopsy.counted_by = Some(Arc::clone(&group.id.path));
        autopsy.tell_of(group, before);
        self.add(autopsy);
    }

    /// The log tells of a kill in a cgroup; `owner` is the row that this belongs to, if that is known, and `before` what
    /// that was made of.
    pub(super) fn log(
        &mut self,
        kill: OomKill,
        rows: Rows<'_>,
        owner: Option<&Group>,
        before: Option<Before>,
        now: Now,
    ) {
        let path = kill.cgroup.as_deref().unwrap_or("/");
        let counting = rows.counting(path);
        let is_it = |open: &&Open| {
            let row = open.place.as_deref();
            row.is_some_and(|row| counting.is(row) || counting.was(row, path))
        };
        let depth = |open: &Open| open.place.as_ref().map_or(0, |row| row.len());
        let deepest = self.counters.iter().filter(is_it).map(depth).max();
        // Of equals the oldest: the log tells in order.
        let found = self.counters.iter().position(|open| is_it(&open) && Some(depth(open)) == deepest);
        // Those who are killed with their group may be anywhere in it.
        let is_below = |open: &Open| open.place.as_ref().is_some_and(|row| is_within(row, path));
        let is_member = kill.part == Part::Member;
        let found = found.or_else(|| self.counters.iter().rposition(|open| is_member && is_below(open)));
        if let Some(at) = found.filter(|_| !kill.past) {
            let Open { id, place, .. } = self.counters.remove(at);
            if place.as_deref() != Some(path) {
                self.doubt();
            }
            // The counter may have meant one of these, and mean this one the next time.
            self.logged.iter_mut().filter(|open| open.place.is_none()).for_each(|open| open.readings = 0);
            if let Some(known) = self.find(id) {
                if let Some(owner) = owner.filter(|owner| owner.is_container()) {
                    let own = known.before.filter(|_| known.of_container);
                    known.tell_of(owner, own.or(before));
                }
                known.hear(kill);
            }
            return;
        }
        let mut autopsy = Autopsy::unknown(now);
        if let Some(owner) = owner {
            autopsy.tell_of(owner, before);
        }
        self.open(autopsy, kill, now);
    }

    /// The log tells of a kill without its cgroup.
    pub(super) fn log_placeless(&mut self, kill: OomKill, now: Now) {
        self.open(Autopsy::unknown(now), kill, now);
    }

    /// The log tells that a process was killed once more, with its group.
    pub(super) fn log_double(&mut self, kill: OomKill, now: Now) {
        if !kill.past {
            self.accounted += 1;
            self.doubles.push(Open::new(0, kill.cgroup, now));
        }
    }

    /// A kill of the log that no counter has told of so far.
    fn open(&mut self, mut autopsy: Autopsy, kill: OomKill, now: Now) {
        let (past, place) = (kill.past, kill.cgroup.clone());
        autopsy.past = past;
        autopsy.hear(kill);
        let id = self.add(autopsy);
        if !past {
            self.logged.push(Open::new(id, place, now));
        }
    }

    /// Everything of a reading was told: what is left of both witnesses is joined, and what the counters count twice is
    /// forgotten.
    pub(super) fn settle(&mut self, rows: Rows<'_>) {
        self.forget_doubles(rows);
        self.join_placeless();
    }

    fn forget_doubles(&mut self, rows: Rows<'_>) {
        let Self { counters, doubles, .. } = self;
        let mut forgotten = Vec::new();
        doubles.retain(|double| {
            let is_its =
                |open: &&Open| open.place.as_ref().is_some_and(|row| !open.net && is_double(rows, row, double));
            let is_there = |open: &Open| open.place == double.place && is_its(&open);
            let there = counters.iter().rposition(is_there);
            let found = there.or_else(|| counters.iter().rposition(|open| is_its(&open)));
            forgotten.extend(found.map(|at| counters.remove(at).id));
            found.is_none()
        });
        for id in forgotten {
            self.forget(id);
        }
    }

    /// The log has whatever the counters have: what is left of these it told without a place, now or before. If it has no
    /// more of them and they are all of one row, it is these.
    fn join_placeless(&mut self) {
        let placeless = self.logged.iter().filter(|open| open.place.is_none()).count();
        let first = self.counters.first().and_then(|open| open.place.clone());
        let is_doubtful = self.logged.iter().any(|open| open.place.is_none() && open.doubtful);
        let is_certain =
            !is_doubtful && placeless == self.counters.len() && self.counters.iter().all(|open| open.place == first);
        for _ in 0..placeless.min(self.counters.len()) {
            let Some(at) = self.logged.iter().position(|open| open.place.is_none()) else { return };
            let (logged, counter) = (self.logged.remove(at), self.counters.remove(0));
            self.join(logged.id, counter.id, is_certain);
            if !is_certain {
                self.doubt();
            }
        }
    }

    /// One may have been taken for another: whose those are that the log told without a place is not certain any more.
    fn doubt(&mut self) {
        self.logged.iter_mut().for_each(|open| open.doubtful = true);
    }

    /// Two autopsies are of as many kills as one of them, and if that is certain, of the same. The one that has been told
    /// of stays.
    fn join(&mut self, log: u64, row: u64, is_certain: bool) {
        let (Some(told), Some(counted)) = (self.find(log).cloned(), self.find(row).cloned()) else {
            return self.forget(log);
        };
        let (stays, goes) = if told.number > 0 { (log, row) } else { (row, log) };
        if let Some(known) = self.find(stays) {
            (known.when, known.logged, known.counted_by) = (told.when, true, counted.counted_by.clone());
            if is_certain {
                known.merge(told, counted);
            }
        }
        self.forget(goes);
    }

    fn forget(&mut self, id: u64) {
        self.kept.retain(|autopsy| autopsy.id != id);
        self.counted -= 1;
        self.accounted -= 1;
    }

    /// The reading is taken in: puts those that are new in order and numbers them, and forgets those that are too many.
    pub(super) fn finish(&mut self) {
        let known = self.kept.partition_point(|autopsy| autopsy.number > 0);
        let new = &mut self.kept.make_contiguous()[known..];
        new.sort_by_key(|autopsy| (!autopsy.past, autopsy.when));
        let numbers = (1..=self.counted + self.past + self.from_user_space).rev();
        new.iter_mut().rev().zip(numbers).for_each(|(autopsy, number)| autopsy.number = number);
        self.kept.drain(..self.kept.len().saturating_sub(MOST));
    }

    /// The counters alone tell that processes were killed once more with their groups.
    pub(super) fn count_doubles(&mut self, doubles: u64) {
        self.accounted += doubles;
    }

    /// The host's counter at a reading of everything; what it has beyond the kills that are known happened where nobody
    /// saw it.
    pub(super) fn account(&mut self, total: Reading, now: Now) {
        if let Ok(total) = total {
            let since = total.saturating_sub(*self.first.get_or_insert(total));
            let unseen = since.saturating_sub(self.accounted);
            // The counters are not read at one moment: what is missing once may be there the next time.
            for _ in 0..unseen.min(self.unseen_before) {
                self.add(Autopsy::unknown(now));
            }
            self.unseen_before = since.saturating_sub(self.accounted);
        }
        for open in [&mut self.logged, &mut self.counters, &mut self.doubles] {
            for open in open.iter_mut() {
                open.readings += 1;
            }
            open.retain(|open| open.readings <= READINGS);
        }
    }

    /// Nothing more will be read: what the host's counter has beyond the kills that are known is told now.
    pub(super) fn close(&mut self, now: Now) {
        for _ in 0..std::mem::take(&mut self.unseen_before) {
            self.add(Autopsy::unknown(now));
        }
        self.finish();
    }

    fn find(&mut self, id: u64) -> Option<&mut Autopsy> {
        self.kept.iter_mut().rfind(|autopsy| autopsy.id == id)
    }

    fn add(&mut self, mut autopsy: Autopsy) -> u64 {
        match autopsy.killer {
            Killer::UserSpace { .. } => self.from_user_space += 1,
            Killer::Kernel if autopsy.past => self.past += 1,
            Killer::Kernel => {
                self.counted += 1;
                self.accounted += 1;
            }
        }
        self.ids += 1;
        autopsy.id = self.ids;
        if self.kept.len() == MOST_AT_ONCE {
            self.kept.pop_front();
        }
        self.kept.push_back(autopsy);
        self.ids
    }
}

impl Open {
    fn new(id: u64, place: Option<Arc<str>>, now: Now) -> Self {
        Self { id, place, net: false, doubtful: false, at: now.at, readings: 0 }
    }
}

/// Processes that were killed once more with their groups since the snapshot before, by the counters of the topmost
/// cgroups, which remember those that are gone below them.
pub(super) fn doubles(before: &Snapshot, now: &Snapshot) -> u64 {
    let earlier: HashMap<&CgroupId, Reading> = groups_killed(before).collect();
    let since = |(id, kills): (&CgroupId, Reading)| match earlier.get(id) {
        Some(earlier) => Ok(kills?.saturating_sub((*earlier)?)),
        None if before.unlisted.is_empty() => kills,
        // It may have been there.
        None => Ok(0),
    };
    groups_killed(now).filter_map(|group| since(group).ok()).sum()
}

fn groups_killed(snapshot: &Snapshot) -> impl Iterator<Item = (&CgroupId, Reading)> {
    let top = usize::from(!snapshot.host.namespaced);
    let cgroups = snapshot.topology.cgroups.iter().zip(&snapshot.readings);
    let topmost = cgroups.filter(move |(cgroup, _)| cgroup.parent.map_or(0, |parent| parent + 1) == top);
    topmost.map(|(cgroup, memory)| (&cgroup.id, memory.events.oom_group_kill_below))
}

/// Whether a row counts those that were killed once more with a group.
fn is_double(rows: Rows<'_>, row: &str, double: &Open) -> bool {
    let Some(group) = &double.place else { return true };
    let counting = rows.counting(group);
    counting.is(row) || counting.was(row, group) || is_within(row, group)
}
