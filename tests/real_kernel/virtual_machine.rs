//! Runs the scenarios in virtual machines, under another kernel and both versions of the memory controller.
//!
//! Needs `qemu-system-x86_64` and a static `busybox` in `PATH`, and Debian's cloud kernel unpacked (`dpkg -x`) in
//! `MEMCGTOP_VM_KERNEL`, by default `target/vm`. `MEMCGTOP_VM_ONLY` is a part of the names of the tests to run there.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::hogs;
use crate::support::initramfs::Initramfs;
use crate::support::program::PROGRAM;
use crate::support::skip::skip;

/// Processors are emulated, so that nothing is quick.
const DEADLINE: Duration = Duration::from_secs(800);
const DISK: u64 = 256 << 20;
const PASSED: &str = "guest: the tests ended with 0 ";
const TAIL: usize = 150;

#[test]
fn v2_in_a_virtual_machine() {
    run("v2");
}

#[test]
fn v1_in_a_virtual_machine() {
    run("v1");
}

fn run(hierarchy: &str) {
    let Some(parts) = Parts::find() else { return };
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let console = Machine::boot(&parts, &directory, hierarchy).console();
    let booted = console.iter().find(|line| line.contains("guest: booted"));
    let passed = console.iter().any(|line| line.contains(PASSED));
    assert!(!console.iter().any(|line| line.ends_with("running 0 tests")), "MEMCGTOP_VM_ONLY is no part of any name");
    for measured in console.iter().filter(|line| line.contains("MEASURED: ")) {
        let _ = writeln!(std::io::stderr(), "in a virtual machine with {hierarchy}: {measured}");
    }
    let tail = console[console.len().saturating_sub(TAIL)..].join("\n");
    assert!(passed, "the tests failed in the virtual machine ({booted:?}); its console:\n{tail}");
}

/// What a virtual machine is made of.
struct Parts {
    qemu: PathBuf,
    busybox: PathBuf,
    kernel: PathBuf,
    modules: PathBuf,
}

impl Parts {
    fn find() -> Option<Self> {
        let found = Self::look();
        if found.is_none() {
            skip(
                "no virtual machine: it takes qemu-system-x86_64, a static busybox and a kernel in target/vm",
                "MEMCGTOP_REQUIRE_VM",
            );
        }
        found
    }

    fn look() -> Option<Self> {
        let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/vm");
        let directory = env::var_os("MEMCGTOP_VM_KERNEL").map_or(default, PathBuf::from);
        let (kernel, version) = newest_kernel(&directory).or_else(|| newest_kernel(&directory.join("boot")))?;
        let modules = directory.join("lib/modules").join(version);
        let (qemu, busybox) = (in_path("qemu-system-x86_64")?, in_path("busybox")?);
        modules.is_dir().then_some(Self { qemu, busybox, kernel, modules })
    }
}

fn in_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join(program)).find(|path| path.is_file())
}

/// The last `vmlinuz-VERSION` by name, and its version.
fn newest_kernel(directory: &Path) -> Option<(PathBuf, String)> {
    let names = fs::read_dir(directory).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let version = names.filter_map(|name| Some(name.strip_prefix("vmlinuz-")?.to_owned())).max()?;
    Some((directory.join(format!("vmlinuz-{version}")), version))
}

/// A running virtual machine; stopped at the end.
struct Machine {
    qemu: Child,
    lines: Receiver<String>,
}

impl Machine {
    fn boot(parts: &Parts, directory: &TempDir, hierarchy: &str) -> Self {
        let initramfs = directory.path().join("initramfs");
        write_initramfs(parts, &initramfs);
        let tests = env::current_exe().unwrap();
        let told = |name| env::var(name).unwrap_or_default();
        let append = format!(
            "console=ttyS0 quiet loglevel=1 psi=1 panic=-1 hierarchy={hierarchy} tests={} only={} crowd={}",
            tests.display(),
            told("MEMCGTOP_VM_ONLY"),
            told("MEMCGTOP_CROWD"),
        );
        let mut command = Command::new(&parts.qemu);
        command.args(["-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max", "-M", "q35", "-m", "768M", "-smp", "2"]);
        command.args(["-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio", "-append", &append]);
        command.arg("-kernel").arg(&parts.kernel).arg("-initrd").arg(initramfs);
        for disk in ["files", "swap"] {
            let path = directory.path().join(disk);
            File::create(&path).unwrap().set_len(DISK).unwrap();
            command.args(["-drive", &format!("file={},if=virtio,format=raw,cache=unsafe", path.display())]);
        }
        let mut qemu = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = lines_of(BufReader::new(qemu.stdout.take().unwrap()));
        Self { qemu, lines }
    }

    /// Waits until the machine is off, but not for ever; what it wrote on its serial console, and when.
    fn console(self) -> Vec<String> {
        let deadline = Instant::now() + DEADLINE;
        let mut console = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            console.push(line);
        }
        console
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Lines as they come, each after the seconds since now, from a thread of their own: reading has no deadline.
fn lines_of(console: impl BufRead + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    let start = Instant::now();
    thread::spawn(move || {
        for line in console.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let _ = sender.send(format!("{:6.1} {}", start.elapsed().as_secs_f32(), line.trim_end()));
        }
    });
    receiver
}

fn write_initramfs(parts: &Parts, path: &Path) {
    let mut initramfs = Initramfs::create(path);
    initramfs.file("/init", include_bytes!("guest-init"));
    initramfs.file("/bin/busybox", &fs::read(&parts.busybox).unwrap());
    initramfs.program(Path::new(PROGRAM));
    initramfs.program(&hogs::program());
    initramfs.program(&env::current_exe().unwrap());
    add_modules(&mut initramfs, &parts.modules);
    initramfs.finish();
}

/// The drivers of the disks; everything else is built in.
fn add_modules(initramfs: &mut Initramfs, modules: &Path) {
    let version = modules.file_name().unwrap().to_str().unwrap();
    for file in ["modules.builtin", "modules.order"] {
        add_module_file(initramfs, modules, version, Path::new(file));
    }
    for directory in ["kernel/drivers/virtio", "kernel/drivers/block"] {
        for entry in fs::read_dir(modules.join(directory)).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            add_module_file(initramfs, modules, version, &Path::new(directory).join(entry.file_name()));
        }
    }
}

fn add_module_file(initramfs: &mut Initramfs, modules: &Path, version: &str, file: &Path) {
    let content = fs::read(modules.join(file)).unwrap();
    initramfs.file(&format!("/lib/modules/{version}/{}", file.display()), &content);
}
