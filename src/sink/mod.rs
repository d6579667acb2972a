//! Who is told of alerts besides the screen: a file, a command.
//!
//! Files may hang and commands may sleep, so both have threads of their own; whoever tells them never waits. Must not
//! judge, and must not touch the terminal.

mod command;
mod journal;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::alert::News;
use crate::protection::Protection;
use crate::units;
use command::Command;
use journal::Journal;

/// News that wait for a slow sink; beyond that they are lost to it.
const WAITING: usize = 256;
/// Commands at the same time.
const COMMANDS: usize = 4;

/// Who is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Ring the terminal's bell for critical alerts.
    pub bell: bool,
    /// Have the terminal show critical alerts as notifications (OSC 9).
    pub osc9: bool,
    /// A file that gets a line of JSON for each change of an alert.
    pub log: Option<PathBuf>,
    /// A program and its arguments, run for each change of an alert; empty for none.
    pub command: Vec<String>,
    /// A command that takes longer is killed.
    pub command_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { bell: false, osc9: false, log: None, command: Vec::new(), command_timeout: Duration::from_secs(10) }
    }
}

/// Hears what went wrong, once for each kind of trouble until it is over.
pub type Complain = Arc<dyn Fn(String) + Send + Sync>;

/// The sinks at work. They end when this is dropped, after what they are in the middle of.
pub struct Sinks {
    outlets: Vec<(&'static str, SyncSender<News>)>,
    complain: Complain,
}

impl Sinks {
    /// Starts what the settings ask for. What protects this process is not for the commands.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub fn start(settings: &Settings, protection: &Protection, complain: Complain) -> io::Result<Self> {
        let mut outlets = Vec::new();
        if let Some(path) = &settings.log {
            let (outlet, news) = sync_channel(WAITING);
            let mut journal = Journal::new(path.clone());
            let complain = Arc::clone(&complain);
            thread::Builder::new().name("alert-log".to_owned()).spawn(move || {
                let mut grievance = Grievance::new(complain);
                for news in news {
                    grievance.note(journal.append(&news));
                }
            })?;
            outlets.push(("the alert log", outlet));
        }
        if let Some(command) = Command::new(&settings.command, settings.command_timeout, protection.former) {
            let (outlet, news) = sync_channel(WAITING);
            let news = Arc::new(std::sync::Mutex::new(news));
            for _ in 0..COMMANDS {
                let (command, news, complain) = (command.clone(), Arc::clone(&news), Arc::clone(&complain));
                thread::Builder::new().name("alert-command".to_owned()).spawn(move || {
                    let mut grievance = Grievance::new(complain);
                    while let Some(news) = next(&news) {
                        grievance.note(command.run(&news));
                    }
                })?;
            }
            outlets.push(("the alert command", outlet));
        }
        Ok(Self { outlets, complain })
    }

    /// Tells every sink, without waiting for any.
    pub fn tell(&self, news: &[News]) {
        for (name, outlet) in &self.outlets {
            let lost =
                news.iter().filter(|news| matches!(outlet.try_send((*news).clone()), Err(TrySendError::Full(_))));
            let lost = lost.count();
            if lost > 0 {
                let lost = units::counted(lost as u64, "alert");
                (self.complain)(format!("{name} is too slow: it was not told of {lost}"));
            }
        }
    }
}

/// The next of what all workers share; `None` at the end.
fn next(news: &std::sync::Mutex<Receiver<News>>) -> Option<News> {
    news.lock().ok()?.recv().ok()
}

/// Says what fails, and not again until it has worked.
struct Grievance {
    complain: Complain,
    said: bool,
}

impl Grievance {
    fn new(complain: Complain) -> Self {
        Self { complain, said: false }
    }

    fn note(&mut self, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.said = false,
            Err(why) if !self.said => {
                self.said = true;
                (self.complain)(why);
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Alert, Change, Level, Subject};
    use crate::snapshot::CgroupId;
    use std::sync::Mutex;
    use std::time::{Instant, SystemTime};

    pub(super) fn news(name: &str) -> News {
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        let alert = Alert {
            rule: "oom-kill",
            sign: 'X',
            level: Level::Critical,
            subject: Subject::Row(CgroupId { path: "/docker/a".into(), inode: 1 }),
            name: name.into(),
            text: "1 OOM kill".to_owned(),
            since: Duration::ZERO,
            began,
            until: None,
            acknowledged: false,
        };
        News { change: Change::Begun, alert, at: began }
    }

    fn heard() -> (Arc<Mutex<Vec<String>>>, Complain) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&heard);
        (heard, Arc::new(move |why| ears.lock().unwrap().push(why)))
    }

    fn comes_true(condition: impl Fn() -> bool) -> bool {
        let begun = Instant::now();
        while !condition() && begun.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(5));
        }
        condition()
    }

    #[test]
    fn every_sink_is_told_of_everything() {
        let directory = tempfile::tempdir().unwrap();
        let (log, marks) = (directory.path().join("log"), directory.path().join("marks"));
        let script = format!("echo \"$MEMCGTOP_NAME\" >> {}", marks.display());
        let command = ["/bin/sh", "-c", &script].map(str::to_owned).to_vec();
        let (heard, complain) = heard();
        let sinks = Sinks::start(
            &Settings { log: Some(log.clone()), command, ..Settings::default() },
            &Protection::default(),
            complain,
        )
        .unwrap();
        sinks.tell(&(0..20).map(|n| news(&n.to_string())).collect::<Vec<_>>());
        let lines = |path| std::fs::read_to_string(path).unwrap_or_default().lines().count();
        assert!(comes_true(|| lines(&log) == 20 && lines(&marks) == 20), "{} {}", lines(&log), lines(&marks));
        assert!(heard.lock().unwrap().is_empty());
    }

    #[test]
    fn trouble_is_told_once_and_nobody_waits() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("no/such/directory/log");
        let command = ["/bin/sleep", "600"].map(str::to_owned).to_vec();
        let (heard, complain) = heard();
        let timeout = Duration::from_millis(300);
        let settings = Settings { log: Some(log), command, command_timeout: timeout, ..Settings::default() };
        let sinks = Sinks::start(&settings, &Protection::default(), complain).unwrap();
        let begun = Instant::now();
        sinks.tell(&vec![news("a"); WAITING + COMMANDS + 100]);
        assert!(begun.elapsed() < Duration::from_secs(10));
        let said = |what: &str| heard.lock().unwrap().iter().filter(|why| why.contains(what)).count();
        assert!(comes_true(|| said("are not written") == 1 && said("was killed") >= 1), "{:?}", heard.lock().unwrap());
        assert_eq!(said("the alert command is too slow"), 1, "{:?}", heard.lock().unwrap());
    }
}
