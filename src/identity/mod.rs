//! Which cgroup is whose container, as far as its path tells.
//!
//! A path is read directory by directory from the root of the hierarchy, and is never anchored there: a
//! runtime may itself run in a container, so its cgroups may hang anywhere. The last identity wins; a nested
//! container is a container of its own, and what is not recognised within one is a part of it.
//!
//! `rules` holds the table to which runtimes are added, `grammar` the few patterns that no line of a table
//! can say, and `shape` what ids look like.
//!
//! The path must not guess: where it does not tell (a container with a free name in a free directory, LXD as
//! opposed to LXC), the answer is the plain cgroup or the plain runtime. `state` finds the names that people gave
//! (`shop-db-1`), which the runtimes alone know, and `facts` is what it hands back to [`Place::known_as`].
//! Only `state` touches files and processes; nothing asks a daemon.
//!
//! Segments are text from containers: they are kept as they are, and made visible where they are drawn.

pub mod facts;
pub mod state;

mod grammar;
mod rules;
mod shape;

use std::sync::Arc;

use crate::snapshot::{Declared, Identity, Kind, Missing, Role};
use facts::Facts;
use grammar::Found;
use rules::Home;

/// A cgroup's identity, and what the identities of those below it depend on.
#[derive(Clone, Debug)]
pub struct Place {
    /// What the cgroup is.
    pub identity: Arc<Identity>,
    /// The directory that gives meaning to the names in it: this one, or one above within the same container.
    home: Option<Home>,
}

impl Place {
    /// The root of the hierarchy.
    pub fn root() -> Self {
        Self { identity: Arc::new(Identity::plain(Kind::Cgroup, "/")), home: None }
    }

    /// The directory `segment` in this one. An empty segment leads nowhere.
    #[must_use]
    pub fn child(&self, segment: &str) -> Self {
        if segment.is_empty() {
            return self.clone();
        }
        let identity = self
            .structural_part(segment)
            .or_else(|| self.recognised(segment))
            .or_else(|| self.other_part(segment))
            .unwrap_or_else(|| self.plain(segment));
        Self { home: self.home_below(segment, &identity), identity: Arc::new(identity) }
    }

    /// A directory that the runtime makes in each of its containers.
    fn structural_part(&self, segment: &str) -> Option<Identity> {
        if self.identity.role != Role::Outermost || !self.is_workload() {
            return None;
        }
        let role = rules::part(segment, self.identity.runtime.as_deref())?;
        Some(self.part(segment, role))
    }

    /// Something of its own. The units of an operating system in a container are not.
    fn recognised(&self, segment: &str) -> Option<Identity> {
        let text = shape::unescaped(segment);
        let (slice, unit) = grammar::split_systemd_path(&text);
        let mut found =
            grammar::read(&unit, self.home).filter(|found| found.kind != Kind::Scope || !self.has_parts())?;
        if self.is_kata_overhead() {
            (found.role, found.runtime) = (Role::Helper, self.identity.runtime.as_deref());
        }
        let pod_id = match found.kind {
            Kind::Pod => found.id.as_deref().map(Arc::from),
            _ => grammar::pod_of_slice(slice).map(Arc::from).or_else(|| self.identity.pod_id.clone()),
        };
        let mut identity = identify(&found, segment, pod_id);
        if self.identity.pod.is_ok() && self.identity.pod_id == identity.pod_id {
            identity.pod.clone_from(&self.identity.pod);
            identity.namespace.clone_from(&self.identity.namespace);
        }
        Some(identity)
    }

    /// Anything else within a container or a helper.
    fn other_part(&self, segment: &str) -> Option<Identity> {
        let role = if self.identity.role == Role::Helper { Role::Helper } else { Role::Inner };
        self.has_parts().then(|| self.part(segment, role))
    }

    /// A unit or a group that belongs to no container.
    fn plain(&self, segment: &str) -> Identity {
        let plain = Identity::plain(grammar::kind_of_unit(segment), segment);
        Identity { pod: self.identity.pod.clone(), pod_id: self.identity.pod_id.clone(), ..plain }
    }

    /// The same place, with what a runtime's state tells of it.
    #[must_use]
    pub fn known_as(&self, facts: &Facts) -> Self {
        Self { identity: Arc::new(facts.complete(&self.identity)), home: self.home }
    }

