//! What is remembered of one rule and one subject between two readings.

use std::time::{Duration, SystemTime};

use crate::alert::policy::Policy;
use crate::alert::rules::{Rule, Severity, Standing};
use crate::alert::{Alert, Change, Level, News};

/// A rule that stands for a subject, or did.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) rule: &'static Rule,
    pub(super) state: State,
}

#[derive(Clone, Debug)]
pub(super) enum State {
    /// It stands, but not long enough yet.
    Pending { since: Duration, seen: Duration },
    /// It fires.
    Firing(Box<Firing>),
    /// It fired until then: an alert within its cooldown is the same one.
    Over(Box<Firing>),
}

/// An alert and its worst moment.
#[derive(Clone, Debug)]
pub(super) struct Firing {
    pub(super) alert: Alert,
    worst: Worst,
    /// When the rule last stood.
    seen: Duration,
    /// When it was last worse than ever before.
    pub(super) renewed: Duration,
}

/// The worst moment of an alert.
#[derive(Clone, Debug)]
struct Worst {
    level: Level,
    weight: f64,
    sign: char,
    text: String,
}

impl Worst {
    fn new(level: Level, standing: Standing) -> Self {
        Self { level, weight: standing.weight, sign: standing.sign, text: standing.text }
    }
}

/// The moment of a reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// On the clock of the snapshots.
    pub(super) at: Duration,
    /// On the wall.
    pub(super) wall: SystemTime,
}

impl Track {
    /// Whether the rule stood at the reading before, so that it ends only at its other threshold.
    pub(super) fn stands(&self) -> bool {
        matches!(self.state, State::Pending { .. } | State::Firing(_))
    }

    /// Other cgroups count for its subject than before: that there are more is not news.
    pub(super) fn rebase(&mut self, weight: f64) {
        if let State::Firing(firing) | State::Over(firing) = &mut self.state {
            firing.worst.weight = firing.worst.weight.max(weight);
        }
    }

    /// The alert, while it fires.
    pub(super) fn firing(&self) -> Option<&Firing> {
        match &self.state {
            State::Firing(firing) => Some(firing),
            State::Pending { .. } | State::Over(_) => None,
        }
    }
}

/// The rule stands: what follows from that and from what was before. `blank` makes the alert.
pub(super) fn stands(
    before: Option<State>,
    standing: Standing,
    (rule, policy): (&Rule, Policy),
    now: Now,
    blank: impl FnOnce(Level, &Standing) -> Alert,
) -> (State, Option<News>) {
    let level = level(policy, &standing);
    let (since, resumed) = match before {
        Some(State::Firing(firing)) => return go_on(firing, standing, rule, level, now),
        Some(State::Over(over)) if over.is_within(policy.cooldown, now.at) => (now.at, Some(over)),
        Some(State::Pending { since, .. }) => (since, None),
        Some(State::Over(_)) | None => (now.at, None),
    };
    if let Some(over) = resumed {
        let acknowledged = over.alert.acknowledged;
        let firing = Box::new(Firing { alert: Alert { until: None, ..over.alert }, ..*over });
        let (state, worsened) = go_on(firing, standing, rule, level, now);
        let news = match (&state, worsened) {
            (_, Some(news)) => Some(news),
            (State::Firing(firing), None) => {
                let alert = Alert { acknowledged, ..firing.alert.clone() };
                Some(News { change: Change::Resumed, alert, at: now.wall })
            }
            _ => None,
        };
        return (state, news);
    }
    if now.at.saturating_sub(since) < policy.hold {
        return (State::Pending { since, seen: now.at }, None);
    }
    let alert = blank(level, &standing);
    let news = News { change: Change::Begun, alert: alert.clone(), at: now.wall };
    let worst = Worst::new(level, standing);
    (State::Firing(Box::new(Firing { alert, worst, seen: now.at, renewed: now.at })), Some(news))
}

fn level(policy: Policy, standing: &Standing) -> Level {
    match standing.severity {
        Severity::Usual => policy.level,
        Severity::Worse => policy.level.worse(),
    }
}

