//! A process that goes from cgroup to cgroup and uses more memory in each, or less than the last time.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Set in the environment of the process that goes around.
const IS_GUEST: &str = "MEMCGTOP_BENCH_GUEST";
/// Pages that come and go in each cgroup.
const PAGES: usize = 32;
const PAGE: usize = 4096;

/// The process, and where it goes.
pub(crate) struct Guest {
    process: Child,
    active: Vec<PathBuf>,
}

impl Guest {
    /// Starts it; it visits the active ones of these cgroups.
    pub(crate) fn new(directories: &[PathBuf], active: &[bool]) -> Result<Self> {
        let active = directories.iter().zip(active).filter(|(_, is_active)| **is_active);
        let active: Vec<PathBuf> = active.map(|(directory, _)| directory.clone()).collect();
        let itself = std::env::current_exe()?;
        let mut command = Command::new(itself);
        // What is freed goes back to the kernel at once.
        command.arg0("guest").env(IS_GUEST, "1").env("MALLOC_MMAP_THRESHOLD_", "65536");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(Self { process: command.spawn()?, active })
    }

    /// Uses other memory in every active cgroup than the last time.
    pub(crate) fn stir(&mut self) -> Result<()> {
        let input = self.process.stdin.as_mut().context("no way to tell the guest")?;
        for directory in &self.active {
            writeln!(input, "{}", directory.display())?;
        }
        writeln!(input)?;
        let mut answer = String::new();
        let output = self.process.stdout.as_mut().context("no way to hear the guest")?;
        BufReader::new(output).read_line(&mut answer)?;
        ensure!(answer == "done\n", "the guest ended: {answer:?}");
        Ok(())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // At the end of its input it leaves the cgroups, which can be removed then.
        drop(self.process.stdin.take());
        _ = self.process.wait();
    }
}

/// Goes around until its input ends, if this process is the guest.
pub(crate) fn serve() -> io::Result<bool> {
    if std::env::var_os(IS_GUEST).is_none() {
        return Ok(false);
    }
    let mut homes: std::collections::HashMap<PathBuf, Vec<u8>> = std::collections::HashMap::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.is_empty() {
            writeln!(io::stdout(), "done")?;
            continue;
        }
        let directory = Path::new(&line);
        fs::write(directory.join("cgroup.procs"), "0")?;
        if homes.remove(directory).is_none() {
            let mut memory = vec![0; PAGES * PAGE];
            memory.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
            homes.insert(directory.to_owned(), memory);
        }
    }
    Ok(true)
}
