//! The cgroup directories that exist, kept up to date at the price of one `fstat` for each that may have changed.
//!
//! The kernel counts a cgroup's children in its directory's link count, so only directories whose
//! count moved are listed again. One that lost a child is listed again too: a removal and a creation
//! between two readings leave the count as it was. A leaf need not even be looked at while its usage
//! stands still, for what is charged below it is charged to it. Must not read memory files.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, open, openat, statat};
use rustix::io::Errno;

use crate::identity::state::Question;
use crate::kernel::file::Pace;
use crate::kernel::hierarchy::{Mount, Version};
use crate::kernel::read::DIRECTORY;
use crate::kernel::segment::printable;
use crate::snapshot::{Cgroup, CgroupId, Role, Topology};
use crate::source::Error;
use crate::source::descriptors::Descriptors;
use crate::source::node::{Entry, Node};
use crate::source::reader::{Fault, Handle};
use crate::source::{late::Late, names::Told};

/// The root's place among the nodes.
const ROOT: usize = 0;

/// Every cgroup directory below one root.
#[derive(Debug)]
pub(super) struct Tree {
    version: Version,
    root: OwnedFd,
    nodes: Vec<Option<Node>>,
    free: Vec<usize>,
    /// Live nodes, each parent before its children.
    order: Vec<usize>,
    topology: Option<Arc<Topology>>,
    /// Where the cgroups of an id are, for those that are there.
    places: HashMap<CgroupId, usize>,
    came: Vec<usize>,
    went: Vec<CgroupId>,
    pub(super) late: Late,
    pub(super) descriptors: Descriptors,
    /// Whether usage moves where something is charged below: not in a copy of a host's files.
    charges: bool,
}

impl Tree {
    /// Opens the root; the tree is empty but for it until the first [`Tree::refresh`].
    pub(super) fn open(mount: &Mount, descriptors: Descriptors) -> Result<Self, Error> {
        let (root, version) = (&*mount.root, mount.version);
        let error = |errno: Errno| Error::Unreadable { doing: "open", path: root.to_owned(), error: errno.into() };
        let fd = open(root, DIRECTORY - OFlags::NOFOLLOW, Mode::empty()).map_err(error)?;
        let stat = fstat(&fd).map_err(error)?;
        let nodes = vec![Some(Node::new(version, CgroupId { path: "/".into(), inode: stat.st_ino }))];
        Ok(Self {
            version,
            root: fd,
            nodes,
            free: Vec::new(),
            order: vec![ROOT],
            topology: None,
            places: HashMap::new(),
            came: Vec::new(),
            went: Vec::new(),
            late: Late::default(),
            descriptors,
            charges: mount.is_kernels(),
        })
    }

