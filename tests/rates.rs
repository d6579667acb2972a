//! Rates are what moved by the time it took, or missing.
#![expect(clippy::unwrap_used, reason = "a demo that cannot be read has failed")]

use memcgtop::model::{Group, Model, Scope};
use memcgtop::snapshot::{Memory, Missing};
use memcgtop::source::Source as _;
use memcgtop::source::demo::Demo;
use std::sync::Arc;
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

#[test]
fn what_the_kernel_was_asked_for_long_ago_did_not_all_come_just_now() {
    let mut demo = Demo::new(std::time::SystemTime::UNIX_EPOCH);
    let mut model = Model::new(Scope::Containers);
    demo.advance(Demo::INCIDENT);
    let faults = |seconds: u64, faults: u64| {
        move |memory: &mut Memory| {
            memory.stat.pgmajfault = Ok(faults);
            memory.stat_at = Some(Duration::from_secs(seconds));
        }
    };
    let mut read = |seconds: u64, change: &dyn Fn(&mut Memory)| {
        let mut snapshot = demo.sample().unwrap();
        snapshot.at = Duration::from_secs(seconds);
        snapshot.readings.iter_mut().for_each(|memory| change(Arc::make_mut(memory)));
        model.ingest(snapshot);
        named(&model, "redis-cache").moved_per_second(|moved| moved.pgmajfault)
    };
    read(100, &faults(100, 0)).unwrap_err();
    assert_eq!(read(101, &faults(101, 30)), Ok(30.0));
    assert_eq!(read(102, &faults(101, 30)), Ok(0.0), "nothing moved, so it was not asked");
    assert_eq!(read(161, &faults(161, 630)), Ok(10.0), "of a minute");
    assert_eq!(read(220, &faults(161, 630)), Ok(0.0));
    assert_eq!(read(221, &faults(221, 1230)), Ok(10.0), "a minute, of which this is a second");
}
