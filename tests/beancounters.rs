//! OpenVZ's beancounters as data: what is printed of each sample, what a check says of two readings, and files that are
//! none.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "support/openvz.rs"]
mod openvz;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use memcgtop::kernel::hierarchy::Roots;
use memcgtop::model::resources::{Mark, mark, percent};
use memcgtop::model::tally::Delta;
use memcgtop::model::{Group, Model, Scope};
use memcgtop::snapshot::{Bound, Reading, Resource};
use memcgtop::source::Source as _;
use memcgtop::source::beancounters::{Beancounters, tell_alone};
use memcgtop::source::local::Effort;
use openvz::OpenVz;
use serde_json::{Value, json};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memcgtop"));
    command.env_clear().args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// A command over a file of beancounters and the synthetic host's `/proc`.
fn over(file: &Path, arguments: &[&str]) -> Output {
    let proc_root = openvz::proc_root();
    let given = ["--beancounters", file.to_str().unwrap(), "--proc-root", proc_root.to_str().unwrap()];
    run(&[arguments, &given].concat())
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn read(name: &str) -> Value {
    let output = over(&openvz::fixture(name), &["snapshot", "--format", "json", "--all"]);
    serde_json::from_str(&printed(&output)).unwrap()
}

fn row<'a>(reading: &'a Value, cgroup: &str) -> &'a Value {
    let rows = reading["containers"].as_array().unwrap();
    rows.iter().find(|row| row["cgroup"] == cgroup).expect(cgroup)
}

/// Every line of a text, as an id, a name and what stands behind it, for whoever does not trust the parser.
fn lines(text: &str) -> Vec<(String, String, Vec<u64>)> {
    let mut id = String::new();
    let lines = text.lines().filter(|line| !line.starts_with("Version") && !line.contains(" uid "));
    lines
        .filter_map(|line| {
            let mut words: Vec<&str> = line.split_whitespace().collect();
            if let Some(head) = words[0].strip_suffix(':') {
                head.clone_into(&mut id);
                words.remove(0);
            }
            let figures = words[1..].iter().map(|word| word.parse().unwrap()).collect();
            (words[0] != "dummy").then(|| (id.clone(), words[0].to_owned(), figures))
        })
        .collect()
}

const WITH_IDS: [&str; 7] = [
    "ct103-32bit-failcnt-column-cut-off",
    "ct2-failcnt-numothersock-32",
    "ct209-failcnt-numothersock-524",
    "ct9833-inside-view",
    "uid0-host-view",
    "synthetic-host-vswap",
    "synthetic-vz7-uuid",
];

#[test]
fn json_has_every_figure_of_every_line() {
    for name in WITH_IDS {
        let reading = read(name);
        assert_eq!(reading["host"]["hierarchy"], "openvz", "{name}");
        let unlimited = |figure: u64| figure == 9_223_372_036_854_775_807 || figure == 2_147_483_647;
        for (id, resource, figures) in lines(&openvz::text(name)) {
            let told = row(&reading, &format!("/{id}"))["resources"].as_array().unwrap();
            let told = told.iter().find(|told| told["name"] == *resource).unwrap();
            let bound = |at: usize| if unlimited(figures[at]) { Value::Null } else { json!(figures[at]) };
            let expected = [json!(figures[0]), json!(figures[1]), bound(2), bound(3)];
            let found = ["held", "maxheld", "barrier", "limit"].map(|key| told[key].clone());
            assert_eq!(found, expected, "{name} {id} {resource}");
            match figures.get(4) {
                Some(failcnt) => assert_eq!((&told["failcnt"], &told["missing"]), (&json!(failcnt), &json!({}))),
                None => assert_eq!(
                    (&told["failcnt"], &told["missing"]["failcnt"]),
                    (&Value::Null, &json!("the file of the beancounters has no such line or column"))
                ),
            }
        }
    }
}

