//! Paths of real hosts and from the sources of the runtimes, and what each of them says.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its fixtures has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use memcgtop::identity::Place;
use memcgtop::snapshot::{Identity, Kind, Role};
use proptest::prelude::*;

/// What the path alone says where the truth takes a look at the processes: path, kind, runtime, id.
const NOT_IN_THE_PATH: &[(&str, Kind, Option<&str>, Option<&str>)] = &[
    (
        "/myparent/e9f1a8ffa05a02c546ca77cd87cd83b01e60044f75225b7c0d0ae833234e2aa0",
        Kind::Container,
        None,
        Some("e9f1a8ffa05a02c546ca77cd87cd83b01e60044f75225b7c0d0ae833234e2aa0"),
    ),
    ("/default/my-ctr-1", Kind::Cgroup, None, None),
    ("/k8s.io/plain1", Kind::Cgroup, None, None),
    ("/custom/mycg", Kind::Cgroup, None, None),
    ("/lxc.payload.team-a_web-1", Kind::Container, Some("lxc"), Some("team-a_web-1")),
    ("/lxc.payload.c1", Kind::Container, Some("lxc"), Some("c1")),
    ("/lxc.payload.lx4-1", Kind::Container, Some("lxc"), Some("lx4-1")),
];

/// A line of the vectors.
struct Vector {
    path: String,
    runtime: String,
    kind: String,
    id: String,
    pod: String,
}

/// What the vectors call a runtime, in the words of the program.
fn runtime(name: &str) -> Option<&str> {
    match name {
        "-" | "cri" | "systemd" => None,
        "cri-containerd" => Some("containerd"),
        "crio" => Some("cri-o"),
        "docker-buildkit" => Some("buildkit"),
        "docker-rootless" => Some("docker"),
        "libvirt-lxc" | "libvirt-qemu" => Some("libvirt"),
        "openvz7" => Some("openvz"),
        "podman-rootless" => Some("podman"),
        "proxmox-lxc" | "proxmox-qemu" => Some("proxmox"),
        other => Some(other),
    }
}

/// What the vectors call a kind, in the words of the program. A part and a helper have the kind of what they belong to.
fn kind_and_role(vector: &Vector) -> (Kind, Role) {
    let owner = match vector.runtime.as_str() {
        "libvirt-qemu" => Kind::Vm,
        _ if vector.id == "-" => Kind::Cgroup,
        _ => Kind::Container,
    };
    match vector.kind.as_str() {
        "container" | "build" | "sandbox" | "sandbox-vm" => (Kind::Container, Role::Outermost),
        "vm" => (Kind::Vm, Role::Outermost),
        "pod" => (Kind::Pod, Role::Outermost),
        "trunk" => (owner, Role::Trunk),
        "inner" | "inner-unit" => (owner, Role::Inner),
        "helper" => (owner, Role::Helper),
        "service" => (Kind::Service, Role::Outermost),
        "scope" | "app" => (Kind::Scope, Role::Outermost),
        "slice" => (Kind::Slice, Role::Outermost),
        "group" | "noise" => (Kind::Cgroup, Role::Outermost),
        other => panic!("{other}: no such kind of vector"),
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identity")
}

fn vectors() -> Vec<Vector> {
    let text = fs::read_to_string(fixtures().join("path-vectors.tsv")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let [path, runtime, kind, id, pod, _hierarchy, _source] = line
                .split('\t')
                .map(str::to_owned)
                .collect::<Vec<_>>()
                .try_into()
                .unwrap_or_else(|_| panic!("{line}: not seven columns"));
            Vector { path, runtime, kind, id, pod }
        })
        .collect()
}

fn identity(path: &str) -> Identity {
    let place = path.split('/').fold(Place::root(), |place, segment| place.child(segment));
    Identity::clone(&place.identity)
}

