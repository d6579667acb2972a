//! Rates are what moved by the time it took, or missing.
#![expect(clippy::unwrap_used, reason = "a demo that cannot be read has failed")]

use memcgtop::model::{Group, Model, Scope};
use memcgtop::snapshot::Missing;
use memcgtop::source::Source as _;
use memcgtop::source::demo::Demo;
use std::time::Duration;

/// The demo's incident, with a reading every two seconds.
fn read(readings: u32) -> Model {
    const PAUSE: Duration = Duration::from_secs(2);
    let mut demo = Demo::new(std::time::SystemTime::UNIX_EPOCH);
    let mut model = Model::new(Scope::Containers);
    demo.advance(Demo::INCIDENT);
    for _ in 0..readings {
        demo.advance(PAUSE);
        model.ingest(demo.sample().unwrap());
    }
    model
}

fn named<'a>(model: &'a Model, name: &str) -> &'a Group {
    model.groups().iter().find(|group| group.is_container() && &*group.identity.name == name).unwrap()
}

#[test]
fn rates_are_what_moved_by_the_time_it_took() {
    let (before, now) = (read(1), read(2));
    for name in ["app", "postgres-main", "ci-runner-3"] {
        let [before, row] = [&before, &now].map(|model| named(model, name));
        let hits = row.figures.failcnt.unwrap() - before.figures.failcnt.unwrap();
        assert_eq!(row.hits_per_second(), Ok(hits as f64 / 2.0), "{name}");
        let growth = row.figures.usage.unwrap() as f64 - before.figures.usage.unwrap() as f64;
        assert_eq!(row.growth(), Ok(growth / 2.0), "{name}");
        let pages = |group: &Group| group.figures.stat.refault_anon.unwrap();
        let read_back = (pages(row) - pages(before)) as f64 / 2.0;
        assert_eq!(row.moved_per_second(|moved| moved.refault_anon), Ok(read_back), "{name}");
    }
    let above = named(&now, "index").ancestor_hits_per_second().unwrap();
    assert!(above > 0.0 && named(&now, "app").hits_per_second().unwrap() > 0.0, "{above}");
}

#[test]
fn one_reading_and_moments_of_the_past_have_none() {
    let model = read(1);
    let row = named(&model, "app");
    assert_eq!((row.hits_per_second(), row.growth()), (Err(Missing::OneReading), Err(Missing::OneReading)));
    let model = read(5);
    let moment = model.moments().nth(2).unwrap();
    let past = model.at(moment).unwrap();
    assert_eq!(named(&past, "app").hits_per_second(), Err(Missing::NotKept));
}
