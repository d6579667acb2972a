//! Runs memcgtop and reads what it prints.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::Value;

use crate::support::cgroups::Cgroup;

/// The program, without the environment of whoever runs the tests.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_memcgtop");

/// `memcgtop snapshot --format json` of the program at `path`.
pub(crate) fn command(path: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    command.env_clear().args(["snapshot", "--format", "json"]).args(arguments).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn snapshots(arguments: &[&str]) -> Vec<Snapshot> {
    parse(&command(PROGRAM, arguments).output().unwrap())
}

/// Runs it for one reading.
pub(crate) fn snapshot(arguments: &[&str]) -> Snapshot {
    let mut snapshots = snapshots(arguments);
    assert_eq!(snapshots.len(), 1);
    snapshots.remove(0)
}

/// The readings that a run printed.
pub(crate) fn parse(output: &Output) -> Vec<Snapshot> {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
    serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .map(|reading| Snapshot(reading.unwrap_or_else(|error| panic!("{error} in {}", text(&output.stdout)))))
        .collect()
}

/// A run that has not ended: its readings as they come.
pub(crate) struct Stream {
    child: Child,
    lines: Option<BufReader<ChildStdout>>,
}

impl Stream {
    /// Starts it with every cgroup; the first reading is taken at once, and after a minute it ends by itself.
    pub(crate) fn start() -> Self {
        Self::of(300)
    }

    /// Starts it for so many readings, one every 200 ms.
    pub(crate) fn of(readings: u32) -> Self {
        let mut child = command(PROGRAM, &["--all", "--count", &readings.to_string(), "--interval", "200ms"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = child.stdout.take().map(BufReader::new);
        Self { child, lines }
    }

    /// Waits for the next reading.
    pub(crate) fn next(&mut self) -> Snapshot {
        let mut line = String::new();
        self.lines.as_mut().unwrap().read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "memcgtop ended early: {}", self.child.wait().unwrap());
        Snapshot(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}")))
    }

    /// Does something between two readings, however long it takes.
    pub(crate) fn between_readings(&self, act: impl FnOnce()) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::STOP).unwrap();
        let status = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap();
        assert!(status.is_some_and(|(_, status)| status.stopped()), "memcgtop ended early");
        act();
        kill_process(pid, Signal::CONT).unwrap();
    }

    /// Closes the pipe, which is no failure.
    pub(crate) fn close(mut self) {
        self.lines = None;
        assert!(self.child.wait().unwrap().success(), "a closed pipe is success");
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One reading.
#[derive(Debug)]
pub(crate) struct Snapshot(Value);

impl Snapshot {
    /// A figure of the host.
    pub(crate) fn host(&self, field: &str) -> &Value {
        &self.0["host"][field]
    }

    /// All rows.
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.0["containers"].as_array().unwrap().iter().map(|row| Row(row.clone())).collect()
    }

    /// The row of a cgroup; `None` if there is none.
    pub(crate) fn find(&self, cgroup: &Cgroup) -> Option<Row> {
        let path = cgroup.path();
        self.rows().into_iter().find(|row| row.text("cgroup") == Some(&path))
    }

    /// The row of a cgroup.
    pub(crate) fn row(&self, cgroup: &Cgroup) -> Row {
        self.find(cgroup).unwrap_or_else(|| panic!("no row for {}", cgroup.path()))
    }

    /// OOM kills that are known by name and more, newest first.
    pub(crate) fn autopsies(&self) -> Vec<Row> {
        self.0["autopsies"].as_array().unwrap().iter().map(|autopsy| Row(autopsy.clone())).collect()
    }

    /// OOM kills since the first reading, on the whole host.
    pub(crate) fn oom_kills(&self) -> u64 {
        self.0["oom_kills_since_attach"].as_u64().unwrap()
    }

    /// The network namespaces with containers in them.
    pub(crate) fn networks(&self) -> &[Value] {
        self.0["networks"].as_array().unwrap()
    }

    /// The files that could not be read.
    pub(crate) fn problems(&self) -> Vec<&Value> {
        self.0["problems"].as_array().unwrap().iter().collect()
    }
}

/// One cgroup's row.
#[derive(Debug)]
pub(crate) struct Row(Value);

impl Row {
    /// A value, of a nested field with a dot.
    pub(crate) fn value(&self, field: &str) -> &Value {
        field.split('.').fold(&self.0, |value, name| &value[name])
    }

    /// A figure; `None` if it is null.
    pub(crate) fn figure(&self, field: &str) -> Option<u64> {
        let value = self.value(field);
        assert!(value.is_null() || value.is_u64(), "{field} is {value}");
        value.as_u64()
    }

    /// A figure that must be there.
    pub(crate) fn number(&self, field: &str) -> u64 {
        self.figure(field).unwrap_or_else(|| panic!("{field} is null because {:?}: {self:?}", self.missing(field)))
    }

    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.value(field).as_str()
    }

    /// Why a figure is null.
    pub(crate) fn missing(&self, field: &str) -> Option<&str> {
        self.0["missing"][field].as_str()
    }
}
