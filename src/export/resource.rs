//! One resource of an OpenVZ container as JSON: figures in its own unit, and why they are missing.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::export::json::Reasons;
use crate::snapshot::{Bound, Missing, Reading, Resource};

/// `null` is unlimited, or missing where `missing` says why.
pub(super) struct ResourceJson<'a>(pub(super) &'a Resource);

impl Serialize for ResourceJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let resource = self.0;
        let bound = |bound: Reading<Bound>| {
            bound.map(|bound| match bound {
                Bound::At(most) => Some(most),
                Bound::Unlimited => None,
            })
        };
        let figures: [(&str, Reading<Option<u64>>); 5] = [
            ("held", resource.held.map(Some)),
            ("maxheld", resource.maxheld.map(Some)),
            ("barrier", bound(resource.barrier)),
            ("limit", bound(resource.limit)),
            ("failcnt", resource.failcnt.map(Some)),
        ];
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &*resource.name)?;
        map.serialize_entry("unit", resource.unit().name())?;
        for (name, figure) in figures {
            map.serialize_entry(name, &figure.ok().flatten())?;
        }
        let missing: Vec<(&str, Missing)> =
            figures.into_iter().filter_map(|(name, figure)| Some((name, figure.err()?))).collect();
        map.serialize_entry("missing", &Reasons(&missing))?;
        map.end()
    }
}
