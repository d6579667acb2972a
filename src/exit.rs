//! What each exit status means.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked; a reader that closed the pipe had enough.
    Success,
    /// The arguments mean nothing.
    Usage,
    /// There is nothing to read, or the system refuses what reading and showing it take: descriptors, threads, the
    /// terminal.
    NoSource,
    /// `check` found something that may become trouble.
    Warning,
    /// `check` found something that costs time or kills.
    Critical,
    /// `check` could not tell, whatever the reason.
    Unknown,
    /// A signal ended it.
    Signal(u8),
}

/// Every status, in words.
pub const STATUSES: &[(&str, &str)] = &[
    ("0", "done; a reader that closed the pipe had enough"),
    ("2", "wrong usage or configuration, or no terminal for the dashboard"),
    ("3", "nothing to read, or the system refuses what reading and showing it take"),
    ("0, 1, 2, 3", "of `check`: all quiet, a warning, a critical, could not tell; 2 before 1 before 3"),
    ("128 + n", "ended by signal n"),
];

impl Exit {
    /// The number that the shell sees.
    pub fn status(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Warning => 1,
            Self::Usage | Self::Critical => 2,
            Self::NoSource | Self::Unknown => 3,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}