    /// The live nodes, each parent before its children.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)?.as_ref()
    }

    pub(super) fn node_mut(&mut self, index: usize) -> Option<&mut Node> {
        self.nodes.get_mut(index)?.as_mut()
    }

    /// A descriptor of the directory that files are opened from, and the prefix of their names.
    pub(super) fn base<'a>(&'a self, node: &'a Node) -> (BorrowedFd<'a>, Option<&'a CString>) {
        match &node.directory {
            Some(directory) => (directory.as_fd(), None),
            None if node.is_root() => (self.root.as_fd(), None),
            None => (self.root.as_fd(), Some(&node.location)),
        }
    }

    /// Whether the directory is no longer where it was, or another one is there. The answer costs a system call.
    ///
    /// A descriptor of a removed directory cannot tell: its link count stays.
    pub(super) fn is_gone(&self, node: &Node) -> bool {
        match statat(&self.root, &node.location, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat.st_ino != node.id.inode,
            Err(errno) => matches!(errno, Errno::NOENT | Errno::NODEV | Errno::NOTDIR),
        }
    }

    /// The directory's link count; `None` if it is gone, as far as a descriptor can tell.
    fn links(&self, node: &Node) -> Option<u64> {
        let (base, location) = self.base(node);
        let stat = match location {
            None => fstat(base).ok()?,
            Some(location) => statat(base, location, AtFlags::SYMLINK_NOFOLLOW).ok()?,
        };
        // Nothing leads any more to a directory without links.
        (stat.st_ino == node.id.inode && stat.st_nlink > 0).then_some(stat.st_nlink)
    }

    /// Whether a cgroup has no children for as long as its usage stands still, down to the byte.
    fn waits_for_charges(&self, node: &Node) -> bool {
        self.charges && node.is_leaf() && node.memory.usage.is_ok() && node.memory.hierarchical
    }

    /// Something moved in a cgroup: whether there is anything below it that was not there before.
    pub(super) fn look_below(&mut self, index: usize) -> bool {
        let Some(node) = self.node(index).filter(|node| self.waits_for_charges(node)) else { return false };
        let links = self.links(node);
        let has_grown = links != node.links;
        if let Some(node) = self.node_mut(index).filter(|_| has_grown) {
            // It is listed at the next refresh.
            node.links = None;
        }
        has_grown
    }

    /// Finds what came and went since the last time.
    ///
    /// # Errors
    /// Only if the root itself is gone.
    pub(super) fn refresh(&mut self) -> Result<(), Errno> {
        let may_have_changed = |&index: &usize| self.node(index).is_some_and(|node| !self.waits_for_charges(node));
        let looked_at = self.order.iter().copied().filter(may_have_changed);
        let links: Vec<_> =
            looked_at.map(|index| (index, self.node(index).and_then(|node| self.links(node)))).collect();
        // Children after their parents: what is gone marks its parent, which is listed below.
        for &(index, links) in &links {
            match links {
                None if index == ROOT => return Err(Errno::NODEV),
                None => self.remove(index),
                Some(_) => {}
            }
        }
        for (index, links) in links {
            let (Some(links), Some(node)) = (links, self.node(index)) else { continue };
            if node.links != Some(links) || links < 2 {
                self.list(index, links);
            }
        }
        self.settle();
        Ok(())
    }

    /// Takes out a node and everything below it; its parent is listed again at the next refresh.
    pub(super) fn remove(&mut self, index: usize) {
        if let Some(parent) = self.node(index).and_then(|node| node.parent).and_then(|parent| self.node_mut(parent)) {
            parent.children.retain(|&child| child != index);
            parent.links = None;
        }
        let mut doomed = vec![index];
        while let Some(index) = doomed.pop() {
            if let Some(node) = self.nodes.get_mut(index).and_then(Option::take) {
                for (handle, file) in node.handles.iter().zip(self.version.files()) {
                    if matches!(handle, Handle::Open(_)) {
                        self.descriptors.release_file(file.pace);
                    }
                }
                if node.directory.is_some() {
                    self.descriptors.release_directory();
                }
                self.free.push(index);
                doomed.extend(node.children);
                self.places.remove(&node.id);
                self.late.bury(&node.id.path, node.processes);
                self.went.push(node.id);
            }
        }
        self.topology = None;
    }

    /// Keeps the files that are read where something moves open while they are `wanted`: each costs the kernel memory.
    pub(super) fn keep_open(&mut self, index: usize, wanted: bool) {
        let (files, Some(node)) = (self.version.files(), self.nodes.get_mut(index).and_then(Option::as_mut)) else {
            return;
        };
        if node.keeps_open && !wanted {
            for (handle, file) in node.handles.iter_mut().zip(files).filter(|(_, file)| !file.pace.is_always_read()) {
                if matches!(handle, Handle::Open(_)) {
                    *handle = Handle::Closed;
                    self.descriptors.release_file(file.pace);
                }
            }
        }
        node.keeps_open = wanted;
    }

    /// Somebody looks at the rows of these cgroups, and with them at the trunks of the containers.
    pub(super) fn show(&mut self, shown: &[CgroupId]) {
        for node in self.nodes.iter_mut().flatten() {
            node.is_shown = false;
        }
        let mut pending: Vec<usize> = shown.iter().filter_map(|id| self.places.get(id)).copied().collect();
        while let Some(index) = pending.pop() {
            let Some(node) = self.node_mut(index) else { continue };
            node.is_shown = true;
            let below = node.children.clone();
            pending
                .extend(below.into_iter().filter(|&child| self.node(child).is_some_and(|n| n.role() == Role::Trunk)));
        }
    }

    /// Lists `index` and every directory found below it. Not recursive: cgroups may be nested deeper than a stack.
    fn list(&mut self, index: usize, links: u64) {
        let mut pending = vec![(index, links)];
        while let Some((index, links)) = pending.pop() {
            let (added, failed) = self.take_in(index);
            if let Some(node) = self.node_mut(index) {
                node.faults.retain(|fault| !fault.is_of_directory());
                node.faults.extend(failed.map(|errno| Fault { file: None, doing: "list", errno }));
                // What cannot be listed, or only in part, is tried again next time.
                node.links = failed.is_none().then_some(links);
            }
            // A count of two is the directory itself and its `.`: no children.
            pending.extend(added.into_iter().filter(|(_, links)| *links != 2));
        }
    }

    /// Takes in what came to `index` and what went from there: the new children, with their link counts, and what
    /// failed. A child that cannot be looked at does not keep the others out.
    fn take_in(&mut self, index: usize) -> (Vec<(usize, u64)>, Option<Errno>) {
        let entries = match self.entries(index) {
            Ok(entries) => entries,
            Err(errno) => return (Vec::new(), Some(errno)),
        };
        let mut failed = None;
        let mut added = Vec::new();
        for entry in self.unknown(index, entries) {
            match self.add(index, entry) {
                Ok(child) => added.extend(child),
                Err(errno) => failed = Some(errno),
            }
        }
        (added, failed)
    }

    /// The directories in `index`, by name and inode.
    fn entries(&self, index: usize) -> Result<Vec<Entry>, Errno> {
        let node = self.node(index).ok_or(Errno::NOENT)?;
        let (base, location) = self.base(node);
        let directory = openat(base, location.map_or(c".", CString::as_c_str), DIRECTORY, Mode::empty())?;
        let mut entries = Vec::new();
        for entry in Dir::new(directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let may_be_directory = matches!(entry.file_type(), FileType::Directory | FileType::Unknown);
            if may_be_directory && name != c"." && name != c".." {
                entries.push((name.to_owned(), entry.ino()));
            }
        }
        Ok(entries)
    }

    /// Takes out the children of `index` that are not among `entries`, and leaves of these the ones that are new.
    fn unknown(&mut self, index: usize, mut entries: Vec<Entry>) -> Vec<Entry> {
        entries.sort_unstable();
        let mut known = vec![false; entries.len()];
        let mut lost = Vec::new();
        for &child in self.node(index).map_or(&[][..], |node| &node.children) {
            match self.node(child).map(|node| entries.binary_search(&node.entry)) {
                Some(Ok(at)) => known[at] = true,
                _ => lost.push(child),
            }
        }
        for child in lost {
            self.remove(child);
        }
        entries.into_iter().zip(known).filter(|(_, known)| !known).map(|(entry, _)| entry).collect()
    }

    /// Adds a child; its index and link count. `None` if it is gone again, or no directory.
    fn add(&mut self, parent: usize, entry: Entry) -> Result<Option<(usize, u64)>, Errno> {
        let Some(above) = self.node(parent) else { return Ok(None) };
        let (base, location) = self.base(above);
        let name = location.map_or_else(|| entry.0.clone(), |location| join(location, &entry.0));
        let stat = match statat(base, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => stat,
            Ok(_) | Err(Errno::NOENT | Errno::NODEV) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let segment = printable(entry.0.to_bytes());
        let path = format!("{}/{segment}", above.path().trim_end_matches('/'));
        let mut node = Node::new(self.version, CgroupId { path: path.into(), inode: stat.st_ino });
        node.place = above.place.child(&segment);
        node.parent = Some(parent);
        node.location = if above.is_root() { entry.0.clone() } else { join(&above.location, &entry.0) };
        node.links = Some(stat.st_nlink);
        node.entry = entry;
        node.directory = self.keep(parent, &name);
        let id = node.id.clone();
        let index = self.insert(node);
        self.places.insert(id, index);
        self.came.push(index);
        if let Some(parent) = self.node_mut(parent) {
            parent.children.push(index);
        }
        Ok(Some((index, stat.st_nlink)))
    }

    /// A descriptor of a new child's directory, if there is a place for one.
    fn keep(&mut self, parent: usize, name: &CStr) -> Option<OwnedFd> {
        if !self.descriptors.keep_directory() {
            return None;
        }
        let opened = self.node(parent).and_then(|node| openat(self.base(node).0, name, DIRECTORY, Mode::empty()).ok());
        if opened.is_none() {
            self.descriptors.release_directory();
        }
        opened
    }

    fn insert(&mut self, node: Node) -> usize {
        self.topology = None;
        if let Some(index) = self.free.pop() {
            self.nodes[index] = Some(node);
            return index;
        }
        self.nodes.push(Some(node));
        self.nodes.len() - 1
    }

    /// Puts the nodes in order after changes.
    pub(super) fn settle(&mut self) {
        if self.topology.is_some() {
            return;
        }
        self.order.clear();
        let mut pending = vec![ROOT];
        while let Some(index) = pending.pop() {
            self.order.push(index);
            let mut children = self.node(index).map(|node| node.children.clone()).unwrap_or_default();
            children.sort_by(|&a, &b| self.path_of(b).cmp(self.path_of(a)));
            pending.extend(children);
        }
        self.descriptors.expect(self.telling());
    }

    /// How many files the kernel would tell through.
    fn telling(&self) -> usize {
        let tells = self.version.files().iter().map(|file| file.pace == Pace::Told);
        let files = |node: &Node| {
            tells
                .clone()
                .zip(&node.handles)
                .filter(|(tells, handle)| *tells && !matches!(handle, Handle::Absent))
                .count()
        };
        self.nodes.iter().flatten().map(files).sum()
    }

    /// Cgroups that came since the last time and that a runtime may know, and what to ask.
    pub(super) fn arrivals(&mut self) -> Vec<(CgroupId, Question)> {
        let came = std::mem::take(&mut self.came);
        let nodes = came.into_iter().filter_map(|index| self.node(index));
        nodes.filter_map(|node| Some((node.id.clone(), node.question()?))).collect()
    }

    /// Cgroups that went since the last time.
    pub(super) fn departures(&mut self) -> Vec<CgroupId> {
        std::mem::take(&mut self.went)
    }

    /// Takes in what a runtime's state says of a cgroup, and with it of those inside.
    pub(super) fn know(&mut self, told: Told) {
        let Some(&index) = self.places.get(&told.id) else { return };
        let Some(node) = self.node_mut(index) else { return };
        node.problems = told.problems;
        node.known = Some(told.facts);
        let before = Arc::clone(&node.place.identity);
        let mut pending = vec![index];
        while let Some(index) = pending.pop() {
            let above = self.node(index).and_then(|node| node.parent).and_then(|above| self.node(above));
            let Some(above) = above.map(|above| above.place.clone()) else { continue };
            let Some(node) = self.node_mut(index) else { continue };
            let spoken = above.child(&printable(node.entry.0.to_bytes()));
            node.place = node.known.as_ref().map_or(spoken.clone(), |facts| spoken.known_as(facts));
            pending.extend(&node.children);
        }
        if self.node(index).is_some_and(|node| node.place.identity != before) {
            self.topology = None;
        }
    }

    fn path_of(&self, index: usize) -> &str {
        self.node(index).map_or("", Node::path)
    }

    /// The cgroups in order; the same allocation as before if nothing changed.
    pub(super) fn topology(&mut self) -> Arc<Topology> {
        if let Some(topology) = &self.topology {
            return Arc::clone(topology);
        }
        let mut position = vec![0; self.nodes.len()];
        for (at, &index) in self.order.iter().enumerate() {
            position[index] = at;
        }
        let cgroups = self.order.iter().filter_map(|&index| self.node(index)).map(|node| Cgroup {
            id: node.id.clone(),
            parent: node.parent.map(|parent| position[parent]),
            identity: Arc::clone(&node.place.identity),
        });
        let topology = Arc::new(Topology { cgroups: cgroups.collect() });
        self.topology = Some(Arc::clone(&topology));
        topology
    }
}

fn join(location: &CStr, name: &CStr) -> CString {
    let mut bytes = location.to_bytes().to_vec();
    bytes.push(b'/');
    bytes.extend_from_slice(name.to_bytes());
    CString::new(bytes).unwrap_or_default()
}
