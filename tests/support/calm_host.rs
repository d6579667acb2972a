//! A host on which nothing happens.

use memcgtop::snapshot::{Hierarchy, Host, Psi};

pub(crate) fn calm_host(hierarchy: Hierarchy) -> Host {
    Host {
        hostname: "stage".to_owned(),
        kernel: "6.1".to_owned(),
        hierarchy,
        namespaced: false,
        cpus: 1,
        mem_total: Ok(16 << 30),
        mem_available: Ok(8 << 30),
        mem_free: Ok(4 << 30),
        swap_total: Ok(0),
        swap_free: Ok(0),
        swap_cached: Ok(0),
        oom_kill: Ok(0),
        allocstall: Ok(0),
        pgscan_kswapd: Ok(0),
        pswpin: Ok(0),
        pswpout: Ok(0),
        psi: Ok(Psi::default()),
    }
}