/// A firing alert shows the present. Who acknowledged it has not seen that it became worse.
fn go_on(mut firing: Box<Firing>, standing: Standing, rule: &Rule, level: Level, now: Now) -> (State, Option<News>) {
    let is_more = rule.each_is_news && standing.weight > firing.worst.weight;
    let worsened = is_more || level > firing.alert.level;
    let alert = &mut firing.alert;
    alert.level = level;
    alert.sign = standing.sign;
    alert.acknowledged &= !worsened;
    alert.text.clone_from(&standing.text);
    firing.seen = now.at;
    if (level, standing.weight) > (firing.worst.level, firing.worst.weight) {
        firing.worst = Worst::new(level, standing);
        firing.renewed = now.at;
    }
    let news = worsened.then(|| News { change: Change::Worsened, alert: firing.alert.clone(), at: now.wall });
    (State::Firing(firing), news)
}

/// The rule does not stand: nothing is left of it, or its end, or it lingers.
pub(super) fn falls(before: State, rule: &Rule, policy: Policy, now: Now) -> (Option<State>, Option<News>) {
    let lingers = |seen: Duration| policy.enabled && now.at.saturating_sub(seen) < rule.linger;
    match before {
        State::Pending { seen, .. } if lingers(seen) => (Some(before), None),
        State::Firing(firing) if lingers(firing.seen) => (Some(State::Firing(firing)), None),
        State::Firing(firing) => {
            let firing = firing.ended(now);
            let news = News { change: Change::Ended, alert: firing.alert.clone(), at: now.wall };
            (Some(State::Over(firing)), Some(news))
        }
        State::Over(over) if over.is_within(policy.cooldown, now.at) => (Some(State::Over(over)), None),
        State::Pending { .. } | State::Over(_) => (None, None),
    }
}

impl Firing {
    /// An alert that ended shows its worst moment.
    fn ended(mut self: Box<Self>, now: Now) -> Box<Self> {
        self.alert.level = self.worst.level;
        self.alert.sign = self.worst.sign;
        self.alert.text.clone_from(&self.worst.text);
        self.alert.until = Some(now.at);
        self
    }

