//! Sums of rows: no byte counts twice, whatever is nested in what.

#[path = "support/calm_host.rs"]
mod calm_host;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use calm_host::calm_host;
use memcgtop::identity::of_path;
use memcgtop::kernel::hierarchy::Version;
use memcgtop::model::sums::{Grouping, NONE, Sums};
use memcgtop::model::{Group, Model, Scope, evidence};
use memcgtop::query::Filter;
use memcgtop::snapshot::{
    Cgroup, CgroupId, Fresh, Hierarchy, Identity, Memory, Missing, Networks, Own, Reading, Snapshot, Topology,
};
use memcgtop::units::Limit;
use proptest::prelude::*;

/// A cgroup: its parent's place, what it is, and what it is charged with by itself.
#[derive(Clone, Debug)]
struct Plan {
    parent: usize,
    segment: String,
    own: u64,
    limit: Limit,
}

/// Every fourth has none that is known; the others have one of three.
fn netns(place: usize) -> Reading {
    if place.is_multiple_of(4) { Err(Missing::NoProcess) } else { Ok(place as u64 % 3 + 10) }
}

/// A moment of the root and the cgroups of `plans`, each of which has its parent's place among all before it.
fn moment(at: u64, plans: &[Plan]) -> Snapshot {
    let mut paths = vec![String::new()];
    let mut usage = vec![0; plans.len() + 1];
    for plan in plans {
        paths.push(format!("{}/{}", paths[plan.parent], plan.segment));
    }
    for (place, plan) in plans.iter().enumerate().rev() {
        usage[place + 1] += plan.own;
        usage[plan.parent] += usage[place + 1];
    }
    let cgroups = paths.iter().enumerate().map(|(place, path)| Cgroup {
        id: CgroupId { path: if path.is_empty() { "/".into() } else { path.as_str().into() }, inode: place as u64 + 1 },
        parent: place.checked_sub(1).map(|place| plans[place].parent),
        identity: Arc::new(Identity { netns: netns(place), ..(*of_path(path)).clone() }),
    });
    let readings = usage.iter().enumerate().map(|(place, usage)| {
        let mut memory = Version::V2.blank();
        memory.usage = Ok(*usage);
        memory.limit = Ok(place.checked_sub(1).map_or(Limit::Unlimited, |place| plans[place].limit));
        memory.events.failcnt = Ok(place as u64);
        Arc::new(memory)
    });
    Snapshot {
        taken_at: SystemTime::UNIX_EPOCH,
        at: Duration::from_secs(at),
        took: Duration::ZERO,
        host: calm_host(Hierarchy::V2),
        topology: Arc::new(Topology { cgroups: cgroups.collect() }),
        readings: readings.collect::<Vec<Arc<Memory>>>(),
        beancounters: Vec::new(),
        networks: Arc::default(),
        fresh: Fresh::All,
        unlisted: Vec::new(),
        problems: Vec::new(),
        oom_kills: Vec::new(),
        oom_log: Ok(()),
        own: Own::missing(Missing::NotRead),
    }
}

fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn plan(parent: usize, segment: &str, own: u64, limit: Option<u64>) -> Plan {
    Plan { parent, segment: segment.to_owned(), own, limit: limit.map_or(Limit::Unlimited, Limit::Bytes) }
}

/// A podman container that runs docker inside, and a docker container beside it.
fn nested() -> Vec<Plan> {
    vec![
        plan(0, "libpod_parent", 5, None),
        plan(1, &format!("libpod-{}", id('a')), 100, Some(1_000)),
        plan(2, "docker", 1, None),
        plan(3, &id('b'), 40, Some(64)),
        plan(0, "docker", 2, None),
        plan(5, &id('c'), 30, Some(100)),
    ]
}

fn summed(grouping: Grouping, plans: &[Plan]) -> (Model, Sums) {
    let mut model = Model::new(Scope::Containers);
    model.ingest(moment(1, plans));
    let mut sums = Sums::new(grouping);
    sums.update(&model, |_| true);
    (model, sums)
}

