//! A table of a TOML file, of which every key must be known and every value of its kind.
//!
//! Must not know what keys mean.

use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Error;
use super::nearest::nearest;
use super::record::{Origin, Said, written};
use crate::text::excerpt;
use crate::units;

/// The longest time that makes sense: a day.
const DAY: Duration = Duration::from_secs(86_400);

/// A file's text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    pub(super) path: &'a Path,
    pub(super) toml: &'a str,
    /// Whether nobody else could have written it.
    pub(super) trusted: bool,
}

impl<'a> Text<'a> {
    pub(super) fn parse(&self) -> Result<DeTable<'a>, Error> {
        let table = DeTable::parse(self.toml).map_err(|error| {
            let place = error.span().map_or(0, |span| span.start);
            self.error(place, error.message().to_owned())
        })?;
        Ok(table.into_inner())
    }

    fn error(&self, place: usize, why: String) -> Error {
        Error::Meaningless { path: self.path.to_owned(), line: self.line(place), why }
    }

    /// The line of a place, from 1 on.
    fn line(&self, place: usize) -> usize {
        let before = self.toml.get(..place).unwrap_or(self.toml);
        1 + before.matches('\n').count()
    }
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'a> {
    text: &'a Text<'a>,
    name: &'static str,
    table: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    /// The table, if it has no other keys than these.
    pub(super) fn new(
        text: &'a Text<'a>,
        name: &'static str,
        table: &'a DeTable<'a>,
        keys: &[&'static str],
    ) -> Result<Self, Error> {
        let section = Self { text, name, table };
        let unknown = table.keys().filter(|key| !keys.contains(&&**key.get_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            None => Ok(section),
            Some(key) => {
                let nearest = nearest(key.get_ref(), keys.iter().copied()).unwrap_or_default();
                let why =
                    format!("`{}`: no such key; the nearest is `{nearest}`", section.full(&excerpt(key.get_ref())));
                Err(text.error(key.span().start, why))
            }
        }
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// The value of a key, if it has one.
    pub(super) fn get(&self, key: &str) -> Option<Entry<'a>> {
        let value = self.table.get(key)?;
        Some(Entry { text: self.text, key: self.full(key), value })
    }

    /// What it says of these keys.
    pub(super) fn said(&self, keys: &[&'static str]) -> Vec<Said> {
        keys.iter().filter_map(|key| Some(self.get(key)?.said(key))).collect()
    }

    /// A table inside.
    pub(super) fn section(&self, name: &'static str, keys: &[&'static str]) -> Result<Option<Section<'a>>, Error> {
        let Some(entry) = self.get(name) else { return Ok(None) };
        match entry.value.get_ref() {
            DeValue::Table(table) => Section::new(self.text, name, table, keys).map(Some),
            _ => Err(entry.error(&format!("must be written as [{name}]"))),
        }
    }

    /// Tables inside that all have one name.
    pub(super) fn sections(&self, name: &'static str, keys: &[&'static str]) -> Result<Vec<Section<'a>>, Error> {
        let Some(entry) = self.get(name) else { return Ok(Vec::new()) };
        let wrong = || entry.error(&format!("must be written as [[{name}]]"));
        let DeValue::Array(tables) = entry.value.get_ref() else { return Err(wrong()) };
        let tables = tables.iter().map(|table| match table.get_ref() {
            DeValue::Table(table) => Section::new(self.text, name, table, keys),
            _ => Err(wrong()),
        });
        tables.collect()
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    text: &'a Text<'a>,
    key: String,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Entry<'a> {
    /// That it means nothing.
    pub(super) fn error(&self, why: &str) -> Error {
        self.text.error(self.value.span().start, format!("`{}`: {why}", self.key))
    }

    fn said(&self, key: &'static str) -> Said {
        let origin = Origin::File(self.text.path.to_owned(), self.text.line(self.value.span().start));
        Said { key, value: written(self.value.get_ref()), origin }
    }

    /// Whether nobody else could have written it.
    pub(super) fn is_trusted(&self) -> bool {
        self.text.trusted
    }

    pub(super) fn flag(&self) -> Result<bool, Error> {
        self.value.get_ref().as_bool().ok_or_else(|| self.error("must be true or false"))
    }

    pub(super) fn word(&self) -> Result<&'a str, Error> {
        self.value.get_ref().as_str().ok_or_else(|| self.error("must be text in quotation marks"))
    }

    /// One of several names.
    pub(super) fn choice<T>(
        &self,
        what: &str,
        choices: impl IntoIterator<Item = (&'static str, T)>,
    ) -> Result<T, Error> {
        let word = self.word()?;
        let (names, mut values): (Vec<&str>, Vec<T>) = choices.into_iter().unzip();
        if let Some(at) = names.iter().position(|name| *name == word) {
            return Ok(values.swap_remove(at));
        }
        let all = names.join(", ");
        let nearest = nearest(word, names).unwrap_or_default();
        Err(self.error(&format!("no such {what}; the nearest is `{nearest}` of {all}")))
    }

    /// Each word of a list.
    pub(super) fn each<T>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, Error> {
        let wrong = || self.error("must be a list of words in quotation marks: [\"…\", \"…\"]");
        let DeValue::Array(words) = self.value.get_ref() else { return Err(wrong()) };
        let words = words.iter().map(|word| {
            let word = word.get_ref().as_str().ok_or_else(wrong)?;
            read(word).map_err(|why| self.error(&why))
        });
        words.collect()
    }

    /// A time as `10s` or in seconds.
    pub(super) fn time(&self) -> Result<Duration, Error> {
        let time = units::parse_duration(&self.plain()).map_err(|error| self.error(&error.to_string()))?;
        if time <= DAY { Ok(time) } else { Err(self.error("must be 24h at most")) }
    }

    /// A size as `16M` or in bytes.
    pub(super) fn size(&self) -> Result<f64, Error> {
        units::parse_size(&self.plain()).map(|bytes| bytes as f64).map_err(|error| self.error(&error.to_string()))
    }

    /// A number, whatever `unit` may stand behind it.
    pub(super) fn number(&self, unit: &str) -> Option<f64> {
        let text = self.plain();
        let number: f64 = text.strip_suffix(unit).unwrap_or(&text).trim().parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    }

    /// A number or a text as it is written.
    pub(super) fn plain(&self) -> String {
        match self.value.get_ref() {
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        }
    }
}
