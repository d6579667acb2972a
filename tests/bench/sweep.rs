//! How long one reading of many cgroups takes, against the bare system calls that read the same files.
//!
//! `cargo bench --bench sweep [-- N…]` makes N cgroups for each N (100, 1000 and 5000 unless told otherwise), reads
//! them in turns with memcgtop and with nothing but `pread`, and prints the medians. It needs root.

use std::fs;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use memcgtop::kernel::file::Pace;
use memcgtop::kernel::hierarchy::{self, Roots, Version};
use memcgtop::source::Source;
use memcgtop::source::local::{Effort, Local};
use rustix::fs::{Mode, OFlags, open, openat};
use rustix::io::pread;

const COUNTS: [usize; 3] = [100, 1000, 5000];
const ROUNDS: usize = 21;
/// Every tenth reading of a cgroup takes in the files of the slow pace.
const SLOW: usize = 10;
const DIRECTORY: &str = "memcgtop-bench-";

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    arguments.retain(|argument| !argument.starts_with("--"));
    let counts = arguments.iter().map(|n| n.parse().with_context(|| format!("`{n}` is no number of cgroups")));
    let mut counts = counts.collect::<Result<Vec<usize>>>()?;
    if counts.is_empty() {
        counts.extend(COUNTS);
    }
    let mut out = io::stdout().lock();
    if !is_bench {
        return Ok(writeln!(out, "SKIPPED: it measures only under `cargo bench`")?);
    }
    let Some((root, version)) = place() else {
        return Ok(writeln!(out, "SKIPPED: no memory controller in which this user may make cgroups")?);
    };
    let interrupted = Interrupted::watch()?;
    writeln!(
        out,
        "{:>6}  {:>8}  {:>8}  {:>5}  {:>8}  {:>8}  {:>11}",
        "N", "floor", "memcgtop", "ratio", "first", "RSS", "descriptors"
    )?;
    for count in counts {
        let row = measure(&root, version, count, &interrupted)?;
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

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The memory hierarchy, if cgroups can be made in it. Leftovers of earlier runs are removed.
fn place() -> Option<(PathBuf, Version)> {
    let mount = hierarchy::detect(&Roots::default()).ok()?;
    for entry in fs::read_dir(&mount.root).ok()?.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(DIRECTORY));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            drop(Cgroups { root: entry.path() });
        }
    }
    Cgroups::new(&mount.root, mount.version).ok()?;
    Some((mount.root, mount.version))
}

/// Whether the user wants to stop. The cgroups are removed before the program ends.
struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    fn watch() -> Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&interrupted);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        std::thread::spawn(move || {
            if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
                seen.store(true, Ordering::Relaxed);
            }
        });
        Ok(Self(interrupted))
    }

    fn check(&self) -> Result<()> {
        ensure!(!self.0.load(Ordering::Relaxed), "interrupted");
        Ok(())
    }
}

/// A directory of our own with cgroups in it; removed at the end, also after an error or a panic.
struct Cgroups {
    root: PathBuf,
}

impl Cgroups {
    fn new(parent: &Path, version: Version) -> Result<Self> {
        let root = parent.join(format!("{DIRECTORY}{}", std::process::id()));
        fs::create_dir(&root)?;
        let cgroups = Self { root };
        if version == Version::V2 {
            fs::write(cgroups.root.join("cgroup.subtree_control"), "+memory")?;
        }
        Ok(cgroups)
    }

    /// Adds `count` cgroups, named as docker names them under systemd.
    fn fill(&self, count: usize, interrupted: &Interrupted) -> Result<Vec<PathBuf>> {
        let mut directories = vec![self.root.clone()];
        for number in 0..count {
            interrupted.check()?;
            let directory = self.root.join(format!("docker-{number:064x}.scope"));
            fs::create_dir(&directory)?;
            directories.push(directory);
        }
        Ok(directories)
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        for entry in fs::read_dir(&self.root).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                _ = fs::remove_dir(entry.path());
            }
        }
        _ = fs::remove_dir(&self.root);
    }
}

struct Row {
    floor: Duration,
    memcgtop: Duration,
    first: Duration,
    rss_kib: u64,
    descriptors: usize,
}

fn measure(parent: &Path, version: Version, count: usize, interrupted: &Interrupted) -> Result<Row> {
    let cgroups = Cgroups::new(parent, version)?;
    let directories = cgroups.fill(count, interrupted)?;
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
    let mut floor = Floor::open(&directories, version, kept.saturating_sub(directories.len()))?;
    floor.sweep()?;
    let (mut floors, mut sweeps) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        interrupted.check()?;
        let begun = Instant::now();
        floor.sweep()?;
        floors.push(begun.elapsed());
        let begun = Instant::now();
        local.sample()?;
        sweeps.push(begun.elapsed());
    }
    Ok(Row { floor: median(floors), memcgtop: median(sweeps), first, rss_kib, descriptors: kept })
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
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
