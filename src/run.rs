//! The loop of the dashboard: input, readings and signals in; at most one draw out.
//!
//! One thread draws and never waits for the kernel; another reads. Nothing is drawn when nothing changed.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use ratatui::buffer::Buffer;
use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, sleep_until};
use tokio_stream::StreamExt as _;

use crate::app::{App, Effect, Message, Settings};
use crate::exit::Exit;
use crate::source::Source;
use crate::source::sampler::{Sample, Sampler};
use crate::term::{self, Guard, Screen};
use crate::ui;
use crate::ui::theme::{ASCII, Colours, Glyphs, Theme, UNICODE};

/// Why the dashboard cannot run, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nobody to show it to.
    #[error("the dashboard needs a terminal: {0}")]
    NoTerminal(&'static str),
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
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
    if env::var_os("TERM").is_none_or(|term| term == "dumb") {
        return Err(Error::NoTerminal("TERM says that it cannot move the cursor"));
    }
    if !io::stdin().is_terminal() && File::open("/dev/tty").is_err() {
        return Err(Error::NoTerminal("there is none to read keys from"));
    }
    Ok(())
}

/// What was wanted, or else what the environment says that the terminal can show.
pub fn theme(wanted: Option<&'static Glyphs>, colours: Colours) -> Theme {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
    let locale = locale.to_string_lossy().to_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    let console = env::var_os("TERM").is_some_and(|term| term == "linux");
    let possible = if utf8 && !console { &UNICODE } else { &ASCII };
    let colours = if set("NO_COLOR").is_some() { Colours::None } else { colours };
    Theme::new(colours, wanted.unwrap_or(possible))
}

/// Shows the dashboard until the user or a signal ends it.
///
/// # Errors
/// Where the terminal fails or the reading thread ends.
pub fn run(source: Box<dyn Source>, settings: Settings, theme: Theme) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(dashboard(source, settings, theme));
    // A read that hangs in the kernel must not keep the program alive.
    runtime.shutdown_background();
    exit
}

async fn dashboard(source: Box<dyn Source>, settings: Settings, theme: Theme) -> Result<Exit, Error> {
    let mut signals = Signals::listen()?;
    let (outlet, mut samples) = channel(1);
    let reader = Sampler::spawn(source, settings.interval, outlet)?;
    let mut app = App::new(settings);
    let mut guard = Guard::enter()?;
    let mut painter = Painter::new(theme)?;
    let mut input = EventStream::new();
    let mut heard = Instant::now();
    loop {
        painter.paint(&app)?;
        let patience = app.interval * 3 + Duration::from_secs(2);
        let message = tokio::select! {
            biased;
            signal = signals.next() => return Ok(Exit::Signal(signal)),
            event = input.next() => match event {
                Some(event) => Message::Input(event?),
                None => return Ok(Exit::Success),
            },
            sample = samples.recv() => {
                heard = Instant::now();
                reading(sample)?
            }
            () = sleep_until(next_look(heard, patience)) => Message::Late(heard.elapsed()),
        };
        if matches!(message, Message::Input(Event::Resize(..))) {
            painter.forget();
        }
        let mut effect = app.update(message);
        while effect.is_none() {
            let Some(message) = waiting(&mut samples, &mut heard)? else { break };
            effect = app.update(message);
        }
        match effect {
            None => {}
            Some(Effect::Quit) => return Ok(Exit::Success),
            Some(Effect::SetInterval(interval)) => reader.set_interval(interval),
            Some(Effect::Suspend) => {
                drop(guard);
                // The shell takes over until it lets us go on.
                _ = kill_process(getpid(), Signal::TSTP);
                guard = Guard::enter()?;
                painter = Painter::new(theme)?;
            }
        }
    }
}

/// While readings fail to come, the screen says so once a second.
fn next_look(heard: Instant, patience: Duration) -> Instant {
    (heard + patience).max(Instant::now() + Duration::from_secs(1))
}

fn reading(sample: Option<Sample>) -> Result<Message, Error> {
    match sample {
        Some(Ok(snapshot)) => Ok(Message::Sample(Ok(Box::new(snapshot)))),
        Some(Err(error)) => Ok(Message::Sample(Err(error.to_string()))),
        None => Err(Error::SamplerEnded),
    }
}

/// A reading that has come meanwhile: it is drawn together with what came before.
fn waiting(samples: &mut Receiver<Sample>, heard: &mut Instant) -> Result<Option<Message>, Error> {
    match samples.try_recv() {
        Ok(sample) => {
            *heard = Instant::now();
            reading(Some(sample)).map(Some)
        }
        Err(_) => Ok(None),
    }
}

/// The signals that end the program, with their numbers.
struct Signals {
    terminate: unix::Signal,
    hang_up: unix::Signal,
    interrupt: unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            hang_up: unix::signal(SignalKind::hangup())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => 15,
            _ = self.hang_up.recv() => 1,
            _ = self.interrupt.recv() => 2,
        }
    }
}

/// Draws what changed, in one write; nothing at all if nothing did.
struct Painter {
    screen: Screen,
    theme: Theme,
    shown: Option<Buffer>,
}

impl Painter {
    fn new(theme: Theme) -> io::Result<Self> {
        Ok(Self { screen: term::screen()?, theme, shown: None })
    }

    /// Draws everything the next time.
    fn forget(&mut self) {
        self.shown = None;
    }

    fn paint(&mut self, app: &App) -> io::Result<()> {
        self.screen.autoresize()?;
        ui::view(app, &self.theme, &mut self.screen.get_frame());
        let drawn = self.screen.current_buffer_mut();
        if self.shown.as_ref() == Some(drawn) {
            drawn.reset();
            return Ok(());
        }
        match &mut self.shown {
            Some(shown) => shown.clone_from(drawn),
            None => self.shown = Some(drawn.clone()),
        }
        self.screen.flush()?;
        self.screen.swap_buffers();
        self.screen.backend_mut().flush()
    }
}
