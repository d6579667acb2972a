//! One moment of the host's memory, as the kernel tells it.
//!
//! Raw figures only, each with the kernel file that it came from; what follows from them is in
//! [`crate::model`]. Must not read files, and knows nothing of screens.

mod beancounter;
mod fresh;
mod identity;
mod missing;
mod network;
mod oom;
mod own;
mod process;

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::units::Limit;

pub use beancounter::{Beancounter, Bound, Resource, Unit};
pub use fresh::Fresh;
pub use identity::{Declared, Identity, Kind, Role};
pub use missing::{Missing, Reading};
pub use network::{Counts, Figure, INITIAL, Network, Networks, Sockets, Starved, Traffic};
pub use oom::{AtLimit, Culprit, OomKill, Part, Task};
pub use own::Own;
pub use process::{Process, Processes};

/// Everything that one sweep read.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Wall-clock time at the start of the sweep.
    pub taken_at: SystemTime,
    /// The same moment on a clock that never jumps; counts from an arbitrary start, so only differences mean anything.
    pub at: Duration,
    /// How long the sweep took.
    pub took: Duration,
    /// The host's own figures.
    pub host: Host,
    /// Which cgroups there are. The same allocation as in the snapshot before if none came or went.
    pub topology: Arc<Topology>,
    /// What each cgroup says, in the order of `topology.cgroups`.
    pub readings: Vec<Arc<Memory>>,
    /// What the beancounter of each of them says, in the same order; empty where the host has none.
    pub beancounters: Vec<Option<Arc<Beancounter>>>,
    /// The network namespaces in which there are containers. The same allocation as in the snapshot before if none was
    /// read meanwhile.
    pub networks: Arc<Networks>,
    /// Which readings are of this moment.
    pub fresh: Fresh,
    /// Cgroups, as indices into the topology, in which there may be others, and why: their directories could not be
    /// listed, or only in part.
    pub unlisted: Vec<(usize, Missing)>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// OOM kills that the kernel log tells of since the snapshot before: `/dev/kmsg`. At first all that it still has.
    pub oom_kills: Vec<OomKill>,
    /// Why the log is not read, if so.
    pub oom_log: Reading<()>,
    /// What the reading costs.
    pub own: Own,
}

/// The cgroups of one moment, each parent before its children.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// In depth-first order; the hierarchy's root first.
    pub cgroups: Vec<Cgroup>,
}

/// One cgroup directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Cgroup {
    /// What makes it this one and no other.
    pub id: CgroupId,
    /// Its parent's index in [`Topology::cgroups`]; `None` for the root.
    pub parent: Option<usize>,
    /// What its path says it is.
    pub identity: Arc<Identity>,
}

/// A cgroup's identity: a path that is removed and made again has another inode, and is another cgroup.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CgroupId {
    /// Path from the root of the memory hierarchy, starting with `/`. Bytes that are not UTF-8 are written as
    /// `\NNN` in octal, and so is a backslash before three octal digits: no two paths become one.
    pub path: Arc<str>,
    /// Inode of the directory, which on cgroup file systems is the cgroup's 64-bit id.
    pub inode: u64,
}

impl Hash for CgroupId {
    /// Paths are long, and hardly two cgroups share an inode.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inode.hash(state);
    }
}

