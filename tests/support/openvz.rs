//! A copy of an OpenVZ host's files, of which the figures may go on.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory with one file of beancounters.
pub(crate) struct OpenVz {
    directory: TempDir,
}

impl OpenVz {
    /// With a copy of a captured or synthetic file.
    pub(crate) fn copy(name: &str) -> Self {
        let copy = Self { directory: tempfile::tempdir().unwrap() };
        copy.write(&text(name));
        copy
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("resources")
    }

    /// Other text in its place at once, as a kernel's file is always whole.
    pub(crate) fn write(&self, text: &str) {
        let new = self.directory.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.file()).unwrap();
    }

    /// Sets the last figure of the lines of a resource of one container.
    pub(crate) fn refuse(&self, id: &str, resource: &str, failcnt: u64) {
        let text = fs::read_to_string(self.file()).unwrap();
        let mut inside = false;
        let lines = text.lines().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let Some(head) = words.first().and_then(|word| word.strip_suffix(':')) {
                inside = head == id;
            }
            match (inside && words.contains(&resource), line.rsplit_once(' ')) {
                (true, Some((before, _))) => format!("{before} {failcnt}\n"),
                _ => format!("{line}\n"),
            }
        });
        let text = lines.collect::<String>();
        self.write(&text);
    }
}

/// `/proc` of a synthetic host with 2.6.32.
pub(crate) fn proc_root() -> PathBuf {
    fixtures().join("openvz/synthetic-proc")
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    fixtures().join("openvz").join(format!("{name}.txt"))
}

pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(fixture(name)).unwrap()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}
