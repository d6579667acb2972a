//! A runtime's daemon: started by a test, ended with it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::wait::comes_true;

/// A daemon that runs until it is dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts it; what it says goes to the file `log`.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Self {
        let out = File::create(&log).unwrap();
        let err = out.try_clone().unwrap();
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        Self { child: child.unwrap_or_else(|error| panic!("{command:?}: {error}")), log }
    }

    /// Waits until it answers.
    ///
    /// # Panics
    /// If it ends or never does, with what it said.
    pub(crate) fn wait_until(&mut self, answers: impl Fn() -> bool) {
        let mut ended = false;
        let ready = comes_true(|| {
            ended = self.child.try_wait().unwrap().is_some();
            ended || answers()
        });
        assert!(ready && !ended, "it does not answer: {}", fs::read_to_string(&self.log).unwrap_or_default());
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill_process(self.pid(), Signal::TERM);
        let ended = comes_true(|| !matches!(self.child.try_wait(), Ok(None)));
        if !ended {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Daemons that hang, until this is dropped.
pub(crate) struct Stopped(Vec<Pid>);

impl Stopped {
    /// Stops them and waits until they stand still.
    pub(crate) fn new(pids: Vec<Pid>) -> Self {
        let stopped = Self(pids);
        for pid in &stopped.0 {
            kill_process(*pid, Signal::STOP).unwrap();
            assert!(comes_true(|| state(*pid) == Some('T')), "{pid:?} does not stop");
        }
        stopped
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for pid in &self.0 {
            let _ = kill_process(*pid, Signal::CONT);
        }
    }
}

fn state(pid: Pid) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// The process whose number a file holds.
pub(crate) fn pid_in(file: &Path) -> Pid {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    pid(&text)
}

/// The process with this number.
pub(crate) fn pid(number: &str) -> Pid {
    number.trim().parse().ok().and_then(Pid::from_raw).unwrap_or_else(|| panic!("`{number}` is no process"))
}
