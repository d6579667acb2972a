//! State that is written as lines: LXC's and Proxmox' configuration, Virtuozzo's, systemd's machines, the kubelet's
//! directories of logs.
//!
//! Pure: text in, facts out.

use crate::identity::facts::Facts;
use crate::units::{self, Limit};

/// The value of a key in lines of `key = value`, `key: value` or `KEY="value"`; the last one counts.
pub(super) fn value<'a>(text: &'a str, key: &str, sign: char) -> Option<&'a str> {
    let lines = text.lines().rev().filter_map(|line| line.trim().split_once(sign));
    let mut values = lines.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().trim_matches('"'));
    values.next().filter(|value| !value.is_empty())
}

/// LXC's `config`: the declared limits. LXC and LXD write sizes with a unit or without.
pub(super) fn lxc_limits(text: &str) -> Facts {
    let size = |keys: [&str; 2]| keys.iter().find_map(|key| value(text, key, '=')).map(limit);
    let memory = size(["lxc.cgroup2.memory.max", "lxc.cgroup.memory.limit_in_bytes"]);
    let swap = value(text, "lxc.cgroup2.memory.swap.max", '=').map(limit);
    let both = value(text, "lxc.cgroup.memory.memsw.limit_in_bytes", '=').map(limit);
    let beside = both.zip(memory.flatten()).and_then(|(both, memory)| super::oci::beside(memory, both?));
    Facts {
        limit: Some(memory.map_or(Some(Limit::Unlimited), |limit| limit)).flatten(),
        swap_limit: swap.flatten().or(beside),
        ..Facts::default()
    }
}

/// A limit as it is written into a kernel file; `None` where it is a share or nonsense.
fn limit(text: &str) -> Option<Limit> {
    match text {
        "max" | "-1" => Some(Limit::Unlimited),
        text => units::parse_size(text).ok().map(Limit::Bytes),
    }
}

/// The kubelet's directory of a pod's logs, `NAMESPACE_POD_UID`.
pub(super) fn pod_of_log_directory(name: &str, uid: &str) -> Option<Facts> {
    let (namespace, pod) = name.strip_suffix(uid)?.strip_suffix('_')?.split_once('_')?;
    Some(Facts { namespace: Some(namespace.into()), pod: Some(pod.into()), ..Facts::default() })
}

/// The kubelet's link to a container's log, `POD_NAMESPACE_CONTAINER-ID.log`.
pub(super) fn container_of_log(name: &str, id: &str) -> Option<Facts> {
    let rest = name.strip_suffix(".log")?.strip_suffix(id)?.strip_suffix('-')?;
    let mut parts = rest.splitn(3, '_');
    let (pod, namespace, container) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Facts {
        pod: Some(pod.into()),
        namespace: Some(namespace.into()),
        name: Some(container.into()),
        ..Facts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_every_style() {
        let text = "# comment\nlxc.uts.name = a\nlxc.uts.name=b\nhostname: mail\nNAME=\"ct one\"\nempty =\n";
        assert_eq!(value(text, "lxc.uts.name", '='), Some("b"));
        assert_eq!(value(text, "hostname", ':'), Some("mail"));
        assert_eq!(value(text, "NAME", '='), Some("ct one"));
        assert_eq!(value(text, "empty", '='), None);
        assert_eq!(value("\u{0}\u{7f}", "x", '='), None);
    }

    #[test]
    fn limits_of_lxc_are_understood() {
        let limits = |text: &str| (lxc_limits(text).limit, lxc_limits(text).swap_limit);
        assert_eq!(limits("lxc.cgroup.memory.limit_in_bytes = 64M"), (Some(Limit::Bytes(64 << 20)), None));
        assert_eq!(
            limits("lxc.cgroup2.memory.max = 100\nlxc.cgroup2.memory.swap.max = 0"),
            (Some(Limit::Bytes(100)), Some(Limit::Bytes(0)))
        );
        assert_eq!(
            limits("lxc.cgroup.memory.limit_in_bytes = 100\nlxc.cgroup.memory.memsw.limit_in_bytes = 150"),
            (Some(Limit::Bytes(100)), Some(Limit::Bytes(50)))
        );
        assert_eq!(limits("lxc.cgroup2.memory.max = half"), (None, None));
        assert_eq!(limits(""), (Some(Limit::Unlimited), None));
    }

    #[test]
    fn names_of_logs_say_whose_they_are() {
        let uid = "6a1f2b3c-1111-4222-8333-abcdefabcdef";
        let facts = pod_of_log_directory(&format!("shop_web-7d9_{uid}"), uid).unwrap();
        assert_eq!((facts.namespace.as_deref(), facts.pod.as_deref()), (Some("shop"), Some("web-7d9")));
        assert_eq!(pod_of_log_directory("shop_web", uid), None);
        let facts = container_of_log("web-7d9_shop_app-78ec.log", "78ec").unwrap();
        assert_eq!((facts.name.as_deref(), facts.pod.as_deref()), (Some("app"), Some("web-7d9")));
        assert_eq!(container_of_log("web_app-78ec.log", "78ec"), None);
    }
}
