//! How long from the kernel's event until it is on the screen: the real program in a terminal over real cgroups.
//!
//! `cargo bench --bench latency [-- N…]` makes N cgroups for each N (1000 unless told otherwise), lets processes hit
//! their limits and die in some of them at random moments, and prints how long the row took to show it. It needs root.
//!
//! - near its limit: one that uses more than 90 % of its limit hits it; from the moment when its counter moves
//! - OOM kill: one that used little is killed; from the moment when its parent process learns of the death
//! - far from its limit: one that used little hits its limit within milliseconds; from the moment when its counter moves

mod cgroups;
#[expect(dead_code, reason = "its own main is that of the program for the tests")]
#[path = "../support/hog.rs"]
mod hog;
#[expect(clippy::unwrap_used, reason = "a benchmark that cannot drive its terminal measures nothing")]
#[expect(dead_code, reason = "the tests of the terminal do more with it")]
#[path = "../terminal/pty.rs"]
mod pty;
#[path = "../support/table.rs"]
mod table;

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use memcgtop::kernel::hierarchy::Version;

use cgroups::{Cgroups, Ground, median, milliseconds};
use pty::{PROGRAM, Terminal};
use table::{cell, counts};

const COUNTS: [usize; 1] = [1000];
const EVENTS: usize = 24;
const LIMIT: u64 = 32 << 20;
/// With this in its environment the benchmark is a process that uses memory on command.
const HOG: &str = "MEMCGTOP_BENCH_HOG";

fn main() -> Result<()> {
    if std::env::var_os(HOG).is_some() {
        return Ok(hog::run()?);
    }
    let sizes = cgroups::counts(&COUNTS)?;
    let mut out = io::stdout().lock();
    let Some(ground) = Ground::find(&mut out)? else { return Ok(()) };
    writeln!(out, "{:>6}  {:<19}  {:>6}  {:>9}  {:>9}  {:>9}", "N", "event", "events", "median", "p90", "most")?;
    for count in sizes {
        for (event, mut latencies) in measure(&ground, count)? {
            latencies.sort_unstable();
            writeln!(
                out,
                "{count:>6}  {event:<19}  {:>6}  {:>6.0} ms  {:>6.0} ms  {:>6.0} ms",
                latencies.len(),
                milliseconds(median(latencies.clone())),
                milliseconds(latencies[latencies.len() * 9 / 10]),
                milliseconds(latencies[latencies.len() - 1]),
            )?;
        }
    }
    Ok(())
}

