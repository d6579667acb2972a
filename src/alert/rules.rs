//! The rules. Each says whether it stands for a row, how bad that is, and why, in figures.

use std::time::Duration;

use crate::alert::{Alert, Level};
use crate::model::autopsy::Autopsy;
use crate::model::figures::Holder;
use crate::model::verdict::{self, KILLED, RECENT};
use crate::model::{Figures, Group, Model};
use crate::units::{self, Limit};

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Whether it stands, given whether it stood before.
    pub standing: fn(&Group, &Model, bool) -> Option<Standing>,
}

/// That a rule stands.
#[derive(Debug)]
pub struct Standing {
    /// How bad it is.
    pub level: Level,
    /// Who holds the row.
    pub sign: char,
    /// Why, in figures.
    pub text: String,
}

/// The rule whose alerts outlive their rows.
pub(super) const OOM_KILL: &str = "oom-kill";

/// Every rule, the worst first.
pub const RULES: &[Rule] = &[
    Rule { name: OOM_KILL, standing: oom_kill },
    Rule { name: "under-oom", standing: under_oom },
    Rule { name: "limit-hit", standing: limit_hit },
    Rule { name: "throttled", standing: throttled },
    Rule { name: "near-limit", standing: near_limit },
];

fn oom_kill(group: &Group, model: &Model, _: bool) -> Option<Standing> {
    let kills = &group.kills;
    if !kills.rose_within(KILLED, model.now()) {
        return None;
    }
    let times = if kills.since_attach == 1 { String::new() } else { format!(" {} times, last", kills.since_attach) };
    let told = model.autopsies().of(&group.id.path).map(|autopsy| {
        let (victim, culprit) = (autopsy.victim_told(), autopsy.culprit_told());
        format!("OOM kill{times}: {victim} {culprit}, kill {}", autopsy.number)
    });
    let text = told.unwrap_or_else(|| format!("OOM kill{times}, {}", limit_of(&group.figures)));
    Some(Standing { level: Level::Critical, sign: 'X', text })
}

fn under_oom(group: &Group, _: &Model, _: bool) -> Option<Standing> {
    (group.figures.under_oom == Ok(true)).then(|| Standing {
        level: Level::Critical,
        sign: 'X',
        text: format!("stands still at {}: its OOM killer is disabled", limit_of(&group.figures)),
    })
}

/// A kill whose cgroup was gone before anybody saw it has no row.
pub(super) fn of_unseen(autopsy: &Autopsy) -> String {
    format!("OOM kill: {} {}, kill {}", autopsy.victim_told(), autopsy.culprit_told(), autopsy.number)
}

/// Whether an alert of a row that is gone is still news.
pub(super) fn outlives(alert: &Alert, now: Duration) -> bool {
    alert.rule == OOM_KILL && now.saturating_sub(alert.since) <= KILLED
}

/// Hits alone are a notice: a container that reads more files than its limit holds hits it by design.
fn limit_hit(group: &Group, model: &Model, _: bool) -> Option<Standing> {
    let now = model.now();
    // The same tests as the verdict's, so that row and alert say the same.
    let ancestor = verdict::is_held_above(group, &group.figures, now) && group.ancestor_hits.rose_within(RECENT, now);
    let (sign, tally) = match (ancestor, group.hits.rose_within(RECENT, now)) {
        (true, _) => ('^', &group.ancestor_hits),
        (false, true) => ('=', &group.hits),
        (false, false) => return None,
    };
    let limit = if ancestor { limit_of(&group.figures) } else { own_limit(&group.figures) };
    let hits = units::counted(tally.since_attach, "hit");
    let stall = group.figures.psi.map_or(String::new(), |psi| format!(", stall {:.0}%", psi.some.avg10));
    let (level, text) = if group.verdict.is_ok_and(|verdict| verdict.hurts) {
        (Level::Critical, format!("thrashing at {limit}{stall}, +{hits}"))
    } else {
        (Level::Notice, format!("at {limit}, +{hits}"))
    };
    Some(Standing { level, sign, text })
}

fn throttled(group: &Group, model: &Model, _: bool) -> Option<Standing> {
    if !group.throttled.rose_within(RECENT, model.now()) {
        return None;
    }
    let high = group
        .figures
        .effective_high
        .ok()
        .and_then(Limit::bytes)
        .map_or(String::new(), |high| format!(" {}", units::size(high)));
    let stall = group.figures.psi.map_or(String::new(), |psi| format!(", stall {:.0}%", psi.some.avg10));
    let hurts = group.verdict.is_ok_and(|verdict| verdict.hurts);
    Some(Standing {
        level: if hurts { Level::Critical } else { Level::Warning },
        sign: '~',
        text: format!(
            "throttled by memory.high{high}, +{}{stall}",
            units::counted(group.throttled.since_attach, "event")
        ),
    })
}

/// What cannot be dropped nears the limit; a full page cache does not. Off again only well below.
fn near_limit(group: &Group, _: &Model, stood: bool) -> Option<Standing> {
    const ON: f64 = 0.90;
    const OFF: f64 = 0.85;
    let (floor, limit) = (group.figures.floor.ok()?, group.figures.effective_limit.ok()?.bytes()?);
    let share = floor as f64 / limit.max(1) as f64;
    (share >= if stood { OFF } else { ON }).then(|| Standing {
        level: Level::Warning,
        sign: ' ',
        text: format!("near its limit: {} of {} cannot be dropped", units::size(floor), units::size(limit)),
    })
}

/// Its own limit, whichever binds at the moment.
fn own_limit(figures: &Figures) -> String {
    match (&figures.limited_by, figures.limit) {
        (Ok(Holder::Own(_)), _) | (_, Ok(Limit::Unlimited) | Err(_)) => limit_of(figures),
        (_, Ok(Limit::Bytes(limit))) => format!("own limit {}", units::size(limit)),
    }
}

fn limit_of(figures: &Figures) -> String {
    let Ok(Limit::Bytes(limit)) = figures.limited_by_limit else { return "no limit of its own".to_owned() };
    let whose = if matches!(figures.limited_by, Ok(Holder::Ancestor(_))) { "ancestor's" } else { "own" };
    format!("{whose} limit {}", units::size(limit))
}
