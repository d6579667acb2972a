//! What this very process costs the host, how it is protected, and which of the cgroups it is in.
//!
//! Must not look at other processes.

use std::path::Path;
use std::sync::Arc;

use rustix::param::page_size;

use crate::kernel::{parse, process, read};
use crate::snapshot::{Missing, Own, Reading};
use crate::source::node::Node;
use crate::source::tree::Tree;

/// How it is protected is looked at so seldom, once in so many looks: hardly anything changes that.
const SELDOM: usize = 30;

/// The process that reads, and what was last told of it.
#[derive(Debug)]
pub(super) struct Reader {
    number: u32,
    /// The place of its cgroup in the tree, the last time.
    home: Option<usize>,
    pub(super) told: Own,
    looks: usize,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { number: std::process::id(), home: None, told: Own::missing(Missing::NotRead), looks: 0 }
    }

    /// Looks at it anew. In a copy of a host's files it is nowhere.
    pub(super) fn look(&mut self, tree: &Tree, is_kernels: bool) {
        let (directories, files) = tree.descriptors.kept();
        let cgroup = if is_kernels { self.cgroup(tree) } else { Err(Missing::NotHere) };
        if self.looks.is_multiple_of(SELDOM) {
            self.told = protection();
        }
        self.looks += 1;
        self.told = Own { rss: rss(), directories: Ok(directories), files: Ok(files), cgroup, ..self.told.clone() };
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

/// What this process holds in memory. Bytes.
pub(super) fn rss() -> Reading {
    let statm = read::whole(Path::new("/proc/self/statm")).map_err(|_| Missing::Unreadable)?;
    // The whole address space, and what of it is in memory.
    let pages = statm.split(|&byte| byte == b' ').nth(1).and_then(parse::number).ok_or(Missing::Unreadable)?;
    Ok(pages * page_size() as u64)
}

/// How well this process is kept in memory, and nothing else of it.
pub(super) fn protection() -> Own {
    let locked = read::whole(Path::new("/proc/self/status")).ok().and_then(|status| process::locked(&status));
    Own {
        locked: locked.ok_or(Missing::Unreadable),
        oom_score_adj: oom_score_adj().ok_or(Missing::Unreadable),
        ..Own::missing(Missing::NotRead)
    }
}

fn oom_score_adj() -> Option<i32> {
    let score = read::whole(Path::new("/proc/self/oom_score_adj")).ok()?;
    std::str::from_utf8(score.trim_ascii()).ok()?.parse().ok()
}