#[test]
fn memory_is_told_in_the_fields_of_every_other_source() {
    let reading = read("synthetic-host-vswap");
    let web = row(&reading, "/101");
    for (field, value) in [
        ("usage", json!(530_579_456_u64)),
        ("peak", json!(536_870_912)),
        ("limit", json!(536_870_912)),
        ("limited_by_resource", json!("memory")),
        ("failcnt", json!(4211)),
        ("kernel", json!(31_457_280)),
        ("swap", json!(42_860_544)),
        ("swap_limit", json!(268_435_456)),
        ("swap_failcnt", json!(3)),
        ("footprint", json!(573_440_000)),
        ("runtime", json!("openvz")),
        ("kind", json!("container")),
        ("id", json!("101")),
        ("inode", Value::Null),
        ("floor", Value::Null),
    ] {
        assert_eq!(web[field], value, "{field}");
    }
    assert_eq!(web["missing"]["floor"], "OpenVZ's beancounters do not tell this");
    assert_eq!(row(&reading, "/102")["oom_kill"], 2);
    let before_vswap = row(&reading, "/104");
    for (field, value) in [
        ("limit", Value::Null),
        ("limited_by", json!("/104")),
        ("limited_by_resource", json!("privvmpages")),
        ("limited_by_limit", json!(268_435_456)),
        ("limited_by_usage", json!(267_468_800)),
        ("failcnt", json!(187)),
    ] {
        assert_eq!(before_vswap[field], value, "{field}");
    }
    assert!(before_vswap["missing"].get("limit").is_none(), "it is unlimited");
    let hosts = row(&reading, "/0");
    assert_eq!((&hosts["kind"], &hosts["name"]), (&json!("cgroup"), &json!("host's own processes")));
    assert_eq!(
        (reading["host"]["namespaced"].clone(), read("ct9833-inside-view")["host"]["namespaced"].clone()),
        (json!(false), json!(true))
    );
}

#[test]
fn the_host_is_no_container_and_one_without_id_is_named_by_its_path() {
    let names = |file: &Path| {
        let table = printed(&over(file, &["snapshot", "--columns", "name", "--sort", "name:asc"]));
        table.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(&openvz::fixture("synthetic-host-vswap")), ["101", "102", "103", "104"]);
    assert!(names(&openvz::fixture("uid0-host-view")).is_empty());
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("bc/105");
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("resources");
    fs::copy(openvz::fixture("synthetic-one-container"), &file).unwrap();
    assert_eq!(names(&file), ["105"]);
}

#[test]
fn tables_and_csv_tell_the_same() {
    let file = openvz::fixture("synthetic-host-vswap");
    let columns = ["--columns", "name,usage,limit,limited_by_resource,percent,failcnt,swap", "--sort", "name:asc"];
    let table = printed(&over(&file, &[&["snapshot"], &columns[..]].concat()));
    let words: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(words, ["101", "506Mi", "512Mi", "memory", "98%", "4211", "40.9Mi"]);
    let csv = printed(&over(&file, &[&["snapshot", "--format", "csv"], &columns[..]].concat()));
    assert!(csv.lines().nth(4).unwrap().ends_with(",104,122880000,max,privvmpages,99.64,187,0"), "{csv}");
}

/// What vzubc prints of a line: its mark, and its percentages of held and maxheld against barrier and limit.
fn vzubc(figures: &[u64]) -> (Mark, [Option<f64>; 4]) {
    let unlimited = |bound: u64| bound == 9_223_372_036_854_775_807 || bound == 2_147_483_647;
    let (held, maxheld, barrier, limit) = (figures[0], figures[1], figures[2], figures[3]);
    let judged = if barrier == 0 { limit } else { barrier } as f64;
    let mark = if figures.get(4).is_some_and(|&failcnt| failcnt > 0) || held as f64 > judged {
        Mark::Over
    } else if held as f64 > judged * 0.5 || maxheld as f64 > judged * 0.8 {
        Mark::Near
    } else {
        Mark::Calm
    };
    let share = |part: u64, whole: u64| (whole != 0 && !unlimited(whole)).then(|| part as f64 / whole as f64 * 100.0);
    (mark, [share(held, barrier), share(held, limit), share(maxheld, barrier), share(maxheld, limit)])
}

fn model_of(source: &mut Beancounters) -> Model {
    let mut model = Model::new(Scope::Containers);
    model.ingest(source.sample().unwrap());
    model
}

fn open(file: &Path) -> Beancounters {
    let roots = Roots { proc: Some(openvz::proc_root()), ..Roots::default() };
    Beancounters::open(&roots, file, Effort::Whole).unwrap()
}

