//! Containers that vanished: for a while, for what the log tells late; and as tombstones those that the OOM killer took
//! from.
//!
//! A tombstone keeps the last reading. It goes when it is old, when somebody has seen it, or when the container is back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::model::autopsy::Autopsy;
use crate::model::gone::{EarlierKills, Gone};
use crate::model::kills::{Autopsies, Now};
use crate::model::restarts::is_same_name;
use crate::model::verdict::{KILLED, State, Verdict};
use crate::model::{Group, Tally};
use crate::snapshot::is_within;

/// Containers that vanished are remembered so long for what the log tells late.
const REMEMBERED: Duration = Duration::from_secs(60);
/// As many as that, the newest.
const MOST_REMEMBERED: usize = 1_000;
/// Tombstones that are kept, the newest.
const MOST_STONES: usize = 200;

/// When a container vanished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vanished {
    /// On the wall: the first reading without it.
    pub when: SystemTime,
    /// On the clock of the snapshots.
    pub at: Duration,
}

/// Containers that vanished.
#[derive(Clone, Debug, Default)]
pub(super) struct Graveyard {
    recent: VecDeque<Lost>,
    stones: Vec<Group>,
}

/// A container that vanished lately.
#[derive(Clone, Debug)]
struct Lost {
    group: Group,
    /// It has, or had, a tombstone for all that is known of it.
    is_buried: bool,
}

