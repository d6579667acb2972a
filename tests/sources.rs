//! Copies of real hosts' cgroup files, whole and damaged: every figure against the test's own reading of the file.
//!
//! [`Files`] is that reading: slow, plain, and without a line of the program in it.
#![expect(clippy::unwrap_used, reason = "a test that cannot make its files has failed")]

#[path = "support/skip.rs"]
mod skip;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use memcgtop::kernel::file::File;
use memcgtop::kernel::hierarchy::{Roots, Version};
use memcgtop::snapshot::{Events, Memory, Missing, Problem, Psi, PsiLine, Reading, Snapshot, Stat};
use memcgtop::source::Source;
use memcgtop::source::local::{Effort, Local};
use memcgtop::units::Limit;
use rustix::fs::{FileType, Mode, OFlags};

const V1: &[&str] = &[
    "v1/00-empty",
    "v1/10-active",
    "v1/20-limit-hit-reclaim-only",
    "v1/30-after-oom-kill",
    "v1/40-no-processes-page-cache-still-charged",
    "v1/50-after-file-deleted",
];

const V2: &[&str] = &[
    "v2/linux-5.10/00-empty",
    "v2/linux-5.10/10-active",
    "v2/linux-5.10/20-limit-hit-swapping",
    "v2/linux-5.10/30-after-oom-kill-swapoff",
    "v2/linux-6.1/00-empty",
    "v2/linux-6.1/10-active",
    "v2/linux-6.1/20-limit-hit-swapping",
    "v2/linux-6.1/30-after-oom-kill-swapoff",
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn local(cgroup: &Path, proc: &str) -> Local {
    let roots = Roots { cgroup: Some(cgroup.to_owned()), proc: Some(fixture(proc)), root: None };
    Local::open(&roots, Effort::Whole).unwrap()
}

fn sample(cgroup: &Path, proc: &str) -> Snapshot {
    local(cgroup, proc).sample().unwrap()
}

/// The row of the cgroup at `path`.
/// The figures of a cgroup, whenever they were read.
fn row(snapshot: &Snapshot, path: &str) -> Memory {
    let at = snapshot.topology.cgroups.iter().position(|cgroup| &*cgroup.id.path == path);
    Memory { stat_at: None, ..*snapshot.readings[at.unwrap()] }
}

fn paths(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.topology.cgroups.iter().map(|cgroup| &*cgroup.id.path).collect()
}

/// One cgroup's files.
struct Files<'a> {
    directory: &'a Path,
    is_root: bool,
    /// The file that is not what the kernel prints.
    damaged: Option<&'a str>,
}

