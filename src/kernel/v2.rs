//! The files of a cgroup of the v2 memory controller.

use crate::kernel::file::{Content, File, Pace};
use crate::kernel::parse::{flag_of, keys, limit, number, psi, set};
use crate::kernel::stat::StatKey;
use crate::snapshot::{Events, Memory, Missing, Private, Stat};

/// The file that every cgroup but the root has where the controller is enabled.
pub const USAGE: &str = "memory.current";

/// Counters of its own events; the kernel tells when one moves.
pub const EVENTS_LOCAL: &str = "memory.events.local";
/// The same with those below it.
pub const EVENTS: &str = "memory.events";
/// Counters of the swap limit; the kernel tells when one moves.
pub const SWAP_EVENTS: &str = "memory.swap.events";

/// What a cgroup says before any file was read: the figures that v2 does not have.
pub const BLANK: Memory = Memory {
    soft_limit: Err(Missing::NotOnV2),
    memsw_limit: Err(Missing::NotOnV2),
    tcp_limit: Err(Missing::NotOnV2),
    under_oom: Err(Missing::NotOnV2),
    private: Private::missing(Missing::NotOnV2),
    events: Events { memsw_failcnt: Err(Missing::NotOnV2), ..Events::missing(Missing::NotRead) },
    stat: Stat { hierarchical_limit: Err(Missing::NotOnV2), ..Stat::missing(Missing::NotRead) },
    ..Memory::missing(Missing::NotRead)
};

/// Every file that is read, cheap and telling ones first.
pub const FILES: &[File] = &[
    File {
        name: USAGE,
        pace: Pace::Every,
        content: Content::Text(|bytes, memory| set(&mut memory.usage, number(bytes))),
        absent: Missing::NoController,
        miss: |memory, reason| memory.usage = Err(reason),
    },
    File {
        name: "memory.max",
        pace: Pace::Moved,
        content: Content::Text(|bytes, memory| set(&mut memory.limit, limit(bytes))),
        absent: Missing::NoController,
        miss: |memory, reason| memory.limit = Err(reason),
    },
    File {
        name: EVENTS_LOCAL,
        pace: Pace::Told,
        content: Content::Text(|bytes, memory| {
            keys(
                bytes,
                &mut [
                    ("max", &mut memory.events.failcnt),
                    ("high", &mut memory.events.high),
                    ("oom", &mut memory.events.oom),
                    ("oom_kill", &mut memory.events.oom_kill),
                ],
            )
        }),
        absent: Missing::NotInKernel,
        miss: |memory, reason| {
            memory.events.failcnt = Err(reason);
            memory.events.high = Err(reason);
            memory.events.oom = Err(reason);
            memory.events.oom_kill = Err(reason);
        },
    },
    File {
        name: EVENTS,
        pace: Pace::Moved,
        content: Content::Text(|bytes, memory| {
            keys(
                bytes,
                &mut [
                    ("max", &mut memory.events.failcnt_below),
                    ("oom_kill", &mut memory.events.oom_kill_below),
                    ("oom_group_kill", &mut memory.events.oom_group_kill_below),
                ],
            )
        }),
        absent: Missing::NoController,
        miss: |memory, reason| {
            memory.events.failcnt_below = Err(reason);
            memory.events.oom_kill_below = Err(reason);
            memory.events.oom_group_kill_below = Err(reason);
        },
    },
    File {
        name: "memory.swap.current",
        pace: Pace::Moved,
        content: Content::Text(|bytes, memory| set(&mut memory.swap, number(bytes))),
        absent: Missing::AccountingOff,
        miss: |memory, reason| memory.swap = Err(reason),
    },
    File {
        name: "memory.stat",
        pace: Pace::Moved,
        content: Content::Stat(STAT),
        absent: Missing::NoController,
        miss: |memory, reason| {
            memory.stat = Stat { hierarchical_limit: Err(Missing::NotOnV2), ..Stat::missing(reason) };
        },
    },
    File {
        name: "memory.pressure",
        pace: Pace::Moved,
        content: Content::Text(|bytes, memory| set(&mut memory.psi, psi(bytes))),
        absent: Missing::AccountingOff,
        miss: |memory, reason| memory.psi = Err(reason),
    },
    File {
        name: "memory.high",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.high, limit(bytes))),
        absent: Missing::NoController,
        miss: |memory, reason| memory.high = Err(reason),
    },
    File {
        name: "memory.low",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.low, limit(bytes))),
        absent: Missing::NoController,
        miss: |memory, reason| memory.low = Err(reason),
    },
    File {
        name: "memory.min",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.min, limit(bytes))),
        absent: Missing::NoController,
        miss: |memory, reason| memory.min = Err(reason),
    },
    File {
        name: "memory.peak",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.peak, number(bytes))),
        absent: Missing::NotInKernel,
        miss: |memory, reason| memory.peak = Err(reason),
    },
    File {
        name: "memory.swap.max",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.swap_limit, limit(bytes))),
        absent: Missing::AccountingOff,
        miss: |memory, reason| memory.swap_limit = Err(reason),
    },
    File {
        name: SWAP_EVENTS,
        pace: Pace::Told,
        content: Content::Text(|bytes, memory| {
            keys(bytes, &mut [("max", &mut memory.events.swap_failcnt), ("fail", &mut memory.events.swap_fail)])
        }),
        absent: Missing::AccountingOff,
        miss: |memory, reason| {
            memory.events.swap_failcnt = Err(reason);
            memory.events.swap_fail = Err(reason);
        },
    },
    File {
        name: "cgroup.events",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.populated, flag_of(bytes, b"populated"))),
        absent: Missing::RootCgroup,
        miss: |memory, reason| memory.populated = Err(reason),
    },
    File {
        name: "cgroup.procs",
        pace: Pace::Slow,
        content: Content::Processes,
        absent: Missing::NotInKernel,
        miss: |memory, reason| memory.processes = Err(reason),
    },
];

