//! What deserves attention: rules over the model, what fires now, and a log of what fired.
//!
//! Time is the snapshots'; must not draw and must not know keys.

pub mod rules;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::model::autopsy::is_within;
use crate::model::{Group, Model};
use crate::snapshot::CgroupId;
use rules::{RULES, Rule, Standing};

/// Alerts that are remembered.
const LOG: usize = 200;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing, harmless by itself.
    Notice,
    /// It may become trouble.
    Warning,
    /// It costs time or kills.
    Critical,
}

/// Something that fires, or fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The rule's name.
    pub rule: &'static str,
    /// The sign on the screen: who holds it.
    pub sign: char,
    /// How bad it is.
    pub level: Level,
    /// Which row.
    pub id: CgroupId,
    /// What it is called.
    pub name: Arc<str>,
    /// What happened, with figures.
    pub text: String,
    /// When it began, on the clock of the snapshots.
    pub since: Duration,
    /// When it began, on the wall.
    pub began: SystemTime,
    /// When it ended; `None` while it fires.
    pub until: Option<Duration>,
    /// Whether somebody has seen it.
    pub acknowledged: bool,
}

/// What fires, and what fired.
#[derive(Debug, Default)]
pub struct Engine {
    firing: Vec<Alert>,
    ended: VecDeque<Alert>,
    /// The newest kill that was told of.
    last_kill: u64,
}

impl Engine {
    /// Judges the newest reading.
    pub fn judge(&mut self, model: &Model) {
        let Some(snapshot) = model.snapshot() else { return };
        let mut still = Vec::new();
        let mut firing: HashMap<CgroupId, Vec<Alert>> = HashMap::new();
        for alert in self.firing.drain(..) {
            firing.entry(alert.id.clone()).or_default().push(alert);
        }
        for group in model.rows() {
            let mut before = firing.remove(&group.id).unwrap_or_default();
            for rule in RULES {
                let known = before.iter().position(|alert| alert.rule == rule.name).map(|at| before.remove(at));
                match (rule.standing)(group, model, known.is_some()) {
                    Some(standing) => still.push(updated(known, rule, standing, group, snapshot.at, snapshot.taken_at)),
                    None => self.ended.extend(known.map(|alert| ended(alert, snapshot.at))),
                }
            }
        }
        self.bury(firing.into_values().flatten().collect(), &mut still, snapshot.at);
        self.tell_of_unseen(model, &mut still, snapshot.at);
        while self.ended.len() > LOG {
            self.ended.pop_front();
        }
        still.sort_by(|a, b| (a.acknowledged, b.level, b.since).cmp(&(b.acknowledged, a.level, a.since)));
        self.firing = still;
    }

    /// Alerts of rows that are gone have ended. A kill stays news, unless the row is back and tells of it.
    fn bury(&mut self, mut orphans: Vec<Alert>, still: &mut Vec<Alert>, at: Duration) {
        orphans.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        for alert in orphans {
            let told = still.iter().any(|other| other.rule == alert.rule && other.id.path == alert.id.path);
            if rules::outlives(&alert, at) && !told {
                still.push(alert);
            } else {
                self.ended.push_back(ended(alert, at));
            }
        }
    }

    /// Kills since the last time that no row tells of, each an alert of its own.
    fn tell_of_unseen(&mut self, model: &Model, still: &mut Vec<Alert>, at: Duration) {
        let new = model.autopsies().newest().take_while(|autopsy| autopsy.number > self.last_kill);
        for autopsy in new.filter(|autopsy| !autopsy.past) {
            let path = autopsy.cgroup.clone().unwrap_or_else(|| "?".into());
            let is_told = |alert: &Alert| alert.rule == rules::OOM_KILL && is_within(&path, &alert.id.path);
            if still.iter().any(is_told) {
                continue;
            }
            still.push(Alert {
                rule: rules::OOM_KILL,
                sign: 'X',
                level: Level::Critical,
                id: CgroupId { path, inode: autopsy.number },
                name: autopsy.name.clone().unwrap_or_else(|| "a cgroup that is gone".into()),
                text: rules::of_unseen(autopsy),
                since: at,
                began: autopsy.when,
                until: None,
                acknowledged: false,
            });
        }
        self.last_kill = model.autopsies().newest().next().map_or(self.last_kill, |newest| newest.number);
    }

    /// What fires now: the worst first, then the newest; acknowledged ones last.
    pub fn firing(&self) -> &[Alert] {
        &self.firing
    }

    /// What fired and ended, newest first.
    pub fn ended(&self) -> impl Iterator<Item = &Alert> {
        self.ended.iter().rev()
    }

    /// What fires and has not been acknowledged.
    pub fn unseen(&self) -> usize {
        self.firing.iter().filter(|alert| !alert.acknowledged).count()
    }

    /// Somebody has seen everything that fires.
    pub fn acknowledge_all(&mut self) {
        for alert in &mut self.firing {
            alert.acknowledged = true;
        }
    }
}

fn updated(
    known: Option<Alert>,
    rule: &Rule,
    standing: Standing,
    group: &Group,
    at: Duration,
    taken_at: SystemTime,
) -> Alert {
    let worse = known.as_ref().is_some_and(|alert| standing.level > alert.level);
    Alert {
        rule: rule.name,
        sign: standing.sign,
        level: standing.level,
        id: group.id.clone(),
        name: group.identity.label().into(),
        text: standing.text,
        since: known.as_ref().map_or(at, |alert| alert.since),
        began: known.as_ref().map_or(taken_at, |alert| alert.began),
        until: None,
        acknowledged: known.is_some_and(|alert| alert.acknowledged) && !worse,
    }
}

fn ended(alert: Alert, at: Duration) -> Alert {
    Alert { until: Some(at), ..alert }
}
