//! One line of the log: which of those that tell of a kill it is, and what is in it.
//!
//! Paths and names may hold commas, blanks and whatever the lines themselves consist of, so lines are read from both
//! ends.

use crate::snapshot::{AtLimit, Culprit, Task, is_within};

/// The kernel's word for no limit is near the largest number of KiB.
const UNLIMITED_KIB: u64 = 1 << 52;
/// A process's name is at most so long, bytes.
const LONGEST_NAME: usize = 15;

/// What a line says.
pub(super) enum Line<'a> {
    /// `… invoked oom-killer: …`: a kill begins.
    Header,
    /// `memory: usage …`: the cgroup at its limit.
    AtLimit(AtLimit),
    /// `memory+swap: usage …` of it.
    Memsw(AtLimit),
    /// `swap: usage …` of it.
    Swap(AtLimit),
    /// `Memory cgroup stats for …:` names it.
    Limited(&'a str),
    /// The head of the table of tasks.
    Columns(Columns),
    /// A line of it.
    Task(Task),
    /// `oom-kill:constraint=…`: victim, its cgroup, and who ran out.
    Summary(Summary),
    /// The same, without its end.
    CutSummary,
    /// `Task in … killed as a result of limit of …`, before Linux 5.0.
    Place { cgroup: &'a str, limited: &'a str },
    /// `… Kill process … or sacrifice child`, before Linux 5.1.
    Chosen(Culprit),
    /// `Tasks in … are going to be killed due to memory.oom.group set`.
    Group(&'a str),
    /// `… Killed process …`.
    Killed(Killed<'a>),
    /// Nothing of a kill.
    Other,
}

/// Where the table of tasks has what, as its head says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    rss: usize,
    name: usize,
}

/// The `oom-kill:` line.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) pid: u32,
    pub(super) cgroup: String,
    pub(super) by: Culprit,
    /// What is between the cgroups and the process, its name included.
    text: String,
}

/// A process that was killed: its name, its memory, and who ran out if the line says so.
#[derive(Debug)]
pub(super) struct Killed<'a> {
    pub(super) pid: u32,
    pub(super) comm: &'a str,
    /// Bytes: anonymous, file, shared.
    pub(super) memory: [Option<u64>; 3],
    pub(super) by: Option<Culprit>,
}

/// What a line says; `columns` of the table that it may belong to, in pages of `page` bytes.
pub(super) fn read(text: &str, columns: Option<Columns>, page: u64) -> Line<'_> {
    let figures = |prefix: &str| text.strip_prefix(prefix).and_then(at_limit);
    if let Some(summary) = text.strip_prefix("oom-kill:") {
        return Summary::read(summary).map_or(Line::CutSummary, Line::Summary);
    }
    if let Some(cgroup) = between(text, "Tasks in ", " are going to be killed due to memory.oom.group set") {
        return Line::Group(cgroup);
    }
    if let Some(killed) = killed(text) {
        return Line::Killed(killed);
    }
    if text.contains(" invoked oom-killer: gfp_mask=") {
        return Line::Header;
    }
    if let Some(at_limit) = figures("memory: usage ") {
        return Line::AtLimit(at_limit);
    }
    if let Some(memsw) = figures("memory+swap: usage ") {
        return Line::Memsw(memsw);
    }
    if let Some(swap) = figures("swap: usage ") {
        return Line::Swap(swap);
    }
    if let Some(cgroup) = between(text, "Memory cgroup stats for ", ":") {
        return Line::Limited(cgroup);
    }
    if let Some(rest) = text.strip_prefix("Task in ")
        && let Some((cgroup, limited)) = rest.split_once(" killed as a result of limit of ")
    {
        return Line::Place { cgroup, limited };
    }
    if text.contains(": Kill process ") && text.ends_with(" or sacrifice child") {
        return Line::Chosen(culprit_of(text));
    }
    task(text, columns, page).unwrap_or(Line::Other)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
}

/// `[  pid  ]   uid  tgid total_vm      rss … name`, or a line below it.
fn task(text: &str, columns: Option<Columns>, page: u64) -> Option<Line<'_>> {
    let (pid, rest) = text.strip_prefix('[')?.split_once(']')?;
    if pid.trim() == "pid" {
        let place = |title: &str| rest.split_whitespace().position(|head| head == title);
        return Some(Line::Columns(Columns { rss: place("rss")?, name: place("name")? }));
    }
    let (columns, pid) = (columns?, pid.trim().parse().ok()?);
    let mut rest = rest;
    let mut rss = None;
    for column in 0..columns.name {
        let word = rest.trim_start();
        let end = word.find(' ')?;
        if column == columns.rss {
            rss = word[..end].parse::<u64>().ok();
        }
        rest = &word[end..];
    }
    let comm = rest.strip_prefix(' ')?;
    Some(Line::Task(Task { pid, comm: comm.into(), rss: rss?.saturating_mul(page) }))
}

