//! What these tests share with those on our own cgroups.

#[expect(dead_code, reason = "the others make cgroups; these let the runtimes do it")]
#[path = "../support/cgroups.rs"]
pub(crate) mod cgroups;
#[expect(dead_code, reason = "the others write files of their own")]
#[path = "../support/disk.rs"]
pub(crate) mod disk;
#[expect(dead_code, reason = "the others look at runs that go on")]
#[path = "../support/program.rs"]
pub(crate) mod program;
#[path = "../support/skip.rs"]
pub(crate) mod skip;
#[path = "../support/wait.rs"]
pub(crate) mod wait;
