//! The host's own figures, from `/proc`.
//!
//! Must not read anything outside of the `/proc` that it was given.

use std::io;
use std::path::Path;

use procfs::prelude::*;
use procfs::{Meminfo, ProcError};

use crate::kernel::read::{self, Kept};
use crate::kernel::{hierarchy, parse};
use crate::snapshot::Hierarchy;
use crate::snapshot::{Host, Missing, Problem, Psi, Reading};
use crate::text;

/// Reads the host's figures below one `/proc`.
#[derive(Debug)]
pub struct HostReader {
    meminfo: Kept,
    vmstat: Kept,
    pressure: Kept,
    blank: Host,
}

impl HostReader {
    /// Reads what does not change: names and processors. `namespaced`: see [`Host::namespaced`].
    pub fn new(proc_root: &Path, hierarchy: Hierarchy, namespaced: bool) -> Self {
        let text = |file: &str| read::whole(&proc_root.join(file)).unwrap_or_default();
        let line = |file: &str| String::from_utf8_lossy(&text(file)).trim().to_owned();
        let blank = Host {
            hostname: line("sys/kernel/hostname"),
            kernel: line("sys/kernel/osrelease"),
            hierarchy,
            namespaced,
            cpus: cpus(&line("stat")),
            mem_total: Err(Missing::Unreadable),
            mem_available: Err(Missing::Unreadable),
            mem_free: Err(Missing::Unreadable),
            swap_total: Err(Missing::Unreadable),
            swap_free: Err(Missing::Unreadable),
            swap_cached: Err(Missing::Unreadable),
            oom_kill: Err(Missing::Unreadable),
            allocstall: Err(Missing::Unreadable),
            pgscan_kswapd: Err(Missing::Unreadable),
            pswpin: Err(Missing::Unreadable),
            pswpout: Err(Missing::Unreadable),
            psi: Err(Missing::Unreadable),
        };
        // Files of a copy may be replaced.
        let new = if hierarchy::is_procfs(proc_root) { Kept::new } else { Kept::opened_anew };
        let file = |name: &str| new(proc_root.join(name));
        Self { meminfo: file("meminfo"), vmstat: file("vmstat"), pressure: file("pressure/memory"), blank }
    }

    /// Reads what moves. A file that fails becomes a problem and leaves its figures marked.
    pub fn read(&mut self, problems: &mut Vec<Problem>) -> Host {
        let mut host = self.blank.clone();
        take(&mut self.meminfo, problems, |bytes| meminfo(bytes, &mut host));
        take(&mut self.vmstat, problems, |bytes| vmstat(bytes, &mut host));
        host.psi = pressure(&mut self.pressure, problems);
        host
    }
}

fn take(file: &mut Kept, problems: &mut Vec<Problem>, parse: impl FnOnce(&[u8]) -> Result<(), String>) {
    let problem = match file.read().map(parse) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => problem(file.path(), "parse", error),
        Err(error) => problem(file.path(), "read", error.to_string()),
    };
    problems.push(problem);
}

/// Without pressure accounting there is no such file, or reading it is not supported: normal, no problem.
fn pressure(file: &mut Kept, problems: &mut Vec<Problem>) -> Reading<Psi> {
    let problem = match file.read().map(parse::psi) {
        Ok(Some(psi)) => return Ok(psi),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::Unsupported) => {
            return Err(Missing::AccountingOff);
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(Missing::Permission),
        Ok(None) => problem(file.path(), "parse", "not a pressure file".to_owned()),
        Err(error) => problem(file.path(), "read", error.to_string()),
    };
    problems.push(problem);
    Err(Missing::Unreadable)
}

fn problem(path: &Path, doing: &'static str, error: String) -> Problem {
    Problem { path: text::visible(&path.to_string_lossy()).into_owned(), doing, error }
}

/// The `cpuN` lines of `/proc/stat`; at least one.
fn cpus(stat: &str) -> u64 {
    let is_cpu =
        |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (stat.lines().filter(is_cpu).count() as u64).max(1)
}

fn meminfo(bytes: &[u8], host: &mut Host) -> Result<(), String> {
    let meminfo = Meminfo::from_read(plausible(bytes)?).map_err(|error| brief(&error))?;
    host.mem_total = Ok(meminfo.mem_total);
    host.mem_available = meminfo.mem_available.ok_or(Missing::NotInKernel);
    host.mem_free = Ok(meminfo.mem_free);
    host.swap_total = Ok(meminfo.swap_total);
    host.swap_free = Ok(meminfo.swap_free);
    host.swap_cached = Ok(meminfo.swap_cached);
    Ok(())
}

/// In place: it has hundreds of counters, of which a few are wanted.
fn vmstat(bytes: &[u8], host: &mut Host) -> Result<(), String> {
    let [mut oom_kill, mut pgscan_kswapd, mut pswpin, mut pswpout, mut allocstall] = [Err(Missing::NotInKernel); 5];
    for (key, value) in parse::keyed(bytes) {
        let counter = match key {
            b"oom_kill" => &mut oom_kill,
            b"pgscan_kswapd" => &mut pgscan_kswapd,
            b"pswpin" => &mut pswpin,
            b"pswpout" => &mut pswpout,
            // One for each zone.
            key if key.starts_with(b"allocstall") => &mut allocstall,
            _ => continue,
        };
        let value = parse::number(value).ok_or_else(not_the_kernels)?;
        *counter = Ok(value.saturating_add(counter.unwrap_or(0)));
    }
    if [oom_kill, pgscan_kswapd, pswpin, pswpout, allocstall].iter().all(Result::is_err) {
        return Err(not_the_kernels());
    }
    (host.oom_kill, host.pgscan_kswapd, host.allocstall) = (oom_kill, pgscan_kswapd, allocstall);
    (host.pswpin, host.pswpout) = (pswpin, pswpout);
    Ok(())
}

fn not_the_kernels() -> String {
    read::explained(read::NOT_THE_KERNELS).to_string()
}

/// `procfs` slices names by bytes and multiplies units unchecked: only text that it can bear goes through.
fn plausible(bytes: &[u8]) -> Result<&[u8], String> {
    const LONGEST_NUMBER: usize = 16;
    const LARGEST: usize = 1 << 20;
    if bytes.len() > LARGEST {
        return Err(read::explained(read::TOO_LARGE).to_string());
    }
    let longest = bytes.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).max().unwrap_or(0);
    if !bytes.is_ascii() || longest > LONGEST_NUMBER {
        return Err(not_the_kernels());
    }
    Ok(bytes)
}

/// What `procfs` takes for a bug of its own, with the place and an appeal to report it, is what the kernel does not print.
fn brief(error: &ProcError) -> String {
    match error {
        ProcError::InternalError(_) => not_the_kernels(),
        error => error.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}