impl Files<'_> {
    fn whole(directory: &Path, is_root: bool) -> Files<'_> {
        Files { directory, is_root, damaged: None }
    }

    /// The file's text, or why there is none to be understood.
    fn text(&self, file: &str, absent: Missing) -> Reading<String> {
        if self.damaged == Some(file) {
            return Err(Missing::Unreadable);
        }
        let not_on_root =
            self.is_root && file.starts_with("memory.") && !self.directory.join("memory.current").exists();
        let absent = if not_on_root && file != "memory.pressure" { Missing::RootCgroup } else { absent };
        fs::read_to_string(self.directory.join(file)).map_err(|_| absent)
    }

    fn number(&self, file: &str, absent: Missing) -> Reading {
        Ok(self.text(file, absent)?.trim().parse().unwrap())
    }

    fn limit(&self, file: &str, absent: Missing) -> Reading<Limit> {
        Ok(limit(self.text(file, absent)?.trim()))
    }

    fn key(&self, file: &str, key: &str, absent: Missing) -> Reading {
        let text = self.text(file, absent)?;
        let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ').map(str::to_owned));
        Ok(value.ok_or(Missing::NotInKernel)?.parse().unwrap())
    }

    fn stat(&self, key: &str) -> Reading {
        self.key("memory.stat", key, Missing::NoController)
    }

    fn processes(&self) -> Reading {
        let text = fs::read_to_string(self.directory.join("cgroup.procs")).map_err(|_| Missing::NotInKernel)?;
        Ok(text.lines().count() as u64)
    }

    fn psi(&self) -> Reading<Psi> {
        psi(&self.text("memory.pressure", Missing::AccountingOff)?)
    }

    fn v1(&self) -> Memory {
        let tcp_limit = self.limit("memory.kmem.tcp.limit_in_bytes", Missing::AccountingOff);
        Memory {
            usage: self.number("memory.usage_in_bytes", Missing::NoController),
            peak: self.number("memory.max_usage_in_bytes", Missing::NoController),
            limit: self.limit("memory.limit_in_bytes", Missing::NoController),
            soft_limit: self.limit("memory.soft_limit_in_bytes", Missing::NotInKernel),
            swap: self.stat("total_swap").map_err(|reason| match reason {
                Missing::NotInKernel => Missing::AccountingOff,
                reason => reason,
            }),
            memsw_limit: self.limit("memory.memsw.limit_in_bytes", Missing::AccountingOff),
            tcp_limit,
            hierarchical: self.number("memory.use_hierarchy", Missing::NotInKernel).is_ok_and(|flag| flag == 1)
                || self.text("memory.use_hierarchy", Missing::NotInKernel).is_err(),
            events: Events {
                failcnt: self.number("memory.failcnt", Missing::NoController),
                memsw_failcnt: self.number("memory.memsw.failcnt", Missing::AccountingOff),
                oom_kill: self.key("memory.oom_control", "oom_kill", Missing::NoController),
                ..Events::missing(Missing::NotOnV1)
            },
            stat: Stat {
                anon: self.stat("total_rss"),
                file: self.stat("total_cache"),
                shmem: self.stat("total_shmem"),
                kernel: self.number("memory.kmem.usage_in_bytes", Missing::AccountingOff),
                sock: match tcp_limit {
                    Ok(limit) => {
                        let used = self.number("memory.kmem.tcp.usage_in_bytes", Missing::AccountingOff);
                        if limit == Limit::Unlimited { used.and(Err(Missing::TcpUnlimited)) } else { used }
                    }
                    Err(reason) => Err(reason),
                }
                .or_else(|reason| self.text("memory.kmem.tcp.usage_in_bytes", reason).and(Err(reason))),
                mapped: self.stat("total_mapped_file"),
                dirty: self.stat("total_dirty"),
                writeback: self.stat("total_writeback"),
                active_file: self.stat("total_active_file"),
                inactive_file: self.stat("total_inactive_file"),
                swap_cached: self.stat("total_swapcached"),
                hierarchical_limit: self.stat("hierarchical_memory_limit").map(|bytes| limit(&bytes.to_string())),
                refault_anon: self.stat("total_workingset_refault_anon"),
                refault_file: self.stat("total_workingset_refault_file"),
                pgmajfault: self.stat("total_pgmajfault"),
                ..Stat::missing(Missing::NotOnV1)
            },
            processes: self.processes(),
            under_oom: self.key("memory.oom_control", "under_oom", Missing::NoController).map(|flag| flag == 1),
            ..Memory::missing(Missing::NotOnV1)
        }
    }

    fn v2(&self) -> Memory {
        let local = |key| self.key("memory.events.local", key, Missing::NotInKernel);
        let below = |key| self.key("memory.events", key, Missing::NoController);
        let swap = |key| self.key("memory.swap.events", key, Missing::AccountingOff);
        Memory {
            usage: self.number("memory.current", Missing::NoController),
            peak: self.number("memory.peak", Missing::NotInKernel),
            limit: self.limit("memory.max", Missing::NoController),
            high: self.limit("memory.high", Missing::NoController),
            low: self.limit("memory.low", Missing::NoController),
            min: self.limit("memory.min", Missing::NoController),
            swap: self.number("memory.swap.current", Missing::AccountingOff),
            swap_limit: self.limit("memory.swap.max", Missing::AccountingOff),
            hierarchical: true,
            events: Events {
                failcnt: local("max"),
                high: local("high"),
                oom: local("oom"),
                oom_kill: local("oom_kill"),
                failcnt_below: below("max"),
                oom_kill_below: below("oom_kill"),
                oom_group_kill_below: below("oom_group_kill"),
                swap_failcnt: swap("max"),
                swap_fail: swap("fail"),
                memsw_failcnt: Err(Missing::NotOnV2),
                oomd_kill: Err(Missing::NotHere),
            },
            stat: Stat {
                anon: self.stat("anon"),
                file: self.stat("file"),
                shmem: self.stat("shmem"),
                kernel: self.stat("kernel"),
                kernel_stack: self.stat("kernel_stack"),
                pagetables: self.stat("pagetables"),
                percpu: self.stat("percpu"),
                slab_reclaimable: self.stat("slab_reclaimable"),
                slab_unreclaimable: self.stat("slab_unreclaimable"),
                sock: self.stat("sock"),
                mapped: self.stat("file_mapped"),
                dirty: self.stat("file_dirty"),
                writeback: self.stat("file_writeback"),
                active_file: self.stat("active_file"),
                inactive_file: self.stat("inactive_file"),
                swap_cached: self.stat("swapcached"),
                zswap: self.stat("zswap"),
                hierarchical_limit: Err(Missing::NotOnV2),
                refault_anon: self.stat("workingset_refault_anon"),
                refault_file: self.stat("workingset_refault_file"),
                pgscan_kswapd: self.stat("pgscan_kswapd"),
                pgscan_direct: self.stat("pgscan_direct"),
                pgmajfault: self.stat("pgmajfault"),
            },
            psi: self.psi(),
            processes: self.processes(),
            populated: self.key("cgroup.events", "populated", Missing::RootCgroup).map(|flag| flag == 1),
            ..Memory::missing(Missing::NotOnV2)
        }
    }

    fn memory(&self, version: Version) -> Memory {
        match version {
            Version::V1 => self.v1(),
            Version::V2 => self.v2(),
        }
    }
}

