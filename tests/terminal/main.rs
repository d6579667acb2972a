//! The program in a real pseudo-terminal: what it shows, what keys do, and how it leaves the terminal behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot drive its terminal has failed")]

mod alerts;
mod beancounters;
mod columns;
mod copy;
mod host;
mod hostile;
mod keys;
mod moment;
mod mouse;
mod protection;
mod pty;
#[path = "../support/skip.rs"]
mod skip;
mod strange;
#[path = "../support/tree.rs"]
mod tree;
mod wire;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use vt100::Screen;

use pty::{PROGRAM, Terminal};

/// As many readings at `-i 100ms` as tell whether something is drawn without need.
const SEVERAL_READINGS: Duration = Duration::from_millis(500);
/// Longer than the rest of a frame needs once its beginning is there.
const A_FRAME: Duration = Duration::from_millis(50);

const ESC: &str = "\x1b";
const ENTER: &str = "\r";
const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";
const DOWN: &str = "\x1b[B";
const RIGHT: &str = "\x1b[C";
const UP: &str = "\x1b[A";

fn has(text: &'static str) -> impl Fn(&Screen) -> bool {
    move |screen| screen.contents().contains(text)
}

fn lacks(text: &'static str) -> impl Fn(&Screen) -> bool {
    move |screen| !screen.contents().contains(text)
}

/// The line with the cursor among the rows.
fn selected(screen: &Screen) -> Option<String> {
    screen.contents().lines().find_map(|line| line.strip_prefix('>').map(name))
}

/// The name in a row, after its sign.
fn name(row: &str) -> String {
    row.chars().skip(2).collect::<String>().split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn the_first_paint_tells_what_is_going_on() {
    let terminal = Terminal::demo(&[], &[]);
    let text = terminal.text();
    assert!(text.lines().next().unwrap().contains("host fine"), "{text}");
    for word in ["CONTAINER", "USED", "LIMIT", "redis-cache", "report-gen", "detail"] {
        assert!(text.contains(word), "no {word} in\n{text}");
    }
    terminal.wait_for("an alternate screen without cursor", |screen| screen.alternate_screen() && screen.hide_cursor());
    assert!(!terminal.is_in_first_modes(), "raw mode is on");
}

#[test]
fn quitting_gives_the_terminal_back() {
    for keys in ["q", CTRL_C] {
        let mut terminal = Terminal::demo(&[], &[]);
        terminal.press(keys);
        assert_eq!(terminal.end(), 0);
        terminal.assert_restored();
        assert_eq!(terminal.text().trim(), "", "nothing of it stays on the screen");
    }
}

#[test]
fn keys_lead_from_screen_to_screen_and_back() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press_for("t", "CGROUP");
    terminal.press_for("t", "CONTAINER");
    terminal.press_for(ENTER, "usage in 1 minute");
    terminal.press_for(ESC, "CONTAINER");
    terminal.press_for("?", "everything about the row");
    terminal.press_for(ESC, "ci-runner-3");
    terminal.press("a");
    // All of it: a key right after Esc would be one with Alt.
    terminal.wait_for("the alerts alone", |screen| has("\u{2500}\u{2500} log")(screen) && lacks("CONTAINER")(screen));
    terminal.press_for(ESC, "CONTAINER");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_filter_works_while_it_is_typed() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press("/redis");
    terminal.wait_for("only redis", |screen| has("1 row; Enter keeps it")(screen) && lacks("report-gen")(screen));
    terminal.press_for(ENTER, "FILTER redis");
    terminal.wait_for("still only redis", lacks("report-gen"));
    terminal.press_for(ESC, "report-gen");
    terminal.wait_for("no filter", lacks("FILTER"));
    terminal.press_for("/zz>", "zz");
    terminal.press("q");
    terminal.wait_for("letters, not actions, while the filter is typed", has("/zz>q"));
    terminal.press_for(ESC, "report-gen");
    terminal.wait_for("no editor", lacks("/zz"));
}

#[test]
fn a_filter_is_completed_and_comes_back() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press_for("/runt", "Tab  runtime");
    terminal.press_for("\t=", "Tab  containerd");
    terminal.press_for("\t", "/runtime=containerd");
    terminal.press_for(ENTER, "FILTER runtime=containerd");
    terminal.press(ESC);
    terminal.wait_for("no filter", lacks("FILTER"));
    terminal.press_for("/", "rows; Enter");
    terminal.press_for(UP, "/runtime=containerd");
    terminal.press(DOWN);
    terminal.wait_for("what was typed", lacks("/runtime"));
}

