//! The command line as a script or a person uses it: output, messages and exit codes of the real program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/wait.rs"]
mod wait;

use std::fs;
use std::io::Read as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use memcgtop::field::FIELDS;
use serde_json::{Value, json};

fn memcgtop(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_memcgtop")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A captured v2 host.
fn captured(arguments: &[&str]) -> Output {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let cgroup_root = fixtures.join("v2/linux-6.1/20-limit-hit-swapping/cg");
    let proc_root = fixtures.join("proc/v2-6.1-20-limit-hit-swapping");
    assert!(cgroup_root.is_dir() && proc_root.is_dir(), "{} {}", cgroup_root.display(), proc_root.display());
    let roots = ["--cgroup-root", cgroup_root.to_str().unwrap(), "--proc-root", proc_root.to_str().unwrap()];
    memcgtop(&[&["snapshot", "--all"], &roots[..], arguments].concat())
}

#[test]
fn what_means_nothing_is_refused_with_what_exists() {
    for (arguments, told) in [
        (&["--no-such-flag"][..], "--no-such-flag"),
        (&["--sort", "weight"], "`memcgtop snapshot --help` lists the fields"),
        (&["snapshot", "--columns", "name,weight"], "`memcgtop snapshot --help` lists the fields"),
        (&["--filter", "weight>1"], "`memcgtop snapshot --help` lists the fields"),
        (&["--filter", "usage>many"], "not a size"),
        (&["--filter", "(usage>1"], "something is missing"),
        (&["snapshot", "--filter", &"e ".repeat(30_000)], "longer than 16384 bytes"),
        (&["--filter", &"(".repeat(100)], "nested deeper than 64"),
        (&["--sort", "trouble:bogus"], "one order"),
        (&["--interval", "1ms"], "between 100ms and 24h"),
        (&["--interval", "soon"], "not a duration"),
        (&["snapshot", "--format", "xml"], "json"),
        (&["snapshot", "--count", "0"], "0"),
        (&["snapshot", "--group-by", "weight"], "namespace"),
        (&["--sort", "hits"], "perhaps `failcnt`"),
        (&["snapshot", "--columns", "name,stall"], "perhaps `psi.some_avg10`"),
        (&["snapshot", "--format", "json", "--columns", "name"], "snapshot does not use --columns"),
        (
            &["--columns", "name,weight"],
            "sets: overview, limits, swap, reclaim, docker; `memcgtop snapshot --help` lists the fields",
        ),
        (&["demo", "--columns", "dokcer"], "perhaps `docker`"),
        (&["snapshot", "--tree"], "snapshot does not use --tree"),
        (&["--tree", "snapshot"], "snapshot does not use --tree"),
        (&["demo", "--root", "/host"], "demo does not use --root"),
        (&["demo", "--protect"], "demo does not use --protect"),
        (&["snapshot", "--protect"], "snapshot does not use --protect"),
        (&["--proc-root", "/proc", "demo"], "demo does not use --proc-root"),
        (&["man", "--cgroup-root", "/sys"], "man does not use --cgroup-root"),
        (&["--interval", "1s", "completions", "bash"], "completions does not use --interval"),
        (&["man", "--config", "/dev/null"], "man does not use --config"),
        (&["config", "--all"], "config does not use --all"),
        (&["--group-by", "pod", "config"], "config does not use --group-by"),
        (&["config", "--config", "/nonexistent"], "cannot read the configuration /nonexistent"),
        (&["--api", "docker=tcp://host"], "unix:///"),
        (&["--theme", "solarized"], "dark, light, high-contrast, colour-blind, none"),
        (&["--colors", "many"], "none, 8, 16, 256, true"),
    ] {
        let output = memcgtop(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(told), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn where_there_is_nothing_to_read_it_says_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    for root in [empty.path(), Path::new("/nonexistent/cgroup")] {
        let output = memcgtop(&["snapshot", "--cgroup-root", root.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3));
        let lines: Vec<String> = stderr(&output).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains(root.to_str().unwrap()) && lines[1].starts_with("hint: "), "{lines:?}");
    }
}

#[test]
fn a_reader_that_closes_the_pipe_had_enough() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_memcgtop"))
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn json_has_every_field_and_a_reason_for_every_null() {
    let output = captured(&["--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema_version"], 1);
    let containers = report["containers"].as_array().unwrap();
    assert!(!containers.is_empty());
    for container in containers {
        for field in FIELDS {
            let (object, inner) = field.id.split_once('.').unwrap_or((field.id, ""));
            let value = container.get(object).unwrap_or_else(|| panic!("no {object}"));
            let reason = &container["missing"][object];
            // A limit may be null because it is unlimited.
            let may_be_unlimited =
                object.contains("limit") || ["high", "low", "min", "effective_high"].contains(&object);
            assert!(!value.is_null() || may_be_unlimited || reason.is_string(), "{object} is null without a reason");
            assert!(value.is_null() || inner.is_empty() || value.get(inner).is_some(), "no {}", field.id);
        }
    }
}

#[test]
fn json_says_what_the_captured_files_say() {
    let report: Value = serde_json::from_slice(&captured(&["--format", "json"]).stdout).unwrap();
    let app = report["containers"].as_array().unwrap().iter().find(|row| row["cgroup"] == "/pod/app").unwrap();
    assert_eq!(app["limit"], 20 << 20);
    assert_eq!(app["limited_by"], "/pod/app");
    assert!(app["failcnt"].as_u64().unwrap() > 0);
    let sum = app["usage"].as_u64().unwrap() + app["swap"].as_u64().unwrap() - app["swap_cached"].as_u64().unwrap();
    assert_eq!(app["footprint"], sum);
    assert_eq!(app["missing"]["verdict"], "needs two readings");
}

#[test]
fn csv_has_a_head_and_a_line_a_row() {
    let text = stdout(&captured(&["--format", "csv", "--count", "2", "--interval", "100ms"]));
    let lines: Vec<&str> = text.lines().collect();
    let ids: Vec<&str> = FIELDS.iter().map(|field| field.id).collect();
    assert_eq!(lines[0], format!("taken_at,{}", ids.join(",")));
    assert_eq!(lines.iter().filter(|line| line.starts_with("taken_at")).count(), 1);
    assert!(lines[1..].iter().all(|line| line.starts_with("20")), "{text}");
    assert!(lines[1..].iter().any(|line| line.contains(",max,")), "{text}");
}

/// Two docker containers, one of which runs a podman one, and nothing else.
fn nested_containers() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let id = |digit: &str| digit.repeat(64);
    let outer = format!("docker/{}", id("a"));
    for (path, usage, limit) in [
        (String::new(), "700", "max"),
        ("docker".to_owned(), "700", "max"),
        (outer.clone(), "500", "1000"),
        (format!("{outer}/libpod-{}", id("b")), "200", "max"),
        (format!("docker/{}", id("c")), "100", "600"),
    ] {
        let directory = root.path().join(path);
        fs::create_dir_all(&directory).unwrap();
        for (name, text) in [("cgroup.controllers", "memory"), ("memory.current", usage), ("memory.max", limit)] {
            fs::write(directory.join(name), format!("{text}\n")).unwrap();
        }
    }
    root
}

#[test]
fn sums_are_rows_in_every_format() {
    let root = nested_containers();
    let printed = |arguments: &[&str]| {
        let output = memcgtop(&[&["snapshot", "--cgroup-root", root.path().to_str().unwrap()], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let by_runtime = ["--group-by", "runtime", "--sort", "name"];
    let report: Value = serde_json::from_str(&printed(&[&by_runtime[..], &["--format", "json"]].concat())).unwrap();
    let told =
        |row: &Value| json!([row["name"], row["kind"], row["members"], row["usage"], row["limit"], row["percent"]]);
    let rows: Vec<Value> = report["containers"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(rows, [json!(["docker", "sum", 2, 400, 1600, 25.0]), json!(["podman", "sum", 1, 200, null, null])]);
    let [docker, podman] = &report["containers"].as_array().unwrap()[..] else { panic!("{report}") };
    assert_eq!((&docker["runtime"], &docker["image"]), (&json!("docker"), &Value::Null));
    assert_eq!(docker["missing"]["peak"], "a sum has no such figure");
    assert_eq!(
        (&podman["missing"]["limit"], &podman["missing"]["percent"]),
        (&Value::Null, &json!("nothing limits it"))
    );
    let columns = ["--columns", "name,members,usage,limit"];
    let csv = printed(&[&by_runtime[..], &columns, &["--format", "csv"]].concat());
    let lines: Vec<&str> = csv.lines().map(|line| line.split_once(',').unwrap().1).collect();
    assert_eq!(lines, ["name,members,usage,limit", "docker,2,400,1600", "podman,1,200,max"]);
    let table = printed(&[&by_runtime[..], &["--filter", "runtime=docker"]].concat());
    let cells: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(cells[0][..5], ["NAME", "MEMBERS", "USAGE", "LIMIT", "PERCENT"]);
    assert_eq!(cells[1][..3], ["docker", "2", "600"], "what is filtered out is in the one around it");
    assert_eq!(cells.len(), 2);
}

#[test]
fn a_captured_tree_gives_the_same_every_time() {
    let table = |_| stdout(&captured(&["--columns", "cgroup,usage,limit,failcnt,swap_cached,floor,percent"]));
    assert_eq!(table(1), table(2));
}

#[test]
fn options_stand_before_the_command_or_behind_it() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let cgroups = fixtures.join("v2/linux-6.1/20-limit-hit-swapping/cg");
    let options = ["--all", "--columns", "cgroup,usage", "--cgroup-root", cgroups.to_str().unwrap()];
    let before = memcgtop(&[&options[..], &["snapshot"]].concat());
    let behind = memcgtop(&[&["snapshot"], &options[..]].concat());
    assert!(before.status.success(), "{}", stderr(&before));
    assert!(stdout(&before).contains("/pod/app"));
    assert_eq!(stdout(&before), stdout(&behind));
}

#[test]
fn hostile_names_reach_no_terminal() {
    const VISIBLE: &str = "\\x1b]0;owned\\x07\\x7f\\u{9b}31m\\u{202e}gnp\\u{200b}\\u{e0041}\\x0a";
    const HOSTILE: &str = "docker-\u{1b}]0;owned\u{7}\u{7f}\u{9b}31m\u{202e}gnp\u{200b}\u{e0041}\n";
    let root = tempfile::tempdir().unwrap();
    let file = |directory: &Path, name: &str, text: &str| fs::write(directory.join(name), text).unwrap();
    file(root.path(), "cgroup.controllers", "memory\n");
    let hostile: PathBuf = root.path().join(HOSTILE);
    fs::create_dir(&hostile).unwrap();
    file(&hostile, "memory.current", "4096\n");
    // What cannot be read is told with its path.
    fs::create_dir(hostile.join("memory.max")).unwrap();
    let printed = |format: &str| {
        let arguments = ["snapshot", "--all", "--format", format, "--cgroup-root", root.path().to_str().unwrap()];
        let output = memcgtop(&arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        for text in [stdout(&output), stderr(&output)] {
            let harmless = text.replace('\n', "");
            assert_eq!(memcgtop::text::first_harmful(&harmless), None, "{format}: {text:?}");
        }
        stdout(&output)
    };
    assert!(printed("table").contains(VISIBLE));
    let csv = printed("csv");
    assert!(csv.contains(VISIBLE) && csv.lines().count() == 4, "a line for each cgroup: {csv}");
    let report: Value = serde_json::from_str(&printed("json")).unwrap();
    let is_hostile = |row: &Value| row["cgroup"] == format!("/{HOSTILE}");
    assert!(report["containers"].as_array().unwrap().iter().any(is_hostile), "the same when it is parsed: {report}");
}

#[test]
fn a_configuration_that_is_no_file_is_refused_without_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let cwd = rustix::fs::CWD;
    rustix::fs::mkfifoat(cwd, path("fifo"), rustix::fs::Mode::RWXU).unwrap();
    std::os::unix::fs::symlink("fifo", path("link")).unwrap();
    let _listener = UnixListener::bind(path("socket")).unwrap();
    fs::File::create(path("huge")).unwrap().set_len(1 << 40).unwrap();
    for (file, told) in [
        (path("fifo"), "is a pipe: a configuration is read from a regular file only, so put it into one"),
        (path("link"), "is a pipe"),
        (path("socket"), "is a socket"),
        (path(""), "is a directory"),
        ("/dev/zero".into(), "is a device"),
        ("/dev/stdin".into(), "is a pipe"),
        (path("huge"), "longer than any configuration"),
        (path("none"), "No such file"),
    ] {
        let arguments = ["snapshot", "--cgroup-root", "/nonexistent", "--config", file.to_str().unwrap()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_memcgtop"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let ends = wait::comes_true(|| child.try_wait().unwrap().is_some());
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(ends, "it waits for {}", file.display());
        assert_eq!(output.status.code(), Some(2), "{}: {}", file.display(), stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(told) && said.contains(file.to_str().unwrap()), "{said}");
    }
    let output = memcgtop(&["snapshot", "--cgroup-root", "/nonexistent", "--config", "/dev/null"]);
    assert_eq!(output.status.code(), Some(3), "as good as an empty file: {}", stderr(&output));
}

#[test]
fn arguments_reach_no_terminal_as_they_are() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\n";
    let long = "x".repeat(50_000);
    for evil in [evil, &long] {
        let file = format!("--{evil}");
        for arguments in [
            &[evil][..],
            &[&file],
            &["snapshot", "--sort", evil],
            &["snapshot", "--columns", evil],
            &["snapshot", "--filter", &format!("{evil}>1")],
            &["snapshot", "--format", evil],
            &["snapshot", "--interval", evil],
            &["snapshot", "--api", evil],
            &["snapshot", "--theme", evil],
            &["snapshot", "--api", &format!("{evil}={evil}")],
        ] {
            let output = memcgtop(arguments);
            assert_eq!(output.status.code(), Some(2));
            let text = stderr(&output);
            let excerpt = &evil.escape_debug().to_string()[..20];
            assert!(
                !text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'),
                "{text:?} for {excerpt}"
            );
            assert!(text.len() < 2_000, "{} bytes for {excerpt}: {}", text.len(), &text[..500]);
        }
    }
    let output = memcgtop(&["snapshot", "--root", &format!("/nowhere{evil}")]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("/nowhere\\x1b]0;owned"), "{}", stderr(&output));
    assert!(!stderr(&output).contains('\u{1b}'));
}

#[test]
fn the_configuration_in_force_says_whose_each_value_is_and_is_one() {
    let home = tempfile::tempdir().unwrap();
    let own = home.path().join("memcgtop/config.toml");
    fs::create_dir(own.parent().unwrap()).unwrap();
    let text =
        "theme = 'light'\nsort = 'swap'\n\n[sinks]\ncommand = ['true', \"a b\"]\n[[alert]]\nfilter = 'dev'\nfor = 30\n";
    fs::write(&own, text).unwrap();
    let options =
        ["--api", "docker=unix:///run/docker.sock", "--no-color", "--columns", "usage,trend", "-f", "not a\\b"];
    let printed = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_memcgtop"))
            .env("XDG_CONFIG_HOME", home.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let text = printed(&[&["config"], &options[..]].concat());
    let line = |number: u32| format!("{}, line {number}", own.display());
    for (value, origin) in [
        ("api = [\"docker=unix:///run/docker.sock\"]", "command line"),
        ("columns = [\"usage\", \"trend\"]", "command line"),
        ("sort = \"swap\"", &line(2)),
        ("filter = \"not a\\\\b\"", "command line"),
        ("interval = \"1s\"", "default"),
        ("theme = \"light\"", &line(1)),
        ("colors = \"none\"", "command line"),
        ("bell = false", "default"),
        ("command = [\"true\", \"a b\"]", &line(5)),
        ("for = 30", &line(8)),
    ] {
        let told =
            |line: &str| line.split_once(" # ").is_some_and(|(told, by)| (told.trim_end(), by) == (value, origin));
        assert!(text.lines().any(told), "{value} from {origin} in {text}");
    }
    let copy = home.path().join("copy.toml");
    fs::write(&copy, &text).unwrap();
    let again = printed(&["config", "--config", copy.to_str().unwrap()]);
    let values = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.split(" # ").next().unwrap_or_default().trim_end().to_owned());
        lines.collect()
    };
    assert_eq!(values(&text), values(&again));
    assert!(!again.contains("default") && again.contains(&format!("{}, line 3", copy.display())), "{again}");
}

#[test]
fn the_manual_and_the_completions_are_printed() {
    let manual = stdout(&memcgtop(&["man"]));
    for told in [
        ".TH memcgtop",
        "\\-\\-count",
        "MEMCGTOP CONFIG",
        "high\\-contrast",
        "\\fBfailcnt\\fR",
        "\\fBspace\\fR",
        "EXIT STATUS",
    ] {
        assert!(manual.contains(told), "no {told}");
    }
    let help = stdout(&memcgtop(&["snapshot", "--help"]));
    assert!(help.contains("memcgtop man") && help.contains("psi.some_avg10"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&memcgtop(&["completions", shell])).contains("memcgtop"), "{shell}");
    }
}
