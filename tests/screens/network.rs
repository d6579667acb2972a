//! Network namespaces on the screen.

use super::*;
use memcgtop::snapshot::{Missing, Network, Networks};
use std::sync::Arc;

/// The screen of one container, down to its network.
fn section(name: &str, size: (u16, u16)) -> Buffer {
    let mut app = told(Demo::INCIDENT, &format!("/{name}\ng\n"));
    let shown = std::iter::repeat_with(|| {
        press(&mut app, "j");
        painted(&app, &UNICODE, size)
    });
    let is_it = |painted: &Buffer| rows(painted).iter().any(|row| row.contains("its own socket buffers"));
    shown.take(200).find(is_it).expect("a network on the screen")
}

/// A dashboard that is told the same with other networks.
fn told_with(change: impl Fn(&mut Networks)) -> App {
    let mut app = app();
    for mut snapshot in readings(Demo::INCIDENT, BEFORE) {
        change(Arc::make_mut(&mut snapshot.networks));
        app.update(Message::Sample(Ok(Box::new(snapshot))));
    }
    app
}

fn text(app: &App, size: (u16, u16)) -> String {
    rows(&painted(app, &UNICODE, size)).join("\n")
}

#[test]
fn a_container_shows_its_network() {
    keep("network_80x24", &section("redis", (80, 24)));
    keep("network_120x40", &section("redis", (120, 40)));
    keep("network_of_the_host_80x24", &section("node-exporter", (80, 24)));
}

#[test]
fn the_column_tells_who_shares() {
    let mut app = App::new(Settings { columns: Columns::of(["name", "netns", "usage", "limit"]), ..settings() });
    tell(&mut app, Demo::INCIDENT);
    keep("network_column_80x24", &painted(&app, &UNICODE, (80, 24)));
    press(&mut app, "/netns=host\n");
    assert_eq!(app.rows().map(|row| row.identity.name.to_string()).collect::<Vec<_>>(), ["node-exporter"]);
}

#[test]
fn starving_sockets_are_an_alert_and_stand_on_the_screen() {
    let pruned = |network: &mut Network| {
        let by = network.at.as_secs();
        network.counts.starved.prune_called = Ok(by);
        network.counts.starved.rcv_pruned = Ok(by * 2);
        network.counts.starved.tcp_rcvq_drop = Err(Missing::NotInKernel);
    };
    let starving = || told_with(|networks| networks.each.iter_mut().for_each(pruned));
    let mut app = starving();
    press(&mut app, "a");
    let shown = text(&app, (300, 60));
    let told = "receive buffers full, RcvPruned +10, PruneCalled +5 in 5.0 s: a reader is too slow";
    let is_of = |line: &str, name: &str| line.split_once(told).is_some_and(|(before, _)| before.contains(name));
    let of = |name: &str| shown.lines().filter(|line| is_of(line, name)).count();
    assert_eq!([of("redis-cache"), of("grafana"), of("host")], [1, 0, 1], "{shown}");
    assert!(shown.contains("it shares the network with grafana"), "{shown}");
    app = starving();
    press(&mut app, "/redis\ng\n");
    let shown = text(&app, (200, 120));
    assert!(shown.contains("short of buffer memory: RcvPruned +10, PruneCalled +5, in 5.0 s; in all"), "{shown}");
    assert!(shown.contains("TCPRcvQDrop ?"), "{shown}");
}