fn group<'a>(model: &'a Model, id: &str) -> &'a Group {
    model.groups().iter().find(|group| *group.id.path == format!("/{id}")).unwrap()
}

fn resource<'a>(group: &'a Group, name: &str) -> &'a Resource {
    group.resources.each().find(|(resource, _)| resource.name == name).unwrap().0
}

#[test]
fn marks_and_percentages_are_those_of_vzubc() {
    let mut marks = Vec::new();
    for name in WITH_IDS {
        let model = model_of(&mut open(&openvz::fixture(name)));
        for (id, name, figures) in lines(&openvz::text(name)) {
            let told = resource(group(&model, &id), &name);
            let shares = [
                (told.held, told.barrier),
                (told.held, told.limit),
                (told.maxheld, told.barrier),
                (told.maxheld, told.limit),
            ];
            let shares = shares.map(|(figure, bound): (Reading, Reading<Bound>)| percent(figure, bound));
            let expected = vzubc(&figures);
            assert_eq!((mark(told), shares), expected, "{id} {name}");
            marks.push(expected.0);
        }
    }
    for mark in [Mark::Calm, Mark::Near, Mark::Over] {
        assert!(marks.iter().filter(|found| **found == mark).count() > 2, "{mark:?} is tested");
    }
}

#[test]
fn refusals_are_counted_from_the_start_and_a_restart_is_no_refusal() {
    let file = OpenVz::copy("synthetic-host-vswap");
    let mut source = open(&file.file());
    let mut model = model_of(&mut source);
    let seen = |model: &Model, id: &str| {
        let tally = *group(model, id).resources.each().find(|(r, _)| r.name == "numothersock").unwrap().1;
        (tally.since_attach, tally.delta())
    };
    assert_eq!(seen(&model, "103"), (0, Some(Delta::First)));
    file.refuse("103", "numothersock", 40);
    model.ingest(source.sample().unwrap());
    assert_eq!(seen(&model, "103"), (8, Some(Delta::Up(8))));
    assert_eq!(seen(&model, "101"), (0, Some(Delta::Up(0))));
    file.refuse("103", "numothersock", 1);
    file.refuse("101", "physpages", 3);
    model.ingest(source.sample().unwrap());
    assert_eq!(seen(&model, "103"), (8, Some(Delta::Reset)));
    assert_eq!(group(&model, "101").hits.delta(), Some(Delta::Reset));
    let later = openvz::text("ct209-failcnt-numothersock-524").lines().skip(2).collect::<Vec<_>>().join("\n");
    file.write(&format!("{}{later}\n", openvz::text("synthetic-host-vswap")));
    model.ingest(source.sample().unwrap());
    assert_eq!(seen(&model, "209"), (524, Some(Delta::Up(524))), "it was not there before");
    file.write(&openvz::text("ct2-failcnt-numothersock-32"));
    model.ingest(source.sample().unwrap());
    assert_eq!(model.groups().len(), 2, "the others are gone");
}

#[test]
fn a_process_that_was_killed_is_a_kill() {
    let file = OpenVz::copy("synthetic-host-vswap");
    let mut source = open(&file.file());
    let mut model = model_of(&mut source);
    file.refuse("102", "oomguarpages", 3);
    file.refuse("102", "physpages", 20);
    model.ingest(source.sample().unwrap());
    let db = group(&model, "102");
    assert_eq!((db.kills.since_attach, db.hits.since_attach, db.killed_by.own), (1, 8, true));
}

/// Lets refusals go on until `work` is done.
fn while_refusing<T>(file: &OpenVz, id: &str, name: &str, work: impl FnOnce() -> T) -> T {
    let (done, over) = std::sync::mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            for count in 1_000.. {
                if over.recv_timeout(Duration::from_millis(20)) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
                file.refuse(id, name, count);
            }
        });
        let result = work();
        drop(done);
        result
    })
}

