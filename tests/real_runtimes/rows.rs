//! memcgtop's rows against what a runtime says.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::support::cgroups::{Cgroup, Hierarchy};
use crate::support::program::{PROGRAM, Row, parse, snapshot};
use crate::support::wait::comes_true;

/// What tells one container from the other, and is shown where rows are not as expected.
const IDENTITY: [&str; 11] =
    ["cgroup", "kind", "runtime", "id", "name", "image", "pod", "pod_id", "namespace", "limit", "declared_limit"];

/// Each row that is expected must be there once, with these values; a null must have its reason, but for a limit.
///
/// # Panics
/// With the expected and the printed rows if they differ.
pub(crate) fn assert_rows(when: &str, rows: &[Row], expected: &[Value]) {
    assert!(!expected.is_empty(), "{when}: the runtime lists nothing");
    let differences: Vec<String> = expected.iter().flat_map(|wanted| differences(rows, wanted)).collect();
    let mut printed = String::new();
    for row in rows {
        let values = IDENTITY.iter().map(|field| format!("{field}={}", row.value(field)));
        let _ = writeln!(printed, "  {}", values.collect::<Vec<_>>().join(" "));
    }
    assert!(
        differences.is_empty(),
        "{when}: memcgtop and the runtime differ\n{}\nall rows that memcgtop printed:\n{printed}",
        differences.join("\n")
    );
}

fn differences(rows: &[Row], wanted: &Value) -> Vec<String> {
    // Where several cgroups may be called alike, the path is given too.
    let key = if wanted["cgroup"].is_null() { "id" } else { "cgroup" };
    let same: Vec<&Row> = rows.iter().filter(|row| row.value(key) == &wanted[key]).collect();
    let [row] = same[..] else { return vec![format!("  {} rows instead of one for {wanted}", same.len())] };
    let fields = wanted.as_object().unwrap().iter();
    let wrong = fields.filter(|(field, value)| row.value(field) != *value || is_silent(row, field));
    wrong
        .map(|(field, value)| {
            let reason = row.missing(field).map(|reason| format!(" because {reason:?}")).unwrap_or_default();
            format!("  {} of {}: expected {value}, got {}{reason}", field, wanted["id"], row.value(field))
        })
        .collect()
}

/// Whether it is null without a reason, although only a limit may be.
fn is_silent(row: &Row, field: &str) -> bool {
    row.value(field).is_null() && row.missing(field).is_none() && !field.ends_with("limit")
}

/// Asserts that a fresh run of the program says so.
pub(crate) fn assert_listed(when: &str, expected: &[Value]) {
    assert_rows(when, &snapshot(&[]).rows(), expected);
}

/// Asserts that there is no row for these ids: what a pod needs to exist is no container of anybody's.
pub(crate) fn assert_hidden(ids: &[String]) {
    let reading = snapshot(&[]);
    for row in reading.rows() {
        assert!(!ids.iter().any(|id| row.text("id") == Some(id)), "a row for what nobody started: {row:?}");
    }
}

/// Asserts that the program says so too of a host whose root is mounted elsewhere.
pub(crate) fn assert_listed_through_another_root(expected: &[Value]) {
    let elsewhere = tempfile::tempdir().unwrap();
    // In mounts of its own, so that this root of everything is nowhere else to be seen, and gone with the program.
    let script = r#"mount --rbind / "$1" && exec "$2" snapshot --format json --root "$1""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"]).arg(elsewhere.path()).arg(PROGRAM);
    let readings = parse(&command.output().unwrap());
    assert_rows("through another root", &readings[0].rows(), expected);
}

/// Asserts that no byte is counted twice: the rows together do not exceed the cgroups at the top.
pub(crate) fn assert_each_byte_counts_once(hierarchy: &Hierarchy) {
    let path = |row: &Row| row.text("cgroup").unwrap().to_owned();
    let listed: Vec<String> = snapshot(&[]).rows().iter().map(path).collect();
    // Both sums are of one reading.
    let all = snapshot(&["--all"]).rows();
    let sum = |wanted: &dyn Fn(&str) -> bool| -> u64 {
        all.iter().filter(|row| wanted(&path(row))).map(|row| row.number("usage")).sum()
    };
    let containers = sum(&|path| listed.iter().any(|other| other == path));
    let top = sum(&|path| path != "/" && path.rfind('/') == Some(0));
    assert!(containers > 0 && containers <= top, "{containers} in containers, {top} in all, {}", hierarchy.name());
}

/// Asserts that the program counts the hits of a container's limit as the kernel does, once there are some.
pub(crate) fn assert_hits(hierarchy: &Hierarchy, id: &str) {
    let rows = snapshot(&[]).rows();
    let row = rows.iter().find(|row| row.text("id") == Some(id)).unwrap_or_else(|| panic!("no row for {id}"));
    let path = row.text("cgroup").unwrap().trim_start_matches('/');
    let cgroup = Cgroup { hierarchy: hierarchy.clone(), directory: hierarchy.mount.join(path) };
    assert!(comes_true(|| cgroup.hits() > 0), "it does not hit its limit: {row:?}");
    let before = cgroup.hits();
    let counted = snapshot(&[]).row(&cgroup).number("failcnt");
    let after = cgroup.hits();
    assert!((before..=after).contains(&counted), "{before} ≤ {counted} ≤ {after}: {row:?}");
}
