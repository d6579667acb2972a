//! What the end of an unfinished expression could become: names of fields, and their values where they are few.
//!
//! Must not know what is typed with, nor which candidate is taken.

use crate::field::{self, FIELDS, Field, HEADS, Unit, Value};
use crate::model::Group;
use crate::query::grammar::{self, Unfinished};
use crate::text;

/// More values than this are no choice.
const FEW: usize = 40;

/// What may stand at the end of an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Where what they stand for begins, in bytes.
    pub from: usize,
    /// Each as it is written.
    pub words: Vec<String>,
}

impl Candidates {
    /// What `text` could end with, for these rows.
    pub fn of<'a>(text: &str, rows: impl Iterator<Item = &'a Group>) -> Self {
        match grammar::unfinished(text) {
            None => Self::default(),
            Some((from, Unfinished::Word(word))) => Self { from, words: fields(word) },
            Some((from, Unfinished::Value(name, start))) => {
                let words = field::find(name).map_or_else(Vec::new, |field| values(field, start, rows));
                Self { from, words }
            }
        }
    }
}

/// Fields that are called so, then those with a part that is, then those whose column is.
fn fields(word: &str) -> Vec<String> {
    if word.is_empty() {
        return Vec::new();
    }
    let word = word.to_lowercase();
    let whole = FIELDS.iter().filter(|field| field.id.starts_with(&word)).map(|field| field.id);
    let part = |id: &str| id.split(['.', '_']).skip(1).any(|part| part.starts_with(&word));
    let parts = FIELDS.iter().filter(|field| part(field.id)).map(|field| field.id);
    let heads = HEADS.iter().filter(|(head, _)| head.to_lowercase().starts_with(&word)).map(|(_, id)| *id);
    let mut names: Vec<String> = Vec::new();
    for id in whole.chain(parts).chain(heads) {
        if !names.iter().any(|known| known == id) {
            names.push(id.to_owned());
        }
    }
    names
}

/// The values that rows have of a field, if they are words and few.
fn values<'a>(field: &Field, start: &str, rows: impl Iterator<Item = &'a Group>) -> Vec<String> {
    let mut values: Vec<String> = match field.unit {
        Unit::Flag => vec!["yes".to_owned(), "no".to_owned()],
        Unit::Text => rows.filter_map(|row| (field.get)(row).ok()).flat_map(words).collect(),
        Unit::Bytes | Unit::Count | Unit::Percent => Vec::new(),
    };
    let start = start.to_lowercase();
    // What a terminal would not show is not offered either.
    values.retain(|value| value.to_lowercase().starts_with(&start) && !value.chars().any(text::is_harmful));
    if field.unit == Unit::Text {
        values.sort_unstable();
        values.dedup();
    }
    if values.len() > FEW {
        return Vec::new();
    }
    values.iter().filter_map(|value| grammar::written(value)).collect()
}

fn words(value: Value<'_>) -> Vec<String> {
    match value {
        Value::List(items) => items,
        value => vec![value.human()],
    }
}
