//! OOM kills: none is lost, and each is put down to whose limit it was.

use std::{env, fs};

use crate::support::cgroups::{Cgroup, Sandbox, Version};
use crate::support::hogs::Hog;
use crate::support::kernel_log::Turn;
use crate::support::program::{Row, Snapshot, Stream, snapshot};
use crate::{container_name, hierarchy};

const LIMIT: u64 = 20 << 20;
const SMALL: u64 = 4 << 20;
const KILLS: usize = 200;
/// Readings of a stream that goes on for minutes.
const LONG: u32 = 3_000;

/// The kills of a cgroup, newest first.
fn of(reading: &Snapshot, cgroup: &Cgroup) -> Vec<Row> {
    let path = cgroup.path();
    reading.autopsies().into_iter().filter(|autopsy| autopsy.text("cgroup") == Some(&path)).collect()
}

/// The first kill of a cgroup that a stream tells of with its victim, as the kernel log does.
fn first_of(stream: &mut Stream, cgroup: &Cgroup) -> Row {
    loop {
        let told = of(&stream.next(), cgroup).into_iter().find(|autopsy| !autopsy.value("victim").is_null());
        if let Some(autopsy) = told {
            return autopsy;
        }
    }
}

fn blamed(autopsy: &Row) -> Vec<String> {
    autopsy.value("by").as_array().unwrap().iter().map(|by| by.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_kill_at_its_own_limit_says_so() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "kill-own");
    let container = sandbox.limited(&container_name('a'), LIMIT);
    let mut stream = Stream::start();
    stream.next();
    Hog::in_cgroup(&container).dies_of("anon 40");
    let autopsy = first_of(&mut stream, &container);
    assert_eq!(blamed(&autopsy), ["own"], "{autopsy:?}");
    assert_eq!(autopsy.text("victim.comm"), Some("hog"));
    assert!(autopsy.number("victim.anon") > LIMIT / 2, "{autopsy:?}");
    if autopsy.value("at_limit").is_object() {
        assert_eq!(autopsy.number("at_limit.limit"), LIMIT);
        assert_eq!(autopsy.text("limited_by"), Some(container.path().as_str()));
    }
    assert_eq!(autopsy.number("before.limit"), LIMIT);
    assert_eq!(of(&stream.next(), &container).len(), 1, "one kill is one autopsy");
}

#[test]
fn a_kill_at_the_parents_limit_names_the_parent() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "kill-parent");
    let parent = sandbox.limited("parent", LIMIT);
    let container = parent.child(&container_name('b'));
    let mut stream = Stream::start();
    stream.next();
    Hog::in_cgroup(&container).dies_of("anon 40");
    let autopsy = first_of(&mut stream, &container);
    assert_eq!(blamed(&autopsy), ["ancestor"], "{autopsy:?}");
    assert_eq!(autopsy.text("limited_by"), Some(parent.path().as_str()), "{autopsy:?}");
}

/// Docker removes a container's cgroup before anybody has read its counters.
#[test]
fn a_kill_of_a_container_that_is_removed_at_once_is_put_down_to_it() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "kill-gone");
    let container = sandbox.limited(&container_name('c'), LIMIT);
    let mut hog = Hog::in_cgroup(&container);
    hog.does("anon 8");
    let mut stream = Stream::start();
    stream.next();
    stream.next();
    hog.dies_of("anon 40");
    container.remove();
    let autopsy = first_of(&mut stream, &container);
    assert_eq!(autopsy.text("runtime"), Some("docker"));
    assert_eq!(autopsy.text("victim.comm"), Some("hog"));
    assert!(autopsy.number("before.usage") >= 8 << 20, "its last reading: {autopsy:?}");
    let reading = stream.next();
    assert!(reading.find(&container).is_none(), "a tombstone is no row");
    assert_eq!(of(&reading, &container).len(), 1, "one kill is one autopsy");
}

#[test]
fn a_group_of_three_is_three_kills() {
    let Some(hierarchy) = hierarchy().filter(|hierarchy| hierarchy.version == Version::V2) else { return };
    let sandbox = Sandbox::new(&hierarchy, "kill-group");
    let container = sandbox.limited(&container_name('d'), LIMIT);
    container.set("memory.oom.group", "1");
    let _others = (Hog::in_cgroup(&container), Hog::in_cgroup(&container));
    let mut stream = Stream::start();
    stream.next();
    Hog::in_cgroup(&container).dies_of("anon 40");
    let told =
        |reading: &Snapshot| of(reading, &container).iter().filter(|kill| !kill.value("victim").is_null()).count();
    while told(&stream.next()) < 3 {}
    let reading = (0..5).map(|_| stream.next()).next_back().unwrap();
    let kills = of(&reading, &container);
    assert_eq!(container.oom_kills(), 4, "the kernel counts the victim twice");
    assert_eq!(kills.len(), 3, "{kills:?}");
    assert_eq!(kills.iter().filter(|kill| kill.value("with_group") == true).count(), 2);
    assert_eq!(reading.row(&container).number("oom_kill"), 3);
    assert!(kills.iter().all(|kill| blamed(kill) == ["own"]), "{kills:?}");
}

/// It takes a whole machine.
#[test]
fn a_kill_because_the_host_is_out_of_memory_blames_the_host() {
    let is_ours = env::var("MEMCGTOP_MAY_EXHAUST_HOST").as_deref() == Ok("1");
    let Some(hierarchy) = hierarchy().filter(|_| is_ours) else { return };
    let sandbox = Sandbox::new(&hierarchy, "kill-host");
    let container = sandbox.cgroup(&container_name('e'));
    let mut stream = Stream::start();
    stream.next();
    Hog::in_cgroup(&container).dies_of("anon 4096");
    let autopsy = first_of(&mut stream, &container);
    assert_eq!(blamed(&autopsy), ["host"], "{autopsy:?}");
    assert!(autopsy.value("limited_by").is_null() && autopsy.value("at_limit").is_null(), "{autopsy:?}");
}

