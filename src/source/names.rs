//! Names, looked for on a thread of their own: the state of a runtime may be slow, hang, or not be written yet.
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
use crate::snapshot::{CgroupId, Missing, Problem};

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
}

/// What the thread says.
#[derive(Debug)]
enum Reply {
    /// It is looking for this one now.
    Begun(CgroupId, Instant),
    Told(CgroupId, Box<Facts>, Vec<Problem>),
    /// There is nothing new to tell of the one that it was at.
    Unchanged,
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
    pub(super) fn new(places: Places) -> Self {
        Self { places, thread: None, asked: HashMap::new(), open: HashSet::new(), lost: 0, failure: None }
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

    /// Why nothing can be looked for, if so.
    pub(super) fn problem(&self) -> Option<Problem> {
        let error = self.failure.as_ref()?.to_string();
        Some(Problem { path: "names of containers".to_owned(), doing: "start a thread for", error })
    }

    /// What has come since the last time. Does not wait.
    pub(super) fn take(&mut self) -> Vec<Told> {
        self.gather(Instant::now())
    }

    /// What has come, and what comes until `deadline` while there are questions without an answer.
    pub(super) fn wait(&mut self, deadline: Instant) -> Vec<Told> {
        let mut told = Vec::new();
        while !self.open.is_empty() && self.thread.is_some() && Instant::now() < deadline {
            told.extend(self.gather(deadline.min(Instant::now() + DEADLINE / 10)));
        }
        told
    }

    fn gather(&mut self, until: Instant) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some(thread) = &mut self.thread {
            match thread.replies.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Reply::Begun(id, since)) => thread.at = Some((id, since)),
                Ok(Reply::Unchanged) => thread.at = None,
                Ok(Reply::Told(id, facts, problems)) => {
                    thread.at = None;
                    self.open.remove(&id);
                    told.push(Told { id, facts, problems });
                    if self.open.is_empty() {
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
        for (id, question) in std::mem::take(&mut self.asked) {
            self.ask(id, question);
        }
        let facts = Box::new(Facts { shortfall: Some(Missing::TooSlow), ..Facts::default() });
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
}

struct Known {
    question: Arc<Question>,
    /// What was told last, as a hash: only whether it is still the same is asked.
    told: Option<u64>,
    watched: Vec<Watched>,
    searches: usize,
    /// When it is looked for again whatever its files say.
    again: Option<Instant>,
}

impl Searcher {
    fn new(places: Places, replies: Sender<Reply>) -> Self {
        Self { places, replies, waiting: VecDeque::new(), known: HashMap::new() }
    }

    /// Until nobody listens any more.
    fn run(mut self, requests: &Receiver<Request>) {
        let mut resolver = Resolver::new(self.places.clone());
        let mut look = Instant::now() + WATCH;
        loop {
            let until = if self.waiting.is_empty() { self.next(look) } else { Instant::now() };
            match requests.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Request::Ask(id, question)) => {
                    let known = Known { question, told: None, watched: Vec::new(), searches: 0, again: None };
                    self.known.insert(id.clone(), known);
                    self.waiting.push_back(id);
                    continue;
                }
                Ok(Request::Forget(id)) => {
                    self.known.remove(&id);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(id) = self.waiting.pop_front() {
                if self.search(&mut resolver, &id).is_none() {
                    return;
                }
            } else {
                resolver.forget_lists();
                let now = Instant::now();
                self.retry(now);
                if now >= look {
                    look = now + WATCH;
                    if self.look(&resolver).is_none() {
                        return;
                    }
                }
            }
        }
    }

    fn next(&self, look: Instant) -> Instant {
        self.known.values().filter_map(|known| known.again).fold(look, Instant::min)
    }

    fn retry(&mut self, now: Instant) {
        for (id, known) in &mut self.known {
            if known.again.is_some_and(|again| again <= now) {
                known.again = None;
                self.waiting.push_back(id.clone());
            }
        }
    }

    /// Looks for those whose files changed. `None` if nobody listens.
    fn look(&mut self, resolver: &Resolver) -> Option<()> {
        for (id, known) in &self.known {
            self.replies.send(Reply::Begun(id.clone(), Instant::now())).ok()?;
            if known.watched.iter().any(|watched| resolver.has_changed(watched)) {
                self.waiting.push_back(id.clone());
            }
            self.replies.send(Reply::Unchanged).ok()?;
        }
        Some(())
    }

    /// Says what is found, unless that was said already. `None` if nobody listens.
    fn search(&mut self, resolver: &mut Resolver, id: &CgroupId) -> Option<()> {
        let Some(known) = self.known.get_mut(id) else { return Some(()) };
        self.replies.send(Reply::Begun(id.clone(), Instant::now())).ok()?;
        let Answer { facts, problems, watched } = resolver.resolve(&known.question);
        known.watched = watched;
        let is_unknown = !facts.is_container && facts.name.is_none();
        // A runtime that is asked may answer at any time.
        let at_last = (!self.places.apis.is_empty()).then_some(&WATCH);
        let pause = AGAIN.get(known.searches).or(at_last).filter(|_| is_unknown);
        known.again = pause.map(|pause| Instant::now() + *pause);
        known.searches += 1;
        let told = BuildHasherDefault::<DefaultHasher>::default().hash_one(&facts);
        let is_new = known.told.replace(told) != Some(told);
        let reply = if is_new { Reply::Told(id.clone(), Box::new(facts), problems) } else { Reply::Unchanged };
        self.replies.send(reply).ok()
    }
}
