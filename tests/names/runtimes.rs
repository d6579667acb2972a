//! Each runtime's containers get the names that their owners use.

use std::fs;

use memcgtop::snapshot::{Identity, Kind, Missing};
use memcgtop::units::Limit;

use crate::host::{Host, fixture};

const DOCKER: &str = "4a47344137d30b0435d3ed54b163b60e9b072114f991145e5496b04a9ebc905d";
const WEB1: &str = "621c5a77e3f654e311c59edc0856b7a3fe96fb7493a9700dc18e16c11f2e7b46";
const API: &str = "b413997928a4ffa200e3fda19ca3ee95885b8b039ffa3256307daecc2cb747ef";
const INFRA: &str = "ab479d22d9e6356cc7964aa519ee1b12efdb27bc4b9cd41ee746da3978384425";
const POD: &str = "0175c0737a4aed34ce9d9b7ef768cbcc8c3607ad9bfc7772823d9a2689e8f571";
const STORAGE: &str = "/var/lib/containers/storage/overlay-containers";
const NGINX: &str = "78ec787327f3e673ac13be856d0a6853b89d17a4119695bef69cd6616293cf9e";
const SANDBOX: &str = "f5750b8ca3e6ac04e0c485a6abf57cc41bf38096fc88ee355991050d93e8c2df";
const KUBELETS_POD: &str = "/kubepods/burstable/pod6a1f2b3c-1111-4222-8333-abcdefabcdef";
const TASKS: &str = "/run/containerd/io.containerd.runtime.v2.task";
const MIB: u64 = 1 << 20;

/// Name, image, pod, namespace, runtime.
fn told(identity: &Identity) -> [Option<&str>; 5] {
    [
        Some(&*identity.name).filter(|_| identity.unnamed.is_none()),
        identity.image.as_deref().ok(),
        identity.pod.as_deref().ok(),
        identity.namespace.as_deref().ok(),
        identity.runtime.as_deref(),
    ]
}

fn with_docker() -> Host {
    let host = Host::new();
    host.cgroup(&format!("docker/{DOCKER}"), &[101]);
    host.process(101, 100, "postgres", b"postgres\0");
    let bundle = format!("/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/{DOCKER}");
    host.shim(100, "moby", DOCKER, &bundle);
    host.place(&format!("{bundle}/config.json"), "docker-bundle.json");
    host.place(&format!("/var/lib/docker/containers/{DOCKER}/config.v2.json"), "docker-config.v2.json");
    host.place(&format!("/var/lib/docker/containers/{DOCKER}/hostconfig.json"), "docker-hostconfig.json");
    host
}

#[test]
fn docker() {
    let identity = with_docker().identity(&format!("/docker/{DOCKER}"));
    assert_eq!(told(&identity), [Some("shop-db-1"), Some("bb:1"), None, None, Some("docker")]);
    assert_eq!(identity.command.as_deref(), Some("postgres"));
    assert_eq!(identity.declared.limit, Ok(Limit::Bytes(96 * MIB)));
    assert_eq!(identity.declared.swap_limit, Ok(Limit::Bytes(0)));
}

#[test]
fn docker_with_a_directory_of_its_own() {
    let host = Host::new();
    let id = "d1bbfb47366de0f4ce01078a61c572f244f6f8ccfbd31ce15883b5f15b558098";
    host.cgroup(&format!("any/where/{id}"), &[101]);
    host.process(101, 100, "sh", b"sh\0");
    host.shim(100, "moby", id, &format!("/exec/{id}"));
    host.place(&format!("/exec/{id}/config.json"), "docker-own-root-bundle-config.json");
    for file in ["config.v2", "hostconfig"] {
        host.place(&format!("/data/docker/containers/{id}/{file}.json"), &format!("docker-own-root-{file}.json"));
    }
    let identity = host.identity(&format!("/any/where/{id}"));
    assert_eq!(told(&identity), [Some("shop-db-1"), Some("bb:1"), None, None, Some("docker")]);
    assert_eq!(identity.declared.swap_limit, Ok(Limit::Bytes(64 * MIB)));
}

#[test]
fn docker_that_keeps_its_state_out_of_sight() {
    let host = with_docker();
    fs::remove_dir_all(host.path("/var/lib/docker")).unwrap();
    let identity = host.identity(&format!("/docker/{DOCKER}"));
    assert_eq!((identity.unnamed, &identity.image), (Some(Missing::NoState), &Err(Missing::NoState)));
    assert_eq!((identity.runtime.as_deref(), identity.command.as_deref()), (Some("docker"), Some("postgres")));
}

