//! Every OOM kill is counted once and put down to nobody who was not killed, in whatever order and by whichever witness
//! it is noticed: a kernel is played that kills at the worst moments.
#![expect(clippy::unwrap_used, reason = "a kernel that cannot be played has failed")]

#[path = "support/calm_host.rs"]
mod calm_host;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use calm_host::calm_host;
use memcgtop::alert::Engine;
use memcgtop::identity::Place;
use memcgtop::kernel::hierarchy::Version;
use memcgtop::model::autopsy::Autopsy;
use memcgtop::model::verdict::State;
use memcgtop::model::{Group, Model, Scope};
use memcgtop::snapshot::{
    AtLimit, Cgroup, CgroupId, Culprit, Events, Fresh, Hierarchy, Host, Identity, Memory, Missing, OomKill, Own, Part,
    Snapshot, Topology, is_within,
};
use memcgtop::units::Limit;
use proptest::prelude::*;

const LIMIT: u64 = 100 << 20;

/// What the kernel at hand can do, and whether its log may be read.
#[derive(Clone, Copy, Debug)]
struct Ability {
    version: Version,
    /// `oom_group_kill` is counted: 5.17 and later.
    group_kills: bool,
    log: bool,
    scope: Scope,
}

const V2: Ability = Ability { version: Version::V2, group_kills: true, log: true, scope: Scope::Containers };
const V1: Ability = Ability { version: Version::V1, ..V2 };

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    Make(usize),
    /// One process, its summary logged or not.
    Kill(usize, Summary),
    /// So many processes at once.
    KillGroup(usize, u64),
    Remove(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summary {
    Logged,
    Suppressed,
}

/// When between two readings something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    BeforeAll,
    AfterTheHosts,
    AfterTheCounters,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Everything.
    Regular,
    /// Counters only, where something happened.
    Early,
}

/// Counters of one cgroup: own and below.
#[derive(Clone, Copy, Default)]
struct Counters {
    kills: u64,
    below: u64,
    groups_below: u64,
}

/// The cgroups that come and go: containers, with something inside, and a service.
fn path(which: usize) -> String {
    let container = |n: usize| format!("/docker/{}", format!("{n:x}").repeat(64));
    match which {
        0..4 => container(which + 10),
        4 => format!("{}/inner", container(10)),
        _ => "/docker/service".to_owned(),
    }
}

struct Kernel {
    ability: Ability,
    cgroups: BTreeMap<String, (u64, Counters)>,
    inodes: u64,
    host: u64,
    log: Vec<OomKill>,
    /// Where each process was, by its number.
    killed: Vec<String>,
    /// What the last reading of everything had.
    last: (Arc<Topology>, u64),
    seconds: u64,
    is_reading: bool,
}

impl Kernel {
    fn new(ability: Ability) -> Self {
        let mut kernel = Self {
            ability,
            cgroups: BTreeMap::new(),
            inodes: 0,
            host: 5,
            log: Vec::new(),
            killed: Vec::new(),
            last: Default::default(),
            seconds: 0,
            is_reading: false,
        };
        kernel.make("/");
        kernel.make("/docker");
        kernel
    }

    fn make(&mut self, path: &str) {
        self.inodes += 1;
        let above = path.rsplit_once('/').map_or("/", |(above, _)| if above.is_empty() { "/" } else { above });
        if path == "/" || self.cgroups.contains_key(above) {
            self.cgroups.entry(path.to_owned()).or_insert((self.inodes, Counters::default()));
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Make(which) => self.make(&path(which)),
            Event::Remove(which) => self.cgroups.retain(|other, _| !is_within(other, &path(which))),
            Event::Kill(which, summary) => {
                if self.cgroups.contains_key(&path(which)) {
                    self.kill(&path(which), Part::Chosen, (summary == Summary::Logged).then(|| path(which)));
                }
            }
            Event::KillGroup(which, processes) => {
                if self.ability.version == Version::V2 && self.cgroups.contains_key(&path(which)) {
                    self.kill_group(&path(which), processes);
                }
            }
        }
    }

