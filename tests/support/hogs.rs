//! Processes that use memory in a cgroup.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::support::cgroups::Cgroup;

/// A process that does as it is told; killed at the end.
pub(crate) struct Hog {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Hog {
    /// Starts one and moves it into the cgroup before it uses memory.
    pub(crate) fn in_cgroup(cgroup: &Cgroup) -> Self {
        let hog = Self::start(&mut Command::new(program()), cgroup);
        hog.expect("the hog starts: `cargo build --example hog` makes it, as a whole `cargo test` does")
    }

    /// Starts one with a network of its own, of which only the loopback works. `None` where that is not to be had.
    pub(crate) fn in_own_network(cgroup: &Cgroup) -> Option<Self> {
        let script = r#"ip link set lo up && exec "$0""#;
        Self::start(Command::new("unshare").args(["-n", "/bin/sh", "-c", script]).arg(program()), cgroup)
    }

    /// Starts one in the network of another.
    pub(crate) fn in_network_of(other: &Self, cgroup: &Cgroup) -> Option<Self> {
        let network = format!("-n/proc/{}/ns/net", other.pid());
        Self::start(Command::new("nsenter").arg(network).arg(program()), cgroup)
    }

    fn start(command: &mut Command, cgroup: &Cgroup) -> Option<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut hog = Self { child, commands, answers };
        if hog.answer() != "ready" {
            return None;
        }
        cgroup.set("cgroup.procs", &hog.pid().to_string());
        Some(hog)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Gives a command and waits until it is done.
    pub(crate) fn does(&mut self, command: &str) {
        self.begins(command);
        assert_eq!(self.answer(), "ok", "the hog failed to {command}");
    }

    /// Gives a command that the kernel kills it for.
    pub(crate) fn dies_of(&mut self, command: &str) {
        self.begins(command);
        assert_eq!(self.answer(), "", "the hog survived: {command}");
        assert_eq!(self.child.wait().unwrap().signal(), Some(9));
    }

    /// Gives a command; it may still be at it when it is killed.
    pub(crate) fn begins(&mut self, command: &str) {
        writeln!(self.commands, "{command}").unwrap();
    }

    /// The next line of its output; empty if it is dead.
    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cargo puts examples beside the directory of the test programs.
pub(crate) fn program() -> PathBuf {
    env::current_exe().unwrap().parent().unwrap().with_file_name("examples").join("hog")
}
