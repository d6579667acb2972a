//! Whole screens, as they are painted: glyph rows for every case, and for every screen and size, in [`matrix`], a letter
//! for the style of each cell.
//!
//! The host is the demo's, so every run paints the same. After a change that is meant:
//! `INSTA_UPDATE=always cargo test --test screens`, and a look at the differences.
#![expect(clippy::expect_used, reason = "a screen that cannot be painted has failed")]

#[path = "screens/beancounters.rs"]
mod beancounters;
#[path = "screens/chart.rs"]
mod chart;
#[path = "screens/columns.rs"]
mod columns;
#[path = "screens/filter.rs"]
mod filter;
#[path = "screens/host.rs"]
mod host;
#[path = "screens/matrix.rs"]
mod matrix;
#[path = "screens/menu.rs"]
mod menu;
#[path = "screens/moment.rs"]
mod moment;
#[path = "screens/network.rs"]
mod network;
#[path = "screens/own.rs"]
mod own;
#[path = "screens/pictures.rs"]
mod pictures;
#[path = "screens/processes.rs"]
mod processes;

use std::time::{Duration, SystemTime};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::tz::TimeZone;
use memcgtop::alert::policy::Policies;
use memcgtop::app::keys::Keymap;
use memcgtop::app::mouse::Mouse;
use memcgtop::app::{App, Idle, Message, Screen, Settings};
use memcgtop::field::columns::Columns;
use memcgtop::model::Scope;
use memcgtop::model::sums::Grouping;
use memcgtop::protection::Protection;
use memcgtop::query::{Filter, Sort};
use memcgtop::snapshot::{CgroupId, Snapshot};
use memcgtop::source::Source;
use memcgtop::source::demo::Demo;
use memcgtop::text;
use memcgtop::ui;
use memcgtop::ui::palette::{DARK, Depth, PALETTES};
use memcgtop::ui::theme::{ASCII, Glyphs, Theme, UNICODE};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::text::Line;

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];
const SECOND: Duration = Duration::from_secs(1);
/// Readings before the moment that is painted, so that there are differences and curves.
const BEFORE: u32 = 60;

/// What is told to the dashboard, and then painted.
struct Case {
    name: &'static str,
    /// The moment of the story.
    moment: Duration,
    /// Keys pressed then; see [`press`].
    keys: &'static str,
    glyphs: &'static Glyphs,
    size: (u16, u16),
}

const INCIDENT: Case = Case { name: "", moment: Demo::INCIDENT, keys: "", glyphs: &UNICODE, size: (80, 24) };

