//! Rounds of readings in, expected rows and alerts out: each file in `tests/scenarios` tells one story.
//!
//! ```toml
//! version = "v2"                            # what cgroups that say nothing say: "v1" or "v2"
//! cgroups = ["/", "/docker", "/docker/{a}"] # parents first; `{a}` is an id of 64 times `a`
//!
//! [[round]]
//! at = 1.0                                                     # seconds
//! host = { mem_available = "1G" }                              # what differs from the round before
//! set."/docker/{a}" = { usage = "64M", limit = "64M" }         # the same; `inode` makes the cgroup anew, "?" is unread
//! gone = []                                                    # cgroups that are removed
//! unlisted = ["/docker"]                                       # cgroups in which no others are seen this time
//! steps = 10                                                   # so many readings, a second apart, the last one now
//! grow."/docker/{a}" = { usage = "1M" }                        # added at each step
//! expect."/docker/{a}" = { failcnt = "0", at_limit = "yes" }   # as printed; absences as `(Reason)`
//! alerts = ["limit-hit Notice /docker/{a}"]                    # exactly these fire
//! unknown = ["not-read /docker/{a}"]                           # if given: exactly this could not be told
//! rows = ["/docker/{a}"]                                       # if given: exactly these containers
//! early = ["/docker/{a}"]                                      # if given: an early reading of only these
//! counters = ["/docker"]                                       # and of the counters of these
//! ```
#![expect(clippy::expect_used, clippy::panic, reason = "a scenario that cannot be read has failed")]

#[path = "support/calm_host.rs"]
mod calm_host;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use calm_host::calm_host;
use memcgtop::alert::policy::Policies;
use memcgtop::alert::rules::Watch;
use memcgtop::alert::unknown::{self, Unknown};
use memcgtop::alert::{Alert, Engine, Subject};
use memcgtop::field;
use memcgtop::identity::Place;
use memcgtop::kernel::hierarchy::Version;
use memcgtop::model::{Group, Model, Scope, Tally};
use memcgtop::query::Filter;
use memcgtop::snapshot::{
    Cgroup, CgroupId, Fresh, Hierarchy, Host, Identity, Memory, Missing, Own, Psi, PsiLine, Reading, Snapshot,
    Topology, is_within,
};
use memcgtop::units::{self, Limit};
use serde::Deserialize;
use toml::{Table, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    version: String,
    #[serde(default)]
    namespaced: bool,
    cgroups: Vec<String>,
    round: Vec<Round>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Round {
    at: f64,
    #[serde(default)]
    host: Table,
    #[serde(default)]
    set: BTreeMap<String, Table>,
    #[serde(default)]
    gone: Vec<String>,
    #[serde(default)]
    unlisted: Vec<String>,
    #[serde(default = "once")]
    steps: u32,
    #[serde(default)]
    grow: BTreeMap<String, Table>,
    #[serde(default)]
    expect: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    alerts: Vec<String>,
    unknown: Option<Vec<String>>,
    rows: Option<Vec<String>>,
    early: Option<Vec<String>>,
    #[serde(default)]
    counters: Vec<String>,
}

fn once() -> u32 {
    1
}

macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),+];
        $(#[test] fn $name() { play(stringify!($name)); })+
    };
}

scenarios!(
    both_at_the_limit_and_taken_from,
    counter_reset,
    crun_trunk_limit,
    early_readings,
    held_by_the_parent,
    hit_rate_without_page_cache,
    host_pressure_is_not_shortage,
    host_short_with_bystander,
    invisible_ancestor,
    killed_and_gone,
    memory_high_throttles,
    memory_left_behind,
    near_limit_hysteresis,
    nested_containers,
    oom_by_an_ancestor,
    oom_by_the_host,
    oom_kill,
    out_of_swap_allowance,
    page_cache_at_the_limit,
    pushed_out_to_swap,
    reclaimed_by_hand,
    recreated_under_the_same_path,
    restart_loop,
    seen_late,
    thrash_with_psi,
    throttled_by_an_ancestor,
    time_to_limit,
    v1_dead_counter,
    v1_host_takes_from_a_bystander,
    v1_memsw_counts,
    v1_oom_by_whose_limit,
    v1_page_cache_is_calm,
    v1_seen_late,
    v1_stands_still,
);

