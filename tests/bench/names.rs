//! How long it takes to name many containers, and whether the first reading waits for it.
//!
//! `cargo bench --bench names [-- N…]` makes a host of files with N containers of docker and N of podman, all with their
//! state, and reads it beside the same host without any state. No runtime and no rights are needed.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use memcgtop::kernel::hierarchy::Roots;
use memcgtop::snapshot::{Kind, Snapshot};
use memcgtop::source::Source;
use memcgtop::source::local::{Effort, Local};

const COUNT: usize = 500;
const ROUNDS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = io::stdout().lock();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(writeln!(out, "SKIPPED: it measures only under `cargo bench`")?);
    }
    let counts = arguments.iter().filter(|argument| !argument.starts_with("--"));
    let counts = counts.map(|n| n.parse().with_context(|| format!("`{n}` is no number of containers")));
    let mut counts = counts.collect::<Result<Vec<usize>>>()?;
    if counts.is_empty() {
        counts.push(COUNT);
    }
    writeln!(
        out,
        "{:>10}  {:>13}  {:>12}  {:>9}  {:>8}",
        "containers", "first reading", "without names", "all named", "each"
    )?;
    for count in counts {
        let named = medians(count, State::Whole)?;
        let bare = medians(count, State::None)?;
        writeln!(
            out,
            "{:>10}  {:>10.1} ms  {:>10.1} ms  {:>6.0} ms  {:>5.0} us",
            2 * count,
            milliseconds(named.first),
            milliseconds(bare.first),
            milliseconds(named.all),
            named.all.as_secs_f64() * 1e6 / (2 * count) as f64,
        )?;
    }
    Ok(())
}

/// Whether the runtimes of the host left any state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    None,
}

/// The time of the first reading, and the time until every container had its name.
struct Times {
    first: Duration,
    all: Duration,
}

fn medians(count: usize, state: State) -> Result<Times> {
    let host = host(count, state)?;
    let rounds = (0..ROUNDS).map(|_| measure(host.path(), state)).collect::<Result<Vec<Times>>>()?;
    let median = |time: fn(&Times) -> Duration| {
        let mut times: Vec<Duration> = rounds.iter().map(time).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    Ok(Times { first: median(|times| times.first), all: median(|times| times.all) })
}

fn measure(host: &Path, state: State) -> Result<Times> {
    let roots = Roots { root: Some(host.to_owned()), cgroup: Some(host.join("cgroup")), proc: Some(host.join("proc")) };
    let begun = Instant::now();
    let mut source = Local::open(&roots, Effort::Live)?;
    source.sample()?;
    let first = begun.elapsed();
    while state == State::Whole && unnamed(&source.sample()?) > 0 {
        ensure!(begun.elapsed() < PATIENCE, "containers are still without names");
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(Times { first, all: begun.elapsed() })
}

fn unnamed(snapshot: &Snapshot) -> usize {
    let containers = snapshot.topology.cgroups.iter().filter(|cgroup| cgroup.identity.kind == Kind::Container);
    containers.filter(|cgroup| cgroup.identity.unnamed.is_some()).count()
}

/// A host of files: a process in each container, a supervisor above it, and what its runtime wrote.
fn host(count: usize, state: State) -> Result<tempfile::TempDir> {
    let host = tempfile::tempdir()?;
    let root = host.path();
    write(root, "proc/meminfo", "MemTotal: 8000000 kB\nMemFree: 4000000 kB\nMemAvailable: 5000000 kB\n")?;
    for above in ["", "docker", "libpod_parent"] {
        cgroup(root, above, "")?;
    }
    let mut list = Vec::new();
    for n in 0..count {
        let (docker, podman) = (format!("{n:064x}"), format!("{:064x}", n + count));
        let pid = 10 + 4 * n;
        container(
            root,
            &format!("docker/{docker}"),
            pid,
            &format!("containerd-shim-runc-v2\0-namespace\0moby\0-id\0{docker}\0"),
        )?;
        symlink(format!("/run/tasks/moby/{docker}"), root.join(format!("proc/{}/cwd", pid + 1)))?;
        let bundle = format!("/var/lib/containers/storage/overlay-containers/{podman}/userdata");
        container(
            root,
            &format!("libpod_parent/libpod-{podman}"),
            pid + 2,
            &format!("conmon\0-c\0{podman}\0-b\0{bundle}\0"),
        )?;
        list.push(format!(r#"{{"id": "{podman}", "names": ["web-{n}"], "metadata": "{{\"image-name\": \"bb:1\"}}"}}"#));
        if state == State::Whole {
            let limits = r#"{"linux": {"resources": {"memory": {"limit": 67108864}}}, "annotations": {}}"#;
            write(root, &format!("run/tasks/moby/{docker}/config.json"), limits)?;
            write(root, &format!("{bundle}/config.json"), limits)?;
            let config =
                format!(r#"{{"ID": "{docker}", "Name": "/db-{n}", "Config": {{"Image": "bb:1", "Labels": {{}}}}}}"#);
            write(root, &format!("var/lib/docker/containers/{docker}/config.v2.json"), &config)?;
            write(root, &format!("var/lib/docker/containers/{docker}/hostconfig.json"), r#"{"Memory": 67108864}"#)?;
        }
    }
    if state == State::Whole {
        write(root, "var/lib/containers/storage/overlay-containers/containers.json", &format!("[{}]", list.join(",")))?;
    }
    Ok(host)
}

fn container(root: &Path, path: &str, pid: usize, supervisor: &str) -> Result<()> {
    cgroup(root, path, &format!("{pid}\n"))?;
    process(root, pid, pid + 1, "sh\0")?;
    process(root, pid + 1, 1, supervisor)
}

fn cgroup(root: &Path, path: &str, processes: &str) -> Result<()> {
    write(root, &format!("cgroup/{path}/memory.usage_in_bytes"), "4194304\n")?;
    write(root, &format!("cgroup/{path}/memory.limit_in_bytes"), "67108864\n")?;
    write(root, &format!("cgroup/{path}/memory.failcnt"), "0\n")?;
    write(root, &format!("cgroup/{path}/cgroup.procs"), processes)
}

fn process(root: &Path, pid: usize, parent: usize, cmdline: &str) -> Result<()> {
    let stat = format!("{pid} (x) S {parent} {}{pid} {}\n", "0 ".repeat(17), "0 ".repeat(30));
    write(root, &format!("proc/{pid}/stat"), &stat)?;
    write(root, &format!("proc/{pid}/cmdline"), cmdline)
}

fn write(root: &Path, path: &str, content: &str) -> Result<()> {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().context("a file is in a directory")?)?;
    Ok(fs::write(path, content)?)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
