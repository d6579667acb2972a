//! Columns: sets, those of one's own, and those of the configuration.

use std::fs;

use super::pty::Terminal;
use super::{CTRL_C, DOWN, ENTER, ESC, RIGHT, has, lacks};

#[test]
fn sets_of_columns_follow_each_other() {
    let mut terminal = Terminal::demo(&[], &[]);
    for head in ["HELD BY", "NEEDS", "INACTIVE", "WSET%", "LAST"] {
        terminal.press_for("c", head);
    }
    terminal.wait_for("the usual ones, which need not be named", lacks("COLUMNS"));
}

#[test]
fn columns_are_chosen_and_moved() {
    let mut terminal = Terminal::demo(&["--columns", "usage,swap"], &[]);
    terminal.wait_for("two columns", |screen| has("USED   SWAP")(screen) && lacks("LIMIT")(screen));
    terminal.press_for("C", ">[x] name");
    terminal.press_for(DOWN, ">[x] usage");
    terminal.press_for(" ", ">[ ] usage");
    terminal.wait_for("swap alone", lacks("USED"));
    terminal.press_for(" ", "USED   SWAP");
    terminal.press_for(">", "SWAP   USED");
    terminal.press_for(DOWN, ">[ ] cgroup");
    terminal.press_for(" ", "SWAP   USED CGROUP");
    terminal.press_for("?", "everything about the row");
    terminal.press_for(ESC, "[x] cgroup");
    terminal.press(ENTER);
    terminal.wait_for("the rows", |screen| has("COLUMNS own")(screen) && has("SWAP   USED CGROUP")(screen));
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn it_starts_with_what_the_configuration_says() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    let text = "columns = [\"peak\", \"usage\"]\nsort = \"name\"\nfilter = \"not redis\"\ninterval = \"250ms\"\n";
    fs::write(&file, text).unwrap();
    let options = ["--config", file.to_str().unwrap()];
    let terminal = Terminal::demo(&options, &[]);
    terminal.wait_for("all of it", |screen| {
        ["PEAK   USED", "FILTER not redis", "SORT name:asc"].into_iter().all(|text| has(text)(screen))
    });
    let terminal =
        Terminal::demo(&[&options[..], &["--columns", "docker", "--filter", "p", "-s", "usage"]].concat(), &[]);
    terminal.wait_for("what the command line says", |screen| {
        ["WSET%", "FILTER p ", "SORT usage:desc"].into_iter().all(|text| has(text)(screen))
    });
}

#[test]
fn what_is_shown_is_saved_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let variables = [("HOME", home.path().to_str().unwrap())];
    let mut terminal = Terminal::demo(&[], &variables);
    terminal.press_for("c", "HELD BY");
    terminal.press_for("sname\r", "SORT name:asc");
    terminal.press_for("/not redis\r", "FILTER not redis");
    terminal.press_for("i", "IDLE HIDDEN");
    terminal.press_for("W", "saved in");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let file = home.path().join(".config/memcgtop/config.toml");
    let saved = "columns = \"limits\"\nsort = \"name:asc\"\nfilter = \"not redis\"\ninterval = \"1s\"\nidle = \"hidden\"\ntheme = \"dark\"\n";
    assert_eq!(fs::read_to_string(&file).unwrap(), saved);
    fs::write(&file, format!("# mine\n\n{saved}\n[sinks] # mine, too\nbell = true\n")).unwrap();
    let mut terminal = Terminal::demo(&[], &variables);
    terminal.wait_for("all of it", |screen| {
        ["HELD BY", "FILTER not redis", "SORT name:asc", "IDLE HIDDEN"].into_iter().all(|text| has(text)(screen))
    });
    terminal.press_for("icT", "NEEDS");
    terminal.press_for("W", "saved in");
    terminal.press("j");
    terminal.wait_for("what was done to be read", lacks("saved in"));
    let changed = saved.replace("limits", "swap").replace("name:asc", "trouble").replace("hidden", "shown");
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("# mine\n\n{changed}\n[sinks] # mine, too\nbell = true\n"));
}

#[test]
fn widths_and_the_theme_are_saved_and_come_back() {
    let home = tempfile::tempdir().unwrap();
    let variables = [("HOME", home.path().to_str().unwrap())];
    let mut terminal = Terminal::demo(&["--columns", "usage,swap"], &variables);
    terminal.wait_for("the columns", has("USED   SWAP"));
    terminal.press(RIGHT);
    terminal.press_for(")))", "USED   SWAP");
    terminal.press_for("Z", "theme light; W saves it");
    terminal.press_for("W", "saved in");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let file = home.path().join(".config/memcgtop/config.toml");
    let saved = fs::read_to_string(&file).unwrap();
    assert!(saved.contains("columns = [\"usage:9\", \"swap\"]\n") && saved.contains("theme = \"light\"\n"), "{saved}");
    let mut terminal = Terminal::demo(&["--columns", "name:12,usage:8"], &variables);
    terminal.wait_for("a short name", has("CONTAINER        USED"));
    terminal.press_for(":theme dark\r", "theme dark");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn what_cannot_be_saved_is_said() {
    let mut terminal = Terminal::demo(&[], &[]);
    terminal.press_for("W", "not saved: neither HOME nor XDG_CONFIG_HOME says where");
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".config"), "").unwrap();
    let mut terminal = Terminal::demo(&[], &[("HOME", home.path().to_str().unwrap())]);
    terminal.press_for("W", "not saved: ");
    terminal.press_for("t", "CGROUP");
}
