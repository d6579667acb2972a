//! Input, signals and terminals that mean no good: the program answers them all, and gives the terminal back.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use vt100::Screen;

use crate::pty::{self, PROGRAM, Terminal};
use crate::{has, lacks, stopped_it_leaves_the_terminal_to_the_shell_and_comes_back};

/// Much less than anything here would take if it were done once for each character.
const PROMPT: Duration = Duration::from_secs(3);

const BEGIN: &str = "\x1b[200~";
const END: &str = "\x1b[201~";

fn ends_promptly(terminal: &mut Terminal) {
    let begun = Instant::now();
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.end(), 143);
    assert!(begun.elapsed() < PROMPT, "it took {:?}", begun.elapsed());
    terminal.assert_restored();
}

#[test]
fn a_long_paste_is_cut_and_holds_nothing_up() {
    let long = "x ".repeat(35_000);
    for paste in [format!("{BEGIN}{long}{END}"), long.clone(), format!("{BEGIN}{long}")] {
        let mut terminal = Terminal::demo(&[], &[]);
        terminal.press("/");
        terminal.wait_for("the editor", has("Enter keeps it"));
        terminal.press(&paste);
        ends_promptly(&mut terminal);
    }
}

#[test]
fn a_paste_is_one_change_of_the_filter() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press("/");
    terminal.press_for(&format!("{BEGIN}red\nis{END}"), "/red is");
    terminal.press_for("\x1b", "report-gen");
    terminal.press("/");
    terminal.press_for(&format!("{BEGIN}{}zzz{END}", "redis ".repeat(200)), "1 row; Enter keeps it");
    terminal.press("\x1b");
    terminal.wait_for("no filter", lacks("FILTER"));
}

#[test]
fn a_paste_outside_of_the_filter_is_no_keys() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press(&format!("{BEGIN}q?t{END}"));
    terminal.press_for("a", "\u{2500}\u{2500} log");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let bytes = terminal.bytes();
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(text.matches("\x1b[?2004h").count(), 1, "pastes are asked for");
    assert!(text.rfind("\x1b[?2004l") > text.rfind("\x1b[?2004h"), "and no more at the end");
}

#[test]
fn stopped_from_outside_it_leaves_the_terminal_to_the_shell_and_comes_back() {
    stopped_it_leaves_the_terminal_to_the_shell_and_comes_back(|_, program| {
        kill_process(program, Signal::TSTP).unwrap();
    });
}

#[test]
fn gone_on_after_a_stop_that_it_could_not_see_it_draws_everything() {
    let terminal = Terminal::demo(&["-i", "1m"], &[]);
    terminal.signal(Signal::STOP);
    pty::wait_for_state(terminal.pid(), "T");
    let before = terminal.bytes().len();
    terminal.signal(Signal::CONT);
    terminal.wait_for("a new beginning", |screen| screen.alternate_screen() && has("postgres-main")(screen));
    let entered = || terminal.bytes()[before..].windows(8).any(|bytes| bytes == b"\x1b[?1049h");
    let deadline = Instant::now() + PROMPT;
    while !entered() {
        assert!(Instant::now() < deadline, "the terminal is not taken over again");
        terminal.writes_within(Duration::from_millis(50));
    }
    terminal.wait_for("the rows", |screen| screen.alternate_screen() && has("postgres-main")(screen));
}

#[test]
fn where_nobody_could_wake_it_it_does_not_stop() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press("\x1a");
    terminal.signal(Signal::TSTP);
    terminal.press_for("t", "CGROUP");
    ends_promptly(&mut terminal);
}

/// Each key draws the whole screen: more than the terminal holds for a reader that does not come.
fn fill(terminal: &mut Terminal, keys: &str) {
    terminal.press(keys);
    thread::sleep(Duration::from_millis(40));
}

#[test]
fn a_terminal_that_takes_no_output_does_not_keep_it_alive() {
    let mut terminal = Terminal::demo(&["-i", "100ms"], &[]);
    terminal.stalled(|terminal| {
        for _ in 0..30 {
            fill(terminal, "t");
        }
        terminal.signal(Signal::TERM);
        assert_eq!(terminal.end_unread(), 143);
    });
    assert!(terminal.is_in_first_modes(), "left in raw mode");
}

