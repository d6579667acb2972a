//! The table of names: a line for each way in which a runtime names its cgroups.
//!
//! To teach memcgtop a runtime, add a line to [`RULES`] (or to [`PREFIXES`], if its names are
//! `<prefix>-<64 hexadecimal digits>`) and a row to `tests/fixtures/identity/path-vectors.tsv`.

use Id::{
    Any, Build, Digits, DottedNameAndUuid, Hex, Hex32AndNumber, Hex64, NameAndNumber, Nothing, NumberedName, ShortUuid,
    Uuid, UuidAndName, Word,
};
use Within::{Anywhere, Below, In};

use super::shape::Id;
use crate::snapshot::{Kind, Role};

/// One way to name a cgroup: where, text before the id, the id, one of the texts after it, and what that makes.
struct Rule(Within, &'static str, Id, &'static [&'static str], Makes);

/// Where a rule holds. A name that starts with a dot stands for every directory that ends so.
#[derive(Clone, Copy)]
enum Within {
    Anywhere,
    /// Directly in the directory of this name.
    In(&'static str),
    /// Anywhere below the directory of this name, up to the next container or the next such directory.
    Below(&'static str),
}

/// What a rule makes of a cgroup.
#[derive(Clone, Copy)]
pub(super) struct Makes {
    pub(super) kind: Kind,
    pub(super) role: Role,
    pub(super) runtime: Option<&'static str>,
}

const BARE: &[&str] = &[""];
const SCOPE: &[&str] = &[".scope"];
const SCOPE_OR_BARE: &[&str] = &[".scope", ""];
const SLICE: &[&str] = &[".slice"];
const SERVICE: &[&str] = &[".service"];

/// The runtime whose overhead is a tree of its own.
pub(super) const KATA: &str = "kata";

/// The first that fits counts.
const RULES: &[Rule] = &[
    Rule(Anywhere, "libpod-conmon-", Hex64, SCOPE_OR_BARE, helper("podman")),
    Rule(Anywhere, "crio-conmon-", Hex64, SCOPE_OR_BARE, helper("cri-o")),
    Rule(Anywhere, "conmon", Nothing, BARE, overhead("podman")),
    Rule(Anywhere, "podman-pause-", Hex, SCOPE, overhead("podman")),
    Rule(In(".service"), "runtime", Nothing, BARE, overhead("podman")),
    Rule(In(".service"), "supervisor", Nothing, BARE, anyones(Kind::Cgroup, Role::Helper)),
    Rule(Anywhere, "libpod-payload-", Hex64, BARE, container("podman")),
    Rule(Anywhere, "machine-libpod_pod_", Hex64, SLICE, pod("podman")),
    Rule(Anywhere, "user-libpod_pod_", Hex64, SLICE, pod("podman")),
    Rule(In("libpod_parent"), "", Hex64, BARE, pod("podman")),
    Rule(In("docker"), "", Hex64, BARE, container("docker")),
    Rule(In("buildkit"), "", Build, BARE, container("buildkit")),
    Rule(Anywhere, "docker-", Build, SCOPE, container("buildkit")),
    Rule(Below("ecs"), "", Hex64, BARE, container("ecs")),
    Rule(Anywhere, "", Hex32AndNumber, BARE, container("ecs")),
    Rule(Anywhere, "kata_overhead", Nothing, BARE, overhead(KATA)),
    Rule(Anywhere, "kata_", Hex64, BARE, container(KATA)),
    Rule(Anywhere, "lxc.payload.", Any, BARE, container("lxc")),
    Rule(Anywhere, "lxc.monitor.", Any, BARE, helper("lxc")),
    Rule(In("lxc"), "", Digits, BARE, container("proxmox")),
    Rule(In("lxc"), "", Any, BARE, container("lxc")),
    Rule(In("lxc.payload"), "", Digits, BARE, container("proxmox")),
    Rule(In("lxc.payload"), "", Any, BARE, container("lxc")),
    Rule(In("lxc.monitor"), "", Digits, BARE, helper("proxmox")),
    Rule(In("lxc.monitor"), "", Any, BARE, helper("lxc")),
    Rule(In("qemu.slice"), "", Digits, SCOPE, vm("proxmox")),
    Rule(Anywhere, "machine-qemu-", NumberedName, SCOPE, vm("libvirt")),
    Rule(Anywhere, "machine-lxc-", NumberedName, SCOPE, container("libvirt")),
    Rule(Anywhere, "qemu-", NumberedName, &[".libvirt-qemu"], vm("libvirt")),
    Rule(Anywhere, "lxc-", NumberedName, &[".libvirt-lxc"], container("libvirt")),
    Rule(Anywhere, "", Any, &[".libvirt-qemu"], vm("libvirt")),
    Rule(Anywhere, "", Any, &[".libvirt-lxc"], container("libvirt")),
    Rule(Anywhere, "machine-rkt-", Any, SCOPE, container("rkt")),
    Rule(Anywhere, "machine-", Any, SCOPE, container("nspawn")),
    Rule(Anywhere, "systemd-nspawn@", Any, SERVICE, container("nspawn")),
    Rule(In("machine.slice"), "", Uuid, BARE, container("openvz")),
    Rule(In("mesos"), "", Uuid, BARE, container("mesos")),
    Rule(Below("nomad"), "", UuidAndName, SCOPE_OR_BARE, container("nomad")),
    Rule(Below("nomad.slice"), "", UuidAndName, SCOPE_OR_BARE, container("nomad")),
    Rule(Anywhere, "", ShortUuid, BARE, container("garden")),
    Rule(Anywhere, "bpm-", Word, SCOPE_OR_BARE, container("bpm")),
    Rule(Anywhere, "app-flatpak-", NameAndNumber, SCOPE, scope("flatpak")),
    Rule(Anywhere, "snap.", DottedNameAndUuid, SCOPE, scope("snap")),
    Rule(Anywhere, "", Hex64, BARE, anyones(Kind::Container, Role::Outermost)),
];

/// Runtimes by the prefix of their `<prefix>-<64 hexadecimal digits>`; any other prefix stands for itself.
const PREFIXES: &[(&str, &str)] = &[("libpod", "podman"), ("crio", "cri-o"), ("cri-containerd", "containerd")];

/// Directories that runtimes make in each container of theirs; without runtimes: every one may.
const PARTS: &[(&str, &[&str], Role)] = &[
    ("container", &[], Role::Trunk),
    ("payload", &["lxc", "nspawn"], Role::Trunk),
    ("ns", &["lxc", "proxmox"], Role::Trunk),
    ("libvirt", &["libvirt"], Role::Trunk),
    ("monitor", &["lxc"], Role::Helper),
    ("supervisor", &["nspawn"], Role::Helper),
];

const fn container(runtime: &'static str) -> Makes {
    Makes { kind: Kind::Container, role: Role::Outermost, runtime: Some(runtime) }
}

const fn pod(runtime: &'static str) -> Makes {
    Makes { kind: Kind::Pod, ..container(runtime) }
}

const fn vm(runtime: &'static str) -> Makes {
    Makes { kind: Kind::Vm, ..container(runtime) }
}

const fn scope(runtime: &'static str) -> Makes {
    Makes { kind: Kind::Scope, ..container(runtime) }
}

/// What several runtimes name alike.
const fn anyones(kind: Kind, role: Role) -> Makes {
    Makes { kind, role, runtime: None }
}

/// What helps the one container whose id it carries.
const fn helper(runtime: &'static str) -> Makes {
    Makes { role: Role::Helper, ..container(runtime) }
}

/// What helps several containers, or one that it does not name.
const fn overhead(runtime: &'static str) -> Makes {
    Makes { kind: Kind::Cgroup, ..helper(runtime) }
}

/// The directory that gives meaning to the names in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    name: &'static str,
    direct: bool,
}

impl Home {
    /// The same home, seen from further down.
    pub(super) fn deeper(self) -> Self {
        Self { direct: false, ..self }
    }
}

impl Within {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Anywhere => None,
            Self::In(name) | Self::Below(name) => Some(name),
        }
    }

    fn holds(self, home: Option<Home>) -> bool {
        match self {
            Self::Anywhere => true,
            Self::In(name) => home.is_some_and(|home| home.direct && home.name == name),
            Self::Below(name) => home.is_some_and(|home| home.name == name),
        }
    }
}

impl Rule {
    /// The id in `text`, empty where the name is fixed, if the rule fits.
    fn id<'a>(&self, text: &'a str, home: Option<Home>) -> Option<&'a str> {
        let Self(within, before, id, after, _) = self;
        let rest = within.holds(home).then(|| text.strip_prefix(before))??;
        after.iter().find_map(|after| id.read(rest.strip_suffix(after)?))
    }
}

