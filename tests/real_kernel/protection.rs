//! memcgtop protects itself, and says where it is in danger.

use std::fs;

use rustix::process::Pid;

use crate::pty::{PROGRAM, Terminal};
use crate::support::cgroups::Sandbox;
use crate::support::hogs::Hog;
use crate::support::kernel_log::Turn;
use crate::support::wait::comes_true;
use crate::{container_name, hierarchy};

fn of_process(pid: Pid, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap()
}

fn locked_kib(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Whether root here may do everything: containers often may not make themselves unkillable.
fn may_lower_scores() -> bool {
    const CAP_SYS_RESOURCE: u32 = 24;
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
    u64::from_str_radix(effective.trim(), 16).unwrap() >> CAP_SYS_RESOURCE & 1 == 1
}

#[test]
fn it_locks_its_memory_and_others_go_first_but_not_for_what_it_starts() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "protected");
    let victim = sandbox.limited(&container_name('a'), 20 << 20);
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    let former = fs::read_to_string("/proc/self/oom_score_adj").unwrap();
    let script = format!(
        "until grep -qx {} /proc/$$/oom_score_adj; do :; done; cat /proc/$$/status > {new}.part; mv {new}.part {new}",
        former.trim(),
        new = file("child")
    );
    fs::write(file("config"), format!("protect = true\n[sinks]\ncommand = [\"/bin/sh\", \"-c\", {script:?}]\n"))
        .unwrap();
    let root = sandbox.root().directory.to_str().unwrap();
    let options = ["--cgroup-root", root, "--interval", "200ms", "--config", &file("config")];
    let mut terminal = Terminal::start_on(160, 60, PROGRAM, &options, &[]);
    terminal.wait_for("the row", |screen| {
        screen.contents().contains(" containers") || screen.contents().contains("aaaaaaaaaaaa")
    });

    assert!(locked_kib(&of_process(terminal.pid(), "status")) > 0);
    let score = of_process(terminal.pid(), "oom_score_adj");
    terminal.press_for("H", "its memory is locked (VmLck ");
    if may_lower_scores() {
        assert_eq!(score.trim(), "-998");
        terminal.wait_for("its score", |screen| screen.contents().contains("(oom_score_adj -998)"));
    } else {
        assert_eq!(score, former);
        terminal.press("G");
        let told = "not protected: OOM score: cannot write -998 to /proc/self/oom_score_adj: Permission denied";
        terminal.wait_for(told, |screen| screen.contents().contains(told));
    }

    Hog::in_cgroup(&victim).dies_of("anon 40");
    assert!(comes_true(|| fs::exists(file("child")).unwrap()), "{}", terminal.text());
    assert_eq!(locked_kib(&fs::read_to_string(file("child")).unwrap()), 0);
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn it_says_on_every_screen_that_the_limit_it_lives_below_is_nearly_used_up() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "danger");
    let above = sandbox.limited("system.slice", 512 << 20);
    let home = above.child("ssh.service");
    let (root, home) = (sandbox.root().directory.display(), home.directory.display());
    let start = format!("echo $$ > {home}/cgroup.procs && exec {PROGRAM} --cgroup-root {root} --interval 200ms");
    let mut terminal = Terminal::start_on(200, 60, "/bin/sh", &["-c", &start], &[]);
    terminal.press_for("H", "memcgtop itself");
    terminal.wait_for("its cgroup", |screen| screen.contents().contains("lives in /system.slice/ssh.service"));
    assert!(!terminal.text().contains("may be killed"), "{}", terminal.text());

    let mut hog = Hog::in_cgroup(&above.child("other.service"));
    hog.does("anon 489");
    let told = "of the limit of /system.slice cannot be dropped";
    terminal.wait_for(told, |screen| screen.contents().contains(told));
    for screen in ["", "a", "o", "t", "t", "?"] {
        terminal.press(screen);
        let last = |screen: &vt100::Screen| screen.contents().lines().last().unwrap_or_default().to_owned();
        terminal.wait_for("the danger", |screen| last(screen).contains("memcgtop may be killed: "));
    }
    drop(hog);
    terminal.wait_for("its end", |screen| !screen.contents().contains("may be killed"));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