#[test]
fn a_container_in_a_container_counts_under_its_own_key_only() {
    let (model, sums) = summed(Grouping::Runtime, &nested());
    let rows: HashMap<&str, _> = sums.rows().iter().map(|row| (&*row.identity.name, row)).collect();
    assert_eq!(rows["podman"].figures.usage, Ok(101), "without what docker inside it uses");
    assert_eq!(rows["docker"].figures.usage, Ok(70));
    assert_eq!((rows["docker"].members, rows["podman"].members), (2, 1));
    assert_eq!(rows["docker"].figures.limit, Ok(Limit::Bytes(164)));
    assert_eq!(rows["docker"].figures.failcnt, Ok(4 + 6), "events are each container's own");
    assert_eq!(rows["docker"].figures.peak, Err(Missing::NotSummed));
    let all: u64 = sums.rows().iter().map(|row| row.figures.usage.unwrap()).sum();
    assert_eq!(all, model.charged_to_containers());
}

#[test]
fn a_sum_of_limits_is_unlimited_if_one_of_them_is_and_counts_the_outer_one_only() {
    let mut plans = nested();
    plans[5].limit = Limit::Unlimited;
    let (_, sums) = summed(Grouping::Runtime, &plans);
    let docker = sums.rows().iter().find(|row| &*row.identity.name == "docker").unwrap();
    assert_eq!((docker.figures.limit, docker.figures.percent), (Ok(Limit::Unlimited), Err(Missing::NoLimit)));
    // By image all are one: the inner limit lies within the outer one.
    let (_, sums) = summed(Grouping::Image, &nested());
    assert_eq!(sums.rows().len(), 1);
    let all = &sums.rows()[0];
    assert_eq!((&*all.identity.name, all.figures.limit), (NONE, Ok(Limit::Bytes(1_100))));
}

#[test]
fn containers_of_a_network_namespace_are_one_sum_named_after_what_they_share() {
    let sums = |snapshot: Snapshot| {
        let mut model = Model::new(Scope::Containers);
        model.ingest(snapshot);
        let mut sums = Sums::new(Grouping::Netns);
        sums.update(&model, |_| true);
        let told = |row: &Group| (row.identity.name.to_string(), row.members, row.netns.ok().map(|netns| netns.inode));
        sums.rows().iter().map(told).collect::<Vec<_>>()
    };
    let with = |host: Option<u64>, known: &[(usize, u64)]| {
        let mut snapshot = moment(1, &nested());
        snapshot.networks = Arc::new(Networks { host, each: Vec::new() });
        for cgroup in Arc::make_mut(&mut snapshot.topology).cgroups.iter_mut().enumerate() {
            let found = known.iter().find(|(place, _)| *place == cgroup.0);
            let identity = Arc::make_mut(&mut cgroup.1.identity);
            identity.netns = found.map(|(_, netns)| *netns).ok_or(Missing::NoPtrace);
        }
        sums(snapshot)
    };
    // The containers are at 2, at 4 in that one, and at 6.
    let (a, b) = ("a".repeat(12), "b".repeat(12));
    let all = with(Some(7), &[(2, 7), (4, 9), (6, 9)]);
    assert_eq!(all.iter().map(|(name, members, _)| (&**name, *members)).collect::<Vec<_>>(), [("host", 1), ("9", 2)]);
    let alone = with(Some(7), &[(2, 8), (4, 9)]);
    let mut names: Vec<_> = alone.iter().map(|(name, _, netns)| (&**name, *netns)).collect();
    names.sort_unstable();
    assert_eq!(names, [(NONE, None), (&*a, Some(8)), (&*b, Some(9))]);
}

#[test]
fn what_one_of_them_does_not_tell_the_sum_does_not_tell() {
    let mut model = Model::new(Scope::Containers);
    let mut snapshot = moment(1, &nested());
    Arc::make_mut(&mut snapshot.readings[6]).usage = Err(Missing::Permission);
    model.ingest(snapshot);
    let mut sums = Sums::new(Grouping::Runtime);
    sums.update(&model, |_| true);
    let usage = |name: &str| sums.rows().iter().find(|row| &*row.identity.name == name).unwrap().figures.usage;
    assert_eq!((usage("docker"), usage("podman")), (Err(Missing::Permission), Ok(101)));
}

#[test]
fn only_what_is_kept_counts_and_histories_go_on() {
    let mut model = Model::new(Scope::Containers);
    let mut sums = Sums::new(Grouping::Runtime);
    for at in 1..=3 {
        model.ingest(moment(at, &nested()));
        sums.update(&model, |_| true);
        // The same moment again is no second point.
        sums.update(&model, |_| true);
    }
    assert!(sums.rows().iter().all(|row| row.history.points().count() == 3));
    sums.update(&model, |row| row.identity.runtime.as_deref() == Some("podman"));
    let [podman] = sums.rows() else { panic!("one key is left: {:?}", sums.rows()) };
    assert_eq!(
        (podman.figures.usage, podman.history.points().count()),
        (Ok(141), 3),
        "nothing inside it is counted apart"
    );
}

