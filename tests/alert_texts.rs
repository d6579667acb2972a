//! What alerts say, over a story whose truth is known: the demo's.
#![expect(clippy::unwrap_used, reason = "an alert that is not there has failed the test")]

use std::time::{Duration, SystemTime};

use memcgtop::alert::{Alert, Engine, Level};
use memcgtop::model::{Model, Scope};
use memcgtop::source::Source as _;
use memcgtop::source::demo::Demo;

/// The demo, its model and its alerts.
struct Watch {
    model: Model,
    alerts: Engine,
    demo: Demo,
}

impl Watch {
    fn from(second: u64) -> Self {
        let mut demo = Demo::new(SystemTime::UNIX_EPOCH);
        demo.advance(Duration::from_secs(second));
        Self { model: Model::new(Scope::Containers), alerts: Engine::default(), demo }
    }

    fn go_on(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.model.ingest(self.demo.sample().unwrap());
            self.alerts.judge(&self.model);
            self.demo.advance(Duration::from_secs(1));
        }
    }

    fn firing(&self, rule: &str, name: &str) -> Vec<&Alert> {
        self.alerts.firing().iter().filter(|alert| alert.rule == rule && alert.name.starts_with(name)).collect()
    }
}

/// The leak is killed at second 238 and back at 243; it has its limit on an inner cgroup.
#[test]
fn a_kill_is_told_in_the_same_words_whichever_cgroups_are_rows() {
    let mut watch = Watch::from(230);
    watch.go_on(30);
    let told = watch.firing("oom-kill", "report-gen")[0].clone();
    assert!(told.text.contains("at its own limit 768Mi"), "{}", told.text);
    for scope in [Scope::Everything, Scope::Containers] {
        watch.model.set_scope(scope);
        watch.go_on(2);
        let firing = watch.firing("oom-kill", "report-gen");
        assert_eq!(firing.len(), 1, "{scope:?}: {firing:?}");
        assert_eq!((&firing[0].text, firing[0].began), (&told.text, told.began), "{scope:?}");
    }
    assert!(watch.alerts.ended().all(|alert| alert.until.is_some()));
}

/// A build is throttled from second 333 on, at its inner cgroup.
#[test]
fn an_alert_goes_on_in_the_row_that_stands_for_its_cgroup() {
    let mut watch = Watch::from(330);
    watch.go_on(30);
    let began = watch.firing("throttled", "ci-runner-3")[0].began;
    watch.model.set_scope(Scope::Everything);
    watch.go_on(2);
    let firing = watch.firing("throttled", "ci-runner-3");
    assert_eq!(firing.len(), 1, "{firing:?}");
    assert_eq!((&*firing[0].name, firing[0].began), ("ci-runner-3/container", began));
}

/// All calm down from second 450 to 500.
#[test]
fn an_alert_that_is_over_tells_its_worst_moment() {
    let mut watch = Watch::from(400);
    watch.go_on(130);
    let thrashing = watch.alerts.ended().find(|alert| &*alert.name == "checkout-5c8b-x7k2p/app").unwrap();
    assert_eq!((thrashing.level, thrashing.sign), (Level::Critical, '='), "{thrashing:?}");
    let stall = thrashing.text.split("stall ").nth(1).and_then(|stall| stall.split('%').next()).unwrap();
    assert!(thrashing.text.starts_with("thrashing") && stall.parse::<u32>().unwrap() >= 10, "{}", thrashing.text);
}
