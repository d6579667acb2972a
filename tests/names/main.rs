//! Names from the state of runtimes: hosts made of captured files, good ones and bad ones.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its host has failed")]

mod bad_state;
mod host;
mod runtimes;
mod totals;
