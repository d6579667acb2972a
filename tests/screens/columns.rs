//! Columns: what a set shows in small windows, widths, the order of the rows and where the cursor stays meanwhile.

use super::*;

#[test]
fn a_set_shows_what_it_is_named_for_at_every_width() {
    for (keys, set) in [("", "overview"), ("c", "limits"), ("cc", "swap"), ("ccc", "reclaim"), ("cccc", "docker")] {
        let tables = [(120, 20), (80, 20), (40, 12)].map(|size| {
            let screen = rows(&Case { keys, size, ..INCIDENT }.painted());
            let heads = screen.iter().position(|row| row.contains("CONTAINER")).expect("heads");
            screen[heads..heads + 5].join("\n")
        });
        keep_text(&format!("set_{set}"), &tables.join("\n\n"));
    }
}

/// A dashboard of this size, after these keys.
fn sized(size: (u16, u16), keys: &str) -> App {
    let mut app = told(Demo::INCIDENT, "");
    app.update(Message::Input(Event::Resize(size.0, size.1)));
    press(&mut app, keys);
    app
}

fn heads(app: &App) -> String {
    let screen = rows(&painted(app, &UNICODE, app.size()));
    screen.into_iter().find(|row| row.contains("CONTAINER")).expect("heads")
}

/// The cell at which a head begins.
fn place(app: &App, head: &str) -> usize {
    heads(app).split(head).next().expect("a beginning").chars().count()
}

#[test]
fn the_focused_column_gets_as_many_cells_as_it_is_given() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut app = sized(size, "");
        let (usual, legend) = (heads(&app), '\u{2588}');
        let name = place(&app, &legend.to_string());
        press(&mut app, "))))");
        assert_eq!(place(&app, &legend.to_string()), name + 4, "{size:?}");
        press(&mut app, "((((((");
        assert_eq!(place(&app, &legend.to_string()), name - 2, "{size:?}");
        press(&mut app, "|");
        assert_eq!(heads(&app), usual, "{size:?}");
        press(&mut app, &"(".repeat(100));
        assert_eq!(place(&app, &legend.to_string()), 15, "{size:?}: names stay names");
        press(&mut app, &")".repeat(300));
        painted(&app, &UNICODE, size);
        press(&mut app, "|ll");
        let used = place(&app, " LIMIT");
        press(&mut app, "(((((");
        assert_eq!(place(&app, " LIMIT"), used, "{size:?}: no figure is cut");
    }
}

#[test]
fn among_the_columns_the_arrows_change_the_width() {
    let mut app = sized((120, 40), "lC");
    page(&mut app, KeyCode::Right);
    page(&mut app, KeyCode::Right);
    page(&mut app, KeyCode::Left);
    let (bar, row) = (app.columns.cells("bar"), rows(&painted(&app, &UNICODE, (120, 40))));
    let chosen = row.iter().find(|row| row.starts_with('>') && row.contains("[x]")).expect("what is chosen");
    assert!(chosen.contains(&format!("bar{:>22}", bar.expect("a width"))), "{chosen}");
    press(&mut app, "|");
    assert_eq!(app.columns.cells("bar"), None);
}

#[test]
fn a_border_that_is_drawn_takes_its_column_along() {
    for size in [(80, 24), (120, 40)] {
        let mut app = sized(size, "");
        let line =
            rows(&painted(&app, &UNICODE, size)).iter().position(|row| row.contains("CONTAINER")).expect("heads");
        let border = place(&app, "\u{2588}") - 1;
        let drag = |app: &mut App, to| mouse(app, MouseEventKind::Drag(MouseButton::Left), to, line);
        drag(&mut app, border + 5);
        assert_eq!(app.columns.cells("name"), None, "nothing is held");
        click(&mut app, border, line);
        assert!(matches!(app.sort, Sort::Trouble), "{size:?}: a border does not sort");
        for to in [border + 3, border + 6, border - 2] {
            drag(&mut app, to);
            assert_eq!(place(&app, "\u{2588}") - 1, to, "{size:?}");
        }
        drag(&mut app, 0);
        mouse(&mut app, MouseEventKind::Up(MouseButton::Left), 0, line);
        let narrow = heads(&app);
        drag(&mut app, border);
        assert_eq!(heads(&app), narrow, "{size:?}: it was let go");
    }
}

#[test]
fn an_order_is_chosen_by_what_people_call_it() {
    for (typed, order, head) in [
        ("swap", "swap:desc", "\u{25be}SWAP "),
        ("hits", "failcnt:desc", "\u{25be}HITS"),
        ("stall", "psi.some_avg10:desc", "\u{25be}STALL"),
        ("container", "name:asc", "\u{25b4}CONTAINER"),
        ("memory.failcnt", "", ""),
    ] {
        for menu in ["s", ":"] {
            let mut app = sized((120, 40), &format!("{menu}{typed}\n"));
            if order.is_empty() {
                assert!(app.menu.is_some(), "{menu}{typed}: nothing is called so");
                continue;
            }
            assert_eq!((app.sort.to_string().as_str(), app.menu.is_none()), (order, true), "{menu}{typed}");
            assert!(heads(&app).contains(head), "{menu}{typed}: {}", heads(&app));
            assert_eq!(app.focused().map(|field| order.starts_with(field.id)), Some(true), "{menu}{typed}");
            press(&mut app, "s\n");
            assert_ne!(app.sort.to_string(), order, "the other way around");
        }
    }
    let app = sized((120, 40), "sswap\nstrouble\n");
    assert!(matches!(app.sort, Sort::Trouble));
}