/// Whether the cgroup at a path is this one or one inside it.
pub fn is_within(path: &str, cgroup: &str) -> bool {
    path.strip_prefix(cgroup).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Memory figures of one cgroup. All sizes are bytes, all counters count from the cgroup's creation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// v1 `memory.usage_in_bytes`, v2 `memory.current`.
    pub usage: Reading,
    /// v1 `memory.max_usage_in_bytes`, v2 `memory.peak` (5.19 and later).
    pub peak: Reading,
    /// v1 `memory.limit_in_bytes`, v2 `memory.max`.
    pub limit: Reading<Limit>,
    /// v2 `memory.high`.
    pub high: Reading<Limit>,
    /// v1 `memory.soft_limit_in_bytes`.
    pub soft_limit: Reading<Limit>,
    /// v2 `memory.low`: protected if it can be. Bytes; `max` protects everything.
    pub low: Reading<Limit>,
    /// v2 `memory.min`: protected always. Bytes; `max` protects everything.
    pub min: Reading<Limit>,
    /// v2 `memory.swap.current`, swap cache included; v1 `memory.stat` `total_swap`, swap cache excluded.
    pub swap: Reading,
    /// v2 `memory.swap.max`.
    pub swap_limit: Reading<Limit>,
    /// v1 `memory.memsw.limit_in_bytes`.
    pub memsw_limit: Reading<Limit>,
    /// v1: `memory.kmem.tcp.limit_in_bytes`; where it is unlimited, socket memory is not counted.
    pub tcp_limit: Reading<Limit>,
    /// OpenVZ: what may be allocated, whether it is used or not.
    pub private: Private,
    /// v1 `memory.use_hierarchy`; always true on v2 and since 5.11.
    pub hierarchical: bool,
    /// Counters of limits that were hit.
    pub events: Events,
    /// `memory.stat`.
    pub stat: Stat,
    /// When that was read, on the clock of [`Snapshot::at`]; `None` where it is with everything else.
    pub stat_at: Option<Duration>,
    /// v2 `memory.pressure`.
    pub psi: Reading<Psi>,
    /// Processes in this very cgroup: lines of `cgroup.procs`.
    pub processes: Reading,
    /// Whether the cgroup or one below it has processes: v2 `cgroup.events` `populated`. v1 does not say.
    pub populated: Reading<bool>,
    /// v1 `memory.oom_control` `under_oom`: tasks are stopped because the OOM killer is disabled.
    pub under_oom: Reading<bool>,
}

impl Memory {
    /// Every figure absent for the same reason.
    pub const fn missing(reason: Missing) -> Self {
        Self {
            usage: Err(reason),
            peak: Err(reason),
            limit: Err(reason),
            high: Err(reason),
            soft_limit: Err(reason),
            low: Err(reason),
            min: Err(reason),
            swap: Err(reason),
            swap_limit: Err(reason),
            memsw_limit: Err(reason),
            tcp_limit: Err(reason),
            private: Private::missing(reason),
            hierarchical: true,
            events: Events::missing(reason),
            stat: Stat::missing(reason),
            stat_at: None,
            psi: Err(reason),
            processes: Err(reason),
            populated: Err(reason),
            under_oom: Err(reason),
        }
    }
}

/// OpenVZ's `privvmpages`: private memory that was allocated, used or not, in memory or in swap. Where memory itself
/// is unlimited, as on older kernels, it is what limits a container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Private {
    /// Allocated. Bytes.
    pub held: Reading,
    /// From here on an allocation is refused: the barrier, or the limit where the barrier is 0. Bytes.
    pub limit: Reading<Limit>,
    /// How often one was.
    pub failcnt: Reading,
}

impl Private {
    /// Every figure absent for the same reason.
    pub const fn missing(reason: Missing) -> Self {
        Self { held: Err(reason), limit: Err(reason), failcnt: Err(reason) }
    }
}

