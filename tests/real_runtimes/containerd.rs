//! containerd: containers that `ctr` started, and pods as a kubelet has them.

use std::fs;
use std::path::Path;
use std::process::{self, Command};

use serde_json::{Value, json};

use crate::command::{bounded, output, succeeds};
use crate::daemon::{Daemon, Stopped};
use crate::hierarchy;
use crate::home::Home;
use crate::image;
use crate::rows::{assert_hidden, assert_listed, assert_listed_through_another_root, assert_rows};
use crate::support::program::snapshot;
use crate::support::skip::skip;

const PROGRAMS: [&str; 4] = ["containerd", "containerd-shim-runc-v2", "ctr", "runc"];
const IMAGES: [&str; 2] = ["localhost/bb:1", "localhost/pause:1"];
/// The namespace of `ctr`, unless it is told another.
const PLAIN: &str = "default";
const KUBERNETES: &str = "k8s.io";
/// Debian's, which has Debian's `grpc`; there may be another in the search path.
const PYTHON: &str = "/usr/bin/python3";

/// A containerd with its containers.
struct Containerd {
    // In the order in which they must end.
    daemon: Daemon,
    home: Home,
}

impl Containerd {
    fn start(namespace: &str) -> Self {
        let home = Home::new();
        fs::write(home.path().join("config.toml"), configuration(&home)).unwrap();
        let mut command = Command::new("containerd");
        command.args(["--config", &home.file("config.toml")]);
        let daemon = Daemon::start(&mut command, home.path().join("log"));
        let mut containerd = Self { daemon, home };
        let home = &containerd.home;
        containerd
            .daemon
            .wait_until(|| home.path().join("sock").exists() && succeeds(Self::client(home, PLAIN).arg("version")));
        let images = image::archive(containerd.home.path(), &IMAGES);
        containerd.run(namespace, &["images", "import", images.to_str().unwrap()]);
        containerd
    }

    fn client(home: &Home, namespace: &str) -> Command {
        let mut command = bounded("ctr");
        command.args(["--address", &home.file("sock"), "--namespace", namespace]);
        command
    }

    fn run(&self, namespace: &str, arguments: &[&str]) -> String {
        output(Self::client(&self.home, namespace).args(arguments))
    }

    fn container(&self, options: &[&str], id: &str) {
        let run = ["run", "--detach"];
        let what = [IMAGES[0], id, "/bin/sh", "-c", image::IDLE];
        self.run(PLAIN, &[&run[..], options, &what].concat());
    }

    fn ids(&self, namespace: &str) -> Vec<String> {
        let listed = self.run(namespace, &["containers", "list", "--quiet"]);
        listed.lines().map(str::to_owned).collect()
    }

    /// All that containerd knows of a container.
    fn info(&self, namespace: &str, id: &str) -> Value {
        serde_json::from_str(&self.run(namespace, &["containers", "info", id])).unwrap()
    }

    /// What `ctr` tells of the containers that it started, as memcgtop's rows should.
    ///
    /// Their images are in containerd's database only.
    fn rows(&self) -> Vec<Value> {
        let row = |id: &String| {
            let limit = &self.info(PLAIN, id)["Spec"]["linux"]["resources"]["memory"]["limit"];
            json!({
                "id": id, "name": id, "image": null, "kind": "container", "runtime": "containerd", "pod": null,
                "pod_id": null, "namespace": PLAIN, "limit": limit, "declared_limit": limit,
            })
        };
        self.ids(PLAIN).iter().map(row).collect()
    }

    /// What `ctr` tells of the kubelet's containers, as memcgtop's rows should; the labels are the kubelet's.
    fn rows_of_pods(&self) -> Vec<Value> {
        let containers = self.infos_of_pods("container");
        let row = |info: &Value| {
            let label = |name: &str| &info["Labels"][format!("io.kubernetes.{name}")];
            let limit = &info["Spec"]["linux"]["resources"]["memory"]["limit"];
            json!({
                "id": info["ID"], "name": label("container.name"), "image": info["Image"], "kind": "container",
                "runtime": "containerd", "pod": label("pod.name"), "pod_id": label("pod.uid"),
                "namespace": label("pod.namespace"), "limit": limit, "declared_limit": limit,
            })
        };
        containers.iter().map(row).collect()
    }

