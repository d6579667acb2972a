//! A host made of files: cgroups, processes and the state of runtimes, as they were captured on real ones.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use memcgtop::kernel::hierarchy::Roots;
use memcgtop::snapshot::{Identity, Snapshot};
use memcgtop::source::Source;
use memcgtop::source::local::{Effort, Local};

/// A host whose root is a directory.
pub(crate) struct Host {
    directory: tempfile::TempDir,
}

impl Host {
    pub(crate) fn new() -> Self {
        let host = Self { directory: tempfile::tempdir().unwrap() };
        host.cgroup("", &[]);
        host.write("proc/sys/kernel/hostname", "node-1\n");
        host.write("proc/meminfo", "MemTotal: 8000000 kB\nMemFree: 4000000 kB\nMemAvailable: 5000000 kB\nBuffers: 0 kB\nCached: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
        host
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below.trim_start_matches('/'))
    }

    /// A file anywhere on the host.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A captured file.
    pub(crate) fn place(&self, path: &str, fixture: &str) {
        self.write(path, self::fixture(fixture));
    }

    /// A cgroup of the v1 memory controller with these processes.
    pub(crate) fn cgroup(&self, path: &str, pids: &[i32]) {
        self.cgroup_with(path, "4194304", pids);
    }

    pub(crate) fn cgroup_with(&self, path: &str, usage: &str, pids: &[i32]) {
        let directory = format!("cgroup/{path}");
        let usage = format!("{usage}\n");
        for (file, content) in [
            ("memory.usage_in_bytes", usage.as_str()),
            ("memory.limit_in_bytes", "67108864\n"),
            ("memory.failcnt", "0\n"),
            ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"),
        ] {
            self.write(&format!("{directory}/{file}"), content);
        }
        let lines: Vec<_> = pids.iter().map(|pid| format!("{pid}\n")).collect();
        self.write(&format!("{directory}/cgroup.procs"), lines.concat());
    }

    /// A process: its number, its parent's, what it runs.
    pub(crate) fn process(&self, pid: i32, parent: i32, comm: &str, cmdline: &[u8]) {
        let zeros = "0 ".repeat(17);
        let stat = format!("{pid} ({comm}) S {parent} {zeros}{pid} {}\n", "0 ".repeat(30));
        self.write(&format!("proc/{pid}/stat"), stat);
        self.write(&format!("proc/{pid}/cmdline"), cmdline);
    }

    /// A shim of containerd that works in `bundle`.
    pub(crate) fn shim(&self, pid: i32, namespace: &str, id: &str, bundle: &str) {
        let line =
            format!("/usr/bin/containerd-shim-runc-v2\0-namespace\0{namespace}\0-id\0{id}\0-address\0/run/x.sock\0");
        self.process(pid, 1, "containerd-shim", line.as_bytes());
        symlink(bundle, self.path(&format!("proc/{pid}/cwd"))).unwrap();
    }

    pub(crate) fn open(&self) -> Local {
        let roots = Roots {
            root: Some(self.directory.path().to_owned()),
            cgroup: Some(self.path("cgroup")),
            proc: Some(self.path("proc")),
        };
        Local::open(&roots, Effort::Whole).unwrap()
    }

    /// One reading, with its names.
    pub(crate) fn read(&self) -> Snapshot {
        self.open().sample().unwrap()
    }

    /// What the cgroup at `path` is.
    pub(crate) fn identity(&self, path: &str) -> Identity {
        identity(&self.read(), path)
    }
}

pub(crate) fn identity(snapshot: &Snapshot, path: &str) -> Identity {
    let cgroup = snapshot.topology.cgroups.iter().find(|cgroup| *cgroup.id.path == *path);
    Identity::clone(&cgroup.unwrap_or_else(|| panic!("no cgroup {path}")).identity)
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identity/state");
    fs::read(directory.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
