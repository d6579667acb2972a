//! Names and network namespaces, looked for on a thread of their own: the state of a runtime may be slow, hang, or not be
//! written yet, and `/proc` may hang with a process.
//!
//! Whoever reads memory asks here and takes what has come meanwhile; it never waits, except a single reading, and
//! that one not long. Must not read memory files.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::identity::facts::Facts;
use crate::identity::state::{Answer, Endpoint, Places, Question, Resolver, Watched};
use crate::kernel::network;
use crate::snapshot::{CgroupId, Missing, Network, Networks, Problem};
use crate::source::networks::{Inhabited, Through};

/// A search that takes longer hangs in the kernel; another thread goes on with the rest.
const DEADLINE: Duration = Duration::from_secs(1);
/// More threads than this are not given up.
const MOST_LOST: usize = 4;
/// A runtime makes the cgroup first and writes its state after: it is looked for again after these.
const AGAIN: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(10)];
/// Files of state are looked at so often: a container may be renamed, or be given another limit.
const WATCH: Duration = Duration::from_secs(10);

/// What is asked.
#[derive(Debug)]
enum Request {
    Ask(CgroupId, Arc<Question>),
    Forget(CgroupId),
    /// Everything is to be counted now, once names are known.
    Count,
}

/// What the thread says.
#[derive(Debug)]
enum Reply {
    /// It is looking for this one now.
    Begun(CgroupId, Instant),
    Told(CgroupId, Box<Facts>, Vec<Problem>),
    /// There is nothing new to tell of the one that it was at.
    Unchanged,
    /// The host's own network namespace.
    Host(Option<u64>),
    /// A namespace was read at that moment; the rest of what is told of it is not the thread's to know.
    Counted(Box<Network>, Instant),
    /// No container is in this namespace any more.
    Deserted(u64),
    /// Everything was counted.
    Done,
}

/// What was found of a cgroup, or that nothing was.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) id: CgroupId,
    pub(super) facts: Box<Facts>,
    pub(super) problems: Vec<Problem>,
}

/// The names of one host's cgroups.
#[derive(Debug)]
pub(super) struct Names {
    places: Places,
    thread: Option<Thread>,
    /// What is to be known: every question that was asked and not taken back.
    asked: HashMap<CgroupId, Arc<Question>>,
    /// Those of them that have no answer yet.
    open: HashSet<CgroupId>,
    /// Whether everything is being counted, and somebody waits for it.
    counting: bool,
    networks: Arc<Networks>,
    /// Where the clock of the snapshots begins.
    started: Instant,
    lost: usize,
    failure: Option<io::Error>,
}

#[derive(Debug)]
struct Thread {
    requests: Sender<Request>,
    replies: Receiver<Reply>,
    /// What it is at, since when.
    at: Option<(CgroupId, Instant)>,
}

impl Names {
    /// What is told has its time on the clock that `started` then.
    pub(super) fn new(places: Places, started: Instant) -> Self {
        Self {
            places,
            thread: None,
            asked: HashMap::new(),
            open: HashSet::new(),
            counting: false,
            networks: Arc::default(),
            started,
            lost: 0,
            failure: None,
        }
    }

    /// Asks these runtimes too, from the next thread on.
    pub(super) fn ask_also(&mut self, apis: Vec<Endpoint>) {
        self.places.apis = apis;
    }

    /// Asks for what is known of a cgroup; the answer comes with [`Names::take`].
    pub(super) fn ask(&mut self, id: CgroupId, question: Arc<Question>) {
        if self.lost > MOST_LOST {
            return;
        }
        if self.thread.is_none() {
            self.thread = Thread::spawn(&self.places).map_err(|error| self.failure = Some(error)).ok();
        }
        if let Some(thread) = &self.thread {
            thread.send(Request::Ask(id.clone(), Arc::clone(&question)));
            self.open.insert(id.clone());
            self.asked.insert(id, question);
        }
    }

    /// A cgroup is gone.
    pub(super) fn forget(&mut self, id: &CgroupId) {
        self.open.remove(id);
        if self.asked.remove(id).is_some()
            && let Some(thread) = &self.thread
        {
            thread.send(Request::Forget(id.clone()));
        }
    }

    /// Why nothing can be looked for, if so, and what cannot be read of network namespaces.
    pub(super) fn problems(&self) -> impl Iterator<Item = Problem> {
        let none = self.failure.as_ref().map(|error| {
            let path = "names of containers".to_owned();
            Problem { path, doing: "start a thread for", error: error.to_string() }
        });
        let networks = self.networks.each.iter().flat_map(|network| &network.problems);
        none.into_iter().chain(networks.cloned())
    }

    /// The network namespaces, as they were last read.
    pub(super) fn networks(&self) -> Arc<Networks> {
        Arc::clone(&self.networks)
    }

    /// What has come since the last time. Does not wait.
    pub(super) fn take(&mut self) -> Vec<Told> {
        self.gather(Instant::now())
    }