/// Kills that memcgtop did not see are in the log.
#[test]
fn kills_from_before_the_start_are_recovered() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "kill-past");
    let container = sandbox.limited(&container_name('f'), LIMIT);
    let before = jiff::Timestamp::now();
    Hog::in_cgroup(&container).dies_of("anon 40");
    let after = jiff::Timestamp::now();
    let path = container.path();
    container.remove();

    let reading = snapshot(&[]);
    let kill = reading.autopsies().into_iter().find(|kill| kill.text("victim.comm") == Some("hog"));
    let kill = kill.expect("the log has it");
    assert_eq!(kill.value("before_attach"), true);
    // The log may leave out whose it was, if many were killed just now.
    assert!(kill.text("cgroup").is_none_or(|cgroup| cgroup == path), "{kill:?}");
    let when: jiff::Timestamp = kill.text("when").unwrap().parse().unwrap();
    let slack = jiff::Span::new().seconds(2);
    assert!(when >= before - slack && when <= after + slack, "{before} {when} {after}");
    assert_eq!(reading.oom_kills(), 0, "not since the start");
}

/// Neither the counters of a cgroup that is gone nor a rate-limited log may lose one.
#[test]
fn two_hundred_kills_of_containers_that_are_gone_at_once_are_all_counted() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "kill-200");
    let mut stream = Stream::of(LONG);
    let before = stream.next().host("oom_kill").as_u64().unwrap();
    let seen = sandbox.limited(&container_name('9'), LIMIT);
    let mut seen_hog = Hog::in_cgroup(&seen);
    (0..20).for_each(|_| drop(stream.next()));
    for n in 0..KILLS {
        let container = sandbox.limited(&format!("docker-{n:064x}.scope"), SMALL);
        Hog::in_cgroup(&container).dies_of("anon 8");
        container.remove();
    }
    // By now the log leaves out whose a victim is; but this one was read.
    seen_hog.dies_of("anon 40");
    seen.remove();
    // Other tests kill as well, and the kernel counts everybody's: until nobody did for some readings.
    let mut quiet = 0;
    let (reading, killed) = loop {
        let reading = stream.next();
        let killed = reading.host("oom_kill").as_u64().unwrap();
        quiet = if killed == kernels_count() { quiet + 1 } else { 0 };
        if quiet == 4 {
            break (reading, killed - before);
        }
    };
    assert!(killed > KILLS as u64, "{killed}");
    assert_eq!(reading.oom_kills(), killed, "every kill, and each of them once");
    let of_seen = of(&reading, &seen);
    assert_eq!(of_seen.len(), 1, "{of_seen:?}");
    assert_eq!(of_seen[0].text("victim.comm"), Some("hog"), "{of_seen:?}");
    let below = sandbox.root().path();
    let told = |autopsy: &Row| autopsy.text("cgroup").map(str::to_owned);
    let ours: Vec<String> =
        reading.autopsies().iter().filter_map(told).filter(|path| path.starts_with(&below)).collect();
    let mut named: Vec<&String> = ours.iter().filter(|path| **path != below).collect();
    named.sort();
    let count = named.len();
    named.dedup();
    assert_eq!(named.len(), count, "each was killed once");
    // Ten in five seconds have their names in the log, whosever they are; others are known if they were read.
    println!("{killed} kills, {count} of the newest {} with their container's name", reading.autopsies().len());
    assert!(count > 0);
}

/// Every OOM kill since boot, of whomever.
fn kernels_count() -> u64 {
    let vmstat = fs::read_to_string("/proc/vmstat").unwrap();
    vmstat.lines().find_map(|line| line.strip_prefix("oom_kill ")).unwrap().parse().unwrap()
}

/// systemd-oomd and oomd kill all processes with SIGKILL and then count them in an extended attribute.
#[test]
fn a_kill_from_user_space_is_told_and_no_oom_kill() {
    let Some(hierarchy) = hierarchy().filter(|hierarchy| hierarchy.version == Version::V2) else { return };
    let sandbox = Sandbox::new(&hierarchy, "kill-oomd");
    let container = sandbox.cgroup(&container_name('e'));
    let mut hogs = [Hog::in_cgroup(&container), Hog::in_cgroup(&container)];
    hogs[0].does("anon 16");
    let mut stream = Stream::of(LONG);
    let first = stream.next();
    assert_eq!(first.row(&container).number("oomd_kill"), 0);
    // It takes a while until the memory of the killed is gone; a reading meanwhile would be the one before.
    stream.between_readings(|| {
        drop(hogs);
        container.mark_as_killed_by_oomd(2);
    });
    let autopsy = loop {
        if let Some(autopsy) = of(&stream.next(), &container).pop() {
            break autopsy;
        }
    };
    assert_eq!((autopsy.text("killer"), autopsy.number("processes")), (Some("user-space"), 2), "{autopsy:?}");
    assert!(autopsy.number("before.anon") >= 16 << 20, "{autopsy:?}");
    let reading = stream.next();
    let row = reading.row(&container);
    assert_eq!((row.number("oomd_kill"), row.number("oom_kill")), (2, 0), "{row:?}");
    assert_eq!(row.text("verdict.state"), Some("oom"), "{row:?}");
    assert_eq!(of(&reading, &container).len(), 1, "told once");
    assert_eq!(reading.oom_kills(), first.oom_kills(), "the kernel killed nobody");
}
