//! Keeps this very process answering while the host thrashes: its memory stays where it is, and the OOM killer takes
//! others first.
//!
//! What is refused is told, never passed over. Must not touch any process but this one and those that it starts.

use std::collections::TryReserveError;
use std::fmt;
use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::mm::{MlockAllFlags, mlockall, munlockall};

/// Behind the containers of guaranteed Kubernetes pods (-997), before kubelet, container runtimes (-999) and what must
/// never die (-1000): should nothing else be left to kill, this is, and no limit is stuck on it.
const SPARED: i32 = -998;
/// Room for mappings that must be left: where the lock ran into a limit later, the process would die of it. Stacks and
/// arenas of all threads reserve less. In pieces, for a small host refuses a mapping that is larger than its memory.
const ROOM: usize = 16 * PIECE;
const PIECE: usize = 64 << 20;

const SCORE: &str = "/proc/self/oom_score_adj";

/// What protects this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// The `oom_score_adj` that it had, which is for those that it starts; `None` where that was left alone.
    pub former: Option<i32>,
    /// What was refused.
    pub refused: Vec<Refusal>,
}

/// A part of the protection that there is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is not protected.
    pub part: &'static str,
    /// What was tried, why it failed, and what to do.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.why)
    }
}

impl Protection {
    /// Protects this process as far as it may. Best before it has threads: what is mapped by then is brought into memory
    /// whole, all code included, and what comes later when it is first touched.
    pub fn of_this_process() -> Self {
        let mut refused = Vec::new();
        let mut refuse = |part, why| refused.push(Refusal { part, why });
        _ = lock_memory().map_err(|why| refuse("memory", why));
        let former = spare().map_err(|why| refuse("OOM score", why)).ok().flatten();
        Self { former, refused }
    }
}

fn lock_memory() -> Result<(), String> {
    const DO: &str = "run it as root or with CAP_IPC_LOCK, or raise the limit with `ulimit -l unlimited`";
    let lock = |flags| {
        mlockall(flags).map_err(|errno| match errno {
            Errno::PERM | Errno::NOMEM => format!("mlockall: more than RLIMIT_MEMLOCK allows ({errno}): {DO}"),
            Errno::INVAL => "mlockall: locking what is touched later needs Linux 4.4".to_owned(),
            errno => format!("mlockall: {errno}"),
        })
    };
    lock(MlockAllFlags::CURRENT)?;
    lock(MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)?;
    if room().is_err() {
        // Nothing is locked any more, nor is what comes.
        return munlockall()
            .map_err(|errno| format!("munlockall: {errno}"))
            .and(Err(format!("locked it could not grow: {} MiB more are refused: {DO}", ROOM >> 20)));
    }
    Ok(())
}

/// Maps as much as may be needed, and touches none of it.
fn room() -> Result<(), TryReserveError> {
    let piece = || {
        let mut piece = Vec::<u8>::new();
        piece.try_reserve_exact(PIECE).map(|()| piece)
    };
    (0..ROOM / PIECE).map(|_| piece()).collect::<Result<Vec<_>, _>>().map(drop)
}

/// Has the OOM killer take others first; the score before, if that was higher.
fn spare() -> Result<Option<i32>, String> {
    let read = fs::read_to_string(SCORE).map_err(|error| format!("cannot read {SCORE}: {error}"))?;
    let former: i32 = read.trim().parse().map_err(|_| format!("{SCORE} holds no number: {}", read.escape_debug()))?;
    if former <= SPARED {
        return Ok(None);
    }
    fs::write(SCORE, SPARED.to_string()).map_err(|error| {
        format!("cannot write {SPARED} to {SCORE}: {error}: run it as root or with CAP_SYS_RESOURCE")
    })?;
    Ok(Some(former))
}

/// Gives a process that was just started the score that this one had. Locks of memory are not inherited.
///
/// # Errors
/// Where the kernel refuses it, except that the process has ended already.
pub fn give(pid: u32, score: i32) -> io::Result<()> {
    match fs::write(format!("/proc/{pid}/oom_score_adj"), score.to_string()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => Ok(()),
        Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(()),
        told => told,
    }
}
