//! What is known of one OOM kill: who, when, by whose limit, and what it was made of.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::model::kills::Now;
use crate::model::{By, Group};
use crate::snapshot::{AtLimit, Culprit, Identity, OomKill, Part, Reading, Task, is_within};
use crate::units::{self, Limit};

/// Who killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Killer {
    /// The kernel's OOM killer: one process.
    Kernel,
    /// systemd-oomd or oomd: all processes of a cgroup, before the kernel had to.
    UserSpace {
        /// How many they say there were.
        processes: u64,
    },
}

impl Killer {
    /// `kernel` or `user-space`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::UserSpace { .. } => "user-space",
        }
    }

    /// How many were killed at once.
    pub fn processes(self) -> u64 {
        match self {
            Self::Kernel => 1,
            Self::UserSpace { processes } => processes,
        }
    }
}

/// One OOM kill.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that go together in any way")]
pub struct Autopsy {
    /// Its number, from 1 on.
    pub number: u64,
    /// What it is known by until it has one.
    pub(super) id: u64,
    /// When, on the wall: as the log says, else when the counter was read.
    pub when: SystemTime,
    /// Who killed.
    pub killer: Killer,
    /// The process and what it ran; `None` where the log does not say.
    pub victim: Option<(u32, Arc<str>)>,
    /// What the container is called; `None` where neither witness can say which it was.
    pub name: Option<Arc<str>>,
    /// What that is, as far as its path or its row said.
    pub identity: Option<Arc<Identity>>,
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
    /// Memory and swap of that cgroup together. v1 only.
    pub memsw: Option<AtLimit>,
    /// Swap of that cgroup. v2 only.
    pub swap: Option<AtLimit>,
    /// Whether it was chosen, or killed because it was in one cgroup with the chosen one (`memory.oom.group`).
    pub part: Part,
    /// The victim's memory in bytes: anonymous, file, shared.
    pub victim_memory: [Option<u64>; 3],
    /// The largest tasks that could have been killed, as the log lists them.
    pub tasks: Vec<Task>,
    /// What the container was made of at the last reading before.
    pub before: Option<Before>,
    /// It was killed before memcgtop watched.
    pub past: bool,
    /// Somebody has seen it.
    pub seen: bool,
    /// Whether the kernel log tells of it.
    pub logged: bool,
    /// The row whose counters tell of it: the container itself, or what was above it when it was gone. `None` where only
    /// the log or the host's counter does.
    pub counted_by: Option<Arc<str>>,
    /// When it was noticed, on the clock of the snapshots.
    pub(super) at: Duration,
    /// The row of its container counts it although no counter of that told.
    pub(super) buried: bool,
    /// Whether a container told of itself, or only what was above it.
    pub(super) of_container: bool,
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

impl Autopsy {
    /// Who was killed, and by whose limit, in a sentence.
    pub fn cause(&self) -> String {
        let hits = self
            .at_limit
            .map_or_else(String::new, |at| format!(", which had been hit {}", units::counted(at.failcnt, "time")));
        format!("killed {} {}{hits}", self.victim_told(), self.culprit_told())
    }

    /// The process, with what it used, as far as the log tells.
    pub fn victim_told(&self) -> String {
        let [anon, ..] = self.victim_memory;
        let anon = anon.map_or_else(String::new, |anon| format!(", anon {}", units::size(anon)));
        let victim = self.victim.as_ref().map(|(pid, comm)| format!("{comm} (pid {pid}{anon})"));
        match self.killer {
            Killer::UserSpace { processes: 1 } => "one process".to_owned(),
            Killer::UserSpace { processes } => units::counted(processes, "process"),
            Killer::Kernel => victim.unwrap_or_else(|| "a process".to_owned()),
        }
    }

    /// At whose limit, or that the host was short.
    pub fn culprit_told(&self) -> String {
        if self.killer != Killer::Kernel {
            return "from user space, by systemd-oomd or oomd".to_owned();
        }
        let limit =
            self.at_limit.and_then(|at| at.limit).or_else(|| self.before?.limit.ok()?.bytes().filter(|_| self.by.own));
        let limit = limit.map_or_else(String::new, |limit| format!(" {}", units::size(limit)));
        match (self.by.own, self.by.ancestor, self.by.host) {
            (true, ..) => format!("at its own limit{limit}"),
            (_, true, _) => format!("at the limit{limit} of {}", self.limited_by.as_deref().unwrap_or("an ancestor")),
            (_, _, true) => "because the host was out of memory".to_owned(),
            _ if self.logged => format!("at a limit{limit}; whose is not known"),
            _ => "at whose limit, or whether for the host, is not known".to_owned(),
        }
    }

    /// Which witnesses tell of it.
    pub fn evidence(&self) -> &'static str {
        let own = self.counted_by == self.cgroup;
        if self.killer != Killer::Kernel {
            return "the count that killers in user space leave on a cgroup";
        }
        match (self.logged, &self.counted_by) {
            (true, Some(_)) if own => "its counter and the kernel log",
            (true, Some(_)) => "a counter above it and the kernel log",
            (true, None) => "the kernel log",
            (false, Some(_)) => "its counter",
            (false, None) => "the host's counter",
        }
    }

