//! A container at its own limit on a host with room, and then a host that is short: which is which.

use crate::support::cgroups::{Cgroup, Sandbox};
use crate::support::hogs::Hog;
use crate::support::program::{Row, Snapshot, Stream};
use crate::support::skip::skip;
use crate::support::truth::meminfo;
use crate::{container_name, hierarchy};

const LIMIT: u64 = 24 << 20;
const MIB: u64 = 1 << 20;
/// Readings of a stream that goes on for minutes.
const LONG: u32 = 3_000;
const UNTIL_KILLED: &str = "cycle 1000000";
/// Enough to wake kswapd.
const A_LITTLE_MORE: &str = "anon 8";

fn is_by(row: &Row, whom: &str) -> bool {
    row.value("verdict.by").as_array().is_some_and(|by| by.iter().any(|by| by == whom))
}

/// Readings until one is as told; none of them may blame the host, if it must not be blamed.
fn until(stream: &mut Stream, mut test: impl FnMut(&Snapshot) -> bool) -> Snapshot {
    loop {
        let reading = stream.next();
        if test(&reading) {
            return reading;
        }
    }
}

#[test]
fn a_limit_and_a_shortage_are_told_apart() {
    let Some(hierarchy) = hierarchy() else { return };
    if std::env::var_os("MEMCGTOP_MAY_EXHAUST_HOST").is_none() {
        return skip("this host may not be made short of memory", "MEMCGTOP_REQUIRE_SHORT_HOST");
    }
    let sandbox = Sandbox::new(&hierarchy, "shortage");
    let limited = sandbox.cgroup(&container_name('a'));
    limited.limit_to(LIMIT);
    let bystander = sandbox.cgroup(&container_name('b'));
    let mut idle = Hog::in_cgroup(&bystander);
    idle.does("anon 64");
    let mut stream = Stream::of(LONG);
    stream.next();

    let mut thrasher = Hog::in_cgroup(&limited);
    thrasher.begins("anon 48");
    thrasher.begins(UNTIL_KILLED);
    let mut blamed = Vec::new();
    let reading = until(&mut stream, |reading| {
        blamed.extend([reading.row(&limited), reading.row(&bystander)].into_iter().filter(|row| is_by(row, "host")));
        is_by(&reading.row(&limited), "own")
    });
    let held = reading.row(&limited);
    assert_eq!(held.text("verdict.cgroup"), Some(limited.path().as_str()), "{held:?}");
    assert!(blamed.is_empty(), "there was room on the host: {blamed:?}");
    assert_eq!(reading.row(&bystander).text("verdict.state"), Some("calm"));
    drop(thrasher);

    make_short(&sandbox, &bystander, &mut stream);
    drop(idle);
}

/// Uses up what the host has and then a little more between two readings, until the one that did nothing is said to be
/// taken from by the host. No more than that: on a disk that is slow a whole host could be busy with it for minutes.
fn make_short(sandbox: &Sandbox, bystander: &Cgroup, stream: &mut Stream) {
    let greedy = sandbox.cgroup("greedy");
    let mut hog = Hog::in_cgroup(&greedy);
    hog.does(&format!("anon {}", meminfo("MemAvailable") / MIB));
    let reading = until(stream, |reading| {
        hog.does(A_LITTLE_MORE);
        is_by(&reading.row(bystander), "host")
    });
    let taken = reading.row(bystander);
    assert_eq!(taken.text("verdict.state"), Some("host-short"), "{taken:?}");
    assert_eq!(taken.number("failcnt"), 0, "it hit no limit: {taken:?}");
}
