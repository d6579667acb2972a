//! What the facts say over a story whose truth is known: the demo's.
#![expect(clippy::unwrap_used, reason = "a row that is not there has failed the test")]

use std::time::{Duration, SystemTime};

use memcgtop::model::{Group, Model, Scope, cause, evidence};
use memcgtop::snapshot::Hierarchy;
use memcgtop::source::Source as _;
use memcgtop::source::demo::Demo;

/// The demo, watched from second `from` to second `to`.
fn watched(from: u64, to: u64) -> Model {
    let mut demo = Demo::new(SystemTime::UNIX_EPOCH);
    demo.advance(Duration::from_secs(from));
    let mut model = Model::new(Scope::Containers);
    for _ in from..=to {
        model.ingest(demo.sample().unwrap());
        demo.advance(Duration::from_secs(1));
    }
    model
}

fn row<'a>(model: &'a Model, label: &str) -> &'a Group {
    model.rows().find(|group| group.identity.label() == label).unwrap()
}

/// The leak reaches its limit at second 234.
#[test]
fn the_time_to_the_limit_is_told_before_it_is_reached() {
    let model = watched(60, 220);
    let group = row(&model, "report-gen");
    let forecast = group.forecast.unwrap();
    let truth = Duration::from_secs(14);
    assert!(forecast.likely.abs_diff(truth) < Duration::from_secs(12), "{forecast:?}");
    assert!(forecast.soonest <= forecast.likely && forecast.latest.is_none_or(|latest| latest >= forecast.likely));
    assert!(cause::causes(group).iter().any(|cause| cause.starts_with("anon grows ")), "{:?}", cause::causes(group));
    for calm in ["postgres-main", "redis-cache", "grafana"] {
        assert_eq!(row(&model, calm).forecast, None, "{calm} is full of cache or stands still");
    }
}

#[test]
fn what_was_pushed_out_is_told_apart_from_what_is_gone() {
    let model = watched(360, 372);
    let told = cause::swap(row(&model, "checkout-5c8b-x7k2p/app"), Hierarchy::V2);
    assert!(told[0].contains("still in memory too (swap cache)") && told[1].starts_with("read back at"), "{told:?}");
    assert_eq!(cause::swap(row(&model, "postgres-main"), Hierarchy::V2), ["nothing of it is in swap"]);
}

#[test]
fn whoever_fills_the_pod_is_named_beside_the_one_that_it_holds() {
    let model = watched(360, 372);
    let held = row(&model, "search-6f4d-9qzrw/index");
    let mates = evidence::room_mates(&model, held);
    assert_eq!(mates.first().map(|mate| mate.identity.label()).as_deref(), Some("search-6f4d-9qzrw/index"));
    assert!(evidence::room_mates(&model, row(&model, "grafana")).is_empty(), "its own limit binds it");
}
