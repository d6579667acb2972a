//! The filter while it is typed: what it could end with, what is on meanwhile, and earlier ones.

use crossterm::event::KeyCode;
use memcgtop::app::App;
use memcgtop::query::{Candidates, Filter};
use memcgtop::source::demo::Demo;
use memcgtop::ui::theme::UNICODE;

use crate::{keep, page, painted, press, rows, told};

#[test]
fn what_it_could_end_with_stands_above_it() {
    for (name, keys, tabs, size) in [
        ("filter_fields", "/us", 0, (80, 24)),
        ("filter_field_taken", "/redis or ps", 3, (40, 12)),
        ("filter_values", "/runtime=", 0, (80, 24)),
        ("filter_value_taken", "/usage>1M image~. name=", 9, (80, 24)),
    ] {
        let mut app = told(Demo::INCIDENT, keys);
        (0..tabs).for_each(|_| page(&mut app, KeyCode::Tab));
        keep(name, &painted(&app, &UNICODE, size));
    }
}

#[test]
fn what_is_typed_is_seen_around_the_cursor() {
    let mut app = told(Demo::INCIDENT, &format!("/{} or redis", "x".repeat(90)));
    let last = |app: &App, width| rows(&painted(app, &UNICODE, (width, 12))).pop().expect("a last line");
    assert!(last(&app, 40).starts_with("/…xx") && last(&app, 40).contains("xx or redis "), "{}", last(&app, 40));
    page(&mut app, KeyCode::Home);
    press(&mut app, "first ");
    for width in [30, 40, 80] {
        let line = last(&app, width);
        assert!(line.starts_with("/first xx") && line.contains('…'), "{line}");
    }
    let short = told(Demo::INCIDENT, "/redis");
    assert!(last(&short, 30).starts_with("/redis ") && last(&short, 30).ends_with(" 1 row"), "{}", last(&short, 30));
}

#[test]
fn each_candidate_in_turn_and_then_what_was_typed() {
    let mut app = told(Demo::INCIDENT, "/runtime=");
    let words = app.completion().candidates.words.clone();
    assert!(words.len() > 2 && app.rows().len() == 9, "{words:?}");
    for word in &words {
        page(&mut app, KeyCode::Tab);
        assert_eq!(app.filter_text, format!("runtime={word}"));
        assert!(app.filter_error.is_none() && app.rows().len() < 9, "it is on at once");
    }
    page(&mut app, KeyCode::Tab);
    assert_eq!(app.filter_text, "runtime=");
    page(&mut app, KeyCode::BackTab);
    assert_eq!(app.filter_text, format!("runtime={}", words[words.len() - 1]));
    press(&mut app, " us");
    page(&mut app, KeyCode::Tab);
    press(&mut app, ">1G\n");
    assert_eq!(app.filter_text, format!("runtime={} usage>1G", words[words.len() - 1]));
    press(&mut app, "/");
    page(&mut app, KeyCode::Home);
    page(&mut app, KeyCode::Tab);
    assert!(app.filter_text.ends_with("usage>1G"), "only the end is completed: {}", app.filter_text);
}

#[test]
fn what_is_finished_of_it_stays_on() {
    let mut app = told(Demo::INCIDENT, "/usage>512M");
    let big = app.rows().len();
    assert!((1..9).contains(&big));
    for typed in [" and", " runtime", "="] {
        press(&mut app, typed);
        let error = app.filter_error.is_some();
        assert_eq!((error, app.rows().len()), (typed != " runtime", if error { big } else { 0 }), "{typed}");
    }
    let last = rows(&painted(&app, &UNICODE, (120, 24))).split_off(21);
    assert!(
        last[0].contains("needs a value") && last[1].starts_with("Tab  ") && last[2].contains("INVALID"),
        "{last:?}"
    );
}

#[test]
fn earlier_filters_come_back() {
    let mut app = told(Demo::INCIDENT, "/redis\n/");
    (0..5).for_each(|_| page(&mut app, KeyCode::Backspace));
    press(&mut app, "usage>1G\n");
    let recalled = |app: &mut App, key| {
        page(app, key);
        app.filter_text.clone()
    };
    press(&mut app, "/ or x");
    assert_eq!(recalled(&mut app, KeyCode::Up), "usage>1G");
    assert_eq!(recalled(&mut app, KeyCode::Up), "redis");
    assert_eq!((recalled(&mut app, KeyCode::Up), app.rows().len()), ("redis".to_owned(), 1));
    assert_eq!(recalled(&mut app, KeyCode::Down), "usage>1G");
    assert_eq!(recalled(&mut app, KeyCode::Down), "usage>1G or x");
}

#[test]
fn a_word_becomes_a_field_and_a_comparison_gets_a_value() {
    let model = told(Demo::INCIDENT, "").model;
    for (text, from, some) in [
        ("us", 0, &["usage"][..]),
        ("redis (not PO", 11, &["pod", "pod_id"]),
        ("state", 0, &["verdict.state"]),
        ("hits", 0, &["failcnt"]),
        ("runtime=", 8, &["containerd", "docker", "podman"]),
        ("a or runtime!=do", 14, &["docker"]),
        ("populated=", 10, &["yes", "no"]),
        ("runtime='po", 8, &["podman"]),
        ("verdict.state = ", 16, &["calm"]),
    ] {
        let found = Candidates::of(text, model.rows());
        assert_eq!(found.from, from, "{text}");
        assert!(some.iter().all(|word| found.words.iter().any(|known| known == word)), "{text}: {found:?}");
        for word in &found.words {
            let whole = format!("{}{word}", &text[..from]);
            let closed = if whole.contains('(') { format!("{whole})") } else { whole };
            assert!(Filter::parse(&closed).is_ok(), "{closed}");
        }
    }
    for text in ["", "redis ", "usage>", "usage>5", "runtime~d", "nonsense=", "\"us", "usage)", "name=a "] {
        assert_eq!(Candidates::of(text, model.rows()).words, Vec::<String>::new(), "{text:?}");
    }
}
