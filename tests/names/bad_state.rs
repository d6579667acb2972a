//! State that is missing, broken, hostile or slow: the next best name, a problem, and every other container's name.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use memcgtop::identity::state::{Places, Question, Resolver};
use memcgtop::snapshot::Missing;
use memcgtop::source::Source as _;
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::host::{Host, identity};

const BROKEN: &str = "4a47344137d30b0435d3ed54b163b60e9b072114f991145e5496b04a9ebc905d";
const WHOLE: &str = "d1bbfb47366de0f4ce01078a61c572f244f6f8ccfbd31ce15883b5f15b558098";
const CONTAINERS: &str = "/var/lib/docker/containers";

/// Two containers of docker, one of which is fine.
fn host() -> Host {
    let host = Host::new();
    for (pid, id) in [(11, BROKEN), (21, WHOLE)] {
        host.cgroup(&format!("docker/{id}"), &[pid]);
        host.process(pid, 1, "postgres", b"postgres\0");
        let config = format!(r#"{{"ID": "{id}", "Name": "/name-{}", "Config": {{"Image": "bb:1"}}}}"#, &id[..4]);
        host.write(&format!("{CONTAINERS}/{id}/config.v2.json"), config);
    }
    host
}

/// Its name, the reason why it has none, and the problems of one reading; the other container has its name in any case.
fn broken(host: &Host) -> (String, Option<Missing>, Vec<String>) {
    let snapshot = host.read();
    assert_eq!(&*identity(&snapshot, &format!("/docker/{WHOLE}")).name, "name-d1bb");
    let broken = identity(&snapshot, &format!("/docker/{BROKEN}"));
    let state = snapshot.problems.iter().filter(|problem| problem.path.starts_with("/var"));
    (broken.name.to_string(), broken.unnamed, state.map(|problem| problem.path.clone()).collect())
}

#[test]
fn a_state_that_makes_no_sense_is_a_problem_and_the_short_id_stands_in() {
    let host = host();
    let file = format!("{CONTAINERS}/{BROKEN}/config.v2.json");
    let deep = "[".repeat(100_000);
    for content in
        ["", "{", "null", "[]", "{\"Name\": 7}", "{\"Name\": \"\"}", "\u{0}\u{0}", "{\"Name\": \"/x\"", &deep]
    {
        host.write(&file, content);
        let (name, why, problems) = broken(&host);
        assert_eq!((name.as_str(), why), ("4a47344137d3", Some(Missing::BadState)), "{content:.20}");
        assert_eq!(problems, [&*file], "{content:.20}");
    }
}

#[test]
fn what_is_no_file_of_a_sane_size_is_not_read() {
    let host = host();
    let file = format!("{CONTAINERS}/{BROKEN}/config.v2.json");
    let path = host.path(&file);
    fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(broken(&host).2, [&*file]);
    fs::remove_file(&path).unwrap();
    assert_eq!(broken(&host), ("4a47344137d3".to_owned(), Some(Missing::NoState), Vec::new()), "it is missing");
    fs::create_dir(&path).unwrap();
    assert_eq!(broken(&host).2, [&*file]);
    fs::remove_dir(&path).unwrap();
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    assert_eq!(broken(&host).2, [&*file]);
}

#[test]
fn no_link_leads_out_of_the_hosts_root() {
    let host = host();
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("config.v2.json");
    fs::write(&secret, r#"{"Name": "/secret"}"#).unwrap();
    let path = host.path(&format!("{CONTAINERS}/{BROKEN}/config.v2.json"));
    let climbing = format!("{}{}", "../".repeat(40), secret.display());
    for target in [secret.to_str().unwrap(), climbing.as_str(), "config.v2.json"] {
        fs::remove_file(&path).unwrap();
        symlink(target, &path).unwrap();
        assert_eq!(broken(&host).0, "4a47344137d3", "{target}");
    }
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    symlink(outside.path(), path.parent().unwrap()).unwrap();
    assert_eq!(broken(&host).0, "4a47344137d3");
}

#[test]
fn a_name_may_be_hostile_but_no_path_is_made_of_it() {
    let host = host();
    let file = format!("{CONTAINERS}/{BROKEN}/config.v2.json");
    host.write(&file, "{\"Name\": \"/\\u001b[31mred\\u202e\\n\", \"Config\": {\"Image\": \"\\u0007\"}}");
    let (name, why, _) = broken(&host);
    assert_eq!((name.as_str(), why), ("\u{1b}[31mred\u{202e}\n", None));
    assert_eq!(memcgtop::text::visible(&name), "\\x1b[31mred\\u{202e}\\x0a");
    // A supervisor may claim any path.
    host.process(12, 1, "conmon", b"conmon\0-n\0x\0-c\0../../..\0-b\0/../../etc/passwd\0");
    host.process(11, 12, "sh", b"sh\0");
    host.write(&file, "");
    assert_eq!(broken(&host).0, "x", "the claim of its name is taken, its path leads nowhere");
}

#[test]
fn a_process_that_hangs_costs_its_own_name_only() {
    let host = host();
    host.process(21, 22, "postgres", b"postgres\0");
    host.process(11, 12, "postgres", b"postgres\0");
    // Nobody writes into it, so opening it for reading waits for ever.
    fs::remove_file(host.path("proc/11/stat")).unwrap();
    mknodat(CWD, host.path("proc/11/stat"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let begun = Instant::now();
    let mut source = host.open();
    let snapshot = source.sample().unwrap();
    assert_eq!(identity(&snapshot, &format!("/docker/{BROKEN}")).unnamed, Some(Missing::TooSlow));
    assert_eq!(&*identity(&snapshot, &format!("/docker/{WHOLE}")).name, "name-d1bb");
    source.sample().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "nothing waits for it again");
}

fn places(host: &Host) -> Places {
    Places {
        cgroups: host.path("cgroup"),
        proc_root: Some(host.path("proc")),
        root: Some(host.path("")),
        processes: Err(Missing::NotHere),
        apis: Vec::new(),
    }
}

fn question() -> Question {
    Question::Cgroup { location: format!("docker/{BROKEN}").into(), path: format!("/docker/{BROKEN}").into() }
}

#[test]
fn a_file_that_was_written_anew_is_noticed() {
    let host = host();
    let file = format!("{CONTAINERS}/{BROKEN}/config.v2.json");
    let mut resolver = Resolver::new(places(&host));
    let question = question();
    let answer = resolver.resolve(&question);
    assert_eq!(answer.facts.name.as_deref(), Some("name-4a47"));
    let changed = |resolver: &Resolver| answer.watched.iter().any(|watched| resolver.has_changed(watched));
    assert!(!answer.watched.is_empty() && !changed(&resolver));
    // As docker does it: another file takes the name.
    host.write(&format!("{file}.tmp"), r#"{"Name": "/renamed"}"#);
    fs::rename(host.path(&format!("{file}.tmp")), host.path(&file)).unwrap();
    assert!(changed(&resolver));
    assert_eq!(resolver.resolve(&question).facts.name.as_deref(), Some("renamed"));
    fs::remove_file(host.path(&file)).unwrap();
    assert!(changed(&resolver));
}

/// Bytes of any kind, and some that look like state.
fn state() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"Name\"",
        "\"annotations\"",
        "\"linux\"",
        "\"mounts\"",
        "\"/x\"",
        "-1",
        "1e999",
        "\0",
        "conmon",
        "-n",
        "-b",
        "/containerd-shim-x",
        "-namespace",
        "moby",
        "k8s.io",
        "-id",
        "[lxc monitor] ",
        "/a b",
        "\\u0000",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(words, 0..30).prop_map(|words| words.concat().into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_state_panics(cmdline in state(), config in state(), bundle in state(), list in state()) {
        let host = Host::new();
        host.cgroup(&format!("docker/{BROKEN}"), &[11]);
        host.process(11, 12, "sh", b"sh\0");
        host.process(12, 1, "x", &cmdline);
        symlink("/bundle", host.path("proc/12/cwd")).unwrap();
        host.write("/bundle/config.json", &bundle);
        host.write(&format!("{CONTAINERS}/{BROKEN}/config.v2.json"), &config);
        host.write(&format!("{CONTAINERS}/{BROKEN}/hostconfig.json"), &config);
        host.write("/var/lib/containers/storage/overlay-containers/containers.json", &list);
        let mut resolver = Resolver::new(places(&host));
        let answer = resolver.resolve(&question());
        prop_assert!(answer.facts.name.is_none_or(|name| !name.is_empty()));
    }
}
