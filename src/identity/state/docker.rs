//! docker's files of one container: `config.v2.json` (name, image, labels) and `hostconfig.json` (limits).
//!
//! Pure: bytes in, facts out.

use serde_json::Value;

use crate::identity::facts::Facts;
use crate::identity::state::Malformed;
use crate::identity::state::oci::{beside, declared};

/// Reads `config.v2.json`.
///
/// # Errors
/// [`Malformed`] where it is no JSON object with a name.
pub(super) fn config(bytes: &[u8]) -> Result<Facts, Malformed> {
    let config: Value = serde_json::from_slice(bytes).map_err(|_| Malformed)?;
    let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = text("/Name").ok_or(Malformed)?;
    let own = Facts {
        runtime: Some("docker".into()),
        id: text("/ID").map(Into::into),
        name: Some(name.trim_start_matches('/').into()),
        image: text("/Config/Image").map(Into::into),
        is_container: true,
        ..Facts::default()
    };
    Ok(config.pointer("/Config/Labels").map(of_labels).unwrap_or_default().or(own))
}

/// What the kubelet writes into the labels of the containers that it runs under docker.
pub(super) fn of_labels(labels: &Value) -> Facts {
    let label = |key: &str| labels.get(key)?.as_str().filter(|value| !value.is_empty());
    let name = label("io.kubernetes.container.name");
    Facts {
        name: name.map(Into::into),
        pod: label("io.kubernetes.pod.name").map(Into::into),
        namespace: label("io.kubernetes.pod.namespace").map(Into::into),
        sandbox: label("io.kubernetes.docker.type") == Some("podsandbox") || name == Some("POD"),
        ..Facts::default()
    }
}

/// Reads `hostconfig.json`, which `docker update` keeps true.
///
/// # Errors
/// [`Malformed`] where it is no JSON object.
pub(super) fn host_config(bytes: &[u8]) -> Result<Facts, Malformed> {
    let config: Value = serde_json::from_slice(bytes).map_err(|_| Malformed)?;
    let limit = declared(config.as_object().ok_or(Malformed)?.get("Memory").and_then(Value::as_i64));
    let both = config.get("MemorySwap").and_then(Value::as_i64).filter(|both| *both != 0);
    Ok(Facts {
        limit: Some(limit),
        swap_limit: both.and_then(|both| beside(limit, declared(Some(both)))),
        ..Facts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Limit;

    #[test]
    fn limits_of_docker_are_understood() {
        let limits = |json: &str| host_config(json.as_bytes()).map(|facts| (facts.limit, facts.swap_limit)).unwrap();
        let bytes = |bytes| Some(Limit::Bytes(bytes));
        assert_eq!(limits(r#"{"Memory": 4096, "MemorySwap": 4096}"#), (bytes(4096), bytes(0)));
        assert_eq!(limits(r#"{"Memory": 4096, "MemorySwap": -1}"#), (bytes(4096), Some(Limit::Unlimited)));
        assert_eq!(limits(r#"{"Memory": 0, "MemorySwap": 0}"#), (Some(Limit::Unlimited), None));
        assert!(host_config(b"[]").is_err());
    }

    #[test]
    fn the_kubelet_speaks_through_labels() {
        let facts = config(
            br#"{"Name": "/k8s_app_web_shop_uid_0", "Config": {"Image": "bb:1", "Labels": {"io.kubernetes.container.name": "app",
            "io.kubernetes.pod.name": "web", "io.kubernetes.pod.namespace": "shop"}}}"#,
        )
        .unwrap();
        assert_eq!((facts.name.as_deref(), facts.pod.as_deref()), (Some("app"), Some("web")));
        assert!(config(br#"{"Config": {}}"#).is_err() && config(br#"{"Name": 7}"#).is_err());
    }
}
