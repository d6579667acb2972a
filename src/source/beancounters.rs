//! The containers of an OpenVZ host, read from its beancounters: one file for all of them.
//!
//! They are siblings: none is charged for another, and the host's own processes (id 0) are one more beside them. Must not
//! judge what it reads.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::identity;
use crate::identity::facts::Facts;
use crate::identity::state::{Places, Question};
use crate::kernel::beancounters::{self, Block, HOST, Table};
use crate::kernel::hierarchy::{self, Roots};
use crate::kernel::host::HostReader;
use crate::kernel::read;
use crate::snapshot::{
    Beancounter, Cgroup, CgroupId, Fresh, Hierarchy, Identity, Kind, Memory, Missing, Own, Problem, Snapshot, Topology,
};
use crate::source::local::{Effort, PATIENCE};
use crate::source::names::{Names, Told};
use crate::source::processes::{Place, Refusal};
use crate::source::{Error, Source, own};
use crate::text;

const NO_LISTS: Refusal = "OpenVZ's beancounters do not tell which processes are in a container";

/// The host's own files of beancounters, if it has any: the more telling one first.
pub fn of_host(roots: &Roots) -> Option<PathBuf> {
    let proc_root = roots.proc_root();
    beancounters::FILES.into_iter().map(|file| proc_root.join(file)).find(|file| file.exists())
}

/// Whether the containers in a host's file have no cgroup of their own below the root of a memory hierarchy, so that
/// only the beancounters tell of them. False where the file cannot be read, or shows one container from inside.
pub fn tell_alone(file: &Path, hierarchy: &Path) -> bool {
    let mut table = Table::default();
    let Ok(bytes) = read::whole(file) else { return false };
    if table.parse(&bytes, HOST).is_err() {
        return false;
    }
    let (hosts, containers): (Vec<&Block>, Vec<&Block>) = table.blocks().iter().partition(|block| block.id == HOST);
    let has_cgroup = |block: &&Block| {
        let slice = hierarchy.join("machine.slice").join(&block.id);
        hierarchy.join(&block.id).is_dir() || slice.is_dir()
    };
    !hosts.is_empty() && !containers.is_empty() && !containers.iter().any(has_cgroup)
}

/// A file of beancounters, the kernel's or a copy.
#[derive(Debug)]
pub struct Beancounters {
    file: PathBuf,
    /// Whose lines they are that stand before any id.
    unnamed: String,
    is_kernels: bool,
    effort: Effort,
    host: HostReader,
    table: Table,
    bytes: Vec<u8>,
    /// Every id in the file, in its order.
    ids: Vec<String>,
    counted: Vec<Counted>,
    topology: Arc<Topology>,
    /// Where this host's configurations are those of the containers.
    names: Option<Names>,
    started: Instant,
}

/// What is counted together, and what was last read of it.
#[derive(Debug)]
struct Counted {
    /// As the file writes it.
    key: String,
    /// Where in the file it is, among all.
    place: usize,
    id: CgroupId,
    identity: Arc<Identity>,
    /// What its configuration has and could not be read.
    problems: Vec<Problem>,
    /// The same allocation as at the reading before where nothing moved, for whoever keeps it.
    beancounter: Arc<Beancounter>,
    memory: Arc<Memory>,
}

impl Counted {
    fn new(block: &Block) -> Self {
        let name = &*block.id;
        Self {
            key: name.to_owned(),
            place: 0,
            id: CgroupId { path: format!("/{name}").into(), inode: 0 },
            identity: Arc::new(if name == HOST { of_processes() } else { identity::of_openvz(name) }),
            problems: Vec::new(),
            beancounter: Arc::new(block.beancounter.clone()),
            memory: Arc::new(beancounters::memory(&block.beancounter)),
        }
    }

    fn tell(&mut self, block: &Block) {
        if *self.beancounter != block.beancounter {
            self.beancounter = Arc::new(block.beancounter.clone());
            self.memory = Arc::new(beancounters::memory(&block.beancounter));
        }
    }

