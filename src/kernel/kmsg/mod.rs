//! What the kernel log says of OOM kills: records of `/dev/kmsg`, joined line by line.
//!
//! The header of a kill and its summary are rate-limited (10 in 5 s), the line of the kill itself is not, so any of them
//! may be missing; a log that was overwritten begins anywhere. Names in the log come from containers.
//! Pure: bytes in, kills out; must not read the log.

mod lines;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::kernel::segment::printable;
use crate::snapshot::{AtLimit, Culprit, OomKill, Part, Task};
use lines::{Columns, Killed, Line, Summary};

/// Tasks that are kept of one kill, the largest.
const MOST_TASKS: usize = 10;
/// Summaries that wait for their kill.
const MOST_WAITING: usize = 64;
/// A summary is no longer, bytes: two paths and little else.
const LONGEST_SUMMARY: usize = 16 * 1024;
/// Kills that wait for whoever reads the log.
const MOST_TOLD: usize = 100_000;
/// The kernel kills a whole group in one go; what comes later than this after the last is another kill.
const ONE_GO: Duration = Duration::from_millis(50);

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number; none is used twice.
    pub sequence: u64,
    /// On the kernel's clock since boot.
    pub at: Duration,
    /// The first line; further ones are a dictionary. Bytes that the log writes as `\xNN` are what they were, and what
    /// is no UTF-8 is written as in a cgroup's path.
    pub text: Cow<'a, str>,
}

impl<'a> Record<'a> {
    /// Reads `prio,seq,usec,flags;text`. Nothing but the kernel's own records: others may hold what anybody wrote.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        const FACILITY: u32 = 3;
        let line = bytes.split(|byte| *byte == b'\n').next()?;
        let (head, text) = std::str::from_utf8(line).ok()?.split_once(';')?;
        let mut head = head.split(',');
        let priority: u32 = head.next()?.parse().ok()?;
        let (sequence, micros) = (head.next()?.parse().ok()?, head.next()?.parse().ok()?);
        let is_kernels = priority >> FACILITY == 0;
        is_kernels.then(|| Self { sequence, at: Duration::from_micros(micros), text: plain(text) })
    }
}

/// `text` without the log's escapes.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains("\\x") {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = after.strip_prefix(b"x").and_then(|digits| digits.get(..2)).filter(|_| first == b'\\');
        let escape = escape.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escape.unwrap_or(first));
        rest = &after[if escape.is_some() { 3 } else { 0 }..];
    }
    Cow::Owned(printable(&bytes))
}

/// Joins the lines of kills.
#[derive(Debug)]
pub struct OomLog {
    page: u64,
    block: Block,
    waiting: VecDeque<Waiting>,
    /// A summary that was cut in two by another record.
    cut: Option<String>,
    group: Option<Doomed>,
    last: Option<Last>,
    told: Vec<OomKill>,
}

/// What comes before the line of a kill, from its header on.
#[derive(Debug, Default)]
struct Block {
    at_limit: Option<AtLimit>,
    memsw: Option<AtLimit>,
    swap: Option<AtLimit>,
    limited: Option<Arc<str>>,
    /// Of kernels before 5.0: where the victim is and whose limit, and that a process was chosen.
    place: Option<(Arc<str>, Arc<str>)>,
    chosen: Option<Culprit>,
    columns: Option<Columns>,
    tasks: Vec<Task>,
}

/// A summary whose kill has not come yet.
#[derive(Debug)]
struct Waiting {
    summary: Summary,
    block: Block,
}

/// A cgroup whose processes are all being killed.
#[derive(Debug)]
struct Doomed {
    cgroup: Arc<str>,
    by: Culprit,
    /// The process that was chosen, which is killed once more with the others.
    chosen: Option<u32>,
    since: SystemTime,
}

/// The kill before.
#[derive(Debug)]
struct Last {
    pid: u32,
    by: Culprit,
    when: SystemTime,
}

impl OomLog {
    /// Of a kernel with pages of so many bytes: it tells tasks in pages.
    pub fn new(page: u64) -> Self {
        Self {
            page,
            block: Block::default(),
            waiting: VecDeque::new(),
            cut: None,
            group: None,
            last: None,
            told: Vec::new(),
        }
    }

    /// The kills that were understood since the last time.
    pub fn told(&mut self) -> Vec<OomKill> {
        std::mem::take(&mut self.told)
    }

    /// Records are missing here: what came before them is not joined with what comes after.
    pub fn interrupted(&mut self) {
        self.block = Block::default();
        (self.cut, self.group, self.last) = (None, None, None);
        self.waiting.clear();
    }

    /// Takes in the text of a record of this time; true if it tells of a kill.
    pub fn take(&mut self, text: &str, when: SystemTime) -> bool {
        let before = self.told.len();
        self.understand(text, when);
        self.told.len() > before
    }

