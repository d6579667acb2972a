//! What a runtime's state tells of a container, and how it completes what the path says.
//!
//! Must not read anything.

use std::sync::Arc;

use crate::snapshot::{Declared, Identity, Kind, Missing, Reading, Role};
use crate::units::Limit;

/// What one source or several tell. What they do not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    /// Who made it, where the path does not tell or tells less.
    pub runtime: Option<Arc<str>>,
    /// The runtime's id of it.
    pub id: Option<Arc<str>>,
    /// What its owner calls it.
    pub name: Option<Arc<str>>,
    /// The image that it was made from.
    pub image: Option<Arc<str>>,
    /// The name of its pod.
    pub pod: Option<Arc<str>>,
    /// The namespace of its pod or runtime.
    pub namespace: Option<Arc<str>>,
    /// What its first process runs.
    pub command: Option<Arc<str>>,
    /// The network namespace of its first process, or why that is not known.
    pub netns: Option<Reading>,
    /// It only holds a pod together.
    pub sandbox: bool,
    /// The memory limit that its configuration asks for.
    pub limit: Option<Limit>,
    /// How much swap its configuration grants.
    pub swap_limit: Option<Limit>,
    /// A runtime runs it, whatever its path looks like.
    pub is_container: bool,
    /// Why there is not more.
    pub shortfall: Option<Missing>,
}

impl Facts {
    /// These, completed by `others` where they are silent.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            runtime: self.runtime.or(others.runtime),
            id: self.id.or(others.id),
            name: self.name.or(others.name),
            image: self.image.or(others.image),
            pod: self.pod.or(others.pod),
            namespace: self.namespace.or(others.namespace),
            command: self.command.or(others.command),
            netns: self.netns.or(others.netns),
            sandbox: self.sandbox || others.sandbox,
            limit: self.limit.or(others.limit),
            swap_limit: self.swap_limit.or(others.swap_limit),
            is_container: self.is_container || others.is_container,
            shortfall: self.shortfall.or(others.shortfall),
        }
    }

    /// `path`, what a cgroup's path says of it, completed.
    pub fn complete(&self, path: &Identity) -> Identity {
        let mut identity = path.clone();
        // Parts are known as what they belong to.
        if identity.role != Role::Outermost {
            return identity;
        }
        identity.netns = self.netns.unwrap_or(identity.netns);
        if self.is_container && identity.kind == Kind::Cgroup {
            identity.kind = Kind::Container;
        }
        if matches!(identity.kind, Kind::Container | Kind::Vm | Kind::Pod) {
            self.name_it(&mut identity);
        }
        identity
    }

    fn name_it(&self, identity: &mut Identity) {
        let silent = self.shortfall.unwrap_or(Missing::NotOnDisk);
        let told = |value: &Option<Arc<str>>, silent| value.clone().ok_or(silent);
        if let Some(name) = &self.name {
            identity.name = Arc::clone(name);
            identity.unnamed = None;
        } else if identity.unnamed.is_some() {
            identity.unnamed = Some(silent);
        }
        identity.runtime = self.runtime.clone().or(identity.runtime.take());
        identity.id = self.id.clone().or(identity.id.take());
        identity.image = told(&self.image, silent);
        // What is in a named pod knows these from it.
        identity.namespace = told(&self.namespace, silent).or_else(|silent| identity.namespace.clone().or(Err(silent)));
        identity.pod = match (&self.pod, &identity.pod_id) {
            (Some(pod), _) => Ok(Arc::clone(pod)),
            (None, Some(_)) => identity.pod.clone().or(Err(silent)),
            (None, None) => Err(Missing::NoPod),
        };
        identity.command.clone_from(&self.command);
        identity.sandbox = self.sandbox;
        identity.declared = Declared { limit: self.limit.ok_or(silent), swap_limit: self.swap_limit.ok_or(silent) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Place;

    #[test]
    fn a_runtime_makes_a_container_of_a_plain_cgroup_but_of_no_service() {
        let facts = Facts { is_container: true, name: Some("my-ctr-1".into()), ..Facts::default() };
        let place = Place::root().child("default").child("my-ctr-1");
        assert_eq!(facts.complete(&place.identity).kind, Kind::Container);
        let service = Place::root().child("system.slice").child("a.service");
        assert_eq!(facts.complete(&service.identity), *service.identity);
    }

    #[test]
    fn what_nobody_tells_says_why() {
        let id = "4a47344137d30b0435d3ed54b163b60e9b072114f991145e5496b04a9ebc905d";
        let place = Place::root().child("docker").child(id);
        let facts = Facts { shortfall: Some(Missing::Permission), ..Facts::default() };
        let identity = facts.complete(&place.identity);
        assert_eq!((identity.unnamed, &*identity.name), (Some(Missing::Permission), "4a47344137d3"));
        assert_eq!(identity.image, Err(Missing::Permission));
        assert_eq!(identity.pod, Err(Missing::NoPod));
    }
}
