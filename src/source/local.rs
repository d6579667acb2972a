//! The memory of a Linux host, read from its cgroup files.
//!
//! A sweep finds the cgroups that came and went, reads what is due of each, and hands out one snapshot.
//! A cgroup that vanishes meanwhile is left out; a file that fails leaves a mark and a problem.

mod due;
mod early;
mod hold_off;
mod near;
mod notices;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustix::io::Errno;

use crate::identity::state::{Endpoint, Places};
use crate::kernel::file::{Content, File, Pace};
use crate::kernel::hierarchy::{self, Mount, Roots};
use crate::kernel::host::HostReader;
use crate::kernel::{oomd, read};
use crate::snapshot::{CgroupId, Fresh, Host, Memory, Missing, OomKill, Problem, Reading, Snapshot};
use crate::source::descriptors::Descriptors;
use crate::source::local::due::{Due, Tension};
use crate::source::local::early::Watch;
use crate::source::log::Log;
use crate::source::names::Names;
use crate::source::node::Node;
use crate::source::own;
use crate::source::owners::Owners;
use crate::source::processes::{Place, Refusal};
use crate::source::reader::{Fault, Handle, Outcome, Reader};
use crate::source::tree::Tree;
use crate::source::waker::Waker;
use crate::source::{Error, Source, Wake};
use crate::text;

/// The clock of the snapshots begins so long before the first: what the log tells of that time has its place on it.
const REACH: Duration = Duration::from_secs(600);

/// Between two readings, unless it is said.
const USUAL: Duration = Duration::from_secs(1);

/// A single reading waits for names so long.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How the readings will be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Many readings: files are kept open, and those of the slow pace take turns.
    Live,
    /// One or a few readings: every file at every reading, nothing kept open.
    Whole,
}

/// When a reading began.
#[derive(Clone, Copy, Debug)]
struct Begun {
    at: Instant,
    on_the_wall: SystemTime,
}

impl Begun {
    fn now() -> Self {
        Self { at: Instant::now(), on_the_wall: SystemTime::now() }
    }
}

/// A host, or a copy of its files.
#[derive(Debug)]
pub struct Local {
    mount: Mount,
    /// Not a copy of a host's files.
    is_kernels: bool,
    processes: Result<Place, Refusal>,
    effort: Effort,
    host: HostReader,
    tree: Tree,
    reader: Reader,
    names: Names,
    log: Log,
    owners: Owners,
    /// Where the clock of the snapshots begins.
    started: Instant,
    /// When this reading began, on that clock.
    now: Duration,
    sweeps: usize,
    /// Everything of a cgroup is read at one of so many readings.
    turns: usize,
    /// What the host's figures ask for at this sweep.
    tension: Tension,
    watch: Watch,
    own: own::Reader,
    /// What the last regular reading said of the host, and what it could not read.
    last: Option<(Host, Vec<Problem>)>,
}

impl Local {
    /// Finds the memory hierarchy and opens its root.
    ///
    /// # Errors
    /// Where there is no memory hierarchy or it cannot be read.
    pub fn open(roots: &Roots, effort: Effort) -> Result<Self, Error> {
        let mount = hierarchy::detect(roots)?;
        let descriptors = match effort {
            Effort::Live if mount.is_kernels() => Descriptors::raised(),
            // In a copy another file may take the place of one that is open.
            Effort::Live | Effort::Whole => Descriptors::none(),
        };
        let proc_root = roots.proc_root();
        let started = Instant::now().checked_sub(REACH).unwrap_or_else(Instant::now);
        let processes = Place::of(&mount, proc_root.clone());
        Ok(Self {
            watch: Watch::new(&mount, effort, &proc_root),
            own: own::Reader::new(),
            last: None,
            host: HostReader::new(&proc_root, mount.hierarchy, mount.namespaced),
            tree: Tree::open(&mount, descriptors)?,
            reader: Reader::new(if mount.is_kernels() { read::open_kernels } else { read::open_below }),
            names: Names::new(places(roots, &mount, &processes), started),
            log: log(roots, &mount),
            owners: Owners::new(&mount),
            started,
            now: REACH,
            sweeps: 0,
            turns: due::turns(USUAL),
            tension: Tension::default(),
            effort,
            is_kernels: mount.is_kernels(),
            processes,
            mount,
        })
    }

