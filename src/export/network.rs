//! A network namespace as JSON: who is in it, and what it counts.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::export::json::Reasons;
use crate::export::timestamp;
use crate::model::Network;
use crate::snapshot::{Counts, Snapshot};

/// As of a reading of the memory, which may be some seconds newer.
pub(super) struct NetworkJson<'a> {
    pub(super) network: &'a Network,
    pub(super) snapshot: &'a Snapshot,
}

impl Serialize for NetworkJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (network, now) = (self.network, self.snapshot);
        // It may have been read while the memory was.
        let read_at = match now.at.checked_sub(network.now.at) {
            Some(age) => now.taken_at.checked_sub(age),
            None => now.taken_at.checked_add(network.now.at.saturating_sub(now.at)),
        };
        let containers: Vec<&str> = network.containers.iter().map(|member| &*member.id.path).collect();
        let mut missing = Vec::new();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("netns", &network.now.netns)?;
        map.serialize_entry("host", &network.is_host)?;
        map.serialize_entry("read_at", &read_at.map(timestamp))?;
        map.serialize_entry("containers", &containers)?;
        for figure in Counts::FIGURES {
            let value = (figure.get)(&network.now.counts);
            missing.extend(value.err().map(|reason| (figure.name, reason)));
            map.serialize_entry(figure.name, &value.ok())?;
        }
        map.serialize_entry("missing", &Reasons(&missing))?;
        map.end()
    }
}