    /// What has come, and what comes until `deadline` while there are questions without an answer. Network namespaces are
    /// read anew.
    pub(super) fn wait(&mut self, deadline: Instant) -> Vec<Told> {
        let mut told = Vec::new();
        if let Some(thread) = self.thread.as_ref().filter(|_| self.places.processes.is_ok()) {
            thread.send(Request::Count);
            self.counting = true;
        }
        while self.is_awaited() && self.thread.is_some() && Instant::now() < deadline {
            told.extend(self.gather(deadline.min(Instant::now() + DEADLINE / 10)));
        }
        told
    }

    fn is_awaited(&self) -> bool {
        !self.open.is_empty() || self.counting
    }

    fn gather(&mut self, until: Instant) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some(thread) = &mut self.thread {
            match thread.replies.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Reply::Begun(id, since)) => thread.at = Some((id, since)),
                Ok(Reply::Unchanged) => thread.at = None,
                Ok(Reply::Host(host)) => Arc::make_mut(&mut self.networks).host = host,
                Ok(Reply::Counted(network, at)) => {
                    thread.at = None;
                    let at = at.saturating_duration_since(self.started);
                    Arc::make_mut(&mut self.networks).put(Network { at, ..*network });
                }
                Ok(Reply::Deserted(netns)) => {
                    Arc::make_mut(&mut self.networks).each.retain(|network| network.netns != netns);
                }
                Ok(Reply::Done) => {
                    self.counting = false;
                    break;
                }
                Ok(Reply::Told(id, facts, problems)) => {
                    thread.at = None;
                    self.open.remove(&id);
                    told.push(Told { id, facts, problems });
                    if self.open.is_empty() && !self.counting {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        told.extend(self.give_up());
        told
    }

    /// Leaves a thread that hangs, and starts another one with everything but what the first one hangs at.
    fn give_up(&mut self) -> Option<Told> {
        let (id, _) = self.thread.as_ref()?.at.clone().filter(|(_, since)| since.elapsed() > DEADLINE)?;
        self.thread = None;
        self.lost += 1;
        self.asked.remove(&id);
        self.open.clear();
        // The next one finds out anew who is where.
        Arc::make_mut(&mut self.networks).each.clear();
        for (id, question) in std::mem::take(&mut self.asked) {
            self.ask(id, question);
        }
        if let Some(thread) = self.thread.as_ref().filter(|_| self.counting) {
            thread.send(Request::Count);
        }
        let netns = Some(Err(Missing::TooSlow));
        let facts = Box::new(Facts { shortfall: Some(Missing::TooSlow), netns, ..Facts::default() });
        Some(Told { id, facts, problems: Vec::new() })
    }
}

impl Thread {
    fn spawn(places: &Places) -> io::Result<Self> {
        let (requests, asked) = channel();
        let (told, replies) = channel();
        let resolver = Searcher::new(places.clone(), told);
        thread::Builder::new().name("names".to_owned()).spawn(move || resolver.run(&asked))?;
        Ok(Self { requests, replies, at: None })
    }

    fn send(&self, request: Request) {
        // A thread that ended is noticed by its answers, which do not come.
        _ = self.requests.send(request);
    }
}

/// The thread's own side: what it has to look for, and what it looks after.
struct Searcher {
    places: Places,
    replies: Sender<Reply>,
    waiting: VecDeque<CgroupId>,
    known: HashMap<CgroupId, Known>,
    networks: Inhabited,
    /// Whether somebody waits until everything is counted.
    counting: bool,
}

struct Known {
    question: Arc<Question>,
    /// What was told last, as a hash: only whether it is still the same is asked.
    told: Option<u64>,
    watched: Vec<Watched>,
    /// Its network namespace and the process that is in it.
    found: Option<(u64, i32)>,
    /// Whether it had no process.
    is_empty: bool,
    searches: usize,
    /// When it is looked for again whatever its files say.
    again: Option<Instant>,
}

impl Searcher {
    fn new(places: Places, replies: Sender<Reply>) -> Self {
        Self {
            places,
            replies,
            waiting: VecDeque::new(),
            known: HashMap::new(),
            networks: Inhabited::new(),
            counting: false,
        }
    }

    /// Until nobody listens any more.
    fn run(mut self, requests: &Receiver<Request>) {
        _ = self.work(requests);
    }

