//! What memcgtop costs beside systemd-cgtop: on the same cgroups, in the same minutes, each on a terminal of its own.
//!
//! `cargo bench --bench peers [-- N…]` makes N cgroups for each N (100, 1000 and 5000 unless told otherwise) that hold
//! memory, runs one program after the other over them, several times, and prints the medians as a table
//! for the README. It needs root, and Debian's `systemd` for the other column.
//!
//! - CPU: all threads' time on a processor for a refresh, one a second, user and kernel, as the scheduler counts it: with
//!   no cgroup active, and with one in twenty, which makes no difference to who reads everything
//! - first frame: from before the start until the screen shows a row with its memory
//! - memory: the most that the program ever had in memory, in the first seconds

mod cgroups;
mod guest;
#[expect(dead_code, reason = "the benchmark of the dashboard counts system calls, too")]
mod process;
#[expect(clippy::unwrap_used, reason = "a benchmark that cannot drive its terminal measures nothing")]
#[expect(dead_code, reason = "the tests of the terminal do more with it")]
#[path = "../terminal/pty.rs"]
mod pty;

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Write};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use cgroups::{Cgroups, Ground, median, milliseconds};
use guest::Guest;
use process::{containers, peak_mebibytes, quit, time_on_cpu};
use pty::{PROGRAM, Terminal};

const COUNTS: [usize; 3] = [100, 1000, 5000];
const ROUNDS: usize = 3;
const SECONDS: usize = 10;
const SECOND: Duration = Duration::from_secs(1);
/// One cgroup in so many is active.
const ACTIVE: usize = 20;
const CGTOP: &str = "systemd-cgtop";

/// A program that shows the cgroups, once a second.
struct Peer {
    program: &'static str,
    arguments: Vec<String>,
    /// What is on the screen once it shows them.
    shows: String,
    /// What it writes at each refresh and nowhere else, if it does not refresh exactly once a second.
    mark: Option<&'static [u8]>,
    /// When what only a start needs is over: memcgtop looks for names that nobody knows until then.
    settles: Duration,
}

fn main() -> Result<()> {
    if guest::serve()? {
        return Ok(());
    }
    let counts = cgroups::counts(&COUNTS)?;
    let mut out = io::stdout().lock();
    let Some(ground) = Ground::find(&mut out)? else { return Ok(()) };
    writeln!(out, "| cgroups | | memcgtop | {CGTOP} | ratio |\n|--:|---|--:|--:|--:|")?;
    for count in counts {
        let cgroups = Cgroups::new(&ground)?;
        let directories = cgroups.fill("docker", containers(count), &ground)?;
        // systemd-cgtop leaves out what uses nothing.
        let mut everybody = Guest::new(&directories, &vec![true; count])?;
        everybody.stir()?;
        let active: Vec<bool> = (0..count).map(|number| number.is_multiple_of(ACTIVE)).collect();
        let mut some = Guest::new(&directories, &active)?;
        let root = cgroups.root.to_str().context("a mount point that is no text")?;
        let name = cgroups.root.file_name().context("the root of a hierarchy")?;
        let memcgtop = Peer {
            program: PROGRAM,
            arguments: ["--cgroup-root", root, "--interval", "1s"].map(str::to_owned).into(),
            shows: format!("{count} of {count} containers"),
            mark: None,
            settles: SECOND * 12,
        };
        let other = cgtop(name, count)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(memcgtop.run(&ground, &mut some)?);
            theirs.extend(other.as_ref().ok().map(|peer| peer.run(&ground, &mut some)).transpose()?);
        }
        let theirs = (!theirs.is_empty()).then(|| Cost::median(&theirs));
        print(&mut out, count, &Cost::median(&ours), theirs.as_ref())?;
        if let Err(why) = other {
            writeln!(out, "\n{why}")?;
        }
    }
    Ok(())
}

