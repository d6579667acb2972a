//! The screen of the host.

use super::*;
use memcgtop::snapshot::{Missing, Own, Problem};
use memcgtop::units::Limit;
use std::sync::Arc;

const SIZE: (u16, u16) = (120, 60);

/// A dashboard with the host on it, after readings that `change` has changed, one a second.
fn changed(seconds: u32, change: impl Fn(u32, &mut Snapshot)) -> App {
    let mut app = app();
    for (number, mut snapshot) in (0..).zip(readings(Demo::INCIDENT, seconds)) {
        change(number, &mut snapshot);
        app.update(Message::Sample(Ok(Box::new(snapshot))));
    }
    press(&mut app, "H");
    app
}

fn shown(app: &App) -> String {
    rows(&painted(app, &UNICODE, SIZE)).join("\n")
}

/// Every reading tells of more reclaim, and in the last ones little is available.
fn shortage(number: u32, snapshot: &mut Snapshot) {
    let host = &mut snapshot.host;
    host.allocstall = Ok(u64::from(number) * 40);
    host.pgscan_kswapd = Ok(u64::from(number) * 9_000);
    host.pswpin = Ok(u64::from(number) * 250);
    host.pswpout = Ok(u64::from(number) * 1_000);
    host.oom_kill = Ok(7 + u64::from(number / 50));
    if number > 30 {
        host.mem_available = Ok(900 << 20);
    }
}

#[test]
fn a_short_host_says_why() {
    let mut app = changed(59, shortage);
    keep("host_short", &painted(&app, &UNICODE, (80, 24)));
    let text = shown(&app);
    for fact in [
        "node-17 is short of memory",
        "900Mi of 23.5Gi available; below 2.35Gi is little",
        "kswapd scanned 9000 pages, 40 allocation stalls in 1.0 s, 59 readings running",
        "8 OOM kills since boot, 1 since attach",
        "read back 1000Ki/s, written 3.91Mi/s",
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
    press(&mut app, "+hhhhhhhhhh");
    assert!(shown(&app).contains("available 900Mi  swap in use "), "{}", shown(&app));
    press(&mut app, &"h".repeat(30));
    assert!(shown(&app).contains("available 1"), "it was not short then: {}", shown(&app));
}

#[test]
fn little_memory_without_reclaim_is_no_shortage_and_one_reading_judges_nothing() {
    let little = |_, snapshot: &mut Snapshot| snapshot.host.mem_available = Ok(900 << 20);
    assert!(shown(&changed(5, little)).starts_with(" node-17 is fine"));
    let once = shown(&changed(0, little));
    assert!(once.starts_with(" node-17 is not judged yet") && once.contains("needs two readings"), "{once}");
}

#[test]
fn what_is_missing_says_why() {
    let app = changed(2, |_, snapshot| {
        let host = &mut snapshot.host;
        (host.mem_free, host.swap_total, host.oom_kill) = (Err(Missing::Unreadable), Ok(0), Err(Missing::NotInKernel));
        host.psi = Err(Missing::AccountingOff);
        snapshot.own = Own::missing(Missing::Elsewhere);
        snapshot.oom_log = Err(Missing::Permission);
        let path = "/sys/fs/cgroup/a\x1b[31m/memory.stat".to_owned();
        snapshot.problems = vec![Problem { path, doing: "read", error: "input/output error".to_owned() }; 120];
    });
    let text = shown(&app);
    for fact in [
        "?    ?  free",
        "stall is not known: the kernel's accounting for it is off",
        "OOM kills are not known: this kernel does not report it",
        "this host has no swap",
        "its own cgroup is not known: its process is in none of the cgroups",
        "could not be read ",
        "the kernel log: permission denied",
        "memory.stat (read): input/output error",
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
    assert!(!text.contains('\x1b'));
    let lines = ui::host::lines(&app, Rect::new(0, 0, 120, 60), &Theme::new(&DARK, Depth::None, &UNICODE));
    assert!(lines.iter().any(|line| line.to_string() == "  20 more"));
}

#[test]
fn memcgtop_in_a_cgroup_that_is_nearly_full_warns() {
    let full = |limit: u64| {
        move |_, snapshot: &mut Snapshot| {
            let cgroups = &snapshot.topology.cgroups;
            let at = cgroups.iter().position(|cgroup| &*cgroup.id.path == "/user.slice").expect("a slice");
            let memory = Arc::make_mut(&mut snapshot.readings[at]);
            memory.limit = Ok(Limit::Bytes(memory.usage.expect("usage") * 100 / limit));
        }
    };
    for (percent, style) in [(95, 'Y'), (50, '.')] {
        let buffer = painted(&changed(3, full(percent)), &UNICODE, SIZE);
        let line = rows(&buffer).iter().position(|row| row.contains("lives in /user.slice/")).expect("its cgroup");
        assert!(rows(&buffer)[line].contains("where the limit of /user.slice is full to "), "{}", rows(&buffer)[line]);
        assert!(styles(&buffer)[line].chars().nth(4).unwrap_or('.') == style, "{}", styles(&buffer)[line]);
    }
}

#[test]
fn the_row_of_the_host_opens_its_screen_and_escape_leaves_it() {
    let mut app = told(Demo::INCIDENT, "tg\n");
    assert_eq!(app.screen, Screen::Host);
    for (before, screen) in [("t", Screen::Tree), ("a", Screen::Alerts), ("o", Screen::Autopsies)] {
        press(&mut app, before);
        assert_eq!(app.screen, screen);
        press(&mut app, "?H");
        assert_eq!((&app.screen, app.help), (&Screen::Host, false));
    }
    app.update(Message::Input(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
    assert_eq!(app.screen, Screen::Tree);
}
