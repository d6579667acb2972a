//! memcgtop: the memory of every container on a Linux host, live.
//!
//! Data flows one way, and each arrow is an owned value:
//!
//! ```text
//! kernel files ─► source ─► Snapshot ─► model ─► alert ─► ui · export
//! ```

pub mod alert;
pub mod app;
pub mod cli;
pub mod config;
pub mod exit;
pub mod export;
pub mod field;
pub mod identity;
pub mod kernel;
pub mod manual;
pub mod model;
pub mod protection;
pub mod query;
pub mod run;
pub mod sink;
pub mod snapshot;
pub mod source;
pub mod term;
pub mod text;
pub mod ui;
pub mod units;
