//! What a program on a terminal costs, as the kernel counts it, and what it is given to show.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Pid;

use crate::pty::Terminal;

/// Names of cgroups as docker gives. Their short ids, which are on the screen, differ too.
pub(crate) fn containers(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("{number:012x}{number:052x}"))
}

/// Types what ends the program.
pub(crate) fn quit(mut terminal: Terminal) -> Result<()> {
    terminal.press("q");
    let status = terminal.end();
    ensure!(status == 0, "the program ended with {status}");
    Ok(())
}

/// The most that it ever had in memory.
pub(crate) fn peak_mebibytes(pid: Pid) -> Result<f64> {
    let kib = value(&fs::read_to_string(format!("/proc/{pid}/status"))?, "VmHWM:")?;
    Ok(kib as f64 / 1024.0)
}

/// Of every thread, user and kernel: the clock ticks of `/proc/PID/stat` are too coarse for one reading.
pub(crate) fn time_on_cpu(pid: Pid) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += schedstat.split(' ').next().context("an empty schedstat")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// System calls of all threads that read: `read`, `pread` and their kin.
pub(crate) fn reads(pid: Pid) -> Result<u64> {
    value(&fs::read_to_string(format!("/proc/{pid}/io"))?, "syscr:")
}

fn value(text: &str, key: &str) -> Result<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(key)).with_context(|| format!("no {key}"))?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}
