//! Signals, listened to on a thread of their own.
//!
//! A terminal that takes no output holds up the loop for as long as it likes; a signal must end the program all the
//! same. Must not draw.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
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

struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let of = |signal: rustix::process::Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(of(rustix::process::Signal::TSTP))?,
            go_on: signal(of(rustix::process::Signal::CONT))?,
        })
    }

    async fn next(&mut self) -> Request {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Request::End(15),
            _ = self.hang_up.recv() => Request::End(1),
            _ = self.interrupt.recv() => Request::End(2),
            _ = self.stop.recv() => Request::Stop,
            _ = self.go_on.recv() => Request::GoOn,
        }
    }
}