#[test]
fn every_file_is_played() {
    let mut files: Vec<String> = fs::read_dir(directory())
        .expect("the scenarios are there")
        .map(|entry| entry.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, NAMES);
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Plays a scenario; the message tells every difference of the first round that has one.
fn play(name: &str) {
    let text = fs::read_to_string(directory().join(name).with_extension("toml")).expect("the scenario is there");
    let scenario: Scenario = toml::from_str(&with_ids(&text)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut stage = Stage::new(&scenario);
    let (mut model, mut alerts) =
        (Model::new(Scope::Containers), Engine::new(Policies::default(), Watch::Live, Scope::Containers));
    assert!(!scenario.round.is_empty(), "{name} expects nothing");
    for round in &scenario.round {
        for left in (0..round.steps).rev() {
            model.ingest(stage.next(round, round.at - f64::from(left)));
            alerts.judge(&model);
        }
        let wrong = differences(round, &model, &alerts);
        assert!(wrong.is_empty(), "{name}, {} s:\n{}", round.at, wrong.join("\n"));
    }
}

/// `{a}` becomes an id as runtimes give them.
fn with_ids(text: &str) -> String {
    ('a'..='f')
        .fold(text.to_owned(), |text, digit| text.replace(&format!("{{{digit}}}"), &digit.to_string().repeat(64)))
}

fn differences(round: &Round, model: &Model, alerts: &Engine) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: String, found: String, expected: &str| {
        if found != expected {
            wrong.push(format!("{what}: {found:?}, expected {expected:?}"));
        }
    };
    for (path, figures) in &round.expect {
        let Some(group) = model.groups().iter().find(|group| *group.id.path == **path) else {
            compare(path.clone(), "no row".to_owned(), "a row");
            continue;
        };
        for (figure, expected) in figures {
            compare(format!("{path} {figure}"), told(group, figure), expected);
        }
    }
    let mut firing: Vec<String> = alerts.firing().iter().map(fired).collect();
    firing.sort();
    let mut expected = round.alerts.clone();
    expected.sort();
    compare("alerts".to_owned(), firing.join(", "), &expected.join(", "));
    if let Some(expected) = &round.unknown {
        let unknown = unknown::of(model, &Filter::All).into_iter();
        let told = |unknown: Unknown| format!("{} {}", unknown.kind, whose(unknown.subject.as_ref()));
        compare("unknown".to_owned(), unknown.map(told).collect::<Vec<_>>().join(", "), &expected.join(", "));
    }
    if let Some(rows) = &round.rows {
        let shown: Vec<&str> =
            model.groups().iter().filter(|group| group.is_container()).map(|group| &*group.id.path).collect();
        compare("rows".to_owned(), shown.join(", "), &rows.join(", "));
    }
    wrong
}

fn fired(alert: &Alert) -> String {
    format!("{} {:?} {}", alert.rule, alert.level, whose(Some(&alert.subject)))
}

fn whose(subject: Option<&Subject>) -> &str {
    match subject {
        Some(Subject::Host) => "host",
        subject => subject.and_then(Subject::path).unwrap_or("unknown"),
    }
}

/// A figure of a row as it is printed: a field of the table, or what was seen since the first round.
fn told(group: &Group, figure: &str) -> String {
    let moved = |tally: &Tally| tally.delta().map_or_else(|| "none".to_owned(), |delta| format!("{delta:?}"));
    match figure {
        "hits" => group.hits.since_attach.to_string(),
        "hits.delta" => moved(&group.hits),
        "ancestor_hits" => group.ancestor_hits.since_attach.to_string(),
        "throttled" => group.throttled.since_attach.to_string(),
        "kills" => group.kills.since_attach.to_string(),
        "kills.delta" => moved(&group.kills),
        "at_limit" => if group.figures.at_limit { "yes" } else { "no" }.to_owned(),
        _ => {
            let field = field::find(figure).unwrap_or_else(|| panic!("no figure {figure}"));
            (field.get)(group).map_or_else(|missing| format!("({missing:?})"), |value| value.human())
        }
    }
}

/// The cgroups of a scenario as they are at the moment.
struct Stage {
    blank: Memory,
    host: Host,
    cgroups: Vec<(Cgroup, Memory)>,
    topology: Arc<Topology>,
}

impl Stage {
    fn new(scenario: &Scenario) -> Self {
        let (blank, hierarchy) = match scenario.version.as_str() {
            "v1" => (quiet(Version::V1), Hierarchy::V1),
            "v2" => (quiet(Version::V2), Hierarchy::V2),
            other => panic!("no version {other}"),
        };
        let mut stage = Self {
            blank,
            host: Host { namespaced: scenario.namespaced, ..calm_host(hierarchy) },
            cgroups: Vec::new(),
            topology: Arc::default(),
        };
        for (path, inode) in scenario.cgroups.iter().zip(1..) {
            let id = CgroupId { path: path.as_str().into(), inode };
            // A namespaced root is some container's own cgroup and tells what any cgroup tells.
            let bare = path == "/" && !scenario.namespaced;
            let memory = if bare { Memory::missing(Missing::RootCgroup) } else { blank };
            stage.cgroups.push((Cgroup { id, parent: None, identity: identity(path) }, memory));
        }
        stage.topology = topology(stage.cgroups.iter().map(|(cgroup, _)| cgroup));
        stage
    }

    fn next(&mut self, round: &Round, at: f64) -> Snapshot {
        for (key, value) in &round.host {
            set_host(&mut self.host, key, value);
        }
        let remade = round.set.values().any(|figures| figures.contains_key("inode"));
        self.cgroups.retain(|(cgroup, _)| !round.gone.iter().any(|path| **path == *cgroup.id.path));
        for (path, figures) in &round.set {
            self.set(path, figures);
        }
        if remade || !round.gone.is_empty() {
            self.topology = topology(self.cgroups.iter().map(|(cgroup, _)| cgroup));
        }
        for (path, figures) in &round.grow {
            self.grow(path, figures);
        }
        let at = Duration::from_secs_f64(at);
        let is_unlisted = |cgroup: &Cgroup| round.unlisted.iter().any(|path| **path == *cgroup.id.path);
        let is_inside = |cgroup: &Cgroup, above: &str| *cgroup.id.path != *above && is_within(&cgroup.id.path, above);
        let is_seen = |cgroup: &Cgroup| !round.unlisted.iter().any(|above| is_inside(cgroup, above));
        let seen = || self.cgroups.iter().filter(|(cgroup, _)| is_seen(cgroup));
        let is_whole = round.unlisted.is_empty();
        Snapshot {
            taken_at: SystemTime::UNIX_EPOCH + at,
            at,
            took: Duration::ZERO,
            host: self.host.clone(),
            topology: if is_whole { Arc::clone(&self.topology) } else { topology(seen().map(|(cgroup, _)| cgroup)) },
            readings: seen().map(|(_, memory)| Arc::new(*memory)).collect(),
            beancounters: Vec::new(),
            networks: Arc::default(),
            fresh: self.fresh(round),
            unlisted: (0..)
                .zip(seen())
                .filter(|(_, (cgroup, _))| is_unlisted(cgroup))
                .map(|(at, _)| (at, Missing::Unreadable))
                .collect(),
            problems: Vec::new(),
            oom_kills: Vec::new(),
            oom_log: Ok(()),
            own: Own::missing(Missing::NotRead),
        }
    }

    fn fresh(&self, round: &Round) -> Fresh {
        let Some(early) = &round.early else { return Fresh::All };
        let places = |paths: &[String]| paths.iter().map(|path| self.place(path)).collect();
        Fresh::Only { whole: places(early), counters: places(&round.counters) }
    }

    fn place(&self, path: &str) -> usize {
        let place = self.cgroups.iter().position(|(cgroup, _)| *cgroup.id.path == *path);
        place.unwrap_or_else(|| panic!("no cgroup {path}"))
    }

    fn set(&mut self, path: &str, figures: &Table) {
        let cgroup = self.cgroups.iter_mut().find(|(cgroup, _)| *cgroup.id.path == *path);
        let (cgroup, memory) = cgroup.unwrap_or_else(|| panic!("no cgroup {path}"));
        if let Some(inode) = figures.get("inode") {
            cgroup.id.inode = number(inode);
            *memory = self.blank;
        }
        for (key, value) in figures.iter().filter(|(key, _)| *key != "inode") {
            set_memory(memory, key, value);
        }
    }

    fn grow(&mut self, path: &str, figures: &Table) {
        let (_, memory) = self.cgroups.iter_mut().find(|(cgroup, _)| *cgroup.id.path == *path).expect("a cgroup");
        for (key, by) in figures {
            let figure = figure(memory, key);
            *figure = figure.map(|figure| figure + number(by));
        }
    }
}

fn topology<'a>(cgroups: impl Iterator<Item = &'a Cgroup>) -> Arc<Topology> {
    let mut cgroups: Vec<Cgroup> = cgroups.cloned().collect();
    let paths: Vec<Arc<str>> = cgroups.iter().map(|cgroup| Arc::clone(&cgroup.id.path)).collect();
    for cgroup in &mut cgroups {
        let above = cgroup.id.path.rsplit_once('/').map(|(above, _)| if above.is_empty() { "/" } else { above });
        cgroup.parent = above.filter(|_| *cgroup.id.path != *"/").map(|above| {
            paths.iter().position(|path| **path == *above).unwrap_or_else(|| panic!("{above} is missing"))
        });
    }
    Arc::new(Topology { cgroups })
}