    /// The chosen one, its group, and the chosen one once more.
    fn kill_group(&mut self, path: &str, processes: u64) {
        let told = || Some(path.to_owned());
        self.kill(path, Part::Chosen, told());
        (1..processes).for_each(|_| self.kill(path, Part::Member, told()));
        self.count(path);
        self.log_kill(Part::Again, told());
        for (other, (_, counters)) in &mut self.cgroups {
            counters.groups_below += u64::from(is_within(path, other));
        }
    }

    fn kill(&mut self, path: &str, part: Part, told: Option<String>) {
        self.killed.push(path.to_owned());
        self.count(path);
        self.log_kill(part, told);
    }

    fn count(&mut self, path: &str) {
        self.host += 1;
        for (other, (_, counters)) in &mut self.cgroups {
            counters.kills += u64::from(other == path);
            counters.below += u64::from(is_within(path, other));
        }
    }

    fn log_kill(&mut self, part: Part, cgroup: Option<String>) {
        if !self.ability.log {
            return;
        }
        let cgroup: Option<Arc<str>> = cgroup.map(Into::into);
        self.log.push(OomKill {
            when: self.moment(),
            past: false,
            pid: self.killed.len() as u32 - 1,
            comm: "hog".into(),
            by: cgroup.clone().map_or(Culprit::SomeLimit, Culprit::Limit),
            identity: cgroup.as_deref().map(identity),
            at_limit: cgroup.is_some().then_some(AtLimit { usage: LIMIT, limit: Some(LIMIT), failcnt: 9 }),
            cgroup,
            memsw: None,
            swap: None,
            victim: [Some(1 << 20), None, None],
            tasks: Vec::new(),
            part,
        });
    }

    /// One after the other, before the reading that tells of it or during that.
    fn moment(&self) -> SystemTime {
        let before = Duration::from_secs(if self.is_reading { self.seconds } else { self.seconds - 1 });
        SystemTime::UNIX_EPOCH + before + Duration::from_micros(self.killed.len() as u64)
    }

    /// A reading, with what happens meanwhile.
    fn read(&mut self, events: &[(Moment, Event)]) -> Snapshot {
        self.read_so(Reading::Regular, events)
    }

    fn read_so(&mut self, how: Reading, events: &[(Moment, Event)]) -> Snapshot {
        let during = |kernel: &mut Self, when: Moment| {
            events.iter().filter(|(moment, _)| *moment == when).for_each(|(_, event)| kernel.happen(*event));
        };
        self.seconds += 1;
        during(self, Moment::BeforeAll);
        self.is_reading = true;
        let mut oom_kill = self.host;
        during(self, Moment::AfterTheHosts);
        let (topology, readings) = self.counters();
        let topology = if *self.last.0 == topology { Arc::clone(&self.last.0) } else { Arc::new(topology) };
        // Early readings are of what is there, without the host.
        let is_early = how == Reading::Early && Arc::ptr_eq(&topology, &self.last.0);
        let mut fresh = Fresh::All;
        if is_early {
            oom_kill = self.last.1;
            fresh = Fresh::Only { whole: (0..readings.len()).collect(), counters: Vec::new() };
        }
        during(self, Moment::AfterTheCounters);
        let oom_kills = std::mem::take(&mut self.log);
        self.is_reading = false;
        self.last = (Arc::clone(&topology), oom_kill);
        let at = Duration::from_secs(self.seconds);
        let hierarchy = if self.ability.version == Version::V1 { Hierarchy::V1 } else { Hierarchy::V2 };
        Snapshot {
            taken_at: SystemTime::UNIX_EPOCH + at,
            at,
            took: Duration::ZERO,
            host: Host { oom_kill: Ok(oom_kill), ..calm_host(hierarchy) },
            topology,
            readings,
            beancounters: Vec::new(),
            networks: Arc::default(),
            fresh,
            unlisted: Vec::new(),
            problems: Vec::new(),
            oom_kills,
            oom_log: if self.ability.log { Ok(()) } else { Err(Missing::Permission) },
            own: Own::missing(Missing::NotRead),
        }
    }

