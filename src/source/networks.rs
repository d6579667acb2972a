//! Which network namespaces there are, who is in each, and when it is read again.
//!
//! A namespace is read once, however many containers share it, through a process of one of them. What it counts can wait:
//! reading a thousand of them is spread, so that it takes no more than a small part of one processor. Must not read
//! anything itself, nor wait.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::snapshot::CgroupId;

/// A namespace is read so often at most.
const PACE: Duration = Duration::from_secs(5);
/// After a reading, this many times as long as it took nothing is read: with waking up for it, that is less than a
/// hundredth of one processor.
const REST: u32 = 200;
/// More processes than these, one after the other, are not looked for at once.
const MOST_LOST: usize = 2;

/// The namespaces of the cgroups that were looked at.
#[derive(Debug)]
pub(super) struct Inhabited {
    each: BTreeMap<u64, Namespace>,
    /// Until when nothing is read again.
    rest: Instant,
}

#[derive(Debug)]
struct Namespace {
    /// The cgroups in it, each with its process; `None` while another one is looked for.
    cgroups: BTreeMap<CgroupId, Option<i32>>,
    /// When it is to be read; `None` at the first time, which is at once.
    due: Option<Instant>,
    /// Processes that ended before it was read through them.
    lost: usize,
}

/// A process through which a namespace can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Through {
    pub(super) netns: u64,
    pub(super) cgroup: CgroupId,
    pub(super) process: i32,
}

impl Inhabited {
    pub(super) fn new() -> Self {
        Self { each: BTreeMap::new(), rest: Instant::now() }
    }

    /// Where a cgroup's process was found now. The namespace that nobody is in any more.
    pub(super) fn settle(&mut self, cgroup: &CgroupId, found: Option<(u64, i32)>) -> Option<u64> {
        if let Some((netns, process)) = found {
            let new = || Namespace { cgroups: BTreeMap::new(), due: None, lost: 0 };
            self.each.entry(netns).or_insert_with(new).cgroups.insert(cgroup.clone(), Some(process));
        }
        let left = |(netns, namespace): (&u64, &mut Namespace)| {
            let is_elsewhere = found.is_none_or(|(found, _)| found != *netns);
            (is_elsewhere && namespace.cgroups.remove(cgroup).is_some()).then_some(*netns)
        };
        let left = self.each.iter_mut().find_map(left)?;
        self.each.get(&left).is_some_and(|namespace| namespace.cgroups.is_empty()).then(|| {
            self.each.remove(&left);
            left
        })
    }

    /// The process of a cgroup ended, or is elsewhere: it is not looked at until it is settled again. Where none lasts, the
    /// namespace waits for its next turn.
    pub(super) fn lose(&mut self, through: &Through) {
        let Some(namespace) = self.each.get_mut(&through.netns) else { return };
        if let Some(process) = namespace.cgroups.get_mut(&through.cgroup) {
            *process = None;
        }
        namespace.lost += 1;
        if namespace.lost > MOST_LOST {
            (namespace.lost, namespace.due) = (0, Some(Instant::now() + PACE));
        }
    }

    /// The next one to be read at this moment, if one is due; those that never were come first.
    pub(super) fn due(&self, now: Instant) -> Option<Through> {
        let is_due = |due: Option<Instant>| due.is_none_or(|due| due <= now && self.rest <= now);
        let readable = self.each.iter().filter(|(_, namespace)| is_due(namespace.due));
        let through = |(&netns, namespace): (&u64, &Namespace)| {
            let (cgroup, process) =
                namespace.cgroups.iter().find_map(|(cgroup, process)| Some((cgroup, (*process)?)))?;
            Some((namespace.due, Through { netns, cgroup: cgroup.clone(), process }))
        };
        readable.filter_map(through).min_by_key(|(due, _)| *due).map(|(_, through)| through)
    }

    /// When the next one is.
    pub(super) fn next(&self) -> Option<Instant> {
        let known = self.each.values().filter(|namespace| namespace.cgroups.values().any(Option::is_some));
        known.map(|namespace| namespace.due.map_or(self.rest.min(Instant::now()), |due| due.max(self.rest))).min()
    }