fn identity(path: &str) -> Arc<Identity> {
    path.split('/').fold(Place::root(), |place, segment| place.child(segment)).identity
}

/// A cgroup that is empty, unlimited and undisturbed.
fn quiet(version: Version) -> Memory {
    let mut memory = version.blank();
    for limit in [
        &mut memory.limit,
        &mut memory.high,
        &mut memory.soft_limit,
        &mut memory.swap_limit,
        &mut memory.memsw_limit,
        &mut memory.stat.hierarchical_limit,
    ] {
        fill(limit, Limit::Unlimited);
    }
    let (events, stat) = (&mut memory.events, &mut memory.stat);
    for figure in [
        &mut memory.usage,
        &mut memory.peak,
        &mut memory.swap,
        &mut events.failcnt,
        &mut events.memsw_failcnt,
        &mut events.high,
        &mut events.oom,
        &mut events.oom_kill,
        &mut events.failcnt_below,
        &mut events.oom_kill_below,
        &mut events.swap_failcnt,
        &mut events.swap_fail,
        &mut stat.anon,
        &mut stat.file,
        &mut stat.shmem,
        &mut stat.kernel,
        &mut stat.slab_reclaimable,
        &mut stat.inactive_file,
        &mut stat.swap_cached,
        &mut stat.refault_anon,
        &mut stat.refault_file,
        &mut stat.pgscan_kswapd,
        &mut stat.pgscan_direct,
        &mut stat.pgmajfault,
        &mut memory.processes,
    ] {
        fill(figure, 0);
    }
    fill(&mut memory.psi, Psi::default());
    fill(&mut memory.under_oom, false);
    memory
}

