//! A reading as data: JSON, CSV, a text table. Every field comes from [`crate::field::FIELDS`].
//!
//! Must not judge and must not know the screen.

pub mod csv;
pub mod json;
pub mod table;

use crate::model::{Group, Model};
use crate::query::{Filter, Sort};

/// The rows to print: containers, or every cgroup; filtered and sorted.
pub fn rows<'a>(model: &'a Model, filter: &Filter, sort: &Sort) -> Vec<&'a Group> {
    let mut rows: Vec<&Group> = model.rows().filter(|group| filter.matches(group)).collect();
    rows.sort_by(|a, b| sort.compare(a, b));
    rows
}