const STATES: &[Case] = &[
    Case { name: "ascii_table", glyphs: &ASCII, ..INCIDENT },
    Case { name: "ascii_tree", glyphs: &ASCII, keys: "t", ..INCIDENT },
    Case { name: "ascii_detail", glyphs: &ASCII, keys: "g\n", ..INCIDENT },
    Case { name: "gone_after_a_kill", moment: Duration::from_secs(242), size: (120, 40), ..INCIDENT },
    Case { name: "gone_in_the_tree", moment: Duration::from_secs(242), keys: "t", size: (120, 40), ..INCIDENT },
    Case { name: "gone_and_seen", moment: Duration::from_secs(242), keys: "E", ..INCIDENT },
    Case { name: "oom_kills_of_a_row", moment: Duration::from_secs(260), keys: "/report-gen\n\no", ..INCIDENT },
    Case { name: "after_a_kill", moment: Duration::from_secs(241), size: (120, 40), ..INCIDENT },
    Case { name: "paused", keys: " ", ..INCIDENT },
    Case { name: "filter_error", keys: "/usage>", ..INCIDENT },
    Case { name: "filter_of_a_head", keys: "/redis\n/ hits>10", ..INCIDENT },
    Case { name: "filter_empty_result", keys: "/no-such-name\n", ..INCIDENT },
    Case { name: "sorted_by_name", keys: "s\n", ..INCIDENT },
    Case { name: "sums_by_pod_80x24", keys: "b", ..INCIDENT },
    Case { name: "sums_by_pod_120x40", keys: "b", size: (120, 40), ..INCIDENT },
    Case { name: "sums_by_namespace_80x24", keys: "bb", ..INCIDENT },
    Case { name: "sums_by_namespace_120x40", keys: "bb", size: (120, 40), ..INCIDENT },
    Case { name: "sums_by_image_80x24", keys: "bbb", ..INCIDENT },
    Case { name: "sums_by_image_120x40", keys: "bbb", size: (120, 40), ..INCIDENT },
    Case { name: "sums_by_runtime", keys: "bbbb", ..INCIDENT },
    Case { name: "sums_by_netns_80x24", keys: "bbbbb", ..INCIDENT },
    Case { name: "sums_by_netns_120x40", keys: "bbbbb", size: (120, 40), ..INCIDENT },
    Case { name: "rows_of_a_netns", keys: "bbbbb/postgres or redis or grafana\njG\n", ..INCIDENT },
    Case { name: "rows_of_a_sum", keys: "bbbb\n", ..INCIDENT },
    Case { name: "every_cgroup", keys: "A", ..INCIDENT },
    Case { name: "ascii_host", glyphs: &ASCII, keys: "H", size: (120, 40), ..INCIDENT },
    Case { name: "idle_hidden", keys: "i", ..INCIDENT },
    Case { name: "idle_hidden_in_the_tree", keys: "it", ..INCIDENT },
    Case { name: "nothing_but_idle", moment: Duration::from_secs(60), keys: "i", ..INCIDENT },
    Case { name: "limits_80x24", keys: "c", ..INCIDENT },
    Case { name: "limits_120x40", keys: "c", size: (120, 40), ..INCIDENT },
    Case { name: "columns_of_swap", keys: "cc", size: (120, 40), ..INCIDENT },
    Case { name: "columns_of_reclaim", keys: "ccc", size: (120, 40), ..INCIDENT },
    Case { name: "columns_of_docker", keys: "cccc", ..INCIDENT },
    Case { name: "chooser_moved", keys: "Cj  >j ", ..INCIDENT },
    Case { name: "chooser_of_a_set", keys: "CcG ", size: (120, 40), ..INCIDENT },
    Case { name: "all_quiet", moment: Duration::from_secs(60), ..INCIDENT },
    Case { name: "one_reading", moment: Duration::ZERO, ..INCIDENT },
    Case { name: "too_small", size: (29, 5), ..INCIDENT },
];

#[test]
fn states_of_the_dashboard() {
    for case in STATES {
        keep(case.name, &case.painted());
    }
}

#[test]
fn a_host_without_containers() {
    let mut demo = Demo::wide(0);
    let mut app = app();
    app.update(Message::Sample(Ok(Box::new(demo.sample().expect("the demo never fails")))));
    assert_eq!(app.rows().len(), 0);
    keep("no_containers", &painted(&app, &UNICODE, (80, 24)));
}

#[test]
fn before_the_first_reading_and_without_one() {
    let mut app = app();
    keep("before_the_first_reading", &painted(&app, &UNICODE, (80, 24)));
    app.update(Message::Sample(Err("permission denied".to_owned())));
    keep("no_reading", &painted(&app, &UNICODE, (80, 24)));
}

/// The buffer would cut what is too wide without a word, so the lines are asked before they are painted.
#[test]
fn no_line_is_wider_than_the_screen() {
    narrow_enough(|app, area, theme| {
        let width = usize::from(area.width);
        let mut lines = ui::table::lines(app, width, usize::from(area.height), theme);
        lines.extend(ui::panels::why(app, width, 3, theme));
        lines.extend(ui::panels::alerts(app, width, 4, theme));
        lines.extend(ui::panels::alerts_screen(app, area, theme));
        lines.push(ui::footer::footer(app, width, theme));
        lines.extend(ui::footer::above(app, width, theme));
        if width >= NARROW {
            lines.extend(around_the_table(app, area, theme));
        }
        lines
    });
}

