//! The host's cgroups: where the story's actors run, and how their figures add up.

use std::sync::Arc;
use std::time::SystemTime;

use super::curve::{LOOP, hash, passed};
use super::figures::{Figure, Figures, Stalls, memory};
use super::network;
use super::story::{self, Actor, Death, Home, Limits, Load, NOTHING, Net, Pod, UNLIMITED};
use crate::snapshot::{
    AtLimit, Cgroup, CgroupId, Culprit, Declared, Hierarchy, Host, INITIAL, Identity, Kind, Memory, Missing, Networks,
    OomKill, Part, Role, Task, Topology,
};
use crate::units::Limit;

const MIB: f64 = 1_048_576.0;
const PAGE: f64 = 4_096.0;
/// In a wide host, each container changes once in so many seconds.
const REST: u64 = 20;

/// One cgroup, whether it is there at the moment or not.
pub(super) struct Node {
    pub(super) parent: Option<usize>,
    pub(super) limits: Limits,
    pub(super) load: Load,
    pub(super) death: Option<Death>,
    pub(super) seed: u64,
    path: Arc<str>,
    identity: Arc<Identity>,
    children: usize,
    scale: f64,
    /// How far it is ahead in the story; its figures rest between changes. `None` follows the story.
    ahead: Option<f64>,
}

impl Node {
    /// `mib` of the story in bytes of this cgroup, in whole pages.
    pub(super) fn size(&self, mib: f64) -> u64 {
        ((mib * self.scale * MIB / PAGE).round() * PAGE) as u64
    }

    /// `memory.max` in bytes.
    pub(super) fn max(&self) -> u64 {
        self.limits.max.map_or(u64::MAX, |mib| self.size(f64::from(mib)))
    }

    pub(super) fn alive(&self, t: f64) -> bool {
        self.death.is_none_or(|death| passed(t, death.gone) <= passed(t, death.back))
    }

    /// How many cgroups have been at this path before.
    fn incarnation(&self, t: f64) -> f64 {
        self.death.map_or(0.0, |death| passed(t, death.back))
    }

    fn birth(&self, t: f64) -> f64 {
        self.death.map_or(0.0, |death| (death.back + (self.incarnation(t) - 1.0) * LOOP).max(0.0))
    }

    /// The moment of the story that it tells at `t`.
    fn moment(&self, t: f64) -> f64 {
        self.ahead.map_or(t, |ahead| t.floor() - ((t as u64 + self.seed % REST) % REST) as f64 + ahead)
    }

    /// A container that is made again has another network namespace.
    fn netns(&self, t: f64) -> Option<u64> {
        Some(self.identity.netns.ok()? + self.incarnation(t) as u64)
    }

    fn identity(&self, t: f64) -> Arc<Identity> {
        match self.netns(t) {
            Some(netns) if self.death.is_some() => Arc::new(Identity { netns: Ok(netns), ..(*self.identity).clone() }),
            _ => Arc::clone(&self.identity),
        }
    }

    fn inode(&self, index: usize, t: f64) -> u64 {
        4_000 + 16 * index as u64 + 1_000_000 * self.incarnation(t) as u64
    }
}

/// Who plays: an actor of the story, or a double of one.
struct Cast {
    actor: &'static Actor,
    suffix: String,
    scale: f64,
    ahead: Option<f64>,
}

impl Cast {
    fn title(&self) -> String {
        format!("{}{}", self.actor.name, self.suffix)
    }
}

/// All that can ever be on the host.
pub(super) struct World {
    nodes: Vec<Node>,
    memory: u64,
    swap: u64,
}

impl World {
    /// The story's host.
    pub(super) fn story() -> Self {
        let cast = story::ACTORS.iter().map(|actor| Cast { actor, suffix: String::new(), scale: 1.0, ahead: None });
        Self::of(&cast.collect::<Vec<_>>(), 1.0)
    }

    /// A host of `containers` doubles, none of which dies.
    pub(super) fn wide(containers: usize) -> Self {
        let actors = story::ACTORS.iter().filter(|actor| actor.death.is_none()).cycle().take(containers);
        let cast = actors.zip(0_u64..).map(|(actor, n)| Cast {
            actor,
            suffix: format!("-{n}"),
            // In sixteenths, so that parts of a full limit still add up to it.
            scale: (12 + hash(n, 1) % 9) as f64 / 16.0,
            ahead: Some((hash(n, 2) % 600) as f64),
        });
        Self::of(&cast.collect::<Vec<_>>(), (containers as f64 / 6.0).max(1.0))
    }

