//! What the whole program costs as a dashboard over many cgroups: on a real terminal, over real cgroups, beside
//! systemd-cgtop on the same ones where that is installed.
//!
//! `cargo bench --bench dashboard [-- N…]` makes N cgroups for each N (100 and 1000 unless told otherwise) that look
//! like docker's and hold some memory, starts the program over them on a terminal of 160 by 50, and prints the medians
//! as the README shows them. It needs root.
//!
//! - first frame: from before the start until the screen shows the rows and the line below them
//! - key: from a key until the screen shows what it does, while cgroups are read ten times a second
//! - memory: the most that the program ever had of it, right after the first frame and when every history is full
//! - CPU: all threads' time on a processor per reading, user and kernel, as the scheduler counts it in nanoseconds, at one
//!   reading a second: with no cgroup active, and with one in twenty
//! - reads: system calls that read, per reading with no cgroup active
//! - written: what goes to the terminal per second meanwhile. In its first minute the program counts the seconds since
//!   its start on the screen, and what else the host does shows in the header
//! - systemd-cgtop: its time on a processor per refresh, for what each cgroup uses and nothing else

mod cgroups;
mod guest;
mod peer;
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
use vt100::Screen;

use cgroups::{Cgroups, Ground, median, milliseconds};
use guest::Guest;
use pty::{PROGRAM, Terminal};

const COUNTS: [usize; 2] = [100, 1000];
const STARTS: usize = 9;
const KEYS: usize = 40;
/// A history keeps so many readings.
const FULL: u32 = 240;
/// Of a reading, where the past is to be filled soon.
const SOON: Duration = Duration::from_millis(100);
/// Of a reading, where it is to cost what it usually does.
const USUAL: Duration = Duration::from_secs(1);
/// So long a name is looked for that nobody knows.
const SEARCHES: Duration = Duration::from_secs(12);
const READINGS: usize = 10;
/// One cgroup in so many is active.
const ACTIVE: usize = 20;