/// How often limits were hit and what followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Events {
    /// This cgroup's own limit: v1 `memory.failcnt`, v2 `memory.events.local` `max`.
    pub failcnt: Reading,
    /// v1 `memory.memsw.failcnt`.
    pub memsw_failcnt: Reading,
    /// v2 `memory.events.local` `high`: tasks were throttled at `memory.high`.
    pub high: Reading,
    /// v2 `memory.events.local` `oom`: the OOM killer was considered at this cgroup's limit.
    pub oom: Reading,
    /// v1 `memory.oom_control` `oom_kill`, v2 `memory.events.local` `oom_kill`: processes of this very cgroup that were killed.
    pub oom_kill: Reading,
    /// v2 `memory.events` `max`: own and below.
    pub failcnt_below: Reading,
    /// v2 `memory.events` `oom_kill`: own and below, those of vanished children included.
    pub oom_kill_below: Reading,
    /// v2 `memory.events` `oom_group_kill`: times that all processes of a cgroup were killed together, own and below.
    /// 5.17 and later.
    pub oom_group_kill_below: Reading,
    /// v2, extended attribute `user.oomd_kill` of the directory: processes that systemd-oomd or oomd killed from user space.
    pub oomd_kill: Reading,
    /// v2 `memory.swap.events` `max`.
    pub swap_failcnt: Reading,
    /// v2 `memory.swap.events` `fail`.
    pub swap_fail: Reading,
}

impl Events {
    /// Every counter absent for the same reason.
    pub const fn missing(reason: Missing) -> Self {
        Self {
            failcnt: Err(reason),
            memsw_failcnt: Err(reason),
            high: Err(reason),
            oom: Err(reason),
            oom_kill: Err(reason),
            failcnt_below: Err(reason),
            oom_kill_below: Err(reason),
            oom_group_kill_below: Err(reason),
            oomd_kill: Err(reason),
            swap_failcnt: Err(reason),
            swap_fail: Err(reason),
        }
    }
}

impl Events {
    /// Processes that were killed, own and below. v2; the kernel counts the victim once more whose whole group is killed.
    pub fn kills_below(&self) -> Reading {
        self.oom_kill_below.map(|kills| kills.saturating_sub(self.oom_group_kill_below.unwrap_or(0)))
    }
}

/// `memory.stat`: on v1 the hierarchical `total_` keys. Bytes, but for the counters at the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stat {
    /// v1 `total_rss`, v2 `anon`.
    pub anon: Reading,
    /// v1 `total_cache`, v2 `file`: page cache, tmpfs included.
    pub file: Reading,
    /// v1 `total_shmem`, v2 `shmem`.
    pub shmem: Reading,
    /// v1 `memory.kmem.usage_in_bytes`, v2 `kernel` (5.18 and later).
    pub kernel: Reading,
    /// v2 `kernel_stack`.
    pub kernel_stack: Reading,
    /// v2 `pagetables` (5.11 and later).
    pub pagetables: Reading,
    /// v2 `percpu`.
    pub percpu: Reading,
    /// v2 `slab_reclaimable`.
    pub slab_reclaimable: Reading,
    /// v2 `slab_unreclaimable`.
    pub slab_unreclaimable: Reading,
    /// v2 `sock`; v1 `memory.kmem.tcp.usage_in_bytes` where a tcp limit was set.
    pub sock: Reading,
    /// v1 `total_mapped_file`, v2 `file_mapped`.
    pub mapped: Reading,
    /// v1 `total_dirty`, v2 `file_dirty`.
    pub dirty: Reading,
    /// v1 `total_writeback`, v2 `file_writeback`.
    pub writeback: Reading,
    /// v1 `total_active_file`, v2 `active_file`.
    pub active_file: Reading,
    /// v1 `total_inactive_file`, v2 `inactive_file`.
    pub inactive_file: Reading,
    /// v1 `total_swapcached` (6.7 and later), v2 `swapcached` (5.12 and later).
    pub swap_cached: Reading,
    /// v2 `zswap`: memory of the compressed pool.
    pub zswap: Reading,
    /// v1 `hierarchical_memory_limit`: the kernel's own minimum over this cgroup and its ancestors.
    pub hierarchical_limit: Reading<Limit>,
    /// `workingset_refault_anon` (pages).
    pub refault_anon: Reading,
    /// `workingset_refault_file` (pages).
    pub refault_file: Reading,
    /// v2 `pgscan_kswapd` (pages): the host is short and takes from here.
    pub pgscan_kswapd: Reading,
    /// v2 `pgscan_direct` (pages).
    pub pgscan_direct: Reading,
    /// `pgmajfault`: faults that had to read.
    pub pgmajfault: Reading,
}

