//! What two readings found, for scripts and monitoring systems: a line for each finding, or one JSON object.
//!
//! The first line begins with the worst level in capitals, as monitoring systems want it.

use std::io;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::json::{Each, ProblemJson};
use super::{line, timestamp};
use crate::alert::unknown::{self, Unknown};
use crate::alert::{Alert, Level, Subject};
use crate::model::{Group, Model, Scope, Verdict, evidence};
use crate::query::Filter;
use crate::snapshot::Missing;
use crate::text;
use crate::units;

/// The version of the names and meanings in the JSON.
const SCHEMA_VERSION: u64 = 1;

/// What was found.
#[derive(Debug)]
pub struct Findings<'a> {
    model: &'a Model,
    filter: &'a Filter,
    alerts: Vec<&'a Alert>,
    unknown: Vec<Unknown>,
    rows: usize,
    not_judged: Vec<&'static str>,
}

/// What it comes to, as monitoring systems see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing that asks for somebody; notices do not.
    Ok,
    /// Something could not be told, and nothing that could is any trouble.
    Unknown,
    /// Something may become trouble.
    Warning,
    /// Something costs time or kills.
    Critical,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl<'a> Findings<'a> {
    /// Those of the rows that match, with the expression that says which, and of what is gone and would. The host is no
    /// row: it is told where every row is.
    pub fn of(
        model: &'a Model,
        firing: &'a [Alert],
        (filter, expression): (&'a Filter, &str),
        not_judged: Vec<&'static str>,
    ) -> Self {
        let is_everything = matches!(filter, Filter::All);
        let matches = |alert: &&Alert| match &alert.subject {
            Subject::Row(id) => model.group(id).is_some_and(|group| filter.matches(group)),
            Subject::Gone(Some(path)) => is_everything || model.killed_at(path).is_some_and(|was| filter.matches(&was)),
            Subject::Host | Subject::Gone(None) => is_everything,
        };
        let rows = model.rows().filter(|group| filter.matches(group)).count();
        let alerts: Vec<&Alert> = firing.iter().filter(matches).collect();
        let mut unknown = unknown::of(model, filter);
        let is_nothing = rows == 0 && alerts.is_empty() && !is_everything;
        unknown.extend(is_nothing.then(|| unknown::no_match(&text::excerpt(expression))));
        // What was there at both readings counted its kills itself.
        let is_new = |group: &Group| filter.matches(group) && group.is_new();
        let is_unplaced = |alert: &Alert| alert.subject == Subject::Gone(None);
        let may_be_these = !is_everything && model.rows().any(is_new) && firing.iter().any(is_unplaced);
        unknown.extend(may_be_these.then(unknown::unplaced));
        Self { model, filter, alerts, unknown, rows, not_judged }
    }

    /// The worst of all: what is known to be trouble is worse than what is not known.
    pub fn status(&self) -> Status {
        match self.alerts.iter().map(|alert| alert.level).max() {
            Some(Level::Critical) => Status::Critical,
            Some(Level::Warning) => Status::Warning,
            Some(Level::Notice) | None if !self.unknown.is_empty() => Status::Unknown,
            Some(Level::Notice) | None => Status::Ok,
        }
    }

    /// A line for each, the worst first, and one for the rules that need longer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_text(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.status() == Status::Ok {
            writeln!(out, "OK {}", self.quiet())?;
        }
        let (notices, trouble): (Vec<&Alert>, Vec<&Alert>) =
            self.alerts.iter().partition(|alert| alert.level == Level::Notice);
        trouble.into_iter().try_for_each(|alert| write_alert(alert, out))?;
        self.unknown.iter().try_for_each(|unknown| write_unknown(unknown, out))?;
        notices.into_iter().try_for_each(|alert| write_alert(alert, out))?;
        let log = self.model.snapshot().and_then(|snapshot| snapshot.oom_log.err());
        if let Some(reason) = log.filter(|reason| reason.is_failure()) {
            writeln!(out, "not read: the kernel log ({}), so victims of OOM kills may stay unknown", reason.reason())?;
        }
        if let Some((containers, reason)) = self.without_network() {
            let whose = units::counted(containers as u64, "container");
            writeln!(
                out,
                "not read: the network of {whose} ({}), so whether sockets starve is unknown",
                reason.reason()
            )?;
        }
        if !self.not_judged.is_empty() {
            let over = self.over().as_secs_f64();
            writeln!(out, "not judged within {over:.1} s: {}", self.not_judged.join(", "))?;
        }
        Ok(())
    }

    /// Of how many containers the network namespace is not known, and why not of one of them.
    fn without_network(&self) -> Option<(usize, Missing)> {
        let containers = self.model.rows().filter(|row| row.is_container() && self.filter.matches(row));
        let reasons = containers.filter_map(|row| row.netns.err());
        let mut failures = reasons.filter(|reason| reason.is_failure());
        let first = failures.next()?;
        Some((1 + failures.count(), first))
    }

    fn quiet(&self) -> String {
        let kind = if self.model.scope() == Scope::Everything { "cgroup" } else { "container" };
        let counted = |n: usize, what: &str| format!("{n} {}", units::named(n as u64, what));
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

fn write_alert(alert: &Alert, out: &mut dyn io::Write) -> io::Result<()> {
    let (name, text) = (text::visible(&alert.name), text::visible(&alert.text));
    writeln!(out, "{} {name} {} {text}", alert.level.name().to_uppercase(), alert.rule)
}

fn write_unknown(unknown: &Unknown, out: &mut dyn io::Write) -> io::Result<()> {
    let (name, text) = (text::visible(&unknown.name), text::visible(&unknown.text));
    match unknown.subject {
        Some(_) => writeln!(out, "UNKNOWN {name} {} {text}", unknown.kind),
        None => writeln!(out, "UNKNOWN {text}"),
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
        map.serialize_entry("status", self.status().name())?;
        map.serialize_entry("rows", &self.rows)?;
        map.serialize_entry("findings", &findings)?;
        map.serialize_entry("unknown", &Each(&self.unknown, UnknownJson))?;
        map.serialize_entry("not_judged", &self.not_judged)?;
        map.serialize_entry("problems", &Each(self.model.problems(), ProblemJson))?;
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

struct UnknownJson<'a>(&'a Unknown);

impl Serialize for UnknownJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Unknown { subject, name, kind, text } = self.0;
        let inode = match subject {
            Some(Subject::Row(id)) => Some(id.inode),
            Some(Subject::Host | Subject::Gone(_)) | None => None,
        };
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("kind", kind)?;
        map.serialize_entry("name", &subject.as_ref().map(|_| &**name))?;
        map.serialize_entry("cgroup", &subject.as_ref().and_then(Subject::path))?;
        map.serialize_entry("inode", &inode)?;
        map.serialize_entry("text", text)?;
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
