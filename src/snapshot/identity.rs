//! What a cgroup is, and what people call it.
//!
//! Must not find anything out: that is [`crate::identity`].

use std::borrow::Cow;
use std::sync::Arc;

use super::{Missing, Reading};
use crate::units::Limit;

/// What a cgroup is: what its path says, and what its runtime's state adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What kind of row it makes.
    pub kind: Kind,
    /// Its part in the row that it belongs to.
    pub role: Role,
    /// Who made it: `docker`, `podman`, `lxc`, ….
    pub runtime: Option<Arc<str>>,
    /// The runtime's own id: 64 hexadecimal digits, or a name for runtimes that have no other id.
    pub id: Option<Arc<str>>,
    /// What its owner calls it; else the shortened id, the unit, or the last part of the path.
    pub name: Arc<str>,
    /// What the container is called that it is a part of; `None` for what is no part.
    pub within: Option<Arc<str>>,
    /// Why `name` is only a shortened id; `None` where it is a name.
    pub unnamed: Option<Missing>,
    /// The image that it was made from, as its owner wrote it.
    pub image: Reading<Arc<str>>,
    /// The name of its pod.
    pub pod: Reading<Arc<str>>,
    /// The pod's id: the kubelet's uid, or podman's pod id.
    pub pod_id: Option<Arc<str>>,
    /// The namespace of its pod or of its runtime: Kubernetes', containerd's, an LXD project.
    pub namespace: Reading<Arc<str>>,
    /// What its first process runs, as the kernel calls it; `None` where there is none or it was not looked for.
    pub command: Option<Arc<str>>,
    /// The network namespace of its first process: the inode of `/proc/PID/ns/net`.
    pub netns: Reading,
    /// Whether it only holds a pod together (`pause`, `catatonit`); where the runtime is a virtual machine it is all of it.
    pub sandbox: bool,
    /// The limits that its runtime's configuration asks for.
    pub declared: Declared,
}

/// What a runtime's configuration asks for; the kernel may enforce something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The memory limit. Bytes.
    pub limit: Reading<Limit>,
    /// How much swap it may use. Bytes.
    pub swap_limit: Reading<Limit>,
}

impl Identity {
    /// Something that no runtime knows.
    pub fn plain(kind: Kind, name: &str) -> Self {
        Self {
            kind,
            role: Role::Outermost,
            runtime: None,
            id: None,
            name: name.into(),
            within: None,
            unnamed: None,
            image: Err(Missing::NoContainer),
            pod: Err(Missing::NoPod),
            pod_id: None,
            namespace: Err(Missing::NoContainer),
            command: None,
            netns: Err(Missing::NoContainer),
            sandbox: false,
            declared: Declared { limit: Err(Missing::NoContainer), swap_limit: Err(Missing::NoContainer) },
        }
    }

    /// What to call it where it stands alone: `pod/name` in a pod, `namespace/name` for a pod, `container/name` for a
    /// part of one, `id (command)` where no name is known.
    pub fn label(&self) -> Cow<'_, str> {
        let name = &self.name;
        if let Some(within) = &self.within {
            return Cow::Owned(format!("{within}/{name}"));
        }
        match (self.kind, &self.pod, &self.namespace, &self.command) {
            (Kind::Container, Ok(pod), ..) if self.role == Role::Outermost => Cow::Owned(format!("{pod}/{name}")),
            (Kind::Pod, Ok(_), Ok(namespace), _) => Cow::Owned(format!("{namespace}/{name}")),
            (.., Some(command)) if self.unnamed.is_some() => Cow::Owned(format!("{name} ({command})")),
            _ => Cow::Borrowed(name),
        }
    }
}

/// What kind of thing a cgroup was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A container.
    Container,
    /// A pod: a parent of containers with a limit of its own.
    Pod,
    /// A virtual machine.
    Vm,
    /// A systemd service.
    Service,
    /// A systemd scope.
    Scope,
    /// A systemd slice.
    Slice,
    /// Any other cgroup.
    Cgroup,
    /// No cgroup: the sum of several rows.
    Sum,
}

impl Kind {
    /// The name in the JSON and in filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Pod => "pod",
            Self::Vm => "vm",
            Self::Service => "service",
            Self::Scope => "scope",
            Self::Slice => "slice",
            Self::Cgroup => "cgroup",
            Self::Sum => "sum",
        }
    }
}

/// A cgroup's part in the group of cgroups that makes one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The outermost cgroup of what it is: it makes the row.
    Outermost,
    /// The structural inner cgroup that holds the workload (`container`, `payload`, `ns`): its limits are the container's.
    Trunk,
    /// Any other cgroup inside a container: a service of a systemd inside it, `init.scope`, a child that the workload made.
    Inner,
    /// Overhead of a runtime: conmon, an LXC monitor, a supervisor.
    Helper,
}
