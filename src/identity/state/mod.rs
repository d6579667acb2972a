//! What the runtimes' own state says of a container: no daemon is asked, no process started.
//!
//! The parent of a container's first process tells which runtime it is and where its state is, seen through that
//! parent's own root: so runtimes in containers and those with directories of their own are found as well. Where
//! the parent is gone or may not be looked at, the places where state usually is are tried by id.
//!
//! Every read can hang or be refused. Whoever asks has a thread to lose, and never the one that reads memory.

mod api;
mod docker;
mod files;
mod lines;
mod oci;
mod process;
mod runtimes;
mod storage;
mod supervisor;
mod visit;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::identity::facts::Facts;
use crate::identity::shape;
use crate::kernel::{hierarchy, network, read};
use crate::snapshot::{Identity, Kind, Missing, Problem, Reading};
use api::Api;
use files::Stamp;
use oci::Bundle;
use process::{Depth, First};
use runtimes::{as_text, made_by, of_docker, of_lxc, of_pod, of_virtuozzo};
use supervisor::Supervisor;
use visit::{Place, Visit};

pub use api::Endpoint;

/// State that is not what its runtime writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Where state is looked for.
#[derive(Clone, Debug)]
pub struct Places {
    /// The root of the memory hierarchy.
    pub cgroups: PathBuf,
    /// What stands for `/proc`; `None` where the processes of the cgroups are not to be seen.
    pub proc_root: Option<PathBuf>,
    /// What stands for `/`; `None` where there is none that belongs to the cgroups.
    pub root: Option<PathBuf>,
    /// Why the numbers of the cgroups' processes are not those of the running kernel's `/proc`, if so.
    pub processes: Reading<()>,
    /// The runtimes that may be asked for what is not on disk.
    pub apis: Vec<Endpoint>,
}

/// What somebody may have a name for.
#[derive(Clone, Debug)]
pub enum Question {
    /// A cgroup.
    Cgroup {
        /// Its directory below the hierarchy's root.
        location: PathBuf,
        /// Its path in the hierarchy, as text.
        path: Arc<str>,
    },
    /// A container of OpenVZ's, by its id.
    OpenVz(Arc<str>),
}

/// A question, with what the cgroup's path says: told anew each time, since thousands of questions are kept.
struct Subject<'a> {
    location: &'a Path,
    identity: Arc<Identity>,
}

impl<'a> Subject<'a> {
    fn of(location: &'a Path, path: &str) -> Self {
        Self { location, identity: crate::identity::of_path(path) }
    }

    /// Whether the cgroup's directory is called `name`: a process of a container may have been moved into any other.
    fn is_named(&self, name: Option<&str>) -> bool {
        name.is_some() && self.location.file_name().and_then(|directory| directory.to_str()) == name
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Answer {
    /// What the state tells.
    pub facts: Facts,
    /// State that is there and could not be read or understood.
    pub problems: Vec<Problem>,
    /// The files that it was read from.
    pub watched: Vec<Watched>,
    /// The process whose network namespace the facts tell.
    pub process: Option<i32>,
}

/// A file that was read, to be looked at again: when it changes, names may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    process: Option<i32>,
    path: PathBuf,
    stamp: Stamp,
}

/// Lists of directories are kept for so long.
const FRESH: Duration = Duration::from_secs(5);
/// More lists than this are not kept.
const MOST_LISTS: usize = 16;

/// Looks for state, and remembers the lists that serve many containers.
#[derive(Debug)]
pub struct Resolver {
    places: Places,
    /// Whether `/proc` is the kernel's, so that its links lead somewhere.
    has_links: bool,
    /// The containers in a storage, by the file that lists them.
    storages: HashMap<(PathBuf, Stamp), Rc<HashMap<String, Facts>>>,
    directories: HashMap<PathBuf, (Instant, Rc<Vec<OsString>>)>,
    apis: Vec<Api>,
}

impl Resolver {
    /// Looks in `places`.
    pub fn new(places: Places) -> Self {
        let apis = places.apis.iter().cloned().map(Api::new).collect();
        let has_links = places.proc_root.as_deref().is_some_and(files::is_procfs);
        Self { places, has_links, storages: HashMap::new(), directories: HashMap::new(), apis }
    }

