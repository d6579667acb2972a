//! What the kernel log says of OOM kills: records of `/dev/kmsg`, joined line by line.
//!
//! The header of a kill and its summary are rate-limited (10 in 5 s), the line of the kill itself is not, so any of them
//! may be missing. Names in them come from containers. Pure: bytes in, kills out; must not read the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::snapshot::{AtLimit, Culprit, OomKill, Task};

/// The kernel's page, bytes; tasks are told in pages.
const PAGE: u64 = 4096;
/// Tasks that are kept of one kill, the largest.
const MOST_TASKS: usize = 5;
/// Summaries that wait for their kill.
const MOST_WAITING: usize = 64;
/// The kernel's word for no limit is near the largest number of KiB.
const UNLIMITED_KIB: u64 = 1 << 52;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// On the kernel's clock since boot.
    pub at: Duration,
    /// The first line; further ones are a dictionary.
    pub text: &'a str,
}

impl<'a> Record<'a> {
    /// Reads `prio,seq,usec,flags;text`.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let line = bytes.split(|byte| *byte == b'\n').next()?;
        let line = std::str::from_utf8(line).ok()?;
        let (head, text) = line.split_once(';')?;
        let micros = head.split(',').nth(2)?.parse().ok()?;
        Some(Self { at: Duration::from_micros(micros), text })
    }
}

/// Joins the lines of kills.
#[derive(Debug, Default)]
pub struct OomLog {
    at_limit: Option<AtLimit>,
    columns: Option<Columns>,
    tasks: Vec<Task>,
    waiting: VecDeque<Summary>,
    /// The cgroup whose processes are all being killed, and the victim that is listed once more with them.
    group: Option<(Arc<str>, Option<u32>)>,
    last: Option<(u32, Option<Arc<str>>, Culprit)>,
    old: Option<Culprit>,
}

/// The `oom-kill:` line.
#[derive(Debug)]
struct Summary {
    pid: u32,
    cgroup: Arc<str>,
    by: Culprit,
    at_limit: Option<AtLimit>,
    tasks: Vec<Task>,
}

/// Where the table of tasks has what, as its head says; it has no more columns than the name is the last of.
#[derive(Clone, Copy, Debug)]
struct Columns {
    rss: usize,
    name: usize,
}

impl OomLog {
    /// Takes in the text of a record of this time; a kill, when its line has come.
    pub fn take(&mut self, text: &str, when: SystemTime) -> Option<OomKill> {
        if text.contains(" invoked oom-killer:") {
            *self = Self { waiting: std::mem::take(&mut self.waiting), ..Self::default() };
        } else if let Some(figures) = text.strip_prefix("memory: usage ") {
            self.at_limit = at_limit(figures);
        } else if let Some(summary) = text.strip_prefix("oom-kill:") {
            self.summarise(summary);
        } else if let Some(cgroup) = doomed_group(text) {
            self.group = Some((cgroup.into(), self.last.as_ref().map(|(pid, ..)| *pid)));
        } else if let Some(kill) = killed(text) {
            return self.kill(when, kill);
        } else if text.contains("Kill process ") {
            self.old = Some(culprit_of(text));
        } else {
            self.task(text);
        }
        None
    }

    fn summarise(&mut self, text: &str) {
        let Some((pid, cgroup, by)) = summary(text) else { return };
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        let at_limit = self.at_limit.take();
        self.waiting.push_back(Summary { pid, cgroup, by, at_limit, tasks: std::mem::take(&mut self.tasks) });
    }

    fn kill(&mut self, when: SystemTime, (pid, comm, victim, culprit): Killed<'_>) -> Option<OomKill> {
        let waiting = self.waiting.iter().position(|summary| summary.pid == pid);
        let summary = waiting.and_then(|at| self.waiting.remove(at));
        // The whole group is killed, the victim once more.
        let grouped = self.group.clone();
        if grouped.as_ref().is_some_and(|(_, first)| *first == Some(pid)) {
            self.group = grouped.map(|(cgroup, _)| (cgroup, None));
            return None;
        }
        let culprit = culprit.or(self.old.take()).unwrap_or(Culprit::SomeLimit);
        let (cgroup, by, at_limit, tasks) = match (summary, &grouped) {
            (Some(summary), _) => (Some(summary.cgroup), summary.by, summary.at_limit, summary.tasks),
            (None, Some((cgroup, _))) => {
                let by = self.last.as_ref().map_or(culprit, |(.., by)| by.clone());
                (Some(Arc::clone(cgroup)), by, None, Vec::new())
            }
            (None, None) => (None, culprit, self.at_limit.take(), Vec::new()),
        };
        self.last = Some((pid, cgroup.clone(), by.clone()));
        Some(OomKill { when, pid, comm: comm.into(), cgroup, by, at_limit, victim, tasks, group: grouped.is_some() })
    }

