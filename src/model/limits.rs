//! The limit that binds: over the row's own cgroups and every ancestor.
//!
//! A container without a limit of its own may be held by its pod's, and one that is far below its own
//! limit may have no room left because its siblings use up the ancestor's.

use crate::model::groups::Shape;
use crate::snapshot::{Memory, Missing, Reading, Snapshot};
use crate::units::Limit;

/// What limits a row, and by how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binding {
    /// Bytes that are left.
    pub headroom: Reading,
    /// Whose limit it is.
    pub by: Reading<By>,
    /// That limit.
    pub limit: Reading<Limit>,
    /// What counts against that limit.
    pub usage: Reading,
    /// What it is a limit of.
    pub of: Reading<Resource>,
}

impl Binding {
    /// Everything absent for the same reason.
    pub(super) fn missing(reason: Missing) -> Self {
        Self { headroom: Err(reason), by: Err(reason), limit: Err(reason), usage: Err(reason), of: Err(reason) }
    }
}

/// What a limit is a limit of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Memory.
    Memory,
    /// Memory and swap together. v1 only.
    MemoryAndSwap,
    /// Private memory that is allocated, used or not. OpenVZ only.
    Private,
}

impl Resource {
    /// The name in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::MemoryAndSwap => "memsw",
            Self::Private => "privvmpages",
        }
    }
}

/// Whose limit binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A cgroup: index into the topology.
    Cgroup(usize),
    /// No limit below the host's memory.
    Host,
}

/// The limits of a row, and of its ancestors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The smallest limit of the row's own cgroups.
    pub own: Reading<Limit>,
    /// The smallest `memory.high` of the row's own cgroups.
    pub high: Reading<Limit>,
    /// The smallest limit of the row and its ancestors; unlimited if none is below the host's memory.
    pub effective: Reading<Limit>,
    /// The smallest `memory.high` of the row and its ancestors; unlimited if none is below the host's memory.
    pub effective_high: Reading<Limit>,
    /// What binds now.
    pub binding: Binding,
    /// What would bind if that limit were raised.
    pub next: Binding,
}

/// One limit that could bind.
#[derive(Clone, Copy)]
struct Candidate {
    at: usize,
    limit: u64,
    usage: u64,
    of: Resource,
}

impl Candidate {
    fn headroom(self) -> u64 {
        self.limit.saturating_sub(self.usage)
    }
}

impl Limits {
    /// The limits of `shape` in `snapshot`.
    pub(super) fn of(snapshot: &Snapshot, shape: &Shape) -> Self {
        let chain = chain(snapshot, shape);
        let ceiling = snapshot.host.mem_total.unwrap_or(u64::MAX);
        let candidates: Vec<Candidate> =
            chain.iter().flat_map(|&at| candidates(at, &snapshot.readings[at], ceiling)).collect();
        let binding = tightest(&candidates, None);
        let mut effective = least(chain.iter().map(|&at| snapshot.readings[at].limit), ceiling);
        let mut now = binding.map_or_else(|| host(snapshot), bound);
        let mut next = tightest(&candidates, binding.map(|candidate| candidate.at));
        if let Some(hidden) = invisible(snapshot, shape, effective) {
            effective = Ok(Limit::Bytes(hidden));
            now = Binding {
                headroom: Err(Missing::Invisible),
                by: Err(Missing::Invisible),
                limit: Ok(Limit::Bytes(hidden)),
                usage: Err(Missing::Invisible),
                of: Ok(Resource::Memory),
            };
            // Were the hidden limit raised, the tightest of those in sight would bind.
            next = binding;
        }
        Self {
            own: smallest(shape.trunk.iter().map(|&at| snapshot.readings[at].limit)),
            high: smallest(shape.trunk.iter().map(|&at| snapshot.readings[at].high)),
            effective,
            effective_high: least(chain.iter().map(|&at| snapshot.readings[at].high), ceiling),
            binding: now,
            next: next.map_or_else(|| host(snapshot), bound),
        }
    }
}

