//! Events far from any regular reading: they show at once, bursts as few readings, and nothing is left behind.

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, Instant};

use memcgtop::kernel::hierarchy::Roots;
use memcgtop::snapshot::{Fresh, Memory, Snapshot};
use memcgtop::source::local::{Effort, Local};
use memcgtop::source::sampler::{Sample, Sampler};
use tokio::sync::mpsc::{Receiver, channel};

use crate::support::cgroups::{Cgroup, Sandbox};
use crate::support::disk;
use crate::support::hogs::Hog;
use crate::support::kernel_log::Turn;
use crate::support::wait::comes_true;
use crate::{container_name, hierarchy};

const LIMIT: u64 = 20 << 20;
/// Nothing that shows within a test is due to a regular reading.
const MINUTES: Duration = Duration::from_secs(600);

/// A thread that reads, and what came from it.
struct Watched {
    thread: Sampler,
    samples: Receiver<Sample>,
}

impl Watched {
    /// Starts it over the cgroups of one test and waits for the two regular readings of the beginning.
    fn start(sandbox: &Sandbox, interval: Duration) -> Self {
        let roots = Roots { cgroup: Some(sandbox.root().directory.clone()), ..Roots::default() };
        let local = Local::open(&roots, Effort::Live).unwrap();
        let (outlet, samples) = channel(1);
        let thread = Sampler::spawn(Box::new(local), interval, outlet).unwrap();
        let mut watched = Self { thread, samples };
        for _ in 0..2 {
            watched.until(|snapshot| snapshot.fresh == Fresh::All);
        }
        watched
    }

    /// The next snapshot that is as wanted.
    fn until(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let mut found = None;
        let came = comes_true(|| {
            let sample = self.samples.try_recv().ok().map(Result::unwrap);
            found = sample.filter(&wanted);
            found.is_some()
        });
        assert!(came, "no such reading came");
        found.unwrap()
    }

    /// How many readings come within a time.
    fn count(&mut self, during: Duration) -> usize {
        let (end, mut count) = (Instant::now() + during, 0);
        while Instant::now() < end {
            match self.samples.try_recv() {
                Ok(_) => count += 1,
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        count
    }
}

/// A cgroup's place in a snapshot.
fn place(snapshot: &Snapshot, cgroup: &Cgroup) -> Option<usize> {
    let path = cgroup.path();
    snapshot.topology.cgroups.iter().position(|other| path.ends_with(&*other.id.path))
}

fn reading(snapshot: &Snapshot, cgroup: &Cgroup) -> Memory {
    *snapshot.readings[place(snapshot, cgroup).unwrap()]
}

/// Whether it was read early.
fn is_early(snapshot: &Snapshot, cgroup: &Cgroup) -> bool {
    match &snapshot.fresh {
        Fresh::All => false,
        Fresh::Only { whole, .. } => place(snapshot, cgroup).is_some_and(|place| whole.contains(&place)),
    }
}

/// A cgroup near its limit, and the one who took it there.
fn nearly_full(sandbox: &Sandbox, digit: char) -> (Cgroup, Hog) {
    let container = sandbox.cgroup(&container_name(digit));
    container.deny_swap();
    // Roomy enough to write files without being killed while the disk is slow.
    container.limit_to(64 << 20);
    let mut hog = Hog::in_cgroup(&container);
    hog.does("anon 58");
    assert_eq!(container.hits(), 0);
    (container, hog)
}

#[test]
fn a_hit_and_a_kill_show_before_the_next_regular_reading() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "events");
    let (near, mut hog) = nearly_full(&sandbox, 'a');
    let far = sandbox.limited(&container_name('b'), LIMIT);
    let bystander = Hog::in_cgroup(&far);
    let mut watched = Watched::start(&sandbox, MINUTES);

    let directory = disk::directory();
    hog.does(&format!("write {} 12", disk::file(&directory, "over")));
    let hit = watched.until(|snapshot| is_early(snapshot, &near) && near.hits() > 0);
    assert!(reading(&hit, &near).events.failcnt.unwrap() > 0);
    assert!(!is_early(&hit, &far), "nothing happened there: {:?}", hit.fresh);

