//! The files of a cgroup of the v1 memory controller.

use crate::kernel::file::{Content, File, Pace};
use crate::kernel::parse::{Malformed, flag_of, keys, limit, limit_of, number, set};
use crate::kernel::stat::StatKey;
use crate::snapshot::{Events, Memory, Missing, Private, Stat};
use crate::units::Limit;

/// The file that every cgroup has.
pub const USAGE: &str = "memory.usage_in_bytes";

/// Hits of the limit on memory.
pub const FAILCNT: &str = "memory.failcnt";
/// Hits of the limit on memory and swap together.
pub const MEMSW_FAILCNT: &str = "memory.memsw.failcnt";
/// OOM kills, and whether tasks stand still.
pub const OOM_CONTROL: &str = "memory.oom_control";

/// What a cgroup says before any file was read: the figures that v1 does not have.
pub const BLANK: Memory = Memory {
    high: Err(Missing::NotOnV1),
    low: Err(Missing::NotOnV1),
    min: Err(Missing::NotOnV1),
    swap_limit: Err(Missing::NotOnV1),
    psi: Err(Missing::NotOnV1),
    populated: Err(Missing::NotOnV1),
    private: Private::missing(Missing::NotOnV1),
    events: Events {
        high: Err(Missing::NotOnV1),
        oom: Err(Missing::NotOnV1),
        failcnt_below: Err(Missing::NotOnV1),
        oom_kill_below: Err(Missing::NotOnV1),
        oom_group_kill_below: Err(Missing::NotOnV1),
        oomd_kill: Err(Missing::NotOnV1),
        swap_failcnt: Err(Missing::NotOnV1),
        swap_fail: Err(Missing::NotOnV1),
        ..Events::missing(Missing::NotRead)
    },
    stat: BLANK_STAT,
    ..Memory::missing(Missing::NotRead)
};

const BLANK_STAT: Stat = Stat {
    kernel_stack: Err(Missing::NotOnV1),
    pagetables: Err(Missing::NotOnV1),
    percpu: Err(Missing::NotOnV1),
    slab_reclaimable: Err(Missing::NotOnV1),
    slab_unreclaimable: Err(Missing::NotOnV1),
    zswap: Err(Missing::NotOnV1),
    pgscan_kswapd: Err(Missing::NotOnV1),
    pgscan_direct: Err(Missing::NotOnV1),
    ..Stat::missing(Missing::NotRead)
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
        name: "memory.limit_in_bytes",
        pace: Pace::Moved,
        content: Content::Text(|bytes, memory| set(&mut memory.limit, limit(bytes))),
        absent: Missing::NoController,
        miss: |memory, reason| memory.limit = Err(reason),
    },
    File {
        name: "memory.memsw.limit_in_bytes",
        pace: Pace::Moved,
        content: Content::Text(|bytes, memory| set(&mut memory.memsw_limit, limit(bytes))),
        absent: Missing::AccountingOff,
        miss: |memory, reason| memory.memsw_limit = Err(reason),
    },
    File {
        name: FAILCNT,
        pace: Pace::Limited,
        content: Content::Text(|bytes, memory| set(&mut memory.events.failcnt, number(bytes))),
        absent: Missing::NoController,
        miss: |memory, reason| memory.events.failcnt = Err(reason),
    },
    File {
        name: MEMSW_FAILCNT,
        pace: Pace::Moved,
        content: Content::Text(|bytes, memory| set(&mut memory.events.memsw_failcnt, number(bytes))),
        absent: Missing::AccountingOff,
        miss: |memory, reason| memory.events.memsw_failcnt = Err(reason),
    },
    File {
        name: OOM_CONTROL,
        pace: Pace::Killed,
        content: Content::Text(|bytes, memory| {
            keys(bytes, &mut [("oom_kill", &mut memory.events.oom_kill)])
                .or_else(|_| older_oom_control(bytes, memory))?;
            set(&mut memory.under_oom, flag_of(bytes, b"under_oom"))
        }),
        absent: Missing::NoController,
        miss: |memory, reason| {
            memory.events.oom_kill = Err(reason);
            memory.under_oom = Err(reason);
        },
    },
    File {
        name: "memory.stat",
        pace: Pace::Moved,
        content: Content::Stat(STAT),
        absent: Missing::NoController,
        miss: |memory, reason| {
            let kept = memory.stat;
            memory.stat = Stat { kernel: kept.kernel, sock: kept.sock, ..BLANK_STAT };
            for key in STAT {
                (key.put)(memory, Err(reason));
            }
        },
    },
    File {
        name: "memory.max_usage_in_bytes",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.peak, number(bytes))),
        absent: Missing::NoController,
        miss: |memory, reason| memory.peak = Err(reason),
    },
    File {
        name: "memory.soft_limit_in_bytes",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.soft_limit, limit(bytes))),
        absent: Missing::NotInKernel,
        miss: |memory, reason| memory.soft_limit = Err(reason),
    },
    File {
        name: "memory.kmem.usage_in_bytes",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.stat.kernel, number(bytes))),
        absent: Missing::AccountingOff,
        miss: |memory, reason| memory.stat.kernel = Err(reason),
    },
    File {
        name: "memory.kmem.tcp.limit_in_bytes",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| set(&mut memory.tcp_limit, limit(bytes))),
        absent: Missing::AccountingOff,
        miss: |memory, reason| memory.tcp_limit = Err(reason),
    },
    File {
        name: "memory.kmem.tcp.usage_in_bytes",
        pace: Pace::Slow,
        content: Content::Text(sockets),
        absent: Missing::AccountingOff,
        miss: |memory, reason| memory.stat.sock = Err(reason),
    },
    File {
        name: "memory.use_hierarchy",
        pace: Pace::Slow,
        content: Content::Text(|bytes, memory| {
            memory.hierarchical = number(bytes).ok_or(Malformed)? != 0;
            Ok(())
        }),
        absent: Missing::NotInKernel,
        miss: |memory, _| memory.hierarchical = true,
    },
    File {
        name: "cgroup.procs",
        pace: Pace::Slow,
        content: Content::Processes,
        absent: Missing::NotInKernel,
        miss: |memory, reason| memory.processes = Err(reason),
    },
];