    /// What its configuration may know; nothing where its id is no name of a file.
    fn question(&self) -> Option<Question> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_name = self.key.bytes().all(is_part) && !self.key.starts_with('.');
        (is_name && self.key != HOST).then(|| Question::OpenVz(self.key.as_str().into()))
    }

    /// Takes in what its configuration tells, instead of what that told before.
    fn know(&mut self, facts: &Facts) {
        if self.key != HOST {
            self.identity = Arc::new(facts.complete(&identity::of_openvz(&self.key)));
        }
    }
}

/// Everything on the host that is in no container.
fn of_processes() -> Identity {
    Identity {
        runtime: Some("openvz".into()),
        id: Some(HOST.into()),
        ..Identity::plain(Kind::Cgroup, "host's own processes")
    }
}

impl Beancounters {
    /// Reads `file` a first time, so that one that makes no sense is told at once.
    ///
    /// # Errors
    /// Where it cannot be read, or holds no beancounters.
    pub fn open(roots: &Roots, file: &Path, effort: Effort) -> Result<Self, Error> {
        let is_kernels = hierarchy::is_procfs(file);
        // The configurations of this host say nothing of another's containers.
        let root = roots.root.clone().or_else(|| is_kernels.then(|| "/".into()));
        let places = root.map(|root| Places {
            cgroups: PathBuf::new(),
            proc_root: None,
            root: Some(root),
            processes: Err(Missing::NotInBeancounters),
            apis: Vec::new(),
        });
        let started = Instant::now();
        let mut source = Self {
            unnamed: unnamed(file),
            file: file.to_owned(),
            is_kernels,
            effort,
            host: HostReader::new(&roots.proc_root(), Hierarchy::OpenVz, false),
            table: Table::default(),
            bytes: Vec::new(),
            ids: Vec::new(),
            counted: Vec::new(),
            topology: Arc::default(),
            names: places.map(|places| Names::new(places, started)),
            started,
        };
        source.read()?;
        Ok(source)
    }

    fn read(&mut self) -> Result<(), Error> {
        let path = || self.file.clone();
        read::whole_into(&self.file, &mut self.bytes).map_err(|error| Error::Beancounters { path: path(), error })?;
        let read = self.table.parse(&self.bytes, &self.unnamed);
        read.map_err(|reason| Error::NoBeancounters { path: path(), reason })
    }

    /// Takes in what was read.
    fn take_in(&mut self) {
        let blocks = self.table.blocks();
        if !self.ids.iter().eq(blocks.iter().map(|block| &block.id)) {
            self.recount();
            return;
        }
        self.counted.iter_mut().for_each(|counted| counted.tell(&blocks[counted.place]));
    }

    /// Others are there than before: asks for the names of those that are new. Of two of one id the first counts.
    fn recount(&mut self) {
        let mut known: HashMap<String, Counted> =
            self.counted.drain(..).map(|counted| (counted.key.clone(), counted)).collect();
        let mut seen = HashSet::new();
        let blocks = self.table.blocks();
        for (place, block) in blocks.iter().enumerate().filter(|(_, block)| seen.insert(&*block.id)) {
            let mut counted = known.remove(&block.id).unwrap_or_else(|| {
                let mut new = Counted::new(block);
                match (new.question(), &mut self.names) {
                    (Some(question), Some(names)) => names.ask(new.id.clone(), Arc::new(question)),
                    _ => new.know(&Facts { shortfall: Some(Missing::NoState), ..Facts::default() }),
                }
                new
            });
            counted.place = place;
            counted.tell(block);
            self.counted.push(counted);
        }
        if let Some(names) = &mut self.names {
            for gone in known.values() {
                names.forget(&gone.id);
            }
        }
        self.ids = blocks.iter().map(|block| block.id.clone()).collect();
        self.topology = Arc::new(self.topology());
    }