    fn part(&self, segment: &str, role: Role) -> Identity {
        let whole = self.identity.within.clone().unwrap_or_else(|| self.identity.label().into());
        let within = (role != Role::Helper).then_some(whole);
        Identity { role, name: Arc::from(segment), unnamed: None, within, ..Identity::clone(&self.identity) }
    }

    fn is_workload(&self) -> bool {
        matches!(self.identity.kind, Kind::Container | Kind::Vm)
    }

    fn has_parts(&self) -> bool {
        self.is_workload() || self.identity.role == Role::Helper
    }

    /// Kata mirrors the tree of pods for what runs beside its virtual machines: nothing in there is a pod.
    fn is_kata_overhead(&self) -> bool {
        self.identity.role == Role::Helper && self.identity.runtime.as_deref() == Some(rules::KATA)
    }

    fn home_below(&self, segment: &str, identity: &Identity) -> Option<Home> {
        if identity.role == Role::Outermost && matches!(identity.kind, Kind::Container | Kind::Pod | Kind::Vm) {
            return None;
        }
        rules::home(segment).or_else(|| self.home.map(Home::deeper))
    }
}

/// What a path alone says.
pub fn of_path(path: &str) -> Arc<Identity> {
    path.split('/').fold(Place::root(), |place, segment| place.child(segment)).identity
}

/// What an id of OpenVZ's beancounters says.
pub fn of_openvz(id: &str) -> Identity {
    let container =
        Found { kind: Kind::Container, role: Role::Outermost, runtime: Some("openvz"), id: Some(id.into()) };
    let netns = Err(Missing::NotInBeancounters);
    Identity { unnamed: Some(Missing::NotRead), netns, ..identify(&container, id, None) }
}