#[test]
fn docker_whose_shim_is_gone() {
    let host = with_docker();
    host.process(101, 1, "postgres", b"postgres\0");
    assert_eq!(&*host.identity(&format!("/docker/{DOCKER}")).name, "shop-db-1");
}

fn with_podman() -> Host {
    let host = Host::new();
    for (pid, id, cgroup, name) in [
        (11, WEB1, format!("libpod_parent/libpod-{WEB1}"), "web1"),
        (21, API, format!("libpod_parent/{POD}/libpod-{API}"), "api"),
        (31, INFRA, format!("libpod_parent/{POD}/libpod-{INFRA}"), "infra"),
    ] {
        host.cgroup(&cgroup, &[pid]);
        host.process(pid, pid + 1, if name == "infra" { "catatonit" } else { "sh" }, b"sh\0");
        host.process(pid + 1, 1, "conmon", &fixture(&format!("podman-conmon-{}.cmdline", &id[..12])));
        host.place(&format!("{STORAGE}/{id}/userdata/config.json"), &format!("podman-{name}.json"));
    }
    host.cgroup("libpod_parent", &[]);
    host.cgroup(&format!("libpod_parent/{POD}"), &[]);
    host.place(&format!("{STORAGE}/containers.json"), "podman-containers.json");
    host
}

#[test]
fn podman_and_its_pods() {
    let host = with_podman();
    let snapshot = host.read();
    let identity = |path: &str| crate::host::identity(&snapshot, path);
    let web1 = identity(&format!("/libpod_parent/libpod-{WEB1}"));
    assert_eq!(told(&web1), [Some("web1"), Some("localhost/bb:1"), None, None, Some("podman")]);
    let api = identity(&format!("/libpod_parent/{POD}/libpod-{API}"));
    assert_eq!(told(&api), [Some("api"), Some("localhost/bb:1"), Some("shop"), None, Some("podman")]);
    assert_eq!((api.label().as_ref(), api.pod_id.as_deref()), ("shop/api", Some(POD)));
    assert_eq!(api.declared.limit, Ok(Limit::Bytes(64 * MIB)));
    let pod = identity(&format!("/libpod_parent/{POD}"));
    assert_eq!((pod.kind, &*pod.name, pod.unnamed), (Kind::Pod, "shop", None));
    let infra = identity(&format!("/libpod_parent/{POD}/libpod-{INFRA}"));
    assert!(infra.sandbox && !api.sandbox);
    let parent = identity("/libpod_parent");
    assert_eq!((parent.kind, &*parent.name), (Kind::Cgroup, "libpod_parent"));
}

#[test]
fn podman_renamed_a_container() {
    let host = with_podman();
    let list = String::from_utf8(fixture("podman-containers.json")).unwrap();
    host.write(&format!("{STORAGE}/containers.json"), list.replace("[\"web1\"]", "[\"web1-new\"]"));
    assert_eq!(&*host.identity(&format!("/libpod_parent/libpod-{WEB1}")).name, "web1-new");
}

#[test]
fn podman_with_a_storage_of_its_own_whose_conmon_is_gone() {
    let host = Host::new();
    let id = "4c4743c928d102905f7f51f6be748606926f66ef6750dcf82188ca6f5bf0f2e8";
    host.cgroup(&format!("libpod_parent/libpod-{id}"), &[11]);
    host.process(11, 1, "sh", b"sh\0");
    host.place("proc/11/mountinfo", "podman-own-root-mountinfo");
    host.place("/srv/p/root/overlay-containers/containers.json", "podman-own-root-containers.json");
    let identity = host.identity(&format!("/libpod_parent/libpod-{id}"));
    assert_eq!(told(&identity), [Some("web1"), Some("localhost/bb:1"), None, None, Some("podman")]);
}

fn with_kubelet() -> Host {
    let host = Host::new();
    host.cgroup("kubepods/burstable", &[]);
    host.cgroup("kubepods", &[]);
    host.cgroup(KUBELETS_POD, &[]);
    host.cgroup(&format!("{KUBELETS_POD}/{SANDBOX}"), &[101]);
    host.cgroup(&format!("{KUBELETS_POD}/{NGINX}"), &[102]);
    host.process(101, 100, "pause", b"/pause\0");
    host.process(102, 100, "nginx", b"nginx\0");
    host.shim(100, "k8s.io", SANDBOX, &format!("{TASKS}/k8s.io/{SANDBOX}"));
    host.place(&format!("{TASKS}/k8s.io/{SANDBOX}/config.json"), "cri-sandbox-web.json");
    host.place(&format!("{TASKS}/k8s.io/{NGINX}/config.json"), "cri-nginx.json");
    host
}

