//! `containers.json`, the list that podman and CRI-O keep in their storage: ids, names, images.
//!
//! Pure: bytes in, facts out.

use std::collections::HashMap;

use serde_json::Value;

use crate::identity::facts::Facts;
use crate::identity::state::Malformed;

/// Reads a list; entries that make no sense are left out.
///
/// # Errors
/// [`Malformed`] where it is no JSON array.
pub(super) fn parse(bytes: &[u8]) -> Result<HashMap<String, Facts>, Malformed> {
    let list: Vec<Value> = serde_json::from_slice(bytes).map_err(|_| Malformed)?;
    Ok(list.iter().filter_map(container).collect())
}

fn container(entry: &Value) -> Option<(String, Facts)> {
    let id = entry.get("id")?.as_str()?;
    let name = entry.pointer("/names/0").and_then(Value::as_str);
    // JSON within a JSON string.
    let metadata = entry.get("metadata").and_then(Value::as_str);
    let metadata: Value = metadata.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let image = metadata.get("image-name").and_then(Value::as_str);
    let facts = Facts {
        name: name.map(Into::into),
        image: image.filter(|image| !image.is_empty()).map(Into::into),
        ..Facts::default()
    };
    Some((id.to_owned(), facts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_listed_by_their_ids() {
        let text = br#"[{"id": "a"}, 7, {"id": "b", "names": ["web1", "old"], "metadata": "{\"image-name\": \"bb:1\"}"}, {"id": "c", "metadata": "{"}]"#;
        let list = parse(text).unwrap();
        assert_eq!((list["b"].name.as_deref(), list["b"].image.as_deref()), (Some("web1"), Some("bb:1")));
        assert_eq!((list["a"].name.as_deref(), list["c"].image.as_deref(), list.len()), (None, None, 3));
        assert!(parse(b"{}").is_err() && parse(&text[..40]).is_err());
    }
}