impl Stat {
    /// Every figure absent for the same reason.
    pub const fn missing(reason: Missing) -> Self {
        Self {
            anon: Err(reason),
            file: Err(reason),
            shmem: Err(reason),
            kernel: Err(reason),
            kernel_stack: Err(reason),
            pagetables: Err(reason),
            percpu: Err(reason),
            slab_reclaimable: Err(reason),
            slab_unreclaimable: Err(reason),
            sock: Err(reason),
            mapped: Err(reason),
            dirty: Err(reason),
            writeback: Err(reason),
            active_file: Err(reason),
            inactive_file: Err(reason),
            swap_cached: Err(reason),
            zswap: Err(reason),
            hierarchical_limit: Err(reason),
            refault_anon: Err(reason),
            refault_file: Err(reason),
            pgscan_kswapd: Err(reason),
            pgscan_direct: Err(reason),
            pgmajfault: Err(reason),
        }
    }
}

/// Pressure stall information: the share of time in which tasks waited for memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Psi {
    /// Some task waited.
    pub some: PsiLine,
    /// No task ran.
    pub full: PsiLine,
}

/// One line of a pressure file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PsiLine {
    /// Percent of the last 10 seconds.
    pub avg10: f64,
    /// Percent of the last 60 seconds.
    pub avg60: f64,
    /// Microseconds since boot or since the cgroup's creation.
    pub total_us: u64,
}

/// The host: `/proc/meminfo`, `/proc/vmstat`, `/proc/pressure/memory`.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// `/proc/sys/kernel/hostname`.
    pub hostname: String,
    /// `/proc/sys/kernel/osrelease`.
    pub kernel: String,
    /// Where the memory controller is mounted.
    pub hierarchy: Hierarchy,
    /// Whether the hierarchy's root is a container's own cgroup, so that ancestors are out of sight.
    pub namespaced: bool,
    /// Processors, for the slack of per-processor charges.
    pub cpus: u64,
    /// `MemTotal`, bytes.
    pub mem_total: Reading,
    /// `MemAvailable`, bytes.
    pub mem_available: Reading,
    /// `MemFree`, bytes.
    pub mem_free: Reading,
    /// `SwapTotal`, bytes.
    pub swap_total: Reading,
    /// `SwapFree`, bytes.
    pub swap_free: Reading,
    /// `SwapCached`, bytes: swapped out and still in memory.
    pub swap_cached: Reading,
    /// vmstat `oom_kill`: every OOM kill since boot, of a cgroup's limit or of the host.
    pub oom_kill: Reading,
    /// vmstat `allocstall_*` summed: allocations that had to reclaim because the host was short; never a cgroup's limit.
    pub allocstall: Reading,
    /// vmstat `pgscan_kswapd`: pages that kswapd looked at because the host was short; never a cgroup's limit.
    pub pgscan_kswapd: Reading,
    /// vmstat `pswpin`: pages read back from swap, whoever caused it.
    pub pswpin: Reading,
    /// vmstat `pswpout`: pages written to swap, at a container's limit too.
    pub pswpout: Reading,
    /// `/proc/pressure/memory`. Counts stalls at cgroup limits too.
    pub psi: Reading<Psi>,
}

/// Which memory hierarchy is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    /// The v1 memory controller.
    V1,
    /// The v2 memory controller.
    V2,
    /// The v1 memory controller, with a cgroup2 mount beside it.
    Hybrid,
    /// OpenVZ's beancounters, and no memory controller.
    OpenVz,
}

impl Hierarchy {
    /// The name in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Hybrid => "hybrid",
            Self::OpenVz => "openvz",
        }
    }
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The file.
    pub path: String,
    /// What was being done: `read`, `parse`, `list`.
    pub doing: &'static str,
    /// Why it failed.
    pub error: String,
}