    fn counters(&self) -> (Topology, Vec<Arc<Memory>>) {
        let paths: Vec<&String> = self.cgroups.keys().collect();
        let parent = |path: &str| {
            let above = path.rsplit_once('/').map(|(above, _)| if above.is_empty() { "/" } else { above })?;
            paths.iter().position(|other| *other == above).filter(|_| path != "/")
        };
        let cgroups = self.cgroups.iter().map(|(path, (inode, _))| Cgroup {
            id: CgroupId { path: path.as_str().into(), inode: *inode },
            parent: parent(path),
            identity: identity(path),
        });
        let readings = self.cgroups.iter().map(|(path, (_, counters))| Arc::new(self.memory(path, *counters)));
        (Topology { cgroups: cgroups.collect() }, readings.collect())
    }

    fn memory(&self, path: &str, counters: Counters) -> Memory {
        let blank = self.ability.version.blank();
        let events = match self.ability.version {
            Version::V1 => Events { failcnt: Ok(counters.kills), oom_kill: Ok(counters.kills), ..blank.events },
            // The kernel has no such file for the root.
            Version::V2 if path == "/" => Events::missing(Missing::RootCgroup),
            Version::V2 => Events {
                oom: Ok(counters.kills),
                oom_kill: Ok(counters.kills),
                oom_kill_below: Ok(counters.below),
                oom_group_kill_below: if self.ability.group_kills {
                    Ok(counters.groups_below)
                } else {
                    Err(Missing::NotInKernel)
                },
                ..blank.events
            },
        };
        let processes = u64::from(path != "/docker");
        Memory { usage: Ok(LIMIT / 2), limit: Ok(Limit::Bytes(LIMIT)), processes: Ok(processes), events, ..blank }
    }

    /// Counts until nothing comes any more.
    fn told(self, rounds: &[Vec<(Moment, Event)>]) -> (Self, Model) {
        let rounds: Vec<_> = rounds.iter().map(|events| (Reading::Regular, events.clone())).collect();
        self.told_so(&rounds)
    }

    fn told_so(mut self, rounds: &[(Reading, Vec<(Moment, Event)>)]) -> (Self, Model) {
        let mut model = Model::new(self.ability.scope);
        for (how, events) in rounds {
            model.ingest(self.read_so(*how, events));
        }
        (0..4).for_each(|_| model.ingest(self.read(&[])));
        (self, model)
    }
}

fn identity(path: &str) -> Arc<Identity> {
    path.split('/').fold(Place::root(), |place, segment| place.child(segment)).identity
}

fn any_event() -> impl Strategy<Value = (Moment, Event)> {
    let moment = prop_oneof![
        3 => Just(Moment::BeforeAll),
        1 => Just(Moment::AfterTheHosts),
        2 => Just(Moment::AfterTheCounters),
    ];
    let summary = prop_oneof![3 => Just(Summary::Logged), 1 => Just(Summary::Suppressed)];
    let event = prop_oneof![
        3 => (0..6_usize).prop_map(Event::Make),
        4 => ((0..6_usize), summary).prop_map(|(which, summary)| Event::Kill(which, summary)),
        1 => ((0..6_usize), 1..4_u64).prop_map(|(which, processes)| Event::KillGroup(which, processes)),
        3 => (0..6_usize).prop_map(Event::Remove),
    ];
    (moment, event)
}

fn any_rounds() -> impl Strategy<Value = Vec<(Reading, Vec<(Moment, Event)>)>> {
    let how = prop_oneof![Just(Reading::Regular), Just(Reading::Early)];
    let round = (how, prop::collection::vec(any_event(), 0..8));
    prop::collection::vec(round, 1..12).prop_map(|mut rounds| {
        // What happens before the first reading of all is not seen, and during it may be.
        rounds.insert(0, (Reading::Regular, Vec::new()));
        for (_, round) in &mut rounds {
            round.sort_by_key(|(moment, _)| *moment);
        }
        rounds
    })
}

