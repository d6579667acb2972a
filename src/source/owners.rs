//! Where the victims of kills were, in the paths of the hierarchy that is read.
//!
//! The kernel log tells paths from the real root of the hierarchy, and where it tells none, the processes that were seen
//! in a cgroup do. Must not judge.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::identity::Place;
use crate::kernel::hierarchy::{self, Mount, Version};
use crate::snapshot::{Culprit, Identity, OomKill};
use crate::source::tree::Tree;

/// The inode of the initial process namespace, the same on every kernel.
const INITIAL_PIDS: &str = "pid:[4026531836]";

/// How what the log tells is to be understood.
#[derive(Debug)]
pub(super) struct Owners {
    view: View,
    /// Whether processes have the same numbers here as in the log.
    same_pids: bool,
}

/// What of the kernel's hierarchy is read.
#[derive(Debug, PartialEq, Eq)]
enum View {
    Whole,
    /// What is below this path.
    Below(String),
    /// A part that does not know where it is: no path of the log means anything here.
    Unknown,
}

impl Owners {
    /// Of the hierarchy that is read.
    pub(super) fn new(mount: &Mount) -> Self {
        let same_pids = fs::read_link("/proc/self/ns/pid").is_ok_and(|link| link.as_os_str() == INITIAL_PIDS);
        Self { view: View::of(mount), same_pids }
    }

    /// The kills with the paths of their cgroups as the tree has them.
    pub(super) fn place(&self, mut kills: Vec<OomKill>, tree: &Tree) -> Vec<OomKill> {
        for kill in &mut kills {
            kill.cgroup = kill.cgroup.take().and_then(|path| self.view.path(&path));
            if let Culprit::Limit(path) = &kill.by {
                kill.by = self.view.path(path).map_or(Culprit::SomeLimit, Culprit::Limit);
            }
            if kill.cgroup.is_none() && self.same_pids && !kill.past {
                kill.cgroup = cgroup_of(tree, kill.pid);
            }
            kill.identity = kill.cgroup.as_deref().map(identity);
        }
        kills
    }
}

impl View {
    fn of(mount: &Mount) -> Self {
        if is_real_root(mount) {
            return Self::Whole;
        }
        if hierarchy::in_namespace(Path::new("/proc")) {
            return Self::Unknown;
        }
        let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
        let directory = mount.root.canonicalize().unwrap_or_else(|_| mount.root.clone());
        hierarchy::path_of(&table, &directory).map_or(Self::Unknown, Self::Below)
    }

    /// What a path of the log is here: `/..` for each step out of what is read.
    fn path(&self, path: &str) -> Option<Arc<str>> {
        let top = match self {
            Self::Whole => return Some(path.into()),
            Self::Unknown => return None,
            Self::Below(top) => top,
        };
        let segments =
            |path: &str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let (top, path) = (segments(top), segments(path));
        let common = top.iter().zip(&path).take_while(|(a, b)| a == b).count();
        let out = std::iter::repeat_n("..", top.len() - common);
        let parts: Vec<&str> = out.chain(path[common..].iter().map(String::as_str)).collect();
        Some(format!("/{}", parts.join("/")).into())
    }
}

/// Whether the directory is the root of the kernel's hierarchy, and not of what a namespace or a mount shows of it.
fn is_real_root(mount: &Mount) -> bool {
    match mount.version {
        Version::V1 => mount.root.join("release_agent").exists(),
        Version::V2 => !mount.root.join("cgroup.events").exists(),
    }
}

/// The cgroup that a process was last seen in, also if that went a moment ago.
fn cgroup_of(tree: &Tree, process: u32) -> Option<Arc<str>> {
    let mut nodes = tree.order().iter().filter_map(|&index| tree.node(index));
    let living = || nodes.find(|node| node.processes.contains(&process)).map(|node| node.path().into());
    tree.late.cgroup_of(process).or_else(living)
}

/// What a path says, whether its cgroup is still there or not.
fn identity(path: &str) -> Arc<Identity> {
    path.split('/').fold(Place::root(), |place, segment| place.child(segment)).identity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_log_become_those_of_what_is_read() {
        let below = View::Below("/a/b".to_owned());
        for (told, here) in [("/a/b/c", "/c"), ("/a/b", "/"), ("/a/bc", "/../bc"), ("/x", "/../../x"), ("/", "/../..")]
        {
            assert_eq!(below.path(told).as_deref(), Some(here), "{told}");
        }
        assert_eq!(View::Whole.path("/a").as_deref(), Some("/a"));
        assert_eq!(View::Unknown.path("/a"), None);
    }
}