/// `plans` with so many hits of the cgroup at `place` since it was made.
fn hit(at: u64, plans: &[Plan], place: usize, hits: u64) -> Snapshot {
    let mut snapshot = moment(at, plans);
    Arc::make_mut(&mut snapshot.readings[place]).events.failcnt = Ok(hits);
    snapshot
}

#[test]
fn a_container_that_joins_with_hits_or_leaves_is_no_event() {
    let mut model = Model::new(Scope::Containers);
    let mut sums = Sums::new(Grouping::Runtime);
    // Its name may have come late, or a filter on figures wants it now.
    let mut docker = |at, hits, with_all| {
        model.ingest(hit(at, &nested(), 6, hits));
        sums.update(&model, |row| with_all || *row.id.path != *format!("/docker/{}", id('c')));
        let docker = sums.rows().iter().find(|row| &*row.identity.name == "docker").unwrap();
        (docker.members, docker.figures.failcnt, docker.hits.new(), docker.hits.since_attach)
    };
    assert_eq!(docker(1, 46_000, false), (1, Ok(4), 0, 0));
    assert_eq!(docker(2, 46_000, true), (2, Ok(46_004), 0, 0), "46 thousand hits were before anybody watched");
    assert_eq!(docker(3, 46_003, true), (2, Ok(46_007), 3, 3));
    assert_eq!(docker(4, 46_003, false), (1, Ok(4), 0, 0));
}

#[test]
fn a_grouping_that_comes_late_has_a_past_and_a_filter_changes_it() {
    const PAGE: u64 = 4096;
    let usages = |sums: &Sums, name: &str| -> Vec<Option<u64>> {
        let row = sums.rows().iter().find(|row| &*row.identity.name == name).unwrap();
        row.history.points().map(memcgtop::model::history::Point::usage).collect()
    };
    let scaled = |by: u64| -> Vec<Plan> {
        nested().into_iter().map(|plan| Plan { own: plan.own * by * PAGE, ..plan }).collect()
    };
    let mut model = Model::new(Scope::Containers);
    (1..=3).for_each(|at| model.ingest(moment(at, &scaled(at))));
    let mut sums = Sums::new(Grouping::Runtime);
    sums.update(&model, |_| true);
    let pages = |figures: &[u64]| figures.iter().map(|pages| Some(pages * PAGE)).collect::<Vec<_>>();
    assert_eq!(usages(&sums, "podman"), pages(&[101, 202, 303]), "without what docker inside it used");
    assert_eq!(usages(&sums, "docker"), pages(&[70, 140, 210]));
    let is_podman = |row: &Group| row.identity.runtime.as_deref() == Some("podman");
    sums.update(&model, is_podman);
    assert_eq!(usages(&sums, "podman"), pages(&[141, 282, 423]), "nothing inside it is counted apart");
    model.ingest(moment(4, &scaled(4)));
    sums.update(&model, is_podman);
    assert_eq!(usages(&sums, "podman"), pages(&[141, 282, 423, 564]));
    sums.update(&model, |_| true);
    assert_eq!(usages(&sums, "docker"), pages(&[70, 140, 210, 280]), "it was gone, and is back with its past");
}

#[test]
fn a_key_that_vanishes_comes_back_with_the_containers_that_it_has_then() {
    let mut model = Model::new(Scope::Containers);
    let mut sums = Sums::new(Grouping::Runtime);
    let mut made_again = nested();
    made_again[3].segment = id('d');
    let without = vec![made_again[0].clone(), made_again[1].clone()];
    // Containers that were made while somebody watched: all their hits are news, and those of before are still known.
    let rounds =
        [(&nested(), Some((1, 0))), (&nested(), Some((2, 0))), (&without, None), (&made_again, Some((3, 4 + 6)))];
    for (at, (plans, expected)) in (1..).zip(rounds) {
        model.ingest(moment(at, plans));
        sums.update(&model, |_| true);
        let row = |name: &str| sums.rows().iter().find(|row| &*row.identity.name == name);
        let docker = row("docker").map(|row| (row.history.points().count(), row.hits.since_attach));
        assert_eq!(docker, expected, "{at}");
        assert_eq!(row("podman").unwrap().history.points().count() as u64, at, "{at}");
    }
}

