//! The loop.

use crate::exit::Exit;
use crate::model::Scope;
use crate::query::{Filter, Sort};
use crate::source::Source;
use std::time::Duration;

/// Settings.
#[derive(Debug)]
pub struct Settings {
    /// a
    pub interval: Duration,
    /// a
    pub filter: Filter,
    /// a
    pub sort: Sort,
    /// a
    pub scope: Scope,
    /// a
    pub tree: bool,
    /// a
    pub ascii: bool,
    /// a
    pub no_color: bool,
}
/// Error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// a
    #[error("standard output is not a terminal")]
    NoTerminal,
}
/// check
pub fn check_terminal() -> Result<(), Error> {
    Err(Error::NoTerminal)
}
/// run
pub fn run(_source: Box<dyn Source>, _settings: Settings) -> Result<Exit, Error> {
    Err(Error::NoTerminal)
}
