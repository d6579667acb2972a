//! OOM kills, each counted once however it was noticed, and what is known of it.
//!
//! Two witnesses tell of a kill: the counters of the cgroups, and the kernel log. The counters miss cgroups that are gone
//! before they are read, the log is rate-limited and may not be readable. What both tell is one kill; what neither can
//! name is counted by the host's own counter and shown as such.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::model::{By, Group};
use crate::snapshot::{AtLimit, Culprit, OomKill, Reading, Task};
use crate::units::{self, Limit};

/// Kills that are remembered with everything that is known of them.
const MOST: usize = 200;
/// The log and the counters tell of the same kill within this time.
const TOGETHER: Duration = Duration::from_secs(5);

/// One OOM kill.
#[derive(Clone, Debug, PartialEq)]
pub struct Autopsy {
    /// Its number, from 1 on.
    pub number: u64,
    /// When, on the wall: as the log says, else when the counter was read.
    pub when: SystemTime,
    /// The process and what it ran; `None` where the log does not say.
    pub victim: Option<(u32, Arc<str>)>,
    /// What the container is called; `None` where neither witness can say which it was.
    pub name: Option<Arc<str>>,
    /// Its cgroup's path.
    pub cgroup: Option<Arc<str>>,
    /// Who made it.
    pub runtime: Option<Arc<str>>,
    /// The image that it was made from.
    pub image: Option<Arc<str>>,
    /// Whose limit, or the host's shortage; none where nobody says.
    pub by: By,
    /// The cgroup whose limit it was, where the log says it or the counters leave only one.
    pub limited_by: Option<Arc<str>>,
    /// What the kernel says of that cgroup at the moment.
    pub at_limit: Option<AtLimit>,
    /// The victim's memory in bytes: anonymous, file, shared.
    pub victim_memory: [Option<u64>; 3],
    /// The largest tasks that could have been killed, as the log lists them.
    pub tasks: Vec<Task>,
    /// What the container was made of at the last reading before.
    pub before: Option<Before>,
    /// It was killed before memcgtop watched.
    pub past: bool,
    at: Duration,
    seen: Seen,
}

/// What a container was made of at the last reading before a kill. Bytes; absent as they were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before {
    /// What the limit counts.
    pub usage: Reading,
    /// The smallest limit of its own cgroups.
    pub limit: Reading<Limit>,
    /// Hits of its own limit.
    pub failcnt: Reading,
    /// Anonymous memory.
    pub anon: Reading,
    /// Page cache, tmpfs included.
    pub file: Reading,
    /// tmpfs and shared memory.
    pub shmem: Reading,
    /// Kernel memory.
    pub kernel: Reading,
    /// In swap.
    pub swap: Reading,
}

/// Which witness told of a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Counter,
    Log,
    Both,
    /// Only the host's counter.
    Host,
}

/// The moment of a reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// On the clock of the snapshots.
    pub(super) at: Duration,
    /// On the wall.
    pub(super) when: SystemTime,
    /// The wall's time of the first reading.
    pub(super) watching_since: SystemTime,
}

/// Every kill that is known.
#[derive(Clone, Debug, Default)]
pub struct Autopsies {
    kept: VecDeque<Autopsy>,
    counted: u64,
    numbered: u64,
    /// What the host's counter said first.
    first: Option<u64>,
    /// How many of what it counted since then are known.
    accounted: u64,
    /// How many were not at the reading before.
    unseen_before: u64,
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

    /// Kills since memcgtop watches.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// The counters of a row rose by `kills`; `before` it was made of that.
    pub(super) fn count(&mut self, group: &Group, before: Before, kills: u64, now: Now) {
        for _ in 0..kills {
            self.accounted += 1;
            let is_meant = |autopsy: &&mut Autopsy| {
                autopsy.seen == Seen::Log && autopsy.is_near(now.at) && autopsy.is_of(&group.id.path)
            };
            if let Some(known) = self.kept.iter_mut().find(is_meant) {
                known.seen = Seen::Both;
                // What the log tells of a cgroup that is gone is nearer than the row above it.
                if group.is_container() {
                    known.tell_of(group, Some(before));
                }
                self.accounted -= 1;
                continue;
            }
            let mut autopsy = Autopsy::unknown(now, Seen::Counter);
            autopsy.by = group.killed_by;
            autopsy.tell_of(group, Some(before));
            self.add(autopsy);
        }
    }

    /// The log tells of a kill; `owner` is the row that its cgroup belongs to, if that is known, and `before` what that was
    /// made of.
    pub(super) fn log(&mut self, kill: OomKill, owner: Option<&Group>, before: Option<Before>, now: Now) {
        let past = kill.when < now.watching_since;
        let is_meant = |autopsy: &&mut Autopsy| {
            let known = |path| autopsy.cgroup.as_ref().is_some_and(|own| is_within(path, own));
            autopsy.seen == Seen::Counter
                && autopsy.is_near(now.at)
                && kill.cgroup.as_ref().is_none_or(|path| known(path))
        };
        let known = self.kept.iter_mut().find(is_meant).filter(|_| !past);
        if let Some(known) = known {
            known.seen = Seen::Both;
            if let Some(owner) = owner.filter(|owner| owner.is_container()) {
                known.tell_of(owner, known.before);
            }
            known.hear(kill);
            return;
        }
        let mut autopsy = Autopsy::unknown(now, Seen::Log);
        autopsy.past = past;
        if let Some(owner) = owner {
            autopsy.tell_of(owner, before);
        }
        autopsy.hear(kill);
        self.accounted += u64::from(!past);
        self.add(autopsy);
    }

