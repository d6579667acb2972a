//! How long one reading of many cgroups takes, against the bare system calls that read the same files.
//!
//! `cargo bench --bench sweep [-- N…]` makes N cgroups for each N (100, 1000 and 5000 unless told otherwise), reads
//! them in turns with memcgtop and with nothing but `pread`, and prints the medians. It needs root.

mod cgroups;

use std::fs;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use memcgtop::kernel::file::Pace;
use memcgtop::kernel::hierarchy::{Roots, Version};
use memcgtop::source::Source;
use memcgtop::source::local::{Effort, Local};
use rustix::fs::{Mode, OFlags, open, openat};
use rustix::io::pread;

use cgroups::{Cgroups, Ground, median, milliseconds};

const COUNTS: [usize; 3] = [100, 1000, 5000];
const ROUNDS: usize = 21;
/// Every tenth reading of a cgroup takes in the files of the slow pace.
const SLOW: usize = 10;

fn main() -> Result<()> {
    let counts = cgroups::counts(&COUNTS)?;
    let mut out = io::stdout().lock();
    let Some(ground) = Ground::find(&mut out)? else { return Ok(()) };
    writeln!(
        out,
        "{:>6}  {:>8}  {:>8}  {:>5}  {:>8}  {:>8}  {:>11}",
        "N", "floor", "memcgtop", "ratio", "first", "RSS", "descriptors"
    )?;
    for count in counts {
        let row = measure(&ground, count)?;
        writeln!(
            out,
            "{count:>6}  {:>5.2} ms  {:>5.2} ms  {:>5.2}  {:>5.1} ms  {:>4} MiB  {:>11}",
            milliseconds(row.floor),
            milliseconds(row.memcgtop),
            row.memcgtop.as_secs_f64() / row.floor.as_secs_f64(),
            milliseconds(row.first),
            row.rss_kib >> 10,
            row.descriptors,
        )?;
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

fn measure(ground: &Ground, count: usize) -> Result<Row> {
    let cgroups = Cgroups::new(ground)?;
    // As docker names them under systemd.
    let names = (0..count).map(|number| format!("docker-{number:064x}.scope"));
    let mut directories = vec![cgroups.root.clone()];
    directories.extend(cgroups.fill("", names, ground)?);
    let roots = Roots { cgroup: Some(cgroups.root.clone()), ..Roots::default() };

    let before = descriptors()?;
    let begun = Instant::now();
    let mut local = Local::open(&roots, Effort::Live)?;
    let snapshot = local.sample()?;
    let first = begun.elapsed();
    ensure!(snapshot.readings.len() == count + 1, "{} of {count} cgroups found", snapshot.readings.len());
    for _ in 0..3 {
        local.sample()?;
    }
    let rss_kib = rss_kib()?;
    let kept = descriptors()? - before;

    // memcgtop keeps each directory open too, the root being one of them.
    let mut floor = Floor::open(&directories, ground.version, kept.saturating_sub(directories.len()))?;
    floor.sweep()?;
    let (mut floors, mut sweeps) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ground.check()?;
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

/// The least that anyone can do who reads the same files: kept descriptors as far as they go, in the same order.
struct Floor {
    directories: Vec<OwnedFd>,
    fast: Vec<Vec<Target>>,
    slow: Vec<Vec<Target>>,
    buffer: Vec<u8>,
    sweeps: usize,
}

enum Target {
    Kept(OwnedFd),
    /// Below its directory, which is kept open: opened, read and closed.
    Named(&'static str),
}

impl Floor {
    fn open(directories: &[PathBuf], version: Version, mut keep: usize) -> Result<Self> {
        let (mut fast, mut slow, mut opened) = (Vec::new(), Vec::new(), Vec::new());
        for directory in directories {
            let (mut now, mut later) = (Vec::new(), Vec::new());
            for file in version.files() {
                let path = directory.join(file.name);
                if !path.exists() {
                    continue;
                }
                if file.pace == Pace::Slow {
                    later.push(Target::Named(file.name));
                } else if keep > 0 {
                    keep -= 1;
                    now.push(Target::Kept(open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?));
                } else {
                    now.push(Target::Named(file.name));
                }
            }
            opened.push(open(directory, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?);
            fast.push(now);
            slow.push(later);
        }
        Ok(Self { directories: opened, fast, slow, buffer: vec![0; 64 << 10], sweeps: 0 })
    }

    fn sweep(&mut self) -> io::Result<()> {
        let turn = self.sweeps % SLOW;
        self.sweeps += 1;
        let cgroups = self.directories.iter().zip(self.fast.iter().zip(&self.slow));
        for (at, (directory, (fast, slow))) in cgroups.enumerate() {
            let due = if at % SLOW == turn { &slow[..] } else { &[] };
            for target in fast.iter().chain(due) {
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
