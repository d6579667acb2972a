//! The resources of an OpenVZ container: how near each is to its bound, and how often it was refused lately.
//!
//! The marks are those of vzubc, the tool that OpenVZ's administrators know. Must not draw.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::Tally;
use crate::model::beat::Beat;
use crate::model::tally::Delta;
use crate::snapshot::{Beancounter, Bound, Reading, Resource};

/// What holds memory is judged as memory: its hits, its swap, its kills. The refusals of all others speak for themselves.
const OF_MEMORY: [&str; 3] = ["physpages", "swappages", "oomguarpages"];

/// A row's resources and what was seen of them; none where the host has no beancounters.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    now: Option<Arc<Beancounter>>,
    /// Of each, in the same order.
    refusals: Vec<Tally>,
    /// How the count of a resource begins that was not seen before.
    beginning: Tally,
    /// When a counter last went backwards: the container was started anew.
    pub restarted: Option<Duration>,
}

impl Resources {
    /// Those of a container that was not there at the reading before: whatever was refused is news.
    pub(super) fn of_new() -> Self {
        Self { beginning: Tally::default().at_zero(), ..Self::default() }
    }

    /// Takes in a reading.
    pub(super) fn take_in(&mut self, now: Option<&Arc<Beancounter>>, at: Duration) {
        let before = std::mem::replace(&mut self.now, now.cloned());
        let Some(now) = now else { return };
        if !before.as_ref().is_some_and(|before| names(before).eq(names(now))) {
            let known: HashMap<&str, Tally> =
                before.iter().flat_map(|before| names(before)).zip(self.refusals.iter().copied()).collect();
            let beginning = std::mem::take(&mut self.beginning);
            self.refusals = names(now).map(|name| known.get(name).copied().unwrap_or(beginning)).collect();
        }
        for (resource, tally) in now.resources.iter().zip(&mut self.refusals) {
            tally.count(resource.failcnt, at, Beat::On);
            if tally.delta() == Some(Delta::Reset) {
                self.restarted = Some(at);
            }
        }
    }

    /// Each resource, in the kernel's order, with how often it was refused since memcgtop watches.
    pub fn each(&self) -> impl Iterator<Item = (&Resource, &Tally)> {
        self.now.iter().flat_map(|now| &now.resources).zip(&self.refusals)
    }

    /// The same without those that are judged as the row's memory.
    pub fn beside_memory(&self) -> impl Iterator<Item = (&Resource, &Tally)> {
        self.each().filter(|(resource, _)| !OF_MEMORY.contains(&&*resource.name))
    }

    /// Whether any of these was refused within `window` before `now`.
    pub fn were_refused_within(&self, window: Duration, now: Duration) -> bool {
        self.beside_memory().any(|(_, tally)| tally.rose_within(window, now))
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.now.as_ref().is_none_or(|now| now.resources.is_empty())
    }
}

fn names(beancounter: &Beancounter) -> impl Iterator<Item = &str> {
    beancounter.resources.iter().map(|resource| &*resource.name)
}

/// How vzubc marks a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Not at all.
    Calm,
    /// Yellow: it holds more than half of its bound, or held more than 80 % of it.
    Near,
    /// Red: it was refused, or holds more than its bound.
    Over,
}

/// How vzubc marks a resource: by its barrier, or by its limit where the barrier is 0.
pub fn mark(resource: &Resource) -> Mark {
    const HELD: f64 = 0.5;
    const MAXHELD: f64 = 0.8;
    let bound = match resource.bound() {
        Ok(Bound::At(bound)) => Some(bound),
        _ => None,
    };
    let above = |figure: Reading, part: f64| match (figure, bound) {
        (Ok(figure), Some(bound)) => figure as f64 > bound as f64 * part,
        _ => false,
    };
    match () {
        () if resource.failcnt.is_ok_and(|failcnt| failcnt > 0) || above(resource.held, 1.0) => Mark::Over,
        () if above(resource.held, HELD) || above(resource.maxheld, MAXHELD) => Mark::Near,
        () => Mark::Calm,
    }
}

/// A figure in percent of a bound; `None` where there is none to be a part of.
pub fn percent(figure: Reading, bound: Reading<Bound>) -> Option<f64> {
    match (figure, bound) {
        (Ok(figure), Ok(Bound::At(bound @ 1..))) => Some(figure as f64 / bound as f64 * 100.0),
        _ => None,
    }
}
