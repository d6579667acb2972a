//! What is shown, as somebody may want it again.

use std::time::Duration;

use crate::app::{App, Idle};
use crate::field::columns::Columns;

/// What the dashboard can be told to start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// Which columns.
    pub columns: Columns,
    /// In which order, as for `--sort`.
    pub sort: String,
    /// Which rows, as for `--filter`.
    pub filter: String,
    /// Time between two readings.
    pub interval: Duration,
    /// What becomes of rows that nothing happens to.
    pub idle: Idle,
    /// The colours, by the name of their theme.
    pub theme: &'static str,
}

impl App {
    pub(super) fn defaults(&self) -> Defaults {
        Defaults {
            columns: self.columns.clone(),
            sort: self.sort.to_string(),
            filter: self.filter_text.clone(),
            interval: self.interval,
            idle: self.idle,
            theme: self.theme,
        }
    }
}
