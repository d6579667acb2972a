//! Swap in use, and pages that are swapped out and yet in memory.

use crate::support::cgroups::{Cgroup, Sandbox};
use crate::support::hogs::Hog;
use crate::support::program::Row;
use crate::support::skip::skip;
use crate::support::truth::{meminfo, snapshot_equal_to_kernel};
use crate::{container_name, hierarchy};

const LIMIT: u64 = 24 << 20;
const NEEDED: u64 = 128 << 20;

#[test]
fn swap_is_used_and_the_swap_cache_grows() {
    let Some(hierarchy) = hierarchy() else { return };
    if meminfo("SwapFree") < NEEDED {
        return skip("no swap to use", "MEMCGTOP_REQUIRE_SWAP");
    }
    let sandbox = Sandbox::new(&hierarchy, "swap");
    let container = sandbox.cgroup(&container_name('f'));
    container.limit_to(LIMIT);
    let mut hog = Hog::in_cgroup(&container);
    hog.does("anon 48");
    let filled = snapshot_equal_to_kernel(&[&container]).row(&container);
    assert!(filled.number("swap") > 16 << 20, "48 MiB do not fit into 24: {filled:?}");
    assert_eq!(filled.number("oom_kill"), 0);

    hog.does("cycle 3");
    let cycled = snapshot_equal_to_kernel(&[&container]).row(&container);
    assert!(cycled.number("failcnt") > filled.number("failcnt"));
    assert_swap_cache_grew(&container, &filled, &cycled);
    assert_footprint_is_what_it_allocated(&cycled);
}

/// Reading a page back leaves its copy in swap, so the page is in both.
fn assert_swap_cache_grew(container: &Cgroup, before: &Row, after: &Row) {
    let key = if container.is_v2() { "swapcached" } else { "total_swapcached" };
    if container.keyed("memory.stat", key).is_some() {
        assert!(after.number("swap_cached") > before.number("swap_cached"), "{before:?} {after:?}");
        assert!(after.number("swap_cached") > 4 << 20, "{after:?}");
    } else {
        assert!(after.missing("swap_cached").is_some(), "{after:?}");
    }
}

/// Counted once, whether a page is in memory, in swap or in both.
fn assert_footprint_is_what_it_allocated(row: &Row) {
    let footprint = row.number("footprint");
    assert!((46 << 20..56 << 20).contains(&footprint), "{footprint} for 48 MiB: {row:?}");
}