/// `20480kB, limit 20480kB, failcnt 305`.
fn at_limit(text: &str) -> Option<AtLimit> {
    let (usage, rest) = text.split_once("kB, limit ")?;
    let (limit, failcnt) = rest.split_once("kB, failcnt ")?;
    let (usage, limit): (u64, u64) = (usage.parse().ok()?, limit.parse().ok()?);
    Some(AtLimit {
        usage: usage.saturating_mul(1024),
        limit: (limit < UNLIMITED_KIB).then(|| limit * 1024),
        failcnt: failcnt.trim().parse().ok()?,
    })
}

impl Summary {
    /// `constraint=…,oom_memcg=…,task_memcg=…,task=…,pid=…,uid=…`.
    fn read(text: &str) -> Option<Self> {
        let (text, uid) = text.rsplit_once(",uid=")?;
        let (text, pid) = text.rsplit_once(",pid=")?;
        let _: u32 = uid.trim_end().parse().ok()?;
        // A name is short; the first place that leaves one is where a path has ended.
        let fits = |at: &usize| text.len() - at <= ",task=".len() + LONGEST_NAME;
        let places = || text.match_indices(",task=").map(|(at, _)| at);
        let end = places().find(fits).or_else(|| places().last())?;
        let (cgroup, by) = places_of(&text[..end])?;
        Some(Self { pid: pid.parse().ok()?, cgroup, by, text: text.to_owned() })
    }

    /// The same, now that the process's name is known from the line of the kill.
    pub(super) fn named(self, comm: &str) -> Self {
        let exact = self.text.strip_suffix(comm).and_then(|text| text.strip_suffix(",task=")).and_then(places_of);
        match exact {
            Some((cgroup, by)) => Self { cgroup, by, ..self },
            None => self,
        }
    }
}

/// The cgroup of the victim, and whose limit or that it was the host.
fn places_of(text: &str) -> Option<(String, Culprit)> {
    const VICTIM: &str = ",task_memcg=";
    if let Some(at) = text.find(",oom_memcg=/") {
        let paths = &text[at + ",oom_memcg=".len()..];
        // The victim is in the cgroup that ran out or below it, so only one place splits two such paths.
        let splits = || paths.match_indices(VICTIM).map(|(at, _)| (&paths[..at], &paths[at + VICTIM.len()..]));
        let fits = |(limited, cgroup): &(&str, &str)| is_within(cgroup, limited.trim_end_matches('/'));
        let (limited, cgroup) = splits().find(fits).or_else(|| splits().last())?;
        return Some((cgroup.to_owned(), Culprit::Limit(limited.into())));
    }
    let (before, cgroup) = text.split_once(VICTIM)?;
    let by = if before.ends_with(",global_oom") { Culprit::Host } else { Culprit::SomeLimit };
    Some((cgroup.to_owned(), by))
}

/// `…: Killed process 28751 (python3.11) total-vm:23804kB, anon-rss:13820kB, file-rss:6652kB, shmem-rss:0kB, …`
fn killed(text: &str) -> Option<Killed<'_>> {
    const KILLED: &str = "Killed process ";
    let (by, rest) = if let Some(rest) = text.strip_prefix(KILLED) {
        (None, rest)
    } else {
        let (before, rest) = text.split_once(": Killed process ")?;
        let is_known = before.starts_with("Memory cgroup out of memory") || before.starts_with("Out of memory");
        (Some(culprit_of(text)), is_known.then_some(rest)?)
    };
    let (pid, rest) = rest.split_once(' ')?;
    // `1234, UID 0, (comm)` on some kernels before 5.0.
    let rest = rest.strip_prefix('(').or_else(|| Some(rest.strip_prefix("UID ")?.split_once(", (")?.1))?;
    // A name may hold anything, what follows it may not.
    let (comm, figures) = rest.rsplit_once(") total-vm:")?;
    let figure = |key: &str| {
        let (_, value) = figures.split_once(key)?;
        value.split_once("kB")?.0.parse::<u64>().ok().map(|kib| kib.saturating_mul(1024))
    };
    let memory = [figure("anon-rss:"), figure("file-rss:"), figure("shmem-rss:")];
    Some(Killed { pid: pid.trim_end_matches(',').parse().ok()?, comm, memory, by })
}

fn culprit_of(text: &str) -> Culprit {
    if text.starts_with("Memory cgroup out of memory") { Culprit::SomeLimit } else { Culprit::Host }
}
