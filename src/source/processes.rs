//! The processes of the row that somebody looks at, read on a thread of their own.
//!
//! `/proc/PID/status` can hang with the process that it tells of: whoever asks never waits, and leaves a thread that
//! hangs. Must not judge, nor know what is on the screen.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::id;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::kernel::hierarchy::{self, Mount};
use crate::kernel::process::process;
use crate::kernel::{parse, read};
use crate::snapshot::{CgroupId, Process, Processes};

/// A look that takes longer hangs in the kernel.
const DEADLINE: Duration = Duration::from_secs(2);
/// More threads than this are not given up.
const MOST_LOST: usize = 4;
/// No more often than this, whatever happens on the screen.
const PACE: Duration = Duration::from_millis(900);
/// Processes and cgroups of one row that are looked at.
const MOST: usize = 1_000;

/// Where the processes of rows are found.
#[derive(Clone, Debug)]
pub struct Place {
    /// The root of the hierarchy.
    pub cgroups: PathBuf,
    /// The `/proc` that tells of them.
    pub proc_root: PathBuf,
}

/// Why processes cannot be read, in words.
pub type Refusal = &'static str;

/// There is no host.
pub const SIMULATED: Refusal = "a simulated host has no processes";
const COPY: Refusal =
    "this is a copy of a host's files: its numbers would be those of other processes here, or of none";
const ELSEWHERE: Refusal =
    "this /proc is that of another process namespace: the cgroups' lists have other numbers than it";
const TOO_SLOW: Refusal = "reading them took too long: one of them may hang in the kernel";
const NO_THREAD: Refusal = "the system refuses a thread to read them";
const NO_LIST: Refusal = "the lists of its cgroups cannot be read";
const NO_PERMISSION: Refusal = "the lists of its cgroups may not be read: permission denied";

impl Place {
    /// Where the lists of the cgroups and `/proc` mean the same by a number: both are the running kernel's, and `/proc` has
    /// this process under the number that it has.
    ///
    /// # Errors
    /// Why they do not.
    pub(super) fn of(mount: &Mount, proc_root: PathBuf) -> Result<Self, Refusal> {
        if !mount.is_kernels() || !hierarchy::is_procfs(&proc_root) {
            return Err(COPY);
        }
        // The link says which number this process has in the namespace of that /proc, if it has one there.
        let own = fs::read_link(proc_root.join("self")).ok();
        if own.as_deref() != Some(Path::new(&id().to_string())) {
            return Err(ELSEWHERE);
        }
        Ok(Self { cgroups: mount.root.clone(), proc_root })
    }