    /// The same, asking these runtimes for what is not on disk.
    #[must_use]
    pub fn asking(mut self, apis: Vec<Endpoint>) -> Self {
        self.names.ask_also(apis);
        self
    }

    fn begin(&mut self) -> Begun {
        let begun = Begun::now();
        self.now = begun.at - self.started;
        begun
    }

    /// Finds and reads what there is. Where a cgroup vanished meanwhile, another may have taken its place
    /// unseen, and where one moved there may be more below it, so the tree is looked at once more.
    fn sweep(&mut self) -> Result<(), Errno> {
        self.tree.refresh()?;
        let changed = self.read_all()?;
        if changed {
            self.tree.refresh()?;
            self.read_all()?;
            self.tree.settle();
        }
        self.sweeps += 1;
        Ok(())
    }

    /// Reads what is due of every cgroup that this sweep has not read yet; true if the tree has changed. An error
    /// if the root is gone, without which nothing can be told.
    fn read_all(&mut self) -> Result<bool, Errno> {
        let now = Instant::now();
        let mut changed = false;
        for (at, index) in self.tree.order().to_vec().into_iter().enumerate() {
            let Some(due) = self.due(at, index, now) else { continue };
            match self.read_cgroup(index, due, now) {
                None if self.tree.node(index).is_some_and(Node::is_root) => return Err(Errno::NODEV),
                None => {
                    self.tree.remove(index);
                    changed = true;
                }
                Some(Due::Signs | Due::WhatShows) => {}
                // It was found in this very sweep.
                Some(_) if self.sweeps == 0 => {}
                Some(Due::WhatMoves | Due::Everything) => changed |= self.tree.look_below(index),
            }
        }
        Ok(changed)
    }

    /// How much is due of the cgroup at a place in the order; `None` if this sweep has read it.
    fn due(&self, at: usize, index: usize, now: Instant) -> Option<Due> {
        let node = self.tree.node(index).filter(|node| node.read_in != Some(self.sweeps))?;
        let is_turn = at % self.turns == self.sweeps % self.turns;
        Some(match self.effort {
            Effort::Whole => Due::Everything,
            // The first picture is wanted at once; the rest follows with the second reading.
            Effort::Live if self.sweeps == 0 => Due::WhatMoves,
            Effort::Live if is_turn || !due::is_fresh(node.complete, now) => Due::Everything,
            Effort::Live if node.is_shown => Due::WhatShows,
            Effort::Live => Due::Signs,
        })
    }

    /// Reads what is due of one cgroup, and how much that was after all; `None` if it is gone.
    fn read_cgroup(&mut self, index: usize, due: Due, now: Instant) -> Option<Due> {
        let before = Arc::clone(&self.tree.node(index)?.memory);
        let opened = self.reader.opened;
        let mut memory = *before;
        let tension = self.tension;
        let is_sign = |pace| Due::is_sign(pace, &before, tension);
        if !self.read_paces(index, is_sign, due, &mut memory) {
            return None;
        }
        let is_lively = before.usage.is_ok() && Due::Signs.after(&before, &memory, tension) == Due::WhatMoves;
        let due = due.after(&before, &memory, tension);
        if due != Due::Signs {
            let is_shown = self.tree.node(index).is_some_and(|node| node.is_shown);
            self.tree.keep_open(index, is_lively || is_shown);
        }
        if !self.read_paces(index, |pace| due.includes(pace) && !is_sign(pace), due, &mut memory)
            || (self.reader.opened != opened && self.is_replaced(index))
        {
            return None;
        }
        let everything = due == Due::Everything;
        if due != Due::Signs {
            memory.events.oomd_kill = self.oomd_kill(index, everything, &memory);
        }
        drop(before);
        if let Some(node) = self.tree.node_mut(index) {
            node.complete = if everything { Some(now) } else { node.complete };
            node.read_in = Some(self.sweeps);
            if due != Due::Signs {
                node.tell(memory);
            }
        }
        Some(due)
    }

    /// Reads the files of some paces; false if the cgroup is gone.
    fn read_paces(&mut self, index: usize, which: impl Fn(Pace) -> bool, due: Due, memory: &mut Memory) -> bool {
        let mut files = self.mount.version.files().iter().enumerate().filter(|(_, file)| which(file.pace));
        files.all(|(number, file)| self.read_file(index, number, file, due == Due::Everything, memory))
    }