impl Graveyard {
    /// Takes in a row that vanished, if it is a container.
    pub(super) fn bury(&mut self, group: Group) {
        if !group.is_container() {
            return;
        }
        if self.recent.len() == MOST_REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Lost { group: group.without_past(), is_buried: false });
    }

    /// Those that the OOM killer took from.
    pub(super) fn stones(&self) -> &[Group] {
        &self.stones
    }

    /// The container that a cgroup belonged to, the last one of its path.
    pub(super) fn owner(&self, path: &str) -> Option<&Group> {
        let around = |group: &&Group| is_within(path, &group.id.path);
        let recent = self.recent.iter().map(|lost| &lost.group);
        recent.rev().find(around).or_else(|| self.stones.iter().rfind(around))
    }

    /// Somebody has seen that of this path, or all.
    pub(super) fn clear(&mut self, path: Option<&str>) {
        self.stones.retain(|stone| path.is_some_and(|path| *stone.id.path != *path));
    }

    /// Puts up the tombstones of this reading, and takes away those whose time is over or whose container is back. Whether
    /// there is more in `earlier` now.
    pub(super) fn settle(
        &mut self,
        autopsies: &mut Autopsies,
        living: &mut [Group],
        earlier: &mut Gone,
        now: Now,
    ) -> bool {
        let remembered = |lost: &Lost| if lost.is_buried { KILLED } else { REMEMBERED };
        self.recent.retain(|lost| is_younger(&lost.group, remembered(lost), now));
        for Lost { group, .. } in &mut self.recent {
            group.gone.get_or_insert(Vanished { when: now.when, at: now.at });
        }
        let mut is_more = self.count_late(autopsies, living, earlier, now);
        self.put_up(autopsies, now);
        self.stones.retain(|group| is_younger(group, KILLED, now));
        self.stones.drain(..self.stones.len().saturating_sub(MOST_STONES));
        is_more |= self.make_room_for_successors(living, earlier);
        self.hang_below(living);
        is_more
    }

    /// Kills that no row's own counter tells of count for the container that has their path, or had it last: the log tells
    /// of them, or a counter above.
    fn count_late(&mut self, autopsies: &mut Autopsies, living: &mut [Group], earlier: &mut Gone, now: Now) -> bool {
        let lately = autopsies.newest().take_while(|autopsy| autopsy.at + KILLED >= now.at);
        let claimed = |autopsy: &Autopsy| {
            let owner = self.owner_of(autopsy, living)?;
            autopsies.is_uncounted(autopsy, owner, now).then(|| (autopsy.id, autopsy.at, Arc::clone(&owner.id.path)))
        };
        let claims: Vec<(u64, Duration, Arc<str>)> = lately.filter_map(claimed).collect();
        for (id, at, path) in &claims {
            autopsies.bury(*id);
            let kill = Tally::of_another(1, Some(now.at));
            earlier.add(path, EarlierKills { total: 1, seen: 1, last: Some(now.at) });
            let count = |group: &mut Group| {
                group.kills.add(kill);
                group.figures.oom_kill_total = group.figures.oom_kill_total.map(|known| known + 1);
            };
            living.iter_mut().filter(|group| group.id.path == *path).for_each(count);
            if let Some(Lost { group, is_buried }) = self.recent.iter_mut().rfind(|lost| lost.group.id.path == *path) {
                count(group);
                *is_buried = false;
                if group.gone.is_none_or(|gone| gone.at < *at) {
                    group.gone = Some(Vanished { when: now.when, at: *at });
                }
            }
        }
        !claims.is_empty()
    }

    /// The container that a kill was in: the innermost living one around its cgroup, else the last that is gone.
    fn owner_of<'a>(&'a self, autopsy: &Autopsy, living: &'a [Group]) -> Option<&'a Group> {
        let cgroup = autopsy.cgroup.as_ref().filter(|_| autopsy.may_be_claimed())?;
        let around = |group: &&Group| group.is_container() && is_within(cgroup, &group.id.path);
        let alive = living.iter().filter(around).max_by_key(|group| group.id.path.len());
        alive.or_else(|| self.recent.iter().map(|lost| &lost.group).rfind(around))
    }

    /// Puts up a tombstone for what the OOM killer took from, or took more from: one for each path.
    fn put_up(&mut self, autopsies: &Autopsies, now: Now) {
        for at in 0..self.recent.len() {
            let Lost { group, is_buried } = &self.recent[at];
            let path = &group.id.path;
            if *is_buried || !group.was_killed_within(KILLED, now.at) {
                continue;
            }
            if self.recent.iter().skip(at + 1).all(|later| later.group.id.path != *path) {
                self.stones.retain(|stone| stone.id.path != *path);
                self.stones.push(Group { verdict: Ok(over(group, autopsies)), ..group.clone() });
            }
            self.recent[at].is_buried = true;
        }
    }

    /// Those that were gone by a moment of the past: of others only the last reading is left.
    pub(super) fn rewind(&mut self, moment: Duration, living: &[Group]) {
        self.stones.retain(|stone| stone.gone.is_some_and(|gone| gone.at <= moment));
        self.hang_below(living);
    }

    /// What is gone hangs where it was, or on what is left above that.
    pub(super) fn hang_below(&mut self, living: &[Group]) {
        for stone in &mut self.stones {
            let above =
                |(_, group): &(usize, &Group)| is_within(&stone.id.path, &group.id.path) || group.parent.is_none();
            let parent = living.iter().enumerate().filter(above).max_by_key(|(_, group)| group.id.path.len());
            stone.parent = parent.map(|(row, _)| row);
            stone.depth = parent.map_or(0, |(_, group)| group.depth + 1);
        }
    }

    /// A container that is back is one row, with the kills of all that it was.
    fn make_room_for_successors(&mut self, living: &mut [Group], earlier: &mut Gone) -> bool {
        let mut is_more = false;
        self.stones.retain(|stone| {
            if living.iter().any(|group| group.id.path == stone.id.path) {
                return false;
            }
            let is_successor =
                |group: &&mut Group| group.is_container() && is_same_name(&group.identity, &stone.identity);
            let Some(successor) = living.iter_mut().find(is_successor) else { return true };
            let (seen, last) = (stone.kills.since_attach, stone.kills.last);
            let total = stone.figures.oom_kill_total.unwrap_or(seen);
            earlier.add(&successor.id.path, EarlierKills { total, seen, last });
            successor.kills.add(stone.kills);
            is_more = true;
            false
        });
        is_more
    }
}

fn is_younger(group: &Group, age: Duration, now: Now) -> bool {
    group.gone.is_none_or(|gone| now.at.saturating_sub(gone.at) < age)
}

/// What the OOM killer left: it is over.
fn over(group: &Group, autopsies: &Autopsies) -> Verdict {
    let by = autopsies.of(&group.id.path).map_or(group.killed_by, |autopsy| autopsy.by);
    Verdict { state: State::Oom, own: by.own, ancestor: by.ancestor, host: by.host, hurts: false }
}
