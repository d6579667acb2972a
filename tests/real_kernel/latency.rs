//! The whole program in a terminal: events far from any regular reading show soon, and how soon is printed.
//!
//! Times are not judged here: a virtual machine's processors are emulated. `cargo bench --bench latency` measures them.

use std::env;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use crate::pty::{PROGRAM, Terminal};
use crate::support::cgroups::{Cgroup, Sandbox};
use crate::support::disk;
use crate::support::hogs::Hog;
use crate::support::kernel_log::Turn;
use crate::support::wait::comes_true;
use crate::table::{cell, counts};
use crate::{container_id, hierarchy};

const LIMIT: u64 = 20 << 20;
/// Others that do nothing; few enough for processors that are emulated. `MEMCGTOP_CROWD` is another number.
const CROWD: usize = 100;
/// Between two events: each is the first after a quiet time.
const QUIET: Duration = Duration::from_millis(300);
/// One for each event, and for an id.
const DIGITS: [char; 6] = ['a', 'b', 'c', 'd', 'e', 'f'];

#[test]
fn kills_are_soon_on_the_screen() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "latency-kills");
    let containers: Vec<Cgroup> = DIGITS.iter().map(|&digit| container(&sandbox, digit)).collect();
    let mut terminal = watch(&sandbox, DIGITS.len());
    let mut times = Vec::new();
    for (container, digit) in containers.iter().zip(DIGITS) {
        let id = &container_id(digit)[..12];
        Hog::in_cgroup(container).dies_of("anon 40");
        let died = Instant::now();
        terminal.wait_for("kill", |screen| counts(screen, id, "OOM"));
        times.push(died.elapsed());
        thread::sleep(QUIET);
    }
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    print("OOM kill", times);
}

#[test]
fn hits_are_soon_on_the_screen() {
    let Some(hierarchy) = hierarchy() else { return };
    let sandbox = Sandbox::new(&hierarchy, "latency-hits");
    let (near, id) = (container(&sandbox, 'a'), &container_id('a')[..12]);
    // Roomy enough to write files without being killed while the disk is slow.
    near.limit_to(64 << 20);
    let mut hog = Hog::in_cgroup(&near);
    hog.does("anon 58");
    let directory = disk::directory();
    let mut terminal = watch(&sandbox, 1);
    let mut times = Vec::new();
    for _ in DIGITS {
        let (shown, hits) = (cell(&terminal.screen(), id, "HITS"), near.hits());
        thread::scope(|scope| {
            scope.spawn(|| hog.does(&format!("write {} 12", disk::file(&directory, "over"))));
            assert!(comes_true(|| near.hits() > hits));
            let hit = Instant::now();
            terminal.wait_for("hit", |screen| cell(screen, id, "HITS") != shown);
            times.push(hit.elapsed());
        });
        thread::sleep(QUIET);
    }
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    print("limit hit", times);
}

fn container(sandbox: &Sandbox, digit: char) -> Cgroup {
    sandbox.limited(&container_id(digit), LIMIT)
}

/// The program over a crowd, with a regular reading only every ten minutes after the first two.
fn watch(sandbox: &Sandbox, containers: usize) -> Terminal {
    let others = env::var("MEMCGTOP_CROWD").ok().and_then(|number| number.parse().ok()).unwrap_or(CROWD);
    let crowd = sandbox.cgroup("crowd");
    for number in 0..others {
        crowd.child(&format!("{number:012}{number:052}"));
    }
    let shown = &format!("of {} containers", containers + others);
    let root = sandbox.root().directory.to_str().unwrap();
    let terminal = Terminal::start_on(200, 50, PROGRAM, &["--cgroup-root", root, "--interval", "10m"], &[]);
    terminal.wait_for(shown, |screen| screen.contents().contains(shown));
    // The second one.
    thread::sleep(Duration::from_secs(2));
    terminal
}

/// Past the test harness, which shows the output of failed tests only.
fn print(event: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
    let _ = writeln!(std::io::stderr(), "MEASURED: {event} on the screen after {median:.1?}, at most {most:.1?}");
}