/// Only what this version could tell.
fn fill<T>(reading: &mut Reading<T>, value: T) {
    if matches!(reading, Err(Missing::NotRead)) {
        *reading = Ok(value);
    }
}

fn set_host(host: &mut Host, key: &str, value: &Value) {
    match key {
        "mem_available" => host.mem_available = Ok(number(value)),
        "allocstall" => host.allocstall = Ok(number(value)),
        "pgscan_kswapd" => host.pgscan_kswapd = Ok(number(value)),
        "psi" => host.psi = Ok(psi(value)),
        "cpus" => host.cpus = number(value),
        other => panic!("no host figure {other}"),
    }
}

fn set_memory(memory: &mut Memory, key: &str, value: &Value) {
    match key {
        "limit" => memory.limit = Ok(limit(value)),
        "high" => memory.high = Ok(limit(value)),
        "swap_limit" => memory.swap_limit = Ok(limit(value)),
        "memsw_limit" => memory.memsw_limit = Ok(limit(value)),
        "hierarchical_limit" => memory.stat.hierarchical_limit = Ok(limit(value)),
        "psi" => memory.psi = Ok(psi(value)),
        "under_oom" => memory.under_oom = Ok(value.as_bool().expect("yes or no")),
        _ if value.as_str() == Some("?") => *figure(memory, key) = Err(Missing::Unreadable),
        _ => *figure(memory, key) = Ok(number(value)),
    }
}

fn figure<'a>(memory: &'a mut Memory, key: &str) -> &'a mut Reading {
    let (events, stat) = (&mut memory.events, &mut memory.stat);
    match key {
        "usage" => &mut memory.usage,
        "peak" => &mut memory.peak,
        "swap" => &mut memory.swap,
        "failcnt" => &mut events.failcnt,
        "memsw_failcnt" => &mut events.memsw_failcnt,
        "high_events" => &mut events.high,
        "oom" => &mut events.oom,
        "oom_kill" => &mut events.oom_kill,
        "oom_kill_below" => &mut events.oom_kill_below,
        "anon" => &mut stat.anon,
        "file" => &mut stat.file,
        "shmem" => &mut stat.shmem,
        "kernel" => &mut stat.kernel,
        "inactive_file" => &mut stat.inactive_file,
        "refault_anon" => &mut stat.refault_anon,
        "refault_file" => &mut stat.refault_file,
        "pgscan_kswapd" => &mut stat.pgscan_kswapd,
        "pgscan_direct" => &mut stat.pgscan_direct,
        "pgmajfault" => &mut stat.pgmajfault,
        "swap_cached" => &mut stat.swap_cached,
        "swap_failcnt" => &mut events.swap_failcnt,
        "processes" => &mut memory.processes,
        other => panic!("no figure {other}"),
    }
}

fn number(value: &Value) -> u64 {
    match value {
        Value::Integer(number) => u64::try_from(*number).expect("not negative"),
        Value::String(size) => units::parse_size(size).expect("a size"),
        other => panic!("{other} is no number"),
    }
}

fn limit(value: &Value) -> Limit {
    if value.as_str() == Some("max") { Limit::Unlimited } else { Limit::Bytes(number(value)) }
}

/// Percent of the last ten seconds in which some task waited.
fn psi(value: &Value) -> Psi {
    let some = PsiLine { avg10: value.as_float().expect("percent, with a point"), ..PsiLine::default() };
    Psi { some, full: PsiLine::default() }
}