#[test]
fn every_cgroup_shows_on_demand() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press("A");
    terminal.wait_for("more rows than containers", |screen| more(screen) > Some(10));
    terminal.press("A");
    terminal.wait_for("containers only", |screen| more(screen) < Some(10));
}

/// The number of rows that the window does not show.
fn more(screen: &Screen) -> Option<usize> {
    screen.contents().lines().find_map(|line| line.trim().split_once(" more,")?.0.parse().ok())
}

#[test]
fn arrows_move_the_cursor() {
    // Ordered by name, so that rows stay where they are.
    let mut terminal = Terminal::demo(&["--sort", "name"], &[]);
    let first = selected(&terminal.screen()).unwrap();
    terminal.press(DOWN);
    terminal.wait_for("the second row", |screen| selected(screen).is_some_and(|row| row != first));
    terminal.press(UP);
    terminal.wait_for("the first row again", |screen| selected(screen).as_ref() == Some(&first));
}

#[test]
fn every_size_is_drawn_whole() {
    let terminal = Terminal::demo(&[], &[]);
    for (columns, rows) in [(40, 12), (120, 40), (30, 6), (80, 24)] {
        terminal.resize(columns, rows);
        // The keys fill the last line of a whole frame, the sentence its first.
        terminal.wait_for("the keys on the last line", |screen| {
            let lines: Vec<String> = screen.rows(0, columns).collect();
            lines.len() == usize::from(rows) && lines[lines.len() - 1].contains("detail") && !lines[0].is_empty()
        });
    }
    terminal.resize(20, 4);
    terminal.wait_for("that nothing can be shown", |screen| screen.contents().trim() == "window too small");
    terminal.resize(80, 24);
    terminal.wait_for("the rows again", has("redis-cache"));
}

#[test]
fn suspended_it_leaves_the_terminal_to_the_shell_and_comes_back() {
    stopped_it_leaves_the_terminal_to_the_shell_and_comes_back(|shell, _| shell.press(CTRL_Z));
}

fn stopped_it_leaves_the_terminal_to_the_shell_and_comes_back(stop: impl FnOnce(&mut Terminal, Pid)) {
    let script = r#"set -m; "$0" demo; echo the shell has it; read line; fg"#;
    let mut shell = Terminal::start("/bin/sh", &["-c", script, PROGRAM], &[]);
    shell.wait_for("the first rows", has("postgres-main"));
    let program = pty::child_of(shell.pid()).unwrap();
    stop(&mut shell, program);
    shell.wait_for("the shell", |screen| has("the shell has it")(screen) && !screen.alternate_screen());
    pty::wait_for_state(program, "T");
    shell.assert_restored();
    shell.press("\n");
    shell.wait_for("all of it again", |screen| {
        let is_ours = screen.alternate_screen() && screen.hide_cursor() && mouse::is_told(screen);
        is_ours && has("postgres-main")(screen) && has("detail")(screen)
    });
    shell.press_for("t", "CGROUP");
    shell.press("q");
    assert_eq!(shell.end(), 0);
    shell.assert_restored();
}

#[test]
fn signals_end_it_and_the_terminal_is_given_back() {
    // All that can be caught and would end it; the last two are real-time ones.
    for signal in [1, 2, 3, 5, 6, 10, 12, 14, 15, 16, 24, 25, 26, 27, 29, 30, 36, 64] {
        let mut terminal = Terminal::demo(&[], &[]);
        terminal.signal_by_number(signal);
        assert_eq!(terminal.end(), 128 + signal, "{}", terminal.text());
        terminal.assert_restored();
    }
}