    /// What killers in user space left at one cgroup; where its directory is not kept open, only when `everything` is read.
    fn oomd_kill(&self, index: usize, everything: bool, memory: &Memory) -> Reading {
        let known = memory.events.oomd_kill;
        let Some(node) = self.tree.node(index).filter(|_| known != Err(Missing::NotOnV1)) else { return known };
        match self.tree.base(node) {
            _ if !self.is_kernels => Err(Missing::NotHere),
            (directory, None) => oomd::kills(directory),
            (root, Some(location)) if everything => oomd::kills_below(root, location),
            (_, Some(_)) => known,
        }
    }

    /// Whether another cgroup may have taken the name while files were opened by it.
    fn is_replaced(&self, index: usize) -> bool {
        self.tree.node(index).is_none_or(|node| node.is_opened_by_name() && self.tree.is_gone(node))
    }

    /// Reads one file into its cgroup's figures; false if the cgroup is gone.
    fn read_file(
        &mut self,
        index: usize,
        number: usize,
        file: &'static File,
        look_again: bool,
        memory: &mut Memory,
    ) -> bool {
        let Some(node) = self.tree.node(index) else { return false };
        if matches!(node.handles[number], Handle::Absent) && !look_again {
            return true;
        }
        let (outcome, opened) = self.reader.read(file, &node.handles[number], self.tree.base(node), memory);
        let outcome = match outcome {
            Outcome::Vanished => return false,
            Outcome::Absent if !node.is_root() && self.tree.is_gone(node) => return false,
            certain => certain,
        };
        let absent = why_absent(node, file, memory.usage);
        let is_used = node.keeps_open && file.pace != Pace::Slow || due::is_read_each_time(file.pace, memory);
        let kept = opened.filter(|_| is_used && self.tree.descriptors.keep_file(file.pace));
        let Some(node) = self.tree.node_mut(index) else { return false };
        node.faults.retain(|fault| fault.file != Some(file.name));
        if let Some(descriptor) = kept {
            node.handles[number] = Handle::Open(descriptor);
        }
        match outcome {
            Outcome::Read if matches!(file.content, Content::Processes) => {
                node.processes.clone_from(&self.reader.processes);
            }
            Outcome::Read if matches!(file.content, Content::Stat(_)) => memory.stat_at = Some(self.now),
            Outcome::Read => {}
            Outcome::Absent | Outcome::Vanished => {
                (file.miss)(memory, absent);
                node.handles[number] = Handle::Absent;
            }
            Outcome::Failed { doing, errno, reason } => {
                if reason != Missing::NotRead {
                    (file.miss)(memory, reason);
                }
                node.faults.push(Fault { file: Some(file.name), doing, errno });
            }
        }
        true
    }

    /// Takes in the names that have come, and asks for those of new cgroups. The figures come first: nothing is asked
    /// before they are read.
    fn name(&mut self) {
        for id in self.tree.departures() {
            self.names.forget(&id);
        }
        for (id, question) in self.tree.arrivals() {
            self.names.ask(id, Arc::new(question));
        }
        let told = match self.effort {
            Effort::Live => self.names.take(),
            Effort::Whole => self.names.wait(Instant::now() + PATIENCE),
        };
        for told in told {
            self.tree.know(told);
        }
        self.tree.settle();
    }

    /// What is known, as of a reading that `begun` then.
    fn snapshot(&mut self, begun: Begun, fresh: Fresh, (host, problems): (Host, Vec<Problem>)) -> Snapshot {
        let nodes = || self.tree.order().iter().filter_map(|&index| self.tree.node(index));
        let unlisted = nodes().enumerate().filter_map(|(at, node)| {
            let fault = node.faults.iter().find(|fault| fault.is_of_directory())?;
            Some((at, fault.reason()))
        });
        Snapshot {
            taken_at: begun.on_the_wall,
            at: self.now,
            host,
            unlisted: unlisted.collect(),
            readings: nodes().map(|node| Arc::clone(&node.memory)).collect(),
            beancounters: Vec::new(),
            networks: self.names.networks(),
            fresh,
            topology: self.tree.topology(),
            problems,
            oom_kills: Vec::new(),
            oom_log: self.log.missing().map_or(Ok(()), Err),
            own: self.own.told.clone(),
            took: begun.at.elapsed(),
        }
    }