    fn is_within(&self, cooldown: Duration, at: Duration) -> bool {
        self.alert.until.is_some_and(|until| at.saturating_sub(until) < cooldown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Subject;
    use crate::alert::rules::find;

    const POLICY: Policy = Policy {
        level: Level::Warning,
        hold: Duration::ZERO,
        on: 90.0,
        off: 85.0,
        cooldown: Duration::ZERO,
        enabled: true,
    };

    fn now(seconds: u64) -> Now {
        let at = Duration::from_secs(seconds);
        Now { at, wall: SystemTime::UNIX_EPOCH + at }
    }

    fn standing(weight: f64, severity: Severity) -> Standing {
        Standing { sign: ' ', text: format!("at {weight}"), severity, weight }
    }

    fn blank(at: Now) -> impl FnOnce(Level, &Standing) -> Alert {
        move |level, standing| Alert {
            rule: "near-limit",
            sign: standing.sign,
            level,
            subject: Subject::Host,
            name: "host".into(),
            text: standing.text.clone(),
            since: at.at,
            began: at.wall,
            until: None,
            acknowledged: false,
        }
    }

    /// A rule that stands in some seconds and not in others, from one reading to the next.
    struct Story {
        policy: Policy,
        rule: &'static Rule,
        state: Option<State>,
    }

    impl Story {
        fn new(policy: Policy) -> Self {
            Self { policy, rule: find("near-limit").unwrap(), state: None }
        }

        fn stands(&mut self, seconds: u64, weight: f64) -> Option<Change> {
            self.stands_so(seconds, standing(weight, Severity::Usual))
        }

        fn stands_so(&mut self, seconds: u64, standing: Standing) -> Option<Change> {
            let at = now(seconds);
            let (state, news) = stands(self.state.take(), standing, (self.rule, self.policy), at, blank(at));
            self.state = Some(state);
            news.map(|news| news.change)
        }

        fn falls(&mut self, seconds: u64) -> Option<Change> {
            let (state, news) = falls(self.state.take()?, self.rule, self.policy, now(seconds));
            self.state = state;
            news.map(|news| news.change)
        }

        fn alert(&mut self) -> &mut Alert {
            match self.state.as_mut() {
                Some(State::Firing(firing) | State::Over(firing)) => &mut firing.alert,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn it_must_stand_for_its_time_without_a_break() {
        let mut story = Story::new(Policy { hold: Duration::from_secs(10), ..POLICY });
        assert_eq!(story.stands(0, 90.0), None);
        assert_eq!(story.stands(9, 90.0), None);
        assert_eq!((story.falls(10), story.stands(11, 90.0), story.stands(20, 90.0)), (None, None, None));
        assert_eq!(story.stands(21, 90.0), Some(Change::Begun));
        let alert = story.alert();
        assert_eq!((alert.since, alert.text.as_str()), (Duration::from_secs(21), "at 90"));
        assert_eq!(story.stands(22, 91.0), None, "it is the same alert");
    }

    #[test]
    fn what_moves_by_jerks_lingers() {
        let mut story = Story { rule: find("hit-rate").unwrap(), ..Story::new(POLICY) };
        story.policy.hold = Duration::from_secs(5);
        story.stands(0, 100.0);
        assert_eq!((story.falls(2), story.stands(4, 100.0)), (None, None));
        assert_eq!(story.stands(5, 100.0), Some(Change::Begun));
        assert_eq!((story.falls(6), story.falls(7)), (None, None));
        assert_eq!(story.falls(8), Some(Change::Ended));
    }

    #[test]
    fn a_rule_that_is_silenced_ends_at_once() {
        let mut story = Story { rule: find("hit-rate").unwrap(), ..Story::new(POLICY) };
        story.stands(0, 100.0);
        story.policy.enabled = false;
        assert_eq!(story.falls(1), Some(Change::Ended));
    }

    #[test]
    fn within_its_cooldown_it_is_the_same_alert() {
        let mut story = Story::new(Policy { cooldown: Duration::from_secs(60), ..POLICY });
        assert_eq!((story.stands(0, 90.0), story.falls(10)), (Some(Change::Begun), Some(Change::Ended)));
        assert_eq!(story.stands(69, 90.0), Some(Change::Resumed));
        assert_eq!((story.alert().since, story.alert().until), (Duration::ZERO, None));
        assert_eq!((story.falls(70), story.falls(129)), (Some(Change::Ended), None));
        assert_eq!(story.stands(130, 90.0), Some(Change::Begun));
        assert_eq!(story.alert().since, Duration::from_secs(130));
        assert!(story.falls(131).is_some() && story.falls(200).is_none() && story.state.is_none(), "it is forgotten");
    }

    #[test]
    fn who_acknowledged_it_hears_of_it_again_when_it_is_worse() {
        let mut story = Story::new(Policy { cooldown: Duration::from_secs(60), ..POLICY });
        story.stands(0, 90.0);
        story.alert().acknowledged = true;
        assert_eq!((story.stands(1, 99.0), story.alert().acknowledged), (None, true));
        assert_eq!(story.stands_so(2, standing(99.0, Severity::Worse)), Some(Change::Worsened));
        assert_eq!((story.alert().level, story.alert().acknowledged), (Level::Critical, false));
        story.alert().acknowledged = true;
        assert_eq!((story.stands(3, 90.0), story.alert().level), (None, Level::Warning));
        assert_eq!((story.falls(4), story.stands(5, 90.0)), (Some(Change::Ended), Some(Change::Resumed)));
    }

    #[test]
    fn each_event_of_a_rule_that_counts_them_is_news() {
        let mut story = Story { rule: find("oom-kill").unwrap(), ..Story::new(POLICY) };
        assert_eq!((story.stands(0, 1.0), story.stands(1, 1.0)), (Some(Change::Begun), None));
        story.alert().acknowledged = true;
        assert_eq!((story.stands(2, 2.0), story.alert().acknowledged), (Some(Change::Worsened), false));
        let mut usual = Story::new(POLICY);
        assert_eq!((usual.stands(0, 91.0), usual.stands(1, 92.0)), (Some(Change::Begun), None));
    }

    #[test]
    fn it_shows_the_present_and_after_its_end_its_worst_moment() {
        let mut story = Story::new(POLICY);
        story.stands(0, 91.0);
        story.stands(1, 99.0);
        story.stands(2, 92.0);
        assert_eq!(story.alert().text, "at 92");
        story.falls(3);
        let over = story.alert();
        assert_eq!((over.text.as_str(), over.until), ("at 99", Some(Duration::from_secs(3))));
    }
}
