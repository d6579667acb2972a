//! OOM kills: none is lost, and each is put down to whose limit it was.

use std::fs;

use crate::support::cgroups::{Cgroup, Sandbox};
use crate::support::hogs::Hog;
use crate::support::kernel_log::Turn;
use crate::support::program::{Row, Snapshot, Stream};
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
    let container = sandbox.cgroup(&container_name('a'));
    container.deny_swap();
    container.limit_to(LIMIT);
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
    let parent = sandbox.cgroup("parent");
    parent.deny_swap();
    parent.limit_to(LIMIT);
    let container = parent.child(&container_name('b'));
    let mut stream = Stream::start();
    stream.next();
    Hog::in_cgroup(&container).dies_of("anon 40");
    let autopsy = first_of(&mut stream, &container);
    assert_eq!(blamed(&autopsy), ["ancestor"], "{autopsy:?}");
    assert_eq!(autopsy.text("limited_by"), Some(parent.path().as_str()), "{autopsy:?}");
}

/// Neither the counters of a cgroup that is gone nor a rate-limited log may lose one.
#[test]
fn two_hundred_kills_of_containers_that_are_gone_at_once_are_all_counted() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "kill-200");
    let mut stream = Stream::of(LONG);
    stream.next();
    let before = kernels_count();
    for n in 0..KILLS {
        let container = sandbox.cgroup(&format!("docker-{n:064x}.scope"));
        container.deny_swap();
        container.limit_to(SMALL);
        Hog::in_cgroup(&container).dies_of("anon 8");
        container.remove();
    }
    let reading = loop {
        let reading = stream.next();
        // Other tests kill as well, and the kernel counts everybody's.
        if reading.oom_kills() >= kernels_count() - before {
            break reading;
        }
    };
    let counted = reading.oom_kills();
    assert!(counted >= KILLS as u64, "{counted}");
    let below = sandbox.root().path();
    let ours = |autopsy: &&Row| autopsy.text("cgroup").is_some_and(|cgroup| cgroup.starts_with(&below));
    let autopsies = reading.autopsies();
    let named = autopsies.iter().filter(ours).count();
    // It names ten in five seconds, and other tests have their share of them.
    assert!(named >= 1, "{named}");
    println!("{counted} kills, {named} of the newest {} with their container's name", autopsies.len());
}

/// Every OOM kill since boot, of whomever.
fn kernels_count() -> u64 {
    let vmstat = fs::read_to_string("/proc/vmstat").unwrap();
    vmstat.lines().find_map(|line| line.strip_prefix("oom_kill ")).unwrap().parse().unwrap()
}
