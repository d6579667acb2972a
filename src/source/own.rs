//! What this very process costs the host, and which of the cgroups it is in.
//!
//! Must not look at other processes.

use std::path::Path;
use std::sync::Arc;

use crate::kernel::{process, read};
use crate::snapshot::{Missing, Own, Reading};
use crate::source::node::Node;
use crate::source::tree::Tree;

/// The process that reads, and what was last told of it.
#[derive(Debug)]
pub(super) struct Reader {
    number: u32,
    /// The place of its cgroup in the tree, the last time.
    home: Option<usize>,
    pub(super) told: Own,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { number: std::process::id(), home: None, told: Own::missing(Missing::NotRead) }
    }

    /// Looks at it anew. In a copy of a host's files it is nowhere.
    pub(super) fn look(&mut self, tree: &Tree, is_kernels: bool) {
        let (directories, files) = tree.descriptors.kept();
        let cgroup = if is_kernels { self.cgroup(tree) } else { Err(Missing::NotHere) };
        self.told = Own { rss: rss(self.number), directories: Ok(directories), files: Ok(files), cgroup };
    }

    /// The lists have the numbers that processes have for their reader. It hardly ever moves, so its cgroup is looked for
    /// where it was.
    fn cgroup(&mut self, tree: &Tree) -> Reading<Arc<str>> {
        let is_here = |index: &usize| tree.node(*index).is_some_and(|node| node.processes.contains(&self.number));
        self.home = self.home.filter(is_here).or_else(|| tree.order().iter().copied().find(is_here));
        let home = self.home.and_then(|index| tree.node(index));
        home.map(Node::path).map(Arc::from).ok_or(Missing::Elsewhere)
    }
}

/// What this process, of that number, holds in memory. Bytes.
pub(super) fn rss(number: u32) -> Reading {
    let status = read::whole(Path::new("/proc/self/status")).map_err(|_| Missing::Unreadable)?;
    process::process(number, &status).map(|process| process.rss()).ok_or(Missing::Unreadable)
}