fn limit(text: &str) -> Limit {
    match text.parse() {
        Ok(bytes) if bytes < 1 << 62 => Limit::Bytes(bytes),
        _ => Limit::Unlimited,
    }
}

fn psi(text: &str) -> Reading<Psi> {
    let line = |kind: &str| {
        let line = text.lines().find(|line| line.starts_with(kind)).ok_or(Missing::Unreadable)?;
        let word = |key: &str| line.split(' ').find_map(|word| word.strip_prefix(key)).ok_or(Missing::Unreadable);
        Ok(PsiLine {
            avg10: word("avg10=")?.parse().unwrap(),
            avg60: word("avg60=")?.parse().unwrap(),
            total_us: word("total=")?.parse().unwrap(),
        })
    };
    Ok(Psi { some: line("some")?, full: line("full")? })
}

#[test]
fn every_figure_of_a_v1_cgroup_is_the_kernels() {
    for name in V1 {
        let directory = fixture(name);
        let snapshot = sample(&directory, "proc/v1-after");
        assert_eq!(snapshot.problems, [], "{name}");
        assert_eq!(row(&snapshot, "/"), Files::whole(&directory, true).v1(), "{name}");
    }
}

#[test]
fn every_figure_of_a_v2_cgroup_is_the_kernels() {
    for name in V2 {
        let directory = fixture(name).join("cg");
        let snapshot = sample(&directory, "proc/v1-after");
        assert_eq!(snapshot.problems, [], "{name}");
        assert_eq!(paths(&snapshot), ["/", "/pod", "/pod/app"], "{name}");
        for path in paths(&snapshot) {
            let files = directory.join(path.trim_start_matches('/'));
            assert_eq!(row(&snapshot, path), Files::whole(&files, path == "/").v2(), "{name} {path}");
        }
    }
}

