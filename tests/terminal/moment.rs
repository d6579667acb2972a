//! Steps through the past.

use crate::pty::Terminal;
use crate::{has, lacks};

#[test]
fn commas_go_back_and_space_returns() {
    let mut terminal = Terminal::demo(&["--interval", "100ms"], &[]);
    terminal.wait_for("two readings", has("thrash"));
    terminal.press_for(",", "s back");
    for screen in ["t", "\r", "H", "a", "o"] {
        terminal.press_for(screen, "PAUSED");
        terminal.wait_for("the moment", |screen| screen.contents().contains("s back"));
    }
    terminal.press(" ");
    terminal.wait_for("the present", lacks("PAUSED"));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
