//! `memcgtop check` as a monitoring system runs it: its lines and its exit status.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/tree.rs"]
mod tree;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tree::Tree;

const CALM: &str = "10-active";
const FULL: &str = "20-limit-hit-swapping";

fn check(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memcgtop"));
    command.env_clear().arg("check").args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// `check` over a tree.
fn of(tree: &Tree, captured: &str, arguments: &[&str]) -> Output {
    let options = tree.options(captured);
    check(&[&options.iter().map(String::as_str).collect::<Vec<_>>()[..], arguments].concat())
}

/// Lets an event of the container happen every now and then while `work` is done.
fn while_counting<T>(tree: &Tree, event: &str, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for count in 1.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                tree.set_event(event, count);
                thread::sleep(Duration::from_millis(20));
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}

/// The exit status and the lines of standard output.
fn told(output: &Output) -> (i32, Vec<String>) {
    let lines = String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect();
    (output.status.code().unwrap(), lines)
}

/// The configuration of this test.
fn configured(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn nothing_found_is_one_word_and_status_0() {
    let tree = Tree::copy(CALM);
    let (status, lines) = told(&of(&tree, CALM, &["--interval", "100ms"]));
    assert_eq!((status, lines[0].as_str()), (0, "OK 1 container"));
    assert!(lines[1].starts_with("not judged within 0.") && lines[1].contains("time-to-limit"), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_state_that_may_become_trouble_is_a_warning() {
    let tree = Tree::copy(FULL);
    let (status, lines) = told(&of(&tree, FULL, &["--interval", "100ms"]));
    assert_eq!(status, 1);
    assert_eq!(lines[0], "WARNING aaaaaaaaaaaa near-limit near its limit: 18.8Mi of 20.0Mi cannot be dropped");
}

#[test]
fn throttling_between_the_readings_is_a_warning() {
    let tree = Tree::copy(CALM);
    let output = while_counting(&tree, "high", || of(&tree, CALM, &["--interval", "1s"]));
    let (status, lines) = told(&output);
    assert_eq!(status, 1, "{lines:?}");
    assert!(lines[0].starts_with("WARNING aaaaaaaaaaaa throttled throttled by memory.high"), "{lines:?}");
}

#[test]
fn a_kill_between_the_readings_is_critical_and_comes_first() {
    let tree = Tree::copy(FULL);
    let output = while_counting(&tree, "oom_kill", || of(&tree, FULL, &["--interval", "1s"]));
    let (status, lines) = told(&output);
    assert_eq!(status, 2, "{lines:?}");
    assert!(
        lines[0].starts_with("CRITICAL aaaaaaaaaaaa oom-kill ") && lines[0].contains(" OOM kills in 1."),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("WARNING aaaaaaaaaaaa near-limit "), "{lines:?}");
}

#[test]
fn kills_of_the_past_are_no_news() {
    let tree = Tree::copy(CALM);
    tree.set_event("oom_kill", 7);
    assert_eq!(told(&of(&tree, CALM, &["--interval", "100ms"])).0, 0);
}

#[test]
fn hits_alone_are_a_notice_and_no_finding() {
    let tree = Tree::copy(CALM);
    let output = while_counting(&tree, "max", || of(&tree, CALM, &["--interval", "1s"]));
    let (status, lines) = told(&output);
    assert_eq!((status, lines[0].as_str()), (0, "OK 1 container, 1 notice"));
    assert!(lines[1].starts_with("NOTICE aaaaaaaaaaaa limit-hit at ") && lines[1].contains(", calm, +"), "{lines:?}");
}

#[test]
fn json_has_the_evidence() {
    let tree = Tree::copy(FULL);
    let output = of(&tree, FULL, &["--interval", "100ms", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["status"], &report["rows"]), (&"warning".into(), &1.into()));
    let finding = &report["findings"][0];
    assert_eq!((&finding["level"], &finding["rule"]), (&"warning".into(), &"near-limit".into()));
    assert_eq!(finding["cgroup"], format!("/{}", Tree::container_name()));
    assert!(finding["inode"].is_u64() && finding["verdict"]["state"] == "at-limit", "{finding}");
    assert!(finding["evidence"].as_array().unwrap().iter().any(|fact| fact.as_str().unwrap().contains("own limit")));
    assert!(report["not_judged"].as_array().unwrap().contains(&"time-to-limit".into()));
}

#[test]
fn a_filter_narrows_and_the_configuration_decides() {
    let tree = Tree::copy(FULL);
    for (entry, status, first) in [
        ("rule = \"near-limit\"\nenabled = false", 0, "OK 1 container"),
        (
            "rule = \"near-limit\"\nlevel = \"critical\"\nfilter = \"runtime=docker\"",
            2,
            "CRITICAL aaaaaaaaaaaa near-limit",
        ),
        (
            "rule = \"near-limit\"\nlevel = \"critical\"\nfilter = \"runtime=podman\"",
            1,
            "WARNING aaaaaaaaaaaa near-limit",
        ),
        ("rule = \"near-limit\"\non = 99\noff = 98", 0, "OK 1 container"),
        ("rule = \"near-limit\"\nfor = \"1m\"", 0, "OK 1 container"),
    ] {
        let config = configured(&format!("[[alert]]\n{entry}\n"));
        let output = of(&tree, FULL, &["--interval", "100ms", "--config", config.path().to_str().unwrap()]);
        let (found, lines) = told(&output);
        assert!(found == status && lines[0].starts_with(first), "{entry}: {found} {lines:?}");
        assert_eq!(lines.last().unwrap().contains("near-limit"), entry.contains("for ="), "{entry}: {lines:?}");
    }
}

/// Nobody can read this file of the container any more, the super-user included.
fn spoil(tree: &Tree, file: &str) {
    let path = tree.container().join(file);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("nowhere", path).unwrap();
}

#[test]
fn a_container_that_cannot_be_read_is_not_ok() {
    for (file, what) in
        [("memory.current", "usage"), ("memory.max", "limit"), ("memory.events", "oom_kill"), ("memory.stat", "floor")]
    {
        let tree = Tree::copy(CALM);
        spoil(&tree, file);
        let output = of(&tree, CALM, &["--interval", "100ms"]);
        let (status, lines) = told(&output);
        assert_eq!(status, 3, "{file}: {lines:?}");
        let why = "the kernel file could not be read or understood, see problems";
        assert_eq!(lines[0], format!("UNKNOWN aaaaaaaaaaaa not-read its {what} is unknown: {why}"));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(tree.container().join(file).to_str().unwrap()), "{said}");
    }
}

#[test]
fn trouble_is_worse_than_what_is_not_known_and_that_worse_than_notices() {
    let tree = Tree::copy(FULL);
    spoil(&tree, "memory.events");
    let (status, lines) = told(&of(&tree, FULL, &["--interval", "100ms"]));
    assert_eq!(status, 1, "{lines:?}");
    assert!(lines[0].starts_with("WARNING aaaaaaaaaaaa near-limit"), "{lines:?}");
    assert!(lines[1].starts_with("UNKNOWN aaaaaaaaaaaa not-read its oom_kill"), "{lines:?}");

    let tree = Tree::copy(CALM);
    spoil(&tree, "memory.current");
    let output = while_counting(&tree, "oom_kill", || of(&tree, CALM, &["--interval", "1s"]));
    let (status, lines) = told(&output);
    assert_eq!(status, 2, "{lines:?}");
    assert!(lines[0].starts_with("CRITICAL ") && lines[1].starts_with("UNKNOWN "), "{lines:?}");

    let output = while_counting(&tree, "max", || of(&tree, CALM, &["--interval", "1s", "--format", "json"]));
    assert_eq!(output.status.code(), Some(3));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["status"], &report["findings"][0]["level"]), (&"unknown".into(), &"notice".into()));
    let unknown = &report["unknown"][0];
    assert_eq!((&unknown["kind"], &unknown["name"]), (&"not-read".into(), &"aaaaaaaaaaaa".into()));
    assert_eq!(unknown["cgroup"], format!("/{}", Tree::container_name()));
    assert!(unknown["inode"].is_u64() && unknown["text"].as_str().unwrap().starts_with("its usage is unknown: "));
    let path = report["problems"][0]["path"].as_str().unwrap();
    assert_eq!(Path::new(path), tree.container().join("memory.current"));
}

#[test]
fn a_filter_that_matches_nothing_tells_nothing() {
    let tree = Tree::copy(FULL);
    let (status, lines) = told(&of(&tree, FULL, &["--interval", "100ms", "--filter", "no-such-name\u{1b}"]));
    assert_eq!((status, lines[0].as_str()), (3, "UNKNOWN nothing matches --filter no-such-name\\x1b"));
    let output = of(&tree, FULL, &["--interval", "100ms", "--filter", "no-such-name", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["status"], &report["rows"]), (&"unknown".into(), &0.into()));
    assert_eq!((&report["unknown"][0]["kind"], &report["unknown"][0]["name"]), (&"no-match".into(), &Value::Null));
    // Where there are no containers, none is in trouble.
    fs::remove_dir_all(tree.container()).unwrap();
    let (status, lines) = told(&of(&tree, FULL, &["--interval", "100ms"]));
    assert_eq!((status, lines[0].as_str()), (0, "OK 0 containers"));
}

#[test]
fn what_too_few_descriptors_hide_is_not_ok() {
    let tree = Tree::copy(CALM);
    let with = |most: u32| {
        let script = format!(r#"ulimit -n {most}; exec "$0" "$@""#);
        let mut command = Command::new("/bin/sh");
        command.env_clear().args(["-c", &script, env!("CARGO_BIN_EXE_memcgtop"), "check", "--interval", "100ms"]);
        told(&command.args(tree.options(CALM)).stdin(Stdio::null()).output().unwrap())
    };
    for most in 4..16 {
        let (status, lines) = with(most);
        let is_told = status == 3 && lines[0].starts_with("UNKNOWN ");
        assert!(is_told || (status == 0 && lines[0] == "OK 1 container"), "{most} files: {status} {lines:?}");
    }
    assert_eq!(with(4).0, 3);
    assert_eq!(with(64).0, 0);
}

#[test]
fn what_cannot_be_told_is_status_3() {
    for arguments in [
        &["--no-such-flag"][..],
        &["--filter", "weight>1"],
        &["--interval", "1ms"],
        &["--format", "csv"],
        &["--group-by", "pod"],
        &["--tree"],
        &["--columns", "name"],
    ] {
        let output = check(arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    let config = configured("[[alert]]\nrul = \"thrash\"\n");
    for arguments in [
        &["--cgroup-root", "/nonexistent\u{1b}"][..],
        &["--config", config.path().to_str().unwrap()],
        &["--config", "/nonexistent"],
    ] {
        let (status, lines) = told(&check(arguments));
        assert!(status == 3 && lines.len() == 1 && lines[0].starts_with("UNKNOWN "), "{arguments:?}: {lines:?}");
        assert!(!lines[0].contains('\u{1b}'));
    }
}

#[test]
fn a_configuration_that_means_nothing_keeps_everything_from_running() {
    let config = configured("\n\n[sinks]\nbel = true\n");
    let file = config.path().to_str().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_memcgtop")).args(["snapshot", "--config", file]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, format!("memcgtop: {file}, line 4: `sinks.bel`: no such key; the nearest is `bell`\n"));
}

#[test]
fn the_users_file_is_found_and_the_named_one_replaces_it() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join(".config/memcgtop");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("config.toml"), "nonsense = 1\n").unwrap();
    let run = |variable: &str, value: &Path, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_memcgtop"));
        command.env_clear().env(variable, value).arg("check").args(["--cgroup-root", "/nonexistent"]).args(arguments);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(run("HOME", home.path(), &[]).contains("line 1: `nonsense`: no such key"));
    assert!(run("XDG_CONFIG_HOME", &home.path().join(".config"), &[]).contains("`nonsense`"));
    assert!(!run("HOME", home.path(), &["--config", "/dev/null"]).contains("nonsense"));
}