    /// Looks for everything that is known.
    pub fn resolve(&mut self, question: &Question) -> Answer {
        let mut visit = Visit::default();
        let subject = &match question {
            Question::Cgroup { location, path } => Subject::of(location, path),
            Question::OpenVz(id) => {
                let found = self.outside().map(|place| of_virtuozzo(&place, id, &mut visit));
                return visit.finish(found.unwrap_or_default());
            }
        };
        let first = self.first(subject, &mut visit);
        let no_process = if visit.is_refused() { Missing::Permission } else { Missing::NoProcess };
        let (first, mut facts) = self.supervised_first(subject, first, &mut visit);
        if subject.identity.kind != Kind::Cgroup {
            if facts.name.is_none() || facts.image.is_none() {
                facts = facts.or(self.by_id(&subject.identity, first.as_ref(), &mut visit));
            }
            if facts.pod.is_none() {
                facts = facts.or(self.logs(&subject.identity, &mut visit));
            }
            if facts.name.is_none() || facts.image.is_none() {
                facts = facts.or(self.asked(&subject.identity, &mut visit));
            }
            if facts.name.is_none() && subject.identity.kind == Kind::Container {
                facts.name = first.as_ref().and_then(|first| self.hostname(first, &subject.identity, &mut visit));
            }
        }
        facts.netns = Some(self.netns(first.as_ref().ok_or(no_process)));
        let process = first.as_ref().map(|first| first.pid);
        facts.command = first.map(|first| first.comm.into());
        if subject.identity.kind == Kind::Pod {
            facts = of_pod(facts);
        }
        Answer { process, ..visit.finish(facts) }
    }