    /// A host with `factor` times the story's memory.
    fn of(cast: &[Cast], factor: f64) -> Self {
        let mut builder = Builder { nodes: Vec::new() };
        let root = builder.add(None, "", Identity::plain(Kind::Cgroup, "/"), story::ROOT, UNLIMITED);
        builder.pods(root, cast, factor);
        builder.system(root, cast);
        builder.machines(root, cast);
        builder.users(root);
        let bytes = |mib: f64| (mib * factor * MIB) as u64;
        Self { nodes: builder.nodes, memory: bytes(story::HOST_MEMORY), swap: bytes(story::HOST_SWAP) }
    }

    /// What the kernel log tells of kills between two moments.
    pub(super) fn kills(&self, from: f64, to: f64, when: impl Fn(f64) -> SystemTime) -> Vec<OomKill> {
        let dying = self.nodes.iter().filter_map(|node| Some((node, node.death?)));
        let fell = dying
            .filter(|(node, death)| node.limits.max.is_some() && passed(from, death.killed) < passed(to, death.killed));
        fell.map(|(node, death)| {
            let at = from + (death.killed - from).rem_euclid(LOOP);
            let anon = node.size(node.load.anon.at(at - 1.0));
            let hits = node.load.hits.total(at) - node.load.hits.total(node.birth(at));
            OomKill {
                when: when(at),
                past: false,
                pid: 48_000 + (node.seed % 1_000) as u32,
                comm: "python3".into(),
                cgroup: Some(Arc::clone(&node.path)),
                identity: Some(Arc::clone(&node.identity)),
                by: Culprit::Limit(Arc::clone(&node.path)),
                at_limit: Some(AtLimit { usage: node.max(), limit: Some(node.max()), failcnt: hits as u64 }),
                memsw: None,
                swap: Some(AtLimit { usage: 0, limit: Some(0), failcnt: 0 }),
                victim: [Some(anon), Some(6 << 20), Some(0)],
                tasks: vec![
                    Task { pid: 48_000 + (node.seed % 1_000) as u32, comm: "python3".into(), rss: anon + (6 << 20) },
                    Task { pid: 47_900, comm: "sh".into(), rss: 1 << 20 },
                ],
                part: Part::Chosen,
            }
        })
        .collect()
    }

    /// A number that grows whenever a cgroup comes or goes.
    pub(super) fn generation(&self, t: f64) -> u64 {
        let changes = |death: Death| passed(t, death.gone) + passed(t, death.back);
        self.nodes.iter().filter_map(|node| node.death).map(changes).sum::<f64>() as u64
    }

    /// The cgroups that are there at `t`.
    pub(super) fn topology(&self, t: f64) -> Topology {
        let mut cgroups = Vec::with_capacity(self.nodes.len());
        let mut place = vec![0; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.alive(t)) {
            place[index] = cgroups.len();
            cgroups.push(Cgroup {
                id: CgroupId { path: Arc::clone(&node.path), inode: node.inode(index, t) },
                parent: node.parent.map(|parent| place[parent]),
                identity: node.identity(t),
            });
        }
        Topology { cgroups }
    }

    /// The network namespaces of the cgroups that are there at `t`, as they were when they were read last.
    pub(super) fn networks(&self, t: f64) -> Networks {
        let mut networks = Networks { host: Some(INITIAL), each: Vec::new() };
        for node in self.nodes.iter().filter(|node| node.alive(t)) {
            if let Some(netns) = node.netns(t) {
                networks.put(network::at(netns, node.birth(t), t));
            }
        }
        networks
    }

