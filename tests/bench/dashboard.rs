//! What the whole program costs as a dashboard over many cgroups: on a real terminal, over real cgroups.
//!
//! `cargo bench --bench dashboard [-- N…]` makes N cgroups for each N (100 and 1000 unless told otherwise) that look
//! like docker's, starts the program over them on a terminal of 160 by 50, and prints the medians. It needs root.
//!
//! - first frame: from before the start until the screen shows the rows and the line below them
//! - RSS: the most that the program ever had in memory, right after the first frame and when every history is full
//! - CPU: all threads' time on a processor per reading, user and kernel, as the scheduler counts it in nanoseconds
//! - written: what goes to the terminal per second while the cgroups do nothing. In its first minute the program counts
//!   the seconds since its start on the screen, and what else the host does shows in the header

mod cgroups;
#[expect(clippy::unwrap_used, reason = "a benchmark that cannot drive its terminal measures nothing")]
#[expect(dead_code, reason = "the tests of the terminal do more with it")]
#[path = "../terminal/pty.rs"]
mod pty;

use std::fs;
use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Pid;

use cgroups::{Cgroups, Ground, median, milliseconds};
use pty::{PROGRAM, Terminal};

const COUNTS: [usize; 2] = [100, 1000];
const STARTS: usize = 9;
/// The windows together fill a history, which keeps 240 readings.
const WINDOWS: usize = 8;
const READINGS_A_WINDOW: u32 = 30;
const INTERVAL: Duration = Duration::from_millis(100);

fn main() -> Result<()> {
    let counts = cgroups::counts(&COUNTS)?;
    let mut out = io::stdout().lock();
    let Some(ground) = Ground::find(&mut out)? else { return Ok(()) };
    writeln!(
        out,
        "{:>6}  {:>11}  {:>9}  {:>9}  {:>11}  {:>9}",
        "N", "first frame", "RSS", "RSS full", "CPU", "written"
    )?;
    for count in counts {
        let (start, run) = measure(&ground, count)?;
        writeln!(
            out,
            "{count:>6}  {:>8.1} ms  {:>5.1} MiB  {:>5.1} MiB  {:>8.2} ms  {:>5.0} B/s",
            milliseconds(start.first_frame),
            mebibytes(start.rss_kib),
            mebibytes(run.rss_kib),
            milliseconds(run.cpu_a_reading),
            run.written_a_second,
        )?;
    }
    Ok(())
}

fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// What a user waits for.
struct Start {
    first_frame: Duration,
    rss_kib: u64,
}

/// What a dashboard costs that is left running.
struct Run {
    rss_kib: u64,
    cpu_a_reading: Duration,
    written_a_second: f64,
}

fn measure(ground: &Ground, count: usize) -> Result<(Start, Run)> {
    let cgroups = Cgroups::new(ground)?;
    // Their short ids, which are on the screen, differ too.
    let names = (0..count).map(|number| format!("{number:012x}{number:052x}"));
    cgroups.fill("docker", names, ground)?;
    let root = cgroups.root.to_str().context("a mount point that is no text")?;

    let (mut first_frames, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        ground.check()?;
        let (terminal, first_frame) = start(root, count);
        first_frames.push(first_frame);
        sizes.push(peak_kib(terminal.pid())?);
        quit(terminal)?;
    }
    let (terminal, _) = start(root, count);
    let run = run(ground, &terminal)?;
    quit(terminal)?;
    Ok((Start { first_frame: median(first_frames), rss_kib: median(sizes) }, run))
}

/// The program with its first reading on the screen, and how long that took.
fn start(root: &str, count: usize) -> (Terminal, Duration) {
    let interval = format!("{}ms", INTERVAL.as_millis());
    let begun = Instant::now();
    let terminal = Terminal::start_on(160, 50, PROGRAM, &["--cgroup-root", root, "--interval", &interval], &[]);
    let (first_row, below) = ("000000000000", format!("{count} of {count} containers"));
    terminal.wait_for("complete frame", |screen| {
        let text = screen.contents();
        text.contains(&below) && text.contains(first_row)
    });
    (terminal, begun.elapsed())
}

fn run(ground: &Ground, terminal: &Terminal) -> Result<Run> {
    let window = INTERVAL * READINGS_A_WINDOW;
    let (mut times, mut written) = (Vec::new(), Vec::new());
    for _ in 0..WINDOWS {
        ground.check()?;
        let (time, bytes) = (time_on_cpu(terminal.pid())?, terminal.bytes().len());
        thread::sleep(window);
        times.push(time_on_cpu(terminal.pid())?.saturating_sub(time));
        written.push(terminal.bytes().len() - bytes);
    }
    Ok(Run {
        rss_kib: peak_kib(terminal.pid())?,
        cpu_a_reading: median(times) / READINGS_A_WINDOW,
        written_a_second: median(written) as f64 / window.as_secs_f64(),
    })
}

fn quit(mut terminal: Terminal) -> Result<()> {
    terminal.press("q");
    let status = terminal.end();
    ensure!(status == 0, "memcgtop ended with {status}");
    Ok(())
}

fn peak_kib(pid: Pid) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Of every thread: the clock ticks of `/proc/PID/stat` are too coarse for one reading.
fn time_on_cpu(pid: Pid) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid()))? {
        let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += schedstat.split(' ').next().context("an empty schedstat")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}
