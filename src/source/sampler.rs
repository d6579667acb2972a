//! The one thread that reads: at absolute deadlines, so that readings do not drift, and early after an event.
//!
//! It is the only place that waits for the kernel; whoever shows the snapshots never does.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::snapshot::{CgroupId, Snapshot};
use crate::source::waker::Waker;
use crate::source::{Error, Source, Wake};

/// What a source told.
pub type Sample = Result<Snapshot, Error>;

/// The running thread. It ends when this is dropped, after the reading that it is in.
#[derive(Debug)]
pub struct Sampler {
    requests: Sender<Request>,
    waker: Arc<Waker>,
}

/// What the thread is asked for.
#[derive(Clone, Debug)]
enum Request {
    Interval(Duration),
    Show(Vec<CgroupId>),
    End,
}

impl Sampler {
    /// Starts reading `source`: at once, once more right after that so that there is something to compare,
    /// then every `interval`, and early where the source is told of an event.
    ///
    /// # Errors
    /// Where the system refuses a thread or a descriptor.
    pub fn spawn(
        source: Box<dyn Source>,
        interval: Duration,
        samples: tokio::sync::mpsc::Sender<Sample>,
    ) -> std::io::Result<Self> {
        let waker = Arc::new(Waker::new()?);
        let (requests, asked) = channel();
        let waiting = Arc::clone(&waker);
        thread::Builder::new()
            .name("sampler".to_owned())
            .spawn(move || run(source, interval, &samples, &asked, &waiting))?;
        Ok(Self { requests, waker })
    }

    /// Reads every `interval` from now on.
    pub fn set_interval(&self, interval: Duration) {
        self.ask(Request::Interval(interval));
    }

    /// The rows of these cgroups are on the screen from now on.
    pub fn show(&self, shown: Vec<CgroupId>) {
        self.ask(Request::Show(shown));
    }

    fn ask(&self, request: Request) {
        // A thread that ended has closed its channel of samples, which the receiver of those notices.
        _ = self.requests.send(request);
        self.waker.call();
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.ask(Request::End);
    }
}

/// The second reading follows the first after this: long enough for a rate.
const SECOND: Duration = Duration::from_millis(250);

fn run(
    mut source: Box<dyn Source>,
    mut interval: Duration,
    samples: &tokio::sync::mpsc::Sender<Sample>,
    requests: &Receiver<Request>,
    waker: &Waker,
) {
    source.set_interval(interval);
    let mut due = Instant::now();
    let mut pause = SECOND.min(interval);
    while samples.blocking_send(source.sample()).is_ok() {
        due = next(due, pause, Instant::now());
        pause = interval;
        loop {
            match source.wait(due, waker) {
                Wake::Due => break,
                Wake::Early(snapshot) => {
                    if samples.blocking_send(Ok(*snapshot)).is_err() {
                        return;
                    }
                }
                Wake::Called => {
                    for request in requests.try_iter() {
                        match request {
                            Request::Interval(wanted) => {
                                source.set_interval(wanted);
                                (interval, pause) = (wanted, wanted);
                                due = Instant::now() + wanted;
                            }
                            Request::Show(shown) => source.show(&shown),
                            Request::End => return,
                        }
                    }
                }
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