/// What `text`, in a directory with this home, makes, and the id in it: plain cgroups have none.
pub(super) fn find(text: &str, home: Option<Home>) -> Option<(Makes, Option<&str>)> {
    let (Rule(.., makes), id) = RULES.iter().find_map(|rule| Some((rule, rule.id(text, home)?)))?;
    let has_id = makes.kind != Kind::Cgroup;
    Some((*makes, has_id.then_some(id)))
}

/// The home that a directory of this name is to those in it.
pub(super) fn home(segment: &str) -> Option<Home> {
    let is_home = |name: &&str| segment == *name || (name.starts_with('.') && segment.ends_with(*name));
    RULES.iter().filter_map(|Rule(within, ..)| within.name()).find(is_home).map(|name| Home { name, direct: true })
}

/// The runtime that puts `prefix` before its ids.
pub(super) fn runtime_of_prefix(prefix: &str) -> &str {
    PREFIXES.iter().find(|(known, _)| *known == prefix).map_or(prefix, |(_, runtime)| runtime)
}

/// What the directory `segment` is to the container of `runtime` that it is directly in.
pub(super) fn part(segment: &str, runtime: Option<&str>) -> Option<Role> {
    PARTS
        .iter()
        .find(|(name, runtimes, _)| {
            segment == *name && (runtimes.is_empty() || runtime.is_some_and(|runtime| runtimes.contains(&runtime)))
        })
        .map(|(_, _, role)| *role)
}
