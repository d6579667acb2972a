//! The clipboard, through the terminal.

use std::fs;

use super::pty::{PROGRAM, Terminal};

/// The text of the last OSC 52.
fn copied(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.rsplit_once("\x1b]52;c;").unwrap();
    let (encoded, _) = rest.split_once('\x07').unwrap();
    String::from_utf8(decoded(encoded)).unwrap()
}

fn decoded(base64: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = base64.trim_end_matches('=').chars().map(|digit| DIGITS.find(digit).unwrap());
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_usize, 0);
    for digit in digits {
        (bits, count) = (bits << 6 | digit, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

#[test]
fn a_row_goes_to_the_clipboard() {
    let mut terminal = Terminal::demo(&["--sort", "name", "--columns", "usage,limit"], &[]);
    terminal.press_for("y", "copied");
    let text = copied(&terminal.bytes());
    assert!(text.contains(" checkout-5c8b-x7k2p/app: ") && text.ends_with(", limit 512Mi"), "{text}");
    terminal.press_for("a", "\u{2500}\u{2500} log");
    terminal.press_for("y", "there is no row and no kill here to copy");
}

#[test]
fn hostile_names_are_copied_as_they_are_shown() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("cgroup.controllers"), "memory\n").unwrap();
    let hostile = root.path().join("a\u{1b}]52;c;ZXZpbA==\u{7}\u{202e}\nrm -rf x");
    fs::create_dir(&hostile).unwrap();
    fs::write(hostile.join("memory.current"), "4096\n").unwrap();
    let options = ["--all", "--columns", "cgroup,usage", "--cgroup-root", root.path().to_str().unwrap()];
    let mut terminal = Terminal::start(PROGRAM, &options, &[]);
    terminal.wait_for("the row", |screen| screen.contents().contains("rm -rf"));
    terminal.press_for("y", "copied");
    let text = copied(&terminal.bytes());
    assert!(text.contains("rm -rf x") && text.contains("\\x1b]52"), "{text}");
    assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text:?}");
}
