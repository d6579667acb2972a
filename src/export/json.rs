//! A reading as one JSON object.

use std::io;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::export::autopsy::AutopsyJson;
use crate::export::network::NetworkJson;
use crate::export::resource::ResourceJson;
use crate::export::{line, timestamp};
use crate::field::{FIELDS, Value};
use crate::model::autopsy::Autopsy;
use crate::model::{Group, Model, Network};
use crate::snapshot::{Host, Missing, Problem, Psi, Reading, Snapshot};
use crate::units::Limit;

/// The version of the names and meanings in the JSON.
const SCHEMA_VERSION: u64 = 1;

/// Writes the newest reading as one line.
///
/// # Errors
/// Those of the writer.
pub fn write(model: &Model, rows: &[&Group], out: &mut dyn io::Write) -> io::Result<()> {
    let Some(snapshot) = model.snapshot() else { return Ok(()) };
    let autopsies: Vec<&Autopsy> = model.autopsies().newest().collect();
    line::write(
        &Report { snapshot, rows, networks: model.networks(), autopsies, oom_kills: model.autopsies().counted() },
        out,
    )
}

struct Report<'a> {
    snapshot: &'a Snapshot,
    rows: &'a [&'a Group],
    networks: &'a [Network],
    autopsies: Vec<&'a Autopsy>,
    oom_kills: u64,
}

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema_version", &SCHEMA_VERSION)?;
        map.serialize_entry("taken_at", &timestamp(self.snapshot.taken_at))?;
        map.serialize_entry("duration_us", &u64::try_from(self.snapshot.took.as_micros()).unwrap_or(u64::MAX))?;
        map.serialize_entry("host", &HostJson(&self.snapshot.host, self.snapshot.oom_log))?;
        map.serialize_entry("containers", &Each(self.rows, |group| Row(group)))?;
        let network = |network| NetworkJson { network, snapshot: self.snapshot };
        map.serialize_entry("networks", &self.networks.iter().map(network).collect::<Vec<_>>())?;
        map.serialize_entry("oom_kills_since_attach", &self.oom_kills)?;
        map.serialize_entry("autopsies", &Each(&self.autopsies, |autopsy| AutopsyJson(autopsy)))?;
        map.serialize_entry("problems", &Each(&self.snapshot.problems, ProblemJson))?;
        map.end()
    }
}

/// A slice, each item shown by a wrapper.
pub(super) struct Each<'a, T, W>(pub(super) &'a [T], pub(super) fn(&'a T) -> W);

impl<T, W: Serialize> Serialize for Each<'_, T, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            seq.serialize_element(&(self.1)(item))?;
        }
        seq.end()
    }
}

pub(super) struct ProblemJson<'a>(pub(super) &'a Problem);

impl Serialize for ProblemJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("path", &self.0.path)?;
        map.serialize_entry("doing", self.0.doing)?;
        map.serialize_entry("error", &self.0.error)?;
        map.end()
    }
}

/// The host, and why its log is not read, if so.
struct HostJson<'a>(&'a Host, Reading<()>);

impl Serialize for HostJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let host = self.0;
        let figures: [(&str, Reading); 6] = [
            ("mem_total", host.mem_total),
            ("mem_available", host.mem_available),
            ("swap_total", host.swap_total),
            ("swap_free", host.swap_free),
            ("swap_cached", host.swap_cached),
            ("oom_kill", host.oom_kill),
        ];
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("hostname", &host.hostname)?;
        map.serialize_entry("kernel", &host.kernel)?;
        map.serialize_entry("hierarchy", host.hierarchy.name())?;
        map.serialize_entry("namespaced", &host.namespaced)?;
        for (name, figure) in figures {
            map.serialize_entry(name, &figure.ok())?;
        }
        map.serialize_entry("psi", &host.psi.as_ref().ok().map(PsiJson))?;
        let missing: Vec<(&str, Missing)> = figures
            .into_iter()
            .map(|(name, figure)| (name, figure.err()))
            .chain([("psi", host.psi.as_ref().err().copied()), ("oom_log", self.1.err())])
            .filter_map(|(name, reason)| Some((name, reason?)))
            .collect();
        map.serialize_entry("missing", &Reasons(&missing))?;
        map.end()
    }
}

