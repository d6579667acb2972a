//! The table of the figures: to add one, add a line.
//!
//! Must not compute: a figure is worked out in [`crate::model`], and only named here.

use std::sync::Arc;
use std::time::Duration;

use super::{Field, Unit, Value};
use crate::model::forecast::Forecast;
use crate::model::{Group, cause, evidence};
use crate::snapshot::{Missing, Reading};

fn text(value: Option<&str>) -> Reading<Value<'_>> {
    value.map(Value::Text).ok_or(Missing::NotKnown)
}

fn told(value: &Reading<Arc<str>>) -> Reading<Value<'_>> {
    value.as_deref().map(Value::Text).map_err(|reason| *reason)
}

fn rate(rate: Reading<f64>) -> Reading<Value<'static>> {
    rate.map(Value::Rate)
}

fn left(group: &Group, of: fn(Forecast) -> Option<Duration>) -> Reading<Value<'_>> {
    group.forecast.and_then(of).map(|left| Value::Count(left.as_secs())).ok_or(Missing::NoForecast)
}

macro_rules! field {
    ($id:literal, $unit:ident, $meaning:literal, $source:literal, $get:expr) => {
        Field { id: $id, meaning: $meaning, source: $source, unit: Unit::$unit, get: $get }
    };
}

/// Every figure, in the order of the JSON.
pub const FIELDS: &[Field] = &[
    field!("cgroup", Text, "Path of the outermost cgroup in the memory hierarchy.", "directory", |g| Ok(Value::Text(
        &g.id.path
    ))),
    field!(
        "inode",
        Count,
        "Inode of the cgroup's directory: a cgroup made again under its old path has another.",
        "directory",
        |g| if g.id.inode == 0 { Err(Missing::NoDirectory) } else { Ok(Value::Id(g.id.inode)) }
    ),
    field!("kind", Text, "What it is: container, pod, vm, service, scope, slice, cgroup.", "path", |g| Ok(
        Value::Text(g.identity.kind.name())
    )),
    field!("members", Count, "How many containers it stands for: one, but for a sum.", "rows", |g| Ok(Value::Count(
        g.members as u64
    ))),
    field!("runtime", Text, "Who made it.", "path", |g| text(g.identity.runtime.as_deref())),
    field!("id", Text, "The runtime's id of it.", "path", |g| text(g.identity.id.as_deref())),
    field!("name", Text, "What its owner calls it, else its shortened id.", "runtime's state", |g| Ok(Value::Text(
        &g.identity.name
    ))),
    field!("image", Text, "The image that it was made from.", "runtime's state", |g| told(&g.identity.image)),
    field!("pod", Text, "The name of its pod.", "runtime's state", |g| told(&g.identity.pod)),
    field!("pod_id", Text, "The id of its pod: the kubelet's uid, or podman's.", "path", |g| g
        .identity
        .pod_id
        .as_deref()
        .map(Value::Text)
        .ok_or(Missing::NoPod)),
    field!("namespace", Text, "The namespace of its pod or of its runtime; an LXD project.", "runtime's state", |g| {
        told(&g.identity.namespace)
    }),
    field!(
        "usage",
        Bytes,
        "Memory charged to it: what its limit counts, page cache included.",
        "memory.usage_in_bytes | memory.current",
        |g| g.figures.usage.map(Value::Bytes)
    ),
    field!(
        "usage_growth",
        Bytes,
        "By how much usage grows a second, between the last two readings; negative where it shrinks.",
        "usage of two readings",
        |g| g.growth().map(Value::Growth)
    ),
    field!(
        "working_set",
        Bytes,
        "Usage without inactive file pages: what docker stats and the kubelet call its memory.",
        "usage - inactive_file",
        |g| g.figures.working_set.map(Value::Bytes)
    ),
    field!(
        "floor",
        Bytes,
        "What reclaim cannot free without swap: anonymous memory, tmpfs, kernel memory, sockets.",
        "total_rss + total_shmem + kmem.usage | anon + shmem + kernel - slab_reclaimable + sock",
        |g| g.figures.floor.map(Value::Bytes)
    ),
    field!("peak", Bytes, "The highest usage so far.", "memory.max_usage_in_bytes | memory.peak", |g| g
        .figures
        .peak
        .map(Value::Bytes)),
    field!("limit", Bytes, "Its own hard limit.", "memory.limit_in_bytes | memory.max", |g| g
        .figures
        .limit
        .map(Value::Limit)),
    field!("high", Bytes, "Above this its tasks are slowed down.", "- | memory.high", |g| g
        .figures
        .high
        .map(Value::Limit)),
    field!("soft_limit", Bytes, "Above this the host reclaims from it first.", "memory.soft_limit_in_bytes | -", |g| g
        .figures
        .soft_limit
        .map(Value::Limit)),
    field!("low", Bytes, "Protected from reclaim if it can be.", "- | memory.low", |g| g.figures.low.map(Value::Limit)),
    field!("min", Bytes, "Protected from reclaim always.", "- | memory.min", |g| g.figures.min.map(Value::Limit)),
    field!(
        "declared_limit",
        Bytes,
        "The memory limit that its runtime's configuration asks for; the kernel may enforce another.",
        "runtime's state",
        |g| g.identity.declared.limit.map(Value::Limit)
    ),
    field!("declared_swap_limit", Bytes, "The swap that its runtime's configuration grants.", "runtime's state", |g| g
        .identity
        .declared
        .swap_limit
        .map(Value::Limit)),
    field!(
        "limit_differs",
        Flag,
        "Whether the kernel enforces other limits than its runtime's configuration asks for.",
        "runtime's state, limits of the kernel",
        |g| g.identity.declared.limit.map(|_| Value::Flag(!g.differences.is_empty()))
    ),
    field!("command", Text, "What its first process runs.", "/proc/PID/stat comm", |g| text(
        g.identity.command.as_deref()
    )),
    field!("effective_limit", Bytes, "The smallest limit of it and its ancestors.", "limits of the path", |g| g
        .figures
        .effective_limit
        .map(Value::Limit)),
    field!(
        "effective_high",
        Bytes,
        "The smallest memory.high of it and its ancestors.",
        "- | memory.high of the path",
        |g| g.figures.effective_high.map(Value::Limit)
    ),
    field!(
        "limited_by",
        Text,
        "Whose limit leaves the least room: a cgroup's path, or the host.",
        "limits and usage of the path",
        |g| g.figures.limited_by.as_ref().map(|by| Value::Text(by.path())).map_err(|reason| *reason)
    ),
    field!(
        "limited_by_resource",
        Text,
        "What that is a limit of: memory, memsw (memory and swap), or OpenVZ's privvmpages (allocated, used or not).",
        "limits of the path",
        |g| g.figures.limited_by_resource.map(|resource| Value::Text(resource.name()))
    ),
    field!("limited_by_limit", Bytes, "The limit that leaves the least room.", "limits and usage of the path", |g| g
        .figures
        .limited_by_limit
        .map(Value::Limit)),
    field!("limited_by_usage", Bytes, "What counts against that limit.", "limits and usage of the path", |g| g
        .figures
        .limited_by_usage
        .map(Value::Bytes)),
    field!(
        "headroom",
        Bytes,
        "Room left under the limit that binds, or what the host has available.",
        "limits and usage of the path",
        |g| g.figures.headroom.map(Value::Bytes)
    ),
    field!("percent", Percent, "How full the limit that binds is.", "limited_by_usage / limited_by_limit", |g| g
        .figures
        .percent
        .map(Value::Percent)),
    field!(
        "next_limited_by",
        Text,
        "Whose limit would bind if that one were raised.",
        "limits and usage of the path",
        |g| g.figures.next_limited_by.as_ref().map(|by| Value::Text(by.path())).map_err(|reason| *reason)
    ),
    field!(
        "next_headroom",
        Bytes,
        "Room left under that one: what raising the first limit gains.",
        "limits and usage of the path",
        |g| g.figures.next_headroom.map(Value::Bytes)
    ),
    field!(
        "failcnt",
        Count,
        "Hits of its own limit. v1 counts attempts, v2 events: not comparable.",
        "memory.failcnt or memsw.failcnt | memory.events.local max",
        |g| g.figures.failcnt.map(Value::Count)
    ),
    field!(
        "failcnt_rate",
        Count,
        "Hits of its own limit a second, between the last two readings.",
        "failcnt of two readings",
        |g| rate(g.hits_per_second())
    ),
    field!(
        "ancestor_failcnt",
        Count,
        "Hits of its ancestors' limits, by whomever below them.",
        "the same of every ancestor",
        |g| g.figures.ancestor_failcnt.map(Value::Count)
    ),
    field!(
        "ancestor_failcnt_rate",
        Count,
        "Hits of its ancestors' limits a second, between the last two readings.",
        "ancestor_failcnt of two readings",
        |g| rate(g.ancestor_hits_per_second())
    ),
    field!(
        "inner_failcnt",
        Count,
        "Hits of limits inside it, such as those of services of a systemd.",
        "the same of its inner cgroups",
        |g| g.figures.inner_failcnt.map(Value::Count)
    ),
    field!(
        "high_events",
        Count,
        "Times that its tasks were slowed down at its memory.high.",
        "- | memory.events.local high",
        |g| g.figures.high_events.map(Value::Count)
    ),
    field!(
        "ancestor_high_events",
        Count,
        "The same at its ancestors' memory.high.",
        "- | memory.events.local high of every ancestor",
        |g| g.figures.ancestor_high_events.map(Value::Count)
    ),
    field!(
        "oom",
        Count,
        "Times that the OOM killer was considered at its own limit.",
        "- | memory.events.local oom",
        |g| g.figures.oom.map(Value::Count)
    ),
    field!(
        "oom_kill",
        Count,
        "Processes of it that the OOM killer took, for whatever limit.",
        "memory.oom_control oom_kill | memory.events oom_kill",
        |g| g.figures.oom_kill.map(Value::Count)
    ),
    field!(
        "oom_kill_total",
        Count,
        "The same, with those of earlier cgroups of its path that were seen.",
        "oom_kill",
        |g| g.figures.oom_kill_total.map(Value::Count)
    ),
    field!(
        "oomd_kill",
        Count,
        "Processes of it that systemd-oomd or oomd killed, which the kernel does not count.",
        "- | extended attribute user.oomd_kill",
        |g| g.figures.oomd_kill.map(Value::Count)
    ),
    field!(
        "swap",
        Bytes,
        "What of it is in swap; on v2 the swap cache included.",
        "total_swap | memory.swap.current",
        |g| g.figures.swap.map(Value::Bytes)
    ),
    field!("swap_limit", Bytes, "How much swap it may use.", "memsw.limit - limit | memory.swap.max", |g| g
        .figures
        .swap_limit
        .map(Value::Limit)),
    field!(
        "swap_cached",
        Bytes,
        "In swap and still in memory: pushed out, but not gone.",
        "total_swapcached | swapcached",
        |g| g.figures.swap_cached.map(Value::Bytes)
    ),
    field!("swap_failcnt", Count, "Hits of its swap limit.", "memory.memsw.failcnt | memory.swap.events max", |g| g
        .figures
        .swap_failcnt
        .map(Value::Count)),
    field!(
        "swap_fail",
        Count,
        "Times that it got no swap, for its limit or because the host had none.",
        "- | memory.swap.events fail",
        |g| g.figures.swap_fail.map(Value::Count)
    ),
    field!("zswap", Bytes, "Memory of its compressed pages.", "- | zswap", |g| g.figures.stat.zswap.map(Value::Bytes)),
    field!(
        "footprint",
        Bytes,
        "Memory and swap together, nothing counted twice: what it needs.",
        "usage + swap | usage + swap - swapcached",
        |g| g.figures.footprint.map(Value::Bytes)
    ),
    field!("anon", Bytes, "Anonymous memory: heaps and stacks.", "total_rss | anon", |g| g
        .figures
        .stat
        .anon
        .map(Value::Bytes)),
    field!("file", Bytes, "Page cache, tmpfs included.", "total_cache | file", |g| g
        .figures
        .stat
        .file
        .map(Value::Bytes)),
    field!("shmem", Bytes, "tmpfs and shared memory.", "total_shmem | shmem", |g| g
        .figures
        .stat
        .shmem
        .map(Value::Bytes)),
    field!("kernel", Bytes, "Kernel memory.", "memory.kmem.usage_in_bytes | kernel", |g| g
        .figures
        .stat
        .kernel
        .map(Value::Bytes)),
    field!(
        "slab_reclaimable",
        Bytes,
        "Kernel objects that can be freed, such as dentries.",
        "- | slab_reclaimable",
        |g| g.figures.stat.slab_reclaimable.map(Value::Bytes)
    ),
    field!("slab_unreclaimable", Bytes, "Kernel objects that cannot be freed.", "- | slab_unreclaimable", |g| g
        .figures
        .stat
        .slab_unreclaimable
        .map(Value::Bytes)),
    field!("sock", Bytes, "Socket buffers.", "memory.kmem.tcp.usage_in_bytes | sock", |g| g
        .figures
        .stat
        .sock
        .map(Value::Bytes)),
    field!("active_file", Bytes, "Page cache in recent use.", "total_active_file | active_file", |g| g
        .figures
        .stat
        .active_file
        .map(Value::Bytes)),
    field!("inactive_file", Bytes, "Page cache that is dropped first.", "total_inactive_file | inactive_file", |g| g
        .figures
        .stat
        .inactive_file
        .map(Value::Bytes)),
    field!(
        "dirty",
        Bytes,
        "Page cache that must be written before it can be dropped.",
        "total_dirty | file_dirty",
        |g| g.figures.stat.dirty.map(Value::Bytes)
    ),
    field!("writeback", Bytes, "Page cache that is being written.", "total_writeback | file_writeback", |g| g
        .figures
        .stat
        .writeback
        .map(Value::Bytes)),
    field!("mapped", Bytes, "Page cache that is mapped into processes.", "total_mapped_file | file_mapped", |g| g
        .figures
        .stat
        .mapped
        .map(Value::Bytes)),
    field!(
        "refault_anon",
        Count,
        "Anonymous pages read back after they had been pushed out.",
        "total_workingset_refault_anon | workingset_refault_anon",
        |g| g.figures.stat.refault_anon.map(Value::Count)
    ),
    field!(
        "refault_anon_rate",
        Count,
        "Anonymous pages read back a second, between the last two readings.",
        "refault_anon of two readings",
        |g| rate(g.moved_per_second(|moved| moved.refault_anon))
    ),
    field!(
        "refault_file",
        Count,
        "File pages read back after they had been dropped.",
        "total_workingset_refault_file | workingset_refault_file",
        |g| g.figures.stat.refault_file.map(Value::Count)
    ),
    field!(
        "refault_file_rate",
        Count,
        "File pages read back a second, between the last two readings.",
        "refault_file of two readings",
        |g| rate(g.moved_per_second(|moved| moved.refault_file))
    ),
    field!("pgscan_kswapd", Count, "Pages that kswapd looked at: the host was short.", "- | pgscan_kswapd", |g| g
        .figures
        .stat
        .pgscan_kswapd
        .map(Value::Count)),
    field!("pgscan_direct", Count, "Pages that tasks in need looked at.", "- | pgscan_direct", |g| g
        .figures
        .stat
        .pgscan_direct
        .map(Value::Count)),
    field!("pgmajfault", Count, "Faults that had to read.", "total_pgmajfault | pgmajfault", |g| g
        .figures
        .stat
        .pgmajfault
        .map(Value::Count)),
    field!(
        "psi.some_avg10",
        Percent,
        "Share of the last 10 s in which some task waited for memory.",
        "- | memory.pressure some avg10",
        |g| g.figures.stall.map(Value::Percent)
    ),
    field!("psi.some_avg60", Percent, "The same over 60 s.", "- | memory.pressure some avg60", |g| g
        .figures
        .psi
        .map(|psi| Value::Percent(psi.some.avg60))),
    field!(
        "psi.some_total_us",
        Count,
        "The same since its creation, in microseconds.",
        "- | memory.pressure some total",
        |g| g.figures.psi.map(|psi| Value::Count(psi.some.total_us))
    ),
    field!(
        "psi.full_avg10",
        Percent,
        "Share of the last 10 s in which no task ran for want of memory.",
        "- | memory.pressure full avg10",
        |g| g.figures.psi.map(|psi| Value::Percent(psi.full.avg10))
    ),
    field!("psi.full_avg60", Percent, "The same over 60 s.", "- | memory.pressure full avg60", |g| g
        .figures
        .psi
        .map(|psi| Value::Percent(psi.full.avg60))),
    field!(
        "psi.full_total_us",
        Count,
        "The same since its creation, in microseconds.",
        "- | memory.pressure full total",
        |g| g.figures.psi.map(|psi| Value::Count(psi.full.total_us))
    ),
    field!("processes", Count, "Processes in it.", "cgroup.procs", |g| g.figures.processes.map(Value::Count)),
    field!("populated", Flag, "Whether it has processes.", "cgroup.procs | cgroup.events populated", |g| g
        .figures
        .populated
        .map(Value::Flag)),
    field!(
        "netns",
        Text,
        "Its network namespace: own, host, or shared by so many containers; in data, and for filters as well, the inode.",
        "/proc/PID/ns/net",
        |g| g.netns.map(Value::Netns)
    ),
    field!("cause", Text, "What makes it need what it needs.", "growth and rates of memory.stat", |g| Ok(Value::List(
        cause::causes(g)
    ))),
    field!(
        "time_to_limit",
        Count,
        "Seconds until it reaches its own limit, if what cannot be dropped goes on growing as it does.",
        "growth of floor",
        |g| left(g, |forecast| Some(forecast.likely))
    ),
    field!("time_to_limit_soonest", Count, "The same, at the earliest.", "growth of floor", |g| left(g, |forecast| {
        Some(forecast.soonest)
    })),
    field!("time_to_limit_latest", Count, "The same, at the latest.", "growth of floor", |g| left(g, |forecast| {
        forecast.latest
    })),
    field!(
        "verdict.state",
        Text,
        "What holds it: calm, at-limit, thrashing, throttled, swap-full, host-short, under-oom, refused, oom, unknown.",
        "limits, hits, kills, pressure",
        |g| g.verdict.map(|verdict| Value::Text(verdict.state.name()))
    ),
    field!("verdict.by", Text, "Whose limit or shortage holds it.", "limits, hits, kills, pressure", |g| g
        .verdict
        .map(|verdict| Value::List(verdict.by().into_iter().map(str::to_owned).collect()))),
    field!("verdict.hurts", Flag, "Whether it costs time or kills now.", "limits, hits, kills, pressure", |g| g
        .verdict
        .map(|verdict| Value::Flag(verdict.hurts))),
    field!("verdict.evidence", Text, "The facts behind it.", "limits, hits, kills, pressure", |g| g
        .verdict
        .map(|_| Value::List(evidence::evidence(g)))),
];
