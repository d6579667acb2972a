//! The rules. Each says whether it stands for a row, how bad that is, and why, in figures.
//!
//! Must not remember anything: for how long a rule stands, and whether it fires, is the engine's.

mod limit;
pub(super) mod lives;
mod network;
mod pressure;

use std::time::Duration;

use crate::alert::Level;
use crate::alert::policy::Policy;
use crate::model::figures::Holder;
use crate::model::limits::Resource;
use crate::model::{Figures, Group, Model};
use crate::units::{self, Limit};

/// For so long a container's kills and restarts are news.
pub(super) const NEWS: Duration = crate::model::verdict::KILLED;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it watches, in one sentence.
    pub meaning: &'static str,
    /// What its thresholds are in; `None` for one that measures nothing.
    pub measure: Option<Measure>,
    /// How it is applied if nobody says otherwise.
    pub defaults: Policy,
    /// What moves by jerks goes on for so long without standing.
    pub(super) linger: Duration,
    /// Two readings can never tell.
    pub(super) needs_history: bool,
    /// It tells of a container by its name, so what it said stays news when the cgroup is gone or made again.
    pub(super) outlives: bool,
    /// What it counts are events, each of which is news: it is told again when there is more.
    pub(super) each_is_news: bool,
    /// Rules that would say the same of the row, only less.
    pub(super) covers: &'static [&'static str],
    /// Whether it stands.
    pub(super) judge: Judge,
}

/// What a threshold is in, and on which side of it the trouble is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The unit.
    pub unit: Unit,
    /// The side.
    pub direction: Direction,
}

/// What a threshold is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Percent.
    Percent,
    /// Events a second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// Seconds.
    Time,
    /// How many.
    Count,
}

/// On which side of a threshold the trouble is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Above.
    Rising,
    /// Below.
    Falling,
}

impl Direction {
    fn is_beyond(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Rising => value >= threshold,
            Self::Falling => value <= threshold,
        }
    }
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Judge {
    /// Each row.
    Row(OfRow),
    /// The host.
    Host(OfHost),
    /// Each row, and the host.
    Both(OfRow, OfHost),
}

/// Whether it stands for a row.
pub(super) type OfRow = fn(&Group, Case<'_>) -> Option<Standing>;
/// Whether it stands for the host.
pub(super) type OfHost = fn(Case<'_>) -> Option<Standing>;

impl Judge {
    pub(super) fn of_row(self) -> Option<OfRow> {
        match self {
            Self::Row(judge) | Self::Both(judge, _) => Some(judge),
            Self::Host(_) => None,
        }
    }

    pub(super) fn of_host(self) -> Option<OfHost> {
        match self {
            Self::Host(judge) | Self::Both(_, judge) => Some(judge),
            Self::Row(_) => None,
        }
    }
}

/// The circumstances that a rule is asked in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    /// What is known.
    pub(super) model: &'a Model,
    /// The rule's threshold, and on which side of it the trouble is.
    pub(super) threshold: f64,
    /// See `threshold`.
    pub(super) direction: Direction,
    /// Whether the rule stood before.
    pub(super) stood: bool,
    /// How much there will be to look at.
    pub(super) watch: Watch,
}

impl Case<'_> {
    fn is_beyond(&self, value: f64) -> bool {
        self.direction.is_beyond(value, self.threshold)
    }
}

/// How long is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// As long as the program runs.
    #[default]
    Live,
    /// Two readings: what should be seen twice can only be seen once.
    Once,
}

/// That a rule stands.
#[derive(Debug)]
pub(super) struct Standing {
    /// Who holds the row.
    pub(super) sign: char,
    /// Why, in figures.
    pub(super) text: String,
    /// How bad that is.
    pub(super) severity: Severity,
    /// What tells a worse moment from a better one of the same level: larger is worse.
    pub(super) weight: f64,
}

/// How bad it is that a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// As bad as it usually is.
    Usual,
    /// A step worse.
    Worse,
}

impl Severity {
    fn worse_if(worse: bool) -> Self {
        if worse { Self::Worse } else { Self::Usual }
    }
}

/// The rule called `name`.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

const MINUTE: Duration = Duration::from_secs(60);

/// A policy without thresholds.
const fn policy(level: Level, hold: Duration, cooldown: Duration) -> Policy {
    Policy { level, hold, on: 0.0, off: 0.0, cooldown, enabled: true }
}