    /// `[  pid  ]   uid  tgid total_vm      rss … name`, and its lines.
    fn task(&mut self, text: &str) {
        let Some(rest) = text.strip_prefix('[') else { return };
        let Some((pid, rest)) = rest.split_once(']') else { return };
        if pid.trim() == "pid" {
            let heads: Vec<&str> = rest.split_whitespace().collect();
            let rss = heads.iter().position(|head| *head == "rss");
            let name = heads.iter().position(|head| *head == "name");
            self.columns = rss.zip(name).map(|(rss, name)| Columns { rss, name });
            self.tasks.clear();
            return;
        }
        let (Some(columns), Ok(pid)) = (self.columns, pid.trim().parse()) else { return };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let Some(rss) = fields.get(columns.rss).and_then(|pages| pages.parse::<u64>().ok()) else { return };
        let comm = fields.get(columns.name..).unwrap_or_default().join(" ");
        self.tasks.push(Task { pid, comm: comm.into(), rss: rss.saturating_mul(PAGE) });
        self.tasks.sort_by_key(|task| std::cmp::Reverse(task.rss));
        self.tasks.truncate(MOST_TASKS);
    }
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

/// Victim, its cgroup, and who ran out. Paths and names may hold commas and signs, so it is read from both ends.
fn summary(text: &str) -> Option<(u32, Arc<str>, Culprit)> {
    let (text, _uid) = text.rsplit_once(",uid=")?;
    let (text, pid) = text.rsplit_once(",pid=")?;
    let (text, _task) = text.rsplit_once(",task=")?;
    let (text, cgroup) = text.rsplit_once(",task_memcg=")?;
    let by = match text.split_once(",oom_memcg=") {
        Some((_, limited)) => Culprit::Limit(limited.into()),
        None if text.ends_with(",global_oom") => Culprit::Host,
        None => Culprit::SomeLimit,
    };
    Some((pid.parse().ok()?, cgroup.into(), by))
}

fn doomed_group(text: &str) -> Option<&str> {
    text.strip_prefix("Tasks in ")?.strip_suffix(" are going to be killed due to memory.oom.group set")
}

/// Process, name, memory, and who ran out if the line says so.
type Killed<'a> = (u32, &'a str, [Option<u64>; 3], Option<Culprit>);

/// `…: Killed process 28751 (python3.11) total-vm:23804kB, anon-rss:13820kB, file-rss:6652kB, shmem-rss:0kB, …`
fn killed(text: &str) -> Option<Killed<'_>> {
    let (before, rest) = text.split_once("Killed process ")?;
    let (pid, rest) = rest.split_once(|c: char| !c.is_ascii_digit())?;
    let pid = pid.parse().ok()?;
    let name = rest.find('(')? + 1;
    // A name may hold anything, what follows it may not.
    let end = rest.rfind(") total-vm:").or_else(|| rest.rfind("), UID"))?;
    let figures = rest.get(end..)?;
    let figure = |key: &str| {
        let (_, value) = figures.split_once(key)?;
        value.split_once("kB")?.0.parse::<u64>().ok().map(|kib| kib.saturating_mul(1024))
    };
    let culprit = (!before.trim().is_empty()).then(|| culprit_of(before));
    Some((pid, rest.get(name..end)?, [figure("anon-rss:"), figure("file-rss:"), figure("shmem-rss:")], culprit))
}

