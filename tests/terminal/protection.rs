//! What an ordinary user is told of a protection that he may not have.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::{Pid, Resource, getrlimit, getuid};

use crate::has;
use crate::pty::{PROGRAM, Terminal};
use crate::skip;

const NOBODY: &str = "65534";
/// KiB: more than the program maps at its start, less than it wants left.
const ENOUGH_FOR_A_WHILE: u32 = 400_000;

/// The dashboard as an ordinary user who may lock so many KiB; the program is a copy that everybody can run.
fn start(program: &Path, lockable: u32, options: &str) -> Terminal {
    let become_nobody = format!("setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups ");
    let become_nobody = if getuid().is_root() { &become_nobody } else { "" };
    let script = format!("ulimit -l {lockable} && cd / && exec {become_nobody}{} {options}", program.display());
    Terminal::start_on(120, 60, "/bin/sh", &["-c", &script], &[("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")])
}

fn may_lock(kib: u32) -> bool {
    let most = getrlimit(Resource::Memlock).maximum;
    most.is_none_or(|most| u64::from(kib) << 10 <= most)
        || fs::read_to_string("/proc/self/status").is_ok_and(|status| may_raise(&status))
}

/// Whether this process may raise limits.
fn may_raise(status: &str) -> bool {
    const CAP_SYS_RESOURCE: u32 = 24;
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap_or_default();
    u64::from_str_radix(effective.trim(), 16).is_ok_and(|caps| caps >> CAP_SYS_RESOURCE & 1 == 1)
}

fn status(pid: Pid, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim_start_matches(':').trim().to_owned()
}

#[test]
fn an_ordinary_user_is_told_what_is_not_protected_and_why() {
    let open = tempfile::tempdir().unwrap();
    fs::set_permissions(open.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = open.path().join("memcgtop");
    fs::copy(PROGRAM, &program).unwrap();
    let config = open.path().join("config.toml");
    fs::write(&config, "protect = true\n").unwrap();
    let configured = format!("--config {}", config.display());
    for (lockable, options, why) in [
        (64, "--protect", "memory: mlockall: more than RLIMIT_MEMLOCK allows"),
        (0, &configured, "memory: mlockall: more than RLIMIT_MEMLOCK allows"),
        // As much as there is, but not what comes.
        (ENOUGH_FOR_A_WHILE, "--protect", "memory: locked it could not grow: 1024 MiB more are refused"),
    ] {
        if !may_lock(lockable) {
            skip::skip("no limit of locked memory may be raised here", "MEMCGTOP_REQUIRE_LOCKABLE");
            continue;
        }
        let mut terminal = start(&program, lockable, options);
        terminal.wait_for("the notice", has("not protected: memory, OOM score; H tells why"));
        terminal.press_for("H", "memcgtop itself");
        terminal.press("G");
        terminal.wait_for(why, |screen| screen.contents().contains(&format!("not protected: {why}")));
        terminal.wait_for("the score", has("not protected: OOM score: cannot write -998 to /proc/self/oom_score_adj"));
        terminal.wait_for("what is so", has("its memory may be swapped out and dropped"));
        assert_eq!(status(terminal.pid(), "VmLck"), "0 kB");
        terminal.press("q");
        assert_eq!(terminal.end(), 0);
    }
}
