//! Network namespaces: what each of them counts, whoever is in it.
//!
//! Only what belongs to a namespace: `alloc`, `orphan` and `mem` of `/proc/net/sockstat` are the whole host's. Must not
//! read files.

use std::time::Duration;

use super::{Missing, Problem, Reading};

/// The initial namespace, on kernels that give it a number of its own (`PROC_NET_INIT_INO`, 6.18 and later). No other
/// namespace of any kernel has it.
pub const INITIAL: u64 = 0xEFFF_FFF9;

/// The network namespaces in which there are containers, as far as they could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// The host's own: the inode of `/proc/1/ns/net`. `None` where it is not known.
    pub host: Option<u64>,
    /// In the order of their inodes.
    pub each: Vec<Network>,
}

/// A network namespace, as it was read through one of its processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The inode of `/proc/PID/ns/net`.
    pub netns: u64,
    /// When it was read, on the clock of the snapshots. Namespaces are read less often than memory.
    pub at: Duration,
    /// What it said.
    pub counts: Counts,
    /// What could not be read of it.
    pub problems: Vec<Problem>,
}

/// Figures of a network namespace. Counters count from its creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// `/proc/PID/net/dev`, all interfaces but `lo`.
    pub traffic: Traffic,
    /// `/proc/PID/net/sockstat` and `sockstat6`.
    pub sockets: Sockets,
    /// `/proc/PID/net/netstat`.
    pub starved: Starved,
}

/// What went through the interfaces of a namespace. Where one interface leads to another in it, as a bridge does, it
/// counts at both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes received.
    pub rx_bytes: Reading,
    /// Packets received.
    pub rx_packets: Reading,
    /// Packets that came damaged.
    pub rx_errors: Reading,
    /// Packets that came and were dropped.
    pub rx_dropped: Reading,
    /// Bytes sent.
    pub tx_bytes: Reading,
    /// Packets sent.
    pub tx_packets: Reading,
    /// Packets that could not be sent.
    pub tx_errors: Reading,
    /// Packets that were dropped instead of sent.
    pub tx_dropped: Reading,
}

/// The sockets of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sockets {
    /// `sockets: used`: those of every kind.
    pub used: Reading,
    /// `TCP: inuse` and `TCP6: inuse`.
    pub tcp_inuse: Reading,
    /// `TCP: tw`: connections that wait for their end.
    pub tcp_tw: Reading,
    /// `UDP: inuse` and `UDP6: inuse`.
    pub udp_inuse: Reading,
}

/// How often TCP had too little memory for what came in: counters of `TcpExt`, but for the milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starved {
    /// `PruneCalled`: a socket's receive buffer was full and had to be compacted.
    pub prune_called: Reading,
    /// `RcvPruned`: that did not help, and a segment was dropped.
    pub rcv_pruned: Reading,
    /// `OfoPruned`: what had come out of order was dropped to make room.
    pub ofo_pruned: Reading,
    /// `TCPRcvQDrop`: a segment was dropped because the receive queue had no room (4.20 and later).
    pub tcp_rcvq_drop: Reading,
    /// `TCPMemoryPressures`: TCP as a whole came under memory pressure, by `net.ipv4.tcp_mem`.
    pub tcp_memory_pressures: Reading,
    /// `TCPMemoryPressuresChrono`: for how long, milliseconds (4.13 and later).
    pub tcp_memory_pressures_ms: Reading,
}

/// A figure of a namespace.
#[derive(Debug)]
pub struct Figure {
    /// The name in the JSON.
    pub name: &'static str,
    /// Its value.
    pub get: fn(&Counts) -> Reading,
}

macro_rules! figures {
    ($($name:ident: $($path:ident).+),+ $(,)?) => {
        &[$(Figure { name: stringify!($name), get: |counts| counts.$($path).+ }),+]
    };
}

impl Counts {
    /// Every figure, in the order of the JSON.
    pub const FIGURES: &[Figure] = figures![
        rx_bytes: traffic.rx_bytes,
        tx_bytes: traffic.tx_bytes,
        rx_packets: traffic.rx_packets,
        tx_packets: traffic.tx_packets,
        rx_errors: traffic.rx_errors,
        rx_dropped: traffic.rx_dropped,
        tx_errors: traffic.tx_errors,
        tx_dropped: traffic.tx_dropped,
        sockets_used: sockets.used,
        tcp_inuse: sockets.tcp_inuse,
        tcp_tw: sockets.tcp_tw,
        udp_inuse: sockets.udp_inuse,
        prune_called: starved.prune_called,
        rcv_pruned: starved.rcv_pruned,
        ofo_pruned: starved.ofo_pruned,
        tcp_rcvq_drop: starved.tcp_rcvq_drop,
        tcp_memory_pressures: starved.tcp_memory_pressures,
        tcp_memory_pressures_ms: starved.tcp_memory_pressures_ms,
    ];

    /// Every figure absent for the same reason.
    pub const fn missing(reason: Missing) -> Self {
        Self { traffic: Traffic::missing(reason), sockets: Sockets::missing(reason), starved: Starved::missing(reason) }
    }
}

impl Traffic {
    /// Every figure absent for the same reason.
    pub const fn missing(reason: Missing) -> Self {
        Self {
            rx_bytes: Err(reason),
            rx_packets: Err(reason),
            rx_errors: Err(reason),
            rx_dropped: Err(reason),
            tx_bytes: Err(reason),
            tx_packets: Err(reason),
            tx_errors: Err(reason),
            tx_dropped: Err(reason),
        }
    }
}

impl Sockets {
    /// Every figure absent for the same reason.
    pub const fn missing(reason: Missing) -> Self {
        Self { used: Err(reason), tcp_inuse: Err(reason), tcp_tw: Err(reason), udp_inuse: Err(reason) }
    }
}

impl Starved {
    /// Every counter absent for the same reason.
    pub const fn missing(reason: Missing) -> Self {
        Self {
            prune_called: Err(reason),
            rcv_pruned: Err(reason),
            ofo_pruned: Err(reason),
            tcp_rcvq_drop: Err(reason),
            tcp_memory_pressures: Err(reason),
            tcp_memory_pressures_ms: Err(reason),
        }
    }
}

impl Networks {
    /// Whether a namespace is the host's own.
    pub fn is_host(&self, netns: u64) -> bool {
        netns == INITIAL || self.host == Some(netns)
    }

    /// Takes in what was read of a namespace, instead of what was read before.
    pub fn put(&mut self, network: Network) {
        match self.each.binary_search_by_key(&network.netns, |known| known.netns) {
            Ok(at) => self.each[at] = network,
            Err(at) => self.each.insert(at, network),
        }
    }
}