#[test]
fn a_check_warns_of_what_is_refused() {
    let calm = over(&openvz::fixture("ct209-failcnt-numothersock-524"), &["check", "-i", "100ms"]);
    assert_eq!((calm.status.code(), printed(&calm).lines().next().unwrap()), (Some(0), "OK 1 container"));
    let file = OpenVz::copy("ct2-failcnt-numothersock-32");
    let found = while_refusing(&file, "2", "numothersock", || over(&file.file(), &["check", "-i", "400ms"]));
    let text = String::from_utf8(found.stdout).unwrap();
    assert_eq!(found.status.code(), Some(1), "{text}");
    let line = text.lines().next().unwrap();
    assert!(
        line.starts_with("WARNING 2 resource-refused refused numothersock +") && line.ends_with("(holds 54 of 120)"),
        "{text}"
    );
    let near = over(&openvz::fixture("synthetic-host-vswap"), &["check", "-i", "100ms"]);
    let text = String::from_utf8(near.stdout).unwrap();
    assert!(text.starts_with("WARNING 104 near-limit near its privvmpages: 255Mi of 256Mi allocated\n"), "{text}");
}

#[test]
fn a_check_does_not_take_what_is_missing_for_calm() {
    let cut = over(&openvz::fixture("ct103-32bit-failcnt-column-cut-off"), &["check", "-i", "100ms"]);
    let text = String::from_utf8(cut.stdout).unwrap();
    assert_eq!(cut.status.code(), Some(3), "{text}");
    assert!(
        text.starts_with("UNKNOWN 103 not-read its oom_kill is unknown: the file of the beancounters has no"),
        "{text}"
    );
}

