//! Containers that were made again: what vanished, so that what comes under its path or name is known for a successor.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::model::Group;
use crate::model::history::Point;
use crate::snapshot::{Identity, Role};

/// Containers that are remembered.
const MOST: usize = 1_000;
/// Those of them, the newest, whose past is kept for a successor.
const MOST_PASTS: usize = 100;

/// Containers that vanished.
#[derive(Clone, Debug, Default)]
pub struct Restarts {
    /// Oldest first.
    gone: VecDeque<Gone>,
    /// Their paths and names, and how many have each: most rows have none of them.
    known: HashMap<Arc<str>, usize>,
}

/// A container, and no part of one.
fn is_whole(group: &Group) -> bool {
    group.is_container() && group.identity.role == Role::Outermost
}

/// The first reading of a row that is still kept.
fn born(group: &Group) -> Option<Duration> {
    group.readings().next().map(Point::at)
}

#[derive(Clone, Debug)]
struct Gone {
    path: Arc<str>,
    identity: Arc<Identity>,
    /// Its last reading.
    at: Duration,
    /// All that was seen of it, until a successor carries that on.
    past: Option<Box<Group>>,
}

impl Restarts {
    pub(super) fn bury(&mut self, group: &Group) {
        let Some(last) = group.history.last().filter(|_| is_whole(group)) else { return };
        if self.gone.len() == MOST
            && let Some(oldest) = self.gone.pop_front()
        {
            self.forget(&oldest);
        }
        let (path, identity) = (Arc::clone(&group.id.path), Arc::clone(&group.identity));
        for word in [&path, &identity.name] {
            *self.known.entry(Arc::clone(word)).or_default() += 1;
        }
        self.gone.push_back(Gone { path, identity, at: last.at(), past: Some(Box::new(group.clone())) });
        if let Some(older) = self.gone.len().checked_sub(MOST_PASTS + 1) {
            self.gone[older].past = None;
        }
    }

    /// The past of the container that a row carries on, if it carries on one and does not know yet.
    pub(super) fn take_past(&mut self, group: &Group) -> Option<Group> {
        if group.forerunner_until.is_some() || !self.may_know(group) {
            return None;
        }
        let born = born(group);
        let mut newest_first = self.gone.iter_mut().rev();
        let forerunner =
            newest_first.find(|gone| born.is_none_or(|born| gone.at < born) && gone.is_forerunner_of(group))?;
        forerunner.past.take().map(|past| *past)
    }

    fn may_know(&self, group: &Group) -> bool {
        let is_known = |word: &Arc<str>| self.known.contains_key(word);
        (is_known(&group.id.path) || is_known(&group.identity.name)) && is_whole(group)
    }

    fn forget(&mut self, gone: &Gone) {
        for word in [&gone.path, &gone.identity.name] {
            let count = self.known.get_mut(word).map(|count| {
                *count -= 1;
                *count
            });
            if count == Some(0) {
                self.known.remove(word);
            }
        }
    }

    /// How many that had a row's path or name vanished before it came, within `window` before `now`.
    pub fn of(&self, group: &Group, window: Duration, now: Duration) -> usize {
        if !self.may_know(group) {
            return 0;
        }
        let born = born(group).unwrap_or(now);
        let earliest = now.saturating_sub(window);
        let newest_first = self.gone.iter().rev().take_while(|gone| gone.at >= earliest);
        newest_first.filter(|gone| gone.at < born && gone.is_forerunner_of(group)).count()
    }
}

impl Gone {
    fn is_forerunner_of(&self, group: &Group) -> bool {
        self.path == group.id.path || is_same_name(&self.identity, &group.identity)
    }
}

/// Whether two containers are known by the same name, at the same place.
pub(super) fn is_same_name(one: &Identity, other: &Identity) -> bool {
    one.unnamed.is_none()
        && other.unnamed.is_none()
        && one.name == other.name
        && one.runtime == other.runtime
        && one.namespace == other.namespace
        && one.label() == other.label()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::beat::Beat;
    use crate::model::{Figures, history::Point};
    use crate::snapshot::{CgroupId, Kind, Missing};

    const WINDOW: Duration = Duration::from_secs(600);

    /// A container that was seen in these seconds.
    fn container(path: &str, name: &str, seen: [u64; 2]) -> Group {
        let mut group = Group::new(CgroupId { path: path.into(), inode: 1 }, Figures::missing(Missing::NotRead));
        group.identity = Arc::new(Identity::plain(Kind::Container, name));
        for second in seen {
            let figures = Figures::missing(Missing::NotRead);
            group.history.push(Point::new(Duration::from_secs(second), &figures, 0, 0), Beat::On);
        }
        group
    }

    #[test]
    fn who_has_the_path_or_the_name_is_the_successor_and_nobody_else() {
        let mut restarts = Restarts::default();
        restarts.bury(&container("/docker/a", "web", [1, 10]));
        restarts.bury(&container("/docker/b", "web", [11, 20]));
        let count = |group: &Group, now| restarts.of(group, WINDOW, Duration::from_secs(now));
        let third = container("/docker/c", "web", [21, 30]);
        assert_eq!((count(&third, 30), count(&third, 612), count(&third, 630)), (2, 1, 0));
        assert_eq!(count(&container("/docker/a", "other", [21, 30]), 30), 1);
        assert_eq!(count(&container("/docker/d", "other", [21, 30]), 30), 0);
        assert_eq!(count(&container("/docker/d", "web", [15, 25]), 30), 1, "the other was beside it");
    }

    #[test]
    fn no_more_are_remembered_than_are_of_use() {
        let mut restarts = Restarts::default();
        for n in 0..3 * MOST {
            restarts.bury(&container(&format!("/docker/{n}"), &format!("web-{n}"), [1, 2]));
        }
        assert_eq!((restarts.gone.len(), restarts.known.len()), (MOST, 2 * MOST));
    }
}
