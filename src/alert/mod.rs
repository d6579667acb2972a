//! What deserves attention: rules over the model, what fires now, and a log of what fired.
//!
//! Time is the snapshots'; must not draw and must not know keys.

pub mod rules;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::model::autopsy::is_within;
use crate::model::{Group, Model, Scope};
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
    /// How bad it is; of one that ended, how bad it was.
    pub level: Level,
    /// Which row.
    pub id: CgroupId,
    /// What it is called.
    pub name: Arc<str>,
    /// What happens, with figures; of one that ended, what happened at its worst.
    pub text: String,
    /// When it began, on the clock of the snapshots.
    pub since: Duration,
    /// When it began, on the wall.
    pub began: SystemTime,
    /// When it ended; `None` while it fires.
    pub until: Option<Duration>,
    /// Whether somebody has seen it.
    pub acknowledged: bool,
    /// Its worst moment so far, the latest of several.
    worst: (Level, char, String),
}

/// What fires, and what fired.
#[derive(Debug, Default)]
pub struct Engine {
    firing: Vec<Alert>,
    ended: VecDeque<Alert>,
    /// The newest kill that was told of.
    last_kill: u64,
    /// Which cgroups made a row at the last reading.
    scope: Option<Scope>,
}

impl Engine {
    /// Judges the newest reading.
    pub fn judge(&mut self, model: &Model) {
        let Some(snapshot) = model.snapshot() else { return };
        let mut still = Vec::new();
        let mut firing: HashMap<CgroupId, Vec<Alert>> = HashMap::new();
        // Where other cgroups make the rows, an alert goes on in the row that stands for its cgroup now.
        let mut loose = Vec::new();
        let moves = self.scope.replace(model.scope()).is_some_and(|before| before != model.scope());
        for alert in self.firing.drain(..) {
            if moves && model.group(&alert.id).is_none() {
                loose.push(alert);
            } else {
                firing.entry(alert.id.clone()).or_default().push(alert);
            }
        }
        for group in model.rows() {
            let mut before = firing.remove(&group.id).unwrap_or_default();
            for rule in RULES {
                let known = before.iter().position(|alert| alert.rule == rule.name).map(|at| before.remove(at));
                match (rule.standing)(group, model, known.is_some()) {
                    Some(standing) => {
                        let known = known.or_else(|| take_loose(&mut loose, rule, group));
                        still.push(updated(known, rule, standing, group, snapshot.at, snapshot.taken_at));
                    }
                    None if moves => loose.extend(known),
                    None => self.ended.extend(known.map(|alert| ended(alert, snapshot.at))),
                }
            }
        }
        self.bury(firing.into_values().flatten().chain(loose).collect(), &mut still, snapshot.at);
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
            let text = rules::of_unseen(autopsy);
            still.push(Alert {
                rule: rules::OOM_KILL,
                sign: 'X',
                level: Level::Critical,
                id: CgroupId { path, inode: autopsy.number },
                name: autopsy.name.clone().unwrap_or_else(|| "a cgroup that is gone".into()),
                worst: (Level::Critical, 'X', text.clone()),
                text,
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

/// The alert of the same rule for a cgroup of the same container.
fn take_loose(loose: &mut Vec<Alert>, rule: &Rule, group: &Group) -> Option<Alert> {
    let (path, is_container) = (&group.id.path, group.is_container());
    let is_meant =
        |alert: &Alert| alert.rule == rule.name && (is_within(&alert.id.path, path) || is_within(path, &alert.id.path));
    loose.iter().position(is_meant).filter(|_| is_container).map(|at| loose.remove(at))
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
    let peak = known.as_ref().map(|alert| &alert.worst).filter(|(level, ..)| *level > standing.level).cloned();
    Alert {
        rule: rule.name,
        sign: standing.sign,
        level: standing.level,
        id: group.id.clone(),
        name: group.identity.label().into(),
        worst: peak.unwrap_or_else(|| (standing.level, standing.sign, standing.text.clone())),
        text: standing.text,
        since: known.as_ref().map_or(at, |alert| alert.since),
        began: known.as_ref().map_or(taken_at, |alert| alert.began),
        until: None,
        acknowledged: known.is_some_and(|alert| alert.acknowledged) && !worse,
    }
}

fn ended(alert: Alert, at: Duration) -> Alert {
    let (level, sign, text) = alert.worst.clone();
    Alert { until: Some(at), level, sign, text, ..alert }
}