const fn between(on: f64, off: f64, policy: Policy) -> Policy {
    Policy { on, off, ..policy }
}

const fn rising(unit: Unit) -> Measure {
    Measure { unit, direction: Direction::Rising }
}

const fn falling(unit: Unit) -> Measure {
    Measure { unit, direction: Direction::Falling }
}

const PLAIN: Rule = Rule {
    name: "",
    meaning: "",
    measure: None,
    defaults: policy(Level::Notice, Duration::ZERO, Duration::ZERO),
    linger: Duration::ZERO,
    needs_history: false,
    outlives: false,
    each_is_news: false,
    covers: &[],
    judge: Judge::Host(|_| None),
};

/// Every rule, the worst first; one that covers others stands before them.
pub const RULES: &[Rule] = &[
    Rule {
        name: "oom-kill",
        meaning: "The OOM killer, the kernel's or one in user space, took a process of it within the last ten minutes.",
        defaults: policy(Level::Critical, Duration::ZERO, Duration::ZERO),
        outlives: true,
        each_is_news: true,
        judge: Judge::Row(lives::oom_kill),
        ..PLAIN
    },
    Rule {
        name: "under-oom",
        meaning: "It stands still at its limit because its OOM killer is disabled (v1).",
        defaults: policy(Level::Critical, Duration::ZERO, Duration::ZERO),
        judge: Judge::Row(lives::under_oom),
        ..PLAIN
    },
    Rule {
        name: "host-short",
        meaning: "The host is short: it reclaims, and little of its memory is available, in percent.",
        measure: Some(falling(Unit::Percent)),
        defaults: between(10.0, 15.0, policy(Level::Warning, Duration::ZERO, MINUTE)),
        linger: Duration::from_secs(10),
        judge: Judge::Host(pressure::host_short),
        ..PLAIN
    },
    Rule {
        name: "thrash",
        meaning: "A limit costs it time: its stall, in percent of the last ten seconds.",
        measure: Some(rising(Unit::Percent)),
        defaults: between(10.0, 5.0, policy(Level::Critical, Duration::ZERO, Duration::ZERO)),
        linger: Duration::from_secs(5),
        covers: &["limit-hit", "hit-rate"],
        judge: Judge::Row(pressure::thrash),
        ..PLAIN
    },
    Rule {
        name: "throttled",
        meaning: "It is slowed down at a memory.high, its own or an ancestor's (v2).",
        defaults: policy(Level::Warning, Duration::ZERO, MINUTE),
        judge: Judge::Row(pressure::throttled),
        ..PLAIN
    },
    Rule {
        name: "time-to-limit",
        meaning: "What cannot be dropped grows steadily and reaches its own limit within this time.",
        measure: Some(falling(Unit::Time)),
        defaults: between(600.0, 900.0, policy(Level::Warning, Duration::from_secs(10), MINUTE)),
        linger: Duration::from_secs(5),
        needs_history: true,
        judge: Judge::Row(limit::time_to_limit),
        ..PLAIN
    },
    Rule {
        name: "near-limit",
        meaning: "What cannot be dropped, or OpenVZ's allocations, are near the limit: in percent. Page cache does not count.",
        measure: Some(rising(Unit::Percent)),
        defaults: between(90.0, 85.0, policy(Level::Warning, Duration::ZERO, MINUTE)),
        judge: Judge::Row(limit::near_limit),
        ..PLAIN
    },
    Rule {
        name: "swap-limit",
        meaning: "Its swap allowance is used up: its share, in percent.",
        measure: Some(rising(Unit::Percent)),
        defaults: between(90.0, 80.0, policy(Level::Warning, Duration::ZERO, MINUTE)),
        judge: Judge::Row(limit::swap_limit),
        ..PLAIN
    },
    Rule {
        name: "resource-refused",
        meaning: "OpenVZ refused it a resource, such as sockets, processes or allocations, within the last ten seconds.",
        defaults: policy(Level::Warning, Duration::ZERO, MINUTE),
        linger: Duration::from_secs(5),
        judge: Judge::Row(limit::resource_refused),
        ..PLAIN
    },
    Rule {
        name: "socket-starved",
        meaning: "TCP had too little memory for what came in: receive buffers of its network namespace were pruned.",
        defaults: policy(Level::Warning, Duration::ZERO, MINUTE),
        linger: Duration::from_secs(5),
        judge: Judge::Both(network::starved, network::host_starved),
        ..PLAIN
    },
    Rule {
        name: "swap-growth",
        meaning: "It is pushed out to swap: bytes a second.",
        measure: Some(rising(Unit::BytesPerSecond)),
        defaults: between(1_048_576.0, 262_144.0, policy(Level::Warning, Duration::from_secs(10), MINUTE)),
        linger: Duration::from_secs(3),
        judge: Judge::Row(pressure::swap_growth),
        ..PLAIN
    },
    Rule {
        name: "recreated",
        meaning: "It was made again under its name or path so many times within ten minutes.",
        measure: Some(rising(Unit::Count)),
        defaults: between(3.0, 1.0, policy(Level::Warning, Duration::ZERO, MINUTE)),
        needs_history: true,
        outlives: true,
        judge: Judge::Row(lives::recreated),
        ..PLAIN
    },
    Rule {
        name: "hit-rate",
        meaning: "It hits its limit so many times a second, and not for the sake of page cache alone.",
        measure: Some(rising(Unit::PerSecond)),
        defaults: between(100.0, 20.0, policy(Level::Warning, Duration::from_secs(10), MINUTE)),
        linger: Duration::from_secs(3),
        judge: Judge::Row(limit::hit_rate),
        ..PLAIN
    },
    Rule {
        name: "limit-hit",
        meaning: "It hit its own limit, or is held by an ancestor's, within the last ten seconds.",
        defaults: policy(Level::Notice, Duration::ZERO, MINUTE),
        linger: Duration::from_secs(5),
        judge: Judge::Row(limit::limit_hit),
        ..PLAIN
    },
    Rule {
        name: "left-behind",
        meaning: "Memory stays charged to it although no process is left: bytes.",
        measure: Some(rising(Unit::Bytes)),
        defaults: between(16_777_216.0, 8_388_608.0, policy(Level::Notice, MINUTE, MINUTE)),
        judge: Judge::Row(lives::left_behind),
        ..PLAIN
    },
];