/// The cgroups whose limits bind: innermost of the trunk first. Without `use_hierarchy` ancestors do not.
fn chain(snapshot: &Snapshot, shape: &Shape) -> Vec<usize> {
    let own = shape.trunk.iter().rev();
    let above = shape.ancestors.iter().take_while(|&&at| snapshot.readings[at].hierarchical);
    own.chain(above).copied().collect()
}

/// A cgroup's limit on memory, on v1 the one on memory and swap together, and OpenVZ's on what is allocated. Limits of the
/// host's size and above bind nothing, unless more can be allocated than there is.
fn candidates(at: usize, memory: &Memory, ceiling: u64) -> impl Iterator<Item = Candidate> {
    let candidate = |of: Resource, limit: Reading<Limit>, usage: Reading, ceiling: u64| {
        let limit = limit.ok()?.bytes().filter(|&limit| limit < ceiling)?;
        Some(Candidate { at, limit, usage: usage.ok()?, of })
    };
    let memsw_usage = memory.usage.and_then(|usage| memory.swap.map(|swap| usage.saturating_add(swap)));
    [
        candidate(Resource::Memory, memory.limit, memory.usage, ceiling),
        candidate(Resource::MemoryAndSwap, memory.memsw_limit, memsw_usage, ceiling),
        candidate(Resource::Private, memory.private.limit, memory.private.held, u64::MAX),
    ]
    .into_iter()
    .flatten()
}

/// The one with the least headroom; of equals the smaller limit, then the innermost, which comes first.
fn tightest(candidates: &[Candidate], but: Option<usize>) -> Option<Candidate> {
    candidates
        .iter()
        .filter(|candidate| but != Some(candidate.at))
        .min_by_key(|candidate| (candidate.headroom(), candidate.limit))
        .copied()
}

fn bound(candidate: Candidate) -> Binding {
    Binding {
        headroom: Ok(candidate.headroom()),
        by: Ok(By::Cgroup(candidate.at)),
        limit: Ok(Limit::Bytes(candidate.limit)),
        usage: Ok(candidate.usage),
        of: Ok(candidate.of),
    }
}

fn host(snapshot: &Snapshot) -> Binding {
    Binding {
        headroom: snapshot.host.mem_available,
        by: Ok(By::Host),
        limit: Ok(Limit::Unlimited),
        usage: Err(Missing::NoLimit),
        of: Err(Missing::NoLimit),
    }
}

/// v1 tells the smallest limit of all ancestors, those included that a namespace or mount hides.
fn invisible(snapshot: &Snapshot, shape: &Shape, visible: Reading<Limit>) -> Option<u64> {
    let deepest = *shape.trunk.last()?;
    let told = snapshot.readings[deepest].stat.hierarchical_limit.ok()?.bytes()?;
    let hidden = visible.map_or(true, |visible| Limit::Bytes(told) < visible);
    let real = snapshot.host.mem_total.is_ok_and(|total| told < total);
    let hierarchical = snapshot.readings[deepest].hierarchical;
    (snapshot.host.namespaced && hidden && real && hierarchical).then_some(told)
}

/// The smallest limit, unlimited included. Where one cannot be read the smallest is unknown.
fn smallest(limits: impl Iterator<Item = Reading<Limit>>) -> Reading<Limit> {
    limits.reduce(|a, b| Ok(a?.min(b?))).unwrap_or(Err(Missing::NoController))
}

/// The smallest limit below `ceiling`, else unlimited; a cgroup that tells none does not limit.
fn least(limits: impl Iterator<Item = Reading<Limit>>, ceiling: u64) -> Reading<Limit> {
    let mut smallest = Limit::Unlimited;
    for limit in limits {
        match limit {
            Ok(limit) if limit < Limit::Bytes(ceiling) => smallest = smallest.min(limit),
            Err(Missing::NotOnV1) => return Err(Missing::NotOnV1),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(smallest)
}
