//! The one thread that reads: at absolute deadlines, so that readings do not drift.
//!
//! It is the only place that waits for the kernel; whoever shows the snapshots never does.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::snapshot::Snapshot;
use crate::source::{Error, Source};

/// What a source told.
pub type Sample = Result<Snapshot, Error>;

/// The running thread. It ends when this is dropped, after the reading that it is in.
#[derive(Debug)]
pub struct Sampler {
    intervals: Sender<Duration>,
}

impl Sampler {
    /// Starts reading `source`: at once, once more right after that so that there is something to compare,
    /// then every `interval`.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub fn spawn(
        source: Box<dyn Source>,
        interval: Duration,
        samples: tokio::sync::mpsc::Sender<Sample>,
    ) -> std::io::Result<Self> {
        let (intervals, requests) = channel();
        thread::Builder::new().name("sampler".to_owned()).spawn(move || run(source, interval, &samples, &requests))?;
        Ok(Self { intervals })
    }

    /// Reads every `interval` from now on.
    pub fn set_interval(&self, interval: Duration) {
        // A thread that ended has closed its channel of samples, which the receiver of those notices.
        _ = self.intervals.send(interval);
    }
}

/// The second reading follows the first after this: long enough for a rate.
const SECOND: Duration = Duration::from_millis(250);

fn run(
    mut source: Box<dyn Source>,
    mut interval: Duration,
    samples: &tokio::sync::mpsc::Sender<Sample>,
    requests: &Receiver<Duration>,
) {
    let mut due = Instant::now();
    let mut pause = SECOND.min(interval);
    while samples.blocking_send(source.sample()).is_ok() {
        due = next(due, pause, Instant::now());
        pause = interval;
        loop {
            match requests.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(wanted) => {
                    interval = wanted;
                    pause = wanted;
                    due = Instant::now() + wanted;
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// The next deadline on the same beat; those that passed during a slow reading are left out.
fn next(due: Instant, pause: Duration, now: Instant) -> Instant {
    let late = now.saturating_duration_since(due);
    let missed = late.as_nanos() / pause.as_nanos().max(1);
    due + pause.saturating_mul(u32::try_from(missed + 1).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_keep_their_beat() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let after = |millis| next(start, second, start + Duration::from_millis(millis)) - start;
        assert_eq!(after(20), second);
        assert_eq!(after(999), second);
        assert_eq!(after(2_500), 3 * second, "two deadlines were missed");
    }
}