    /// What the kernel says at `t` of the cgroups that are there, and of the host.
    pub(super) fn readings(&self, t: f64) -> (Vec<Memory>, Host) {
        let tallies = self.tallies(t);
        let there = self.nodes.iter().zip(&tallies).filter(|(node, _)| node.alive(t));
        let readings: Vec<Memory> = there
            .map(|(node, tally)| {
                let psi = tally.stalls.psi(t);
                memory(node, &tally.own, if node.death.is_some() { &tally.this } else { &tally.ever }, psi)
            })
            .collect();
        let root = tallies.first().map(|tally| tally.ever).unwrap_or_default();
        let psi = readings.first().map_or(Err(Missing::Unreadable), |root| root.psi);
        let free = self.memory.saturating_sub(root.usage());
        let host = Host {
            hostname: "node-17".to_owned(),
            kernel: "6.12.48".to_owned(),
            hierarchy: Hierarchy::V2,
            namespaced: false,
            cpus: 8,
            mem_total: Ok(self.memory),
            mem_available: Ok(free + root.droppable()),
            mem_free: Ok(free),
            swap_total: Ok(self.swap),
            swap_free: Ok(self.swap.saturating_sub(root[Figure::Swap])),
            swap_cached: Ok(root[Figure::SwapCached]),
            oom_kill: Ok(story::FORGOTTEN_KILLS + root[Figure::Kills]),
            allocstall: Ok(story::ALLOCSTALL),
            pgscan_kswapd: Ok(story::PGSCAN_KSWAPD),
            // What comes back makes room for itself: as much goes out.
            pswpin: Ok(root[Figure::RefaultAnon]),
            pswpout: Ok(root[Figure::RefaultAnon]),
            psi,
        };
        (readings, host)
    }

    fn tallies(&self, t: f64) -> Vec<Tally> {
        let mut tallies: Vec<Tally> = self.nodes.iter().map(|node| Tally::of(node, node.moment(t))).collect();
        for index in (1..tallies.len()).rev() {
            let child = tallies[index];
            if let Some(parent) = self.nodes[index].parent {
                tallies[parent].this += child.this;
                tallies[parent].ever += child.ever;
                tallies[parent].stalls.add(&child.stalls, self.nodes[parent].children);
            }
        }
        tallies
    }
}

/// What a cgroup counts.
#[derive(Clone, Copy)]
struct Tally {
    /// Charged to itself.
    own: Figures,
    /// With those below, since it was made.
    this: Figures,
    /// With those below and all that were at these paths before: what the parent remembers.
    ever: Figures,
    stalls: Stalls,
}

impl Tally {
    fn of(node: &Node, t: f64) -> Self {
        let own = Figures::of(node, t, node.birth(t));
        let ever = if node.death.is_some() { Figures::of(node, t, 0.0) } else { own };
        Self { own, this: own, ever, stalls: Stalls::of(node, t) }
    }
}

/// Adds cgroups, each after its parent and before its parent's next child.
struct Builder {
    nodes: Vec<Node>,
}

impl Builder {
    fn add(&mut self, parent: Option<usize>, segment: &str, identity: Identity, load: Load, limits: Limits) -> usize {
        let path = match parent.map(|parent| &mut self.nodes[parent]) {
            None => "/".to_owned(),
            Some(parent) => {
                parent.children += 1;
                format!("{}/{segment}", parent.path.trim_end_matches('/'))
            }
        };
        self.nodes.push(Node {
            parent,
            limits,
            load,
            death: None,
            seed: hash(self.nodes.len() as u64, 7),
            path: path.into(),
            identity: Arc::new(identity),
            children: 0,
            scale: 1.0,
            ahead: None,
        });
        self.nodes.len() - 1
    }

    fn slice(&mut self, parent: usize, name: &str, limits: Limits) -> usize {
        self.add(Some(parent), name, Identity::plain(Kind::Slice, name), NOTHING, limits)
    }

    /// What [`Self::add`] made from `from` on, as big, as timely and as mortal as its actor.
    fn dress(&mut self, from: usize, cast: &Cast) {
        let seed = self.nodes[from].seed;
        let netns = match cast.actor.net {
            Net::Own => Ok(network::number(from as u64)),
            Net::Host => Ok(INITIAL),
            Net::Neighbour => self.nodes[from - 1].identity.netns,
        };
        for node in &mut self.nodes[from..] {
            Arc::make_mut(&mut node.identity).netns = netns;
            node.scale = cast.scale;
            node.ahead = cast.ahead;
            node.death = cast.actor.death;
            node.seed = seed;
        }
    }