fn measure(ground: &Ground, count: usize) -> Result<[(&'static str, Vec<Duration>); 3]> {
    let cgroups = Cgroups::new(ground)?;
    let disk = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    // Their short ids, which are on the screen, differ too.
    let names = (0..count.max(2 * EVENTS + 1)).map(|number| format!("{number:012x}{number:052x}"));
    let mut places = cgroups.fill("docker", names, ground)?.into_iter().map(|at| Place { at, version: ground.version });
    let near = places.next().context("no cgroup")?;
    let mut near_hog = near.start_hog()?;
    near_hog.does("anon 29")?;
    let killed: Vec<Place> = places.by_ref().take(EVENTS).collect();
    let victims = killed.iter().map(Place::start_hog).collect::<Result<Vec<_>>>()?;
    let far: Vec<Place> = places.by_ref().take(EVENTS).collect();
    let mut jumpers = far.iter().map(Place::start_hog).collect::<Result<Vec<_>>>()?;

    let root = cgroups.root.to_str().context("a mount point that is no text")?;
    let mut terminal = Terminal::start_on(200, 100, PROGRAM, &["--cgroup-root", root, "--interval", "1s"], &[]);
    terminal.wait_for("complete frame", |screen| screen.contents().contains(" containers"));
    thread::sleep(Duration::from_secs(2));

    let mut hits = Vec::new();
    for round in 0..EVENTS {
        pause(ground, round)?;
        let before = cell(&terminal.screen(), near.id()?, "HITS");
        near_hog.begins(&format!("write {} 8", file(&disk)?))?;
        let happened = near.next_hit()?;
        let id = near.id()?;
        terminal.wait_for("hit", |screen| cell(screen, id, "HITS") != before);
        hits.push(happened.elapsed());
        near_hog.answered()?;
    }
    let mut kills = Vec::new();
    for (round, (place, victim)) in killed.iter().zip(victims).enumerate() {
        pause(ground, round)?;
        let happened = victim.dies_of("anon 60")?;
        let id = place.id()?;
        terminal.wait_for("kill", |screen| counts(screen, id, "OOM"));
        kills.push(happened.elapsed());
    }
    let mut jumps = Vec::new();
    for (round, (place, jumper)) in far.iter().zip(&mut jumpers).enumerate() {
        pause(ground, round)?;
        jumper.begins(&format!("write {} 40", file(&disk)?))?;
        let happened = place.next_hit()?;
        let id = place.id()?;
        terminal.wait_for("hit", |screen| counts(screen, id, "HITS"));
        jumps.push(happened.elapsed());
        jumper.answered()?;
    }
    terminal.press("q");
    let status = terminal.end();
    ensure!(status == 0, "memcgtop ended with {status}");
    Ok([("near its limit", hits), ("OOM kill", kills), ("far from its limit", jumps)])
}

fn file(disk: &tempfile::TempDir) -> Result<String> {
    Ok(disk.path().join("file").to_str().context("a directory that is no text")?.to_owned())
}

/// Events come at all moments between two readings.
fn pause(ground: &Ground, round: usize) -> Result<()> {
    ground.check()?;
    thread::sleep(Duration::from_millis(1_000 + (round as u64 * 379) % 1_000));
    Ok(())
}

/// A container's cgroup.
struct Place {
    at: PathBuf,
    version: Version,
}

impl Place {
    /// Gives it a limit and a process.
    fn start_hog(&self) -> Result<Hog> {
        let (limit, swap) = match self.version {
            Version::V1 => ("memory.limit_in_bytes", "memory.swappiness"),
            Version::V2 => ("memory.max", "memory.swap.max"),
        };
        fs::write(self.at.join(limit), LIMIT.to_string())?;
        if self.at.join(swap).exists() {
            fs::write(self.at.join(swap), "0")?;
        }
        Hog::start(&self.at)
    }

    fn hits(&self) -> Result<u64> {
        match self.version {
            Version::V1 => Ok(fs::read_to_string(self.at.join("memory.failcnt"))?.trim().parse()?),
            Version::V2 => {
                let events = fs::read_to_string(self.at.join("memory.events.local"))?;
                let hits = events.lines().find_map(|line| line.strip_prefix("max "));
                Ok(hits.context("no such counter")?.parse()?)
            }
        }
    }

    /// Waits until the counter of hits moves; when it did.
    fn next_hit(&self) -> Result<Instant> {
        let (before, begun) = (self.hits()?, Instant::now());
        while self.hits()? == before {
            ensure!(begun.elapsed() < Duration::from_secs(10), "the limit was not hit");
            thread::sleep(Duration::from_micros(100));
        }
        Ok(Instant::now())
    }

    /// Its short id, which is on the screen.
    fn id(&self) -> Result<&str> {
        self.at.file_name().and_then(|name| name.to_str()?.get(..12)).context("no id")
    }
}

/// A process that uses memory as it is told; killed at the end.
struct Hog {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Hog {
    fn start(cgroup: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.env(HOG, "1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let commands = child.stdin.take().context("no pipe")?;
        let answers = BufReader::new(child.stdout.take().context("no pipe")?);
        let mut hog = Self { child, commands, answers };
        hog.answered()?;
        fs::write(cgroup.join("cgroup.procs"), hog.child.id().to_string())?;
        Ok(hog)
    }

    fn begins(&mut self, command: &str) -> Result<()> {
        Ok(writeln!(self.commands, "{command}")?)
    }

    fn answered(&mut self) -> Result<()> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "a hog died");
        Ok(())
    }

    fn does(&mut self, command: &str) -> Result<()> {
        self.begins(command)?;
        self.answered()
    }

    /// Gives a command that it is killed for; when it was.
    fn dies_of(mut self, command: &str) -> Result<Instant> {
        self.begins(command)?;
        let status = self.child.wait()?;
        ensure!(!status.success(), "the hog survived");
        Ok(Instant::now())
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