    /// The network namespace of a container's first process.
    fn netns(&self, first: Result<&First, Missing>) -> Reading {
        self.places.processes?;
        let proc_root = self.places.proc_root.as_deref().ok_or(Missing::NotHere)?;
        network::namespace(proc_root, first?.pid).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Missing::NoPtrace,
            // It ended meanwhile.
            _ => Missing::NoProcess,
        })
    }

    /// Whether a file that an answer came from was written anew or is gone.
    pub fn has_changed(&self, watched: &Watched) -> bool {
        let place = match watched.process {
            Some(pid) => self.inside(pid),
            None => self.outside(),
        };
        place.and_then(|place| place.root.stamp(&watched.path)).ok() != Some(watched.stamp)
    }

    /// Whether a process of a container shows.
    pub fn is_inhabited(&self, question: &Question) -> bool {
        let Question::Cgroup { location, path } = question else { return false };
        !self.first(&Subject::of(location, path), &mut Visit::default()).is_empty()
    }

    /// Gives back the memory of what was remembered.
    pub fn forget_lists(&mut self) {
        self.storages.clear();
        self.directories.clear();
    }

    /// The first process of `each`, and what its parent tells. A pod has several: those of its helpers have no supervisor.
    fn supervised_first(
        &mut self,
        subject: &Subject<'_>,
        each: Vec<First>,
        visit: &mut Visit,
    ) -> (Option<First>, Facts) {
        let mut found = (None, Facts::default());
        for first in each {
            let facts = self.supervised(subject, &first, visit);
            if facts.is_container {
                return (Some(first), facts);
            }
            found = (found.0.or(Some(first)), found.1.or(facts));
        }
        found
    }

    fn first(&self, subject: &Subject<'_>, visit: &mut Visit) -> Vec<First> {
        let Some(proc_root) = self.places.proc_root.as_deref() else { return Vec::new() };
        let cgroup = self.places.cgroups.join(subject.location);
        let depth = match subject.identity.kind {
            // What is below a plain cgroup says nothing of it.
            Kind::Cgroup => Depth::Own,
            Kind::Pod => Depth::EachBelow,
            _ => Depth::Below,
        };
        process::first(proc_root, &cgroup, depth).unwrap_or_else(|error| {
            visit.refuse(&error);
            Vec::new()
        })
    }

    /// What the parent of the first process tells, and what is found with it.
    fn supervised(&mut self, subject: &Subject<'_>, first: &First, visit: &mut Visit) -> Facts {
        let Some(proc_root) = self.places.proc_root.clone() else { return Facts::default() };
        let cmdline = process::cmdline(&proc_root, first.parent).unwrap_or_default();
        match Supervisor::parse(&cmdline) {
            Some(Supervisor::Conmon { name, id, bundle }) => {
                if subject.identity.kind == Kind::Cgroup && !subject.is_named(Some(&id)) {
                    return Facts::default();
                }
                let argv = Facts { name: name.map(Into::into), id: Some(id.as_str().into()), ..made_by("podman") };
                let place = self.inside_or_outside(first.parent, visit);
                place.map_or_else(Facts::default, |place| self.bundle_of_podman(&place, &bundle, &id, visit)).or(argv)
            }
            Some(Supervisor::Shim { namespace, id }) => {
                self.shim(subject, first.parent, &namespace, id.as_deref(), visit)
            }
            Some(Supervisor::LxcMonitor { path, name }) => {
                let place = self.inside_or_outside(first.parent, visit);
                of_lxc(&subject.identity, place.as_ref(), &path, &name, visit)
            }
            Some(Supervisor::Nspawn { name }) => Facts { name: Some(name.into()), ..made_by("nspawn") },
            None if subject.identity.kind == Kind::Vm => {
                let own = process::cmdline(&proc_root, first.pid).unwrap_or_default();
                Facts { name: supervisor::guest_name(&own).map(Into::into), ..Facts::default() }
            }
            None => Facts::default(),
        }
    }

    fn shim(
        &mut self,
        subject: &Subject<'_>,
        shim: i32,
        namespace: &str,
        id: Option<&str>,
        visit: &mut Visit,
    ) -> Facts {
        let place = self.inside_or_outside(shim, visit);
        let own = self.working_directory(shim, visit);
        // Containers of a pod share the shim of their sandbox; their bundles lie side by side.
        let inner =
            subject.identity.id.as_deref().filter(|_| namespace == KUBELET && subject.identity.kind == Kind::Container);
        let directory = match (own, inner) {
            (Some(own), Some(inner)) => own.parent().map(|above| above.join(inner)),
            (own, _) => own,
        };
        let bundle = place
            .as_ref()
            .zip(directory)
            .and_then(|(place, directory)| visit.take(place, &directory.join("config.json"), Bundle::parse));
        if subject.identity.kind == Kind::Cgroup && !subject.is_named(bundle.as_ref().map_or(id, Bundle::cgroup_id)) {
            return Facts::default();
        }
        let id = inner.or(bundle.as_ref().and_then(Bundle::cgroup_id).filter(|_| namespace == DOCKER)).or(id);
        let told = bundle.as_ref().map(Bundle::facts).unwrap_or_default();
        match namespace {
            DOCKER => {
                let directory = bundle.as_ref().and_then(Bundle::docker_directory);
                let directory = directory.or_else(|| Some(Path::new(DOCKER_CONTAINERS).join(id?)));
                let own = place.zip(directory).map(|(place, directory)| of_docker(&place, &directory, visit));
                if own.as_ref().is_none_or(|own| own.name.is_none()) {
                    visit.miss();
                }
                own.unwrap_or_default().or(told).or(made_by("docker"))
            }
            KUBELET => told.or(Facts { id: inner.map(Into::into), ..made_by("containerd") }),
            _ => told.or(Facts {
                id: id.map(Into::into),
                name: id.map(Into::into),
                namespace: Some(namespace.into()),
                ..made_by("containerd")
            }),
        }
    }

    fn working_directory(&self, pid: i32, visit: &mut Visit) -> Option<PathBuf> {
        let link = self.places.proc_root.as_ref()?.join(pid.to_string()).join("cwd");
        std::fs::read_link(link).inspect_err(|error| visit.refuse(error)).ok()
    }

    /// The bundle of a podman or CRI-O container, and the storage that it is in.
    fn bundle_of_podman(&mut self, place: &Place, bundle: &Path, id: &str, visit: &mut Visit) -> Facts {
        let config = visit.take(place, &bundle.join("config.json"), Bundle::parse);
        let mut facts = config.as_ref().map(Bundle::facts).unwrap_or_default();
        // The bundle is STORAGE/DRIVER-containers/ID/userdata.
        let Some(containers) = bundle.parent().and_then(Path::parent) else { return facts };
        facts = facts.or(self.listed(place, containers, id, visit));
        let infra = facts.name.as_deref().is_some_and(|name| name.ends_with("-infra"));
        facts.sandbox |= infra;
        if facts.pod.is_none() {
            // podman gives a pod's name to its infra container as host name.
            let sandbox = config.as_ref().and_then(Bundle::sandbox_id);
            let other = sandbox.filter(|sandbox| *sandbox != id).and_then(|sandbox| {
                visit.take(place, &containers.join(sandbox).join("userdata/config.json"), Bundle::parse)
            });
            let named = if infra { config.as_ref() } else { other.as_ref() };
            facts.pod = named.and_then(Bundle::hostname).map(Into::into);
        }
        facts
    }

    /// What the lists in a storage say of a container.
    fn listed(&mut self, place: &Place, containers: &Path, id: &str, visit: &mut Visit) -> Facts {
        let mut found = Facts::default();
        for list in ["containers.json", "volatile-containers.json"] {
            let path = containers.join(list);
            let Some(stamp) = visit.stamp(place, &path) else { continue };
            let key = (path.clone(), stamp);
            if !self.storages.contains_key(&key) {
                let Some(list) = visit.take(place, &path, storage::parse) else { continue };
                if self.storages.len() >= MOST_LISTS {
                    self.storages.clear();
                }
                self.storages.insert(key.clone(), Rc::new(list));
            }
            visit.watch(place, &path, stamp);
            if let Some(facts) = self.storages.get(&key).and_then(|list| list.get(id)) {
                found = found.or(facts.clone());
            }
        }
        found
    }

    /// The usual places, for those whose parent is gone or may not be looked at.
    fn by_id(&mut self, identity: &Identity, first: Option<&First>, visit: &mut Visit) -> Facts {
        let (Some(id), Ok(place)) = (identity.id.as_deref(), self.outside()) else { return Facts::default() };
        if identity.runtime.as_deref() == Some("openvz") {
            return of_virtuozzo(&place, id, visit);
        }
        if !shape::is_hex(id, 64) || identity.kind != Kind::Container {
            return Facts::default();
        }
        let mut facts = Facts::default();
        let own = first.and_then(|first| self.data_root(first));
        for data_root in own.into_iter().chain(DATA_ROOTS.iter().map(PathBuf::from)) {
            if facts.name.is_some() {
                break;
            }
            facts = facts.or(of_docker(&place, &data_root.join("containers").join(id), visit));
            for containers in self.storage_directories(&place, &data_root) {
                facts = facts.or(self.bundle_of_podman(&place, &containers.join(id).join("userdata"), id, visit));
            }
        }
        for tasks in CONTAINERD_TASKS.iter().map(Path::new) {
            for namespace in self.names_in(&place, tasks).iter() {
                let config = tasks.join(namespace).join(id).join("config.json");
                let Some(bundle) = visit.take(&place, &config, Bundle::parse) else { continue };
                facts = facts.or(bundle.facts());
            }
        }
        facts
    }

    /// podman's and CRI-O's directories of containers in a storage, one for each driver.
    fn storage_directories(&mut self, place: &Place, storage: &Path) -> Vec<PathBuf> {
        let names = self.names_in(place, storage);
        let drivers = names.iter().filter(|name| name.to_string_lossy().ends_with("-containers"));
        drivers.map(|driver| storage.join(driver)).collect()
    }

    /// Where the runtime keeps everything, as the root file system of a container gives away: its upper layer is
    /// `DATA_ROOT/overlay2/LAYER/diff`.
    fn data_root(&self, first: &First) -> Option<PathBuf> {
        let table = self.places.proc_root.as_ref()?.join(first.pid.to_string()).join("mountinfo");
        let upper = hierarchy::upper_layer_of_root(&read::whole(&table).ok()?)?;
        upper.ancestors().nth(3).map(Path::to_owned)
    }

    /// What the runtimes say that the user named.
    fn asked(&mut self, identity: &Identity, visit: &mut Visit) -> Facts {
        let mut facts = Facts::default();
        for api in &mut self.apis {
            facts = facts.or(identity.id.as_deref().and_then(|id| api.find(id)).unwrap_or_default());
            visit.ask(api.failure());
        }
        visit.found |= facts.is_container;
        facts
    }

    /// The kubelet's logs, whose names anybody may read.
    fn logs(&mut self, identity: &Identity, visit: &mut Visit) -> Facts {
        let (Some(uid), Ok(place)) = (identity.pod_id.as_deref(), self.outside()) else { return Facts::default() };
        let found = |names: Rc<Vec<OsString>>, read: &dyn Fn(&str) -> Option<Facts>| {
            names.iter().filter_map(|name| name.to_str()).find_map(read)
        };
        let links = self.names_in(&place, Path::new("/var/log/containers"));
        let id = identity.id.as_deref().filter(|_| identity.kind == Kind::Container);
        let container = id.and_then(|id| found(links, &|name| lines::container_of_log(name, id)));
        let directories = self.names_in(&place, Path::new("/var/log/pods"));
        let pod = found(directories, &|name| lines::pod_of_log_directory(name, uid));
        visit.found |= container.is_some() || pod.is_some();
        container.unwrap_or_default().or(pod.unwrap_or_default())
    }

    /// The host name in a container's own files, if it says more than its id.
    fn hostname(&self, first: &First, identity: &Identity, visit: &mut Visit) -> Option<Arc<str>> {
        identity.unnamed?;
        let place = self.inside(first.pid).ok()?;
        let text = visit.take_hint(&place, Path::new("/etc/hostname"), as_text)?;
        let name = text.trim();
        let host = self.places.proc_root.as_ref()?.join("sys/kernel/hostname");
        let hosts_own = read::whole(&host).unwrap_or_default();
        let says_more = !name.is_empty() && !name.contains(char::is_whitespace) && *name != *identity.name;
        (says_more && name.as_bytes() != hosts_own.trim_ascii()).then(|| name.into())
    }

    fn names_in(&mut self, place: &Place, directory: &Path) -> Rc<Vec<OsString>> {
        if let Some((listed, names)) = self.directories.get(directory)
            && listed.elapsed() < FRESH
        {
            return Rc::clone(names);
        }
        let names = Rc::new(place.root.list(directory).unwrap_or_default());
        self.directories.insert(directory.to_owned(), (Instant::now(), Rc::clone(&names)));
        names
    }

    /// The root of a process; in a copy of `/proc`, where its link leads nowhere, the host's.
    fn inside(&self, pid: i32) -> io::Result<Place> {
        match &self.places.proc_root {
            Some(proc_root) if self.has_links => Ok(Place {
                root: files::Root::open(&proc_root.join(pid.to_string()).join("root"))?,
                process: Some(pid),
            }),
            _ => self.outside(),
        }
    }

    fn outside(&self) -> io::Result<Place> {
        let root = self.places.root.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Ok(Place { root: files::Root::open(root)?, process: None })
    }

    /// Without the right to look through a process, its paths are tried as the host's.
    fn inside_or_outside(&self, pid: i32, visit: &mut Visit) -> Option<Place> {
        self.inside(pid)
            .or_else(|error| {
                visit.refuse(&error);
                self.outside()
            })
            .ok()
    }
}

/// containerd's namespace of docker.
const DOCKER: &str = "moby";
/// containerd's namespace of the kubelet.
const KUBELET: &str = "k8s.io";
const DOCKER_CONTAINERS: &str = "/var/lib/docker/containers";
/// Where docker and podman keep everything, unless told otherwise.
const DATA_ROOTS: [&str; 2] = ["/var/lib/docker", "/var/lib/containers/storage"];
/// Where containerd has its bundles: its own, docker's, k3s'.
const CONTAINERD_TASKS: [&str; 3] = [
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task",
    "/run/k3s/containerd/io.containerd.runtime.v2.task",
];
