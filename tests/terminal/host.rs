//! The screen of the host, of a live one and of a copy of a host's files.

use crate::pty::{PROGRAM, Terminal};
use crate::tree::Tree;
use crate::{ESC, has};

#[test]
fn the_host_is_a_key_away_from_everywhere() {
    let mut terminal = Terminal::demo(&[], &[]);
    for from in ["", "t", "t", "a", "o", "?", "C"] {
        terminal.press(from);
        terminal.press_for("H", "node-17 is fine");
        terminal.wait_for("its memory", has("in all"));
    }
    terminal.press_for("\x1b[6~", "memcgtop itself");
    terminal.press_for(ESC, "CGROUP");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_copy_of_a_hosts_files_has_nobody_who_lives_there() {
    let tree = Tree::copy("10-active");
    let options = tree.options("10-active");
    let options = options.iter().map(String::as_str).collect::<Vec<_>>();
    let mut terminal = Terminal::start(PROGRAM, &options, &[]);
    terminal.resize(120, 50);
    terminal.wait_for("the row", has("aaaaaaaaaaaa"));
    terminal.press_for("H", "a copy of a host's files has no running kernel");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