    /// The processes of a row and of all cgroups below it.
    pub fn look(&self, row: &CgroupId) -> Processes {
        let pids = match self.pids(&row.path) {
            Ok(pids) => pids,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Processes::none(row.clone(), NO_PERMISSION);
            }
            Err(_) => return Processes::none(row.clone(), NO_LIST),
        };
        // 0 stands for a process that this namespace does not show.
        let (hidden, shown): (Vec<u32>, Vec<u32>) = pids.into_iter().partition(|&pid| pid == 0);
        let left = shown.len().saturating_sub(MOST);
        let (mut found, mut refused, mut absent) = (Vec::new(), None, 0);
        for &pid in shown.iter().take(MOST) {
            match self.process(pid) {
                Ok(Some(process)) => found.push(process),
                Ok(None) => absent += 1,
                Err(error) => refused.get_or_insert_with(|| (0, error.to_string())).0 += 1,
            }
        }
        Processes { row: row.clone(), read: Ok(found), refused, absent, hidden: hidden.len(), left }
    }

    /// `None` where it does not show.
    fn process(&self, pid: u32) -> io::Result<Option<Process>> {
        match read::whole(&self.proc_root.join(pid.to_string()).join("status")) {
            Ok(status) => process(pid, &status).map(Some).ok_or_else(|| read::explained(read::NOT_THE_KERNELS)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn pids(&self, path: &str) -> io::Result<Vec<u32>> {
        let mut pending = VecDeque::from([self.cgroups.join(path.trim_start_matches('/'))]);
        let mut pids = Vec::new();
        for at in 0..MOST {
            let Some(cgroup) = pending.pop_front() else { break };
            match read::whole(&cgroup.join("cgroup.procs")) {
                Ok(list) => pids.extend(numbers(&list)),
                // Threaded cgroups refuse; those above list their processes. Others may have gone.
                Err(error) if at == 0 && !is_gone(&error) => return Err(error),
                Err(_) => {}
            }
            let entries = fs::read_dir(&cgroup).into_iter().flatten().flatten();
            pending.extend(entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path()));
        }
        Ok(pids)
    }
}

fn numbers(list: &[u8]) -> impl Iterator<Item = u32> {
    list.split(|&byte| byte == b'\n').filter_map(parse::number).filter_map(|number| u32::try_from(number).ok())
}

fn is_gone(error: &io::Error) -> bool {
    // ESRCH is what the kernel says of a process that ended while its file was open.
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// How a row's processes are read; this may take as long as it likes.
type Reader = Arc<dyn Fn(&CgroupId) -> Processes + Send + Sync>;

/// Looks at processes whenever asked, and never waits.
pub struct Looker {
    reader: Result<Reader, Refusal>,
    answers: UnboundedSender<Processes>,
    /// The last look.
    last: Option<Look>,
    /// Looks that did not end in time.
    lost: Vec<Weak<()>>,
}

struct Look {
    row: CgroupId,
    begun: Instant,
    /// Alive while the thread is.
    thread: Weak<()>,
}

impl Look {
    fn is_running(&self) -> bool {
        self.thread.strong_count() > 0
    }

    /// When the same row may be looked at again.
    fn patience(&self) -> Duration {
        if self.is_running() { DEADLINE } else { PACE }
    }
}

impl Looker {
    /// Answers come through the channel.
    pub fn new(place: Result<Place, Refusal>, answers: UnboundedSender<Processes>) -> Self {
        let reader = place.map(|place| Arc::new(move |row: &CgroupId| place.look(row)) as Reader);
        Self { reader, answers, last: None, lost: Vec::new() }
    }

    /// Looks at the processes of a row, if it was not looked at a moment ago.
    pub fn ask(&mut self, row: &CgroupId) {
        if self.last.as_ref().is_some_and(|look| look.row == *row && look.begun.elapsed() < look.patience()) {
            return;
        }
        if let Some(late) = self.last.take().filter(Look::is_running) {
            self.answer(Processes::none(late.row, TOO_SLOW));
            self.lost.push(late.thread);
        }
        self.lost.retain(|thread| thread.strong_count() > 0);
        let thread = match &self.reader {
            Err(reason) => {
                self.answer(Processes::none(row.clone(), reason));
                Weak::new()
            }
            Ok(_) if self.lost.len() > MOST_LOST => {
                self.answer(Processes::none(row.clone(), TOO_SLOW));
                Weak::new()
            }
            Ok(reader) => self.spawn(Arc::clone(reader), row.clone()),
        };
        self.last = Some(Look { row: row.clone(), begun: Instant::now(), thread });
    }

    fn spawn(&self, reader: Reader, row: CgroupId) -> Weak<()> {
        let alive = Arc::new(());
        let (thread, answers, of) = (Arc::downgrade(&alive), self.answers.clone(), row.clone());
        let look = move || {
            // The dashboard may have ended.
            _ = answers.send(reader(&row));
            drop(alive);
        };
        if thread::Builder::new().name("processes".to_owned()).spawn(look).is_err() {
            self.answer(Processes::none(of, NO_THREAD));
        }
        thread
    }

    fn answer(&self, answer: Processes) {
        // The dashboard may have ended.
        _ = self.answers.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use tokio::sync::mpsc::unbounded_channel;

    fn row(path: &str) -> CgroupId {
        CgroupId { path: path.into(), inode: 1 }
    }

    #[test]
    fn a_look_that_hangs_is_told_of_and_left() {
        let (release, held) = channel::<()>();
        let held = std::sync::Mutex::new(held);
        let reader = move |row: &CgroupId| {
            if &*row.path == "/hangs" {
                _ = held.lock().unwrap().recv();
            }
            Processes::none(row.clone(), "read")
        };
        let (outlet, mut answers) = unbounded_channel();
        let mut looker = Looker { reader: Ok(Arc::new(reader)), answers: outlet, last: None, lost: Vec::new() };
        looker.ask(&row("/hangs"));
        thread::sleep(PACE + Duration::from_millis(50));
        looker.ask(&row("/hangs"));
        assert!(answers.try_recv().is_err(), "it has some time");
        thread::sleep(DEADLINE.saturating_sub(PACE));
        looker.ask(&row("/hangs"));
        assert_eq!(answers.try_recv().unwrap(), Processes::none(row("/hangs"), TOO_SLOW));
        looker.ask(&row("/well"));
        let well =
            std::iter::repeat_with(|| answers.blocking_recv().unwrap()).find(|found| &*found.row.path == "/well");
        assert_eq!(well, Some(Processes::none(row("/well"), "read")));
        assert_eq!(looker.lost.len(), 2);
        drop(release);
    }

    #[test]
    fn numbers_of_another_host_are_not_looked_up_here() {
        let copy = tempfile::tempdir().unwrap();
        fs::write(copy.path().join("cgroup.controllers"), "memory\n").unwrap();
        let roots = hierarchy::Roots { cgroup: Some(copy.path().to_owned()), ..Default::default() };
        let mount = hierarchy::detect(&roots).unwrap();
        assert_eq!(Place::of(&mount, "/proc".into()).unwrap_err(), COPY);
    }
}
