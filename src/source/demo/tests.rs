use std::collections::{BTreeMap, HashMap};

use super::*;
use crate::snapshot::{Cgroup, Identity, Kind, Memory, Role};
use crate::units::Limit;

fn at(seconds: u64) -> Snapshot {
    let mut demo = Demo::new(SystemTime::UNIX_EPOCH);
    demo.advance(Duration::from_secs(seconds));
    demo.sample().unwrap()
}

/// `count` readings of `demo`, a second apart.
fn seconds(mut demo: Demo, count: usize) -> impl Iterator<Item = Snapshot> {
    (0..count).map(move |_| {
        let snapshot = demo.sample().unwrap();
        demo.advance(Duration::from_secs(1));
        snapshot
    })
}

/// A little more than two rounds of the story.
fn story() -> impl Iterator<Item = Snapshot> {
    seconds(Demo::new(SystemTime::UNIX_EPOCH), 1_300)
}

fn rows(snapshot: &Snapshot) -> impl Iterator<Item = (&Cgroup, &Memory)> {
    snapshot.topology.cgroups.iter().zip(snapshot.readings.iter().map(|memory| &**memory))
}

fn is_container(cgroup: &Cgroup) -> bool {
    cgroup.identity.kind == Kind::Container && cgroup.identity.role == Role::Outermost
}

/// The cgroup with the limits of the container called `name`.
fn find<'a>(snapshot: &'a Snapshot, name: &str) -> Option<(&'a Cgroup, &'a Memory)> {
    let is_meant = |identity: &Identity| {
        identity.within.as_deref().map_or_else(|| identity.label() == name, |whole| whole == name)
    };
    rows(snapshot).filter(|(cgroup, _)| is_meant(&cgroup.identity)).last()
}

fn counters(memory: &Memory) -> Vec<u64> {
    let Memory { events, stat, .. } = memory;
    let psi = memory.psi.unwrap();
    let told = [
        memory.peak,
        events.failcnt,
        events.high,
        events.oom,
        events.oom_kill,
        events.failcnt_below,
        events.oom_kill_below,
        stat.refault_anon,
        stat.refault_file,
        stat.pgscan_direct,
        stat.pgmajfault,
        Ok(psi.some.total_us),
        Ok(psi.full.total_us),
    ];
    told.into_iter().flatten().collect()
}

fn sizes(memory: &Memory) -> [u64; 17] {
    let stat = &memory.stat;
    [
        memory.usage.unwrap_or(0),
        memory.swap.unwrap_or(0),
        memory.events.failcnt_below.unwrap_or(0),
        memory.events.oom_kill_below.unwrap_or(0),
        stat.anon.unwrap(),
        stat.file.unwrap(),
        stat.shmem.unwrap(),
        stat.kernel.unwrap(),
        stat.kernel_stack.unwrap(),
        stat.slab_reclaimable.unwrap(),
        stat.sock.unwrap(),
        stat.mapped.unwrap(),
        stat.inactive_file.unwrap(),
        stat.swap_cached.unwrap(),
        stat.refault_anon.unwrap(),
        stat.refault_file.unwrap(),
        stat.pgmajfault.unwrap(),
    ]
}

#[test]
fn the_same_moment_always_tells_the_same() {
    let mut steps = Demo::new(SystemTime::UNIX_EPOCH);
    for _ in 0..500 {
        steps.advance(Duration::from_secs(1));
        steps.sample().unwrap();
    }
    assert_eq!(format!("{:?}", steps.sample().unwrap()), format!("{:?}", at(500)));
}

#[test]
fn counters_never_go_back() {
    assert_counters_rise(story());
    assert_counters_rise(seconds(Demo::wide(60), 700));
}

fn assert_counters_rise(snapshots: impl Iterator<Item = Snapshot>) {
    let mut last = HashMap::new();
    let mut host = 0;
    for snapshot in snapshots {
        for (cgroup, memory) in rows(&snapshot) {
            let now = counters(memory);
            if let Some(before) = last.insert(cgroup.id.clone(), now.clone()) {
                let rising = now.iter().zip(&before).all(|(now, before)| now >= before);
                assert!(rising, "{:?} {before:?} {now:?}", cgroup.id);
            }
        }
        let kills = snapshot.host.oom_kill.unwrap();
        assert!(kills >= host);
        host = kills;
    }
}