#[test]
fn kubernetes_with_containerd() {
    let snapshot = with_kubelet().read();
    let identity = |path: &str| crate::host::identity(&snapshot, path);
    let nginx = identity(&format!("{KUBELETS_POD}/{NGINX}"));
    let pod = Some("web-7d9f8c6b5-x2x4k");
    assert_eq!(told(&nginx), [Some("nginx"), Some("localhost/bb:1"), pod, Some("shop"), Some("containerd")]);
    assert_eq!(nginx.declared.swap_limit, Ok(Limit::Bytes(0)));
    let sandbox = identity(&format!("{KUBELETS_POD}/{SANDBOX}"));
    assert!(sandbox.sandbox && !nginx.sandbox);
    let pods = identity(KUBELETS_POD);
    assert_eq!((pods.label().as_ref(), pods.runtime.as_deref()), ("shop/web-7d9f8c6b5-x2x4k", Some("kubelet")));
}

/// What an ordinary user can read: names of log files, and nothing of the shim's.
#[test]
fn kubernetes_as_its_logs_tell() {
    let host = with_kubelet();
    std::fs::remove_dir_all(host.path("run")).unwrap();
    let uid = "6a1f2b3c-1111-4222-8333-abcdefabcdef";
    host.write(&format!("/var/log/pods/shop_web-1_{uid}/nginx/0.log"), "");
    host.write(&format!("/var/log/containers/web-1_shop_nginx-{NGINX}.log"), "");
    let snapshot = host.read();
    let nginx = crate::host::identity(&snapshot, &format!("{KUBELETS_POD}/{NGINX}"));
    assert_eq!(told(&nginx), [Some("nginx"), None, Some("web-1"), Some("shop"), Some("containerd")]);
    assert_eq!(crate::host::identity(&snapshot, KUBELETS_POD).label(), "shop/web-1");
}

#[test]
fn containerd_without_a_kubelet() {
    let host = Host::new();
    for (shim, name, cgroup) in [(100, "my-ctr-1", "default/my-ctr-1"), (200, "my-ctr-2", "custom/mycg")] {
        host.cgroup(cgroup, &[shim + 1]);
        host.process(shim + 1, shim, "sh", b"sh\0");
        host.shim(shim, "default", name, &format!("{TASKS}/default/{name}"));
        host.place(&format!("{TASKS}/default/{name}/config.json"), &format!("ctr-{name}.json"));
    }
    // Somebody moved a process of the first container elsewhere: that makes no container.
    host.cgroup("elsewhere", &[102]);
    host.process(102, 100, "sh", b"sh\0");
    let snapshot = host.read();
    for (name, cgroup) in [("my-ctr-1", "/default/my-ctr-1"), ("my-ctr-2", "/custom/mycg")] {
        let identity = crate::host::identity(&snapshot, cgroup);
        assert_eq!(identity.kind, Kind::Container, "{cgroup}");
        assert_eq!(told(&identity), [Some(name), None, None, Some("default"), Some("containerd")]);
        assert_eq!(identity.image, Err(Missing::NotOnDisk));
    }
    assert_eq!(crate::host::identity(&snapshot, "/elsewhere").kind, Kind::Cgroup);
}

