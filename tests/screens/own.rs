//! What memcgtop says of itself: that it may be killed, and how it is protected.

use super::*;
use memcgtop::protection::Refusal;
use memcgtop::snapshot::Missing;
use memcgtop::units::Limit;
use std::sync::Arc;

const MIB: u64 = 1 << 20;
/// It is in a session below it.
const ABOVE: &str = "/user.slice";

/// A reading in which a cgroup holds so much that cannot be dropped of so much in all, below its limit.
fn filled(snapshot: &mut Snapshot, cgroup: &str, [held, usage, limit]: [u64; 3]) {
    let at = snapshot.topology.cgroups.iter().position(|known| &*known.id.path == cgroup).expect("a cgroup");
    let memory = Arc::make_mut(&mut snapshot.readings[at]);
    (memory.usage, memory.limit) = (Ok(usage), Ok(Limit::Bytes(limit)));
    (memory.stat.anon, memory.stat.shmem, memory.stat.kernel) = (Ok(held), Ok(0), Ok(0));
    memory.stat.sock = Ok(0);
    memory.stat.slab_reclaimable = Ok(0);
}

fn dashboard(fillings: &[(&str, [u64; 3])]) -> App {
    let mut app = app();
    read(&mut app, 0, fillings);
    app
}

/// Two more readings.
fn read(app: &mut App, later: u64, fillings: &[(&str, [u64; 3])]) {
    for mut snapshot in readings(Demo::INCIDENT + Duration::from_secs(later), 1) {
        for &(cgroup, sizes) in fillings {
            filled(&mut snapshot, cgroup, sizes);
        }
        app.update(Message::Sample(Ok(Box::new(snapshot))));
    }
}

const NEARLY: [u64; 3] = [488 * MIB, 500 * MIB, 500 * MIB];

fn last_row(app: &App, size: (u16, u16)) -> String {
    rows(&painted(app, &UNICODE, size)).pop().expect("rows")
}

#[test]
fn every_screen_says_that_memcgtop_may_be_killed() {
    let mut app = dashboard(&[(ABOVE, NEARLY)]);
    for size in [(40, 12), (80, 24), (120, 40)] {
        app.update(Message::Input(Event::Resize(size.0, size.1)));
        keep(&format!("may_be_killed_{}x{}", size.0, size.1), &painted(&app, &UNICODE, size));
        // Menu and filter are typed in with Esc as their end, the rest is a key away from each other.
        for keys in ["t", "\n", "a", "o", "H", "?", "C", "C", "t", "/", ":"] {
            press(&mut app, keys);
            let told = last_row(&app, size);
            assert!(told.contains("12.0Mi left"), "after {keys} at {size:?}: {told}");
            if [":", "/"].contains(&keys) {
                app.update(Message::Input(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
            }
        }
    }
    assert_eq!(
        last_row(&app, (240, 40)).split("  ").next(),
        Some(" memcgtop may be killed: 97% of the limit of /user.slice cannot be dropped, 12.0Mi left"),
    );
}

#[test]
fn it_says_so_for_as_long_as_it_is_so_also_while_the_screen_is_frozen() {
    let mut app = dashboard(&[]);
    let says = |app: &App| last_row(app, (80, 24)).contains("memcgtop may be killed: 12.0Mi left");
    assert!(!says(&app));
    press(&mut app, " ");
    read(&mut app, 2, &[(ABOVE, NEARLY)]);
    assert!(says(&app), "of what is known by now");
    press(&mut app, ",");
    assert!(says(&app), "while another moment is shown");
    read(&mut app, 4, &[]);
    assert!(!says(&app));
    press(&mut app, "  ");
    read(&mut app, 6, &[(ABOVE, NEARLY)]);
    app.update(Message::Late(Duration::from_secs(9)));
    assert!(last_row(&app, (80, 24)).contains("no reading for 9s"), "what was so may not be so any more");
    assert!(!says(&app));
}

#[test]
fn only_what_cannot_be_dropped_counts_and_every_limit_above() {
    let of_its_own = "/user.slice/user-1000.slice";
    for (fillings, told) in [
        (&[(ABOVE, [100 * MIB, 500 * MIB, 500 * MIB])][..], None),
        (&[(ABOVE, [474 * MIB, 500 * MIB, 500 * MIB])], None),
        (&[(ABOVE, [475 * MIB, 500 * MIB, 500 * MIB])], Some("25.0Mi left")),
        (&[(ABOVE, [24 * MIB, 32 * MIB, 32 * MIB])], None),
        (&[(ABOVE, [25 * MIB, 32 * MIB, 32 * MIB])], Some("7.00Mi left")),
        // The one that leaves no room for page cache is another than the one that kills.
        (
            &[(ABOVE, [9 * MIB, 500 * MIB, 500 * MIB]), (of_its_own, [97 * MIB, 97 * MIB, 100 * MIB])],
            Some("3.00Mi left"),
        ),
        (&[("/system.slice", NEARLY)], None),
    ] {
        let line = last_row(&dashboard(fillings), (80, 24));
        assert_eq!(line.contains("may be killed"), told.is_some(), "{fillings:?}: {line}");
        assert!(line.contains(told.unwrap_or_default()), "{fillings:?}: {line}");
    }
}

#[test]
fn the_screen_of_the_host_says_how_memcgtop_is_protected() {
    let told = |locked, score| {
        let mut app = app();
        for mut snapshot in readings(Demo::INCIDENT, 1) {
            (snapshot.own.locked, snapshot.own.oom_score_adj) = (locked, score);
            app.update(Message::Sample(Ok(Box::new(snapshot))));
        }
        press(&mut app, "H");
        rows(&painted(&app, &UNICODE, (160, 60))).join("\n")
    };
    for ((locked, score), line) in [
        (
            (Ok(71 * MIB), Ok(-998)),
            "  its memory is locked (VmLck 71.0Mi), the OOM killer takes others first (oom_score_adj -998)\n",
        ),
        (
            (Ok(0), Ok(0)),
            "  its memory may be swapped out and dropped, the OOM killer may take it (oom_score_adj 0): see --protect\n",
        ),
        (
            (Err(Missing::Permission), Err(Missing::Permission)),
            "  VmLck: permission denied, oom_score_adj: permission denied\n",
        ),
    ] {
        let told = told(locked, score);
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn what_was_refused_of_the_protection_is_told_at_the_start_and_on_the_screen_of_the_host() {
    let refusal = |part, why: &str| Refusal { part, why: why.to_owned() };
    let refused = vec![refusal("memory", "mlockall: no\x1b[31m"), refusal("OOM score", "cannot write")];
    let mut app = App::new(Settings { protection: Protection { former: None, refused }, ..settings() });
    tell(&mut app, SECOND);
    assert!(last_row(&app, (80, 24)).starts_with(" not protected: memory, OOM score; H tells why "));
    press(&mut app, "H");
    let text = rows(&painted(&app, &UNICODE, (120, 60))).join("\n");
    for line in ["  not protected: memory: mlockall: no\\x1b[31m\n", "  not protected: OOM score: cannot write\n"] {
        assert!(text.contains(line), "{text}");
    }
}
