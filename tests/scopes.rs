//! What was seen stays with the cgroup that counts it, whichever cgroups make a row.
#![expect(clippy::unwrap_used, reason = "a row that is not there has failed the test")]

use std::time::{Duration, SystemTime};

use memcgtop::model::{Group, Model, Scope};
use memcgtop::source::Source as _;
use memcgtop::source::demo::Demo;

/// The demo's leak is killed at second 238 of each round, and comes back at 243.
const ROUND: u64 = 600;

/// A model and the story that it is told.
struct Watch {
    model: Model,
    demo: Demo,
}

impl Watch {
    fn from(second: u64, scope: Scope) -> Self {
        let mut demo = Demo::new(SystemTime::UNIX_EPOCH);
        demo.advance(Duration::from_secs(second));
        Self { model: Model::new(scope), demo }
    }

    fn go_on(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.model.ingest(self.demo.sample().unwrap());
            self.demo.advance(Duration::from_secs(1));
        }
    }

    fn row(&self, label: &str) -> &Group {
        self.model.rows().find(|group| group.identity.label() == label).unwrap()
    }

    /// Kills that were seen, and all that are known.
    fn kills(&self, label: &str) -> (u64, u64) {
        let group = self.row(label);
        (group.kills.since_attach, group.figures.oom_kill_total.unwrap())
    }
}

#[test]
fn kills_are_where_the_cgroup_is_that_had_them() {
    for first in [Scope::Containers, Scope::Everything] {
        let mut watch = Watch::from(230, first);
        watch.go_on(30);
        for round in 1..=2 {
            for _ in 0..2 {
                watch.model.set_scope(Scope::Everything);
                assert_eq!(watch.kills("report-gen/container"), (round, round), "{first:?}");
                assert_eq!(watch.kills("report-gen"), (0, 0), "{first:?}");
                watch.go_on(2);
                watch.model.set_scope(Scope::Containers);
                assert_eq!(watch.kills("report-gen"), (round, round), "{first:?}");
                watch.go_on(2);
                assert_eq!(watch.kills("report-gen"), (round, round), "{first:?}");
            }
            watch.model.set_scope(first);
            watch.demo.advance(Duration::from_secs(ROUND - 38));
            watch.go_on(30);
        }
    }
}

#[test]
fn throttling_is_where_the_limit_is() {
    let mut watch = Watch::from(330, Scope::Containers);
    watch.go_on(42);
    let seen = watch.row("ci-runner-3").throttled;
    assert!(seen.since_attach > 0 && seen.last.is_some());
    watch.model.set_scope(Scope::Everything);
    assert_eq!(watch.row("ci-runner-3").throttled.since_attach, 0);
    assert_eq!(watch.row("ci-runner-3/container").throttled.since_attach, seen.since_attach);
    watch.go_on(1);
    assert_eq!(watch.row("ci-runner-3").verdict.map(|verdict| verdict.sign()), Ok(' '));
    watch.model.set_scope(Scope::Containers);
    let again = watch.row("ci-runner-3").throttled;
    assert!(again.since_attach >= seen.since_attach && again.last >= seen.last, "{again:?} {seen:?}");
}