    /// Takes in the names that have come.
    fn name(&mut self) {
        let Some(names) = &mut self.names else { return };
        let told = match self.effort {
            Effort::Live => names.take(),
            Effort::Whole => names.wait(Instant::now() + PATIENCE),
        };
        if told.is_empty() {
            return;
        }
        let mut told: HashMap<CgroupId, Told> = told.into_iter().map(|told| (told.id.clone(), told)).collect();
        for counted in &mut self.counted {
            if let Some(told) = told.remove(&counted.id) {
                counted.know(&told.facts);
                counted.problems = told.problems;
            }
        }
        self.topology = Arc::new(self.topology());
    }

    /// All of them below the host, which has no beancounter itself.
    fn topology(&self) -> Topology {
        let root = Cgroup {
            id: CgroupId { path: "/".into(), inode: 0 },
            parent: None,
            identity: Arc::new(Identity::plain(Kind::Cgroup, "/")),
        };
        let each = self.counted.iter().map(|counted| Cgroup {
            id: counted.id.clone(),
            parent: Some(0),
            identity: Arc::clone(&counted.identity),
        });
        Topology { cgroups: std::iter::once(root).chain(each).collect() }
    }

    fn problems(&self, problems: &mut Vec<Problem>) {
        problems.extend(self.names.iter().flat_map(Names::problems));
        problems.extend(self.counted.iter().flat_map(|counted| counted.problems.iter().cloned()));
        let twice = self.table.blocks().len() - self.counted.len();
        let told = [(twice, "repeated beancounter"), (self.table.senseless, "senseless line")];
        let path = text::visible(&self.file.to_string_lossy()).into_owned();
        problems.extend(told.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| Problem {
            path: path.clone(),
            doing: "parse",
            error: crate::units::counted(n as u64, what),
        }));
    }
}

/// The id that the path of `/proc/bc/ID/resources` tells, else the name of the file: the lines of a single beancounter
/// have none.
fn unnamed(file: &Path) -> String {
    let name = |path: Option<&Path>| path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    match file.parent() {
        Some(directory) if file.ends_with("resources") && name(directory.parent()) == "bc" => name(Some(directory)),
        _ => name(Some(file)),
    }
}

impl Source for Beancounters {
    fn processes(&self) -> Result<Place, Refusal> {
        Err(NO_LISTS)
    }

    fn sample(&mut self) -> Result<Snapshot, Error> {
        let (begun, taken_at) = (Instant::now(), SystemTime::now());
        let mut problems = Vec::new();
        let mut host = self.host.read(&mut problems);
        self.read()?;
        self.take_in();
        self.name();
        self.problems(&mut problems);
        // Inside a container only its own beancounter is there.
        host.namespaced = !self.counted.iter().any(|counted| counted.key == HOST);
        let root = Arc::new(Memory::missing(Missing::RootCgroup));
        let readings = std::iter::once(root).chain(self.counted.iter().map(|counted| Arc::clone(&counted.memory)));
        let beancounters = self.counted.iter().map(|counted| Some(Arc::clone(&counted.beancounter)));
        Ok(Snapshot {
            taken_at,
            at: begun - self.started,
            host,
            topology: Arc::clone(&self.topology),
            readings: readings.collect(),
            beancounters: std::iter::once(None).chain(beancounters).collect(),
            networks: Arc::default(),
            fresh: Fresh::All,
            unlisted: Vec::new(),
            problems,
            oom_kills: Vec::new(),
            oom_log: Err(if self.is_kernels { Missing::NotInBeancounters } else { Missing::NotHere }),
            own: Own {
                rss: own::rss(),
                directories: Ok(0),
                files: Ok(0),
                cgroup: Err(if self.is_kernels { Missing::NotInBeancounters } else { Missing::NotHere }),
                ..own::protection()
            },
            took: begun.elapsed(),
        })
    }
}
