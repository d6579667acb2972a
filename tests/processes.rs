//! The processes of a row, against real ones whose memory is known.
#![expect(clippy::unwrap_used, reason = "a test that cannot start a process has failed")]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use memcgtop::snapshot::{CgroupId, Process, Processes};
use memcgtop::source::processes::{Looker, Place, SIMULATED};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const MIB: u64 = 1 << 20;

/// A process that uses memory on command: `cargo build --example hog` makes it, as a whole `cargo test` does.
struct Hog(Child);

impl Hog {
    fn start() -> Self {
        let target = env::current_exe().unwrap();
        let program = target.ancestors().nth(2).unwrap().join("examples/hog");
        let child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut hog = Self(child);
        hog.wait_for("ready");
        hog
    }

    fn takes(&mut self, mib: u64) {
        writeln!(self.0.stdin.as_mut().unwrap(), "anon {mib}").unwrap();
        self.wait_for("ok");
    }

    fn wait_for(&mut self, answer: &str) {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), answer);
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A tree whose cgroups list these processes, with the /proc that they are in.
struct Host {
    cgroups: tempfile::TempDir,
    proc_root: PathBuf,
}

impl Host {
    fn new(proc_root: &Path, lists: &[(&str, &str)]) -> Self {
        let cgroups = tempfile::tempdir().unwrap();
        for (cgroup, list) in lists {
            fs::create_dir_all(cgroups.path().join(cgroup)).unwrap();
            fs::write(cgroups.path().join(cgroup).join("cgroup.procs"), list).unwrap();
        }
        Self { cgroups, proc_root: proc_root.to_owned() }
    }

    fn place(&self) -> Place {
        Place { cgroups: self.cgroups.path().to_owned(), proc_root: self.proc_root.clone() }
    }
}

fn row(path: &str) -> CgroupId {
    CgroupId { path: path.into(), inode: 1 }
}

fn read(found: &Processes) -> &[Process] {
    found.read.as_ref().unwrap()
}

#[test]
fn the_memory_of_a_process_is_what_it_took() {
    let mut hog = Hog::start();
    let pid = hog.0.id();
    let host = Host::new(Path::new("/proc"), &[("a", "0\n"), ("a/inner", &format!("{pid}\n"))]);
    let look = || host.place().look(&row("/a"));
    let before = read(&look())[0].clone();
    assert_eq!((before.pid, before.name.as_str()), (pid, "hog"));
    hog.takes(24);
    let after = look();
    let taken = read(&after)[0].anon - before.anon;
    assert!((24 * MIB..25 * MIB).contains(&taken), "{taken}");
    assert!(read(&after)[0].rss() > after.read.as_ref().unwrap()[0].anon, "its program is mapped from a file");
    assert_eq!((after.hidden, after.absent, after.refused), (1, 0, None), "0 is a process that does not show");
}

#[test]
fn processes_that_are_not_there_or_cannot_be_read_are_counted() {
    let proc_root = tempfile::tempdir().unwrap();
    for (pid, status) in [(5, "Name:\tgood\nRssAnon:\t8 kB\n"), (6, "what is that")] {
        fs::create_dir(proc_root.path().join(pid.to_string())).unwrap();
        fs::write(proc_root.path().join(pid.to_string()).join("status"), status).unwrap();
    }
    let host = Host::new(proc_root.path(), &[("a", "5\n6\n7\n"), ("empty", "")]);
    let found = host.place().look(&row("/a"));
    assert_eq!((read(&found).len(), found.absent), (1, 1));
    assert_eq!(found.refused, Some((1, "not what the kernel prints".to_owned())));
    assert_eq!(read(&host.place().look(&row("/empty"))), []);
    assert_eq!(read(&host.place().look(&row("/gone"))), [], "a row that went has none");
}

fn next(answers: &mut UnboundedReceiver<Processes>) -> Processes {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        if let Ok(found) = answers.try_recv() {
            return found;
        }
        assert!(Instant::now() < until, "no answer");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_row_is_looked_at_once_in_a_while_and_another_one_at_once() {
    let host = Host::new(Path::new("/proc"), &[("a", ""), ("b", "")]);
    let (outlet, mut answers) = unbounded_channel();
    let mut looker = Looker::new(Ok(host.place()), outlet);
    for _ in 0..100 {
        looker.ask(&row("/a"));
    }
    assert_eq!(next(&mut answers).row, row("/a"));
    looker.ask(&row("/a"));
    looker.ask(&row("/b"));
    assert_eq!(next(&mut answers).row, row("/b"));
    assert!(answers.try_recv().is_err());
}

#[test]
fn where_there_are_none_the_reason_is_told() {
    let (outlet, mut answers) = unbounded_channel();
    Looker::new(Err(SIMULATED), outlet).ask(&row("/a"));
    assert_eq!(next(&mut answers), Processes::none(row("/a"), SIMULATED));
}