#[test]
fn every_figure_of_a_host_is_the_kernels() {
    for entry in fs::read_dir(fixture("proc")).unwrap() {
        let directory = entry.unwrap().path();
        let text = |file: &str| fs::read_to_string(directory.join(file)).unwrap();
        let (meminfo, vmstat) = (text("meminfo"), text("vmstat"));
        let kib = |key: &str| {
            let line = meminfo.lines().find(|line| line.split(':').next() == Some(key));
            let number = line.and_then(|line| line.split_whitespace().nth(1)).unwrap();
            Ok(number.parse::<u64>().unwrap() * 1024)
        };
        let counters = |wanted: &dyn Fn(&str) -> bool| {
            let values = vmstat.lines().filter_map(|line| line.split_once(' ')).filter(|(key, _)| wanted(key));
            Ok(values.map(|(_, value)| value.parse::<u64>().unwrap()).sum::<u64>())
        };
        let snapshot = sample(&fixture("v1/10-active"), directory.to_str().unwrap());
        assert_eq!(snapshot.problems, [], "{}", directory.display());
        let host = snapshot.host;
        let name = directory.display();
        assert_eq!(host.mem_total, kib("MemTotal"), "{name}");
        assert_eq!(host.mem_available, kib("MemAvailable"), "{name}");
        assert_eq!(host.mem_free, kib("MemFree"), "{name}");
        assert_eq!(host.swap_total, kib("SwapTotal"), "{name}");
        assert_eq!(host.swap_free, kib("SwapFree"), "{name}");
        assert_eq!(host.swap_cached, kib("SwapCached"), "{name}");
        assert_eq!(host.oom_kill, counters(&|key| key == "oom_kill"), "{name}");
        assert_eq!(host.pgscan_kswapd, counters(&|key| key == "pgscan_kswapd"), "{name}");
        assert_eq!(host.allocstall, counters(&|key| key.starts_with("allocstall")), "{name}");
        assert_eq!(host.psi, psi(&text("pressure/memory")), "{name}");
    }
}

/// A hierarchy with two cgroups: `/victim`, whose files the test takes or spoils, and `/bystander`.
struct Bench {
    root: tempfile::TempDir,
    version: Version,
}

impl Bench {
    fn new(version: Version) -> Self {
        let root = tempfile::tempdir().unwrap();
        let (top, cgroup) = match version {
            Version::V1 => ("v1/00-empty", "v1/30-after-oom-kill"),
            Version::V2 => ("v2/linux-6.1/00-empty/cg", "v2/linux-6.1/20-limit-hit-swapping/cg/pod/app"),
        };
        copy_files(&fixture(top), root.path());
        for name in ["victim", "bystander"] {
            fs::create_dir(root.path().join(name)).unwrap();
            copy_files(&fixture(cgroup), &root.path().join(name));
        }
        Self { root, version }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join("victim").join(name)
    }

    fn sample(&self) -> Snapshot {
        sample(self.root.path(), "proc/v1-after")
    }

