//! Limits that are hit, by whom, and what follows.

use crate::support::cgroups::{Cgroup, Hierarchy, Sandbox, Version};
use crate::support::disk;
use crate::support::hogs::Hog;
use crate::support::program::{Row, Stream, snapshot};
use crate::support::truth::{snapshot_equal_to_kernel, within_slack};
use crate::{container_id, container_name, hierarchy};

const LIMIT: u64 = 20 << 20;

/// A cgroup that looks like a container, with a limit and without swap.
fn container(sandbox: &Sandbox) -> Cgroup {
    sandbox.limited(&container_name('a'), LIMIT)
}

#[test]
fn page_cache_hits_the_limit_and_nothing_dies() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "page-cache");
    let container = container(&sandbox);
    let directory = disk::directory();
    let mut hog = Hog::in_cgroup(&container);
    hog.does(&format!("write {} 48", disk::file(&directory, "cache")));
    assert!(container.hits() > 0, "48 MiB of page cache must hit a limit of 20 MiB");
    assert_eq!(container.oom_kills(), 0);

    let row = snapshot_equal_to_kernel(&[&container, sandbox.root()]).row(&container);
    assert_eq!(row.number("limit"), LIMIT);
    assert!(row.number("failcnt") > 0);
    assert_eq!(row.number("oom_kill"), 0);
    assert_eq!(row.text("limited_by"), Some(container.path().as_str()));
}

#[test]
fn page_cache_at_the_limit_does_not_hurt() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "harmless");
    let container = container(&sandbox);
    let directory = disk::directory();
    let mut hog = Hog::in_cgroup(&container);
    hog.does(&format!("write {} 32", disk::file(&directory, "before")));

    let mut stream = Stream::start();
    let first = stream.next().row(&container).number("failcnt");
    hog.does(&format!("write {} 32", disk::file(&directory, "meanwhile")));
    let row = next_with(&mut stream, &container, |row| row.number("failcnt") > first);
    stream.close();
    let state = row.text("verdict.state").unwrap();
    assert!(["calm", "at-limit"].contains(&state), "{row:?}");
    assert_eq!(row.value("verdict.hurts"), false, "{row:?}");
}

#[test]
fn anonymous_memory_hits_the_limit_and_the_kernel_kills() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "oom-kill");
    let container = container(&sandbox);
    let mut bystander = Hog::in_cgroup(&container);
    bystander.does("anon 2");

    let mut stream = Stream::start();
    assert_eq!(stream.next().row(&container).number("oom_kill"), 0);
    Hog::in_cgroup(&container).dies_of("anon 40");
    let row = next_with(&mut stream, &container, |row| row.number("oom_kill") > 0);
    stream.close();
    assert_eq!(row.text("verdict.state"), Some("oom"), "{row:?}");

    assert_eq!(container.oom_kills(), 1);
    assert!(container.hits() > 0);
    let row = snapshot_equal_to_kernel(&[&container]).row(&container);
    assert_eq!(row.number("oom_kill"), 1);
    assert!(row.number("failcnt") > 0);
    assert_eq!(row.number("processes"), 1);
}

/// The next reading in which a cgroup's row is as told; the stream's end is a failure.
fn next_with(stream: &mut Stream, cgroup: &Cgroup, condition: impl Fn(&Row) -> bool) -> Row {
    loop {
        let row = stream.next().row(cgroup);
        if condition(&row) {
            return row;
        }
    }
}

#[test]
fn memory_high_slows_down_and_nothing_is_hit() {
    let Some(hierarchy) = hierarchy().filter(has_high) else { return };
    let sandbox = Sandbox::new(&hierarchy, "high");
    let container = sandbox.cgroup(&container_name('a'));
    container.deny_swap();
    container.set("memory.high", &LIMIT.to_string());
    let mut stream = Stream::of(1000);
    stream.next();
    let mut hog = Hog::in_cgroup(&container);
    // Little above it, since what cannot be reclaimed makes every further page wait.
    hog.begins("anon 24");
    let row = next_with(&mut stream, &container, |row| row.text("verdict.state") == Some("throttled"));
    drop(hog);
    assert!(row.number("high_events") > 0, "{row:?}");
    assert_eq!(row.number("high"), LIMIT);
    assert_eq!(row.number("failcnt"), 0, "{row:?}");
    assert_eq!(row.number("oom_kill"), 0, "{row:?}");
    let by = row.value("verdict.by").as_array().unwrap();
    assert!(by.iter().all(|by| by != "host"), "there was room on the host: {row:?}");
}

