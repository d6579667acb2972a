//! Cgroups that come and go while memcgtop reads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use memcgtop::kernel::hierarchy::Roots;
use memcgtop::source::Source as _;
use memcgtop::source::local::{Effort, Local};

use crate::support::cgroups::{Cgroup, Sandbox};
use crate::support::hogs::Hog;
use crate::support::program::{Snapshot, Stream, snapshots};
use crate::support::truth::{snapshot_equal_to_kernel, within_slack};
use crate::support::wait::comes_true;
use crate::{container_name, hierarchy};

const LIMIT: u64 = 20 << 20;
const HUGE_PAGE: u64 = 2 << 20;
const CHURNED: usize = 1000;
const AT_A_TIME: usize = 50;

#[test]
fn a_cgroup_made_again_under_its_name_starts_from_nothing() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "again");
    let container = sandbox.limited(&container_name('c'), LIMIT);
    Hog::in_cgroup(&container).dies_of("anon 40");

    let mut stream = Stream::start();
    let old = stream.next().row(&container);
    assert!(old.number("failcnt") > 0 && old.number("oom_kill") == 1, "{old:?}");
    container.remove();
    container.create_again();
    let new = loop {
        // Between removal and creation there may be no row.
        let row = stream.next().find(&container);
        if let Some(row) = row.filter(|row| row.number("inode") != old.number("inode")) {
            break row;
        }
    };
    stream.close();
    for counter in ["failcnt", "oom_kill", "pgmajfault", "refault_file"] {
        assert_eq!(new.figure(counter).unwrap_or(0), 0, "{counter} of a new cgroup: {new:?}");
    }
    assert!(new.figure("limit").is_none() && new.missing("limit").is_none(), "{new:?}");
    assert!(new.value("verdict").is_null() && new.missing("verdict").is_some(), "it has one reading: {new:?}");
    assert_eq!(new.number("oom_kill_total"), 1, "of all that had the name: {new:?}");
    snapshot_equal_to_kernel(&[&container]);
}

#[test]
fn a_kill_stays_with_the_child_that_is_removed() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "bereaved");
    let parent = sandbox.cgroup("parent");
    let child = parent.child(&container_name('e'));
    child.deny_swap();
    child.limit_to(LIMIT);
    Hog::in_cgroup(&child).dies_of("anon 40");

    let mut stream = Stream::start();
    let reading = stream.next();
    assert_eq!((reading.row(&child).number("oom_kill"), reading.row(&parent).number("oom_kill")), (1, 0));
    child.remove();
    let row = loop {
        let reading = stream.next();
        if reading.find(&child).is_none() {
            break reading.row(&parent);
        }
    };
    stream.close();
    assert_eq!(row.number("oom_kill"), 0, "it was the child's: {row:?}");
    assert_ne!(row.text("verdict.state"), Some("oom"), "{row:?}");
}

#[test]
fn what_is_charged_below_a_still_cgroup_is_found_at_once() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "still");
    let still = sandbox.cgroup(&container_name('f'));
    let roots = Roots { cgroup: Some(sandbox.root().directory.clone()), ..Roots::default() };
    let mut local = Local::open(&roots, Effort::Live).unwrap();
    let mut paths = || -> Vec<String> {
        let snapshot = local.sample().unwrap();
        snapshot.topology.cgroups.iter().map(|cgroup| cgroup.id.path.to_string()).collect()
    };
    (0..3).for_each(|_| _ = paths());
    let inner = still.child("inner");
    let mut hog = Hog::in_cgroup(&inner);
    hog.does("anon 8");
    assert!(paths().contains(&format!("/{}/inner", container_name('f'))), "it is charged");
    // What holds nothing is nobody's news.
    still.child("empty");
    let found = (0..120).any(|_| paths().iter().any(|path| path.ends_with("/empty")));
    assert!(found, "and what is not, is found with the directories that are looked at again");
}

#[test]
fn a_hierarchy_that_is_removed_is_an_error_and_no_quiet_host() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "uprooted");
    let root = sandbox.cgroup("root");
    let roots = Roots { cgroup: Some(root.directory.clone()), ..Roots::default() };
    let mut local = Local::open(&roots, Effort::Live).unwrap();
    (0..3).for_each(|_| assert!(local.sample().is_ok()));
    root.remove();
    (0..3).for_each(|_| assert!(local.sample().is_err()));
}

#[test]
fn processes_of_what_moves_all_the_time_are_counted_again_and_again() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "restless");
    let restless = sandbox.cgroup(&container_name('b'));
    let roots = Roots { cgroup: Some(sandbox.root().directory.clone()), ..Roots::default() };
    let mut local = Local::open(&roots, Effort::Live).unwrap();
    local.set_interval(Duration::from_secs(10));
    let mut hog = Hog::in_cgroup(&restless);
    let mut second = None;
    for reading in 0..20 {
        hog.does("anon 1");
        if reading == 10 {
            second = Some(Hog::in_cgroup(&restless));
        }
        let snapshot = local.sample().unwrap();
        let processes = snapshot.readings[1].processes;
        let expected = if reading < 10 { 1 } else { 2 };
        // In one of six readings everything is read.
        let is_known = (1..10).contains(&reading) || reading > 16;
        assert!(!is_known || processes == Ok(expected), "{processes:?} at reading {reading}");
    }
    drop(second);
}

#[test]
fn a_thousand_cgroups_come_and_go_while_sampling() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "churn");
    let bystander = sandbox.cgroup(&container_name('d'));
    let crowd = sandbox.cgroup("crowd");
    let mut hog = Hog::in_cgroup(&bystander);
    hog.does("anon 8");

    // What the hog's start left in the kernel is freed by and by.
    let before = bystander.usage();
    let readings = while_churning(&crowd, || snapshots(&["--all", "--count", "5", "--interval", "100ms"]));
    let after = bystander.usage();
    assert_eq!(readings.len(), 5);
    for reading in &readings {
        let usage = reading.row(&bystander).number("usage");
        // khugepaged charges a huge page before it gives back the small ones that it stands for.
        let nearest = usage.clamp(before.min(after), before.max(after) + HUGE_PAGE);
        assert!(within_slack(usage, nearest), "{usage}, which was {before} before and is {after}");
        assert_no_problem_below(reading, &crowd);
    }
}

fn assert_no_problem_below(reading: &Snapshot, cgroup: &Cgroup) {
    let below = cgroup.directory.display().to_string();
    for problem in reading.problems() {
        assert!(!problem.to_string().contains(&below), "vanishing is no problem: {problem}");
    }
}

/// Makes and removes a thousand cgroups, and goes on until `work` is done.
fn while_churning<T>(crowd: &Cgroup, work: impl FnOnce() -> T) -> T {
    let (made, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let churn = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) || made.load(Ordering::Relaxed) < CHURNED {
                churn_once(crowd);
                made.fetch_add(AT_A_TIME, Ordering::Relaxed);
            }
        });
        assert!(comes_true(|| made.load(Ordering::Relaxed) > 0));
        let before = made.load(Ordering::Relaxed);
        let result = work();
        let meanwhile = made.load(Ordering::Relaxed) - before;
        stop.store(true, Ordering::Relaxed);
        churn.join().unwrap();
        assert!(meanwhile > 0, "nothing came and went while memcgtop was reading");
        result
    })
}

fn churn_once(crowd: &Cgroup) {
    let cgroups: Vec<Cgroup> = (0..AT_A_TIME).map(|n| crowd.child(&format!("passing-{n}"))).collect();
    cgroups.iter().for_each(Cgroup::remove);
}
