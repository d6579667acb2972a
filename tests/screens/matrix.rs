//! Every screen at every size, as glyph rows and style rows; and what is true of all of them in any theme.

use super::*;

/// A screen, and what leads to it.
struct Shown {
    name: &'static str,
    moment: Duration,
    keys: &'static str,
}

const AT_THE_INCIDENT: Shown = Shown { name: "", moment: Demo::INCIDENT, keys: "" };

/// The row that thrashes is in the most trouble, so it is the first one.
const SCREENS: [Shown; 9] = [
    Shown { name: "table", keys: "g", ..AT_THE_INCIDENT },
    Shown { name: "tree", keys: "gt", ..AT_THE_INCIDENT },
    Shown { name: "detail", keys: "g\n", ..AT_THE_INCIDENT },
    Shown { name: "host", keys: "H", ..AT_THE_INCIDENT },
    Shown { name: "alerts", keys: "a", ..AT_THE_INCIDENT },
    Shown { name: "kills", keys: "o", moment: Duration::from_secs(260) },
    Shown { name: "help", keys: "?", ..AT_THE_INCIDENT },
    Shown { name: "chooser", keys: "C", ..AT_THE_INCIDENT },
    Shown { name: "prompt", keys: "/usage>512M", ..AT_THE_INCIDENT },
];

/// Beside the usual sizes: the largest that is likely, the smallest that is possible, and what is both.
const EXTREMES: [(u16, u16); 6] = [(300, 80), (1, 1), (300, 1), (1, 80), (30, 6), (29, 6)];

/// A dashboard on each screen.
fn each() -> impl Iterator<Item = (&'static str, App)> {
    SCREENS.into_iter().map(|shown| (shown.name, told(shown.moment, shown.keys)))
}

/// One of each size.
fn each_size() -> impl Iterator<Item = (String, App, (u16, u16))> {
    let sized = |shown: Shown, size: (u16, u16)| {
        (format!("{}_{}x{}", shown.name, size.0, size.1), told(shown.moment, shown.keys), size)
    };
    SIZES.into_iter().flat_map(move |size| SCREENS.into_iter().map(move |shown| sized(shown, size)))
}

#[test]
fn every_screen_at_every_size() {
    for (name, app, size) in each_size() {
        let buffer = painted(&app, &UNICODE, size);
        keep_text(&name, &format!("{}\n\n{LEGEND}\n{}", rows(&buffer).join("\n"), styles(&buffer).join("\n")));
    }
}

#[test]
fn themes_and_depths_change_nothing_but_colours() {
    for (name, app, size) in each_size() {
        let dark = painted(&app, &UNICODE, size);
        for palette in PALETTES {
            for depth in [Depth::None, Depth::Sixteen, Depth::True] {
                let other = paint(&app, &Theme::new(palette, depth, &UNICODE), size);
                assert_eq!(rows(&dark), rows(&other), "{name} in {}", palette.name);
                for (cell, other) in dark.content.iter().zip(&other.content) {
                    same_but_for_the_colour(cell, other, palette.name, depth);
                }
            }
        }
    }
}

/// `cell` is in the theme `dark` at sixteen colours.
fn same_but_for_the_colour(cell: &Cell, other: &Cell, theme: &str, depth: Depth) {
    let mut modifier = cell.modifier;
    modifier.set(Modifier::DIM, modifier.contains(Modifier::DIM) && theme != "high-contrast");
    assert_eq!((other.modifier, other.bg), (modifier, Color::Reset), "{theme}: {other:?}");
    let is_coloured = cell.fg != Color::Reset && theme != "none" && depth != Depth::None;
    assert_eq!(other.fg != Color::Reset, is_coloured, "{theme}: {other:?}");
    if is_coloured && theme == "light" && depth == Depth::Sixteen {
        let bright = match cell.fg {
            Color::Yellow => Color::Magenta,
            Color::Cyan => Color::Blue,
            same => same,
        };
        assert_eq!(other.fg, bright);
    }
}

#[test]
fn ascii_screens_are_ascii_and_every_character_has_a_cell_of_its_own() {
    for (name, app, size) in each_size() {
        let ascii = painted(&app, &ASCII, size);
        let foreign: Vec<_> = ascii.content.iter().filter(|cell| !cell.symbol().is_ascii()).collect();
        assert!(foreign.is_empty(), "{name}: {foreign:?}");
        for cell in ascii.content.iter().chain(&painted(&app, &UNICODE, size).content) {
            assert_eq!((cell.symbol().chars().count(), text::width(cell.symbol())), (1, 1), "{name}: {cell:?}");
        }
    }
}

#[test]
fn no_size_is_too_large_or_too_small_to_be_drawn() {
    for (name, app) in each() {
        for size in EXTREMES {
            let screen = rows(&painted(&app, &UNICODE, size));
            assert_eq!(screen.len(), usize::from(size.1));
            let last = screen.last().expect("a line");
            let has_room = size.0 >= 30 && size.1 >= 6;
            let is_typed_in = name == "prompt";
            assert_eq!(
                last.contains("? help") || is_typed_in && last.contains("/usage"),
                has_room,
                "{name} {size:?}: {last}"
            );
        }
    }
}
