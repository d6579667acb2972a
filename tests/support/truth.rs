//! What memcgtop must say of a cgroup, worked out from the kernel's files by the test itself.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::thread;

use crate::support::cgroups::{Cgroup, Version};
use crate::support::program::{Row, Snapshot, snapshot};
use crate::support::wait::comes_true;

const PAGE: u64 = 4096;
/// The kernel charges this much at a time and per processor, and lags this much in `memory.stat`.
const BATCH_PAGES: u64 = 64;

/// A figure as the kernel tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Figure {
    /// Bytes that processors may hold back or not have counted yet.
    Fuzzy(u64),
    /// A counter or a limit.
    Exact(u64),
    /// A limit that is not set.
    Unlimited,
    /// This kernel does not tell it.
    Absent,
}

type Truth = BTreeMap<&'static str, Figure>;

/// Takes a reading of every cgroup and compares the rows of `cgroups` with the kernel's files, read before and after.
/// Their processes must be idle: it waits until the kernel has caught up with what they did.
///
/// # Panics
/// If a row is not there or differs from the kernel.
pub(crate) fn snapshot_equal_to_kernel(cgroups: &[&Cgroup]) -> Snapshot {
    let truths = || cgroups.iter().map(|cgroup| truth(cgroup)).collect::<Vec<_>>();
    let mut compared = None;
    let quiet = comes_true(|| {
        let before = truths();
        let reading = snapshot(&["--all"]);
        let quiet = before.iter().zip(truths()).all(|(before, after)| stands_still(before, &after));
        compared = Some((before, reading));
        quiet
    });
    let (truths, reading) = compared.unwrap();
    assert!(quiet, "the kernel's figures do not come to rest: {truths:?}");
    for (cgroup, truth) in cgroups.iter().zip(truths) {
        compare(&reading.row(cgroup), &truth);
    }
    reading
}

fn stands_still(before: &Truth, after: &Truth) -> bool {
    before.iter().zip(after).all(|((_, before), (_, after))| match (before, after) {
        (Figure::Fuzzy(before), Figure::Fuzzy(after)) => within_slack(*before, *after),
        _ => before == after,
    })
}

fn compare(row: &Row, truth: &Truth) {
    for (field, truth) in truth {
        let (told, missing) = (row.figure(field), row.missing(field));
        let right = match *truth {
            Figure::Fuzzy(bytes) => told.is_some_and(|told| within_slack(told, bytes)),
            Figure::Exact(count) => told == Some(count),
            Figure::Unlimited => told.is_none() && missing.is_none(),
            Figure::Absent => told.is_none() && missing.is_some(),
        };
        let cgroup = row.value("cgroup");
        assert!(right, "{field} of {cgroup}: memcgtop says {told:?} ({missing:?}), the kernel {truth:?}");
    }
}

/// Whether two readings of what does not move are the same, give or take what the kernel's own figure lags.
pub(crate) fn within_slack(one: u64, other: u64) -> bool {
    one.abs_diff(other) <= slack()
}

/// What the processors together may hold back.
fn slack() -> u64 {
    BATCH_PAGES * PAGE * thread::available_parallelism().unwrap().get() as u64
}

/// `MemTotal` or another line of `/proc/meminfo`, in bytes.
pub(crate) fn meminfo(key: &str) -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn truth(cgroup: &Cgroup) -> Truth {
    let mut truth = match cgroup.hierarchy.version {
        Version::V1 => truth_v1(cgroup),
        Version::V2 => truth_v2(cgroup),
    };
    truth.insert("inode", Figure::Exact(fs::metadata(&cgroup.directory).unwrap().ino()));
    truth.insert("processes", Figure::Exact(cgroup.file("cgroup.procs").unwrap().lines().count() as u64));
    truth
}

fn fuzzy(bytes: Option<u64>) -> Figure {
    bytes.map_or(Figure::Absent, Figure::Fuzzy)
}

fn exact(count: Option<u64>) -> Figure {
    count.map_or(Figure::Absent, Figure::Exact)
}

fn limit(cgroup: &Cgroup, file: &str) -> Figure {
    if cgroup.has(file) { cgroup.limit(file).map_or(Figure::Unlimited, Figure::Exact) } else { Figure::Absent }
}

fn truth_v1(cgroup: &Cgroup) -> Truth {
    let number = |file| cgroup.number(file);
    let stat = |key: &str| cgroup.keyed("memory.stat", &format!("total_{key}"));
    let usage = cgroup.usage();
    let kernel = number("memory.kmem.usage_in_bytes");
    let swap = stat("swap");
    let unreclaimable = stat("rss").unwrap() + stat("shmem").unwrap() + kernel.unwrap_or(0);
    let footprint = number("memory.memsw.usage_in_bytes").or(swap.map(|swap| usage + swap));
    let mut truth = Truth::from([
        ("usage", Figure::Fuzzy(usage)),
        ("working_set", Figure::Fuzzy(usage.saturating_sub(stat("inactive_file").unwrap()))),
        ("floor", Figure::Fuzzy(unreclaimable.min(usage))),
        ("footprint", fuzzy(footprint)),
        ("peak", fuzzy(number("memory.max_usage_in_bytes"))),
        ("limit", limit(cgroup, "memory.limit_in_bytes")),
        ("soft_limit", limit(cgroup, "memory.soft_limit_in_bytes")),
        ("effective_limit", effective_limit_v1(cgroup)),
        ("failcnt", exact(hits_v1(cgroup))),
        ("oom_kill", exact(cgroup.keyed("memory.oom_control", "oom_kill"))),
        ("swap", fuzzy(swap)),
        ("swap_cached", fuzzy(stat("swapcached"))),
        ("swap_failcnt", exact(number("memory.memsw.failcnt"))),
        ("anon", fuzzy(stat("rss"))),
        ("file", fuzzy(stat("cache"))),
        ("shmem", fuzzy(stat("shmem"))),
        ("kernel", fuzzy(kernel)),
        ("mapped", fuzzy(stat("mapped_file"))),
        ("dirty", fuzzy(stat("dirty"))),
        ("writeback", fuzzy(stat("writeback"))),
        ("active_file", fuzzy(stat("active_file"))),
        ("inactive_file", fuzzy(stat("inactive_file"))),
        ("refault_anon", exact(stat("workingset_refault_anon"))),
        ("refault_file", exact(stat("workingset_refault_file"))),
        ("pgmajfault", exact(stat("pgmajfault"))),
    ]);
    let only_v2 = ["high", "low", "min", "slab_reclaimable", "slab_unreclaimable", "pgscan_kswapd", "pgscan_direct"];
    truth.extend(only_v2.map(|field| (field, Figure::Absent)));
    truth.extend(["sock", "zswap", "oom", "high_events", "swap_fail"].map(|field| (field, Figure::Absent)));
    truth
}