#[test]
fn the_cursor_stays_with_its_row_or_on_the_first() {
    let worst = |app: &App| app.rows().next().map(|group| group.id.clone()).expect("a row");
    for (keys, follows) in [("", true), ("j", false), ("jk", false), ("jg", true), ("\n", false), ("jgt", false)] {
        let mut app = app();
        app.update(Message::Input(Event::Resize(120, 40)));
        let mut snapshots = readings(Demo::INCIDENT, 312).into_iter();
        for snapshot in snapshots.by_ref().take(3) {
            app.update(Message::Sample(Ok(Box::new(snapshot))));
        }
        press(&mut app, keys);
        page(&mut app, KeyCode::Esc);
        let (chosen, first) = (current(&app), worst(&app));
        assert_eq!(app.stays_first(), follows, "{keys:?}");
        let screen = rows(&painted(&app, &UNICODE, (120, 40))).join("\n");
        assert_eq!(screen.contains("the first row, whichever it is; Enter for"), follows, "{keys:?}");
        for snapshot in snapshots {
            app.update(Message::Sample(Ok(Box::new(snapshot))));
            assert_eq!(current(&app), if follows { worst(&app) } else { chosen.clone() }, "{keys:?}");
        }
        if app.screen == Screen::Table {
            assert_ne!(worst(&app), first, "the story moves no row");
        }
    }
}

#[test]
fn a_theme_is_tried_at_once() {
    let names = PALETTES.map(|palette| palette.name);
    let mut app = told(Demo::INCIDENT, "");
    for name in names.into_iter().cycle().skip(1).take(names.len()) {
        press(&mut app, "Z");
        assert_eq!(app.theme, name);
    }
    for name in ["none", "light"] {
        press(&mut app, &format!(":theme {name}\n"));
        assert_eq!((app.theme, app.menu.is_none()), (name, true));
    }
    let theme = |name| Theme::new(&DARK, Depth::Sixteen, &UNICODE).called(name);
    let [dark, light] = ["dark", "light"].map(|name| paint(&app, &theme(name), (120, 40)));
    assert_eq!(rows(&dark), rows(&light));
    assert_ne!(dark, light);
    assert!(rows(&dark).join("\n").contains("theme light; W saves it"));
}

/// Everything that a screen of text has, as it is scrolled through, in one line.
fn whole(moment: Duration, keys: &str, size: (u16, u16)) -> String {
    let mut app = told(moment, keys);
    app.update(Message::Input(Event::Resize(size.0, size.1)));
    let mut words = Vec::new();
    loop {
        let screen = rows(&painted(&app, &UNICODE, size));
        words.extend(screen[..usize::from(size.1) - 2].iter().map(|row| row.trim().to_owned()));
        let before = app.scroll;
        page(&mut app, KeyCode::PageDown);
        if app.scroll == before {
            words.extend(screen[usize::from(size.1) - 2..].iter().map(|row| row.trim().to_owned()));
            return words.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }
}

#[test]
fn no_word_that_decides_is_lost_in_a_small_window() {
    for (moment, keys, told) in [
        (Demo::INCIDENT, "g\n", &["checkout-5c8b-x7k2p/app is thrashing at its own limit"][..]),
        (Demo::INCIDENT, "gjj\n", &["is thrashing at an ancestor's limit", "shop/search-6f4d-9qzrw:"]),
        (Demo::INCIDENT, "a", &["search-6f4d-9qzrw/index: thrashing at ancestor's limit 2.00Gi"]),
        (Duration::from_secs(260), "o", &["report-gen", "at its own limit", "told by "]),
        (Demo::INCIDENT, "H", &["of it still in memory too (swap cache)"]),
    ] {
        for size in [(40, 12), (80, 24)] {
            let shown = whole(moment, keys, size);
            for words in told {
                let is_there = words.split(' ').all(|word| shown.contains(word.trim_end_matches(':')));
                assert!(is_there && (size.0 > 40 || shown.contains(words)), "{keys:?} {size:?} {words:?}: {shown}");
            }
        }
    }
}

#[test]
fn help_begins_with_the_keys_and_leads_to_the_focused_column() {
    for size in [(40, 12), (80, 24), (120, 40)] {
        let mut app = sized(size, "lll?");
        let first = |app: &App| rows(&painted(app, &UNICODE, size)).remove(0);
        assert!(first(&app).contains(" keys "), "{}", first(&app));
        press(&mut app, "?");
        assert!(first(&app).contains("column "), "{size:?}: {}", first(&app));
        press(&mut app, "?");
        assert!(!app.help, "{size:?}");
    }
}