fn culprit_of(text: &str) -> Culprit {
    if text.starts_with("Memory cgroup out of memory") { Culprit::SomeLimit } else { Culprit::Host }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kills(text: &str) -> Vec<OomKill> {
        let mut log = OomLog::default();
        text.lines()
            .filter_map(|line| Record::parse(line.as_bytes()))
            .filter_map(|record| log.take(record.text, SystemTime::UNIX_EPOCH + record.at))
            .collect()
    }

    #[test]
    fn a_kill_at_a_limit_is_joined() {
        let text = "\
4,357,935181652,-;python3.11 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
6,435,935186292,-;memory: usage 20480kB, limit 20480kB, failcnt 305
6,436,935186296,-;memory+swap: usage 20480kB, limit 9007199254740988kB, failcnt 0
6,482,935191294,-;[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name
6,483,935191300,-;[  28751]     0 28751     5951     5118     3455     1663         0    81920        0             0 python3.11
6,485,935191312,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,b/pod,task_memcg=/a,b/pod/app,task=py,pid=x,pid=28751,uid=0
3,486,935191373,-;Memory cgroup out of memory: Killed process 28751 (py) total-vm:1kB, (x) total-vm:23804kB, anon-rss:13820kB, file-rss:6652kB, shmem-rss:0kB, UID:0
";
        let [kill] = &kills(text)[..] else { panic!("one kill") };
        assert_eq!((kill.pid, kill.cgroup.as_deref()), (28_751, Some("/a,b/pod/app")));
        assert_eq!(kill.by, Culprit::Limit("/a,b/pod".into()));
        assert_eq!(&*kill.comm, "py) total-vm:1kB, (x");
        assert_eq!(kill.at_limit, Some(AtLimit { usage: 20 << 20, limit: Some(20 << 20), failcnt: 305 }));
        assert_eq!(kill.victim, [Some(13_820 << 10), Some(6_652 << 10), Some(0)]);
        assert_eq!(kill.tasks, [Task { pid: 28_751, comm: "python3.11".into(), rss: 5_118 * PAGE }]);
    }

    #[test]
    fn a_kill_whose_summary_was_not_logged_is_one_still() {
        let text = "3,1,5,-;Memory cgroup out of memory: Killed process 7 (x) total-vm:1kB, anon-rss:2kB, file-rss:0kB, shmem-rss:0kB
3,2,6,-;Out of memory: Killed process 8 (y) total-vm:1kB, anon-rss:2kB, file-rss:0kB, shmem-rss:0kB";
        let told: Vec<_> = kills(text).into_iter().map(|kill| (kill.pid, kill.cgroup, kill.by)).collect();
        assert_eq!(told, [(7, None, Culprit::SomeLimit), (8, None, Culprit::Host)]);
    }

    #[test]
    fn the_host_is_told_apart_and_old_kernels_are_understood() {
        let text = "6,1,5,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/docker/x,task=hog,pid=9,uid=0
3,2,5,-;Out of memory: Killed process 9 (hog) total-vm:1kB, anon-rss:2kB, file-rss:0kB, shmem-rss:0kB
3,3,5,-;Memory cgroup out of memory: Kill process 11 (old) score 900 or sacrifice child
3,4,5,-;Killed process 11 (old) total-vm:1kB, anon-rss:2kB, file-rss:0kB, shmem-rss:0kB";
        let told: Vec<_> = kills(text).into_iter().map(|kill| (kill.pid, kill.by)).collect();
        assert_eq!(told, [(9, Culprit::Host), (11, Culprit::SomeLimit)]);
    }

    #[test]
    fn the_victim_of_a_group_is_killed_once() {
        let text = "6,1,5,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/c,task_memcg=/c,task=a,pid=1,uid=0
3,2,5,-;Memory cgroup out of memory: Killed process 1 (a) total-vm:1kB, anon-rss:2kB, file-rss:0kB, shmem-rss:0kB
6,3,5,-;Tasks in /c are going to be killed due to memory.oom.group set
3,4,5,-;Memory cgroup out of memory: Killed process 1 (a) total-vm:1kB, anon-rss:2kB, file-rss:0kB, shmem-rss:0kB
3,5,5,-;Memory cgroup out of memory: Killed process 2 (b) total-vm:1kB, anon-rss:2kB, file-rss:0kB, shmem-rss:0kB";
        let told: Vec<_> = kills(text).into_iter().map(|kill| (kill.pid, kill.cgroup, kill.group)).collect();
        assert_eq!(told, [(1, Some("/c".into()), false), (2, Some("/c".into()), true)]);
    }

    #[test]
    fn what_is_no_record_is_none() {
        for bytes in [&b""[..], b";", b"6,1;x", b"6,1,x,-;y", b"\xff", b" KEY=value"] {
            assert_eq!(Record::parse(bytes), None, "{bytes:?}");
        }
        assert_eq!(
            Record::parse(b"6,1,2000000,-;a;b\n KEY=v").map(|record| (record.at, record.text)),
            Some((Duration::from_secs(2), "a;b"))
        );
    }
}
