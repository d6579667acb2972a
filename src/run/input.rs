//! Keys, pastes and resizes, read on a thread of their own.
//!
//! Whoever reads a terminal waits in the middle of a sequence that does not end, and may wait for one that is gone:
//! the loop must not wait with it. Must not know what a key does.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Events that wait for the loop; the rest of a flood waits in the terminal.
const AHEAD: usize = 256;
/// So often is looked whether the terminal is still there.
const LOOK: Duration = Duration::from_secs(1);

/// Where keys come from: standard input, or the terminal that the process belongs to.
///
/// # Errors
/// Where there is neither.
pub(super) fn keyboard() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    if stdin.is_terminal() { Ok(rustix::io::dup(stdin)?) } else { Ok(File::open("/dev/tty")?.into()) }
}

/// What comes from the terminal, until it is gone: then the channel closes.
///
/// # Errors
/// Where there is no terminal, or the system refuses a thread.
pub(super) fn listen() -> io::Result<Receiver<io::Result<Event>>> {
    let keyboard = keyboard()?;
    let (events, outlet) = channel(AHEAD);
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        if let Err(error) = forward(&keyboard, &events)
            && !is_gone(&keyboard)
        {
            // Nobody may be listening any more.
            _ = events.blocking_send(Err(error));
        }
    })?;
    Ok(outlet)
}

fn forward(keyboard: &OwnedFd, events: &Sender<io::Result<Event>>) -> io::Result<()> {
    while !is_gone(keyboard) {
        while event::poll(LOOK)? {
            if events.blocking_send(Ok(event::read()?)).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether the other end was closed. Reading would not tell: there is just nothing, again and again.
fn is_gone(keyboard: &OwnedFd) -> bool {
    let mut looked_at = [PollFd::new(keyboard, PollFlags::empty())];
    _ = poll(&mut looked_at, Some(&Timespec::default()));
    looked_at[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}
