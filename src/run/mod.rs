//! The loop of the dashboard: input, readings and signals in; at most one draw out.
//!
//! One thread draws and never waits for the kernel; others read. Nothing is drawn when nothing changed, and all that
//! came meanwhile is drawn together.

mod input;
mod painter;
mod signals;

use std::env;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossterm::event::Event;
use crossterm::style::force_color_output;
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::process::{Signal, getpgrp, getpid, getsid, kill_process};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use crate::alert::{Change, Level, News as Alerts};
use crate::app::defaults::Defaults;
use crate::app::{App, Effect, Message, Settings};
use crate::exit::Exit;
use crate::sink::{self, Sinks};
use crate::snapshot::{CgroupId, Processes};
use crate::source::Source;
use crate::source::descriptors;
use crate::source::processes::Looker;
use crate::source::sampler::{Sample, Sampler};
use crate::term;
use crate::ui::palette::{Depth, Palette};
use crate::ui::theme::{ASCII, Glyphs, Theme, UNICODE};
use crate::units;
use painter::Painter;
use signals::Request;

/// Why the dashboard cannot run, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nobody to show it to.
    #[error("the dashboard needs a terminal: {0}")]
    NoTerminal(&'static str),
    /// The process may open too few files.
    #[error("too few files may be open: the dashboard needs {DESCRIPTORS} more than there are already")]
    TooFewDescriptors,
    /// A thread, or what it listens to.
    #[error("cannot start a thread of the dashboard")]
    System(#[source] io::Error),
    /// The terminal failed.
    #[error("the terminal failed")]
    Terminal(#[from] io::Error),
    /// The reading thread ended.
    #[error("the reading thread ended unexpectedly")]
    SamplerEnded,
}

/// Whether there is a terminal to show the dashboard on.
///
/// # Errors
/// [`Error::NoTerminal`] says what is missing.
pub fn check_terminal() -> Result<(), Error> {
    if !io::stdout().is_terminal() {
        return Err(Error::NoTerminal("standard output is not one"));
    }
    if env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb") {
        return Err(Error::NoTerminal("TERM says that it cannot move the cursor"));
    }
    if input::keyboard().is_err() {
        return Err(Error::NoTerminal("there is none to read keys from"));
    }
    Ok(())
}

/// What the terminal, its keys, the signals and a reading keep open at the same time, and some to spare.
const DESCRIPTORS: usize = 32;

/// Whether enough files can be opened: the libraries below panic where they cannot.
///
/// # Errors
/// [`Error::TooFewDescriptors`].
pub fn check_descriptors() -> Result<(), Error> {
    // Whatever that gives: copies tell what is free of it.
    _ = descriptors::raise();
    let copies: Result<Vec<_>, _> = (0..DESCRIPTORS).map(|_| fcntl_dupfd_cloexec(io::stderr(), 0)).collect();
    match copies {
        Err(Errno::MFILE | Errno::NFILE) => Err(Error::TooFewDescriptors),
        _ => Ok(()),
    }
}

/// What was wanted, or else what the environment says that the terminal can show.
pub fn theme(palette: &'static Palette, depth: Option<Depth>, glyphs: Option<&'static Glyphs>) -> Theme {
    let variable = |name: &str| env::var_os(name).unwrap_or_default().to_string_lossy().into_owned();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable).into_iter().find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    let possible = if utf8 && variable("TERM") != "linux" { &UNICODE } else { &ASCII };
    let depth = depth.unwrap_or_else(|| Depth::of_terminal(variable));
    Theme::new(palette, depth, glyphs.unwrap_or(possible))
}

/// Saves what is shown; what was done, or why not.
pub type Save = Arc<dyn Fn(&Defaults) -> Result<String, String> + Send + Sync>;

