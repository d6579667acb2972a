//! Every figure of a row, once: its name, its meaning, where it comes from and how to get it.
//!
//! Sorting, filters, JSON, CSV, the text table and the explanations on the screen all read this table.

pub mod columns;
mod table;

use std::cmp::Ordering;

use crate::model::{Group, Netns};
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
    /// Events or pages a second.
    Rate(f64),
    /// Bytes a second, more or less of them.
    Growth(f64),
    /// A name.
    Text(&'a str),
    /// Yes or no.
    Flag(bool),
    /// A network namespace: told by who shares it, compared by its inode.
    Netns(Netns),
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
            Self::Rate(_) | Self::Growth(_) => format!("{}/s", self.without_unit()),
            Self::Text(text) => (*text).to_owned(),
            Self::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Self::Netns(netns) => netns.label(),
            Self::List(items) => items.join("; "),
        }
    }

    /// The same below a head that has the unit.
    pub fn without_unit(&self) -> String {
        match self {
            Self::Rate(rate) => units::rate(*rate),
            Self::Growth(bytes) => units::growth(*bytes),
            other => other.human(),
        }
    }

    /// The value as a number, for comparing; unlimited is above everything.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bytes(n) | Self::Count(n) | Self::Id(n) => Some(*n as f64),
            Self::Limit(limit) => Some(limit.bytes().map_or(f64::INFINITY, |bytes| bytes as f64)),
            Self::Percent(number) | Self::Rate(number) | Self::Growth(number) => Some(*number),
            Self::Flag(flag) => Some(f64::from(u8::from(*flag))),
            Self::Netns(netns) => Some(netns.inode as f64),
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

/// The names of all fields, with commas between.
pub fn names() -> String {
    list(FIELDS.iter().map(|field| field.id))
}

fn list(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// What the heads of columns are called where a field is asked for: the screen has less room than a name needs.
pub const HEADS: &[(&str, &str)] = &[
    ("CONTAINER", "name"),
    ("USED", "usage"),
    ("LIMIT", "effective_limit"),
    ("%", "percent"),
    ("HELD BY", "limited_by"),
    ("FLOOR", "floor"),
    ("WSET", "working_set"),
    ("WSET%", "working_set"),
    ("HITS", "failcnt"),
    ("+NEW", "failcnt"),
    ("LAST", "failcnt"),
    ("OOM", "oom_kill_total"),
    ("SWAP", "swap"),
    ("SWCACHE", "swap_cached"),
    ("STALL", "psi.some_avg10"),
    ("ETA", "time_to_limit"),
    ("TREND", "usage"),
    ("INODE", "inode"),
    ("ID", "id"),
    ("OWN LIM", "limit"),
    ("ROOM", "headroom"),
    ("NEXTROOM", "next_headroom"),
    ("THEN HELD BY", "next_limited_by"),
    ("ABOVE", "ancestor_failcnt"),
    ("HITS/s", "failcnt_rate"),
    ("ABOVE/s", "ancestor_failcnt_rate"),
    ("GROWTH", "usage_growth"),
    ("NEEDS", "footprint"),
    ("SLOWED", "high_events"),
    ("SWLIMIT", "swap_limit"),
    ("SWHITS", "swap_failcnt"),
    ("SWFAIL", "swap_fail"),
    ("ACTIVE", "active_file"),
    ("INACTIVE", "inactive_file"),
    ("SLAB", "slab_reclaimable"),
    ("RE-ANON", "refault_anon"),
    ("RE-FILE", "refault_file"),
    ("RE-A/s", "refault_anon_rate"),
    ("RE-F/s", "refault_file_rate"),
    ("DIRECT", "pgscan_direct"),
    ("KSWAPD", "pgscan_kswapd"),
    ("MAJOR", "pgmajfault"),
    ("FULL", "psi.full_avg10"),
    ("PROCS", "processes"),
];

/// What some fields are called elsewhere.
const SYNONYMS: &[(&str, &str)] = &[
    ("mem", "usage"),
    ("memory", "usage"),
    ("rss", "anon"),
    ("cache", "file"),
    ("psi", "psi.some_avg10"),
    ("pressure", "psi.some_avg10"),
    ("kills", "oom_kill_total"),
    ("pids", "processes"),
];

/// What somebody means who writes `word`: by one of several names, or by a few wrong letters of it.
fn nearest(word: &str, names: impl Iterator<Item = (&'static str, &'static str)>) -> Option<&'static str> {
    /// A word of so many letters may have one of them wrong.
    const PER_MISTAKE: usize = 3;
    let word = word.to_lowercase();
    let names = names.chain(HEADS.iter().chain(SYNONYMS).copied());
    let distance = |name: &str| strsim::osa_distance(&word, &name.to_lowercase());
    let (mistakes, meant) = names.map(|(name, meant)| (distance(name), meant)).min_by_key(|(mistakes, _)| *mistakes)?;
    (mistakes <= word.chars().count() / PER_MISTAKE).then_some(meant)
}

/// The field that somebody means who writes `word`, by its name or by the head of a column.
fn nearest_field(word: &str) -> Option<&'static str> {
    nearest(word, FIELDS.iter().map(|field| (field.id, field.id)))
}

/// What to write instead of a `word` that is no field: the one that may be meant, and where all are that there are.
pub fn instead_of(word: &str) -> String {
    let meant = nearest_field(word).map_or_else(String::new, |field| format!(", perhaps `{field}`"));
    format!("{meant}; `memcgtop snapshot --help` lists the fields")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_led_to_the_field_that_was_meant() {
        for (word, field) in [
            ("memory", "usage"),
            ("hits", "failcnt"),
            ("Stall", "psi.some_avg10"),
            ("useage", "usage"),
            ("oom_kils", "oom_kill"),
        ] {
            assert_eq!(nearest_field(word), Some(field), "{word}");
        }
        assert_eq!(nearest_field("weight"), None);
        assert!(HEADS.iter().chain(SYNONYMS).all(|(_, field)| find(field).is_some()));
    }

    #[test]
    fn every_field_is_named_once_and_explained() {
        for (at, field) in FIELDS.iter().enumerate() {
            assert!(FIELDS[..at].iter().all(|earlier| earlier.id != field.id), "{} twice", field.id);
            assert!(field.meaning.ends_with('.') && field.meaning.len() > 10, "{}", field.id);
        }
    }
}