fn any_ability() -> impl Strategy<Value = Ability> {
    let version = prop_oneof![Just(Version::V1), Just(Version::V2)];
    let scope = prop_oneof![Just(Scope::Containers), Just(Scope::Everything)];
    (version, any::<bool>(), any::<bool>(), scope).prop_map(|(version, group_kills, log, scope)| Ability {
        version,
        group_kills,
        log,
        scope,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_kill_is_counted_once(ability in any_ability(), mut rounds in any_rounds()) {
        // Before 5.17 only the log tells a kill from its double, and not if that falls between the two.
        let is_told = |event: &(Moment, Event)| ability.group_kills || !matches!(event.1, Event::KillGroup(..));
        for (_, events) in &mut rounds {
            events.retain(is_told);
        }
        let (kernel, model) = Kernel::new(ability).told_so(&rounds);
        let counted = model.autopsies().counted();
        prop_assert_eq!(counted as usize, kernel.killed.len(), "{:#?}", model.autopsies().newest().collect::<Vec<_>>());
        for autopsy in model.autopsies().newest() {
            let (Some((pid, _)), Some(cgroup)) = (&autopsy.victim, &autopsy.cgroup) else { continue };
            let real = &kernel.killed[*pid as usize];
            prop_assert!(is_within(real, cgroup), "{pid} was in {real}, not in {cgroup}: {autopsy:#?}");
        }
        // A kill that the log tells without its place may be taken for one that it tells with it.
        let is_placeless = |(_, event): &(Moment, Event)| matches!(event, Event::Kill(_, Summary::Suppressed));
        if !rounds.iter().flat_map(|(_, events)| events).any(is_placeless) {
            for row in model.groups().iter().filter(|row| row.is_container()).chain(model.tombstones()) {
                let had = kernel.killed.iter().filter(|real| is_within(real, &row.id.path)).count();
                prop_assert!(row.killed() as usize <= had, "{} had {had}, not {}", row.id.path, row.killed());
            }
        }
    }
}

fn only(model: &Model) -> &Autopsy {
    assert_eq!(model.autopsies().counted(), 1);
    model.autopsies().newest().next().unwrap()
}

const MADE: (Moment, Event) = (Moment::BeforeAll, Event::Make(0));
const KILLED: (Moment, Event) = (Moment::BeforeAll, Event::Kill(0, Summary::Logged));
const SUPPRESSED: (Moment, Event) = (Moment::BeforeAll, Event::Kill(0, Summary::Suppressed));
const REMOVED: (Moment, Event) = (Moment::BeforeAll, Event::Remove(0));

fn row(model: &Model, which: usize) -> &Group {
    model.groups().iter().find(|group| *group.id.path == *path(which)).unwrap()
}

#[test]
fn what_its_counter_and_the_log_tell_is_one_kill() {
    for ability in [V1, V2] {
        let (_, model) = Kernel::new(ability).told(&[vec![MADE], vec![KILLED]]);
        let autopsy = only(&model);
        assert_eq!(autopsy.cgroup.as_deref(), Some(&*path(0)));
        assert_eq!((autopsy.evidence(), autopsy.by.own), ("its counter and the kernel log", true));
        assert_eq!(autopsy.before.unwrap().usage, Ok(LIMIT / 2));
        assert_eq!(row(&model, 0).figures.oom_kill, Ok(1));
        assert!(model.tombstones().is_empty());
    }
}

#[test]
fn a_container_that_is_gone_leaves_a_tombstone_with_its_last_reading() {
    for (ability, evidence) in [(V1, "the kernel log"), (V2, "a counter above it and the kernel log")] {
        let (_, mut model) = Kernel::new(ability).told(&[vec![MADE], vec![], vec![KILLED, REMOVED]]);
        let autopsy = only(&model);
        assert_eq!((autopsy.cgroup.as_deref(), autopsy.evidence()), (Some(&*path(0)), evidence));
        assert_eq!(autopsy.before.unwrap().usage, Ok(LIMIT / 2));
        let [stone] = model.tombstones() else { panic!("one, not {:?}", model.tombstones()) };
        assert_eq!((&*stone.id.path, stone.figures.usage), (&*path(0), Ok(LIMIT / 2)));
        assert_eq!((stone.figures.oom_kill_total, stone.kills.since_attach), (Ok(1), 1));
        assert!(stone.gone.is_some() && stone.verdict.is_ok_and(|verdict| verdict.sign() == 'X' && !verdict.hurts));
        model.see_kills(None);
        assert!(model.tombstones().is_empty(), "somebody has seen it");
    }
}

#[test]
fn a_tombstone_stays_for_ten_minutes() {
    let mut kernel = Kernel::new(V2);
    let mut model = Model::new(Scope::Containers);
    for events in [&[MADE][..], &[], &[KILLED], &[REMOVED]] {
        model.ingest(kernel.read(events));
    }
    assert_eq!(model.tombstones().len(), 1);
    kernel.seconds += 590;
    model.ingest(kernel.read(&[]));
    assert_eq!(model.tombstones().len(), 1);
    kernel.seconds += 10;
    model.ingest(kernel.read(&[]));
    assert!(model.tombstones().is_empty());
}

#[test]
fn a_container_that_went_by_itself_leaves_none() {
    let (_, model) = Kernel::new(V2).told(&[vec![MADE], vec![], vec![REMOVED]]);
    assert!(model.tombstones().is_empty());
    assert_eq!(model.autopsies().counted(), 0);
}

#[test]
fn a_container_that_is_back_is_one_row_with_all_its_kills() {
    for ability in [V1, V2] {
        let back = [REMOVED, MADE];
        let (_, model) = Kernel::new(ability).told(&[
            vec![MADE],
            vec![KILLED],
            vec![KILLED, back[0]],
            vec![],
            vec![back[1]],
            vec![KILLED, back[0], back[1]],
            vec![KILLED],
        ]);
        assert_eq!(model.autopsies().counted(), 4);
        assert!(model.tombstones().is_empty());
        let row = row(&model, 0);
        assert_eq!((row.figures.oom_kill, row.figures.oom_kill_total), (Ok(1), Ok(4)), "{ability:?}");
        assert_eq!(row.kills.since_attach, 4, "{ability:?}");
    }
}

#[test]
fn a_container_that_is_killed_and_removed_again_and_again_has_no_kill_twice() {
    for ability in [V1, V2] {
        for between in 0..4 {
            let mut rounds = vec![vec![MADE], vec![], vec![KILLED, REMOVED, MADE]];
            rounds.extend(vec![vec![]; between]);
            rounds.push(vec![KILLED, REMOVED]);
            let (_, model) = Kernel::new(ability).told(&rounds);
            let [stone] = model.tombstones() else { panic!("one, not {:?}", model.tombstones()) };
            assert_eq!((stone.killed(), stone.figures.oom_kill_total), (2, Ok(2)), "{ability:?}, {between} between");
            let victims: Vec<u32> = model.autopsies().newest().map(|kill| kill.victim.as_ref().unwrap().0).collect();
            assert_eq!(victims, [1, 0]);
        }
    }
}

/// Every change of an alert, as `change name: text`.
fn news(alerts: &mut Engine, model: &Model) -> Vec<String> {
    let news = alerts.judge(model).into_iter();
    let kills = news.filter(|news| news.alert.rule == "oom-kill");
    kills.map(|news| format!("{} {}: {}", news.change.name(), news.alert.name, news.alert.text)).collect()
}

#[test]
fn each_kill_of_a_container_is_news_whether_it_is_gone_or_back_or_somebody_has_seen_the_last() {
    for ability in [V1, V2] {
        let (mut kernel, mut alerts) = (Kernel::new(ability), Engine::default());
        let mut model = Model::new(Scope::Containers);
        let mut after = |model: &mut Model, alerts: &mut Engine, events: &[(Moment, Event)]| {
            model.ingest(kernel.read(events));
            news(alerts, model)
        };
        after(&mut model, &mut alerts, &[MADE]);
        after(&mut model, &mut alerts, &[]);
        let first = after(&mut model, &mut alerts, &[KILLED]);
        assert_eq!(first.len(), 1, "{first:?}");
        assert!(first[0].starts_with("begun aaaaaaaaaaaa: OOM kill: hog (pid 0,"), "{first:?}");
        for (number, events) in [(1, vec![KILLED, REMOVED]), (2, vec![MADE, KILLED, REMOVED]), (3, vec![MADE, KILLED])]
        {
            alerts.acknowledge_of(&path(0));
            model.see_kills(None);
            assert_eq!(alerts.unseen(), 0);
            let told = after(&mut model, &mut alerts, &events);
            assert_eq!(told.len(), 1, "{number}: {told:?}");
            assert!(told[0].contains(&format!("the last hog (pid {number},")), "{ability:?}: {told:?}");
            assert!(after(&mut model, &mut alerts, &[]).is_empty(), "once");
        }
        let kills: Vec<_> = alerts.firing().iter().filter(|alert| alert.rule == "oom-kill").collect();
        assert!(kills.len() == 1 && !kills[0].acknowledged, "{kills:?}");
    }
}

#[test]
fn a_container_that_dies_again_and_again_loses_no_kill_whether_it_was_read_between_or_not() {
    let unread = || vec![MADE, KILLED, REMOVED];
    let (made, killed, removed) = (vec![MADE], vec![KILLED], vec![REMOVED]);
    let quiet = |readings: usize| vec![Vec::new(); readings];
    let stories = [
        // Not read at first, then there.
        [vec![unread(), made.clone()], quiet(2), vec![killed.clone()], quiet(2), vec![killed.clone()]].concat(),
        // Read and killed, then too fast to be read, with longer and longer pauses.
        [
            vec![made.clone(), vec![], killed.clone(), removed.clone()],
            quiet(1),
            vec![unread()],
            quiet(4),
            vec![unread()],
            quiet(90),
            vec![unread()],
        ]
        .concat(),
        // The same, and read in the end.
        [vec![made.clone(), killed, removed], quiet(3), vec![unread()], quiet(1), vec![made], quiet(1), vec![unread()]]
            .concat(),
    ];
    for (story, ability) in stories.iter().flat_map(|story| [(story, V1), (story, V2)]) {
        let kills = story.iter().flatten().filter(|(_, event)| matches!(event, Event::Kill(..))).count();
        let (mut kernel, mut alerts) = (Kernel::new(ability), Engine::default());
        let mut model = Model::new(Scope::Containers);
        model.ingest(kernel.read(&[]));
        for events in story.iter().chain(&quiet(3)) {
            let before = kernel.killed.len();
            model.ingest(kernel.read(events));
            let told = news(&mut alerts, &model);
            let new = kernel.killed.len() - before;
            assert_eq!(told.len(), new, "{ability:?}: {told:?}");
            if new > 0 && kernel.killed.len() < kills {
                assert!(alerts.unseen() > 0);
                alerts.acknowledge_all();
                model.see_kills(None);
            }
        }
        let rows: Vec<u64> = model.rows().chain(model.tombstones()).map(Group::killed).collect();
        assert_eq!(rows, [kills as u64], "{ability:?}");
        let alert = alerts.firing().iter().find(|alert| alert.rule == "oom-kill").unwrap();
        assert!(alert.text.starts_with(&format!("{kills} OOM kills: the last hog (pid {},", kills - 1)), "{alert:?}");
    }
}

#[test]
fn a_kill_inside_a_container_that_stays_is_its_own() {
    for ability in [V1, V2] {
        let inner = |event: fn(usize) -> Event| (Moment::BeforeAll, event(4));
        let died = [inner(Event::Make), inner(|at| Event::Kill(at, Summary::Logged)), inner(Event::Remove)];
        let (_, model) = Kernel::new(ability).told(&[vec![MADE], vec![], died.to_vec(), vec![], died.to_vec()]);
        assert_eq!(row(&model, 0).killed(), 2, "{ability:?}");
        assert!(row(&model, 0).verdict.is_ok_and(|verdict| verdict.sign() == 'X'), "{ability:?}");
    }
}

#[test]
fn whom_a_kill_took_is_news_when_the_log_tells_it_late_also_of_a_container_that_is_gone() {
    for ability in [V1, V2] {
        let (mut kernel, mut alerts) = (Kernel::new(ability), Engine::default());
        let mut model = Model::new(Scope::Containers);
        for events in [&[MADE][..], &[]] {
            model.ingest(kernel.read(events));
            news(&mut alerts, &model);
        }
        let mut reading = kernel.read(&[KILLED]);
        let log = std::mem::take(&mut reading.oom_kills);
        model.ingest(reading);
        let told = news(&mut alerts, &model);
        assert!(told.len() == 1 && told[0].contains("OOM kill: a process at its own limit"), "{told:?}");
        let mut reading = kernel.read(&[REMOVED]);
        reading.oom_kills = log;
        model.ingest(reading);
        let told = news(&mut alerts, &model);
        assert!(told.len() == 1 && told[0].contains("worsened aaaaaaaaaaaa: OOM kill: hog (pid 0"), "{told:?}");
    }
}

#[test]
fn what_only_the_host_counts_is_shown_as_such() {
    let blind = Ability { log: false, ..V1 };
    let (_, model) = Kernel::new(blind).told(&[vec![MADE], vec![], vec![SUPPRESSED, REMOVED]]);
    let autopsy = only(&model);
    assert_eq!((autopsy.cgroup.as_deref(), autopsy.victim.as_ref()), (None, None));
    assert_eq!(autopsy.evidence(), "the host's counter");
}

#[test]
fn a_counter_above_tells_of_a_kill_that_nobody_else_can() {
    let blind = Ability { log: false, ..V2 };
    let (_, model) = Kernel::new(blind).told(&[vec![MADE], vec![], vec![SUPPRESSED, REMOVED]]);
    let autopsy = only(&model);
    assert_eq!((autopsy.cgroup.as_deref(), autopsy.evidence()), (Some("/docker"), "its counter"));
}

#[test]
fn a_container_that_was_never_seen_has_the_name_of_its_path() {
    for ability in [V1, V2] {
        let (_, model) = Kernel::new(ability).told(&[vec![], vec![MADE, KILLED, REMOVED]]);
        let autopsy = only(&model);
        assert_eq!(autopsy.cgroup.as_deref(), Some(&*path(0)));
        assert_eq!((autopsy.name.as_deref(), autopsy.runtime.as_deref()), (Some("aaaaaaaaaaaa"), Some("docker")));
        assert_eq!(autopsy.before, None, "not what the row above was made of");
    }
}

#[test]
fn a_group_is_as_many_kills_as_it_had_processes() {
    let group = (Moment::BeforeAll, Event::KillGroup(0, 3));
    for (log, group_kills) in [(true, true), (true, false), (false, true)] {
        let (_, model) = Kernel::new(Ability { group_kills, log, ..V2 }).told(&[vec![MADE], vec![group]]);
        assert_eq!(model.autopsies().counted(), 3, "log {log}, oom_group_kill {group_kills}");
    }
    let (_, model) = Kernel::new(V2).told(&[vec![MADE], vec![group]]);
    assert_eq!(row(&model, 0).figures.oom_kill, Ok(3));
    assert_eq!(model.autopsies().newest().filter(|autopsy| autopsy.part == Part::Member).count(), 2);
}

#[test]
fn more_kills_than_are_remembered_are_counted() {
    for ability in [V1, V2, Ability { log: false, ..V2 }] {
        let (_, model) = Kernel::new(ability).told(&[vec![MADE], vec![KILLED; 700], vec![KILLED; 300]]);
        assert_eq!(model.autopsies().counted(), 1_000);
        assert_eq!(model.autopsies().newest().count(), 200);
        assert_eq!(model.autopsies().newest().next().unwrap().number, 1_000);
    }
}

#[test]
fn the_newest_of_many_kills_at_once_keeps_what_is_known_of_it() {
    let mut events = vec![SUPPRESSED; 300];
    events.extend([REMOVED, (Moment::BeforeAll, Event::Make(1)), (Moment::BeforeAll, Event::Kill(1, Summary::Logged))]);
    events.push((Moment::BeforeAll, Event::Remove(1)));
    for ability in [V1, V2] {
        let (_, model) = Kernel::new(ability).told(&[vec![MADE], vec![], events.clone()]);
        assert_eq!(model.autopsies().counted(), 301);
        let last = model.autopsies().newest().find(|autopsy| autopsy.cgroup.as_deref() == Some(&*path(1)));
        assert_eq!(last.unwrap().victim.as_ref().unwrap().0, 300, "{ability:?}");
    }
}

#[test]
fn the_last_kill_of_a_row_is_one_that_it_has_counted() {
    for ability in [V1, V2] {
        let mut kernel = Kernel::new(ability);
        let mut model = Model::new(Scope::Containers);
        model.ingest(kernel.read(&[MADE]));
        let too_late = (Moment::AfterTheCounters, Event::Kill(0, Summary::Suppressed));
        let mut reading = kernel.read(&[KILLED, KILLED, too_late]);
        // The process was seen there; the log does not say it.
        reading.oom_kills.last_mut().unwrap().cgroup = Some(path(0).into());
        model.ingest(reading);
        assert_eq!((model.autopsies().counted(), row(&model, 0).kills.since_attach), (3, 2));
        let last = |model: &Model| model.autopsies().last_counted(&path(0)).cloned().unwrap();
        assert_eq!((last(&model).victim.unwrap().0, last(&model).by.own), (1, true), "{ability:?}");
        model.ingest(kernel.read(&[]));
        assert_eq!(row(&model, 0).kills.since_attach, 3);
        assert_eq!((last(&model).victim.unwrap().0, last(&model).by.own), (2, true), "{ability:?}");
    }
}

#[test]
fn the_host_is_not_blamed_where_the_log_tells_of_some_limit() {
    for ability in [V1, V2] {
        let mut kernel = Kernel::new(ability);
        let mut model = Model::new(Scope::Containers);
        // The counters of limits have not moved yet, or did before.
        let blind = |mut reading: Snapshot| {
            for memory in &mut reading.readings {
                let events = Events { failcnt: Ok(0), oom: memory.events.oom.and(Ok(0)), ..memory.events };
                *memory = Arc::new(Memory { events, ..**memory });
            }
            reading
        };
        model.ingest(blind(kernel.read(&[MADE])));
        model.ingest(blind(kernel.read(&[SUPPRESSED])));
        let autopsy = only(&model);
        assert_eq!(autopsy.evidence(), "its counter and the kernel log");
        assert!(autopsy.by.names().is_empty(), "{ability:?}: {autopsy:?}");
    }
}

#[test]
fn kills_are_in_the_order_that_they_happened_in() {
    for ability in [V1, V2] {
        let mut kernel = Kernel::new(ability);
        let mut model = Model::new(Scope::Containers);
        model.ingest(kernel.read(&[MADE]));
        model.ingest(kernel.read_so(Reading::Early, &[KILLED]));
        model.ingest(kernel.read(&[KILLED, SUPPRESSED, SUPPRESSED]));
        let victims: Vec<_> = model.autopsies().newest().map(|kill| kill.victim.as_ref().unwrap().0).collect();
        assert_eq!(victims, [3, 2, 1, 0], "{ability:?}");
    }
}

#[test]
fn what_was_in_the_log_before_is_told_and_not_counted() {
    let mut kernel = Kernel::new(V2);
    let mut model = Model::new(Scope::Containers);
    kernel.seconds = 600;
    let mut first = kernel.read(&[MADE, KILLED]);
    first.oom_kills.iter_mut().for_each(|kill| kill.past = true);
    model.ingest(first);
    (0..3).for_each(|_| model.ingest(kernel.read(&[])));
    assert_eq!((model.autopsies().counted(), model.autopsies().past()), (0, 1));
    let verdict = row(&model, 0).verdict.unwrap();
    assert_eq!((verdict.state, verdict.own, row(&model, 0).killed()), (State::Oom, true, 0));
    assert!(Engine::default().judge(&model).is_empty(), "it is nobody's alarm again");
    let autopsy = model.autopsies().newest().next().unwrap();
    assert!(autopsy.past && autopsy.name.as_deref() == Some("aaaaaaaaaaaa"), "{autopsy:?}");
}
