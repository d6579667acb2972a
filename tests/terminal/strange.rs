//! Small and strange terminals, and names that are neither short nor simple: what is shown stays right.

use std::fs;

use tempfile::TempDir;
use vt100::Screen;

use super::pty::{PROGRAM, Terminal};
use super::{has, lacks};

/// Whether the frame is whole and fits: keys on the last line, a sentence on the first.
fn is_whole(screen: &Screen, columns: u16, rows: u16) -> bool {
    let lines: Vec<String> = screen.rows(0, columns).collect();
    let last = lines.last().map(String::as_str).unwrap_or_default();
    lines.len() == usize::from(rows) && last.contains("? help") && lines[0].contains("host fine")
}

#[test]
fn after_a_storm_of_resizes_the_screen_is_right() {
    let terminal = Terminal::demo(&["-i", "100ms"], &[]);
    let mut dice = 1_u32;
    let mut roll = |from: u16, to: u16| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        from + (dice >> 16) as u16 % (to - from)
    };
    for _ in 0..200 {
        terminal.resize(roll(1, 250), roll(1, 90));
    }
    for (columns, rows) in [(120, 40), (80, 24)] {
        terminal.resize(columns, rows);
        terminal.wait_for("a whole frame", |screen| is_whole(screen, columns, rows) && has("postgres-main")(screen));
        let heads = terminal.text().matches("CONTAINER").count();
        assert_eq!(heads, 1, "nothing of another size is left:\n{}", terminal.text());
    }
}

#[test]
fn the_largest_window_is_filled() {
    let terminal = Terminal::start_on(300, 80, PROGRAM, &["demo"], &[]);
    terminal.wait_for("a whole frame", |screen| is_whole(screen, 300, 80) && has("postgres-main")(screen));
}

#[test]
fn the_console_of_linux_gets_ascii_and_eight_colours() {
    let mut terminal = Terminal::demo(&[], &[("TERM", "linux")]);
    for (key, text) in [("t", "CGROUP"), ("t", "CONTAINER"), ("\r", "usage in 1 minute"), ("?", "-- keys")] {
        terminal.press_for(key, text);
    }
    let bytes = terminal.bytes();
    assert!(bytes.is_ascii(), "{}", String::from_utf8_lossy(&bytes));
    let parameters = parameters(&bytes);
    assert!(parameters.contains(&36), "the accent");
    let foreign: Vec<_> = parameters.iter().filter(|parameter| !matches!(parameter, 0..=9 | 30..=37 | 39)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

/// Of all sequences that choose styles.
fn parameters(bytes: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(bytes);
    let styles = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    styles.flat_map(|style| style.split(';').map(|part| part.parse().unwrap_or(0)).collect::<Vec<_>>()).collect()
}

#[test]
fn inside_screen_and_tmux_it_has_their_colours() {
    for (term, colorterm, colour) in [
        ("screen-256color", "", "38;5;80"),
        ("screen-256color", "truecolor", "38;5;80"),
        ("tmux-256color", "", "38;5;80"),
        ("tmux-256color", "truecolor", "38;2;95;215;215"),
    ] {
        let mut terminal = Terminal::demo(&[], &[("TERM", term), ("COLORTERM", colorterm)]);
        let text = String::from_utf8_lossy(&terminal.bytes()).into_owned();
        assert!(text.contains(&format!("{colour}m")), "no {colour} with {term} {colorterm}");
        terminal.press_for("t", "CGROUP");
        terminal.press("q");
        assert_eq!(terminal.end(), 0);
        terminal.assert_restored();
    }
}

/// Wide, combining, joined, from the right to the left, and neither.
const NAMES: [&str; 6] = ["データベース", "cafe\u{301}-e\u{302}", "שלום-עולם", "مرحبا", "👩‍👩‍👧-family", "plain"];

fn tree_of(names: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("cgroup.controllers"), "memory\n").unwrap();
    for name in names {
        let directory = root.path().join(format!("lxc.payload.{name}"));
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("memory.current"), "7340032\n").unwrap();
    }
    root
}

#[test]
fn columns_stay_aligned_whatever_names_are_made_of() {
    let root = tree_of(&NAMES);
    let options = ["--cgroup-root", root.path().to_str().unwrap(), "--columns", "usage,limit"];
    for (columns, rows) in [(80, 24), (40, 12), (120, 40)] {
        let terminal = Terminal::start_on(columns, rows, PROGRAM, &options, &[]);
        terminal.wait_for("the rows", |screen| has("plain")(screen) && has("? help")(screen));
        let screen = terminal.screen();
        // A terminal's cells, not characters.
        let column_of = |line: u16, letter: &str| {
            (0..columns).rfind(|&column| screen.cell(line, column).is_some_and(|cell| cell.contents() == letter))
        };
        let figures: Vec<u16> = (0..rows)
            .filter(|&line| screen.contents_between(line, 0, line, columns).contains("7.00Mi"))
            .filter_map(|line| column_of(line, "M"))
            .collect();
        let rows_shown = figures.len();
        assert!(rows_shown >= NAMES.len(), "{}", screen.contents());
        let table = &figures[..NAMES.len()];
        assert!(table.iter().all(|column| *column == table[0]), "{table:?}\n{}", screen.contents());
    }
}

#[test]
fn a_name_in_wide_characters_is_shown_as_it_is() {
    let root = tree_of(&NAMES);
    let options = ["--cgroup-root", root.path().to_str().unwrap(), "--columns", "usage,limit"];
    let mut terminal = Terminal::start_on(120, 40, PROGRAM, &options, &[]);
    terminal.wait_for("the row", has("データベース"));
    terminal.press_for("/データ\r", "FILTER データ");
    terminal.wait_for("only this row", lacks("family"));
}

#[test]
fn a_wrong_configuration_leaves_the_terminal_alone() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for text in ["theme = \"no-such-theme\"\n", "no-such-key = 1\n", "interval = \n"] {
        fs::write(file.path(), text).unwrap();
        let mut terminal = Terminal::start(PROGRAM, &["demo", "--config", file.path().to_str().unwrap()], &[]);
        assert_eq!(terminal.end(), 2, "{text}");
        assert!(terminal.text().contains("line 1"), "{text}: {}", terminal.text());
        assert!(!terminal.bytes().contains(&0x1b), "{text}: no escape sequence is sent");
        assert!(terminal.is_in_first_modes());
    }
}
