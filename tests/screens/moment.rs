//! Back through the past while the screen is frozen.

use super::*;
use memcgtop::model::Group;
use memcgtop::snapshot::Missing;
use std::collections::HashMap;
use std::sync::Arc;

/// Everything that a row may show of a moment: name, usage, hits, kills, stall and footprint.
type Known = (Option<u64>, Option<u64>, Option<u64>, Option<u64>, Option<f64>, Option<u64>);

fn known(group: &Group) -> Known {
    let figures = &group.figures;
    let kills = figures.oom_kill_total.ok();
    let percent = figures.percent.ok().map(|percent| percent as u64);
    (
        figures.usage.ok(),
        percent,
        figures.failcnt.ok(),
        kills,
        figures.stall.ok().map(f64::round),
        figures.footprint.ok(),
    )
}

fn rows_of(app: &App) -> HashMap<String, Known> {
    app.model.rows().map(|group| (group.identity.label().into_owned(), known(group))).collect()
}

fn escape(app: &mut App) {
    app.update(Message::Input(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
}

fn read_on(app: &mut App, from: Duration, seconds: u32) {
    let mut demo = Demo::new(start());
    demo.advance(from);
    for _ in 0..seconds {
        demo.advance(SECOND);
        app.update(Message::Sample(Ok(Box::new(demo.sample().expect("the demo never fails")))));
    }
}

#[test]
fn what_is_shown_of_a_moment_is_what_was_shown_then_or_missing() {
    // A kill, a container that goes and comes back, and hits all the time.
    let begin = Duration::from_secs(215);
    let mut app = told(begin, "");
    let mut then = vec![rows_of(&app)];
    let mut at = begin;
    for _ in 0..60 {
        read_on(&mut app, at, 1);
        at += SECOND;
        then.push(rows_of(&app));
    }
    let (mut told, mut missing) = (0, 0);
    for before in then.iter().rev().skip(1) {
        press(&mut app, ",");
        for (id, known) in rows_of(&app) {
            let was = &before[&id];
            assert_eq!((known.0, known.4, known.5), (was.0, was.4, was.5), "{id:?}");
            for (now, was) in [(known.1, was.1), (known.2, was.2), (known.3, was.3)] {
                assert!(now.is_none() || now == was, "{id:?}: {now:?}, and then it was {was:?}");
                told += usize::from(now.is_some());
                missing += usize::from(now.is_none() && was.is_some());
            }
        }
    }
    assert!(told > 20 * missing, "{told} told, {missing} missing");
}

#[test]
fn screens_of_a_moment() {
    for (name, keys) in [("table", ""), ("tree", "t"), ("host", "H"), ("alerts", "a"), ("oom_kills", "o")] {
        for size in SIZES {
            let app = told(Demo::INCIDENT, &format!("g{{{{,,{keys}"));
            keep(&format!("moment_{name}_{}x{}", size.0, size.1), &painted(&app, &UNICODE, size));
        }
    }
    let mut app = told(Demo::INCIDENT, "g\n{{,,");
    for size in SIZES {
        keep(&format!("moment_detail_{}x{}", size.0, size.1), &painted(&app, &UNICODE, size));
    }
    escape(&mut app);
    press(&mut app, "b");
    keep("moment_sums", &painted(&app, &UNICODE, (80, 24)));
}

#[test]
fn steps_lead_back_and_forth_and_end_at_both_ends() {
    let mut app = told(Demo::INCIDENT, "");
    let present = rows(&painted(&app, &UNICODE, (120, 40)));
    let seconds = |app: &App| app.looks_back().map(|back| back.as_secs());
    press(&mut app, ".}");
    assert!(!app.paused(), "there is nothing after the present");
    for (keys, back) in
        [(",", Some(1)), (",", Some(2)), ("{", Some(12)), (".", Some(11)), ("}", Some(1)), ("}", None), (",", Some(1))]
    {
        press(&mut app, keys);
        assert_eq!((app.paused(), seconds(&app)), (true, back), "{keys}");
    }
    press(&mut app, "{{{{{{{{{{");
    assert_eq!(seconds(&app), Some(u64::from(BEFORE)), "the first reading");
    let says_so = |app: &App| app.notice() == Some(Err("nothing older is kept"));
    assert!(says_so(&app));
    press(&mut app, ".");
    assert!(!says_so(&app));
    press(&mut app, ",");
    assert!(!says_so(&app), "that was the first one");
    press(&mut app, " ");
    assert_eq!((app.paused(), seconds(&app)), (false, None));
    assert_eq!(rows(&painted(&app, &UNICODE, (120, 40))), present);
}

#[test]
fn readings_are_taken_in_meanwhile_and_the_pause_ends_at_the_newest() {
    let mut app = told(Demo::INCIDENT, "{");
    let before = rows(&painted(&app, &UNICODE, (120, 40)));
    read_on(&mut app, Demo::INCIDENT, 20);
    assert_eq!(rows(&painted(&app, &UNICODE, (120, 40))), before);
    press(&mut app, "}");
    assert_eq!(app.model.now(), Demo::INCIDENT, "the present is that of the pause");
    press(&mut app, " ");
    assert_eq!(app.model.now(), Demo::INCIDENT + 20 * SECOND);
    let live = rows_of(&app);
    press(&mut app, ",");
    assert_ne!(rows_of(&app), live);
    assert_eq!(app.looks_back(), Some(SECOND), "what came during the pause can be gone back to");
}

#[test]
fn the_order_is_that_of_the_moment() {
    let mut app = told(Duration::from_secs(238), "lls\n");
    let sorted = |app: &App| app.rows().map(|row| row.figures.usage.expect("kept")).collect::<Vec<_>>();
    for _ in 0..30 {
        press(&mut app, ",");
        assert!(sorted(&app).is_sorted_by(|a, b| a >= b), "{:?}", sorted(&app));
    }
}

#[test]
fn what_changes_what_is_known_is_done_to_the_present() {
    let mut app = told(Duration::from_secs(245), "{");
    let moment = app.model.now();
    press(&mut app, "A");
    assert_eq!((app.model.now(), app.model.scope()), (moment, Scope::Everything));
    press(&mut app, "AE");
    assert_eq!((app.model.now(), app.alerts.unseen()), (moment, 0));
    assert_eq!(app.model.tombstones().len(), 0);
    press(&mut app, " ");
    assert_eq!((app.model.tombstones().len(), app.model.scope()), (0, Scope::Containers));
}

#[test]
fn a_limit_that_was_changed_since_is_not_told_of_the_time_before() {
    let mut app = app();
    for (number, mut snapshot) in (0..).zip(readings(Demo::INCIDENT, 40)) {
        let at = snapshot.topology.cgroups.iter().position(|cgroup| cgroup.identity.label() == "redis-cache");
        let memory = Arc::make_mut(&mut snapshot.readings[at.expect("a container")]);
        if number > 30 {
            memory.limit = Ok(memcgtop::units::Limit::Bytes(3 << 30));
        }
        app.update(Message::Sample(Ok(Box::new(snapshot))));
    }
    let redis = |app: &App| {
        let row = app.model.rows().find(|group| group.identity.label() == "redis-cache").expect("a row");
        (row.figures.percent.map(|percent| percent as u64), row.figures.usage.is_ok())
    };
    let now = redis(&app);
    press(&mut app, ",,,,");
    assert_eq!(redis(&app), now, "it was the same four readings ago");
    press(&mut app, "{");
    assert_eq!(redis(&app), (Err(Missing::NotKept), true));
}

#[test]
fn a_row_is_shown_as_it_was_before_its_restart_and_not_while_it_was_gone() {
    let mut app = told(Duration::from_secs(270), "/report-gen\n\n");
    assert!(matches!(app.screen, Screen::Detail(_)));
    let seen = |app: &App| {
        app.rows().next().map(|row| (row.figures.usage.is_ok(), row.figures.failcnt, row.hits.since_attach))
    };
    let (_, counted, all) = seen(&app).expect("a row");
    assert!(counted.is_ok_and(|counted| counted < all), "it hit its limit before it was made again");
    press(&mut app, "{{{");
    let screen = rows(&painted(&app, &UNICODE, (120, 40)));
    assert!(screen[0].ends_with(" was not there then"), "{screen:?}");
    escape(&mut app);
    assert_eq!(app.rows().len(), 0);
    press(&mut app, ",,,");
    let then = seen(&app).expect("a row");
    assert_eq!((then.0, then.1), (true, Err(Missing::NotKept)), "the counter of that time is gone");
    assert!((1..all).contains(&then.2), "{then:?}, and {all} in all");
    press(&mut app, "}}}}");
    assert_eq!(app.rows().len(), 1);
}

#[test]
fn rows_that_nothing_happened_to_are_hidden_in_the_past_too() {
    let mut app = told(Demo::INCIDENT, "");
    let all = app.rows().len();
    press(&mut app, "i");
    let busy = app.rows().len();
    assert!((1..all).contains(&busy), "{busy} of {all}");
    press(&mut app, ",");
    assert_eq!(app.rows().len(), busy);
    press(&mut app, "i");
    assert_eq!(app.rows().len(), all);
}