    fn understand(&mut self, text: &str, when: SystemTime) {
        if text.starts_with(',')
            && let Some(cut) = self.cut.take().filter(|cut| cut.len() < LONGEST_SUMMARY)
        {
            return self.understand(&format!("{cut}{text}"), when);
        }
        match lines::read(text, self.block.columns, self.page) {
            Line::Header => {
                self.block = Block::default();
                (self.cut, self.group) = (None, None);
            }
            Line::AtLimit(figures) => self.block.at_limit = Some(figures),
            Line::Memsw(figures) => self.block.memsw = Some(figures),
            Line::Swap(figures) => self.block.swap = Some(figures),
            Line::Limited(cgroup) => self.block.limited = Some(cgroup.into()),
            Line::Columns(columns) => {
                self.block.columns = Some(columns);
                self.block.tasks.clear();
            }
            Line::Task(task) => self.list(task),
            Line::Summary(summary) => self.summarise(summary),
            Line::CutSummary => self.cut = Some(text.to_owned()),
            Line::Place { cgroup, limited } => self.block.place = Some((cgroup.into(), limited.into())),
            Line::Chosen(culprit) => self.block.chosen = Some(culprit),
            Line::Group(cgroup) => {
                let last = self.last.as_ref().filter(|last| is_soon(last.when, when));
                let by = last.map_or(Culprit::SomeLimit, |last| last.by.clone());
                let chosen = last.map(|last| last.pid);
                self.group = Some(Doomed { cgroup: cgroup.into(), by, chosen, since: when });
            }
            Line::Killed(killed) => self.kill(&killed, when),
            Line::Other => {}
        }
    }

    fn list(&mut self, task: Task) {
        let tasks = &mut self.block.tasks;
        let at = tasks.partition_point(|other| other.rss >= task.rss);
        if at < MOST_TASKS {
            tasks.insert(at, task);
            tasks.truncate(MOST_TASKS);
        }
    }

    fn summarise(&mut self, summary: Summary) {
        let block = std::mem::take(&mut self.block);
        // Lines may be read in another order than they were meant.
        let bare = |kill: &&mut OomKill| kill.pid == summary.pid && kill.cgroup.is_none() && kill.part == Part::Chosen;
        if let Some(kill) = self.told.iter_mut().rev().find(bare) {
            join(kill, summary, block);
            return;
        }
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { summary, block });
    }

    fn kill(&mut self, killed: &Killed<'_>, when: SystemTime) {
        let mut kill = OomKill {
            when,
            past: false,
            pid: killed.pid,
            comm: killed.comm.into(),
            cgroup: None,
            identity: None,
            by: killed.by.clone().or(self.block.chosen.take()).unwrap_or(Culprit::SomeLimit),
            at_limit: None,
            memsw: None,
            swap: None,
            victim: killed.memory,
            tasks: Vec::new(),
            part: Part::Chosen,
        };
        let waiting = self.waiting.iter().rposition(|waiting| waiting.summary.pid == killed.pid);
        if let Some(Waiting { summary, block }) = waiting.and_then(|at| self.waiting.remove(at)) {
            join(&mut kill, summary.named(killed.comm), block);
        } else if let Some(group) = self.group.as_ref().filter(|group| is_soon(group.since, when)) {
            kill.part = if group.chosen == Some(kill.pid) { Part::Again } else { Part::Member };
            kill.cgroup = Some(Arc::clone(&group.cgroup));
            kill.by = group.by.clone();
        } else {
            self.join_block(&mut kill);
        }
        if let Some(group) = &mut self.group {
            group.since = when;
        }
        self.last = Some(Last { pid: kill.pid, by: kill.by.clone(), when });
        if self.told.len() < MOST_TOLD {
            self.told.push(kill);
        }
    }

    /// Without a summary, what was said of the victim and of the limit.
    fn join_block(&mut self, kill: &mut OomKill) {
        let block = std::mem::take(&mut self.block);
        if let Some((cgroup, limited)) = &block.place {
            (kill.cgroup, kill.by) = (Some(Arc::clone(cgroup)), Culprit::Limit(Arc::clone(limited)));
        } else if let Some(limited) = block.limited.as_ref().filter(|_| kill.by != Culprit::Host) {
            kill.by = Culprit::Limit(Arc::clone(limited));
        }
        tell(kill, block);
    }
}

fn join(kill: &mut OomKill, summary: Summary, block: Block) {
    kill.cgroup = Some(summary.cgroup.into());
    kill.by = summary.by;
    tell(kill, block);
}

fn tell(kill: &mut OomKill, block: Block) {
    (kill.at_limit, kill.memsw, kill.swap, kill.tasks) = (block.at_limit, block.memsw, block.swap, block.tasks);
}

fn is_soon(before: SystemTime, after: SystemTime) -> bool {
    after.duration_since(before).is_ok_and(|gap| gap <= ONE_GO)
}