    /// One was read, from then until now.
    pub(super) fn was_read(&mut self, netns: u64, begun: Instant) {
        let now = Instant::now();
        if let Some(namespace) = self.each.get_mut(&netns) {
            (namespace.lost, namespace.due) = (0, Some(begun + PACE));
        }
        self.rest = now + (now - begun).saturating_mul(REST);
    }

    /// All are to be read now.
    pub(super) fn hurry(&mut self) {
        self.each.values_mut().for_each(|namespace| namespace.due = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cgroup(path: &str) -> CgroupId {
        CgroupId { path: path.into(), inode: path.len() as u64 }
    }

    #[test]
    fn a_namespace_lasts_as_long_as_somebody_is_in_it() {
        let mut inhabited = Inhabited::new();
        assert_eq!(inhabited.settle(&cgroup("/a"), Some((7, 1))), None);
        assert_eq!(inhabited.settle(&cgroup("/bb"), Some((7, 2))), None);
        assert_eq!(inhabited.settle(&cgroup("/a"), Some((9, 1))), None);
        assert_eq!(inhabited.settle(&cgroup("/bb"), None), Some(7));
        assert_eq!(inhabited.settle(&cgroup("/bb"), None), None);
        assert_eq!(inhabited.settle(&cgroup("/a"), Some((7, 1))), Some(9));
    }

    #[test]
    fn it_is_read_through_another_process_where_one_ended() {
        let mut inhabited = Inhabited::new();
        inhabited.settle(&cgroup("/a"), Some((7, 1)));
        inhabited.settle(&cgroup("/bb"), Some((7, 2)));
        let first = inhabited.due(Instant::now()).unwrap();
        assert_eq!((first.netns, first.process), (7, 1));
        inhabited.lose(&first);
        let second = inhabited.due(Instant::now()).unwrap();
        assert_eq!(second.process, 2);
        inhabited.lose(&second);
        assert_eq!((inhabited.due(Instant::now()), inhabited.next()), (None, None));
        assert_eq!(inhabited.settle(&cgroup("/a"), Some((7, 3))), None, "it is the same namespace");
        assert_eq!(inhabited.due(Instant::now()).unwrap().process, 3);
    }

    #[test]
    fn processes_that_do_not_last_are_not_looked_for_all_the_time() {
        let mut inhabited = Inhabited::new();
        let mut looks = 0;
        inhabited.settle(&cgroup("/a"), Some((7, 1)));
        while let Some(through) = inhabited.due(Instant::now()) {
            inhabited.lose(&through);
            looks += 1;
            inhabited.settle(&cgroup("/a"), Some((7, looks)));
        }
        assert_eq!(looks, 3);
        assert!(inhabited.due(Instant::now() + PACE).is_some());
    }

    #[test]
    fn each_has_its_turn_and_between_them_there_is_a_rest() {
        let mut inhabited = Inhabited::new();
        for (path, netns) in [("/a", 1), ("/bb", 2)] {
            inhabited.settle(&cgroup(path), Some((netns, 1)));
        }
        let now = Instant::now();
        let begun = now.checked_sub(Duration::from_millis(100)).unwrap();
        assert_eq!(inhabited.due(now).unwrap().netns, 1);
        inhabited.was_read(1, begun);
        assert_eq!(inhabited.due(now).unwrap().netns, 2, "the first time does not wait");
        inhabited.was_read(2, now);
        assert_eq!(inhabited.due(now + PACE / 2), None);
        assert_eq!(inhabited.due(now + PACE * 2).unwrap().netns, 1, "what waits longest");
        inhabited.was_read(1, begun);
        let rested = inhabited.next().unwrap();
        assert!(rested >= begun + Duration::from_millis(100) * REST, "it took a tenth of a second");
        assert_eq!(inhabited.due(now + PACE), None);
        inhabited.hurry();
        assert!(inhabited.due(now).is_some());
    }
}
