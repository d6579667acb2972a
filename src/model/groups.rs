//! Which cgroups belong to which row.
//!
//! A container is a group of cgroups: the outermost one made for it and everything inside, up to where
//! a deeper container begins. Its trunk, the outermost and the structural inner one that holds the
//! workload, is where its own limits are.

use std::sync::{Arc, LazyLock};

use crate::model::Scope;
use crate::snapshot::{Identity, Kind, Role, Topology};

/// The cgroups of one row, as indices into the topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The cgroup that names the row.
    pub outermost: usize,
    /// The outermost and the structural inner ones, outermost first.
    pub trunk: Vec<usize>,
    /// All cgroups of the row, the outermost included, those of deeper rows not.
    pub members: Vec<usize>,
    /// Direct children of members that make rows of their own.
    pub nested: Vec<usize>,
    /// The cgroups above the outermost, nearest first.
    pub ancestors: Vec<usize>,
    /// The row above, as an index into the rows.
    pub parent: Option<usize>,
    /// How many rows are above.
    pub depth: usize,
}

/// The rows of a topology, each parent before its children.
pub(super) fn shapes(topology: &Topology, scope: Scope) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    let mut row_of: Vec<usize> = Vec::with_capacity(topology.cgroups.len());
    for (index, cgroup) in topology.cgroups.iter().enumerate() {
        let above = cgroup.parent.map(|parent| row_of[parent]);
        let joins = scope == Scope::Containers && belongs_to_the_row_above(&cgroup.identity);
        if let Some(row) = above.filter(|_| joins) {
            let shape = &mut shapes[row];
            shape.members.push(index);
            let in_trunk = cgroup.parent.is_some_and(|parent| shape.trunk.contains(&parent));
            if cgroup.identity.role == Role::Trunk && in_trunk {
                shape.trunk.push(index);
            }
            row_of.push(row);
            continue;
        }
        if let Some(row) = above {
            shapes[row].nested.push(index);
        }
        row_of.push(shapes.len());
        shapes.push(Shape {
            outermost: index,
            trunk: vec![index],
            members: vec![index],
            nested: Vec::new(),
            ancestors: ancestors(topology, index),
            parent: above,
            depth: above.map_or(0, |row| shapes[row].depth + 1),
        });
    }
    shapes
}

/// Cgroups inside a container are a part of it, unless a deeper container begins there.
/// A helper beside containers stays a row of its own: it is nobody's memory.
pub(super) fn belongs_to_the_row_above(identity: &Identity) -> bool {
    matches!(identity.role, Role::Trunk | Role::Inner)
}

/// The outermost cgroup of the container that a cgroup is a part of; itself where it is part of none.
pub(super) fn container(topology: &Topology, index: usize) -> usize {
    let cgroup = &topology.cgroups[index];
    let above = cgroup.parent.filter(|_| belongs_to_the_row_above(&cgroup.identity));
    above.map_or(index, |above| container(topology, above))
}

fn ancestors(topology: &Topology, index: usize) -> Vec<usize> {
    std::iter::successors(topology.cgroups[index].parent, |&above| topology.cgroups[above].parent).collect()
}

/// The identity of a row before it has one.
pub(super) fn nobody() -> &'static Arc<Identity> {
    static NOBODY: LazyLock<Arc<Identity>> = LazyLock::new(|| Arc::new(Identity::plain(Kind::Cgroup, "")));
    &NOBODY
}