    Hog::in_cgroup(&far).dies_of("anon 40");
    let killed = watched.until(|snapshot| reading(snapshot, &far).events.oom_kill == Ok(1));
    assert!(is_early(&killed, &far));
    drop(bystander);
}

#[test]
fn an_ancestors_limit_shows_early_with_the_one_that_holds_it() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "events-above");
    let parent = sandbox.limited("pod", LIMIT);
    let child = parent.child(&container_name('a'));
    let mut watched = Watched::start(&sandbox, MINUTES);

    Hog::in_cgroup(&child).dies_of("anon 40");
    let killed = watched.until(|snapshot| reading(snapshot, &child).events.oom_kill == Ok(1));
    assert!(is_early(&killed, &child));
    assert!(reading(&killed, &parent).events.failcnt.unwrap() > 0, "the limit's holder is read with it");
}

#[test]
fn a_storm_of_hits_makes_few_readings() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "storm");
    let (storming, mut hog) = nearly_full(&sandbox, 'a');
    let mut watched = Watched::start(&sandbox, MINUTES);
    let directory = disk::directory();
    let begun = Instant::now();
    let writer = std::thread::spawn(move || {
        for round in 0..10 {
            hog.does(&format!("write {} 12", disk::file(&directory, &format!("storm-{round}"))));
        }
        hog
    });
    watched.until(|snapshot| is_early(snapshot, &storming));
    let mut readings = 1;
    while !writer.is_finished() {
        readings += watched.count(Duration::from_millis(50));
    }
    readings += watched.count(Duration::from_millis(300));
    let most = begun.elapsed().as_millis() / 20 + 1;
    assert!(storming.hits() > 10, "it was no storm");
    assert!(readings as u128 <= most, "{readings} readings in {:?}", begun.elapsed());
}

#[test]
fn cgroups_that_come_and_go_leave_no_descriptor() {
    const ROUNDS: usize = 10;
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "events-churn");
    let crowd = sandbox.cgroup("crowd");
    // What comes to a cgroup without children, and holds nothing, would be found late.
    let _first = crowd.child("staying");
    let mut watched = Watched::start(&sandbox, Duration::from_millis(100));
    for _ in 0..ROUNDS {
        let cgroups: Vec<Cgroup> = (0..20).map(|n| crowd.child(&format!("passing-{n}"))).collect();
        // Twice: the second reading takes in the rest of their files, after which the kernel tells of them.
        for _ in 0..2 {
            watched.until(|snapshot| cgroups.iter().all(|cgroup| place(snapshot, cgroup).is_some()));
        }
        assert!(!descriptors_of_those_passing(&crowd).is_empty(), "their files are kept open");
        cgroups.iter().for_each(Cgroup::remove);
        watched.until(|snapshot| cgroups.iter().all(|cgroup| place(snapshot, cgroup).is_none()));
    }
    let mut left = HashSet::new();
    let closed = comes_true(|| {
        left = descriptors_of_those_passing(&crowd);
        left.is_empty()
    });
    assert!(closed, "{left:?}");
}

/// What of a cgroup this process has open. Other tests open files of their own meanwhile.
fn descriptors_of_those_passing(crowd: &Cgroup) -> HashSet<String> {
    let links = fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    // What was removed is told by the kernel as "deleted".
    let paths = links.map(|path| path.to_string_lossy().into_owned());
    let name = format!("/{}/passing-", crowd.directory.file_name().unwrap().to_string_lossy());
    paths.filter(|path| path.contains(&name) && path.contains("events-churn")).collect()
}

#[test]
fn the_interval_changes_and_the_end_comes_while_it_waits() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "events-end");
    let mut watched = Watched::start(&sandbox, MINUTES);
    watched.thread.set_interval(Duration::from_millis(100));
    watched.until(|snapshot| snapshot.fresh == Fresh::All);
    watched.thread.set_interval(MINUTES);
    let Watched { thread, mut samples } = watched;
    drop(thread);
    assert!(comes_true(|| samples.is_closed() && samples.try_recv().is_err()), "the thread goes on");
}
