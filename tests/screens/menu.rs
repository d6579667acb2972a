//! The menu of all actions, and that what it tells of them is true.

use crossterm::event::{Event, KeyCode, MouseEventKind};
use memcgtop::app::action::{ACTIONS, Action};
use memcgtop::app::menu::Offer;
use memcgtop::app::{App, Message, Screen};
use memcgtop::source::demo::Demo;
use memcgtop::ui::theme::{ASCII, UNICODE};

use crate::{Case, INCIDENT, keep, mouse, page, painted, press, rows, told};

/// Keys that lead to each kind of screen.
const EVERYWHERE: [&str; 9] = ["", "t", "g\n", "tg\n", "a", "o", "C", "?", "/no-such-name\n"];

#[test]
fn every_action_is_listed_at_every_size() {
    for case in [
        Case { name: "menu_120x40", keys: ":", size: (120, 40), ..INCIDENT },
        Case { name: "menu_80x24", keys: ":", ..INCIDENT },
        Case { name: "menu_40x12", keys: ":", size: (40, 12), ..INCIDENT },
        Case { name: "menu_30x6", keys: ":kill", size: (30, 6), ..INCIDENT },
        Case { name: "menu_of_swap", keys: ":swap", ..INCIDENT },
        Case { name: "menu_of_orders_80x24", keys: "s", ..INCIDENT },
        Case { name: "menu_of_orders_40x12", keys: "sswap", size: (40, 12), ..INCIDENT },
        Case { name: "menu_narrowed", keys: "g\n:row", ..INCIDENT },
        Case { name: "menu_of_nothing", keys: ":no such", glyphs: &ASCII, ..INCIDENT },
    ] {
        keep(case.name, &case.painted());
    }
}

#[test]
fn what_is_called_by_its_name_is_done() {
    for keys in EVERYWHERE {
        let mut app = told(Demo::INCIDENT, keys);
        for entry in ACTIONS.iter().filter(|entry| entry.action != Action::Menu) {
            press(&mut app, &format!(":{}", entry.name));
            let is_meant = |offer: &Offer| matches!(offer, Offer::Action(listed) if listed.action == entry.action);
            assert!(app.offers().iter().any(is_meant), "{}", entry.name);
            if app.does_something(entry.action) {
                assert!(is_meant(&app.offers()[0]), "{} after {keys:?}", entry.name);
            }
            page(&mut app, KeyCode::Esc);
        }
    }
    let mut app = told(Demo::INCIDENT, ":alerts\n");
    assert_eq!((&app.screen, app.menu.is_none()), (&Screen::Alerts, true));
    press(&mut app, ":zoom-in\n");
    assert!(app.menu.is_some(), "it does nothing here");
}

#[test]
fn what_is_said_to_do_nothing_does_nothing() {
    let shown = |app: &App| {
        let keys = (app.focus, app.window.span(), app.sort.to_string(), app.cursor(), app.scroll);
        (rows(&painted(app, &UNICODE, (120, 40))), keys)
    };
    for keys in EVERYWHERE {
        let mut app = told(Demo::INCIDENT, keys);
        app.update(Message::Input(Event::Resize(120, 40)));
        let before = shown(&app);
        for entry in ACTIONS.iter().filter(|entry| entry.action != Action::Copy) {
            if !app.does_something(entry.action) {
                // Said to the dashboard itself: the menu would not even ask.
                page(&mut app, code(entry.action));
                assert_eq!(shown(&app), before, "{} after {keys:?}", entry.name);
            }
        }
        if !app.does_something(Action::Copy) {
            press(&mut app, "y");
            assert!(app.notice().is_some_and(|notice| notice.is_err()), "after {keys:?}");
        }
    }
}

/// The first key of an action, as it comes from a keyboard.
fn code(action: Action) -> KeyCode {
    let keys = memcgtop::app::keys::Keymap::default();
    match &*keys.first(action).expect("every action has a key") {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        other => KeyCode::Char(other.chars().next().expect("a character")),
    }
}

#[test]
fn the_menu_is_walked_through_and_left() {
    let mut app = told(Demo::INCIDENT, "j:");
    app.update(Message::Input(Event::Resize(80, 24)));
    let at = |app: &App| app.menu.as_ref().map(|menu| menu.at);
    let shown = rows(&painted(&app, &UNICODE, (80, 24)));
    let seen = shown.iter().skip(2).take_while(|row| !row.starts_with('\u{2500}')).count();
    for (key, to) in
        [(KeyCode::Down, 1), (KeyCode::PageDown, seen + 1), (KeyCode::PageUp, 1), (KeyCode::Up, 0), (KeyCode::Up, 0)]
    {
        page(&mut app, key);
        assert_eq!(at(&app), Some(to), "{key:?}");
    }
    mouse(&mut app, MouseEventKind::ScrollDown, 5, 5);
    assert_eq!(at(&app), Some(3));
    press(&mut app, "q");
    assert_eq!(at(&app), Some(0), "another list has another first");
    for _ in 0..100 {
        page(&mut app, KeyCode::Down);
    }
    assert_eq!(at(&app), Some(app.offers().len() - 1));
    app.update(Message::Input(Event::Paste("\u{1b}]0;x\u{7}".to_owned())));
    painted(&app, &UNICODE, (80, 24));
    page(&mut app, KeyCode::Enter);
    assert!(app.menu.is_some(), "there is nothing to choose");
    page(&mut app, KeyCode::Esc);
    assert_eq!((at(&app), app.cursor()), (None, 1), "the row below is where it was");
}

#[test]
fn the_keys_that_lead_to_all_others_stay_however_short_the_line_is() {
    let long = format!("/{} or name\n", "x".repeat(150));
    for keys in ["", "t", "g\n", "a", "o", "C", "?", "<c i", &long, "m", "y"] {
        let app = told(Demo::INCIDENT, keys);
        for width in 30..140 {
            let last = rows(&painted(&app, &UNICODE, (width, 12))).pop().expect("a last line");
            assert!(last.ends_with(" : menu  ? help") || last == ": menu  ? help", "{keys:?} {width}: {last:?}");
        }
    }
}

#[test]
fn of_the_keys_the_less_important_ones_go_first() {
    let app = told(Demo::INCIDENT, "g\n");
    let keys = |width| {
        let last = rows(&painted(&app, &UNICODE, (width, 12))).pop().expect("a last line");
        last.trim_end_matches(": menu  ? help").trim_end().to_owned()
    };
    for width in 31..140 {
        assert!(keys(width).starts_with(&keys(width - 1)), "{width}: {}", keys(width));
    }
}
