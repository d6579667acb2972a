//! OOM kills as JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::export::timestamp;
use crate::model::autopsy::{Autopsy, Before};
use crate::snapshot::{AtLimit, Part, Reading, Task};
use crate::units::Limit;

/// One kill. What nobody told is `null`.
pub(super) struct AutopsyJson<'a>(pub(super) &'a Autopsy);

impl Serialize for AutopsyJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let autopsy = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("number", &autopsy.number)?;
        map.serialize_entry("when", &timestamp(autopsy.when))?;
        map.serialize_entry("before_attach", &autopsy.past)?;
        map.serialize_entry("name", &autopsy.name.as_deref())?;
        map.serialize_entry("cgroup", &autopsy.cgroup.as_deref())?;
        map.serialize_entry("runtime", &autopsy.runtime.as_deref())?;
        map.serialize_entry("image", &autopsy.image.as_deref())?;
        map.serialize_entry("by", &autopsy.by.names())?;
        map.serialize_entry("limited_by", &autopsy.limited_by.as_deref())?;
        map.serialize_entry("killer", autopsy.killer.name())?;
        map.serialize_entry("processes", &autopsy.killer.processes())?;
        map.serialize_entry(
            "victim",
            &autopsy.victim.as_ref().map(|(pid, comm)| Victim(*pid, comm, autopsy.victim_memory)),
        )?;
        map.serialize_entry("at_limit", &autopsy.at_limit.as_ref().map(AtLimitJson))?;
        map.serialize_entry("memsw", &autopsy.memsw.as_ref().map(AtLimitJson))?;
        map.serialize_entry("swap", &autopsy.swap.as_ref().map(AtLimitJson))?;
        map.serialize_entry("with_group", &(autopsy.part == Part::Member))?;
        map.serialize_entry("told_by", autopsy.evidence())?;
        map.serialize_entry("before", &autopsy.before.as_ref().map(BeforeJson))?;
        map.serialize_entry("tasks", &autopsy.tasks.iter().map(TaskJson).collect::<Vec<_>>())?;
        map.end()
    }
}

/// Process, name, and its memory: anonymous, file, shared.
struct Victim<'a>(u32, &'a str, [Option<u64>; 3]);

impl Serialize for Victim<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [anon, file, shmem] = self.2;
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("pid", &self.0)?;
        map.serialize_entry("comm", self.1)?;
        map.serialize_entry("anon", &anon)?;
        map.serialize_entry("file", &file)?;
        map.serialize_entry("shmem", &shmem)?;
        map.end()
    }
}

struct AtLimitJson<'a>(&'a AtLimit);

impl Serialize for AtLimitJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("usage", &self.0.usage)?;
        map.serialize_entry("limit", &self.0.limit)?;
        map.serialize_entry("failcnt", &self.0.failcnt)?;
        map.end()
    }
}

struct BeforeJson<'a>(&'a Before);

impl Serialize for BeforeJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let before = self.0;
        let mut map = serializer.serialize_map(None)?;
        let limit: Reading<Option<u64>> = before.limit.map(Limit::bytes);
        map.serialize_entry("usage", &before.usage.ok())?;
        map.serialize_entry("limit", &limit.ok().flatten())?;
        map.serialize_entry("failcnt", &before.failcnt.ok())?;
        for (part, reading) in before.parts() {
            map.serialize_entry(part, &reading.ok())?;
        }
        map.end()
    }
}

struct TaskJson<'a>(&'a Task);

impl Serialize for TaskJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("pid", &self.0.pid)?;
        map.serialize_entry("comm", &*self.0.comm)?;
        map.serialize_entry("rss", &self.0.rss)?;
        map.end()
    }
}