/// Before 4.17 `memory.oom_control` had no `oom_kill`.
fn older_oom_control(bytes: &[u8], memory: &mut Memory) -> Result<(), Malformed> {
    memory.events.oom_kill = Err(Missing::NotInKernel);
    flag_of(bytes, b"oom_kill_disable").map(|_| ()).ok_or(Malformed)
}

/// Socket memory is counted only once a limit was set for it; until then the file says 0, which is not true.
fn sockets(bytes: &[u8], memory: &mut Memory) -> Result<(), Malformed> {
    let used = number(bytes).ok_or(Malformed)?;
    memory.stat.sock = match memory.tcp_limit {
        Ok(Limit::Bytes(_)) => Ok(used),
        Ok(Limit::Unlimited) => Err(Missing::TcpUnlimited),
        Err(reason) => Err(reason),
    };
    Ok(())
}

const STAT: &[StatKey] = &[
    StatKey {
        key: "hierarchical_memory_limit",
        put: |memory, value| memory.stat.hierarchical_limit = value.map(limit_of),
    },
    StatKey { key: "total_cache", put: |memory, value| memory.stat.file = value },
    StatKey { key: "total_rss", put: |memory, value| memory.stat.anon = value },
    StatKey { key: "total_shmem", put: |memory, value| memory.stat.shmem = value },
    StatKey { key: "total_mapped_file", put: |memory, value| memory.stat.mapped = value },
    StatKey { key: "total_dirty", put: |memory, value| memory.stat.dirty = value },
    StatKey { key: "total_writeback", put: |memory, value| memory.stat.writeback = value },
    StatKey { key: "total_workingset_refault_anon", put: |memory, value| memory.stat.refault_anon = value },
    StatKey { key: "total_workingset_refault_file", put: |memory, value| memory.stat.refault_file = value },
    StatKey { key: "total_swap", put: |memory, value| memory.swap = value.map_err(no_swap) },
    StatKey { key: "total_swapcached", put: |memory, value| memory.stat.swap_cached = value },
    StatKey { key: "total_pgmajfault", put: |memory, value| memory.stat.pgmajfault = value },
    StatKey { key: "total_inactive_file", put: |memory, value| memory.stat.inactive_file = value },
    StatKey { key: "total_active_file", put: |memory, value| memory.stat.active_file = value },
];

/// Until 6.7 the kernel printed `total_swap` only with swap accounting.
fn no_swap(reason: Missing) -> Missing {
    if reason == Missing::NotInKernel { Missing::AccountingOff } else { reason }
}
