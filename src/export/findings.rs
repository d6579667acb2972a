//! What two readings found, for scripts and monitoring systems: a line for each finding, or one JSON object.
//!
//! The first line begins with the worst level in capitals, as monitoring systems want it.

use std::io;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{line, timestamp};
use crate::alert::{Alert, Level, Subject};
use crate::model::{Group, Model, Scope, Verdict, evidence};
use crate::query::Filter;
use crate::text;

/// The version of the names and meanings in the JSON.
const SCHEMA_VERSION: u64 = 1;

/// What was found.
#[derive(Debug)]
pub struct Findings<'a> {
    model: &'a Model,
    alerts: Vec<&'a Alert>,
    rows: usize,
    not_judged: Vec<&'static str>,
}

impl<'a> Findings<'a> {
    /// Those of the rows that match. The host is no row, nor is what is gone: they are told where every row is.
    pub fn of(model: &'a Model, firing: &'a [Alert], filter: &Filter, not_judged: Vec<&'static str>) -> Self {
        let matches = |alert: &&Alert| match &alert.subject {
            Subject::Row(id) => model.group(id).is_some_and(|group| filter.matches(group)),
            Subject::Host | Subject::Gone(_) => matches!(filter, Filter::All),
        };
        let rows = model.rows().filter(|group| filter.matches(group)).count();
        Self { model, alerts: firing.iter().filter(matches).collect(), rows, not_judged }
    }

    /// The worst level that asks for somebody; notices do not.
    pub fn worst(&self) -> Option<Level> {
        self.alerts.iter().map(|alert| alert.level).filter(|level| *level > Level::Notice).max()
    }

    /// A line for each, the worst first, and one for the rules that need longer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_text(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.worst().is_none() {
            writeln!(out, "OK {}", self.quiet())?;
        }
        for alert in &self.alerts {
            let (name, text) = (text::visible(&alert.name), text::visible(&alert.text));
            writeln!(out, "{} {name} {} {text}", alert.level.name().to_uppercase(), alert.rule)?;
        }
        if !self.not_judged.is_empty() {
            let over = self.over().as_secs_f64();
            writeln!(out, "not judged within {over:.1} s: {}", self.not_judged.join(", "))?;
        }
        Ok(())
    }

    fn quiet(&self) -> String {
        let kind = if self.model.scope() == Scope::Everything { "cgroup" } else { "container" };
        let counted = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let rows = counted(self.rows, kind);
        if self.alerts.is_empty() { rows } else { format!("{rows}, {}", counted(self.alerts.len(), "notice")) }
    }

    /// The same as one object.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        line::write(self, out)
    }

    /// The time between the readings.
    fn over(&self) -> Duration {
        self.model.attached()
    }
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let taken_at = self.model.snapshot().map(|snapshot| timestamp(snapshot.taken_at));
        let findings: Vec<_> = self.alerts.iter().map(|alert| Finding(alert, self.model)).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema_version", &SCHEMA_VERSION)?;
        map.serialize_entry("taken_at", &taken_at)?;
        map.serialize_entry("over_ms", &u64::try_from(self.over().as_millis()).unwrap_or(u64::MAX))?;
        map.serialize_entry("status", self.worst().map_or("ok", Level::name))?;
        map.serialize_entry("rows", &self.rows)?;
        map.serialize_entry("findings", &findings)?;
        map.serialize_entry("not_judged", &self.not_judged)?;
        map.end()
    }
}

struct Finding<'a>(&'a Alert, &'a Model);

impl Serialize for Finding<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(alert, model) = self;
        let group = match &alert.subject {
            Subject::Row(id) => model.group(id),
            Subject::Host | Subject::Gone(_) => None,
        };
        let evidence = match (&alert.subject, group) {
            (Subject::Host, _) => evidence::of_host(model).into_iter().collect(),
            (_, group) => group.map(evidence::evidence).unwrap_or_default(),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("level", alert.level.name())?;
        map.serialize_entry("rule", alert.rule)?;
        map.serialize_entry("name", &*alert.name)?;
        map.serialize_entry("cgroup", &alert.subject.path())?;
        map.serialize_entry("inode", &group.map(|group| group.id.inode))?;
        map.serialize_entry("text", &alert.text)?;
        map.serialize_entry("verdict", &group.and_then(verdict).map(VerdictJson))?;
        map.serialize_entry("evidence", &evidence)?;
        map.end()
    }
}

fn verdict(group: &Group) -> Option<Verdict> {
    group.verdict.ok()
}

struct VerdictJson(Verdict);

impl Serialize for VerdictJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("state", self.0.state.name())?;
        map.serialize_entry("by", &self.0.by())?;
        map.serialize_entry("hurts", &self.0.hurts)?;
        map.end()
    }
}
