//! Who is told of alerts besides the screen: the terminal itself, a file, a command.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::pty::{PROGRAM, Terminal};
use crate::tree::Tree;

const CALM: &str = "10-active";
const BELL: &[u8] = b"\x07";

/// The dashboard over a tree, with this configuration.
fn dashboard(tree: &Tree, config: &str) -> (Terminal, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), config).unwrap();
    let mut options = tree.options(CALM);
    options.extend(["--config", file.path().to_str().unwrap(), "--interval", "100ms"].map(str::to_owned));
    let terminal = Terminal::start(PROGRAM, &options.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    terminal.wait_for("the row", |screen| screen.contents().contains("aaaaaaaaaaaa"));
    (terminal, file)
}

fn count(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).filter(|window| *window == part).count()
}

fn comes_true(condition: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !condition() && begun.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(5));
    }
    condition()
}

#[test]
fn every_sink_hears_of_each_kill_once() {
    let tree = Tree::copy(CALM);
    let directory = tempfile::tempdir().unwrap();
    let (log, mark) = (directory.path().join("log"), directory.path().join("mark"));
    let config = format!(
        "[sinks]\nbell = true\nosc9 = true\nlog = {log:?}\ncommand = [\"/bin/sh\", \"-c\", 'env >> {}']\n",
        mark.display()
    );
    let (mut terminal, _config) = dashboard(&tree, &config);
    assert_eq!(count(&terminal.bytes(), BELL), 0);
    tree.set_event("oom_kill", 1);
    terminal.wait_for("the alert", |screen| screen.contents().contains("OOM kill: "));
    let told = |notification: &[u8]| comes_true(|| count(&terminal.bytes(), notification) == 1);
    assert!(told(b"\x1b]9;memcgtop: aaaaaaaaaaaa: OOM kill: "));
    assert_eq!(count(&terminal.bytes(), BELL), 2, "that of the notification's end, too");
    tree.set_event("oom_kill", 2);
    terminal.wait_for("the second kill", |screen| screen.contents().contains("2 OOM kills: the last "));
    assert!(told(b"\x1b]9;memcgtop: aaaaaaaaaaaa: 2 OOM kills: "));
    assert_eq!(count(&terminal.bytes(), BELL), 4);
    let lines = || fs::read_to_string(&log).unwrap_or_default();
    assert!(comes_true(|| lines().lines().count() == 2), "{}", lines());
    for (line, state) in lines().lines().zip(["begun", "worsened"]) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["state"], &line["level"]), (&state.into(), &"critical".into()));
        assert_eq!(line["cgroup"], format!("/{}", Tree::container_name()));
    }
    let marked = || fs::read_to_string(&mark).unwrap_or_default();
    assert!(comes_true(|| marked().contains("MEMCGTOP_NAME=aaaaaaaaaaaa\n")), "{}", marked());
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_frozen_screen_keeps_nobody_from_being_told() {
    let tree = Tree::copy(CALM);
    let (mut terminal, _config) = dashboard(&tree, "[sinks]\nbell = true\n");
    terminal.press_for(" ", "PAUSED");
    tree.set_event("oom_kill", 1);
    assert!(comes_true(|| count(&terminal.bytes(), BELL) == 1));
    assert!(!terminal.text().contains("OOM kill: "), "{}", terminal.text());
    terminal.press_for(" ", "OOM kill: ");
}

#[test]
fn what_cannot_be_told_is_told_on_the_screen() {
    let tree = Tree::copy(CALM);
    let (terminal, _config) = dashboard(&tree, "[sinks]\ncommand = [\"/no/such/program\"]\n");
    tree.set_event("oom_kill", 1);
    terminal.wait_for("the complaint", |screen| screen.contents().contains("the alert command /no/such/pr"));
}

#[test]
fn without_being_asked_it_rings_no_bell() {
    let tree = Tree::copy(CALM);
    let (terminal, _config) = dashboard(&tree, "");
    tree.set_event("oom_kill", 1);
    terminal.wait_for("the alert", |screen| screen.contents().contains("OOM kill: "));
    assert_eq!(count(&terminal.bytes(), BELL), 0);
}