#[test]
fn signals_that_end_nobody_change_nothing() {
    let mut terminal = Terminal::demo(&[], &[]);
    for signal in [Signal::PIPE, Signal::CHILD, Signal::URG, Signal::WINCH] {
        terminal.signal(signal);
    }
    terminal.press_for("t", "CGROUP");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn without_a_terminal_it_names_snapshot() {
    let output = Command::new(PROGRAM).arg("demo").env("TERM", "xterm").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.stdout.is_empty() && stderr.contains("memcgtop snapshot"), "{stderr}");
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_is_refused() {
    for term in ["dumb", ""] {
        let mut terminal = Terminal::start(PROGRAM, &["demo"], &[("TERM", term)]);
        assert_eq!(terminal.end(), 2);
        assert!(terminal.text().contains("memcgtop snapshot"), "{}", terminal.text());
        assert!(!terminal.bytes().contains(&0x1b), "no escape sequence is sent to it");
    }
}

#[test]
fn colours_are_left_out_on_demand() {
    assert!(colours(&Terminal::demo(&[], &[]).bytes()) > 0, "there are colours otherwise");
    for (arguments, variables) in [
        (&[][..], &[("NO_COLOR", "1")][..]),
        (&["--no-color"], &[]),
        (&["--colors", "16", "--no-color"], &[]),
        (&["--colors", "none"], &[]),
        (&["--theme", "none"], &[]),
        (&["--theme", "light"], &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]),
        (&[], &[("TERM", "vt220")]),
    ] {
        assert_eq!(colours(&Terminal::demo(arguments, variables).bytes()), 0, "{arguments:?} {variables:?}");
    }
}

#[test]
fn a_terminal_gets_the_colours_that_it_can_show() {
    for (arguments, variables, accent) in [
        (&[][..], &[][..], "38;5;80"),
        (&[], &[("COLORTERM", "truecolor")], "38;2;95;215;215"),
        (&[], &[("TERM", "xterm")], "36"),
        (&["--theme", "light"], &[("TERM", "linux")], "34"),
        (&["--theme", "high-contrast", "--colors", "8"], &[], "36"),
        (&["--theme", "colour-blind", "--colors", "16"], &[("COLORTERM", "truecolor")], "96"),
        (&["--no-color", "--colors", "true"], &[("NO_COLOR", "1")], "38;2;95;215;215"),
    ] {
        let bytes = Terminal::demo(arguments, variables).bytes();
        let text = String::from_utf8_lossy(&bytes);
        let is_chosen = ['[', ';'].into_iter().any(|before| text.contains(&format!("{before}{accent}m")));
        assert!(is_chosen, "no {accent} with {arguments:?} {variables:?}");
    }
}

/// How many sequences select a colour other than the terminal's own.
fn colours(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        rest[end..].starts_with('m').then(|| &rest[..end])
    });
    sequences.filter(|sequence| sequence.split(';').any(is_colour)).count()
}

fn is_colour(parameter: &str) -> bool {
    matches!(parameter.parse(), Ok(30..=38 | 40..=48 | 90..=97 | 100..=107))
}

#[test]
fn where_the_locale_has_only_ascii_nothing_else_is_written() {
    let mut terminal = Terminal::demo(&[], &[("LANG", "C")]);
    // Each text stands on one screen only, so that the next key is not typed before the last one was read.
    for (keys, text) in [
        ("t", "CGROUP"),
        ("t", "CONTAINER"),
        (ENTER, "usage in 1 minute"),
        (ESC, "CONTAINER"),
        ("?", "-- keys"),
        (ESC, "ci-runner-3"),
        ("a", "-- log"),
    ] {
        terminal.press_for(keys, text);
    }
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let bytes = terminal.bytes();
    let text = String::from_utf8_lossy(&bytes);
    let foreign: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn nothing_is_written_while_the_screen_is_frozen() {
    let mut terminal = Terminal::demo(&["-i", "100ms"], &[]);
    terminal.press_for(" ", "PAUSED");
    while terminal.writes_within(A_FRAME) {}
    assert!(!terminal.writes_within(SEVERAL_READINGS), "drew while paused");
    terminal.press(" ");
    terminal.wait_for("a live screen", lacks("PAUSED"));
}

#[test]
fn nothing_is_written_while_nothing_changes() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let tree = fixtures.join("v2/linux-6.1/10-active/cg");
    let proc = fixtures.join("proc/v2-6.1-10-active");
    let roots = ["--cgroup-root", tree.to_str().unwrap(), "--proc-root", proc.to_str().unwrap()];
    let terminal = Terminal::start(PROGRAM, &[&roots[..], &["--all", "-i", "100ms"]].concat(), &[]);
    // Too narrow for the clock.
    terminal.resize(50, 12);
    terminal.wait_for("the rows", |screen| has("pod")(screen) && has("detail")(screen));
    // The second reading is the first with something to compare.
    while terminal.writes_within(SEVERAL_READINGS) {}
    assert!(!terminal.writes_within(SEVERAL_READINGS), "drew what was there already");
}