#[test]
fn a_terminal_that_takes_output_again_shows_the_newest() {
    let mut terminal = Terminal::demo(&["-i", "100ms"], &[]);
    terminal.stalled(|terminal| {
        for _ in 0..31 {
            fill(terminal, "t");
        }
    });
    terminal.wait_for("the tree", has("CGROUP"));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn a_terminal_that_is_gone_ends_it_though_no_signal_tells() {
    // In a session of its own no hang-up reaches it; paused it writes nothing that could fail.
    let script = r#"setsid "$0" demo < /dev/tty & wait"#;
    pty::wait_for_end(pty::hang_up(script, "postgres-main", " ", "PAUSED"));
}

#[test]
fn a_window_that_claims_to_be_huge_takes_no_memory() {
    let huge = r#"stty cols 65535 rows 65535; exec "$0" demo"#;
    let mut terminal = Terminal::start("/bin/sh", &["-c", huge, PROGRAM], &[]);
    terminal.wait_for("the rows", has("postgres-main"));
    let bytes = terminal.bytes();
    let text = String::from_utf8_lossy(&bytes);
    let places = text.split("\x1b[").filter_map(|sequence| sequence.split_once('H')?.0.split_once(';'));
    let places: Vec<(u16, u16)> =
        places.filter_map(|(row, column)| row.parse().ok().zip(column.parse().ok())).collect();
    assert_eq!(places.iter().map(|place| place.0).max(), Some(500), "drawn down to there");
    assert!(places.iter().all(|place| place.1 <= 1_000), "and no further to the right");
    for head in ["CGROUP", "CONTAINER"] {
        terminal.press("t");
        terminal.resize(80, 24);
        terminal.wait_for(head, has(head));
        terminal.claim(65_535, 65_535);
    }
    ends_promptly(&mut terminal);
}

#[test]
fn a_window_without_a_size_is_taken_for_a_usual_one() {
    let none = r#"stty cols 0 rows 0; exec "$0" demo"#;
    let mut terminal = Terminal::start("/bin/sh", &["-c", none, PROGRAM], &[]);
    let is_whole = |screen: &Screen| screen.rows(0, 80).last().unwrap().contains("detail");
    terminal.wait_for("the keys on the last line", is_whole);
    for claimed in [(1, 1), (1, 65_535), (65_535, 1), (0, 0)] {
        terminal.claim(claimed.0, claimed.1);
    }
    terminal.wait_for("the keys on the last line", is_whole);
    terminal.press_for("t", "CGROUP");
    terminal.claim(1, 1);
    ends_promptly(&mut terminal);
}

#[test]
fn too_few_descriptors_are_told_and_nothing_panics() {
    for limit in 5..48 {
        let script = format!(r#"ulimit -n {limit}; exec "$0" demo"#);
        let mut terminal = Terminal::start("/bin/sh", &["-c", &script, PROGRAM], &[]);
        let started = |screen: &Screen| has("postgres-main")(screen);
        // The last line may be lost with the terminal that the program leaves.
        let told = |screen: &Screen| has("too few files")(screen) || has("ulimit -n")(screen);
        terminal.wait_for("rows or a reason", |screen| started(screen) || told(screen));
        let enough = started(&terminal.screen());
        if enough {
            terminal.press("q");
        }
        assert_eq!(terminal.end(), if enough { 0 } else { 3 }, "{limit}: {}", terminal.text());
        terminal.assert_restored();
    }
}

#[test]
#[ignore = "the child of the test below"]
fn panic_with_the_terminal_taken() {
    let _guard = memcgtop::term::Guard::enter().unwrap();
    panic!("something is wrong");
}

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    let itself = std::env::current_exe().unwrap();
    let arguments = ["--ignored", "--exact", "--nocapture", "hostile::panic_with_the_terminal_taken"];
    let mut terminal = Terminal::start(itself.to_str().unwrap(), &arguments, &[]);
    assert_eq!(terminal.end(), 101);
    terminal.assert_restored();
    assert!(terminal.text().contains("something is wrong"), "{}", terminal.text());
    let bytes = terminal.bytes();
    let text = String::from_utf8_lossy(&bytes);
    let message = text.find("something is wrong");
    assert!(text.find("\x1b[?1049l") < message, "the message is not on the other screen");
    assert!(text.rfind("\x1b[?1049l") < message, "nothing moves the cursor back over it");
}