    /// All rows are as the test reads them, where one file of the victim makes no sense.
    fn assert_only_harm(&self, snapshot: &Snapshot, damaged: Option<&str>, what: &str) {
        for path in ["/", "/victim", "/bystander"] {
            let directory = self.root.path().join(path.trim_start_matches('/'));
            let damaged = damaged.filter(|_| path == "/victim");
            let files = Files { directory: &directory, is_root: path == "/", damaged };
            assert_eq!(row(snapshot, path), files.memory(self.version), "{what}: {path}");
        }
    }
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// A bench for each file of each version.
fn benches() -> impl Iterator<Item = (Bench, &'static File)> {
    let versions = [Version::V1, Version::V2].into_iter();
    versions.flat_map(|version| version.files().iter().map(move |file| (Bench::new(version), file)))
}

#[test]
fn a_file_that_is_not_there_costs_its_own_figures_only() {
    for (bench, file) in benches() {
        let what = format!("{:?} without {}", bench.version, file.name);
        let whole = row(&bench.sample(), "/victim");
        fs::remove_file(bench.file(file.name)).unwrap();
        let snapshot = bench.sample();
        assert_eq!(snapshot.problems, [], "{what}");
        bench.assert_only_harm(&snapshot, None, &what);
        if file.name != "memory.use_hierarchy" && file.name != "memory.kmem.tcp.usage_in_bytes" {
            assert_ne!(row(&snapshot, "/victim"), whole, "{what}: nothing was lost");
        }
    }
}

#[test]
fn a_file_that_makes_no_sense_is_marked_and_told_once() {
    // Any text is a list of processes.
    for (bench, file) in benches().filter(|(_, file)| file.name != "cgroup.procs") {
        let path = bench.file(file.name);
        let good = fs::read(&path).unwrap();
        let half = &good[..good.len() / 2];
        let half = half.strip_suffix(b"\n").unwrap_or(half);
        let huge: Vec<u8> = good.iter().copied().cycle().take(100 << 10).collect();
        for (how, bytes) in
            [("empty", &b""[..]), ("truncated", half), ("garbage", b"\xff\0x 7\n\x1b[2J"), ("huge", &huge)]
        {
            let what = format!("{:?} with {} {how}", bench.version, file.name);
            fs::write(&path, bytes).unwrap();
            let snapshot = bench.sample();
            let told: Vec<_> = snapshot.problems.iter().map(|problem| problem.path.as_str()).collect();
            assert_eq!(told, [path.to_str().unwrap()], "{what}");
            if file.name == "memory.stat" && how == "truncated" {
                assert_cut_stat(&bench, &row(&snapshot, "/victim"), &what);
            } else {
                bench.assert_only_harm(&snapshot, Some(file.name), &what);
            }
        }
    }
}

/// The keys before the cut are as good as ever; those behind it are not said to be missing in the kernel.
fn assert_cut_stat(bench: &Bench, memory: &Memory, what: &str) {
    let good = Files::whole(&bench.root.path().join("bystander"), false).memory(bench.version);
    assert_eq!(memory.usage, good.usage, "{what}");
    let (kept, lost) = match bench.version {
        Version::V1 => (memory.stat.hierarchical_limit == good.stat.hierarchical_limit, memory.stat.active_file),
        Version::V2 => (memory.stat.anon == good.stat.anon, memory.stat.pgmajfault),
    };
    assert!(kept, "{what}: figures before the cut");
    assert_eq!(lost, Err(Missing::Unreadable), "{what}");
}

/// Readings until the victim's anonymous memory is what was just written.
fn readings_until(local: &mut Local, anon: u64) -> Option<usize> {
    (1..=90).find(|_| row(&local.sample().unwrap(), "/victim").stat.anon == Ok(anon))
}

#[test]
fn what_stands_still_is_read_in_turns_and_what_moves_is_near_its_limit_or_is_looked_at_at_once() {
    for version in [Version::V1, Version::V2] {
        let bench = Bench::new(version);
        let (usage, limit, anon) = match version {
            Version::V1 => ("memory.usage_in_bytes", "memory.limit_in_bytes", "total_rss"),
            Version::V2 => ("memory.current", "memory.max", "anon"),
        };
        let write = |file: &str, bytes: u64| fs::write(bench.file(file), format!("{bytes}\n")).unwrap();
        let set_anon = |bytes: u64| {
            let stat = fs::read_to_string(bench.file("memory.stat")).unwrap();
            let lines = stat.lines().map(|line| match line.split_once(' ') {
                Some((key, _)) if key == anon => format!("{anon} {bytes}\n"),
                _ => format!("{line}\n"),
            });
            fs::write(bench.file("memory.stat"), lines.collect::<String>()).unwrap();
        };
        write(limit, 100 << 20);
        write(usage, 10 << 20);
        if version == Version::V2 {
            let none = "avg10=0.00 avg60=0.00 avg300=0.00 total=0";
            fs::write(bench.file("memory.pressure"), format!("some {none}\nfull {none}\n")).unwrap();
        }
        let roots =
            Roots { cgroup: Some(bench.root.path().to_owned()), proc: Some(fixture("proc/v1-after")), root: None };
        let mut local = Local::open(&roots, Effort::Live).unwrap();
        set_anon(4096);
        assert_eq!(readings_until(&mut local, 4096), Some(1), "the first reading is of what moves");
        (0..10).for_each(|_| _ = local.sample().unwrap());
        let waits: Vec<usize> = (1..=3)
            .map(|pages| {
                set_anon(pages << 20);
                readings_until(&mut local, pages << 20).unwrap()
            })
            .collect();
        assert!(waits.iter().all(|&readings| readings <= 60) && waits[1..] == [60, 60], "{version:?}: {waits:?}");
        local.set_interval(Duration::from_secs(20));
        set_anon(4096);
        assert!(readings_until(&mut local, 4096) <= Some(3), "{version:?}: a minute");
        let id = |snapshot: &Snapshot| {
            snapshot.topology.cgroups.iter().find(|c| &*c.id.path == "/victim").unwrap().id.clone()
        };
        local.set_interval(Duration::from_secs(1));
        let victim = id(&local.sample().unwrap());
        local.show(&[victim]);
        for pages in 1..=3 {
            set_anon(pages * 4096);
            assert_eq!(readings_until(&mut local, pages * 4096), Some(1), "{version:?}: somebody looks at it");
        }
        local.show(&[]);
        set_anon(8192);
        write(usage, (10 << 20) + 4096);
        assert_eq!(readings_until(&mut local, 8192), Some(1), "{version:?}: it moved");
        write(usage, 95 << 20);
        local.sample().unwrap();
        set_anon(12288);
        assert_eq!(readings_until(&mut local, 12288), Some(1), "{version:?}: it is near its limit");
    }
}

#[test]
fn without_its_root_there_is_nothing_to_tell_and_that_is_an_error() {
    for effort in [Effort::Live, Effort::Whole] {
        let bench = Bench::new(Version::V1);
        let roots =
            Roots { cgroup: Some(bench.root.path().to_owned()), proc: Some(fixture("proc/v1-after")), root: None };
        let mut local = Local::open(&roots, effort).unwrap();
        local.sample().unwrap();
        fs::remove_dir_all(bench.root.path()).unwrap();
        let error = local.sample().unwrap_err().to_string();
        assert!(error.contains(&bench.root.path().display().to_string()), "{error}");
    }
}

#[test]
fn a_list_of_processes_may_be_long() {
    let bench = Bench::new(Version::V1);
    fs::write(bench.file("cgroup.procs"), "123456\n".repeat(30_000)).unwrap();
    assert_eq!(row(&bench.sample(), "/victim").processes, Ok(30_000));
}

/// What a copied tree may hold in place of a file: what it is, how it is made, what is said of it.
type Impostor = (&'static str, fn(&Path), &'static str);

const IMPOSTORS: [Impostor; 3] = [
    (
        "a FIFO",
        |path| rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap(),
        "not a regular file",
    ),
    ("a device", |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap(), "not a regular file"),
    ("a hole", |path| fs::File::create(path).unwrap().set_len(1 << 30).unwrap(), "larger than any kernel prints"),
];

#[test]
fn what_only_has_the_name_of_a_file_is_a_problem() {
    for (what, make, error) in IMPOSTORS {
        for version in [Version::V1, Version::V2] {
            let bench = Bench::new(version);
            for file in version.files() {
                _ = fs::remove_file(bench.file(file.name));
                make(&bench.file(file.name));
            }
            let snapshot = bench.sample();
            assert_eq!(row(&snapshot, "/victim").processes, Err(Missing::Unreadable), "{what}");
            assert_eq!(row(&snapshot, "/victim").usage, Err(Missing::Unreadable), "{what}");
            assert_eq!(snapshot.problems.len(), version.files().len(), "{what}");
            assert!(snapshot.problems.iter().all(|problem| problem.error == error), "{what}: {:?}", snapshot.problems);
        }
    }
}

#[test]
fn impostors_in_proc_are_problems_too() {
    for (what, make, error) in IMPOSTORS {
        let bench = Bench::new(Version::V2);
        let proc = tempfile::tempdir().unwrap();
        fs::create_dir_all(proc.path().join("pressure")).unwrap();
        fs::create_dir_all(proc.path().join("sys/kernel")).unwrap();
        fs::create_dir_all(proc.path().join("self")).unwrap();
        for file in ["meminfo", "vmstat", "pressure/memory", "stat", "sys/kernel/hostname", "self/mountinfo"] {
            make(&proc.path().join(file));
        }
        let mut roots = Roots {
            cgroup: Some(bench.root.path().to_owned()),
            proc: Some(proc.path().to_owned()),
            ..Roots::default()
        };
        let snapshot = Local::open(&roots, Effort::Whole).unwrap().sample().unwrap();
        assert_eq!(snapshot.problems.len(), 3, "{what}: {:?}", snapshot.problems);
        assert!(snapshot.problems.iter().all(|problem| problem.error == error), "{what}: {:?}", snapshot.problems);
        roots.cgroup = None;
        let refused = Local::open(&roots, Effort::Whole).unwrap_err().to_string();
        assert!(refused.contains("self/mountinfo") && refused.ends_with(error), "{what}: {refused}");
    }
}

#[test]
fn hostile_names_are_rows_like_any_other() {
    let bench = Bench::new(Version::V2);
    let long = "n".repeat(255);
    let names: [(&[u8], &str); 7] = [
        (b"\xff\xfe\x80", "/\\377\\376\\200"),
        (b"\\xff\\xfe\\x80", "/\\xff\\xfe\\x80"),
        (b"\\377\\376\\200", "/\\134377\\134376\\134200"),
        (b"\x1b[31mred\x1b]0;title\x07", "/\x1b[31mred\x1b]0;title\x07"),
        ("\u{202e}drow".as_bytes(), "/\u{202e}drow"),
        (b"line\nfeed, and \"quotes\"", "/line\nfeed, and \"quotes\""),
        (long.as_bytes(), &format!("/{long}")),
    ];
    for (name, _) in names {
        let directory = bench.root.path().join(OsStr::from_bytes(name));
        fs::create_dir(&directory).unwrap();
        copy_files(&bench.root.path().join("bystander"), &directory);
        fs::write(directory.join("memory.max"), "nonsense").unwrap();
    }
    let snapshot = bench.sample();
    for (name, path) in names {
        let directory = bench.root.path().join(OsStr::from_bytes(name));
        let files = Files { directory: &directory, is_root: false, damaged: Some("memory.max") };
        assert_eq!(row(&snapshot, path), files.v2(), "{path:?}");
    }
    assert_eq!(snapshot.problems.len(), names.len());
    for Problem { path, .. } in &snapshot.problems {
        assert!(!path.chars().any(|c| c.is_control() || c == '\u{202e}'), "{path:?}");
    }
}

#[test]
fn cgroups_may_be_nested_a_hundred_levels_deep() {
    let bench = Bench::new(Version::V1);
    let mut directory = bench.root.path().to_owned();
    let mut path = String::new();
    for level in 0..100 {
        directory.push(format!("level-{level}"));
        path = format!("{path}/level-{level}");
        fs::create_dir(&directory).unwrap();
        copy_files(&fixture("v1/10-active"), &directory);
        fs::write(directory.join("memory.failcnt"), format!("{level}\n")).unwrap();
    }
    let snapshot = bench.sample();
    assert_eq!(snapshot.topology.cgroups.len(), 103);
    assert_eq!(row(&snapshot, &path), Files::whole(&directory, false).v1());
    for (at, cgroup) in snapshot.topology.cgroups.iter().enumerate() {
        assert!(cgroup.parent.is_none_or(|parent| parent < at), "{}", cgroup.id.path);
    }
}

#[test]
fn what_lies_too_deep_to_be_named_is_a_problem() {
    let bench = Bench::new(Version::V1);
    let name = "n".repeat(200);
    let mut at = rustix::fs::open(bench.root.path(), OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..25 {
        rustix::fs::mkdirat(&at, &name, Mode::RWXU).unwrap();
        at = rustix::fs::openat(&at, &name, OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    let snapshot = bench.sample();
    assert_eq!(snapshot.topology.cgroups.len(), 3 + 20, "as deep as a path may be long");
    let lost = snapshot.problems.iter().filter(|problem| problem.doing == "list").count();
    assert_eq!(lost, 1, "the others are said to be missing");
    assert_eq!(row(&snapshot, "/bystander").usage, Files::whole(&bench.file("../bystander"), false).v1().usage);
}

#[test]
fn a_directory_that_may_not_be_read_is_told_until_it_may() {
    let bench = Bench::new(Version::V1);
    let closed = bench.root.path().join("victim");
    fs::create_dir(closed.join("inner")).unwrap();
    copy_files(&bench.root.path().join("bystander"), &closed.join("inner"));
    let mut local = local(bench.root.path(), "proc/v1-after");

    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&closed).is_ok() {
        skip::skip("the super-user may read every directory", "MEMCGTOP_REQUIRE_ORDINARY_USER");
        return;
    }
    let snapshot = local.sample().unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(row(&snapshot, "/victim").usage, Err(Missing::Permission));
    assert_eq!(row(&snapshot, "/bystander"), Files::whole(&bench.root.path().join("bystander"), false).v1());
    assert!(snapshot.problems.iter().all(|problem| problem.path.starts_with(closed.to_str().unwrap())));
    assert!(snapshot.problems.iter().any(|problem| problem.doing == "list"));
    assert_eq!(unlisted(&snapshot), ["/victim"]);

    let snapshot = local.sample().unwrap();
    assert_eq!(snapshot.problems, []);
    assert!(unlisted(&snapshot).is_empty());
    assert_eq!(paths(&snapshot), ["/", "/bystander", "/victim", "/victim/inner"]);
    bench.assert_only_harm(&snapshot, None, "open again");
}

/// The cgroups in which there may be more.
fn unlisted(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.unlisted.iter().map(|(at, _)| &*snapshot.topology.cgroups[*at].id.path).collect()
}

#[test]
fn where_there_may_be_more_than_can_be_listed_that_is_told() {
    const LONGEST_PATH: usize = 4096;
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("cgroup.controllers"), "memory\n").unwrap();
    // Too deep to be reached by its path, whoever asks.
    let mut directory = rustix::fs::open(root.path(), OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..20 {
        let name = "d".repeat(250);
        rustix::fs::mkdirat(&directory, &name, Mode::RWXU).unwrap();
        directory = rustix::fs::openat(&directory, &name, OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    let snapshot = sample(root.path(), "proc/v1-after");
    let deepest = paths(&snapshot).into_iter().max_by_key(|path| path.len()).unwrap();
    assert!(deepest.len() > LONGEST_PATH - 260 && deepest.len() < LONGEST_PATH, "{}", deepest.len());
    assert_eq!(unlisted(&snapshot), [deepest]);
}

#[test]
fn a_slash_behind_the_root_makes_no_other_paths() {
    let root = tempfile::tempdir().unwrap();
    let inner = root.path().join("a");
    fs::create_dir(&inner).unwrap();
    fs::write(root.path().join("cgroup.controllers"), "memory\n").unwrap();
    let unreadable = [inner.join("memory.current"), root.path().join("cgroup.procs")];
    for path in &unreadable {
        std::os::unix::fs::symlink("nowhere", path).unwrap();
    }
    for slashes in ["", "/", "//"] {
        let given = format!("{}{slashes}", root.path().display());
        let snapshot = sample(Path::new(&given), "proc/v2-6.1-10-active");
        let mut paths: Vec<&str> = snapshot.problems.iter().map(|problem| problem.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, unreadable.each_ref().map(|path| path.to_str().unwrap()), "{given}");
    }
}