/// Shows the dashboard until the user or a signal ends it.
///
/// # Errors
/// Where the terminal fails or the reading thread ends.
pub fn run(
    source: Box<dyn Source>,
    settings: Settings,
    sinks: &sink::Settings,
    save: Save,
    theme: Theme,
) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(Error::System)?;
    // All that may be refused comes before the terminal is touched, and a runtime cannot be given up inside another.
    let requests = signals::listen().map_err(Error::System)?;
    let (outlet, samples) = channel(1);
    let (found, processes) = unbounded_channel();
    let looker = Looker::new(source.processes(), found);
    let reader = Sampler::spawn(source, settings.interval, outlet).map_err(Error::System)?;
    let (notices, told) = unbounded_channel();
    let complain = notices.clone();
    let complain = Arc::new(move |why| _ = complain.send(Err(why)));
    let started = Sinks::start(sinks, &settings.protection, complain).map_err(Error::System)?;
    let listeners = Listeners { bell: sinks.bell, osc9: sinks.osc9, sinks: started };
    let keeper = Keeper { save, notices };
    let input = input::listen().map_err(Error::System)?;
    let outside = Outside { requests, samples, input, notices: told, processes, heard: Instant::now() };
    let asked = Asked { reader, looker, listeners, keeper, shown: Vec::new() };
    runtime.block_on(dashboard(outside, asked, settings, theme))
}

/// Notifications at once; more would only cover each other.
const NOTIFICATIONS: usize = 3;

/// Who hears of alerts.
struct Listeners {
    bell: bool,
    osc9: bool,
    sinks: Sinks,
}

impl Listeners {
    /// Files and commands hear of everything, the terminal of what is new and critical.
    fn tell(&self, alerts: &[Alerts]) -> io::Result<()> {
        self.sinks.tell(alerts);
        let is_urgent = |news: &&Alerts| {
            news.alert.level == Level::Critical && matches!(news.change, Change::Begun | Change::Worsened)
        };
        let urgent: Vec<&Alerts> = alerts.iter().filter(is_urgent).collect();
        if self.bell && !urgent.is_empty() {
            term::ring()?;
        }
        let (shown, rest) = urgent.split_at(urgent.len().min(NOTIFICATIONS));
        for news in shown.iter().filter(|_| self.osc9) {
            term::notify(&format!("{}: {}", news.alert.name, news.alert.text))?;
        }
        if self.osc9 && !rest.is_empty() {
            term::notify(&units::counted(rest.len() as u64, "more critical alert"))?;
        }
        Ok(())
    }
}

type Notice = Result<String, String>;

/// Saves what is shown, without the loop waiting for a disk.
struct Keeper {
    save: Save,
    notices: UnboundedSender<Notice>,
}

impl Keeper {
    fn keep(&self, defaults: Defaults) {
        let (save, notices) = (Arc::clone(&self.save), self.notices.clone());
        // Nobody may be listening any more.
        let work = move || _ = notices.send(save(&defaults));
        if let Err(error) = thread::Builder::new().name("save".to_owned()).spawn(work) {
            _ = self.notices.send(Err(format!("not saved: {error}")));
        }
    }
}

/// Who does what the dashboard asks for.
struct Asked {
    reader: Sampler,
    looker: Looker,
    listeners: Listeners,
    keeper: Keeper,
    /// The rows that the reader knows to be on the screen.
    shown: Vec<CgroupId>,
}

impl Asked {
    fn show(&mut self, rows: Vec<CgroupId>) {
        if self.shown != rows {
            self.shown.clone_from(&rows);
            self.reader.show(rows);
        }
    }
}

/// Under a flood of input the screen still moves so often.
const LONGEST_WITHOUT_DRAWING: Duration = Duration::from_millis(100);

async fn dashboard(mut outside: Outside, mut asked: Asked, settings: Settings, theme: Theme) -> Result<Exit, Error> {
    // What is drawn has been decided, whatever NO_COLOR says.
    force_color_output(true);
    let mut app = App::new(settings);
    let mut painter = Painter::new(theme)?;
    app.update(resized());
    loop {
        painter.paint(&app)?;
        let mut news = Some(outside.news(app.interval).await?);
        let begun = Instant::now();
        while let Some(happened) = news {
            let effect = match happened {
                News::Signal(Request::End(number)) => return Ok(Exit::Signal(number)),
                News::Signal(Request::Stop) => Some(Effect::Suspend),
                News::Signal(Request::GoOn) => {
                    drop(painter);
                    painter = Painter::new(theme)?;
                    None
                }
                News::Message(Message::Input(Event::Resize(..))) => {
                    painter.forget();
                    app.update(resized())
                }
                News::Message(message) => app.update(message),
            };
            match effect {
                None => {}
                Some(Effect::Quit) => return Ok(Exit::Success),
                Some(Effect::SetInterval(interval)) => asked.reader.set_interval(interval),
                Some(Effect::Tell(alerts)) => asked.listeners.tell(&alerts)?,
                Some(Effect::Save(defaults)) => asked.keeper.keep(defaults),
                Some(Effect::Copy(text)) => term::copy(&text)?,
                Some(Effect::Suspend) if !can_be_woken() => {}
                Some(Effect::Suspend) => {
                    drop(painter);
                    if let Some(signal) = stop(&mut outside.requests).await {
                        return Ok(Exit::Signal(signal));
                    }
                    painter = Painter::new(theme)?;
                }
            }
            news = if begun.elapsed() < LONGEST_WITHOUT_DRAWING { outside.at_hand()? } else { None };
        }
        if let Some(row) = app.looked_at() {
            asked.looker.ask(row);
        }
        asked.show(app.on_screen());
    }
}

