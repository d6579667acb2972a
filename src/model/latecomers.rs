//! Cgroups that show up late: they come from where nothing could be listed, so they may have been there before.
//!
//! Whatever a new cgroup counts is news; what such a one counts may be years old. Must not count anything.

use std::collections::HashSet;

use crate::snapshot::{CgroupId, Snapshot, Topology};

/// Those of `now`, as indices into it, of which `before` cannot tell whether they were there.
pub(super) fn between(before: &Snapshot, now: &Topology) -> HashSet<usize> {
    let mut latecomers = HashSet::new();
    if before.unlisted.is_empty() {
        return latecomers;
    }
    let cgroups = &before.topology.cgroups;
    let unlisted: HashSet<&CgroupId> = before.unlisted.iter().map(|(at, _)| &cgroups[*at].id).collect();
    let known: HashSet<&CgroupId> = cgroups.iter().map(|cgroup| &cgroup.id).collect();
    for (at, cgroup) in now.cgroups.iter().enumerate().filter(|(_, cgroup)| !known.contains(&cgroup.id)) {
        let is_out_of_sight = |above: usize| unlisted.contains(&now.cgroups[above].id) || latecomers.contains(&above);
        if cgroup.parent.is_some_and(is_out_of_sight) {
            latecomers.insert(at);
        }
    }
    latecomers
}
