//! A captured hierarchy of which the counters may go on: a copy of its files.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The copy. Its only container is `/docker-aaaa….scope`.
pub(crate) struct Tree {
    root: TempDir,
}

impl Tree {
    /// A copy of a captured v2 host, with its limited cgroup as a container.
    pub(crate) fn copy(captured: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let cgroups = fixtures().join("v2/linux-6.1").join(captured).join("cg");
        let tree = Self { root };
        copy_files(&cgroups, tree.root.path());
        fs::create_dir(tree.container()).unwrap();
        copy_files(&cgroups.join("pod/app"), &tree.container());
        tree
    }

    pub(crate) fn container_name() -> String {
        format!("docker-{}.scope", "a".repeat(64))
    }

    /// Where the container's files are.
    pub(crate) fn container(&self) -> PathBuf {
        self.root.path().join(Self::container_name())
    }

    /// The options that make memcgtop read it, and no configuration of this machine.
    pub(crate) fn options(&self, captured: &str) -> Vec<String> {
        let proc = fixtures().join("proc").join(format!("v2-6.1-{captured}"));
        let options = ["--cgroup-root", self.root.path().to_str().unwrap(), "--proc-root", proc.to_str().unwrap()];
        options.map(str::to_owned).to_vec()
    }

    /// In place and in one write, as whoever reads may keep the file open. Counters never become shorter.
    pub(crate) fn set_event(&self, event: &str, count: u64) {
        for file in ["memory.events", "memory.events.local"] {
            let path = self.container().join(file);
            let text = fs::read_to_string(&path).unwrap();
            let line = |line: &str| match line.split_once(' ') {
                Some((name, _)) if name == event => format!("{name} {count}\n"),
                _ => format!("{line}\n"),
            };
            let text: String = text.lines().map(line).collect();
            OpenOptions::new().write(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
        }
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The files of a directory, not what is in those below.
fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