#[test]
fn what_is_no_file_of_beancounters_says_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("empty"), "").unwrap();
    fs::write(path("binary"), [0x7f, b'E', b'L', b'F', 0, 0xff, b'\n', 0, b':', b'\n']).unwrap();
    fs::write(path("version"), openvz::text("ct2-failcnt-numothersock-32").replace("2.5", "2.6\x1b[2J")).unwrap();
    fs::create_dir(path("directory")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, path("fifo"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    symlink("/dev/zero", path("zero")).unwrap();
    fs::File::create(path("huge")).unwrap().set_len(1 << 40).unwrap();
    for (name, why) in [
        ("empty", "it has no line of a resource"),
        ("binary", "it has no line of a resource"),
        ("version", "it is of version 2.6\\x1b[2J, and only 2.5 is known"),
        ("directory", "not a regular file"),
        ("fifo", "not a regular file"),
        ("zero", "not a regular file"),
        ("huge", "larger than any kernel prints"),
        ("nowhere", "No such file or directory"),
    ] {
        let output = over(&path(name), &["snapshot"]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{name}: {told}");
        let place = path(name);
        assert!(told.contains(why) && told.contains(place.to_str().unwrap()), "{name}: {told}");
        assert!(told.contains("hint: name a "), "{name}: {told}");
        let check = over(&path(name), &["check", "-i", "100ms"]);
        assert_eq!(check.status.code(), Some(3), "{name}");
        assert!(String::from_utf8(check.stdout).unwrap().starts_with("UNKNOWN "), "{name}");
    }
}

#[test]
fn ids_that_are_no_names_reach_neither_terminal_nor_file_system() {
    let file = OpenVz::copy("ct2-failcnt-numothersock-32");
    let hostile = "../../\x1b[31m\u{202e}x: kmemsize 1 1 1 1 0\n physpages 5 5 0 9 0\n2: kmemsize 9 9 9 9 9\n";
    file.write(&format!("{}{hostile}", openvz::text("ct2-failcnt-numothersock-32")));
    let output = over(&file.file(), &["snapshot", "--columns", "name,usage"]);
    let (table, told) = (printed(&output), String::from_utf8(output.stderr.clone()).unwrap());
    assert!(table.contains("..\\057..\\057\\x1b[31m\\u{202e}x"), "{table}");
    assert!(!table.contains(['\x1b', '\u{202e}']), "{table:?}");
    assert!(told.contains("1 repeated beancounter"), "{told}");
}

/// A host's root with what its `/proc` and `/etc/vz` hold.
fn root(beancounters: &str, mountinfo: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for directory in ["proc/1", "proc/bc", "etc/vz/conf", "cg/machine.slice"] {
        fs::create_dir_all(root.path().join(directory)).unwrap();
    }
    for file in ["meminfo", "vmstat", "stat"] {
        fs::copy(openvz::proc_root().join(file), root.path().join("proc").join(file)).unwrap();
    }
    fs::write(root.path().join("proc/1/mountinfo"), mountinfo).unwrap();
    fs::write(root.path().join("proc/bc/resources"), beancounters).unwrap();
    fs::write(root.path().join("etc/vz/conf/101.conf"), "VEID=\"101\"\nNAME=\"web\"\nHOSTNAME=\"www.example.net\"\n")
        .unwrap();
    fs::write(
        root.path().join("etc/vz/conf/102.conf"),
        "HOSTNAME=\"db.example.net\"\nOSTEMPLATE=\"centos-6-x86_64\"\n",
    )
    .unwrap();
    root
}

const NO_CGROUPS: &str = "1 1 0:1 / / rw - ext4 /dev/sda1 rw\n";
const LEGACY: &str = "1 1 0:1 / / rw - ext4 /dev/sda1 rw\n35 1 0:32 / /cg rw - cgroup cgroup rw,memory\n";

#[test]
fn a_host_without_a_memory_hierarchy_is_read_by_itself_and_by_name() {
    let root = root(&openvz::text("synthetic-host-vswap"), NO_CGROUPS);
    let columns =
        ["snapshot", "--columns", "id,name,image", "--sort", "id:asc", "--root", root.path().to_str().unwrap()];
    let table = printed(&run(&columns));
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let named = [vec!["101", "web", "-"], vec!["102", "db.example.net", "centos-6-x86_64"]];
    assert_eq!(
        rows[..2].iter().map(|row| row[..2].to_vec()).collect::<Vec<_>>(),
        named.map(|row| row[..2].to_vec()),
        "{table}"
    );
    assert_eq!(rows[1][2], "centos-6-x86_64", "{table}");
    assert_eq!(rows[2][..2], ["103", "103"], "{table}");
    fs::remove_file(root.path().join("proc/bc/resources")).unwrap();
    fs::write(root.path().join("proc/user_beancounters"), openvz::text("ct2-failcnt-numothersock-32")).unwrap();
    assert!(printed(&run(&columns)).lines().nth(1).unwrap().starts_with("2 "));
    fs::remove_file(root.path().join("proc/user_beancounters")).unwrap();
    let output = run(&columns);
    assert!(String::from_utf8(output.stderr).unwrap().contains("no cgroup memory controller is mounted"));
}

#[test]
fn cgroups_are_read_where_they_tell_of_the_containers_too() {
    let hierarchy = |root: &tempfile::TempDir| {
        let output = run(&["snapshot", "--format", "json", "--root", root.path().to_str().unwrap()]);
        serde_json::from_str::<Value>(&printed(&output)).unwrap()["host"]["hierarchy"].clone()
    };
    let root = root(&openvz::text("synthetic-host-vswap"), LEGACY);
    fs::write(root.path().join("cg/memory.usage_in_bytes"), "1\n").unwrap();
    assert_eq!(hierarchy(&root), "openvz", "no container is in the hierarchy");
    fs::create_dir(root.path().join("cg/machine.slice/102")).unwrap();
    assert_eq!(hierarchy(&root), "v1");
    let alone = |text: &str, hierarchy: &Path| {
        fs::write(root.path().join("proc/bc/resources"), text).unwrap();
        tell_alone(&root.path().join("proc/bc/resources"), hierarchy)
    };
    let nowhere = root.path().join("nowhere");
    assert!(!alone(&openvz::text("ct9833-inside-view"), &nowhere), "inside a container its own hierarchy tells more");
    assert!(!alone(&openvz::text("uid0-host-view"), &nowhere), "there is no container");
    assert!(!alone("garbage", &nowhere));
}

#[test]
fn options_that_would_have_no_effect_are_refused() {
    for others in [["--cgroup-root", "/"], ["--api", "docker=unix:///x"]] {
        let output = run(&["snapshot", "--beancounters", "x", others[0], others[1]]);
        assert_eq!(output.status.code(), Some(2), "{others:?}");
    }
    assert_eq!(run(&["demo", "--beancounters", "x"]).status.code(), Some(2));
    assert_eq!(run(&["config", "--beancounters", "x"]).status.code(), Some(2));
}
