//! The host's own figures, from `/proc`.
//!
//! Must not read anything outside of the `/proc` that it was given.

use std::io;
use std::path::{Path, PathBuf};

use procfs::prelude::*;
use procfs::{Meminfo, ProcError, VmStat};

use crate::kernel::{parse, read};
use crate::snapshot::{Hierarchy, Host, Missing, Problem, Reading};
use crate::text;

/// Reads the host's figures below one `/proc`.
#[derive(Debug)]
pub struct HostReader {
    proc_root: PathBuf,
    blank: Host,
}

impl HostReader {
    /// Reads what does not change: names and processors. `namespaced`: see [`Host::namespaced`].
    pub fn new(proc_root: PathBuf, hierarchy: Hierarchy, namespaced: bool) -> Self {
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
        Self { proc_root, blank }
    }

    /// Reads what moves. A file that fails becomes a problem and leaves its figures marked.
    pub fn read(&self, problems: &mut Vec<Problem>) -> Host {
        let mut host = self.blank.clone();
        self.take("meminfo", problems, |bytes| meminfo(bytes, &mut host));
        self.take("vmstat", problems, |bytes| vmstat(bytes, &mut host));
        host.psi = self.pressure(problems);
        host
    }

    fn take(&self, name: &str, problems: &mut Vec<Problem>, parse: impl FnOnce(&[u8]) -> Result<(), String>) {
        let path = self.proc_root.join(name);
        match read::whole(&path) {
            Ok(bytes) => {
                if let Err(error) = parse(&bytes) {
                    problems.push(problem(&path, "parse", error));
                }
            }
            Err(error) => problems.push(problem(&path, "read", error.to_string())),
        }
    }

    /// Without pressure accounting there is no such file, or reading it is not supported: normal, no problem.
    fn pressure(&self, problems: &mut Vec<Problem>) -> Reading<crate::snapshot::Psi> {
        let path = self.proc_root.join("pressure/memory");
        match read::whole(&path) {
            Ok(bytes) => parse::psi(&bytes).ok_or_else(|| {
                problems.push(problem(&path, "parse", "not a pressure file".to_owned()));
                Missing::Unreadable
            }),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::Unsupported) => {
                Err(Missing::AccountingOff)
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(Missing::Permission),
            Err(error) => {
                problems.push(problem(&path, "read", error.to_string()));
                Err(Missing::Unreadable)
            }
        }
    }
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

fn vmstat(bytes: &[u8], host: &mut Host) -> Result<(), String> {
    let VmStat(counters) = VmStat::from_read(plausible(bytes)?).map_err(|error| brief(&error))?;
    let counter = |key: &str| counters.get(key).and_then(|&value| u64::try_from(value).ok());
    let stalls: Vec<u64> =
        counters.keys().filter(|key| key.starts_with("allocstall")).filter_map(|key| counter(key)).collect();
    host.oom_kill = counter("oom_kill").ok_or(Missing::NotInKernel);
    host.pgscan_kswapd = counter("pgscan_kswapd").ok_or(Missing::NotInKernel);
    host.pswpin = counter("pswpin").ok_or(Missing::NotInKernel);
    host.pswpout = counter("pswpout").ok_or(Missing::NotInKernel);
    host.allocstall =
        if stalls.is_empty() { Err(Missing::NotInKernel) } else { Ok(stalls.into_iter().fold(0, u64::saturating_add)) };
    Ok(())
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
        return Err(read::explained(read::NOT_THE_KERNELS).to_string());
    }
    Ok(bytes)
}

/// What `procfs` takes for a bug of its own, with the place and an appeal to report it, is what the kernel does not print.
fn brief(error: &ProcError) -> String {
    match error {
        ProcError::InternalError(_) => read::explained(read::NOT_THE_KERNELS).to_string(),
        error => error.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}
