//! The dashboard over a file of OpenVZ's beancounters that goes on, vanishes and comes back.

#[path = "../support/openvz.rs"]
mod openvz;

use std::fs;

use crate::pty::{PROGRAM, Terminal};
use crate::{ENTER, ESC, has, lacks};
use openvz::OpenVz;

fn watching(file: &OpenVz) -> Terminal {
    let (path, proc_root) = (file.file(), openvz::proc_root());
    let options = ["-i", "100ms", "--beancounters", path.to_str().unwrap(), "--proc-root", proc_root.to_str().unwrap()];
    let terminal = Terminal::start(PROGRAM, &options, &[]);
    terminal.resize(120, 40);
    terminal
}

#[test]
fn refusals_show_while_they_happen() {
    let file = OpenVz::copy("synthetic-host-vswap");
    let mut terminal = watching(&file);
    terminal.wait_for("two readings", has("All quiet: 4 containers"));
    file.refuse("103", "numothersock", 33);
    terminal.wait_for("the refusal", has("1 refused a resource"));
    terminal.wait_for("the alert", has("refused numothersock +1 (holds 54 of 120)"));
    terminal.press("g");
    terminal.press_for(ENTER, "103 is refused a resource");
    terminal.wait_for("its resources", has("! numothersock"));
    terminal.press_for(ESC, "CONTAINER");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn a_file_may_vanish_be_garbage_and_come_back() {
    let file = OpenVz::copy("synthetic-host-vswap");
    let mut terminal = watching(&file);
    terminal.wait_for("two readings", has("All quiet: 4 containers"));
    fs::remove_file(file.file()).unwrap();
    terminal.wait_for("the error", has("cannot read the beancounters in"));
    terminal.wait_for("what was known", has("256Mi#"));
    file.write("\u{1b}[2J\0garbage");
    terminal.wait_for("the other error", has("no beancounters in"));
    file.write(&openvz::text("synthetic-vz7-uuid"));
    terminal.wait_for("another host", has("d0d0cafe-0000-4000-8000"));
    terminal.wait_for("no error", lacks("no beancounters in"));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}