    fn pods(&mut self, root: usize, cast: &[Cast], factor: f64) {
        let mut limits = story::KUBEPODS;
        limits.max = limits.max.map(|mib| (f64::from(mib) * factor) as u32);
        let kubepods = self.slice(root, "kubepods.slice", limits);
        let burstable = self.slice(kubepods, "kubepods-burstable.slice", UNLIMITED);
        for part in cast {
            let Home::Pod(&Pod { namespace, name, limits, load }) = part.actor.home else { continue };
            let from = self.nodes.len();
            let uid = uid(from as u64);
            let segment = format!("kubepods-burstable-pod{}.slice", uid.replace('-', "_"));
            let pod: Arc<str> = format!("{name}{}", part.suffix).into();
            let within = Identity {
                pod: Ok(Arc::clone(&pod)),
                pod_id: Some(uid.clone().into()),
                namespace: Ok(namespace.into()),
                ..Identity::plain(Kind::Pod, &pod)
            };
            let who = Identity { runtime: Some("kubelet".into()), id: Some(uid.into()), ..within.clone() };
            let parent = self.add(Some(burstable), &segment, who, load, limits);
            let id = hex(from as u64);
            let who = container("containerd", &id, part.actor.name.to_owned(), part, within);
            let segment = format!("cri-containerd-{id}.scope");
            self.add(Some(parent), &segment, who, part.actor.load, part.actor.limits);
            self.dress(from, part);
        }
    }

    fn system(&mut self, root: usize, cast: &[Cast]) {
        let slice = self.slice(root, "system.slice", UNLIMITED);
        for part in cast.iter().filter(|part| matches!(part.actor.home, Home::Docker)) {
            let from = self.nodes.len();
            let id = hex(from as u64);
            let who = container("docker", &id, part.title(), part, outside());
            self.add(Some(slice), &format!("docker-{id}.scope"), who, part.actor.load, part.actor.limits);
            self.dress(from, part);
        }
        for (name, mib) in story::SERVICES {
            let unit = format!("{name}.service");
            let node = self.add(Some(slice), &unit, Identity::plain(Kind::Service, &unit), story::SERVICE, UNLIMITED);
            self.nodes[node].scale = mib;
        }
    }

    fn machines(&mut self, root: usize, cast: &[Cast]) {
        let slice = self.slice(root, "machine.slice", UNLIMITED);
        for part in cast.iter().filter(|part| matches!(part.actor.home, Home::Podman)) {
            let from = self.nodes.len();
            let id = hex(from as u64);
            let who = container("podman", &id, part.title(), part, outside());
            let trunk = Identity {
                role: Role::Trunk,
                name: "container".into(),
                within: Some(Arc::clone(&who.name)),
                ..who.clone()
            };
            let scope = self.add(Some(slice), &format!("libpod-{id}.scope"), who, NOTHING, UNLIMITED);
            self.add(Some(scope), "container", trunk, part.actor.load, part.actor.limits);
            self.dress(from, part);
        }
    }

    fn users(&mut self, root: usize) {
        let users = self.slice(root, "user.slice", UNLIMITED);
        let user = self.slice(users, "user-1000.slice", UNLIMITED);
        let scope = "session-3.scope";
        self.add(Some(user), scope, Identity::plain(Kind::Scope, scope), story::SESSION, UNLIMITED);
    }
}

/// A container that is in no pod.
fn outside() -> Identity {
    Identity { namespace: Err(Missing::NotOnDisk), ..Identity::plain(Kind::Container, "") }
}

/// The container of `part`, in the pod and namespace of `within`.
fn container(runtime: &str, id: &str, name: String, part: &Cast, within: Identity) -> Identity {
    let limit = |mib: Option<u32>| {
        Ok(mib.map_or(Limit::Unlimited, |mib| Limit::Bytes((f64::from(mib) * part.scale * MIB) as u64)))
    };
    Identity {
        kind: Kind::Container,
        runtime: Some(runtime.into()),
        id: Some(id.into()),
        name: name.into(),
        image: Ok(part.actor.image.into()),
        declared: Declared { limit: limit(part.actor.limits.max), swap_limit: limit(part.actor.limits.swap) },
        ..within
    }
}

/// 64 hexadecimal digits.
fn hex(seed: u64) -> String {
    let [a, b, c, d] = [10, 11, 12, 13].map(|n| hash(seed, n));
    format!("{a:016x}{b:016x}{c:016x}{d:016x}")
}

/// A pod's uid.
fn uid(seed: u64) -> String {
    let digits = hex(seed);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..32]].join("-")
}