#[test]
fn lxc_lxd_and_proxmox() {
    let host = Host::new();
    for (pid, cgroup, monitor) in [
        (11, "lxc.payload.lx4-1", "[lxc monitor] /var/lib/lxc lx4"),
        (21, "lxc.payload.team-a_web-1", "[lxc monitor] /var/lib/lxd/containers team-a_web-1"),
        (31, "lxc.payload.c1", "[lxc monitor] /var/lib/incus/containers c1"),
        (41, "lxc/103/ns", "[lxc monitor] /var/lib/lxc 103"),
        (51, "made/by/hand", "[lxc monitor] /var/lib/lxc lx5"),
    ] {
        host.cgroup(cgroup, &[pid]);
        host.process(pid, pid + 1, "init", b"init\0");
        host.process(pid + 1, 1, "lxc-start", format!("{monitor}\0\0\0").as_bytes());
    }
    for parent in ["lxc", "lxc/103", "made", "made/by"] {
        host.cgroup(parent, &[]);
    }
    host.place("/var/lib/lxc/lx4/config", "lxc-config");
    host.write("/etc/pve/lxc/103.conf", "arch: amd64\nhostname: mail\n");
    host.write("/var/lib/incus/containers/c1/backup.yaml", "config:\n  image.description: Debian bookworm\n");
    let snapshot = host.read();
    let told = |path: &str| {
        let identity = crate::host::identity(&snapshot, path);
        self::told(&identity).map(|text| text.map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(told("/lxc.payload.lx4-1"), [some("lx4"), None, None, None, some("lxc")]);
    assert_eq!(told("/lxc.payload.team-a_web-1"), [some("web-1"), None, None, some("team-a"), some("lxd")]);
    assert_eq!(told("/lxc.payload.c1"), [some("c1"), some("Debian bookworm"), None, some("default"), some("incus")]);
    assert_eq!(told("/lxc/103"), [some("mail"), None, None, None, some("proxmox")]);
    assert_eq!(told("/made/by/hand"), [some("lx5"), None, None, None, some("lxc")]);
    let declared = crate::host::identity(&snapshot, "/lxc.payload.lx4-1").declared;
    assert_eq!(declared.limit, Ok(Limit::Bytes(64 * MIB)));
}

#[test]
fn virtuozzo_nspawn_and_virtual_machines() {
    let host = Host::new();
    let ctid = "6a1f2b3c-1111-4222-8333-abcdefabcdef";
    host.cgroup(&format!("machine.slice/{ctid}"), &[]);
    host.write(&format!("/etc/vz/conf/{ctid}.conf"), "NAME=\"shop one\"\nOSTEMPLATE=\"centos-7\"\n");
    host.cgroup("machine.slice/machine-nsp1.scope", &[11]);
    host.process(11, 12, "init", b"init\0");
    host.process(12, 1, "systemd-nspawn", b"systemd-nspawn\0-M\0nsp-1\0-D\0/srv\0");
    host.cgroup("machine.slice/machine-qemu\\x2d7\\x2dmail\\x2dserv.scope", &[21]);
    host.process(21, 1, "qemu", b"/usr/bin/qemu\0-name\0guest=mail-server-of-shop,debug-threads=on\0");
    let snapshot = host.read();
    let identity = |path: &str| crate::host::identity(&snapshot, path);
    let shop = identity(&format!("/machine.slice/{ctid}"));
    assert_eq!(told(&shop), [Some("shop one"), Some("centos-7"), None, None, Some("openvz")]);
    assert_eq!(&*identity("/machine.slice/machine-nsp1.scope").name, "nsp-1");
    let vm = identity("/machine.slice/machine-qemu\\x2d7\\x2dmail\\x2dserv.scope");
    assert_eq!((vm.kind, &*vm.name), (Kind::Vm, "mail-server-of-shop"));
}

#[test]
fn cri_o_by_its_bundle() {
    let host = Host::new();
    let slice = "kubepods.slice/kubepods-pod6a1f2b3c_1111_4222_8333_abcdefabcdef.slice";
    host.cgroup(&format!("{slice}/crio-{NGINX}.scope"), &[11]);
    host.process(11, 12, "nginx", b"nginx\0");
    let bundle = format!("{STORAGE}/{NGINX}/userdata");
    host.process(
        12,
        1,
        "conmon",
        format!("/usr/bin/conmon\0-b\0{bundle}\0-c\0{NGINX}\0-n\0k8s_app_web_shop_uid_0\0").as_bytes(),
    );
    host.write(
        &format!("{bundle}/config.json"),
        r#"{"annotations": {"io.container.manager": "cri-o", "io.kubernetes.cri-o.ContainerName": "app", "io.kubernetes.cri-o.ContainerType": "container",
        "io.kubernetes.cri-o.ImageName": "bb:1", "io.kubernetes.cri-o.KubeName": "web", "io.kubernetes.cri-o.Namespace": "shop"}}"#,
    );
    let identity = host.identity(&format!("/{slice}/crio-{NGINX}.scope"));
    assert_eq!(told(&identity), [Some("app"), Some("bb:1"), Some("web"), Some("shop"), Some("cri-o")]);
}

#[test]
fn a_container_that_nobody_knows_is_called_after_its_host_name_or_its_command() {
    let host = Host::new();
    host.cgroup(&format!("myparent/{DOCKER}"), &[11]);
    host.process(11, 1, "postgres", b"postgres\0");
    let identity = || host.identity(&format!("/myparent/{DOCKER}"));
    let unnamed = (Some(Missing::NoState), "4a47344137d3 (postgres)".to_owned());
    assert_eq!((identity().unnamed, identity().label().into_owned()), unnamed);
    host.write("/etc/hostname", &DOCKER[..12]);
    assert_eq!((identity().unnamed, identity().label().into_owned()), unnamed, "its host name is no runtime's state");
    host.write("/etc/hostname", "db-1\n");
    assert_eq!((identity().unnamed, &*identity().name, identity().image), (None, "db-1", Err(Missing::NoState)));
}