#[test]
fn parents_hold_their_children() {
    for snapshot in story() {
        let mut below: BTreeMap<usize, [u64; 17]> = BTreeMap::new();
        for (cgroup, memory) in rows(&snapshot) {
            let Some(parent) = cgroup.parent else { continue };
            for (sum, size) in below.entry(parent).or_default().iter_mut().zip(sizes(memory)) {
                *sum += size;
            }
            let [mine, above] = [memory, &snapshot.readings[parent]].map(|memory| memory.psi.unwrap());
            // Two digits each, so the last one may differ.
            assert!(above.some.avg10 + 0.015 > mine.some.avg10, "{:?} {above:?} {mine:?}", cgroup.id);
        }
        for (parent, sums) in below {
            let own = sizes(&snapshot.readings[parent]);
            let told = if parent == 0 { 4 } else { 0 };
            let fits = own.iter().zip(sums).skip(told).all(|(own, sum)| *own >= sum);
            assert!(fits, "{:?} {own:?} {sums:?}", snapshot.topology.cgroups[parent].id);
        }
    }
}

#[test]
fn every_moment_adds_up() {
    for snapshot in story() {
        assert_eq!(snapshot.topology.cgroups.len(), snapshot.readings.len());
        for (cgroup, memory) in rows(&snapshot).skip(1) {
            let stat = &memory.stat;
            let usage = memory.usage.unwrap();
            let parts: u64 = [stat.anon, stat.file, stat.kernel, stat.sock].into_iter().flatten().sum();
            assert_eq!(usage, parts, "{:?}", cgroup.id);
            assert!(memory.limit.unwrap().bytes().is_none_or(|limit| usage <= limit), "{:?}", cgroup.id);
            assert!(memory.peak.unwrap() >= usage, "{:?}", cgroup.id);
            assert!(memory.swap.unwrap() >= stat.swap_cached.unwrap(), "{:?}", cgroup.id);
            assert!(memory.swap_limit.unwrap().bytes().is_none_or(|limit| memory.swap.unwrap() <= limit));
            assert!(stat.anon.unwrap() >= stat.swap_cached.unwrap(), "{:?}", cgroup.id);
            assert!(stat.kernel.unwrap() >= stat.slab_reclaimable.unwrap());
            assert!(stat.file.unwrap() >= stat.shmem.unwrap());
            let psi = memory.psi.unwrap();
            assert!(psi.some.avg10 >= psi.full.avg10 && psi.some.avg10 <= 100.0, "{:?}", cgroup.id);
            assert_eq!(memory.populated, Ok(true), "{:?}", cgroup.id);
        }
        let host = &snapshot.host;
        let top = rows(&snapshot).filter(|(cgroup, _)| cgroup.parent == Some(0));
        let kills: u64 = top.map(|(_, memory)| memory.events.oom_kill_below.unwrap()).sum();
        assert_eq!(host.oom_kill, Ok(story::FORGOTTEN_KILLS + kills));
        assert!((8 << 30..host.mem_total.unwrap()).contains(&host.mem_available.unwrap()));
        assert_eq!((host.allocstall, host.pgscan_kswapd), (Ok(1_182), Ok(4_821_190)));
    }
}

#[test]
fn parents_come_before_their_children() {
    for snapshot in [at(0), at(241)] {
        for (index, cgroup) in snapshot.topology.cgroups.iter().enumerate() {
            let Some(parent) = cgroup.parent else { continue };
            assert!(parent < index);
            let above = &snapshot.topology.cgroups[parent].id.path;
            assert!(cgroup.id.path.starts_with(&**above), "{:?}", cgroup.id);
        }
    }
}