    fn work(&mut self, requests: &Receiver<Request>) -> Option<()> {
        if let (Ok(()), Some(proc_root)) = (self.places.processes, &self.places.proc_root) {
            self.replies.send(Reply::Host(network::of_host(proc_root))).ok()?;
        }
        let mut resolver = Resolver::new(self.places.clone());
        let mut look = Instant::now() + WATCH;
        loop {
            let is_busy = !self.waiting.is_empty() || self.counting;
            let until = if is_busy { Instant::now() } else { self.next(look) };
            match requests.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(request) => {
                    self.take(request)?;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = Instant::now();
            if let Some(id) = self.waiting.pop_front() {
                self.search(&mut resolver, &id)?;
            } else if let Some(through) = self.networks.due(now) {
                self.count(&through)?;
            } else {
                resolver.forget_lists();
                self.retry(now);
                if std::mem::take(&mut self.counting) {
                    self.replies.send(Reply::Done).ok()?;
                }
            }
            if now >= look {
                look = now + WATCH;
                self.look(&resolver)?;
            }
        }
    }

    fn take(&mut self, request: Request) -> Option<()> {
        match request {
            Request::Ask(id, question) => {
                let known = Known {
                    question,
                    told: None,
                    watched: Vec::new(),
                    found: None,
                    is_empty: false,
                    searches: 0,
                    again: None,
                };
                self.known.insert(id.clone(), known);
                self.waiting.push_back(id);
            }
            Request::Forget(id) => {
                self.known.remove(&id);
                self.settle(&id, None)?;
            }
            Request::Count => {
                self.networks.hurry();
                self.counting = true;
            }
        }
        Some(())
    }

    /// `None` if nobody listens.
    fn settle(&mut self, id: &CgroupId, found: Option<(u64, i32)>) -> Option<()> {
        match self.networks.settle(id, found) {
            Some(deserted) => self.replies.send(Reply::Deserted(deserted)).ok(),
            None => Some(()),
        }
    }

    /// Reads a namespace through a process, which must be in it before and after. `None` if nobody listens.
    fn count(&mut self, through: &Through) -> Option<()> {
        let Through { netns, cgroup, process } = through;
        self.replies.send(Reply::Begun(cgroup.clone(), Instant::now())).ok()?;
        let begun = Instant::now();
        let proc_root = self.places.proc_root.clone().unwrap_or_default();
        let is_in_it = || network::namespace(&proc_root, *process).is_ok_and(|found| found == *netns);
        let read = is_in_it().then(|| network::counts(&proc_root, *process)).filter(|_| is_in_it());
        let Some((counts, problems)) = read else {
            self.networks.lose(through);
            self.waiting.push_back(cgroup.clone());
            return self.replies.send(Reply::Unchanged).ok();
        };
        self.networks.was_read(*netns, begun);
        let network = Network { netns: *netns, at: Duration::ZERO, counts, problems };
        self.replies.send(Reply::Counted(Box::new(network), begun)).ok()
    }

    fn next(&self, look: Instant) -> Instant {
        let again = self.known.values().filter_map(|known| known.again);
        again.chain(self.networks.next()).fold(look, Instant::min)
    }

    fn retry(&mut self, now: Instant) {
        for (id, known) in &mut self.known {
            if known.again.is_some_and(|again| again <= now) {
                known.again = None;
                self.waiting.push_back(id.clone());
            }
        }
    }

    /// Looks for those whose files changed, or whose processes are no more where they were. `None` if nobody listens.
    fn look(&mut self, resolver: &Resolver) -> Option<()> {
        for (id, known) in &self.known {
            self.replies.send(Reply::Begun(id.clone(), Instant::now())).ok()?;
            if known.watched.iter().any(|watched| resolver.has_changed(watched)) || self.has_moved(known, resolver) {
                self.waiting.push_back(id.clone());
            }
            self.replies.send(Reply::Unchanged).ok()?;
        }
        Some(())
    }

    /// Whether it has another process than before, or one at last.
    fn has_moved(&self, known: &Known, resolver: &Resolver) -> bool {
        let Some(proc_root) = self.places.proc_root.as_deref().filter(|_| self.places.processes.is_ok()) else {
            return false;
        };
        match known.found {
            Some((netns, process)) => network::namespace(proc_root, process).ok() != Some(netns),
            None => known.is_empty && resolver.is_inhabited(&known.question),
        }
    }

    /// Says what is found, unless that was said already. `None` if nobody listens.
    fn search(&mut self, resolver: &mut Resolver, id: &CgroupId) -> Option<()> {
        let Some(known) = self.known.get_mut(id) else { return Some(()) };
        self.replies.send(Reply::Begun(id.clone(), Instant::now())).ok()?;
        let Answer { facts, problems, watched, process } = resolver.resolve(&known.question);
        known.watched = watched;
        known.found = facts.netns.and_then(Result::ok).zip(process);
        known.is_empty = facts.netns == Some(Err(Missing::NoProcess));
        let found = known.found;
        let is_unknown = !facts.is_container && facts.name.is_none();
        // A runtime that is asked may answer at any time.
        let at_last = (!self.places.apis.is_empty()).then_some(&WATCH);
        let pause = AGAIN.get(known.searches).or(at_last).filter(|_| is_unknown);
        known.again = pause.map(|pause| Instant::now() + *pause);
        known.searches += 1;
        let told = BuildHasherDefault::<DefaultHasher>::default().hash_one(&facts);
        let is_new = known.told.replace(told) != Some(told);
        let reply = if is_new { Reply::Told(id.clone(), Box::new(facts), problems) } else { Reply::Unchanged };
        self.replies.send(reply).ok()?;
        self.settle(id, found)
    }
}