    fn sandboxes(&self) -> Vec<String> {
        self.infos_of_pods("sandbox").iter().map(|info| info["ID"].as_str().unwrap().to_owned()).collect()
    }

    fn infos_of_pods(&self, kind: &str) -> Vec<Value> {
        let infos = self.ids(KUBERNETES).into_iter().map(|id| self.info(KUBERNETES, &id));
        infos.filter(|info| info["Labels"]["io.cri-containerd.kind"] == kind).collect()
    }

    /// Starts a pod as a kubelet would.
    fn pod(&self, pod: &Pod, containers: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_runtimes/cri.py");
        let logs = self.home.file("logs");
        let mut command = bounded(PYTHON);
        command.arg(script).arg(self.home.file("sock")).args([pod.name, pod.namespace, pod.uid, pod.cgroup]);
        output(command.args([&logs, IMAGES[0]]).args(containers));
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        for namespace in [PLAIN, KUBERNETES] {
            let client = || Self::client(&self.home, namespace);
            let listed = client().args(["containers", "list", "--quiet"]).output();
            let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            for id in listed.unwrap_or_default().lines() {
                succeeds(client().args(["tasks", "rm", "--force", id]));
                succeeds(client().args(["containers", "rm", id]));
            }
        }
    }
}

struct Pod<'a> {
    name: &'a str,
    namespace: &'a str,
    uid: &'a str,
    cgroup: &'a str,
}

impl Pod<'_> {
    /// Its row among all cgroups.
    fn row(&self) -> Value {
        json!({
            "id": self.uid, "kind": "pod", "name": self.name, "namespace": self.namespace, "cgroup": self.cgroup,
        })
    }
}

fn configuration(home: &Home) -> String {
    format!(
        r#"
version = 2
root = "{}"
state = "{}"
oom_score = 0
[grpc]
address = "{}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{}"
restrict_oom_score_adj = true
disable_tcp_service = true
enable_unprivileged_ports = false
"#,
        home.file("root"),
        home.file("state"),
        home.file("sock"),
        IMAGES[1],
    )
}

#[test]
fn containers_of_ctr_are_called_as_ctr_calls_them() {
    if hierarchy(&PROGRAMS).is_none() {
        return;
    }
    let containerd = Containerd::start(PLAIN);
    // Whoever uses the same name in the same namespace has the same cgroup.
    let name = |n: u8| format!("my-ctr-{n}-{}", process::id());
    containerd.container(&["--memory-limit=67108864", "--label=app=demo"], &name(1));
    let elsewhere = format!("--cgroup=/memcgtop-runtimes-{}/mycg", process::id());
    containerd.container(&["--memory-limit=33554432", &elsewhere], &name(2));
    assert_listed("containerd", &containerd.rows());
    assert_listed_through_another_root(&containerd.rows());

    let before = containerd.rows();
    let _stopped = Stopped::new(vec![containerd.daemon.pid()]);
    assert_listed("containerd while it hangs", &before);
}

#[test]
fn containers_of_pods_are_called_as_the_kubelet_calls_them() {
    if hierarchy(&PROGRAMS).is_none() {
        return;
    }
    if !succeeds(bounded(PYTHON).args(["-c", "import grpc"])) {
        return skip("Python's grpc, which speaks for the kubelet, is absent", "MEMCGTOP_REQUIRE_RUNTIMES");
    }
    let containerd = Containerd::start(KUBERNETES);
    let uid = format!("6a1f2b3c-1111-4222-8333-{:012x}", process::id());
    let cgroup = format!("/kubepods/burstable/pod{uid}");
    let web = Pod { name: "web-7d9f8c6b5-x2x4k", namespace: "shop", uid: &uid, cgroup: &cgroup };
    containerd.pod(&web, &["nginx=67108864", "sidecar=0"]);
    // The uid of a static pod is a hash.
    let uid = format!("9729a196c4723b60ab401eaf{:08x}", process::id());
    let cgroup = format!("/kubepods/pod{uid}");
    let etcd = Pod { name: "etcd-node1", namespace: "kube-system", uid: &uid, cgroup: &cgroup };
    containerd.pod(&etcd, &["etcd=134217728"]);
    assert_listed("pods", &containerd.rows_of_pods());
    assert_listed_through_another_root(&containerd.rows_of_pods());
    assert_hidden(&containerd.sandboxes());
    assert_rows("all that is", &snapshot(&["--all"]).rows(), &[web.row(), etcd.row()]);
}