fn truth_v2(cgroup: &Cgroup) -> Truth {
    let number = |file| cgroup.number(file);
    let stat = |key| cgroup.keyed("memory.stat", key);
    let sum = |keys: &[&str]| keys.iter().map(|key| cgroup.keyed("memory.stat", key)).sum::<Option<u64>>();
    let local = |key| cgroup.keyed("memory.events.local", key);
    let usage = cgroup.usage();
    let held = sum(&["anon", "shmem", "kernel", "sock"])
        .zip(stat("slab_reclaimable"))
        .map(|(sum, slab)| sum.saturating_sub(slab));
    let split = ["anon", "shmem", "kernel_stack", "percpu", "slab_unreclaimable", "pagetables", "sock"];
    let swap = number("memory.swap.current");
    let footprint = swap.zip(stat("swapcached")).map(|(swap, cached)| usage + swap.saturating_sub(cached));
    let mut truth = Truth::from([
        ("usage", Figure::Fuzzy(usage)),
        ("working_set", Figure::Fuzzy(usage.saturating_sub(stat("inactive_file").unwrap()))),
        ("floor", fuzzy(held.or_else(|| sum(&split)))),
        ("footprint", fuzzy(footprint)),
        ("peak", fuzzy(number("memory.peak"))),
        ("limit", limit(cgroup, "memory.max")),
        ("high", limit(cgroup, "memory.high")),
        ("low", limit(cgroup, "memory.low")),
        ("min", limit(cgroup, "memory.min")),
        ("soft_limit", Figure::Absent),
        ("effective_limit", effective_limit_v2(cgroup)),
        ("failcnt", exact(local("max"))),
        ("high_events", exact(local("high"))),
        ("oom", exact(local("oom"))),
        ("oom_kill", exact(local("oom_kill"))),
        ("swap", fuzzy(swap)),
        ("swap_limit", limit(cgroup, "memory.swap.max")),
        ("swap_cached", fuzzy(stat("swapcached"))),
        ("swap_failcnt", exact(cgroup.keyed("memory.swap.events", "max"))),
        ("swap_fail", exact(cgroup.keyed("memory.swap.events", "fail"))),
        ("mapped", fuzzy(stat("file_mapped"))),
        ("dirty", fuzzy(stat("file_dirty"))),
        ("writeback", fuzzy(stat("file_writeback"))),
        ("refault_anon", exact(stat("workingset_refault_anon"))),
        ("refault_file", exact(stat("workingset_refault_file"))),
    ]);
    let bytes = ["anon", "file", "shmem", "kernel", "sock", "zswap", "active_file", "inactive_file"];
    truth.extend(bytes.map(|key| (key, fuzzy(stat(key)))));
    truth.extend(["slab_reclaimable", "slab_unreclaimable"].map(|key| (key, fuzzy(stat(key)))));
    truth.extend(["pgscan_kswapd", "pgscan_direct", "pgmajfault"].map(|key| (key, exact(stat(key)))));
    truth
}

/// `memory.failcnt`, or `memory.memsw.failcnt` where that limit is met first; `None` where neither counts.
fn hits_v1(cgroup: &Cgroup) -> Option<u64> {
    let limit = cgroup.number("memory.limit_in_bytes").unwrap();
    let failcnt = cgroup.hits();
    let Some(memsw_limit) = cgroup.number("memory.memsw.limit_in_bytes") else { return Some(failcnt) };
    if memsw_limit > limit {
        return Some(failcnt);
    }
    let memsw_failcnt = cgroup.number("memory.memsw.failcnt").unwrap();
    let reached = cgroup.number("memory.max_usage_in_bytes").unwrap() + BATCH_PAGES * PAGE >= limit;
    let dead = failcnt == 0 && memsw_failcnt == 0 && reached && limit < meminfo("MemTotal");
    (!dead).then_some(memsw_failcnt)
}

fn effective_limit_v1(cgroup: &Cgroup) -> Figure {
    below_memory(cgroup.keyed("memory.stat", "hierarchical_memory_limit"))
}

fn effective_limit_v2(cgroup: &Cgroup) -> Figure {
    let limits = cgroup.with_ancestors().into_iter().filter_map(|ancestor| ancestor.limit("memory.max"));
    below_memory(limits.min())
}

/// A limit that the host's memory is smaller than limits nothing.
fn below_memory(limit: Option<u64>) -> Figure {
    limit.filter(|limit| *limit < meminfo("MemTotal")).map_or(Figure::Unlimited, Figure::Exact)
}
