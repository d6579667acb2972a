//! Ends the waiting of the thread that reads, from another thread.
//!
//! A descriptor, so that one system call waits for this, for the kernel's events and for the time.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{Errno, read, write};

/// Calls the thread that waits.
#[derive(Debug)]
pub struct Waker {
    called: OwnedFd,
}

/// Why a plain waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The time is over.
    Due,
    /// Somebody called.
    Called,
}

/// Why a waiting for a descriptor too ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    Signal(Signal),
    /// The descriptor has something.
    Descriptor,
}

impl Waker {
    /// One that nobody has called yet.
    ///
    /// # Errors
    /// Where the system has no descriptor left.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { called: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)? })
    }

    /// Ends the waiting, or the next one if nobody waits.
    pub fn call(&self) {
        // It fails only if it was called 2^64 times without an answer: then the waiting ends anyway.
        _ = write(&self.called, &1_u64.to_ne_bytes());
    }

    /// Waits until `due` or a call.
    pub fn wait(&self, due: Instant) -> Signal {
        self.first(due, &mut [PollFd::new(&self.called, PollFlags::IN)]).1
    }

    /// Waits until `due`, a call, or until `descriptor` has something to read.
    pub(super) fn wait_with(&self, due: Instant, descriptor: BorrowedFd<'_>) -> Ready {
        let both = &mut [PollFd::new(&self.called, PollFlags::IN), PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
        match self.first(due, both) {
            (true, Signal::Due) => Ready::Descriptor,
            (_, signal) => Ready::Signal(signal),
        }
    }

    /// Whether any descriptor became ready, and whether that was a call.
    fn first(&self, due: Instant, descriptors: &mut [PollFd<'_>]) -> (bool, Signal) {
        loop {
            match poll(descriptors, Some(&until(due))) {
                Ok(0) => return (false, Signal::Due),
                Ok(_) if descriptors[0].revents().is_empty() => return (true, Signal::Due),
                Ok(_) => {
                    self.answer();
                    return (true, Signal::Called);
                }
                Err(Errno::INTR) => {}
                // Without `poll` there are no events and no calls, but still the time.
                Err(_) => {
                    std::thread::sleep(due.saturating_duration_since(Instant::now()).min(BLIND));
                    self.answer();
                    return (false, Signal::Called);
                }
            }
        }
    }

    /// Until the next call there is none.
    fn answer(&self) {
        _ = read(self.called.as_fd(), &mut [0; 8]);
    }
}

/// Where `poll` fails, calls are looked for so often.
const BLIND: Duration = Duration::from_millis(100);

fn until(due: Instant) -> Timespec {
    let left = due.saturating_duration_since(Instant::now());
    Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
}
