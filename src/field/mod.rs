//! Every figure of a row, once: its name, its meaning, where it comes from and how to get it.
//!
//! Sorting, filters, JSON, CSV, the text table and the explanations on the screen all read this table.

mod table;

use std::cmp::Ordering;

use crate::model::Group;
use crate::snapshot::Reading;
use crate::units::{self, Limit};

pub use table::FIELDS;

/// A figure of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A size in bytes.
    Bytes(u64),
    /// A limit in bytes.
    Limit(Limit),
    /// A number of things or events.
    Count(u64),
    /// A number that names something: told to the last digit.
    Id(u64),
    /// A percentage.
    Percent(f64),
    /// A name.
    Text(&'a str),
    /// Yes or no.
    Flag(bool),
    /// Several names or facts.
    List(Vec<String>),
}

impl Value<'_> {
    /// The value as a person reads it.
    pub fn human(&self) -> String {
        match self {
            Self::Bytes(bytes) => units::size(*bytes),
            Self::Limit(limit) => units::limit(*limit),
            Self::Count(n) => units::count(*n),
            Self::Id(n) => n.to_string(),
            Self::Percent(share) => units::percent(*share),
            Self::Text(text) => (*text).to_owned(),
            Self::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Self::List(items) => items.join("; "),
        }
    }

    /// The value as a number, for comparing; unlimited is above everything.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bytes(n) | Self::Count(n) | Self::Id(n) => Some(*n as f64),
            Self::Limit(limit) => Some(limit.bytes().map_or(f64::INFINITY, |bytes| bytes as f64)),
            Self::Percent(share) => Some(*share),
            Self::Flag(flag) => Some(f64::from(u8::from(*flag))),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The order of two values of the same field.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => self.human().cmp(&other.human()),
        }
    }
}

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things or events, since the cgroup's creation.
    Count,
    /// Percent.
    Percent,
    /// Words.
    Text,
    /// Yes or no.
    Flag,
}

/// One figure.
#[derive(Debug)]
pub struct Field {
    /// Its name in JSON, CSV, filters and options. A dot means "inside".
    pub id: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// The kernel files that it comes from: v1, then v2.
    pub source: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// Its value for a row.
    pub get: for<'a> fn(&'a Group) -> Reading<Value<'a>>,
}

/// The field called `id`.
pub fn find(id: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_named_once_and_explained() {
        for (at, field) in FIELDS.iter().enumerate() {
            assert!(FIELDS[..at].iter().all(|earlier| earlier.id != field.id), "{} twice", field.id);
            assert!(field.meaning.ends_with('.') && field.meaning.len() > 10, "{}", field.id);
        }
    }
}