    pub(super) fn unknown(now: Now) -> Self {
        Self {
            number: 0,
            id: 0,
            when: now.when,
            killer: Killer::Kernel,
            victim: None,
            name: None,
            identity: None,
            cgroup: None,
            runtime: None,
            image: None,
            by: By::default(),
            limited_by: None,
            at_limit: None,
            memsw: None,
            swap: None,
            part: Part::Chosen,
            victim_memory: [None; 3],
            tasks: Vec::new(),
            before: None,
            past: false,
            seen: false,
            logged: false,
            counted_by: None,
            at: now.at,
            buried: false,
            of_container: false,
        }
    }

    /// What the container tells.
    pub(super) fn tell_of(&mut self, group: &Group, before: Option<Before>) {
        let identity = &group.identity;
        self.of_container = group.is_container();
        self.name = Some(identity.label().into());
        self.identity = Some(Arc::clone(identity));
        self.cgroup = Some(Arc::clone(&group.id.path));
        self.runtime.clone_from(&identity.runtime);
        self.image = identity.image.as_ref().ok().cloned();
        self.before = before;
        if self.limited_by.is_none() && (self.by.own || self.by.ancestor) {
            self.limited_by = group.figures.limited_by.as_ref().ok().map(|by| by.path().into());
        }
    }

    /// Whose limit the counters say it was, where the log does not say. That it was the host they only take from there
    /// being no other; if the log tells of a limit, it was not.
    pub(super) fn blame(&mut self, by: By) {
        if self.by == By::default() && !(self.logged && by.host) {
            self.by = by;
        }
    }

    /// What the log tells.
    pub(super) fn hear(&mut self, kill: OomKill) {
        if let Some(cgroup) = kill.cgroup.filter(|_| !self.of_container) {
            self.place(cgroup, kill.identity);
        }
        (self.when, self.logged) = (kill.when, true);
        self.victim = Some((kill.pid, kill.comm));
        self.victim_memory = kill.victim;
        (self.at_limit, self.memsw, self.swap) = (kill.at_limit, kill.memsw, kill.swap);
        self.part = kill.part;
        self.tasks = kill.tasks;
        match kill.by {
            Culprit::Limit(limited) => {
                self.by = By::limit_of(&limited, self.cgroup.as_deref());
                self.limited_by = Some(limited);
            }
            Culprit::Host => {
                self.by = By { host: true, ..By::default() };
                self.limited_by = None;
            }
            Culprit::SomeLimit if self.by.host => self.by = By::default(),
            Culprit::SomeLimit => {}
        }
    }

    /// The log and a row's counter told of one kill.
    pub(super) fn merge(&mut self, log: Self, counter: Self) {
        // The counters name no limit if they blame the host.
        let blames = if log.by.host || counter.by.host { &log } else { &counter };
        let (by, limited_by) = (blames.by, blames.limited_by.clone());
        *self = Self {
            id: self.id,
            number: self.number,
            name: counter.name,
            identity: counter.identity,
            cgroup: counter.cgroup,
            runtime: counter.runtime,
            image: counter.image,
            before: counter.before,
            of_container: counter.of_container,
            counted_by: counter.counted_by,
            by,
            limited_by,
            ..log
        };
    }

    /// The log knows better than a row above.
    fn place(&mut self, cgroup: Arc<str>, identity: Option<Arc<Identity>>) {
        if self.cgroup.as_ref() == Some(&cgroup) {
            return;
        }
        self.cgroup = Some(cgroup);
        (self.name, self.runtime, self.image, self.before) = (None, None, None, None);
        self.identity.clone_from(&identity);
        if let Some(identity) = identity {
            self.name = Some(identity.within.clone().unwrap_or_else(|| identity.label().into()));
            self.runtime.clone_from(&identity.runtime);
        }
    }

    /// Whether a row may have to count it that its counter did not tell.
    pub(super) fn may_be_claimed(&self) -> bool {
        !self.past && !self.buried && self.killer == Killer::Kernel && self.counted_by != self.cgroup
    }

    /// Whether it was in this cgroup or in one inside it.
    pub fn is_of(&self, container: &str) -> bool {
        self.cgroup.as_ref().is_some_and(|cgroup| is_within(cgroup, container))
    }
}

impl Before {
    /// What it was made of, by name.
    pub fn parts(&self) -> [(&'static str, Reading); 5] {
        [("anon", self.anon), ("file", self.file), ("shmem", self.shmem), ("kernel", self.kernel), ("swap", self.swap)]
    }

    /// What a row was made of; nothing if it was never read.
    pub(super) fn of(group: &Group) -> Option<Self> {
        let figures = &group.figures;
        (!group.is_unread()).then(|| Self {
            usage: figures.usage,
            limit: figures.limit,
            failcnt: figures.failcnt,
            anon: figures.stat.anon,
            file: figures.stat.file,
            shmem: figures.stat.shmem,
            kernel: figures.stat.kernel,
            swap: figures.swap,
        })
    }
}