fn main() -> Result<()> {
    if guest::serve()? {
        return Ok(());
    }
    let counts = cgroups::counts(&COUNTS)?;
    let mut out = io::stdout().lock();
    let Some(ground) = Ground::find(&mut out)? else { return Ok(()) };
    let heads = ["containers", "first frame", "key", "memory", "full", "CPU idle", "CPU 5 %", "reads", "written"];
    writeln!(out, "| {} | systemd-cgtop | times more |", heads.join(" | "))?;
    writeln!(out, "|{}", "--:|".repeat(heads.len() + 2))?;
    for count in counts {
        let (start, past, usual, peer) = measure(&ground, count)?;
        write!(
            out,
            "| {count} | {:.0} ms | {:.1} ms | {:.1} MiB | {:.1} MiB | {:.1} ms | {:.1} ms | {} | {:.0} B/s | ",
            milliseconds(start.first_frame),
            milliseconds(past.key),
            mebibytes(start.rss_kib),
            mebibytes(past.rss_kib),
            milliseconds(usual.idle),
            milliseconds(usual.active),
            usual.reads,
            usual.written_a_second,
        )?;
        match peer {
            Some(peer) => {
                writeln!(out, "{:.1} ms | {:.1} |", milliseconds(peer), peer.as_secs_f64() / usual.idle.as_secs_f64())?;
            }
            None => writeln!(out, "not installed | |")?,
        }
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

/// What a dashboard is like that has run for long.
struct Past {
    key: Duration,
    rss_kib: u64,
}

/// What a reading costs.
struct Usual {
    idle: Duration,
    active: Duration,
    reads: u64,
    written_a_second: f64,
}

fn measure(ground: &Ground, count: usize) -> Result<(Start, Past, Usual, Option<Duration>)> {
    let cgroups = Cgroups::new(ground)?;
    // Their short ids, which are on the screen, differ too.
    let names = (0..count).map(|number| format!("{number:012x}{number:052x}"));
    let directories = cgroups.fill("docker", names, ground)?;
    let mut everybody = Guest::new(&directories, &vec![true; count])?;
    everybody.stir()?;
    let active: Vec<bool> = (0..count).map(|number| number.is_multiple_of(ACTIVE)).collect();
    let mut some = Guest::new(&directories, &active)?;
    let root = cgroups.root.to_str().context("a mount point that is no text")?;

    let start = start_often(ground, root, count)?;
    let past = fill_the_past(ground, root, count)?;
    let usual = watch(ground, root, count, &mut some)?;
    let peer = peer::time_of_a_refresh(&cgroups.root, ground, READINGS, count)?;
    Ok((start, past, usual, peer))
}

/// The program with its first reading on the screen, and how long that took.
fn start(root: &str, count: usize, interval: Duration) -> (Terminal, Duration) {
    let interval = format!("{}ms", interval.as_millis());
    let begun = Instant::now();
    let terminal = Terminal::start_on(160, 50, PROGRAM, &["--cgroup-root", root, "--interval", &interval], &[]);
    let (first_row, below) = ("000000000000", format!("{count} of {count} containers"));
    terminal.wait_for("complete frame", |screen| {
        let text = screen.contents();
        text.contains(&below) && text.contains(first_row)
    });
    (terminal, begun.elapsed())
}

fn start_often(ground: &Ground, root: &str, count: usize) -> Result<Start> {
    let (mut first_frames, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        ground.check()?;
        let (terminal, first_frame) = start(root, count, USUAL);
        first_frames.push(first_frame);
        sizes.push(peak_kib(terminal.pid())?);
        quit(terminal)?;
    }
    Ok(Start { first_frame: median(first_frames), rss_kib: median(sizes) })
}

/// Until every history is full; keys are pressed meanwhile.
fn fill_the_past(ground: &Ground, root: &str, count: usize) -> Result<Past> {
    let (mut terminal, _) = start(root, count, SOON);
    let (begun, mut keys) = (Instant::now(), Vec::new());
    while begun.elapsed() < SOON * FULL {
        ground.check()?;
        if keys.len() < KEYS {
            keys.push(press(&mut terminal, if keys.len() % 2 == 0 { "j" } else { "k" }));
        }
        // Out of step with the readings.
        thread::sleep(SOON * 31 / 10);
    }
    let rss_kib = peak_kib(terminal.pid())?;
    quit(terminal)?;
    Ok(Past { key: median(keys), rss_kib })
}

/// Moves the cursor; how long it takes until it is seen to have moved.
fn press(terminal: &mut Terminal, key: &str) -> Duration {
    let before = cursor(&terminal.screen());
    let begun = Instant::now();
    terminal.press(key);
    terminal.wait_for("cursor that moves", |screen| cursor(screen) != before);
    begun.elapsed()
}

/// The line of the screen that the cursor is on.
fn cursor(screen: &Screen) -> Option<usize> {
    screen.contents().lines().position(|line| line.starts_with('>'))
}

fn watch(ground: &Ground, root: &str, count: usize, guest: &mut Guest) -> Result<Usual> {
    let (terminal, _) = start(root, count, USUAL);
    thread::sleep(SEARCHES);
    let pid = terminal.pid();
    let (reads, written) = (reads(pid)?, terminal.bytes().len());
    let begun = Instant::now();
    let idle = each_reading(ground, pid, || Ok(()))?;
    let taken = begun.elapsed();
    let (reads, written) = (self::reads(pid)? - reads, terminal.bytes().len() - written);
    let active = each_reading(ground, pid, || guest.stir())?;
    quit(terminal)?;
    Ok(Usual {
        idle: median(idle),
        active: median(active),
        reads: reads / READINGS as u64,
        written_a_second: written as f64 / taken.as_secs_f64(),
    })
}

/// The time on a processor that each of some readings takes, with what is done before it.
fn each_reading(ground: &Ground, pid: Pid, mut act: impl FnMut() -> Result<()>) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..READINGS {
        ground.check()?;
        let (begun, before) = (Instant::now(), time_on_cpu(pid)?);
        act()?;
        thread::sleep(USUAL.saturating_sub(begun.elapsed()));
        times.push(time_on_cpu(pid)?.saturating_sub(before));
    }
    Ok(times)
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

/// System calls that read, of all threads.
fn reads(pid: Pid) -> Result<u64> {
    let io = fs::read_to_string(format!("/proc/{}/io", pid.as_raw_pid()))?;
    let line = io.lines().find_map(|line| line.strip_prefix("syscr: ")).context("no syscr")?;
    Ok(line.parse()?)
}
