//! Who reads: the host's own figures, and a reader without privileges.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::pty::Terminal;
use crate::support::cgroups::Sandbox;
use crate::support::hogs::Hog;
use crate::support::program::{PROGRAM, command, parse, snapshot};
use crate::support::truth::{meminfo, within_slack};
use crate::{container_name, hierarchy};

const NOBODY: u32 = 65534;

#[test]
fn the_host_is_as_the_kernel_says() {
    let Some(hierarchy) = hierarchy() else { return };
    let reading = snapshot(&["--all"]);
    assert_eq!(reading.host("hierarchy"), hierarchy.name());
    assert_eq!(*reading.host("mem_total"), meminfo("MemTotal"));
    assert_eq!(*reading.host("swap_total"), meminfo("SwapTotal"));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(reading.host("kernel"), kernel.trim());
    let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(reading.host("hostname"), hostname.trim());
}

#[test]
fn an_ordinary_user_sees_the_rows() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "ordinary-user");
    let container = sandbox.cgroup(&container_name('e'));
    container.limit_to(64 << 20);
    let mut hog = Hog::in_cgroup(&container);
    hog.does("anon 8");

    // The directory that cargo builds in may be closed to others.
    let open = tempfile::tempdir().unwrap();
    fs::set_permissions(open.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = open.path().join("memcgtop");
    fs::copy(PROGRAM, &program).unwrap();
    let output = command(&program, &["--all"]).uid(NOBODY).gid(NOBODY).current_dir("/").output().unwrap();

    let mut check = Command::new(&program);
    check.env_clear().args(["check", "--config", "/dev/null", "--interval", "100ms"]);
    let checked = check.uid(NOBODY).gid(NOBODY).current_dir("/").output().unwrap();
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(told.lines().any(|line| line.starts_with("not read: the network of ")), "{told}");

    let reading = parse(&output).remove(0);
    let row = reading.row(&container);
    let netns = row.missing("netns").unwrap();
    assert!(
        row.figure("netns").is_none() && netns.starts_with("permission denied: ") && netns.contains("CAP_SYS_PTRACE")
    );
    // Others may run containers as the same user.
    let networks = format!("{:?}", reading.networks());
    assert!(!networks.contains(&container.path()), "it is not known to be in any: {networks}");
    assert!(within_slack(row.number("usage"), container.usage()));
    assert_eq!(row.number("limit"), 64 << 20);
    assert_eq!(row.number("failcnt"), container.hits());
}

#[test]
fn the_screen_of_the_host_knows_where_memcgtop_lives() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "home");
    let home = sandbox.limited("memcgtop.service", 64 << 20);
    let mut terminal = Terminal::start(PROGRAM, &["--interval", "200ms"], &[]);
    terminal.resize(200, 60);
    home.set("cgroup.procs", &terminal.pid().as_raw_nonzero().to_string());
    let lives = format!("lives in {}, whose limit is full to ", home.path());
    terminal.press_for("H", "memcgtop itself");
    terminal.wait_for("its cgroup", |screen| screen.contents().contains(&lives));
    terminal.wait_for("its files", |screen| screen.contents().contains(" files that it keeps open"));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
