//! Many real cgroups of a benchmark's own, and what its user asked for: how many, and when to stop.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use memcgtop::kernel::hierarchy::{self, Roots, Version};

const DIRECTORY: &str = "memcgtop-bench-";

/// The memory hierarchy in which a benchmark makes its cgroups.
pub(crate) struct Ground {
    root: PathBuf,
    pub(crate) version: Version,
    interrupted: Arc<AtomicBool>,
}

impl Ground {
    /// Removes leftovers of earlier runs. `None`, and a word about it, where nothing can be measured.
    pub(crate) fn find(out: &mut impl Write) -> Result<Option<Self>> {
        if !std::env::args().any(|argument| argument == "--bench") {
            writeln!(out, "SKIPPED: it measures only under `cargo bench`")?;
            return Ok(None);
        }
        let Some((root, version)) = place() else {
            writeln!(out, "SKIPPED: no memory controller in which this user may make cgroups")?;
            return Ok(None);
        };
        Ok(Some(Self { root, version, interrupted: watch()? }))
    }

    /// Fails once the user wants to stop: the cgroups are removed on the way out.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(!self.interrupted.load(Ordering::Relaxed), "interrupted");
        Ok(())
    }
}

/// The memory hierarchy, if cgroups can be made in it.
fn place() -> Option<(PathBuf, Version)> {
    let mount = hierarchy::detect(&Roots::default()).ok()?;
    for entry in fs::read_dir(&mount.root).ok()?.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(DIRECTORY));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            drop(Cgroups { root: entry.path() });
        }
    }
    Cgroups::make(&mount.root, mount.version).ok()?;
    Some((mount.root, mount.version))
}

fn watch() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&interrupted);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    std::thread::spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            seen.store(true, Ordering::Relaxed);
        }
    });
    Ok(interrupted)
}

/// A directory of our own with cgroups in it; removed at the end, also after an error or a panic.
pub(crate) struct Cgroups {
    pub(crate) root: PathBuf,
}

impl Cgroups {
    pub(crate) fn new(ground: &Ground) -> Result<Self> {
        Self::make(&ground.root, ground.version)
    }

    fn make(parent: &Path, version: Version) -> Result<Self> {
        let root = parent.join(format!("{DIRECTORY}{}", std::process::id()));
        fs::create_dir(&root)?;
        let cgroups = Self { root };
        delegate(&cgroups.root, version)?;
        Ok(cgroups)
    }

    /// Adds cgroups of these names in `parent`, which is made if it is missing; all that were made.
    pub(crate) fn fill(
        &self,
        parent: &str,
        names: impl Iterator<Item = String>,
        ground: &Ground,
    ) -> Result<Vec<PathBuf>> {
        let parent = self.root.join(parent);
        if !parent.exists() {
            fs::create_dir(&parent)?;
            delegate(&parent, ground.version)?;
        }
        let mut directories = Vec::new();
        for name in names {
            ground.check()?;
            let directory = parent.join(name);
            fs::create_dir(&directory)?;
            directories.push(directory);
        }
        Ok(directories)
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        remove(&self.root);
    }
}

/// Lets the children of a cgroup have the controller; on v1 they have it anyway.
fn delegate(directory: &Path, version: Version) -> io::Result<()> {
    if version == Version::V2 { fs::write(directory.join("cgroup.subtree_control"), "+memory") } else { Ok(()) }
}

fn remove(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    _ = fs::remove_dir(directory);
}

/// The numbers of cgroups on the command line, or else the usual ones.
pub(crate) fn counts(usual: &[usize]) -> Result<Vec<usize>> {
    let arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let counts = arguments.map(|n| n.parse().with_context(|| format!("`{n}` is no number of cgroups")));
    let counts = counts.collect::<Result<Vec<usize>>>()?;
    Ok(if counts.is_empty() { usual.to_vec() } else { counts })
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

pub(crate) fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}
