//! What goes through the network namespaces of the simulated host. Nobody starves.

use std::time::Duration;

use super::curve::{LOOP, hash};
use crate::snapshot::{Counts, Network, Sockets, Starved, Traffic};

/// They are read so often, in seconds.
pub(super) const PACE: f64 = 5.0;

/// The inode of the namespace of a cgroup with this place among all.
pub(super) fn number(place: u64) -> u64 {
    const FIRST: u64 = 4_026_532_177;
    FIRST + 64 * place
}

/// One that was made at `birth`, as it was read last before `t`.
pub(super) fn at(netns: u64, birth: f64, t: f64) -> Network {
    const PACKET: f64 = 700.0;
    let read = (t / PACE).floor() * PACE;
    let age = (read - birth).max(0.0);
    let upto = |most: u64, salt: u64| hash(netns, salt) % most;
    let bytes = |salt: u64| age * (3_000 + upto(400_000, salt)) as f64;
    let (rx, tx) = (bytes(20), bytes(21));
    let count = |bytes: f64| Ok(bytes as u64);
    let tcp = 3 + upto(60, 22);
    Network {
        netns,
        at: Duration::from_secs_f64((read - LOOP).max(0.0)),
        counts: Counts {
            traffic: Traffic {
                rx_bytes: count(rx),
                rx_packets: count(rx / PACKET),
                rx_errors: Ok(0),
                rx_dropped: Ok(upto(4, 23)),
                tx_bytes: count(tx),
                tx_packets: count(tx / PACKET),
                tx_errors: Ok(0),
                tx_dropped: Ok(0),
            },
            sockets: Sockets {
                used: Ok(tcp + 5 + upto(20, 24)),
                tcp_inuse: Ok(tcp),
                tcp_tw: Ok(upto(12, 25)),
                udp_inuse: Ok(upto(5, 26)),
            },
            starved: Starved {
                prune_called: Ok(upto(3, 27)),
                rcv_pruned: Ok(0),
                ofo_pruned: Ok(0),
                tcp_rcvq_drop: Ok(0),
                tcp_memory_pressures: Ok(0),
                tcp_memory_pressures_ms: Ok(0),
            },
        },
        problems: Vec::new(),
    }
}
