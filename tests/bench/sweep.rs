//! How long one reading of many cgroups takes, against the bare system calls that read the same files.
//!
//! `cargo bench --bench sweep [-- N…]` makes N cgroups for each N (100, 1000 and 5000 unless told otherwise), reads
//! them in turns with memcgtop and with nothing but `pread`, and prints the medians: with none of them active, one in
//! twenty, and all. It needs root.

mod cgroups;
mod guest;

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use memcgtop::kernel::file::Pace;
use memcgtop::kernel::hierarchy::{Roots, Version};
use memcgtop::source::Source;
use memcgtop::source::local::{Effort, Local};
use rustix::fs::{Mode, OFlags, open, openat};
use rustix::io::pread;

use cgroups::{Cgroups, Ground, median, milliseconds};
use guest::Guest;

const COUNTS: [usize; 3] = [100, 1000, 5000];
const ROUNDS: usize = 21;
/// Everything of a cgroup is read at one reading in so many, where they are a second apart.
const TURNS: usize = 60;

/// How many of the cgroups use other memory at each reading than at the one before.
#[derive(Clone, Copy)]
enum Activity {
    Idle,
    OneInTwenty,
    All,
}

impl Activity {
    const EACH: [Self; 3] = [Self::Idle, Self::OneInTwenty, Self::All];

    fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::OneInTwenty => "5%",
            Self::All => "all",
        }
    }

    /// Whether this one is active.
    fn includes(self, number: usize) -> bool {
        match self {
            Self::Idle => false,
            Self::OneInTwenty => number.is_multiple_of(20),
            Self::All => true,
        }
    }

    /// To move a process through thousands of cgroups takes the kernel seconds.
    fn rounds(self, count: usize) -> usize {
        match self {
            Self::All if count > 1000 => ROUNDS / 4,
            _ => ROUNDS,
        }
    }
}

fn main() -> Result<()> {
    if guest::serve()? {
        return Ok(());
    }
    let counts = cgroups::counts(&COUNTS)?;
    let mut out = io::stdout().lock();
    let Some(ground) = Ground::find(&mut out)? else { return Ok(()) };
    writeln!(
        out,
        "{:>6}  {:>6}  {:>8}  {:>8}  {:>5}  {:>8}  {:>8}  {:>11}",
        "N", "active", "floor", "memcgtop", "ratio", "first", "RSS", "descriptors"
    )?;
    for count in counts {
        for activity in Activity::EACH {
            let row = measure(&ground, count, activity)?;
            writeln!(
                out,
                "{count:>6}  {:>6}  {:>5.2} ms  {:>5.2} ms  {:>5.2}  {:>5.1} ms  {:>4} MiB  {:>11}",
                activity.name(),
                milliseconds(row.floor),
                milliseconds(row.memcgtop),
                row.memcgtop.as_secs_f64() / row.floor.as_secs_f64(),
                milliseconds(row.first),
                row.rss_kib >> 10,
                row.descriptors,
            )?;
        }
    }
    Ok(())
}

struct Row {
    floor: Duration,
    memcgtop: Duration,
    first: Duration,
    rss_kib: u64,
    descriptors: usize,
}

fn measure(ground: &Ground, count: usize, activity: Activity) -> Result<Row> {
    let cgroups = Cgroups::new(ground)?;
    // As docker names them under systemd.
    let names = (0..count).map(|number| format!("docker-{number:064x}.scope"));
    let mut directories = vec![cgroups.root.clone()];
    directories.extend(cgroups.fill("", names, ground)?);
    let active: Vec<bool> = (0..directories.len()).map(|number| activity.includes(number)).collect();
    let mut guest = Guest::new(&directories, &active)?;
    let roots = Roots { cgroup: Some(cgroups.root.clone()), ..Roots::default() };

    let before = descriptors()?;
    let begun = Instant::now();
    let mut local = Local::open(&roots, Effort::Live)?;
    let snapshot = local.sample()?;
    let first = begun.elapsed();
    ensure!(snapshot.readings.len() == count + 1, "{} of {count} cgroups found", snapshot.readings.len());
    for _ in 0..3 {
        guest.stir()?;
        local.sample()?;
    }
    let rss_kib = rss_kib()?;
    let kept = descriptors()? - before;

    let keep = usize::try_from(local.sample()?.own.files.map_err(|why| anyhow!("{why:?}"))?)?;
    let mut floor = Floor::open(&directories, &active, ground.version, keep)?;
    floor.sweep()?;
    let (mut floors, mut sweeps) = (Vec::new(), Vec::new());
    for _ in 0..activity.rounds(count) {
        ground.check()?;
        guest.stir()?;
        let begun = Instant::now();
        floor.sweep()?;
        floors.push(begun.elapsed());
        let begun = Instant::now();
        local.sample()?;
        sweeps.push(begun.elapsed());
    }
    Ok(Row { floor: median(floors), memcgtop: median(sweeps), first, rss_kib, descriptors: kept })
}

fn descriptors() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count())
}

fn rss_kib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// The host's files, and what this process has in memory.
const HOST: [&str; 4] = ["/proc/meminfo", "/proc/vmstat", "/proc/pressure/memory", "/proc/self/statm"];

/// The least that anyone can do who reads by the same plan: kept descriptors as far as they go, in the same order. It
/// knows already what is active.
struct Floor {
    host: Vec<File>,
    directories: Vec<OwnedFd>,
    /// Of each cgroup: what is read every time, and what is in its turn.
    plans: Vec<(Vec<Target>, Vec<Target>)>,
    buffer: Vec<u8>,
    sweeps: usize,
}

enum Target {
    Kept(OwnedFd),
    /// Below its directory, which is kept open: opened, read and closed.
    Named(&'static str),
}

impl Floor {
    fn open(directories: &[PathBuf], active: &[bool], version: Version, mut keep: usize) -> Result<Self> {
        let (mut plans, mut opened) = (Vec::new(), Vec::new());
        for (directory, is_active) in directories.iter().zip(active) {
            let (mut always, mut in_turn) = (Vec::new(), Vec::new());
            for file in version.files() {
                let path = directory.join(file.name);
                if !path.exists() {
                    continue;
                }
                let is_due = match file.pace {
                    Pace::Every | Pace::Told => true,
                    Pace::Limited | Pace::Killed | Pace::Moved => *is_active,
                    Pace::Slow => false,
                };
                if !is_due {
                    in_turn.push(Target::Named(file.name));
                } else if keep > 0 {
                    keep -= 1;
                    always.push(Target::Kept(open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?));
                } else {
                    always.push(Target::Named(file.name));
                }
            }
            opened.push(open(directory, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?);
            plans.push((always, in_turn));
        }
        let host = HOST.iter().filter_map(|path| File::open(path).ok()).collect();
        Ok(Self { host, directories: opened, plans, buffer: vec![0; 64 << 10], sweeps: 0 })
    }

    fn sweep(&mut self) -> io::Result<()> {
        let turn = self.sweeps % TURNS;
        self.sweeps += 1;
        for file in &self.host {
            pread(file, &mut self.buffer[..], 0)?;
        }
        for (at, (directory, (always, in_turn))) in self.directories.iter().zip(&self.plans).enumerate() {
            let due = if at % TURNS == turn { &in_turn[..] } else { &[] };
            for target in always.iter().chain(due) {
                match target {
                    Target::Kept(descriptor) => pread(descriptor, &mut self.buffer[..], 0)?,
                    Target::Named(name) => {
                        let descriptor = openat(directory, *name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
                        pread(&descriptor, &mut self.buffer[..], 0)?
                    }
                };
            }
        }
        Ok(())
    }
}