fn identify(found: &Found<'_>, segment: &str, pod_id: Option<Arc<str>>) -> Identity {
    let id = found.id.as_deref().filter(|_| found.role != Role::Helper);
    let name = id.map_or(segment, |id| grammar::short_name(found.kind, id));
    let pod = Err(if pod_id.is_some() { Missing::NotRead } else { Missing::NoPod });
    Identity {
        role: found.role,
        runtime: found.runtime.map(Arc::from),
        id: found.id.as_deref().map(Arc::from),
        // A shortened id is none that people gave.
        unnamed: id.filter(|id| *id != name).map(|_| Missing::NotRead),
        image: Err(Missing::NotRead),
        pod,
        pod_id,
        namespace: Err(Missing::NotRead),
        netns: Err(if found.role == Role::Helper { Missing::NoContainer } else { Missing::NotRead }),
        declared: Declared { limit: Err(Missing::NotRead), swap_limit: Err(Missing::NotRead) },
        ..Identity::plain(found.kind, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4a47344137d30b0435d3ed54b163b60e9b072114f991145e5496b04a9ebc905d";

    fn identity(path: &str) -> Identity {
        let place = path.split('/').fold(Place::root(), |place, segment| place.child(segment));
        Identity::clone(&place.identity)
    }

    fn what(path: &str) -> (Kind, Role) {
        let identity = identity(&path.replace("ID", ID));
        (identity.kind, identity.role)
    }

    #[test]
    fn an_id_within_the_name_of_another_unit_makes_no_container() {
        let plain = (Kind::Cgroup, Role::Outermost);
        assert_eq!(what("/system.slice/run-docker-containerd-ID.mount"), plain);
        assert_eq!(what("/system.slice/docker-ID.scope.d"), plain);
        assert_eq!(what("/docker/0ID"), plain);
        assert_eq!(what("/system.slice/bpm-postgres.service"), (Kind::Service, Role::Outermost));
    }

    #[test]
    fn the_last_identity_wins_wherever_it_hangs() {
        assert_eq!(identity(&format!("/docker/{ID}/docker/{ID}")).runtime.as_deref(), Some("docker"));
        assert_eq!(what("/docker/ID/docker"), (Kind::Container, Role::Inner));
        assert_eq!(what("/docker/ID/docker/ID"), (Kind::Container, Role::Outermost));
        assert_eq!(what("/lxc.payload.a/lxc/b/payload"), (Kind::Container, Role::Trunk));
        assert_eq!(what("/docker/ID/app.slice/app-flatpak-a-1.scope"), (Kind::Container, Role::Inner));
        assert_eq!(what("/docker/ID/system.slice/quad.service/runtime"), (Kind::Cgroup, Role::Helper));
    }

    #[test]
    fn a_container_named_like_a_directory_of_a_runtime_is_not_one() {
        assert_eq!(what("/lxc/lxc/init.scope"), (Kind::Container, Role::Inner));
        assert_eq!(what("/lxc/lxc/ns"), (Kind::Container, Role::Trunk));
    }

    #[test]
    fn only_the_runtime_that_makes_a_part_has_it() {
        assert_eq!(what("/docker/ID/container"), (Kind::Container, Role::Trunk));
        assert_eq!(what("/docker/ID/payload"), (Kind::Container, Role::Inner));
        assert_eq!(what("/docker/ID/container/container"), (Kind::Container, Role::Inner));
        assert_eq!(what("/container"), (Kind::Cgroup, Role::Outermost));
    }

    #[test]
    fn a_deep_home_ends_where_a_container_begins() {
        let task = "6a1f2b3c-1111-4222-8333-abcdefabcdef.db";
        assert_eq!(identity(&format!("/nomad/{task}/{task}")).role, Role::Inner);
        assert_eq!(identity(&format!("/nomad.slice/reserve.slice/{task}.scope")).name.as_ref(), "db");
        assert_eq!(identity(&format!("/{task}.scope")).kind, Kind::Scope);
    }

    #[test]
    fn what_runs_beside_katas_machines_is_neither_pod_nor_container() {
        let pod = "/kata_overhead/kubepods/pod6a1f2b3c-1111-4222-8333-abcdefabcdef";
        assert_eq!(what("/kata_overhead"), (Kind::Cgroup, Role::Helper));
        assert_eq!(what(pod), (Kind::Pod, Role::Helper));
        assert_eq!(what(&format!("{pod}/ID/docker/ID/x")), (Kind::Container, Role::Helper));
    }

    #[test]
    fn what_the_prefix_names_is_the_runtime() {
        let runtime = |prefix: &str| identity(&format!("/system.slice/{prefix}-{ID}.scope")).runtime;
        assert_eq!(runtime("libpod").as_deref(), Some("podman"));
        assert_eq!(runtime("cri-containerd").as_deref(), Some("containerd"));
        assert_eq!(runtime("crio").as_deref(), Some("cri-o"));
        assert_eq!(runtime("my_runtime-2").as_deref(), Some("my_runtime-2"));
        assert_eq!(runtime("\u{1b}[31m"), None);
    }

    #[test]
    fn names_are_short_and_parts_keep_their_own() {
        let name = |path: &str| identity(&path.replace("ID", ID)).name;
        assert_eq!(name("").as_ref(), "/");
        assert_eq!(name("//docker/").as_ref(), "docker");
        assert_eq!(name("/docker/ID").as_ref(), "4a47344137d3");
        assert_eq!(name("/docker/ID/system.slice/a\\x2db.service").as_ref(), "a\\x2db.service");
        assert_eq!(name("/machine.slice/machine-a\\x2db.scope").as_ref(), "a-b");
        assert_eq!(name("/kubepods/pod6a1f2b3c-1111-4222-8333-abcdefabcdef").as_ref(), "6a1f2b3c");
        assert_eq!(name("/libpod_parent/ID").as_ref(), "4a47344137d3");
        assert_eq!(name("/libpod_parent/libpod-conmon-ID"), format!("libpod-conmon-{ID}").into());
    }

    #[test]
    fn a_part_is_called_after_what_it_is_a_part_of() {
        let label = |path: &str| identity(&path.replace("ID", ID)).label().into_owned();
        assert_eq!(label("/docker/ID/system.slice/a.service"), "4a47344137d3/a.service");
        assert_eq!(label("/lxc/web/ns/init.scope"), "web/init.scope");
        assert_eq!(label("/libpod_parent/libpod-conmon-ID"), format!("libpod-conmon-{ID}"));
    }

    #[test]
    fn a_pod_reaches_down_to_all_within() {
        let pod = |path: &str| identity(&path.replace("ID", ID)).pod_id;
        let uid = Some("6a1f2b3c-1111-4222-8333-abcdefabcdef".into());
        let slice = "/kubepods.slice/kubepods-pod6a1f2b3c_1111_4222_8333_abcdefabcdef.slice";
        assert_eq!(pod(slice), uid);
        assert_eq!(pod(&format!("{slice}/crio-ID.scope/container/x")), uid);
        assert_eq!(pod(&format!("{slice}/docker-ID.scope/docker/ID")), uid);
        assert_eq!(pod(&format!("{slice}:crio:ID")), uid);
        assert_eq!(pod("/libpod_parent/ID/conmon"), Some(ID.into()));
    }
}
