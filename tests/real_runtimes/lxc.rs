//! LXC: its containers' names, also where their cgroups are called otherwise.

use std::fs;
use std::process::{self, Command};

use serde_json::{Value, json};

use crate::command::{bounded, output, succeeds};
use crate::hierarchy;
use crate::home::Home;
use crate::image;
use crate::rows::{assert_listed, assert_listed_through_another_root};
use crate::support::cgroups::{Hierarchy, Version};

const PROGRAMS: [&str; 4] = ["lxc-start", "lxc-stop", "lxc-ls", "lxc-info"];
const LIMIT: u64 = 64 << 20;

/// A directory of LXC containers.
struct Lxc {
    home: Home,
    version: Version,
}

impl Lxc {
    fn new(hierarchy: &Hierarchy) -> Self {
        let lxc = Self { home: Home::new(), version: hierarchy.version };
        image::root(lxc.home.path());
        lxc
    }

    fn command(&self, program: &str) -> Command {
        let mut command = bounded(program);
        command.arg(format!("--lxcpath={}", self.home.path().display()));
        command
    }

    fn start(&self, name: &str, limit: Option<u64>) {
        let directory = self.home.path().join(name);
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("config"), self.configuration(limit)).unwrap();
        output(self.command("lxc-start").args(["--name", name, "--logfile", &self.home.file("log")]));
    }

    fn configuration(&self, limit: Option<u64>) -> String {
        let limit = limit.map(|bytes| format!("{} = {bytes}\n", self.limit_key())).unwrap_or_default();
        format!(
            "lxc.uts.name = somewhere-else\nlxc.rootfs.path = dir:{}\nlxc.net.0.type = empty\n\
             lxc.apparmor.profile = unconfined\nlxc.init.cmd = /init\n{limit}",
            self.home.file("rootfs"),
        )
    }

    fn limit_key(&self) -> &'static str {
        match self.version {
            Version::V1 => "lxc.cgroup.memory.limit_in_bytes",
            Version::V2 => "lxc.cgroup2.memory.max",
        }
    }

    /// The names that `lxc-ls` lists as running.
    fn names(&self) -> Vec<String> {
        let listed = output(self.command("lxc-ls").args(["--running", "-1"]));
        listed.lines().map(|name| name.trim().to_owned()).collect()
    }
}

impl Lxc {
    /// What `lxc-ls` and `lxc-info` tell of the containers that run, as memcgtop's rows should.
    fn rows(&self) -> Vec<Value> {
        self.names().iter().map(|name| self.row(name)).collect()
    }

    fn row(&self, name: &str) -> Value {
        let told = output(self.command("lxc-info").args(["--name", name, "--config", self.limit_key()]));
        let limit = told.split(" = ").nth(1).and_then(|bytes| bytes.parse::<u64>().ok());
        json!({
            "cgroup": self.cgroup(name), "id": name, "name": name, "image": null, "kind": "container", "runtime": "lxc", "pod": null,
            "pod_id": null, "namespace": null, "limit": limit, "declared_limit": limit,
        })
    }

    /// Where the kernel has the container's first process.
    fn cgroup(&self, name: &str) -> String {
        let init = output(self.command("lxc-info").args(["--name", name, "--pid", "--no-humanize"]));
        let cgroups = fs::read_to_string(format!("/proc/{init}/cgroup")).unwrap();
        let is_memory = |controllers: &str| match self.version {
            Version::V1 => controllers.split(',').any(|controller| controller == "memory"),
            Version::V2 => controllers.is_empty(),
        };
        let mut lines = cgroups.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
        lines.find(|(controllers, _)| is_memory(controllers)).unwrap().1.to_owned()
    }
}

impl Drop for Lxc {
    fn drop(&mut self) {
        let listed = self.command("lxc-ls").args(["--running", "-1"]).output();
        let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        for name in listed.lines() {
            succeeds(self.command("lxc-stop").args(["--kill", "--name", name.trim()]));
        }
    }
}

#[test]
fn lxc_containers_are_called_as_lxc_calls_them() {
    let Some(hierarchy) = hierarchy(&PROGRAMS) else { return };
    let lxc = Lxc::new(&hierarchy);
    // LXC's cgroups are called after the containers, whoever's they are.
    let name = |what: &str| format!("memcgtop-{what}-{}", process::id());
    lxc.start(&name("limited"), Some(LIMIT));
    lxc.start(&name("unlimited"), None);
    // What an earlier container of that name left: LXC takes another cgroup then, and appends a number.
    let stale = format!("lxc.payload.{}", name("again"));
    fs::create_dir(hierarchy.mount.join(&stale)).unwrap();
    lxc.start(&name("again"), Some(LIMIT));
    assert!(hierarchy.mount.join(format!("{stale}-1")).exists(), "LXC chose another name");
    assert_eq!(lxc.rows().len(), 3);
    assert_listed("LXC", &lxc.rows());
    assert_listed_through_another_root(&lxc.rows());
}
