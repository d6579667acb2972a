//! The chart of a row on the detail screen: an hour of the demo with two holes in it, and a kill that the demo has not.

use super::*;
use std::sync::Arc;

/// The demo tells the same every ten minutes, so this is the incident again, with an hour before it.
const END: Duration = Duration::from_secs(3_600 + 372);
const PACE: Duration = Duration::from_secs(2);
const KILL: Duration = Duration::from_secs(END.as_secs() - 40);
const CHECKOUT: &str = "checkout-5c8b-x7k2p/app";

/// Seconds before the end in which nothing could be read: seen from far, and from near.
const HOLES: [std::ops::Range<u64>; 2] = [700..900, 80..110];

fn told_for_an_hour() -> App {
    let mut app = app();
    let mut demo = Demo::new(start());
    demo.advance(END.checked_sub(Duration::from_secs(3_600)).expect("an hour"));
    loop {
        let mut snapshot = demo.sample().expect("the demo never fails");
        let before_the_end = END.saturating_sub(snapshot.at).as_secs();
        if snapshot.at >= KILL {
            kill(&mut snapshot);
        }
        if !HOLES.iter().any(|hole| hole.contains(&before_the_end)) {
            app.update(Message::Sample(Ok(Box::new(snapshot))));
        }
        if before_the_end == 0 {
            return app;
        }
        demo.advance(PACE);
    }
}

/// Counts one kill more.
fn kill(snapshot: &mut Snapshot) {
    let cgroups = &snapshot.topology.cgroups;
    let at = cgroups.iter().position(|cgroup| cgroup.identity.label() == CHECKOUT).expect("a container");
    let events = &mut Arc::make_mut(&mut snapshot.readings[at]).events;
    for counter in [&mut events.oom_kill, &mut events.oom_kill_below] {
        *counter = counter.map(|kills| kills + 1);
    }
}

/// Only the chart of the screen.
fn chart(app: &App, glyphs: &'static Glyphs, size: (u16, u16)) -> String {
    let rows = rows(&painted(app, glyphs, size));
    let lines = rows.iter().skip_while(|row| !row.contains("usage in")).take_while(|row| !row.contains("made of"));
    lines.map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// The charts after each of these keys, one below the other.
fn charts(app: &mut App, keys: &[&str], glyphs: &'static Glyphs, size: (u16, u16)) -> String {
    let after = |keys: &&str| {
        press(app, keys);
        chart(app, glyphs, size)
    };
    keys.iter().map(after).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn charts_of_every_span_at_every_size() {
    let mut app = told_for_an_hour();
    press(&mut app, "/checkout\n\n");
    for (name, glyphs, size) in [
        ("chart_80x24", &UNICODE, (80, 24)),
        ("chart_120x40", &UNICODE, (120, 40)),
        ("chart_200x60", &UNICODE, (200, 60)),
        ("chart_ascii", &ASCII, (80, 24)),
    ] {
        press(&mut app, "+++");
        keep_text(name, &charts(&mut app, &["", "-", "-", "-"], glyphs, size));
    }
    assert_eq!(chart(&app, &UNICODE, (40, 12)), "", "there is no room for it");
}

#[test]
fn limits_of_others_and_memory_high_are_drawn_too() {
    let mut app = told_for_an_hour();
    let mut shown = Vec::new();
    for row in ["index", "ci-runner", "coredns", "node-exporter"] {
        press(&mut app, &format!("/{row}\n\n"));
        shown.push(chart(&app, &UNICODE, (100, 36)));
        app.update(Message::Input(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
        app.update(Message::Input(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
    }
    keep_text("chart_limits", &shown.join("\n\n"));
}

#[test]
fn a_moment_is_read_off_and_stays_while_time_goes_on() {
    let mut app = told_for_an_hour();
    press(&mut app, "/checkout\n\n");
    let keys = ["hhhhhhhhhh", "+", "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "--"];
    keep_text("chart_read_off", &charts(&mut app, &keys, &UNICODE, (80, 24)));
    let read_off = |app: &App| chart(app, &UNICODE, (80, 24)).lines().last().expect("a line").to_owned();
    let (moment, before) = (app.window.moment(), read_off(&app));
    let mut demo = Demo::new(start());
    demo.advance(END + PACE);
    app.update(Message::Sample(Ok(Box::new(demo.sample().expect("the demo never fails")))));
    assert_eq!((app.window.moment(), read_off(&app)), (moment, before));
    app.update(Message::Input(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
    assert_eq!(app.window.moment(), None, "it is left with the screen");
}

#[test]
fn the_first_seconds_of_a_row_can_be_read_off() {
    let mut app = told(Duration::from_secs(3), "g\n-hhhhhhhh");
    assert!(chart(&app, &UNICODE, (80, 24)).contains("13:42:43"), "the axis begins before the clock does");
    assert_eq!(app.window.moment(), Some(Duration::ZERO));
    press(&mut app, "l");
    assert_eq!(app.window.moment(), None, "a step is longer than what is known");
}
