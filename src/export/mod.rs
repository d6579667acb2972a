//! A reading as data: JSON, CSV, a text table. Every field comes from [`crate::field::FIELDS`].
//!
//! Must not judge and must not know the screen.

mod autopsy;
pub mod csv;
pub mod findings;
pub mod json;
pub mod line;
mod network;
mod resource;
pub mod table;

use std::time::SystemTime;

use crate::model::sums::Sums;
use crate::model::{Group, Model};
use crate::query::{Filter, Sort};

/// The rows to print: the sums, if there are to be any, else containers or every cgroup; filtered and sorted.
pub fn rows<'a>(model: &'a Model, sums: Option<&'a mut Sums>, filter: &Filter, sort: &Sort) -> Vec<&'a Group> {
    let mut rows: Vec<&Group> = match sums {
        Some(sums) => {
            sums.update(model, |group| filter.matches(group));
            sums.rows().iter().collect()
        }
        None => model.rows().filter(|group| filter.matches(group)).collect(),
    };
    rows.sort_by(|a, b| sort.compare(a, b));
    rows
}

/// RFC 3339 in UTC, to the millisecond.
pub fn timestamp(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}