const STAT: &[StatKey] = &[
    StatKey { key: "anon", put: |memory, value| memory.stat.anon = value },
    StatKey { key: "file", put: |memory, value| memory.stat.file = value },
    StatKey { key: "kernel", put: |memory, value| memory.stat.kernel = value },
    StatKey { key: "kernel_stack", put: |memory, value| memory.stat.kernel_stack = value },
    StatKey { key: "pagetables", put: |memory, value| memory.stat.pagetables = value },
    StatKey { key: "percpu", put: |memory, value| memory.stat.percpu = value },
    StatKey { key: "sock", put: |memory, value| memory.stat.sock = value },
    StatKey { key: "shmem", put: |memory, value| memory.stat.shmem = value },
    StatKey { key: "zswap", put: |memory, value| memory.stat.zswap = value },
    StatKey { key: "file_mapped", put: |memory, value| memory.stat.mapped = value },
    StatKey { key: "file_dirty", put: |memory, value| memory.stat.dirty = value },
    StatKey { key: "file_writeback", put: |memory, value| memory.stat.writeback = value },
    StatKey { key: "swapcached", put: |memory, value| memory.stat.swap_cached = value },
    StatKey { key: "inactive_file", put: |memory, value| memory.stat.inactive_file = value },
    StatKey { key: "active_file", put: |memory, value| memory.stat.active_file = value },
    StatKey { key: "slab_reclaimable", put: |memory, value| memory.stat.slab_reclaimable = value },
    StatKey { key: "slab_unreclaimable", put: |memory, value| memory.stat.slab_unreclaimable = value },
    StatKey { key: "workingset_refault_anon", put: |memory, value| memory.stat.refault_anon = value },
    StatKey { key: "workingset_refault_file", put: |memory, value| memory.stat.refault_file = value },
    StatKey { key: "pgscan_kswapd", put: |memory, value| memory.stat.pgscan_kswapd = value },
    StatKey { key: "pgscan_direct", put: |memory, value| memory.stat.pgscan_direct = value },
    StatKey { key: "pgmajfault", put: |memory, value| memory.stat.pgmajfault = value },
];
