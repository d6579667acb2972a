//! Signals, listened to on a thread of their own: all that would end the program or stop it with the terminal still taken.
//!
//! A terminal that takes no output holds up the loop for as long as it likes; a signal must end the program all the
//! same. Must not draw.

use std::future::poll_fn;
use std::io;
use std::ops::RangeInclusive;
use std::process;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use tokio::runtime::Builder;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::exit::Exit;
use crate::term;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// An end, with the signal's number.
    End(u8),
    /// A stop, until it is told to go on.
    Stop,
    /// It was stopped and goes on: the terminal may have been in other hands.
    GoOn,
}

impl Request {
    fn of(signal: u8) -> Self {
        let is = |known: Signal| i32::from(signal) == known.as_raw();
        match signal {
            _ if is(Signal::TSTP) => Self::Stop,
            _ if is(Signal::CONT) => Self::GoOn,
            end => Self::End(end),
        }
    }
}

/// The loop has so long to give the terminal back.
const PATIENCE: Duration = Duration::from_secs(2);

/// Listens from now on.
///
/// # Errors
/// Where the system refuses a descriptor or a thread.
pub(super) fn listen() -> io::Result<UnboundedReceiver<Request>> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let signals = {
        let _entered = runtime.enter();
        Signals::new()?
    };
    let (requests, outlet) = unbounded_channel();
    thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(relay(signals, requests)))?;
    Ok(outlet)
}

async fn relay(mut signals: Signals, requests: UnboundedSender<Request>) {
    loop {
        let request = signals.next().await;
        // The loop may have ended, and the process is about to.
        _ = requests.send(request);
        if let Request::End(number) = request {
            thread::sleep(PATIENCE);
            term::abandon();
            process::exit(Exit::Signal(number).status().into());
        }
    }
}

/// Signals that end nobody: most because that is not what they are for, `SIGPIPE` because every Rust program ignores it.
const HARMLESS: [Signal; 7] =
    [Signal::CHILD, Signal::PIPE, Signal::STOP, Signal::TTIN, Signal::TTOU, Signal::URG, Signal::WINCH];
/// The end without a word, and faults: after one of these the program is in no state to put anything in order.
const BEYOND_HELP: [Signal; 6] = [Signal::KILL, Signal::BUS, Signal::FPE, Signal::ILL, Signal::SEGV, Signal::SYS];

/// From the first of the real-time signals to the last.
const REAL_TIME: RangeInclusive<u8> = 32..=64;

/// Every signal that asks for something, by its number.
struct Signals(Vec<(u8, unix::Signal)>);

impl Signals {
    fn new() -> io::Result<Self> {
        let listen = |number: u8| Ok((number, unix::signal(SignalKind::from_raw(number.into()))?));
        let is_left_alone =
            |number: &u8| HARMLESS.iter().chain(&BEYOND_HELP).any(|signal| signal.as_raw() == i32::from(*number));
        let ordinary = (1..*REAL_TIME.start()).filter(|number| !is_left_alone(number)).map(listen);
        let mut signals = ordinary.collect::<io::Result<Vec<_>>>()?;
        // The C library keeps some of them for itself.
        signals.extend(REAL_TIME.map(listen).filter_map(io::Result::ok));
        Ok(Self(signals))
    }

    async fn next(&mut self) -> Request {
        poll_fn(|context| {
            let mut came = self.0.iter_mut();
            let first = came.find_map(|(number, signal)| signal.poll_recv(context).is_ready().then_some(*number));
            first.map_or(Poll::Pending, |number| Poll::Ready(Request::of(number)))
        })
        .await
    }
}
