//! memcgtop on real cgroups: its figures against the kernel's files, read by the test itself.
//!
//! The scenarios run as root on whichever memory controller the machine has. [`virtual_machine`] boots other kernels
//! and runs this very program in them, so that v1 and v2 are both covered wherever QEMU is at hand.
//!
//! What the machine cannot do is skipped, loudly; `MEMCGTOP_REQUIRE_REAL_KERNEL=1`, `MEMCGTOP_REQUIRE_SWAP=1` and
//! `MEMCGTOP_REQUIRE_VM=1` make it a failure. Files are written to `MEMCGTOP_TEST_DISK`, else under cargo's target
//! directory; neither may be a tmpfs.

#[cfg(test)]
mod check;
#[cfg(test)]
mod events;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod latency;
#[cfg(test)]
mod lifetimes;
#[cfg(test)]
mod limit_hits;
#[cfg(test)]
mod network;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod protection;
#[cfg(test)]
#[expect(dead_code, reason = "the tests of the terminal do more with it")]
#[path = "../terminal/pty.rs"]
mod pty;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod shortage;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod swap;
#[cfg(test)]
#[path = "../support/table.rs"]
mod table;
#[cfg(test)]
mod virtual_machine;

/// The memory controller, if the test can make cgroups in it.
#[cfg(test)]
fn hierarchy() -> Option<support::cgroups::Hierarchy> {
    let found = support::cgroups::Hierarchy::find();
    let usable = found.filter(support::cgroups::Hierarchy::lets_us_make_cgroups);
    if usable.is_none() {
        let why = "there is no memory controller in which to make cgroups, or this user may not";
        support::skip::skip(why, "MEMCGTOP_REQUIRE_REAL_KERNEL");
    }
    usable
}

/// A name as docker gives under systemd; `digit` tells one container from the other.
#[cfg(test)]
fn container_name(digit: char) -> String {
    format!("docker-{}.scope", container_id(digit))
}

#[cfg(test)]
fn container_id(digit: char) -> String {
    digit.to_string().repeat(64)
}