    /// The host's counter; what it has beyond the kills that are known happened where nobody saw it.
    pub(super) fn account(&mut self, total: Reading, now: Now) {
        let Ok(total) = total else { return };
        let since = total.saturating_sub(*self.first.get_or_insert(total));
        let unseen = since.saturating_sub(self.accounted);
        // The counters are not read at one moment: what is missing once may be there the next time.
        for _ in 0..unseen.min(self.unseen_before) {
            self.accounted += 1;
            self.add(Autopsy::unknown(now, Seen::Host));
        }
        self.unseen_before = since.saturating_sub(self.accounted);
    }

    /// A group of processes was killed as one: the counters count its victim twice, the log names it once.
    pub(super) fn forget_double(&mut self, cgroup: &str, now: Now) {
        let is_double = |autopsy: &Autopsy| {
            autopsy.seen == Seen::Counter
                && autopsy.is_near(now.at)
                && autopsy.cgroup.as_ref().is_some_and(|own| is_within(cgroup, own))
        };
        if let Some(double) = self.kept.iter().rposition(is_double) {
            self.kept.remove(double);
            self.counted -= 1;
        }
    }

    fn add(&mut self, mut autopsy: Autopsy) {
        if !autopsy.past {
            self.counted += 1;
        }
        self.numbered += 1;
        autopsy.number = self.numbered;
        if self.kept.len() == MOST {
            self.kept.pop_front();
        }
        self.kept.push_back(autopsy);
    }
}

impl Autopsy {
    /// Who was killed, and by whose limit, in a sentence.
    pub fn cause(&self) -> String {
        let hits = self
            .at_limit
            .map_or_else(String::new, |at| format!(", which had been hit {} times", units::count(at.failcnt)));
        format!("killed {} {}{hits}", self.victim_told(), self.culprit_told())
    }

    /// The process, with what it used, as far as the log tells.
    pub fn victim_told(&self) -> String {
        let [anon, ..] = self.victim_memory;
        let anon = anon.map_or_else(String::new, |anon| format!(", anon {}", units::size(anon)));
        let victim = self.victim.as_ref().map(|(pid, comm)| format!("{comm} (pid {pid}{anon})"));
        victim.unwrap_or_else(|| "a process".to_owned())
    }

    /// At whose limit, or that the host was short.
    pub fn culprit_told(&self) -> String {
        let limit =
            self.at_limit.and_then(|at| at.limit).or_else(|| self.before?.limit.ok()?.bytes().filter(|_| self.by.own));
        let limit = limit.map_or_else(String::new, |limit| format!(" {}", units::size(limit)));
        match (self.by.own, self.by.ancestor, self.by.host) {
            (true, ..) => format!("at its own limit{limit}"),
            (_, true, _) => format!("at the limit{limit} of {}", self.limited_by.as_deref().unwrap_or("an ancestor")),
            (_, _, true) => "because the host was out of memory".to_owned(),
            _ => format!("at a limit{limit}; whose is not known"),
        }
    }

    fn unknown(now: Now, seen: Seen) -> Self {
        Self {
            number: 0,
            when: now.when,
            victim: None,
            name: None,
            cgroup: None,
            runtime: None,
            image: None,
            by: By::default(),
            limited_by: None,
            at_limit: None,
            victim_memory: [None; 3],
            tasks: Vec::new(),
            before: None,
            past: false,
            at: now.at,
            seen,
        }
    }

    /// What the container tells.
    fn tell_of(&mut self, group: &Group, before: Option<Before>) {
        let identity = &group.identity;
        self.name = Some(identity.label().into());
        self.cgroup = Some(Arc::clone(&group.id.path));
        self.runtime.clone_from(&identity.runtime);
        self.image = identity.image.as_ref().ok().cloned();
        self.before = before;
        if self.limited_by.is_none() && (self.by.own || self.by.ancestor) {
            self.limited_by = group.figures.limited_by.as_ref().ok().map(|by| by.path().into());
        }
    }

    /// What the log tells.
    fn hear(&mut self, kill: OomKill) {
        self.when = kill.when;
        self.victim = Some((kill.pid, kill.comm));
        self.victim_memory = kill.victim;
        self.at_limit = kill.at_limit;
        self.tasks = kill.tasks;
        if let Culprit::Limit(limited) = &kill.by {
            let container = self.cgroup.as_ref().or(kill.cgroup.as_ref());
            let own = container.is_some_and(|container| is_within(limited, container));
            self.by = By { own, ancestor: !own, host: false };
            self.limited_by = Some(Arc::clone(limited));
        } else if kill.by == Culprit::Host {
            self.by = By { host: true, ..By::default() };
            self.limited_by = None;
        }
        self.cgroup = self.cgroup.take().or(kill.cgroup);
    }

    fn is_near(&self, at: Duration) -> bool {
        !self.past && at.abs_diff(self.at) <= TOGETHER
    }

    fn is_of(&self, container: &str) -> bool {
        self.cgroup.as_ref().is_some_and(|cgroup| is_within(cgroup, container))
    }
}

impl Before {
    /// What it was made of, by name.
    pub fn parts(&self) -> [(&'static str, Reading); 5] {
        [("anon", self.anon), ("file", self.file), ("shmem", self.shmem), ("kernel", self.kernel), ("swap", self.swap)]
    }

    pub(super) fn of(group: &Group) -> Self {
        let figures = &group.figures;
        Self {
            usage: figures.usage,
            limit: figures.limit,
            failcnt: figures.failcnt,
            anon: figures.stat.anon,
            file: figures.stat.file,
            shmem: figures.stat.shmem,
            kernel: figures.stat.kernel,
            swap: figures.swap,
        }
    }
}

/// Whether a cgroup is this one or one inside it.
pub fn is_within(path: &str, cgroup: &str) -> bool {
    path.strip_prefix(cgroup).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