/// Its own limit, whichever binds at the moment.
fn own_limit(figures: &Figures) -> String {
    match (&figures.limited_by, figures.limit) {
        (Ok(Holder::Own(_)), _) | (_, Ok(Limit::Unlimited) | Err(_)) => limit_of(figures),
        (_, Ok(Limit::Bytes(limit))) => format!("own limit {}", units::size(limit)),
    }
}

/// Whose limit it is that binds, and how large.
pub(super) fn limit_of(figures: &Figures) -> String {
    let Ok(Limit::Bytes(limit)) = figures.limited_by_limit else { return "no limit of its own".to_owned() };
    let whose = if is_ancestors(figures) { "ancestor's" } else { "own" };
    let what = match figures.limited_by_resource {
        Ok(resource @ Resource::Private) => resource.name(),
        _ => "limit",
    };
    format!("{whose} {what} {}", units::size(limit))
}

fn is_ancestors(figures: &Figures) -> bool {
    matches!(figures.limited_by, Ok(Holder::Ancestor(_)))
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64 * 100.0
}

/// The stall as an afterthought, where the kernel tells it.
fn stall(figures: &Figures) -> String {
    figures.psi.map_or(String::new(), |psi| format!(", stall {:.0}%", psi.some.avg10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_named_once_and_explained() {
        for (at, rule) in RULES.iter().enumerate() {
            assert!(RULES[..at].iter().all(|earlier| earlier.name != rule.name), "{} twice", rule.name);
            assert!(rule.meaning.ends_with('.') && rule.meaning.len() > 10, "{}", rule.name);
            let covered = |name: &&str| RULES[at..].iter().any(|later| later.name == *name);
            assert!(rule.covers.iter().all(covered), "{} covers what stands before it", rule.name);
        }
    }

    #[test]
    fn a_rule_ends_on_the_calm_side_of_where_it_begins() {
        for rule in RULES {
            let Policy { on, off, .. } = rule.defaults;
            match rule.measure.map(|measure| measure.direction) {
                None => assert!(on == 0.0 && off == 0.0, "{}", rule.name),
                Some(Direction::Rising) => assert!(off < on, "{}", rule.name),
                Some(Direction::Falling) => assert!(off > on, "{}", rule.name),
            }
        }
    }
}
