//! Early readings beside regular ones: which rows they tell of, and what they must not distort.
//!
//! Rates are always over at least one interval: an early reading prolongs the window of the last regular one, and the
//! next regular one begins where that one ended.

use crate::model::groups::Shape;
use crate::snapshot::{Fresh, Snapshot};

/// How a row was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// At the interval's end, with all others.
    On,
    /// Early.
    Between,
    /// It was not, but cgroups around it were, early.
    Beside,
}

impl Beat {
    /// How what depends on every cgroup was read.
    pub(super) fn of(fresh: &Fresh) -> Self {
        match fresh {
            Fresh::All => Self::On,
            Fresh::Only { .. } => Self::Between,
        }
    }
}

/// Which rows a snapshot tells something new of.
pub(super) enum Reach {
    Every,
    /// By index into the topology: how much of each cgroup was read.
    Some(Vec<Part>),
}

/// How much of a cgroup was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Nothing,
    Counters,
    Whole,
}

impl Reach {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let Fresh::Only { whole, counters } = &snapshot.fresh else { return Self::Every };
        let mut parts = vec![Part::Nothing; snapshot.readings.len()];
        for (cgroups, part) in [(counters, Part::Counters), (whole, Part::Whole)] {
            for &at in cgroups {
                parts[at] = part;
            }
        }
        Self::Some(parts)
    }

    /// How a row was read; `None` where nothing of it, in it and above it was.
    pub(super) fn beat(&self, shape: &Shape) -> Option<Beat> {
        let Self::Some(parts) = self else { return Some(Beat::On) };
        let mut around = shape.members.iter().chain(&shape.ancestors).chain(&shape.nested);
        match parts[shape.outermost] {
            Part::Whole => Some(Beat::Between),
            _ => around.any(|&at| parts[at] != Part::Nothing).then_some(Beat::Beside),
        }
    }
}
