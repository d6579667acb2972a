//! Files on a disk: on tmpfs they would not be page cache that the kernel can drop.

use std::env;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Where to put files: `MEMCGTOP_TEST_DISK`, or cargo's own directory for tests.
pub(crate) fn directory() -> TempDir {
    let place = env::var_os("MEMCGTOP_TEST_DISK").unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into());
    tempfile::tempdir_in(PathBuf::from(place)).unwrap()
}

/// A file in it, as a hog's command takes it.
pub(crate) fn file(directory: &TempDir, name: &str) -> String {
    path_text(&directory.path().join(name))
}

fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
