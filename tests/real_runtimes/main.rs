//! memcgtop beside real container runtimes: its rows against what the runtimes' own programs print.
//!
//! Each test starts docker, podman, containerd or LXC by itself, in directories of its own, with an image made of the
//! static busybox, and takes away all that it made, also when it fails. No test may count on a runtime that the
//! machine already runs, nor disturb it: other containers may come and go meanwhile.
//!
//! It needs root and the runtimes' programs. What the machine lacks is skipped, loudly; `MEMCGTOP_REQUIRE_RUNTIMES=1`
//! makes it a failure. Containers write to `MEMCGTOP_TEST_DISK`, else under cargo's target directory; neither may be a
//! tmpfs.

#[cfg(test)]
mod command;
#[cfg(test)]
mod containerd;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod docker;
#[cfg(test)]
mod home;
#[cfg(test)]
mod image;
#[cfg(test)]
mod leftovers;
#[cfg(test)]
mod lxc;
#[cfg(test)]
mod podman;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod support;

#[cfg(test)]
use support::cgroups::Hierarchy;

/// What every test needs to build an image and to look after its processes and mounts.
#[cfg(test)]
const ALWAYS: [&str; 6] = ["busybox", "tar", "sha256sum", "timeout", "umount", "unshare"];

/// The memory controller, if the test can start containers with these programs.
#[cfg(test)]
fn hierarchy(programs: &[&str]) -> Option<Hierarchy> {
    let usable = Hierarchy::find().filter(Hierarchy::lets_us_make_cgroups);
    let absent = ALWAYS.iter().chain(programs).find(|program| !command::exists(program));
    let why = match (&usable, absent) {
        (_, Some(program)) => format!("there is no {program}"),
        (None, _) => "there is no memory controller in which to make cgroups, or this user may not".to_owned(),
        (Some(_), None) => return usable,
    };
    support::skip::skip(&why, "MEMCGTOP_REQUIRE_RUNTIMES");
    None
}
