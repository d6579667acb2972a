//! A reading as data: JSON, CSV, a text table. Every field comes from [`crate::field::FIELDS`].
//!
//! Must not judge and must not know the screen.

mod autopsy;
pub mod csv;
pub mod json;
pub mod table;

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