#[test]
fn the_leak_is_killed_and_comes_back_as_another_cgroup() {
    let before = at(237);
    let dying = at(238);
    let gone = at(241);
    let back = at(243);
    let (old, full) = find(&before, "report-gen").unwrap();
    let (_, killed) = find(&dying, "report-gen").unwrap();
    assert_eq!((full.usage, full.limit), (Ok(768 << 20), Ok(Limit::Bytes(768 << 20))));
    assert_eq!((full.events.oom_kill, full.events.failcnt), (Ok(0), Ok(76)));
    assert_eq!((killed.events.oom, killed.events.oom_kill), (Ok(1), Ok(1)));
    assert!(find(&gone, "report-gen").is_none());
    assert_eq!(before.host.oom_kill.map(|kills| kills + 1), gone.host.oom_kill);
    let (new, fresh) = find(&back, "report-gen").unwrap();
    assert_eq!(new.id.path, old.id.path);
    assert_ne!(new.id.inode, old.id.inode);
    assert_eq!((fresh.events.oom_kill, fresh.events.failcnt), (Ok(0), Ok(0)));
}

#[test]
fn the_topology_is_shared_while_nothing_comes_or_goes() {
    let mut demo = Demo::new(SystemTime::UNIX_EPOCH);
    let first = demo.sample().unwrap().topology;
    demo.advance(Duration::from_secs(100));
    assert!(Arc::ptr_eq(&first, &demo.sample().unwrap().topology));
    demo.advance(Duration::from_secs(141));
    assert!(!Arc::ptr_eq(&first, &demo.sample().unwrap().topology));
}

#[test]
fn the_incident_is_that_of_the_mock_ups() {
    let snapshot = at(Demo::INCIDENT.as_secs());
    let told = |name: &str, tell: &dyn Fn(&Memory) -> u64| tell(find(&snapshot, name).unwrap().1);
    let mib = |bytes: u64| bytes >> 20;
    assert_eq!(rows(&snapshot).filter(|(cgroup, _)| is_container(cgroup)).count(), 9);
    assert_eq!(told("checkout-5c8b-x7k2p/app", &|memory| memory.usage.unwrap()), 512 << 20);
    assert_eq!(mib(told("checkout-5c8b-x7k2p/app", &|memory| memory.swap.unwrap())), 1239);
    assert_eq!(mib(told("shop/search-6f4d-9qzrw", &|memory| memory.usage.unwrap())), 2048);
    assert_eq!(mib(told("search-6f4d-9qzrw/index", &|memory| memory.usage.unwrap())), 1331);
    assert_eq!(mib(told("report-gen", &|memory| memory.usage.unwrap())), 212);
    assert!(told("ci-runner-3", &|memory| memory.usage.unwrap()) > 6 << 30);
    assert!((told("checkout-5c8b-x7k2p/app", &|memory| memory.events.failcnt.unwrap()) / 100).abs_diff(481) <= 1);
    assert_eq!(mib(snapshot.host.swap_cached.unwrap()), 189);
    assert_eq!(mib(snapshot.host.mem_available.unwrap()) * 10 / 1024, 116);
}

#[test]
fn a_wide_host_changes_a_little_at_a_time() {
    let mut demo = Demo::wide(1_000);
    let first = demo.sample().unwrap();
    demo.advance(Duration::from_secs(1));
    let second = demo.sample().unwrap();
    assert_eq!(rows(&first).filter(|(cgroup, _)| is_container(cgroup)).count(), 1_000);
    assert!(Arc::ptr_eq(&first.topology, &second.topology));
    let moved = rows(&first)
        .zip(rows(&second).map(|(_, memory)| memory))
        .filter(|((cgroup, was), is)| is_container(cgroup) && was != is);
    assert!((20..=80).contains(&moved.count()));
    for (cgroup, memory) in rows(&second).skip(1) {
        let limit = memory.limit.unwrap().bytes().unwrap_or(u64::MAX);
        assert!(memory.usage.unwrap() <= limit, "{:?}", cgroup.id);
    }
    assert!(second.host.mem_available.unwrap() > 1 << 30);
}

#[test]
fn the_live_demo_begins_in_the_middle() {
    let snapshot = Demo::live().sample().unwrap();
    let (_, checkout) = find(&snapshot, "checkout-5c8b-x7k2p/app").unwrap();
    assert!(checkout.psi.unwrap().some.avg10 > 10.0);
}