#[test]
fn no_line_that_is_left_to_the_buffer_is_wider_than_the_screen() {
    narrow_enough(|app, area, theme| {
        let mut lines = around_the_table(app, area, theme);
        lines.extend(ui::detail::lines(app, &current(app), area, theme));
        lines.extend(ui::host::lines(app, area, theme));
        lines.extend(ui::help::lines(app, area, theme));
        lines
    });
}

/// Below this, header and status are cut by the buffer.
const NARROW: usize = 53;

fn around_the_table(app: &App, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let mut lines = ui::header::lines(app, width, usize::from(area.height), theme);
    lines.push(ui::panels::status(app, width, theme));
    lines
}

fn narrow_enough(lines: fn(&App, Rect, &Theme) -> Vec<Line<'static>>) {
    let app = told(Demo::INCIDENT, "g");
    let mut wide = Vec::new();
    for (width, height) in [30, 37, 40, 53, 66, 80, 99, 120, 163, 200].into_iter().flat_map(|w| [(w, 12), (w, 40)]) {
        let area = Rect::new(0, 0, width, height);
        let lines = lines(&app, area, &Theme::new(&DARK, Depth::Sixteen, &UNICODE));
        let too_wide = lines.iter().filter(|line| line.width() > usize::from(width));
        wide.extend(too_wide.map(|line| format!("{width}x{height}: {line}")));
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn the_sentence_is_never_cut_within_a_word() {
    let whole = first_row(&Case { size: (200, 40), ..INCIDENT }.painted());
    let known = |word: &str| {
        let long = whole.split([' ', ',']).any(|known| known == word);
        long || SHORT_FORMS.contains(&word) || word.chars().all(|c| c.is_ascii_digit() || c == '+')
    };
    let app = told(Demo::INCIDENT, "");
    for width in 30..200 {
        let row = first_row(&painted(&app, &UNICODE, (width, 40)));
        for word in row.split([' ', ',']).filter(|word| !word.is_empty()) {
            assert!(known(word), "{width}: {word:?} in {row:?}");
        }
    }
}

/// Words of the short clauses, and of what stands for those that were left out.
const SHORT_FORMS: [&str; 9] = ["kill", "thrash", "slow", "held", "squeezed", "killed", "more", "host", "fine"];

#[test]
fn the_cursor_stays_on_its_row_when_the_order_changes() {
    let mut app = told(Demo::INCIDENT, "jj");
    let chosen = current(&app);
    let place = app.cursor();
    press(&mut app, "s\n");
    assert_eq!(current(&app), chosen, "sorted by name");
    assert_ne!(app.cursor(), place, "the order did change");
    press(&mut app, "S");
    assert_eq!(current(&app), chosen, "reversed");
    press(&mut app, "Tt");
    assert_eq!(current(&app), chosen, "in the tree");
}

#[test]
fn a_sum_opens_to_exactly_its_containers() {
    for keys in ["b", "bb", "bbb", "bbbb", "/usage>100M\nb", "/not etcd or usage>1G\nbb"] {
        let sums = told(Demo::INCIDENT, keys).rows().len();
        for down in 0..sums {
            let mut app = told(Demo::INCIDENT, &format!("{keys}g{}", "j".repeat(down)));
            let sum = app.current().expect("a sum under the cursor").clone();
            press(&mut app, "\n");
            assert_eq!(app.rows().len(), sum.members, "{keys}: {}", sum.identity.name);
            let usage: u64 = app.rows().filter_map(|row| row.figures.usage.ok()).sum();
            assert_eq!(sum.figures.usage, Ok(usage), "{keys}: {}", sum.identity.name);
            press(&mut app, "/");
            assert!(Filter::parse(&app.filter_text).is_ok(), "what is shown can be edited: {}", app.filter_text);
        }
    }
}

#[test]
fn idle_rows_come_back_and_sums_count_them() {
    let named = |app: &App| app.rows().map(|row| row.identity.name.to_string()).collect::<Vec<_>>();
    let mut app = told(Demo::INCIDENT, "");
    let all = named(&app);
    press(&mut app, "i");
    let busy = named(&app);
    assert!(busy.iter().any(|name| name == "postgres-main"), "at its limit, calm as it is: {busy:?}");
    assert!(busy.len() < all.len() && !busy.iter().any(|name| name == "node-exporter"), "{busy:?}");
    press(&mut app, "i");
    assert_eq!(named(&app), all);
    let usages = |app: &App| app.rows().map(|row| (row.id.clone(), row.figures.usage)).collect::<Vec<_>>();
    press(&mut app, "bbb");
    let sums = usages(&app);
    press(&mut app, "i");
    assert!(usages(&app).iter().all(|sum| sums.contains(sum)));
}

#[test]
fn the_cursor_is_on_a_row_whatever_is_summed_up() {
    let mut app = told(Demo::INCIDENT, "G");
    for keys in ["b", "b", "b", "b", "b", "Gb", "Gb", "G\n"] {
        press(&mut app, keys);
        assert_eq!(app.cursor(), 0, "{keys:?}");
        assert!(app.current().is_some(), "{keys:?}");
    }
}

#[test]
fn sums_leave_the_tree_and_what_is_opened_from_it_alone() {
    let mut app = told(Demo::INCIDENT, "btjj");
    let chosen = current(&app);
    press(&mut app, "\n");
    assert_eq!(app.screen, Screen::Detail(chosen.clone()));
    press(&mut app, "\n");
    assert_eq!(app.screen, Screen::Detail(chosen.clone()), "there is nothing to open");
    app.update(Message::Input(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
    assert_eq!((&app.screen, current(&app)), (&Screen::Tree, chosen));
    press(&mut app, "b");
    press(&mut app, "a\n");
    assert_eq!(app.screen, Screen::Alerts, "Enter opens a sum only where it is shown");
    app.update(Message::Input(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
    assert_eq!((&app.screen, app.grouping()), (&Screen::Table, Some(Grouping::Pod)));
}

#[test]
fn sums_stand_in_the_order_of_their_limits() {
    let app = told(Demo::INCIDENT, "bbbllls\nS");
    let limits: Vec<_> = app.rows().map(|row| row.figures.limit.expect("a limit")).collect();
    assert!(limits.is_sorted() && limits.first() < limits.last(), "{limits:?}");
}

#[test]
fn the_cursor_stays_on_its_row_while_trouble_grows() {
    let early = Duration::from_secs(60);
    let mut app = told(early, "j");
    let chosen = current(&app);
    let mut places = vec![app.cursor()];
    let mut demo = Demo::new(start());
    demo.advance(early);
    for _ in 0..150 {
        demo.advance(SECOND);
        app.update(Message::Sample(Ok(Box::new(demo.sample().expect("the demo never fails")))));
        assert_eq!(current(&app), chosen);
        places.push(app.cursor());
    }
    places.dedup();
    assert!(places.len() > 1, "the story does not move this row");
}

#[test]
fn while_what_is_typed_is_no_filter_the_one_before_is_on() {
    let mut app = told(Demo::INCIDENT, "/o");
    press(&mut app, "\n/");
    let shown = |app: &App| app.rows().map(|group| group.id.clone()).collect::<Vec<_>>();
    let before = shown(&app);
    for (typed, is_before) in [("x", false), ("x", false), ("=", true), ("(", true), (")", true)] {
        press(&mut app, typed);
        assert_eq!(shown(&app) == before, is_before, "after {typed:?}: {:?}", app.filter_text);
    }
}

#[test]
fn several_have_their_own_limits() {
    let screen = painted(&told(Demo::INCIDENT, "A"), &UNICODE, (200, 40));
    assert!(first_row(&screen).starts_with("2 thrashing at their own limits, "), "{}", first_row(&screen));
}

#[test]
fn only_columns_that_are_shown_are_walked_through() {
    for (width, last) in [(40, "oom_kill_total"), (80, "psi.some_avg10"), (120, "trend"), (200, "trend")] {
        let mut app = told(Demo::INCIDENT, "");
        app.update(Message::Input(Event::Resize(width, 40)));
        let shown = (ui::LAYOUT.columns)(&app);
        for column in &shown {
            assert_eq!(app.focus, *column, "{width}");
            press(&mut app, "l");
        }
        assert_eq!(app.focus, "name", "{width}: behind the last comes the first");
        press(&mut app, "h");
        assert_eq!((app.focus, shown.last()), (last, Some(&last)), "{width}");
    }
}

#[test]
fn a_page_is_what_is_seen() {
    for keys in ["?", "g\n"] {
        let mut app = told(Demo::INCIDENT, keys);
        app.update(Message::Input(Event::Resize(80, 24)));
        let texts = |app: &App| rows(&painted(app, &UNICODE, (80, 24)))[..22].to_vec();
        let mut whole = texts(&app);
        let mut pages = 0;
        loop {
            let before = app.scroll;
            page(&mut app, KeyCode::PageDown);
            whole.extend(texts(&app)[22 - (app.scroll - before).min(22)..].to_vec());
            pages += 1;
            if app.scroll - before < 22 {
                break;
            }
        }
        assert!(pages > 3 && !whole.iter().any(|line| line.contains("more lines")), "{pages}");
        press(&mut app, "G");
        let end = app.scroll;
        page(&mut app, KeyCode::PageUp);
        assert_eq!(app.scroll, end - 22, "the end is where the text ends");
    }
}

#[test]
fn a_page_of_rows_is_what_is_seen_of_them() {
    let mut app = app();
    app.update(Message::Sample(Ok(Box::new(Demo::wide(200).sample().expect("the demo never fails")))));
    app.update(Message::Input(Event::Resize(80, 24)));
    let screen = rows(&painted(&app, &UNICODE, (80, 24)));
    let at = |text: &str| screen.iter().position(|row| row.contains(text)).expect("heads, rows, and how many more");
    page(&mut app, KeyCode::PageDown);
    assert_eq!(app.cursor(), at(" more,") - at("CONTAINER") - 1);
    page(&mut app, KeyCode::PageUp);
    assert_eq!(app.cursor(), 0);
}

fn page(app: &mut App, key: KeyCode) {
    app.update(Message::Input(Event::Key(KeyEvent::new(key, KeyModifiers::NONE))));
}

#[test]
fn a_row_or_kills_are_copied_as_plain_text() {
    let copied = |moment, keys: &str| (ui::LAYOUT.text)(&told(moment, keys));
    let row = copied(Demo::INCIDENT, "gi").expect("a row");
    assert!(row.starts_with("2025-10-21 13:52:52 checkout-5c8b-x7k2p/app: thrashing at its own limit; "), "{row}");
    assert!(row.contains("; usage 512Mi, effective_limit 512Mi, percent 100%, limited_by own limit, "), "{row}");
    assert_eq!(copied(Demo::INCIDENT, "g\n"), Some(row));
    let host = copied(Demo::INCIDENT, "tg").expect("the host's row");
    assert!(host.contains("/ host: fine; usage 11.9Gi, effective_limit 23.5Gi, "), "{host}");
    let kills = copied(Duration::from_secs(260), "o").expect("kills");
    assert!(kills.starts_with("X   1  report-gen  2025-10-21 13:50:38") && kills.contains("\ntold by "), "{kills}");
    assert!(kills.chars().all(|c| c == '\n' || !c.is_control()));
    for keys in ["a", "?", "C"] {
        assert_eq!(copied(Demo::INCIDENT, keys), None, "{keys}");
    }
}

fn mouse(app: &mut App, kind: MouseEventKind, column: usize, row: usize) {
    let (column, row) = (column.try_into().expect("small"), row.try_into().expect("small"));
    app.update(Message::Input(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })));
}

fn click(app: &mut App, column: usize, row: usize) {
    mouse(app, MouseEventKind::Down(MouseButton::Left), column, row);
}

#[test]
fn a_click_chooses_the_row_that_is_there_and_the_next_opens_it() {
    for size in SIZES {
        for keys in ["A", "At"] {
            let mut app = told(Demo::INCIDENT, keys);
            app.update(Message::Input(Event::Resize(size.0, size.1)));
            let screen = |app: &App| rows(&painted(app, &UNICODE, size));
            let heads = screen(&app).iter().position(|row| row.contains("CGROUP")).expect("heads");
            for down in [2, 1, 5, 3] {
                let there = screen(&app)[heads + down][4..].to_owned();
                click(&mut app, 20, heads + down);
                assert_eq!(screen(&app)[heads + down][4..], there, "{size:?}: what is seen stays where it is");
                assert!(screen(&app)[heads + down].starts_with('>'), "{size:?}");
            }
            click(&mut app, 10, heads + 3);
            assert_eq!(app.screen, Screen::Detail(current(&app)), "{size:?}");
        }
    }
}

#[test]
fn a_click_on_a_head_sorts_and_the_next_one_turns_the_order_around() {
    for size in [(40, 12), (80, 24), (200, 60)] {
        let mut app = told(Demo::INCIDENT, "");
        app.update(Message::Input(Event::Resize(size.0, size.1)));
        let screen = rows(&painted(&app, &UNICODE, size));
        let line = screen.iter().position(|row| row.contains("CONTAINER")).expect("heads");
        let heads: Vec<char> = screen[line].chars().collect();
        for (head, order) in [("USED", "usage:desc"), ("OOM", "oom_kill_total:desc"), ("CONTAINER", "name:asc")] {
            let at = (0..heads.len()).find(|at| heads[*at..].starts_with(&head.chars().collect::<Vec<_>>()));
            for cell in [0, head.len() - 1] {
                press(&mut app, "T");
                click(&mut app, at.expect("a head") + cell, line);
                assert_eq!(app.sort.to_string(), order, "{size:?}");
            }
            click(&mut app, at.expect("a head"), line);
            assert_ne!(app.sort.to_string(), order, "the other way around");
        }
    }
}

#[test]
fn the_wheel_scrolls_and_clicks_elsewhere_do_nothing() {
    let mut app = told(Demo::INCIDENT, "");
    mouse(&mut app, MouseEventKind::ScrollDown, 5, 5);
    assert_eq!(app.cursor(), 3);
    mouse(&mut app, MouseEventKind::ScrollUp, 5, 5);
    assert_eq!(app.cursor(), 0);
    for (column, row) in [(0, 0), (5, 23), (500, 4), (5, 500), (5, 20)] {
        click(&mut app, column, row);
        assert_eq!((&app.screen, app.cursor()), (&Screen::Table, 0));
        assert!(matches!(app.sort, Sort::Trouble));
    }
    press(&mut app, "?");
    mouse(&mut app, MouseEventKind::ScrollDown, 5, 5);
    click(&mut app, 5, 5);
    assert_eq!((app.scroll, app.help), (3, true));
    app.update(Message::Input(Event::Resize(10, 2)));
    click(&mut app, 5, 1);
}

#[test]
fn another_interval_shows_at_once_and_in_the_unit_that_was_set() {
    for (keys, shown) in [("<", "EVERY 500ms"), ("<<", "EVERY 250ms"), ("<<<<", "EVERY 100ms"), (">", "EVERY 2s")] {
        let app = told(Demo::INCIDENT, keys);
        let screen = rows(&painted(&app, &UNICODE, (80, 24))).join("\n");
        assert!(screen.contains(shown), "{keys}: {screen}");
    }
}

#[test]
fn a_paused_screen_stands_still_and_catches_up() {
    let mut app = told(Demo::INCIDENT, " ");
    let before = rows(&painted(&app, &UNICODE, (120, 40)));
    let mut demo = Demo::new(start());
    demo.advance(Demo::INCIDENT + 30 * SECOND);
    app.update(Message::Sample(Ok(Box::new(demo.sample().expect("the demo never fails")))));
    assert_eq!(rows(&painted(&app, &UNICODE, (120, 40))), before);
    press(&mut app, " ");
    assert_ne!(rows(&painted(&app, &UNICODE, (120, 40))), before);
}

#[test]
fn everything_about_a_row_leads_to_its_neighbours() {
    for keys in ["s\n", "A", "t"] {
        let mut app = told(Demo::INCIDENT, &format!("{keys}gj"));
        let order: Vec<CgroupId> = app.rows().map(|group| group.id.clone()).collect();
        press(&mut app, "[]");
        assert_eq!((current(&app), app.cursor()), (order[1].clone(), 1), "only where everything about a row is shown");
        press(&mut app, "\njj");
        let scroll = app.scroll;
        for (key, at) in [("]", 2), ("]", 3), ("[", 2), ("[", 1), ("[", 0), ("[", 0)] {
            press(&mut app, key);
            assert_eq!(app.screen, Screen::Detail(order[at].clone()), "{keys} {key}");
            assert_eq!((current(&app), app.scroll), (order[at].clone(), scroll), "{keys} {key}");
        }
        press(&mut app, &"]".repeat(order.len() + 3));
        assert_eq!(Some(&current(&app)), order.last());
    }
}

#[test]
fn without_a_chart_there_is_nothing_to_zoom() {
    let mut app = told(Demo::INCIDENT, "g");
    let before = app.window.span();
    for keys in ["-", "a-", "o-", "?-", "C-"] {
        press(&mut app, keys);
        assert_eq!(app.window.span(), before, "{keys}");
    }
    let mut app = told(Demo::INCIDENT, "g\n-");
    assert!(app.window.span() > before);
    let now = app.window.span();
    press(&mut app, "?+");
    assert_eq!(app.window.span(), now, "the help lies over it");
}

#[test]
fn rows_that_vanish_leave_the_cursor_on_one_that_is_there() {
    for keys in ["", "G", "tG"] {
        let mut app = app();
        for containers in [40, 7, 0, 12] {
            let snapshot = Demo::wide(containers).sample().expect("the demo never fails");
            app.update(Message::Sample(Ok(Box::new(snapshot))));
            press(&mut app, keys);
            assert!(app.cursor() <= app.rows().len(), "{keys:?} {containers}");
            painted(&app, &UNICODE, (80, 24));
        }
    }
}

#[test]
fn colours_only_repeat_what_signs_and_words_say() {
    for (keys, screen) in [("g", "rows"), ("g\nhh", "a chart that is read off")] {
        let app = told(Demo::INCIDENT, keys);
        let plain = paint(&app, &Theme::new(&DARK, Depth::None, &UNICODE), (120, 40));
        for palette in PALETTES {
            for (depth, colours) in Depth::ALL {
                let shown = format!("{screen}, {}, {depth}", palette.name);
                let painted = paint(&app, &Theme::new(palette, colours, &UNICODE), (120, 40));
                assert_eq!(rows(&plain), rows(&painted), "{shown}");
                assert!(painted.content.iter().all(|cell| cell.bg == Color::Reset), "{shown}");
                let coloured = painted.content.iter().any(|cell| cell.fg != Color::Reset);
                assert_eq!(coloured, palette.name != "none" && colours != Depth::None, "{shown}");
            }
        }
    }
}

impl Case {
    fn painted(&self) -> Buffer {
        painted(&told(self.moment, self.keys), self.glyphs, self.size)
    }
}

/// A dashboard at `moment`, after `keys` were pressed.
fn told(moment: Duration, keys: &str) -> App {
    let mut app = app();
    tell(&mut app, moment);
    press(&mut app, keys);
    app
}

fn app() -> App {
    App::new(settings())
}

fn settings() -> Settings {
    Settings {
        interval: SECOND,
        filter: Filter::All,
        filter_text: String::new(),
        sort: Sort::Trouble,
        columns: Columns::default(),
        scope: Scope::Containers,
        grouping: None,
        tree: false,
        idle: Idle::Shown,
        mouse: Mouse::On,
        keys: Keymap::default(),
        theme: DARK.name,
        zone: TimeZone::UTC,
        protection: Protection::default(),
        layout: ui::LAYOUT,
        policies: Policies::default(),
    }
}

/// 21 October 2025, 13:46:40 UTC.
fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_761_054_400)
}

/// One reading a second, the last at `moment`.
fn readings(moment: Duration, before: u32) -> Vec<Snapshot> {
    let mut demo = Demo::new(start());
    demo.advance(moment.saturating_sub(before * SECOND));
    let mut snapshots = vec![demo.sample().expect("the demo never fails")];
    while snapshots.last().is_some_and(|last| last.at < moment) {
        demo.advance(SECOND);
        snapshots.push(demo.sample().expect("the demo never fails"));
    }
    snapshots
}

fn tell(app: &mut App, moment: Duration) {
    for snapshot in readings(moment, BEFORE) {
        app.update(Message::Sample(Ok(Box::new(snapshot))));
    }
}

/// Types `keys`; a line feed is Enter.
fn press(app: &mut App, keys: &str) {
    for key in keys.chars() {
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        app.update(Message::Input(Event::Key(KeyEvent::new(code, KeyModifiers::NONE))));
    }
}

fn current(app: &App) -> CgroupId {
    app.current().expect("a row under the cursor").id.clone()
}

fn painted(app: &App, glyphs: &'static Glyphs, size: (u16, u16)) -> Buffer {
    paint(app, &Theme::new(&DARK, Depth::Sixteen, glyphs), size)
}

fn paint(app: &App, theme: &Theme, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal.draw(|frame| ui::view(app, theme, frame)).expect("a drawn frame");
    terminal.backend().buffer().clone()
}

fn keep_text(name: &str, text: &str) {
    insta::assert_snapshot!(name, text);
}

fn keep(name: &str, buffer: &Buffer) {
    keep_text(name, &rows(buffer).join("\n"));
}

fn cells(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width.max(1)))
}

/// What a reader sees, without the blanks at the ends.
fn rows(buffer: &Buffer) -> Vec<String> {
    cells(buffer).map(|row| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned()).collect()
}

fn first_row(buffer: &Buffer) -> String {
    // The clock and the host on the right are set apart by blanks.
    let row = rows(buffer).remove(0);
    row.trim_start().split("  ").next().unwrap_or_default().to_owned()
}

const LEGEND: &str =
    "R red, Y yellow, G green, C cyan, B blue, M magenta, d dim, b bold, v reversed, . plain; of several the first";

fn styles(buffer: &Buffer) -> Vec<String> {
    cells(buffer).map(|row| row.iter().map(style).collect::<String>().trim_end_matches('.').to_owned()).collect()
}

fn style(cell: &Cell) -> char {
    match cell.fg {
        Color::Red => 'R',
        Color::Yellow => 'Y',
        Color::Green => 'G',
        Color::Cyan => 'C',
        Color::Blue => 'B',
        Color::Magenta => 'M',
        _ if cell.modifier.contains(Modifier::DIM) => 'd',
        _ if cell.modifier.contains(Modifier::BOLD) => 'b',
        _ if cell.modifier.contains(Modifier::REVERSED) => 'v',
        _ => '.',
    }
}
