//! `memcgtop check` on real cgroups: what the kernel did between the readings, and the status that follows.

use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::support::cgroups::{Cgroup, Sandbox};
use crate::support::disk;
use crate::support::hogs::Hog;
use crate::support::kernel_log::Turn;
use crate::support::program::PROGRAM;
use crate::{container_id, container_name, hierarchy};

const LIMIT: u64 = 20 << 20;

fn container(sandbox: &Sandbox, digit: char) -> Cgroup {
    sandbox.limited(&container_name(digit), LIMIT)
}

/// A check of one container, under way.
fn begin(digit: char) -> Child {
    let id = format!("id={}", container_id(digit));
    let mut command = Command::new(PROGRAM);
    command.env_clear().args(["check", "--config", "/dev/null", "--interval", "2s", "--filter", &id]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A check of everything that may open so many files, those of its standard streams included.
fn with_files(most: u32) -> Output {
    let script = format!(r#"ulimit -n {most}; exec "$0" check --config /dev/null --interval 100ms --format json"#);
    Command::new("/bin/sh").env_clear().args(["-c", &script, PROGRAM]).output().unwrap()
}

/// The check's end, after `act` again and again, so that it was also between the readings.
fn meanwhile(mut check: Child, mut act: impl FnMut()) -> Output {
    while check.try_wait().unwrap().is_none() {
        act();
    }
    check.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

/// The lines of a check that ended as critical because of one.
fn a_kill_is_told_first(output: &Output) -> Vec<String> {
    let lines = lines(output);
    assert_eq!(output.status.code(), Some(2), "{lines:?}");
    assert!(lines[0].starts_with("CRITICAL ") && lines[0].contains(" oom-kill "), "{lines:?}");
    lines
}

#[test]
fn a_kill_between_the_readings_is_critical() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "check-kill");
    let container = container(&sandbox, 'c');
    let output = meanwhile(begin('c'), || Hog::in_cgroup(&container).dies_of("anon 40"));
    let lines = a_kill_is_told_first(&output);
    assert!(lines[0].contains(" OOM kill") && lines[0].contains(" at its own limit 20.0Mi, kill "), "{lines:?}");
}

#[test]
fn a_kill_of_what_is_gone_is_critical_where_the_filter_means_it() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "check-gone");
    let output = meanwhile(begin('f'), || {
        let container = container(&sandbox, 'f');
        Hog::in_cgroup(&container).dies_of("anon 40");
        container.remove();
    });
    a_kill_is_told_first(&output);
}

#[test]
fn too_few_descriptors_make_no_news_of_kills_of_the_past() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "check-past");
    let container = container(&sandbox, 'e');
    Hog::in_cgroup(&container).dies_of("anon 40");
    for most in 4..12 {
        let output = with_files(most);
        // With too few it does not even begin, and says that as text.
        let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else { continue };
        let is_told = |finding: &Value| finding["level"] == "critical" && finding["cgroup"] == container.path();
        assert!(!report["findings"].as_array().unwrap().iter().any(is_told), "{most} files: {report}");
    }
}

#[test]
fn page_cache_at_the_limit_is_no_finding() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "check-cache");
    let container = container(&sandbox, 'd');
    let directory = disk::directory();
    let mut hog = Hog::in_cgroup(&container);
    let file = disk::file(&directory, "cache");
    let output = meanwhile(begin('d'), || hog.does(&format!("write {file} 32")));
    let lines = lines(&output);
    assert_eq!(output.status.code(), Some(0), "{lines:?}");
    assert_eq!(lines[0], "OK 1 container, 1 notice", "{lines:?}");
    assert!(lines[1].contains("limit-hit at own limit 20.0Mi, calm, +"), "{lines:?}");
}
