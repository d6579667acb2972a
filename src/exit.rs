//! What each exit status means.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked; a reader that closed the pipe had enough.
    Success,
    /// The arguments mean nothing.
    Usage,
    /// There is nothing to read.
    NoSource,
    /// A signal ended it.
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Usage => 2,
            Exit::NoSource => 3,
            Exit::Signal(number) => 128_u8.saturating_add(number),
        })
    }
}
