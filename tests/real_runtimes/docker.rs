//! docker: names of its containers, also while its daemon hangs.

use std::process::{self, Command};

use serde_json::{Value, json};

use crate::command::{bounded, output, succeeds};
use crate::daemon::{Daemon, Stopped, pid_in};
use crate::hierarchy;
use crate::home::Home;
use crate::image;
use crate::rows::{assert_each_byte_counts_once, assert_hits, assert_listed, assert_listed_through_another_root};
use crate::support::cgroups::Hierarchy;

/// Writes twice as much as [`LIMITED`] lets it keep, then does nothing.
const HITTER: &str = "dd if=/dev/zero of=/file bs=1M count=32; while :; do sleep 60; done";
const LIMITED: &str = "16m";

/// A dockerd with its containers.
struct Docker {
    // In the order in which they must end.
    daemon: Daemon,
    home: Home,
}

impl Docker {
    fn start() -> Self {
        let home = Home::new();
        let mut command = Command::new("dockerd");
        command.args(["--iptables=false", "--ip6tables=false", "--bridge=none", "--oom-score-adjust=0"]).args([
            &format!("--data-root={}", home.file("data")),
            &format!("--exec-root={}", home.file("exec")),
            &format!("--pidfile={}", home.file("docker.pid")),
            &format!("--host=unix://{}", home.file("docker.sock")),
        ]);
        let daemon = Daemon::start(&mut command, home.path().join("log"));
        let mut docker = Self { daemon, home };
        let home = &docker.home;
        docker
            .daemon
            .wait_until(|| home.path().join("docker.sock").exists() && succeeds(Self::client(home).args(["version"])));
        docker.run(&["import", image::layer(docker.home.path()).to_str().unwrap(), "bb:1"]);
        docker
    }

    fn client(home: &Home) -> Command {
        let mut command = bounded("docker");
        command.args(["--host", &format!("unix://{}", home.file("docker.sock"))]);
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        output(Self::client(&self.home).args(arguments))
    }

    /// Starts a container and returns its id.
    fn container(&self, options: &[&str], script: &str) -> String {
        let run = ["run", "--detach", "--network=none"];
        self.run(&[&run[..], options, &["bb:1", "/bin/sh", "-c", script]].concat())
    }

    /// What `docker ps` and `docker inspect` tell of the containers that run, as memcgtop's rows should.
    fn rows(&self) -> Vec<Value> {
        let listed = self.run(&["ps", "--no-trunc", "--format={{.ID}} {{.Names}} {{.Image}}"]);
        let row = |line: &str| {
            let [id, name, image] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("`{line}`") };
            let limit = self.run(&["inspect", "--format={{.HostConfig.Memory}}", id]).parse::<u64>().unwrap();
            let limit = if limit == 0 { Value::Null } else { limit.into() };
            json!({
                "id": id, "name": name, "image": image, "kind": "container", "runtime": "docker", "pod": null,
                "pod_id": null, "namespace": null, "limit": limit, "declared_limit": limit,
            })
        };
        listed.lines().map(row).collect()
    }

    /// Lets it and its containerd hang.
    fn stop(&self) -> Stopped {
        let containerd = pid_in(&self.home.path().join("exec/containerd/containerd.pid"));
        Stopped::new(vec![self.daemon.pid(), containerd])
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        let containers = Self::client(&self.home).args(["ps", "--all", "--quiet"]).output();
        let containers = containers.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        succeeds(Self::client(&self.home).args(["rm", "--force"]).args(containers.unwrap_or_default().lines()));
    }
}

fn docker() -> Option<(Hierarchy, Docker)> {
    hierarchy(&["docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc"]).map(|h| (h, Docker::start()))
}

#[test]
fn docker_containers_are_called_as_docker_calls_them() {
    let Some((hierarchy, docker)) = docker() else { return };
    let shop = docker.container(&["--name=shop-db-1", "--memory=64m"], image::IDLE);
    docker.container(&["--name=unlimited", "--hostname=somewhere-else"], image::IDLE);
    let parent = format!("--cgroup-parent=/memcgtop-runtimes-{}", process::id());
    docker.container(&["--name=apart", &parent, "--pid=host", "--init"], image::IDLE);
    assert_listed("docker", &docker.rows());
    assert_listed_through_another_root(&docker.rows());
    assert_each_byte_counts_once(&hierarchy);

    docker.run(&["exec", "--detach", &shop, "sleep", "60"]);
    docker.run(&["rename", &shop, "shop-db-renamed"]);
    docker.run(&["update", "--memory=48m", &shop]);
    assert_listed("docker after rename and update", &docker.rows());

    let before = docker.rows();
    let stopped = docker.stop();
    assert_listed("docker while dockerd and containerd hang", &before);
    drop(stopped);

    let other = Docker::start();
    other.container(&["--name=shop-db-1"], image::IDLE);
    assert_listed("a second dockerd", &[docker.rows(), other.rows()].concat());
}

#[test]
fn hits_of_a_docker_containers_limit_are_counted() {
    let Some((hierarchy, docker)) = docker() else { return };
    let memory = format!("--memory={LIMITED}");
    let hitter = docker.container(&["--name=hitter", &memory], HITTER);
    assert_hits(&hierarchy, &hitter);
}