struct PsiJson<'a>(&'a Psi);

impl Serialize for PsiJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        for (line, [avg10, avg60, total]) in [
            (self.0.some, ["some_avg10", "some_avg60", "some_total_us"]),
            (self.0.full, ["full_avg10", "full_avg60", "full_total_us"]),
        ] {
            map.serialize_entry(avg10, &line.avg10)?;
            map.serialize_entry(avg60, &line.avg60)?;
            map.serialize_entry(total, &line.total_us)?;
        }
        map.end()
    }
}

struct Row<'a>(&'a Group);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        // A shortened id stands in for the name.
        let mut missing: Vec<_> = self.0.identity.unnamed.iter().map(|reason| ("name", *reason)).collect();
        let mut fields = FIELDS.iter().peekable();
        while let Some(field) = fields.next() {
            let value = (field.get)(self.0);
            let Some((object, first)) = field.id.split_once('.') else {
                missing.extend(value.as_ref().err().map(|reason| (field.id, *reason)));
                map.serialize_entry(field.id, &value.ok().map(Json))?;
                continue;
            };
            let mut inner = vec![(first, value)];
            while let Some((_, name)) =
                fields.peek().and_then(|next| next.id.split_once('.')).filter(|(o, _)| *o == object)
            {
                inner.extend(fields.next().map(|next| (name, (next.get)(self.0))));
            }
            match inner[0].1 {
                Ok(_) if object == "verdict" => map.serialize_entry(object, &VerdictJson(&inner, self.0))?,
                Ok(_) => map.serialize_entry(object, &Object(&inner))?,
                Err(reason) => {
                    missing.push((object, reason));
                    map.serialize_entry(object, &())?;
                }
            }
        }
        if !self.0.resources.is_empty() {
            let resources: Vec<_> = self.0.resources.each().map(|(resource, _)| resource).collect();
            map.serialize_entry("resources", &Each(&resources, |resource| ResourceJson(resource)))?;
        }
        map.serialize_entry("missing", &Reasons(&missing))?;
        map.end()
    }
}

struct Object<'a>(&'a [(&'a str, Reading<Value<'a>>)]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, &value.as_ref().ok().cloned().map(Json))?;
        }
        map.end()
    }
}

/// The verdict also names the cgroup that binds, where one does.
struct VerdictJson<'a>(&'a [(&'a str, Reading<Value<'a>>)], &'a Group);

impl Serialize for VerdictJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let held = self.1.verdict.is_ok_and(|verdict| verdict.own || verdict.ancestor);
        let binding = self.1.figures.limited_by.as_ref().ok().map(crate::model::figures::Holder::path);
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0 {
            map.serialize_entry(name, &value.as_ref().ok().cloned().map(Json))?;
        }
        map.serialize_entry("cgroup", &binding.filter(|_| held))?;
        map.end()
    }
}

pub(super) struct Reasons<'a>(pub(super) &'a [(&'a str, Missing)]);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, reason) in self.0 {
            map.serialize_entry(name, reason.reason())?;
        }
        map.end()
    }
}

struct Json<'a>(Value<'a>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Value::Bytes(n) | Value::Count(n) | Value::Id(n) => serializer.serialize_u64(*n),
            Value::Limit(Limit::Bytes(bytes)) => serializer.serialize_u64(*bytes),
            Value::Limit(Limit::Unlimited) => serializer.serialize_none(),
            Value::Percent(number) | Value::Rate(number) => serializer.serialize_f64((number * 100.0).round() / 100.0),
            Value::Growth(bytes) => serializer.serialize_i64(bytes.round() as i64),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Netns(netns) => serializer.serialize_u64(netns.inode),
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::List(items) => items.serialize(serializer),
        }
    }
}
