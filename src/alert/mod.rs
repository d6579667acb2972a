//! What deserves attention: rules over the model, what fires now, and a log of what fired.
//!
//! Time is the snapshots'; must not draw, must not know keys, and tells nobody: that is [`crate::sink`].

mod engine;
mod kills;
pub mod policy;
pub mod rules;
mod track;
pub mod unknown;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::snapshot::CgroupId;

pub use engine::Engine;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing, harmless by itself.
    Notice,
    /// It may become trouble.
    Warning,
    /// It costs time or kills.
    Critical,
}

impl Level {
    /// Every level, the least first.
    pub const ALL: [Self; 3] = [Self::Notice, Self::Warning, Self::Critical];

    /// The name in the configuration and in what is told to others.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// One step up.
    pub(crate) fn worse(self) -> Self {
        match self {
            Self::Notice => Self::Warning,
            Self::Warning | Self::Critical => Self::Critical,
        }
    }
}

/// What an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// The host as a whole.
    Host,
    /// A row.
    Row(CgroupId),
    /// The path of a cgroup that was gone before it was read; `None` where nobody says which it was.
    Gone(Option<Arc<str>>),
}

impl Subject {
    /// The cgroup's path; `None` for the host, and where it is not known.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Host => None,
            Self::Row(id) => Some(&id.path),
            Self::Gone(path) => path.as_deref(),
        }
    }
}

/// Something that fires, or fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The rule's name.
    pub rule: &'static str,
    /// The sign on the screen: who holds it.
    pub sign: char,
    /// How bad it is; of one that ended, how bad it was at its worst.
    pub level: Level,
    /// What it is about.
    pub subject: Subject,
    /// What that is called.
    pub name: Arc<str>,
    /// What happens, with figures; of one that ended, what happened at its worst.
    pub text: String,
    /// When it began, on the clock of the snapshots.
    pub since: Duration,
    /// When it began, on the wall.
    pub began: SystemTime,
    /// When it ended; `None` while it fires.
    pub until: Option<Duration>,
    /// Whether somebody has seen it.
    pub acknowledged: bool,
}

/// What became of an alert at a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Begun,
    /// It fires again within its cooldown: it is the same alert.
    Resumed,
    /// Its level rose, or there is more of what it counts.
    Worsened,
    /// It is over.
    Ended,
}

impl Change {
    /// The name in what is told to others.
    pub fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Resumed => "resumed",
            Self::Worsened => "worsened",
            Self::Ended => "ended",
        }
    }
}

/// An alert that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// How.
    pub change: Change,
    /// The alert after that.
    pub alert: Alert,
    /// The time of the reading, on the wall.
    pub at: SystemTime,
}