#[test]
fn every_vector_is_read_as_far_as_its_path_goes() {
    for vector in vectors() {
        let path = &vector.path;
        if NOT_IN_THE_PATH.iter().any(|(unknown, ..)| path == unknown) {
            continue;
        }
        let identity = identity(path);
        assert_eq!((identity.kind, identity.role), kind_and_role(&vector), "kind and role of {path}");
        assert_eq!(identity.pod_id.as_deref(), (vector.pod != "-").then_some(vector.pod.as_str()), "pod of {path}");
        if vector.kind == "inner-unit" {
            assert_eq!(identity.name.as_ref(), vector.id, "name of {path}");
            continue;
        }
        assert_eq!(identity.runtime.as_deref(), runtime(&vector.runtime), "runtime of {path}");
        match (identity.id.as_deref(), vector.id.as_str()) {
            (None, "-") => {}
            (Some(id), expected) => assert_eq!(id, expected, "id of {path}"),
            (None, expected) => assert_eq!(identity.name.as_ref(), expected, "name of {path}"),
        }
    }
}

#[test]
fn what_the_path_cannot_tell_is_not_guessed() {
    for (path, kind, runtime, id) in NOT_IN_THE_PATH {
        assert!(vectors().iter().any(|vector| vector.path == *path), "{path} is no vector");
        let identity = identity(path);
        assert_eq!((identity.kind, identity.role), (*kind, Role::Outermost), "{path}");
        assert_eq!((identity.runtime.as_deref(), identity.id.as_deref()), (*runtime, *id), "{path}");
    }
}

/// A tree as it was listed on a host, with what each directory is.
fn annotated(tree: &str) -> String {
    let text = fs::read_to_string(fixtures().join("trees").join(tree)).unwrap();
    let mut lines = vec![format!("{:<10} {:<10} {:<11} name", "kind", "role", "runtime")];
    for path in text.lines() {
        let Identity { kind, role, runtime, name, .. } = identity(path);
        let indent = "  ".repeat(path.matches('/').count() - 1);
        let runtime = runtime.as_deref().unwrap_or("-");
        lines.push(format!("{:<10} {:<10} {runtime:<11} {indent}{name}", kind.name(), format!("{role:?}")));
    }
    lines.join("\n")
}

#[test]
fn trees_of_real_hosts_are_read_whole() {
    insta::assert_snapshot!("docker", annotated("docker-cgroupfs-v1.txt"));
    insta::assert_snapshot!("podman", annotated("podman-cgroupfs-v1.txt"));
    insta::assert_snapshot!("containerd", annotated("containerd-cri-cgroupfs-v1.txt"));
    insta::assert_snapshot!("lxc", annotated("lxc-v1.txt"));
    insta::assert_snapshot!("lxd", annotated("lxd-v1.txt"));
    insta::assert_snapshot!("nested_systemd", annotated("nested-systemd-v1.txt"));
    insta::assert_snapshot!("systemd_v2", annotated("vm-systemd-v2.txt"));
}

/// Segments of the vectors, whole and cut anywhere, and any text at all.
fn segment() -> impl Strategy<Value = String> {
    let known: Vec<String> =
        vectors().iter().flat_map(|vector| vector.path.split('/').map(str::to_owned).collect::<Vec<_>>()).collect();
    let cut = (proptest::sample::select(known.clone()), any::<proptest::sample::Index>(), ".{0,3}")
        .prop_map(|(segment, at, tail)| format!("{}{tail}", segment.get(..at.index(segment.len() + 1)).unwrap_or("")));
    prop_oneof![proptest::sample::select(known), cut, any::<String>(), r"(\\x[0-9a-f]{2}|\\|x|[-.:@_]|é){0,12}"]
}

proptest! {
    #[test]
    fn no_path_panics_and_every_cgroup_has_a_name(segments in proptest::collection::vec(segment(), 0..8)) {
        let mut place = Place::root();
        for segment in &segments {
            place = place.child(segment);
            prop_assert!(!place.identity.name.is_empty());
        }
    }
}
