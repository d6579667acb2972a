//! Keys as the configuration says.

use std::fs;

use super::pty::{PROGRAM, Terminal};
use super::{CTRL_C, DOWN, ESC, has, lacks};

/// A file with these keys.
fn keys(said: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("[keys]\n{said}")).unwrap();
    file
}

#[test]
fn keys_of_ones_own_do_what_they_are_said_to_and_show() {
    let file = keys("quit = [\"x\"]\ntree = [\"f2\", \"ctrl-t\"]\ncopy = []\nalerts = [\"q\"]\nhelp = [\"X\"]\n");
    let mut terminal = Terminal::demo(&["--config", file.path().to_str().unwrap()], &[]);
    terminal.wait_for("the keys", |screen| has("q alerts")(screen) && has("F2 tree")(screen) && has("X help")(screen));
    terminal.press_for("q", "\u{2500}\u{2500} log");
    terminal.press_for("\x14", "CGROUP");
    terminal.press_for("\x1bOQ", "CONTAINER");
    terminal.press_for("X", "everything about the row");
    terminal.press_for(ESC, "report-gen");
    terminal.press("?ty");
    terminal.press_for("m", "the mouse selects text");
    terminal
        .wait_for("keys without a meaning to do nothing", |screen| has("CONTAINER")(screen) && lacks("copied")(screen));
    terminal.press("x");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn the_menu_does_what_is_chosen_by_words_by_hand_or_by_wheel() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press_for(":", "> open");
    terminal.press_for("fires for", "> acknowledge ");
    terminal.press_for("\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7falerts what", "> alerts");
    terminal.press("\r");
    terminal.wait_for("the alerts", |screen| has("\u{2500}\u{2500} log")(screen) && lacks("actions")(screen));
    terminal.press_for(":", "> back");
    terminal.press_for(DOWN, "> alerts");
    terminal.press_for("\x1b[<65;10;10M", "> filter");
    terminal.press_for("\x1b[<64;10;10M", "> alerts");
    terminal.press(ESC);
    terminal.wait_for("the alerts", |screen| has("\u{2500}\u{2500} log")(screen) && lacks("actions")(screen));
    terminal.resize(30, 6);
    terminal.press_for(":tree", "> t ");
    terminal.press_for("\r", "CGROUP");
    terminal.press_for(":", "actions");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn nobody_locks_himself_out() {
    let file = keys("quit = []\nback = []\nopen = [\"esc\"]\nhelp = []\n");
    let mut terminal = Terminal::demo(&["--config", file.path().to_str().unwrap()], &[]);
    terminal.press("q");
    terminal.press_for(":details of", "nothing has these words");
    terminal.press_for("\x1b", "CONTAINER");
    terminal.press_for(":help\r", "everything about the row");
    terminal.press_for(":back\r", "CONTAINER");
    terminal.press_for("/redis", "1 row; Enter keeps it");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_key_for_two_actions_is_refused_before_anything_is_drawn() {
    let file = keys("save = [\"f5\"]\ncopy = [\"n\", \"f5\"]\n");
    let mut terminal = Terminal::start(PROGRAM, &["demo", "--config", file.path().to_str().unwrap()], &[]);
    assert_eq!(terminal.end(), 2);
    let told = terminal.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("line 2: `keys.save`: F5 is a key of `copy`, too"), "{told}");
}
