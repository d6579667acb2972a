//! `config.json` of an OCI bundle: what podman, CRI-O, containerd, its CRI plugin and nerdctl write into its annotations.
//!
//! Pure: bytes in, facts out.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::identity::facts::Facts;
use crate::identity::state::Malformed;
use crate::units::Limit;

/// The parts of a bundle's configuration that tell something.
#[derive(Debug)]
pub(super) struct Bundle {
    config: Value,
}

impl Bundle {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// [`Malformed`] where it is no JSON object.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let config: Value = serde_json::from_slice(bytes).map_err(|_| Malformed)?;
        if config.is_object() { Ok(Self { config }) } else { Err(Malformed) }
    }

    /// What every runtime's bundle tells.
    pub(super) fn facts(&self) -> Facts {
        let (limit, swap_limit) = self.limits();
        let any = |keys: &[&str]| keys.iter().find_map(|key| self.annotation(key)).map(Into::into);
        Facts {
            runtime: self.is_cri_o().then(|| "cri-o".into()),
            name: any(&["io.kubernetes.cri.container-name", "io.kubernetes.cri-o.ContainerName", "nerdctl/name"])
                .filter(|_| !self.is_sandbox()),
            image: any(&["io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "nerdctl/image-name"]),
            pod: any(&["io.kubernetes.cri.sandbox-name", "io.kubernetes.cri-o.KubeName"]),
            namespace: any(&[
                "io.kubernetes.cri.sandbox-namespace",
                "io.kubernetes.cri-o.Namespace",
                "nerdctl/namespace",
            ]),
            sandbox: self.is_sandbox(),
            limit,
            swap_limit,
            ..Facts::default()
        }
    }

    /// The sandbox that it runs in, where that is another container: podman's infra container.
    pub(super) fn sandbox_id(&self) -> Option<&str> {
        self.annotation("io.kubernetes.cri-o.SandboxID")
    }

    /// The host name that it was given.
    pub(super) fn hostname(&self) -> Option<&str> {
        self.config.pointer("/hostname")?.as_str().filter(|name| !name.is_empty())
    }

    /// The last part of the cgroup that it was made with: docker's id of it.
    pub(super) fn cgroup_id(&self) -> Option<&str> {
        self.config.pointer("/linux/cgroupsPath")?.as_str()?.rsplit(['/', ':']).next().filter(|id| !id.is_empty())
    }

    /// docker's directory of this container: where the files are that it mounts into each.
    pub(super) fn docker_directory(&self) -> Option<PathBuf> {
        let mounts = self.config.pointer("/mounts")?.as_array()?;
        let sources = mounts.iter().filter_map(|mount| mount.get("source")?.as_str());
        let file = |source: &&str| {
            source.ends_with("/hostname") || source.ends_with("/resolv.conf") || source.ends_with("/hosts")
        };
        let directory = sources.filter(file).find_map(|source| Path::new(source).parent())?;
        (directory.parent()?.file_name()? == "containers").then(|| directory.to_owned())
    }

    fn is_sandbox(&self) -> bool {
        ["io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"]
            .iter()
            .any(|key| self.annotation(key) == Some("sandbox"))
    }

    fn is_cri_o(&self) -> bool {
        self.annotation("io.container.manager") == Some("cri-o")
    }

    /// Annotations with a slash in their key are no JSON pointers.
    fn annotation(&self, key: &str) -> Option<&str> {
        self.config.get("annotations")?.get(key)?.as_str().filter(|value| !value.is_empty())
    }

    /// The memory limit, and the swap that `swap`, memory and swap together, leaves beside it.
    fn limits(&self) -> (Option<Limit>, Option<Limit>) {
        let number = |key: &str| self.config.pointer(&format!("/linux/resources/memory/{key}"))?.as_i64();
        let limit = declared(number("limit"));
        let swap = number("swap").filter(|swap| *swap != 0).map(|swap| declared(Some(swap)));
        (Some(limit), swap.and_then(|both| beside(limit, both)))
    }
}

/// A limit as runtimes write it: 0, -1 and nothing at all are unlimited.
pub(super) fn declared(bytes: Option<i64>) -> Limit {
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0).map_or(Limit::Unlimited, Limit::Bytes)
}

/// The swap that a limit of memory and swap together leaves beside that of memory.
pub(super) fn beside(limit: Limit, both: Limit) -> Option<Limit> {
    match (limit, both) {
        (_, Limit::Unlimited) => Some(Limit::Unlimited),
        (Limit::Bytes(limit), Limit::Bytes(both)) => Some(Limit::Bytes(both.saturating_sub(limit))),
        (Limit::Unlimited, Limit::Bytes(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(json: &str) -> Bundle {
        Bundle::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn the_words_of_each_runtime_are_understood() {
        let cri = bundle(
            r#"{"annotations": {"io.kubernetes.cri.container-name": "nginx", "io.kubernetes.cri.container-type": "container",
            "io.kubernetes.cri.image-name": "bb:1", "io.kubernetes.cri.sandbox-name": "web-1", "io.kubernetes.cri.sandbox-namespace": "shop"},
            "linux": {"resources": {"memory": {"limit": 67108864, "swap": 67108864}}}}"#,
        )
        .facts();
        assert_eq!(
            (cri.name.as_deref(), cri.pod.as_deref(), cri.namespace.as_deref()),
            (Some("nginx"), Some("web-1"), Some("shop"))
        );
        assert_eq!((cri.limit, cri.swap_limit), (Some(Limit::Bytes(64 << 20)), Some(Limit::Bytes(0))));
        let sandbox = bundle(r#"{"annotations": {"io.kubernetes.cri.container-type": "sandbox"}}"#).facts();
        assert!(sandbox.sandbox && sandbox.name.is_none() && sandbox.limit == Some(Limit::Unlimited));
        let crio = bundle(
            r#"{"annotations": {"io.container.manager": "cri-o", "io.kubernetes.cri-o.ContainerName": "c", "io.kubernetes.cri-o.KubeName": "p"}}"#,
        )
        .facts();
        assert_eq!(
            (crio.runtime.as_deref(), crio.name.as_deref(), crio.pod.as_deref()),
            (Some("cri-o"), Some("c"), Some("p"))
        );
    }

    #[test]
    fn docker_gives_its_directory_away() {
        let id = "/data/docker/containers/4a47";
        let mounted = bundle(&format!(r#"{{"mounts": [{{"source": "proc"}}, {{"source": "{id}/resolv.conf"}}]}}"#));
        assert_eq!(mounted.docker_directory(), Some(id.into()));
        let elsewhere = bundle(
            r#"{"mounts": [{"source": "/etc/resolv.conf"}, {"source": 7}], "linux": {"cgroupsPath": "a.slice:docker:4a47"}}"#,
        );
        assert_eq!((elsewhere.docker_directory(), elsewhere.cgroup_id()), (None, Some("4a47")));
    }

    #[test]
    fn what_is_no_bundle_is_said_to_be_none() {
        for text in ["", "[]", "{", "null", "\"x\""] {
            assert!(Bundle::parse(text.as_bytes()).is_err(), "{text}");
        }
        let odd = bundle(r#"{"annotations": [], "linux": 7, "hostname": ["x"], "mounts": {}}"#);
        assert_eq!((odd.facts().name, odd.hostname(), odd.docker_directory()), (None, None, None));
    }
}
