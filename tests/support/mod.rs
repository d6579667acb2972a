//! What the tests on real kernels share.

pub(crate) mod cgroups;
pub(crate) mod disk;
pub(crate) mod hogs;
pub(crate) mod initramfs;
pub(crate) mod kernel_log;
pub(crate) mod picture;
pub(crate) mod program;
pub(crate) mod skip;
pub(crate) mod truth;
pub(crate) mod wait;
