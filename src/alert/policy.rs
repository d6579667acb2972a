//! How each rule is applied to a row: its defaults, and the entries of the configuration that change them.
//!
//! Later entries win. Must not know where entries come from.

use std::time::Duration;

use crate::alert::Level;
use crate::alert::rules::{Direction, RULES, Rule};
use crate::model::Group;
use crate::query::Filter;

/// How a rule is applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// How bad it usually is; a rule may say that it is a step worse.
    pub level: Level,
    /// It must stand so long before it fires.
    pub hold: Duration,
    /// From here on it stands, in the rule's unit; of no use to a rule that measures nothing.
    pub on: f64,
    /// Up to here it stands if it stood before.
    pub off: f64,
    /// Within this time after its end it is no new alert.
    pub cooldown: Duration,
    /// Whether it is applied at all.
    pub enabled: bool,
}

impl Policy {
    /// The threshold for a rule that stood before, or did not. One that is changed alone drags the other along.
    pub(super) fn threshold(&self, stood: bool, direction: Direction) -> f64 {
        match (stood, direction) {
            (false, _) => self.on,
            (true, Direction::Rising) => self.off.min(self.on),
            (true, Direction::Falling) => self.off.max(self.on),
        }
    }
}

/// An entry of the configuration: what it says nothing of stays as it is.
#[derive(Clone, Debug)]
pub struct Override {
    /// Which rule; `None` for every one.
    pub rule: Option<&'static Rule>,
    /// To which rows.
    pub filter: Filter,
    /// See [`Policy`].
    pub level: Option<Level>,
    /// See [`Policy`].
    pub hold: Option<Duration>,
    /// See [`Policy`].
    pub on: Option<f64>,
    /// See [`Policy`].
    pub off: Option<f64>,
    /// See [`Policy`].
    pub cooldown: Option<Duration>,
    /// See [`Policy`].
    pub enabled: Option<bool>,
}

impl Override {
    /// An entry for every row that changes nothing.
    pub fn nothing(rule: Option<&'static Rule>) -> Self {
        Self { rule, filter: Filter::All, level: None, hold: None, on: None, off: None, cooldown: None, enabled: None }
    }

    /// Whether it changes how this rule is applied.
    pub fn is_about(&self, rule: &Rule) -> bool {
        self.rule.is_none_or(|about| about.name == rule.name)
    }

    /// Filters speak of rows; the host is none.
    fn is_for(&self, group: Option<&Group>) -> bool {
        match (&self.filter, group) {
            (Filter::All, _) => true,
            (filter, Some(group)) => filter.matches(group),
            (_, None) => false,
        }
    }

    fn apply(&self, policy: Policy) -> Policy {
        Policy {
            level: self.level.unwrap_or(policy.level),
            hold: self.hold.unwrap_or(policy.hold),
            on: self.on.unwrap_or(policy.on),
            off: self.off.unwrap_or(policy.off),
            cooldown: self.cooldown.unwrap_or(policy.cooldown),
            enabled: self.enabled.unwrap_or(policy.enabled),
        }
    }
}

/// The entries of the configuration, in their order.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// The entries; later ones win.
    pub overrides: Vec<Override>,
}

impl Policies {
    /// How a rule is applied to a row, or to the host.
    pub fn of(&self, rule: &Rule, group: Option<&Group>) -> Policy {
        let entries = self.overrides.iter().filter(|entry| entry.is_about(rule) && entry.is_for(group));
        entries.fold(rule.defaults, |policy, entry| entry.apply(policy))
    }

    /// The rules that cannot fire, for some row at least, before `watched` is over.
    pub fn beyond(&self, watched: Duration) -> Vec<&'static str> {
        let slow =
            |rule: &&Rule| self.of(rule, None).enabled && (rule.needs_history || self.longest_hold(rule) > watched);
        RULES.iter().filter(slow).map(|rule| rule.name).collect()
    }

    /// So long some row at least must wait until the rule fires.
    fn longest_hold(&self, rule: &Rule) -> Duration {
        let about = self.overrides.iter().filter(|entry| entry.is_about(rule));
        about.fold(rule.defaults.hold, |longest, entry| match (entry.hold, &entry.filter) {
            (None, _) => longest,
            (Some(hold), Filter::All) => hold,
            (Some(hold), _) => hold.max(longest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::rules::find;

    #[test]
    fn later_entries_win_and_say_only_what_they_change() {
        let near = find("near-limit").unwrap();
        let entry = |level, on| Override { level, on, ..Override::nothing(Some(near)) };
        let policies =
            Policies { overrides: vec![entry(Some(Level::Critical), Some(70.0)), entry(Some(Level::Notice), None)] };
        let policy = policies.of(near, None);
        assert_eq!((policy.level, policy.on, policy.hold), (Level::Notice, 70.0, near.defaults.hold));
        assert!((policy.threshold(true, Direction::Rising) - 70.0).abs() < f64::EPSILON, "85 would never end");
        assert_eq!(policies.of(find("limit-hit").unwrap(), None), find("limit-hit").unwrap().defaults);
    }

    #[test]
    fn an_entry_for_some_rows_is_not_for_the_host() {
        let host = find("host-short").unwrap();
        let silent = |filter| Override { filter, enabled: Some(false), ..Override::nothing(None) };
        let some = Policies { overrides: vec![silent(Filter::parse("web").unwrap())] };
        let all = Policies { overrides: vec![silent(Filter::All)] };
        assert!(some.of(host, None).enabled && !all.of(host, None).enabled);
    }

    #[test]
    fn rules_that_need_longer_are_known() {
        let second = Duration::from_secs(1);
        let slow = Policies::default().beyond(second);
        assert!(slow.contains(&"hit-rate") && slow.contains(&"time-to-limit") && !slow.contains(&"near-limit"));
        let hold = |seconds| Some(Duration::from_secs(seconds));
        let near = Override { hold: hold(30), ..Override::nothing(find("near-limit")) };
        let rate = Override { hold: hold(0), ..Override::nothing(find("hit-rate")) };
        let again = Override { hold: hold(0), ..Override::nothing(find("near-limit")) };
        let slow = Policies { overrides: vec![near.clone(), rate] }.beyond(second);
        assert!(slow.contains(&"near-limit") && !slow.contains(&"hit-rate"), "{slow:?}");
        assert!(!Policies { overrides: vec![near, again] }.beyond(second).contains(&"near-limit"), "the later wins");
    }
}