    /// What the kernel log tells of kills since the last time.
    fn kills(&mut self) -> Vec<OomKill> {
        let kills = self.owners.place(self.log.take(), &self.tree);
        self.tree.late.forget();
        kills
    }

    fn problems(&self, problems: &mut Vec<Problem>) {
        problems.extend(self.names.problems());
        let mut told = HashSet::new();
        for node in self.tree.order().iter().filter_map(|&index| self.tree.node(index)) {
            let path = |file: &str| {
                let path = self.mount.root.join(node.path().trim_start_matches('/')).join(file);
                // Without a slash at the end, nor two in the middle.
                let path: PathBuf = path.components().collect();
                text::visible(&path.to_string_lossy()).into_owned()
            };
            // Containers of one runtime share files, and so their problems.
            problems.extend(node.problems.iter().filter(|problem| told.insert(*problem)).cloned());
            problems.extend(node.faults.iter().map(|fault| Problem {
                path: path(fault.file.unwrap_or_default()),
                doing: fault.doing,
                error: read::explained(fault.errno).to_string(),
            }));
        }
    }
}

fn why_absent(node: &Node, file: &File, usage: Reading) -> Missing {
    // Pressure is not the memory controller's, whatever its file is called.
    let controllers = file.name.starts_with("memory.") && file.name != "memory.pressure";
    match usage {
        _ if node.is_root() && file.absent == Missing::NoController => Missing::RootCgroup,
        Err(reason @ (Missing::NoController | Missing::RootCgroup)) if controllers => reason,
        _ => file.absent,
    }
}

/// The kernel log of the kernel that these cgroups are in, if it is the one that runs here.
fn log(roots: &Roots, mount: &Mount) -> Log {
    let is_running = mount.is_kernels() && hierarchy::is_procfs(&roots.proc_root());
    let root = roots.root.as_deref().unwrap_or(Path::new("/"));
    if is_running { Log::open(root) } else { Log::none() }
}

/// Where the runtimes' state is looked for: never on this host where the cgroups are a copy of another's.
fn places(roots: &Roots, mount: &Mount, processes: &Result<Place, Refusal>) -> Places {
    let is_copy = !mount.is_kernels();
    let proc_root = roots.proc_root();
    let processes = match processes {
        Ok(_) => Ok(()),
        Err(_) if !is_copy && hierarchy::is_procfs(&proc_root) => Err(Missing::OtherNumbers),
        Err(_) => Err(Missing::NotHere),
    };
    let proc_root = (!is_copy || roots.proc.is_some() || roots.root.is_some()).then_some(proc_root);
    let own = (!is_copy && roots.proc.is_none()).then(|| "/".into());
    Places { cgroups: mount.root.clone(), proc_root, root: roots.root.clone().or(own), processes, apis: Vec::new() }
}

impl Source for Local {
    fn processes(&self) -> Result<Place, Refusal> {
        self.processes.clone()
    }

    fn sample(&mut self) -> Result<Snapshot, Error> {
        let begun = self.begin();
        let mut problems = Vec::new();
        let host = self.host.read(&mut problems);
        self.tension = Tension::between(self.last.as_ref().map(|(host, _)| host), &host);
        self.sweep().map_err(|errno| Error::Unreadable {
            doing: "read",
            path: self.mount.root.clone(),
            error: errno.into(),
        })?;
        // The past can wait for the first picture. Otherwise the log is read at once: what it tells that comes after the
        // sweep, the counters tell only at the next one.
        let early = self.effort == Effort::Live && self.sweeps == 1;
        let oom_kills = if early { Vec::new() } else { self.kills() };
        self.name();
        self.problems(&mut problems);
        self.watch.regular(&self.tree);
        if self.effort == Effort::Live {
            self.own.look(&self.tree, self.is_kernels);
        }
        let told = (host, problems);
        self.last = Some(told.clone());
        Ok(Snapshot { oom_kills, ..self.snapshot(begun, Fresh::All, told) })
    }

    fn set_interval(&mut self, interval: Duration) {
        self.turns = due::turns(interval);
    }

    fn show(&mut self, shown: &[CgroupId]) {
        self.tree.show(shown);
    }

    fn wait(&mut self, due: Instant, waker: &Waker) -> Wake {
        self.watch_until(due, waker)
    }
}