#[test]
fn a_sum_is_judged_as_its_worst_container() {
    let mut model = Model::new(Scope::Containers);
    let mut sums = Sums::new(Grouping::Image);
    for at in 1..=2 {
        let mut snapshot = hit(at, &nested(), 4, at * 100);
        Arc::make_mut(&mut snapshot.readings[4]).limit = Ok(Limit::Bytes(40));
        model.ingest(snapshot);
        sums.update(&model, |_| true);
    }
    let [all] = sums.rows() else { panic!("one key: {:?}", sums.rows()) };
    let worst = all.worst.as_ref().unwrap();
    assert_eq!(worst.identity.id.as_deref(), Some(&*id('b')));
    assert_eq!(all.verdict, model.group(&worst.id).unwrap().verdict);
    assert_eq!(evidence::evidence(all), [format!("worst of 3: {}", worst.identity.label())]);
}

#[test]
fn a_key_is_compared_as_it_is_whatever_it_spells() {
    let (model, sums) = summed(Grouping::Image, &nested());
    let named = |image: &str| {
        let mut row = model.rows().next().unwrap().clone();
        Arc::make_mut(&mut row.identity).image = Ok(image.into());
        row
    };
    for image in [r#"a"b'c or usage>0"#, ".*", "(none)", "Registry/App:1"] {
        let (filter, _) = Filter::of_key(Grouping::Image, &named(image).identity);
        assert!(filter.matches(&named(image)), "{image}");
        assert!(!filter.matches(&named("other")) && !model.rows().any(|row| filter.matches(row)), "{image}");
    }
    let (nobodys, text) = Filter::of_key(Grouping::Image, &sums.rows()[0].identity);
    assert!(model.rows().all(|row| nobodys.matches(row)) && !nobodys.matches(&named("x")), "{text}");
}

#[test]
fn what_is_inside_a_container_is_no_container_where_every_cgroup_is_a_row() {
    let mut plans = nested();
    plans.push(plan(6, "system.slice", 3, None));
    let mut model = Model::new(Scope::Everything);
    model.ingest(moment(1, &plans));
    let mut sums = Sums::new(Grouping::Runtime);
    sums.update(&model, |_| true);
    let docker = sums.rows().iter().find(|row| &*row.identity.name == "docker").unwrap();
    assert_eq!((docker.members, docker.figures.usage), (2, Ok(73)));
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let segment =
        prop::sample::select(vec!["docker", "lxc", "x", "libpod-", "lxc.payload.n", "ID", "kubepods", "system.slice"]);
    let one = (any::<prop::sample::Index>(), segment, 0_u64..1_000, prop::option::of(0_u64..10_000));
    prop::collection::vec(one, 0..40).prop_map(|seeds| {
        let each = seeds.into_iter().enumerate().map(|(place, (parent, segment, own, limit))| {
            let unique = format!("{place:064x}");
            let segment = match segment {
                "ID" => unique,
                "libpod-" => format!("libpod-{unique}"),
                other => format!("{other}{}", if other.ends_with('n') { place.to_string() } else { String::new() }),
            };
            plan(parent.index(place + 1), &segment, own, limit)
        });
        each.collect()
    })
}

proptest! {
    #[test]
    fn every_byte_of_a_container_is_in_one_sum(plans in plans()) {
        for grouping in Grouping::ALL {
            let (model, sums) = summed(grouping, &plans);
            let all: u64 = sums.rows().iter().map(|row| row.figures.usage.unwrap()).sum();
            prop_assert_eq!(all, model.charged_to_containers());
            let members: usize = sums.rows().iter().map(|row| row.members).sum();
            prop_assert_eq!(members, model.rows().count());
        }
    }

    /// The files of a container and of those inside it are not read at one instant.
    #[test]
    fn no_byte_counts_twice_even_where_the_inner_figures_exceed_the_outer(
        plans in plans(),
        usages in prop::collection::vec(0_u64..1_000, 41),
    ) {
        let mut snapshot = moment(1, &plans);
        for (reading, usage) in snapshot.readings.iter_mut().zip(usages) {
            Arc::make_mut(reading).usage = Ok(usage);
        }
        let mut model = Model::new(Scope::Containers);
        model.ingest(snapshot);
        for grouping in Grouping::ALL {
            let mut sums = Sums::new(grouping);
            sums.update(&model, |_| true);
            let all: u64 = sums.rows().iter().map(|row| row.figures.usage.unwrap()).sum();
            prop_assert_eq!(all, model.charged_to_containers());
        }
    }
}
