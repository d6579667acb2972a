//! What each kernel file says.
//!
//! Pure parsers on bytes, tables of the files of each hierarchy, and readers that take a root.
//! Must not decide what a figure means: no policy here.

pub mod beancounters;
pub mod error;
pub mod file;
pub mod hierarchy;
pub mod host;
pub mod kmsg;
pub mod network;
pub mod oomd;
pub mod parse;
pub mod process;
pub mod read;
pub mod segment;
pub mod stat;
pub mod v1;
pub mod v2;
pub mod vmstat;