/// The size of what is drawn on, which need not be the window's.
fn resized() -> Message {
    let (columns, rows) = term::size();
    Message::Input(Event::Resize(columns, rows))
}

/// Whether somebody would let us go on: a shell that gave us a process group of our own.
fn can_be_woken() -> bool {
    getsid(None).is_ok_and(|session| session != getpgrp())
}

/// Leaves the terminal to the shell until that lets us go on; or the signal that ends us instead.
async fn stop(requests: &mut UnboundedReceiver<Request>) -> Option<u8> {
    // The one that can be caught is, by us.
    _ = kill_process(getpid(), Signal::STOP);
    loop {
        match requests.recv().await {
            Some(Request::GoOn) | None => return None,
            Some(Request::End(number)) => return Some(number),
            Some(Request::Stop) => {}
        }
    }
}

/// What happened outside of the loop.
enum News {
    Signal(Request),
    Message(Message),
}

/// Where news come from.
struct Outside {
    requests: UnboundedReceiver<Request>,
    samples: Receiver<Sample>,
    input: Receiver<io::Result<Event>>,
    /// The processes of the row that is looked at.
    processes: UnboundedReceiver<Processes>,
    /// What was done besides, or was not.
    notices: UnboundedReceiver<Notice>,
    /// When the last reading came.
    heard: Instant,
}

impl Outside {
    /// Waits for the next that happens. Signals come first, and input last: of that there may be a flood.
    async fn news(&mut self, interval: Duration) -> Result<News, Error> {
        let patience = interval * 3 + Duration::from_secs(2);
        tokio::select! {
            biased;
            Some(request) = self.requests.recv() => Ok(News::Signal(request)),
            sample = self.samples.recv() => self.reading(sample),
            Some(found) = self.processes.recv() => Ok(News::Message(Message::Processes(found))),
            Some(notice) = self.notices.recv() => Ok(News::Message(Message::Notice(notice))),
            event = self.input.recv() => match event {
                Some(event) => Ok(News::Message(Message::Input(event?))),
                // The terminal is gone, which the signal that says so need not reach us to tell.
                None => Ok(News::Signal(Request::End(1))),
            },
            () = sleep_until(next_look(self.heard, patience)) => Ok(News::Message(Message::Late(self.heard.elapsed()))),
        }
    }

    /// What has happened already, in the same order.
    fn at_hand(&mut self) -> Result<Option<News>, Error> {
        if let Ok(request) = self.requests.try_recv() {
            return Ok(Some(News::Signal(request)));
        }
        if let Ok(sample) = self.samples.try_recv() {
            return self.reading(Some(sample)).map(Some);
        }
        match self.input.try_recv() {
            Ok(event) => Ok(Some(News::Message(Message::Input(event?)))),
            Err(_) => Ok(None),
        }
    }

    fn reading(&mut self, sample: Option<Sample>) -> Result<News, Error> {
        self.heard = Instant::now();
        let sample = sample.ok_or(Error::SamplerEnded)?;
        Ok(News::Message(Message::Sample(sample.map(Box::new).map_err(|error| error.to_string()))))
    }
}

/// While readings fail to come, the screen says so once a second.
fn next_look(heard: Instant, patience: Duration) -> Instant {
    (heard + patience).max(Instant::now() + Duration::from_secs(1))
}