#[test]
fn an_unlimited_child_is_limited_by_its_parent() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "nested");
    let parent = sandbox.limited("parent", LIMIT);
    let child = parent.child(&container_name('b'));
    child.deny_swap();
    let directory = disk::directory();
    let mut hog = Hog::in_cgroup(&child);
    hog.does(&format!("write {} 48", disk::file(&directory, "cache")));

    let reading = snapshot_equal_to_kernel(&[&parent, &child]);
    assert_child_is_held_by(&parent, &child, &reading.row(&child));
    assert_eq!(reading.row(&child).number("oom_kill"), 0);

    hog.dies_of("anon 40");
    let reading = snapshot_equal_to_kernel(&[&child]);
    assert_child_is_held_by(&parent, &child, &reading.row(&child));
    assert_eq!(reading.row(&child).number("oom_kill"), 1, "the kernel counts it where the victim was");
}

fn assert_child_is_held_by(parent: &Cgroup, child: &Cgroup, row: &Row) {
    assert!(parent.hits() > 0);
    assert_eq!(child.hits(), 0);
    assert_eq!(row.figure("limit"), None);
    assert_eq!(row.number("failcnt"), 0);
    assert_eq!(row.number("ancestor_failcnt"), parent.hits());
    assert_eq!(row.number("effective_limit"), LIMIT);
    assert_eq!(row.text("limited_by"), Some(parent.path().as_str()));
    assert_eq!(row.number("limited_by_limit"), LIMIT);
    assert!(within_slack(row.number("limited_by_usage"), parent.usage()));
    let headroom = LIMIT.saturating_sub(parent.usage());
    assert!(within_slack(row.number("headroom"), headroom));
    let percent = row.value("percent").as_f64().unwrap();
    let expected = row.number("limited_by_usage") as f64 / LIMIT as f64 * 100.0;
    assert!((percent - expected).abs() < 0.1, "{percent}, not {expected}");
}

/// v1 charges memory with swap first, so that equal limits keep `memory.failcnt` at 0; Linux 6.15 and some after it do
/// not count the other one either.
#[test]
fn equal_limits_with_and_without_swap_on_v1() {
    let Some(hierarchy) = hierarchy().filter(has_memsw) else { return };
    let sandbox = Sandbox::new(&hierarchy, "memsw");
    let container = container(&sandbox);
    container.set("memory.memsw.limit_in_bytes", &LIMIT.to_string());
    Hog::in_cgroup(&container).dies_of("anon 40");
    assert_eq!(container.number("memory.failcnt"), Some(0));

    let row = snapshot_equal_to_kernel(&[&container]).row(&container);
    assert_eq!(row.number("oom_kill"), 1);
    match container.number("memory.memsw.failcnt").unwrap() {
        0 => assert!(row.figure("failcnt").is_none() && row.missing("failcnt").is_some(), "{row:?}"),
        hits => assert_eq!(row.number("failcnt"), hits),
    }
}

fn has_memsw(hierarchy: &Hierarchy) -> bool {
    hierarchy.version == Version::V1 && hierarchy.mount.join("memory.memsw.limit_in_bytes").exists()
}

fn has_high(hierarchy: &Hierarchy) -> bool {
    hierarchy.version == Version::V2
}

#[test]
fn a_container_is_listed_without_asking_for_every_cgroup() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "listing");
    let (container, plain) = (container(&sandbox), sandbox.cgroup("no-container"));
    let _running = (Hog::in_cgroup(&container), Hog::in_cgroup(&plain));

    let reading = snapshot(&[]);
    let row = reading.row(&container);
    assert_eq!((row.text("kind"), row.text("runtime")), (Some("container"), Some("docker")));
    assert_eq!(row.text("id"), Some(container_id('a').as_str()));
    assert!(reading.find(&plain).is_none(), "it takes --all to see what is no container");
}
