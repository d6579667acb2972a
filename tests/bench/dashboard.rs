//! What the whole program costs as a dashboard over many cgroups: on a real terminal, over real cgroups. The
//! benchmark `peers` compares it with others.
//!
//! `cargo bench --bench dashboard [-- N…]` makes N cgroups for each N (100 and 1000 unless told otherwise) that look
//! like docker's and hold some memory, starts the program over them on a terminal of 160 by 50, and prints the medians.
//! It needs root.
//!
//! - first frame: from before the start until the screen shows the rows and the line below them
//! - key: from a key until the screen shows the other columns that it asks for, while cgroups are read ten times a second
//! - memory: the most that the program ever had of it, right after the first frame and when every history is full
//! - CPU: all threads' time on a processor per reading, user and kernel, as the scheduler counts it in nanoseconds, at one
//!   reading a second: with no cgroup active, and with one in twenty
//! - reads: system calls that read, per reading with no cgroup active; those that open, list and wait are not counted
//! - written: what goes to the terminal per second meanwhile. In its first minute the program counts the seconds since
//!   its start on the screen, and what else the host does shows in the header

mod cgroups;
mod guest;
mod process;
#[expect(clippy::unwrap_used, reason = "a benchmark that cannot drive its terminal measures nothing")]
#[expect(dead_code, reason = "the tests of the terminal do more with it")]
#[path = "../terminal/pty.rs"]
mod pty;

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Pid;
use vt100::Screen;

use cgroups::{Cgroups, Ground, median, milliseconds};
use guest::Guest;
use process::{containers, peak_mebibytes, quit, time_on_cpu};
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
    writeln!(out, "| {} |", heads.join(" | "))?;
    writeln!(out, "|{}", "--:|".repeat(heads.len()))?;
    for count in counts {
        let (start, past, usual) = measure(&ground, count)?;
        writeln!(
            out,
            "| {count} | {:.0} ms | {:.1} ms | {:.1} MiB | {:.1} MiB | {:.1} ms | {:.1} ms | {} | {:.0} B/s |",
            milliseconds(start.first_frame),
            milliseconds(past.key),
            start.mebibytes,
            past.mebibytes,
            milliseconds(usual.idle),
            milliseconds(usual.active),
            usual.reads,
            usual.written_a_second,
        )?;
    }
    Ok(())
}

/// What a user waits for.
struct Start {
    first_frame: Duration,
    mebibytes: f64,
}

/// What a dashboard is like that has run for long.
struct Past {
    key: Duration,
    mebibytes: f64,
}

/// What a reading costs.
struct Usual {
    idle: Duration,
    active: Duration,
    reads: u64,
    written_a_second: f64,
}

fn measure(ground: &Ground, count: usize) -> Result<(Start, Past, Usual)> {
    let cgroups = Cgroups::new(ground)?;
    let directories = cgroups.fill("docker", containers(count), ground)?;
    let mut everybody = Guest::new(&directories, &vec![true; count])?;
    everybody.stir()?;
    let active: Vec<bool> = (0..count).map(|number| number.is_multiple_of(ACTIVE)).collect();
    let mut some = Guest::new(&directories, &active)?;
    let root = cgroups.root.to_str().context("a mount point that is no text")?;

    let start = start_often(ground, root, count)?;
    // Meanwhile what only a start needs is over, such as looking for names that nobody knows.
    let (watched, _) = self::start(root, count, USUAL);
    let past = fill_the_past(ground, root, count)?;
    let usual = watch(ground, watched, &mut some)?;
    Ok((start, past, usual))
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
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        ground.check()?;
        let (terminal, first_frame) = start(root, count, USUAL);
        starts.push((first_frame, peak_mebibytes(terminal.pid())?));
        quit(terminal)?;
    }
    starts.sort_unstable_by_key(|(first_frame, _)| *first_frame);
    let (first_frame, mebibytes) = starts[STARTS / 2];
    Ok(Start { first_frame, mebibytes })
}

/// Until every history is full; keys are pressed meanwhile.
fn fill_the_past(ground: &Ground, root: &str, count: usize) -> Result<Past> {
    let (mut terminal, _) = start(root, count, SOON);
    let (begun, mut keys) = (Instant::now(), Vec::new());
    while begun.elapsed() < SOON * FULL {
        ground.check()?;
        if keys.len() < KEYS {
            keys.push(press(&mut terminal));
        }
        // Out of step with the readings.
        thread::sleep(SOON * 31 / 10);
    }
    let mebibytes = peak_mebibytes(terminal.pid())?;
    quit(terminal)?;
    Ok(Past { key: median(keys), mebibytes })
}

/// Goes to the next set of columns; how long it takes until that is seen.
fn press(terminal: &mut Terminal) -> Duration {
    let before = columns(&terminal.screen());
    let begun = Instant::now();
    terminal.press("c");
    terminal.wait_for("other columns", |screen| columns(screen) != before);
    begun.elapsed()
}

/// The set of columns, unless it is the usual one.
fn columns(screen: &Screen) -> Option<String> {
    let text = screen.contents();
    text.split_once(" COLUMNS ")?.1.split_whitespace().next().map(str::to_owned)
}

fn watch(ground: &Ground, terminal: Terminal, guest: &mut Guest) -> Result<Usual> {
    let pid = terminal.pid();
    let (reads, written) = (process::reads(pid)?, terminal.bytes().len());
    let begun = Instant::now();
    let idle = each_reading(ground, pid, || Ok(()))?;
    let taken = begun.elapsed();
    let (reads, written) = (process::reads(pid)? - reads, terminal.bytes().len() - written);
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
