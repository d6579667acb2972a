//! What this very process costs the host, how it is protected, and which of the cgroups it is in.
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
        self.told = Own { directories: Ok(directories), files: Ok(files), cgroup, ..of_process(self.number) };
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

/// What this process, of that number, holds in memory, and how well it is kept.
pub(super) fn of_process(number: u32) -> Own {
    let status = read::whole(Path::new("/proc/self/status")).map_err(|_| Missing::Unreadable);
    let status = status.as_deref().map_err(|&reason| reason);
    let of_status = |figure: &dyn Fn(&[u8]) -> Option<u64>| figure(status?).ok_or(Missing::Unreadable);
    Own {
        rss: of_status(&|status| process::process(number, status).map(|process| process.rss())),
        locked: of_status(&process::locked),
        oom_score_adj: oom_score_adj().ok_or(Missing::Unreadable),
        ..Own::missing(Missing::NotRead)
    }
}

fn oom_score_adj() -> Option<i32> {
    let score = read::whole(Path::new("/proc/self/oom_score_adj")).ok()?;
    std::str::from_utf8(score.trim_ascii()).ok()?.parse().ok()
}
