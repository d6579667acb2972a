//! The mouse, as terminals tell of it; that it is the terminal's again afterwards, every end of the program tests.

use std::fs;

use vt100::{MouseProtocolMode, Screen};

use super::pty::Terminal;
use super::{ESC, has, lacks, selected};

/// A press and a release of the left button.
fn click(column: usize, line: usize) -> String {
    format!("\x1b[<0;{column};{line}M\x1b[<0;{column};{line}m")
}

/// The line of the screen with a text, from 1 on.
fn line_of(screen: &Screen, text: &str) -> usize {
    1 + screen.contents().lines().position(|line| line.contains(text)).unwrap()
}

/// Whether the program is told of the mouse.
pub(crate) fn is_told(screen: &Screen) -> bool {
    screen.mouse_protocol_mode() == MouseProtocolMode::ButtonMotion
}

#[test]
fn clicks_choose_open_and_sort_and_the_wheel_scrolls() {
    let mut terminal = Terminal::demo(&["--sort", "name"], &[]);
    terminal.wait_for("the mouse to be listened to", is_told);
    let line = line_of(&terminal.screen(), "postgres-main");
    terminal.press(&click(10, line));
    terminal.wait_for("the row that was clicked", |screen| selected(screen).as_deref() == Some("postgres-main"));
    terminal.press_for(&click(10, line), "usage in 1 minute");
    terminal.press_for(ESC, "CONTAINER");
    let heads = line_of(&terminal.screen(), "CONTAINER");
    terminal.press_for(&click(8, heads), "SORT name:desc");
    terminal.press_for("?", "everything about the row");
    terminal.press(&"\x1b[<65;10;10M".repeat(30));
    terminal.wait_for("another part of it", lacks("everything about the row"));
    terminal.press_for(&"\x1b[<64;10;10M".repeat(30), "everything about the row");
}

#[test]
fn text_can_be_selected_while_the_mouse_is_off() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press_for("m", "the mouse selects text");
    terminal.wait_for("no word of the mouse", |screen| !is_told(screen));
    terminal.press_for("m", "the mouse chooses rows");
    terminal.wait_for("the mouse to be listened to", is_told);
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn the_configuration_leaves_the_mouse_to_the_terminal() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "mouse = false\n").unwrap();
    let mut terminal = Terminal::demo(&["--config", file.path().to_str().unwrap()], &[]);
    terminal.press_for("t", "CGROUP");
    assert!(!is_told(&terminal.screen()));
    terminal.press_for("m", "the mouse chooses rows");
    terminal.wait_for("the mouse to be listened to", |screen| is_told(screen) && has("CGROUP")(screen));
}
