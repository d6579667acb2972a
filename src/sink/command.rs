//! A command that is run for each change of an alert. The only place where this program starts another.
//!
//! Names of containers are hostile: they are values in the environment and never part of a command line, and there is
//! no shell.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::alert::News;
use crate::export::timestamp;
use crate::protection;

/// How often is looked whether it has ended: often at first, as most are short.
const LOOKS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];
/// A longer value than this keeps the system from starting anything.
const LONGEST: usize = 64 * 1024;

/// A program, its arguments, and how long it may take.
#[derive(Clone, Debug)]
pub(super) struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    timeout: Duration,
    /// The `oom_score_adj` that it gets instead of ours, which it would inherit.
    score: Option<i32>,
}

impl Command {
    /// `None` where there is no program.
    pub(super) fn new(command: &[String], timeout: Duration, score: Option<i32>) -> Option<Self> {
        let (program, arguments) = command.split_first()?;
        Some(Self {
            program: program.into(),
            arguments: arguments.iter().map(OsString::from).collect(),
            timeout,
            score,
        })
    }

    /// Runs it to its end, and kills it with all that it started where that takes too long.
    pub(super) fn run(&self, news: &News) -> Result<(), String> {
        let program = self.program.to_string_lossy();
        let child = std::process::Command::new(&self.program)
            .args(&self.arguments)
            .envs(environment(news))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let mut child = child.map_err(|error| format!("the alert command {program} cannot be run: {error}"))?;
        // The kernel has no way to start a process with another one. This is done before it has run its first lines.
        let given = self.score.map_or(Ok(()), |score| protection::give(child.id(), score));
        match self.wait(&mut child) {
            Ok(Some(status)) if status.success() => given.map_err(|error| {
                format!("the OOM killer spared the alert command {program} as it does memcgtop: {error}")
            }),
            Ok(Some(status)) => Err(format!("the alert command {program} failed: {status}")),
            Ok(None) => {
                kill(&mut child);
                Err(format!("the alert command {program} was killed after {}", crate::units::interval(self.timeout)))
            }
            Err(error) => Err(format!("the alert command {program} is out of sight: {error}")),
        }
    }

    /// Its end, or `None` if it takes too long.
    fn wait(&self, child: &mut Child) -> std::io::Result<Option<std::process::ExitStatus>> {
        let deadline = Instant::now() + self.timeout;
        let [mut pause, longest] = LOOKS;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(longest);
        }
    }
}

/// It leads a process group of its own, and has not been waited for: its number is still its own.
fn kill(child: &mut Child) {
    _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    _ = child.wait();
}

fn environment(news: &News) -> [(&'static str, String); 8] {
    let News { change, alert, at } = news;
    [
        ("MEMCGTOP_STATE", change.name().to_owned()),
        ("MEMCGTOP_RULE", alert.rule.to_owned()),
        ("MEMCGTOP_LEVEL", alert.level.name().to_owned()),
        ("MEMCGTOP_NAME", value(&alert.name)),
        ("MEMCGTOP_CGROUP", value(alert.subject.path().unwrap_or_default())),
        ("MEMCGTOP_TEXT", value(&alert.text)),
        ("MEMCGTOP_SINCE", timestamp(alert.began)),
        ("MEMCGTOP_AT", timestamp(*at)),
    ]
}

/// As it is, but for what the system does not take.
fn value(text: &str) -> String {
    let end = (0..=LONGEST.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    text[..end].replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::tests::news;
    use std::fs;

    const LONG: Duration = Duration::from_secs(60);

    fn command(arguments: &[&str], timeout: Duration) -> Command {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Command::new(&arguments, timeout, None).unwrap()
    }

    #[test]
    fn a_hostile_name_arrives_unchanged_and_only_in_the_environment() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name).display().to_string();
        let script =
            format!("cat /proc/self/environ > {}; cat /proc/$$/cmdline > {}", file("environ"), file("cmdline"));
        let name = "a\n$(touch /nowhere)\u{1b}[31m'; \"--help";
        command(&["/bin/sh", "-c", &script, "argument"], LONG).run(&news(name)).unwrap();
        let environ = fs::read_to_string(file("environ")).unwrap();
        assert!(environ.split('\0').any(|entry| entry == format!("MEMCGTOP_NAME={name}")), "{environ:?}");
        for entry in [
            "MEMCGTOP_STATE=begun",
            "MEMCGTOP_RULE=oom-kill",
            "MEMCGTOP_LEVEL=critical",
            "MEMCGTOP_CGROUP=/docker/a",
            "MEMCGTOP_TEXT=1 OOM kill",
            "MEMCGTOP_SINCE=1970-01-01T00:00:01.000Z",
        ] {
            assert!(environ.split('\0').any(|found| found == entry), "{entry}: {environ:?}");
        }
        let cmdline = fs::read_to_string(file("cmdline")).unwrap();
        assert_eq!(cmdline.split('\0').collect::<Vec<_>>(), ["/bin/sh", "-c", &script, "argument", ""]);
    }

    #[test]
    fn what_takes_too_long_is_killed_with_all_that_it_started() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", file.display());
        let begun = Instant::now();
        let complaint = command(&["/bin/sh", "-c", &script], Duration::from_millis(500)).run(&news("a")).unwrap_err();
        assert!(complaint.contains("killed after 500ms") && begun.elapsed() < LONG, "{complaint}");
        let pid: i32 = fs::read_to_string(file).unwrap().trim().parse().unwrap();
        let is_gone = || {
            let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        };
        while !is_gone() && begun.elapsed() < LONG {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(is_gone(), "the sleeper is of its process group");
    }

    #[test]
    fn it_has_the_score_that_it_is_given() {
        let until = "until grep -qx 123 /proc/$$/oom_score_adj; do :; done";
        let arguments = ["/bin/sh", "-c", until].map(str::to_owned);
        Command::new(&arguments, LONG, Some(123)).unwrap().run(&news("a")).unwrap();
        // Nobody may go below the least, and the command runs nevertheless.
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        let arguments = ["/bin/sh", "-c", &format!("sleep 0.1; touch {}", mark.display())].map(str::to_owned);
        let complaint = Command::new(&arguments, LONG, Some(-1001)).unwrap().run(&news("a")).unwrap_err();
        assert!(complaint.contains("the OOM killer spared the alert command /bin/sh") && mark.exists(), "{complaint}");
    }

    #[test]
    fn what_fails_is_told() {
        assert!(command(&["/no/such/program"], LONG).run(&news("a")).unwrap_err().contains("cannot be run"));
        assert!(command(&["/bin/sh", "-c", "exit 3"], LONG).run(&news("a")).unwrap_err().contains("exit status: 3"));
        assert!(Command::new(&[], LONG, None).is_none());
    }

    #[test]
    fn values_are_what_the_system_takes() {
        assert_eq!(value("a\0b"), "a\u{fffd}b");
        assert_eq!(value(&"容".repeat(LONGEST)).len(), LONGEST - LONGEST % 3);
    }
}