/// The peer, or why its figures would mean nothing.
fn cgtop(root: &OsStr, count: usize) -> Result<Result<Peer, String>> {
    let root = root.to_str().context("a name that is no text")?;
    let arguments = ["--order=memory", "--delay=1", "--depth=9", root].map(str::to_owned).to_vec();
    let output = match Command::new(CGTOP).args(["--batch", "--iterations=1"]).args(&arguments).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Err(format!("{CGTOP} is not installed"))),
        output => output?,
    };
    let shown = String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains("/docker/")).count();
    if shown != count {
        return Ok(Err(format!("{CGTOP} shows {shown} of {count} cgroups: what it costs would mean nothing")));
    }
    let mark = Some(&b"Control Group"[..]);
    Ok(Ok(Peer { program: CGTOP, arguments, shows: "/docker/".to_owned(), mark, settles: SECOND * 2 }))
}

/// What a program costs.
#[derive(Clone, Copy)]
struct Cost {
    /// Of a refresh.
    idle: Duration,
    active: Duration,
    first_frame: Duration,
    mebibytes: f64,
}

impl Cost {
    fn median(costs: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> Duration| median(costs.iter().map(figure).collect());
        let mut sizes: Vec<f64> = costs.iter().map(|cost| cost.mebibytes).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        Self {
            idle: of(|cost| cost.idle),
            active: of(|cost| cost.active),
            first_frame: of(|cost| cost.first_frame),
            mebibytes: sizes[sizes.len() / 2],
        }
    }
}

impl Peer {
    fn run(&self, ground: &Ground, guest: &mut Guest) -> Result<Cost> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let path = [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")];
        let begun = Instant::now();
        let terminal = Terminal::start_on(160, 50, self.program, &arguments, &path);
        terminal.wait_for(&self.shows, |screen| screen.contents().contains(&self.shows));
        let first_frame = begun.elapsed();
        thread::sleep(self.settles);
        let idle = self.a_refresh(ground, &terminal, || Ok(()))?;
        let active = self.a_refresh(ground, &terminal, || guest.stir())?;
        let mebibytes = peak_mebibytes(terminal.pid())?;
        quit(terminal)?;
        Ok(Cost { idle, active, first_frame, mebibytes })
    }

    /// Time on a processor for a refresh while something is done every second.
    fn a_refresh(&self, ground: &Ground, terminal: &Terminal, mut act: impl FnMut() -> Result<()>) -> Result<Duration> {
        let (time, refreshes) = (time_on_cpu(terminal.pid())?, self.refreshes(terminal));
        let begun = Instant::now();
        for second in (1..).take(SECONDS) {
            ground.check()?;
            act()?;
            thread::sleep((SECOND * second).saturating_sub(begun.elapsed()));
        }
        let time = time_on_cpu(terminal.pid())?.saturating_sub(time);
        let usual = begun.elapsed().as_secs_f64().round() as u32;
        let refreshes = self.refreshes(terminal).zip(refreshes).map_or(usual, |(all, before)| all - before);
        ensure!(refreshes > 0, "{} did not refresh", self.program);
        Ok(time / refreshes)
    }

    fn refreshes(&self, terminal: &Terminal) -> Option<u32> {
        let (mark, bytes) = (self.mark?, terminal.bytes());
        u32::try_from(bytes.windows(mark.len()).filter(|window| *window == mark).count()).ok()
    }
}

fn print(out: &mut impl Write, count: usize, ours: &Cost, theirs: Option<&Cost>) -> io::Result<()> {
    let mut row = |what: &str, unit: &str, figure: fn(&Cost) -> f64| {
        let told = theirs
            .map(figure)
            .map_or_else(|| "- | -".to_owned(), |theirs| format!("{theirs:.1} {unit} | {:.2}", figure(ours) / theirs));
        writeln!(out, "| {count} | {what} | {:.1} {unit} | {told} |", figure(ours))
    };
    row("CPU for a refresh, none active", "ms", |cost| milliseconds(cost.idle))?;
    row("CPU for a refresh, 5 % active", "ms", |cost| milliseconds(cost.active))?;
    row("first frame", "ms", |cost| milliseconds(cost.first_frame))?;
    row("memory", "MiB", |cost| cost.mebibytes)
}
