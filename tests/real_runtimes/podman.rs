//! podman: containers and pods, with runc and with crun, also after conmon was killed.

use std::fs;
use std::process::Command;

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::command::{bounded, output, succeeds};
use crate::daemon::pid;
use crate::hierarchy;
use crate::home::Home;
use crate::image;
use crate::rows::{
    assert_each_byte_counts_once, assert_hidden, assert_listed, assert_listed_through_another_root, assert_rows,
};
use crate::support::cgroups::Hierarchy;
use crate::support::program::snapshot;
use crate::support::wait::comes_true;

const PROGRAMS: [&str; 5] = ["podman", "conmon", "runc", "crun", "catatonit"];

const POD_LIMIT: u64 = 256 << 20;

/// Without systemd, and without podman's own wish for more open files than the machine may allow.
const CONFIGURATION: &str = r#"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
lock_type = "file"
"#;

/// Podman with its containers.
struct Podman {
    home: Home,
    hybrid: bool,
}

impl Podman {
    fn start(hierarchy: &Hierarchy) -> Self {
        let podman = Self { home: Home::new(), hybrid: hierarchy.hybrid };
        fs::write(podman.home.path().join("containers.conf"), CONFIGURATION).unwrap();
        podman.run(&["import", image::layer(podman.home.path()).to_str().unwrap(), "localhost/bb:1"]);
        podman
    }

    fn command(&self) -> Command {
        let mut command = bounded("podman");
        self.configure(&mut command);
        command
    }

    fn configure(&self, command: &mut Command) {
        command.env("CONTAINERS_CONF", self.home.path().join("containers.conf")).args([
            &format!("--root={}", self.home.file("root")),
            &format!("--runroot={}", self.home.file("run")),
            &format!("--tmpdir={}", self.home.file("tmp")),
        ]);
    }

    /// crun refuses to work while controllers are on v1 and a cgroup2 is mounted too.
    fn command_for_crun(&self) -> Command {
        if !self.hybrid {
            return self.command();
        }
        let mut command = bounded("unshare");
        let script = r#"umount --all --types cgroup2 && exec "$@""#;
        command.args(["--mount", "--propagation", "private", "sh", "-c", script, "sh", "podman"]);
        self.configure(&mut command);
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        output(self.command().args(arguments))
    }

    fn container(&self, options: &[&str]) {
        let run = ["run", "--detach"];
        self.run(&[&run[..], options, &["localhost/bb:1", "/bin/sh", "-c", image::IDLE]].concat());
    }

    fn container_of_crun(&self, options: &[&str]) {
        let run = ["--runtime=crun", "run", "--detach", "--network=host"];
        let arguments = [&run[..], options, &["localhost/bb:1", "/bin/sh", "-c", image::IDLE]].concat();
        output(self.command_for_crun().args(arguments));
    }

    fn inspect(&self, container: &str, format: &str) -> String {
        self.run(&["inspect", &format!("--format={format}"), container])
    }

    /// What `podman ps` tells of the containers that people started, as memcgtop's rows should.
    fn rows(&self) -> Vec<Value> {
        let listed: Value = serde_json::from_str(&self.run(&["ps", "--pod", "--format=json"])).unwrap();
        let started = listed.as_array().unwrap().iter().filter(|container| container["IsInfra"] == false);
        started.map(|container| self.row(container)).collect()
    }

    fn row(&self, listed: &Value) -> Value {
        let limit = self.inspect(listed["Id"].as_str().unwrap(), "{{.HostConfig.Memory}}").parse::<u64>().unwrap();
        let limit = if limit == 0 { Value::Null } else { limit.into() };
        let or_null = |field: &str| Some(&listed[field]).filter(|value| **value != "").cloned().unwrap_or_default();
        json!({
            "id": listed["Id"], "name": listed["Names"][0], "image": listed["Image"], "kind": "container",
            "runtime": "podman", "pod": or_null("PodName"), "pod_id": or_null("Pod"), "namespace": null,
            "limit": limit, "declared_limit": limit,
        })
    }

    /// What `podman pod ps` tells, as memcgtop's rows of every cgroup should.
    fn pods(&self) -> Vec<Value> {
        let listed = self.run(&["pod", "ps", "--no-trunc", "--format={{.ID}} {{.Name}}"]);
        let pod = |line: &str| {
            let (id, name) = line.split_once(' ').unwrap();
            // Its limit is what it was made with: this podman's `pod inspect` says 0.
            json!({"id": id, "name": name, "kind": "pod", "runtime": "podman", "limit": POD_LIMIT})
        };
        listed.lines().map(pod).collect()
    }

    fn infra_containers(&self) -> Vec<String> {
        let listed = self.run(&["pod", "ps", "--no-trunc", "--format={{.InfraID}}"]);
        listed.lines().map(str::to_owned).collect()
    }

    fn kill_conmon_of(&self, container: &str) {
        let conmon = pid(&self.inspect(container, "{{.State.ConmonPid}}"));
        kill_process(conmon, Signal::KILL).unwrap();
        let gone = || !fs::exists(format!("/proc/{}", conmon.as_raw_nonzero())).unwrap();
        assert!(comes_true(gone), "conmon survives");
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let listed = self.command().args(["ps", "--all", "--no-trunc", "--quiet"]).output();
        let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        succeeds(self.command().args(["pod", "rm", "--force", "--time=0", "--all"]));
        succeeds(self.command().args(["rm", "--force", "--time=0", "--all"]));
        // With conmon dead, podman does not tell them; and what they know is outside of podman's directories.
        for (id, runtime) in listed.lines().flat_map(|id| [(id, "runc"), (id, "crun")]) {
            succeeds(bounded(runtime).args(["delete", "--force", id]));
        }
    }
}

#[test]
fn podman_containers_are_called_as_podman_calls_them() {
    let Some(hierarchy) = hierarchy(&PROGRAMS) else { return };
    let podman = Podman::start(&hierarchy);
    podman.container(&["--name=web", "--network=none", "--memory=64m"]);
    podman.container(&["--name=passing", "--network=none", "--rm", "--hostname=somewhere-else"]);
    podman.container_of_crun(&["--name=crunned", "--memory=48m"]);
    assert_listed("podman", &podman.rows());
    assert_listed_through_another_root(&podman.rows());

    podman.run(&["rename", "web", "web-renamed"]);
    assert_listed("podman after rename", &podman.rows());

    for container in ["web-renamed", "crunned", "passing"] {
        podman.kill_conmon_of(container);
    }
    assert_listed("podman after conmon was killed", &podman.rows());
}

#[test]
fn podman_pods_have_their_names_and_their_infra_containers_are_no_rows() {
    let Some(hierarchy) = hierarchy(&PROGRAMS) else { return };
    let podman = Podman::start(&hierarchy);
    podman.run(&["pod", "create", "--name=shop", "--network=none", &format!("--memory={POD_LIMIT}")]);
    podman.container(&["--pod=shop", "--name=api", "--memory=64m"]);
    podman.container(&["--pod=shop", "--name=cache"]);
    assert_listed("podman's pod", &podman.rows());
    assert_listed_through_another_root(&podman.rows());
    assert_hidden(&podman.infra_containers());
    let all = snapshot(&["--all"]).rows();
    assert_rows("podman's pods", &all, &podman.pods());
    let cache = all.iter().find(|row| row.text("name") == Some("cache")).unwrap();
    assert_eq!(cache.number("effective_limit"), POD_LIMIT, "it has no limit but its pod's: {cache:?}");
    assert_each_byte_counts_once(&hierarchy);
}
