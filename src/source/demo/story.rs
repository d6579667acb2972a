//! The story itself, as data: who is on the host, what limits them, and how each moves.
//!
//! Seconds of the loop: 120 checkout needs more than its limit · 135 the search pod is full ·
//! 234 report-gen hits its limit, 238 is killed, 240 gone, 243 back · 333 ci-runner-3 is throttled ·
//! 372 the moment of the mock-ups · 450 to 500 all calm down.

use super::curve::Curve;

/// What a cgroup is charged with by itself, and what that costs. Sizes in MiB, rates per second.
#[derive(Clone, Copy)]
pub(super) struct Load {
    /// All of it; what the other parts leave is page cache.
    pub(super) usage: Curve,
    pub(super) anon: Curve,
    pub(super) shmem: Curve,
    /// Kernel memory, `slab` of it reclaimable.
    pub(super) kernel: f64,
    pub(super) slab: f64,
    pub(super) sock: f64,
    /// How far usage swings above its curve.
    pub(super) wobble: f64,
    /// Swap cache included.
    pub(super) swap: Curve,
    pub(super) swap_cached: Curve,
    /// Charges that did not fit below its own `memory.max`.
    pub(super) hits: Curve,
    /// Throttled at its own `memory.high`.
    pub(super) highs: Curve,
    /// Pages read back that had been pushed out, and which share of them was anonymous.
    pub(super) refaults: Curve,
    pub(super) anon_refaults: f64,
    /// The share of time in which some task waited, and in which share of that no task ran.
    /// None for those that die: a parent's total could not keep it.
    pub(super) stall: Curve,
    pub(super) full: f64,
    /// Hits, throttlings and OOM kills when the story begins.
    pub(super) before: [u64; 3],
    pub(super) processes: u64,
}

/// `memory.max`, `memory.high` and `memory.swap.max` in MiB.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) max: Option<u32>,
    pub(super) high: Option<u32>,
    pub(super) swap: Option<u32>,
}

/// The seconds of the loop at which a container's process is killed, its cgroup goes, and another one comes.
#[derive(Clone, Copy)]
pub(super) struct Death {
    pub(super) killed: f64,
    pub(super) gone: f64,
    pub(super) back: f64,
}

/// Who runs a container, which decides where its cgroup is.
#[derive(Clone, Copy)]
pub(super) enum Home {
    /// A container of a burstable pod.
    Pod(&'static Pod),
    Docker,
    /// With crun, which puts the limits on an inner `container`.
    Podman,
}

/// Which network namespace a container is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Net {
    /// Its own, or that of its pod.
    Own,
    /// The host's.
    Host,
    /// That of the container before it.
    Neighbour,
}

/// A burstable pod, and what is charged to it beside its container.
pub(super) struct Pod {
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    pub(super) limits: Limits,
    pub(super) load: Load,
}

/// A container of the story.
pub(super) struct Actor {
    pub(super) name: &'static str,
    pub(super) image: &'static str,
    pub(super) home: Home,
    pub(super) net: Net,
    pub(super) limits: Limits,
    pub(super) load: Load,
    pub(super) death: Option<Death>,
}

/// Nothing at all.
pub(super) const NOTHING: Load = Load {
    usage: Curve::ZERO,
    anon: Curve::ZERO,
    shmem: Curve::ZERO,
    kernel: 0.0,
    slab: 0.0,
    sock: 0.0,
    wobble: 0.0,
    swap: Curve::ZERO,
    swap_cached: Curve::ZERO,
    hits: Curve::ZERO,
    highs: Curve::ZERO,
    refaults: Curve::ZERO,
    anon_refaults: 0.0,
    stall: Curve::ZERO,
    full: 0.0,
    before: [0; 3],
    processes: 0,
};

/// No limit at all.
pub(super) const UNLIMITED: Limits = Limits { max: None, high: None, swap: None };

const fn max(mib: u32) -> Limits {
    Limits { max: Some(mib), ..UNLIMITED }
}

/// `kubepods.slice`: what the kubelet leaves to pods.
pub(super) const KUBEPODS: Limits = max(22 << 10);

/// The host's memory and swap.
pub(super) const HOST_MEMORY: f64 = 23.5 * 1024.0;
pub(super) const HOST_SWAP: f64 = 8.0 * 1024.0;

/// OOM kills since boot that no cgroup of today remembers.
pub(super) const FORGOTTEN_KILLS: u64 = 2;
/// Both stand still: the host itself is never short.
pub(super) const ALLOCSTALL: u64 = 1_182;
pub(super) const PGSCAN_KSWAPD: u64 = 4_821_190;

/// What is charged to no cgroup but the root: the kernel's own, and a dozen dead cgroups.
pub(super) const ROOT: Load = Load {
    usage: Curve(&[(0, 2523.0)]),
    anon: Curve(&[(0, 20.0)]),
    kernel: 1700.0,
    slab: 60.0,
    processes: 214,
    ..NOTHING
};

/// One MiB of a service.
pub(super) const SERVICE: Load = Load {
    usage: Curve(&[(0, 1.0)]),
    anon: Curve(&[(0, 0.5)]),
    kernel: 0.16,
    slab: 0.05,
    sock: 0.01,
    processes: 1,
    ..NOTHING
};

/// The login of an operator.
pub(super) const SESSION: Load = Load {
    usage: Curve(&[(0, 411.0)]),
    anon: Curve(&[(0, 222.0)]),
    kernel: 24.0,
    slab: 9.0,
    wobble: 1.5,
    swap: Curve(&[(0, 31.0)]),
    processes: 9,
    ..NOTHING
};

/// Services and their MiB.
pub(super) const SERVICES: [(&str, f64); 31] = [
    ("accounts-daemon", 3.2),
    ("apparmor", 0.2),
    ("avahi-daemon", 1.4),
    ("chrony", 2.6),
    ("console-setup", 0.2),
    ("containerd", 31.0),
    ("cron", 1.1),
    ("dbus", 2.4),
    ("docker", 38.0),
    ("fwupd", 9.5),
    ("irqbalance", 1.3),
    ("kubelet", 34.0),
    ("lldpd", 2.2),
    ("lvm2-monitor", 0.3),
    ("multipathd", 6.4),
    ("networkd-dispatcher", 5.8),
    ("nfs-idmapd", 0.6),
    ("polkit", 3.1),
    ("rpcbind", 0.9),
    ("rsyslog", 3.9),
    ("smartmontools", 1.9),
    ("ssh", 4.2),
    ("sysstat", 0.3),
    ("systemd-journald", 13.0),
    ("systemd-logind", 2.1),
    ("systemd-networkd", 2.7),
    ("systemd-resolved", 4.8),
    ("systemd-udevd", 7.4),
    ("udisks2", 2.6),
    ("unattended-upgrades", 0.7),
    ("wpa_supplicant", 0.2),
];

/// Every container on the host.
pub(super) const ACTORS: [Actor; 9] =
    [CHECKOUT, SEARCH, COREDNS, POSTGRES, REDIS, GRAFANA, CI_RUNNER, REPORT_GEN, NODE_EXPORTER];

/// Its heap outgrows its own limit: it lives in swap and reads back what it just pushed out.
const CHECKOUT: Actor = Actor {
    name: "app",
    image: "registry.example/shop/checkout:2.14",
    home: Home::Pod(&Pod {
        namespace: "shop",
        name: "checkout-5c8b-x7k2p",
        limits: max(768),
        load: Load { usage: Curve(&[(0, 7.0)]), kernel: 7.0, slab: 0.5, ..NOTHING },
    }),
    net: Net::Own,
    limits: max(512),
    load: Load {
        usage: Curve(&[(0, 404.0), (110, 512.0), (490, 512.0), (505, 396.0)]),
        anon: Curve(&[(0, 316.0), (110, 416.0), (490, 420.0), (505, 308.0)]),
        shmem: Curve(&[(0, 12.0)]),
        kernel: 23.1,
        slab: 4.1,
        sock: 1.9,
        wobble: 3.0,
        swap: Curve(&[(0, 0.0), (110, 0.0), (140, 190.0), (372, 1239.0), (480, 1300.0), (500, 40.0), (540, 0.0)]),
        swap_cached: Curve(&[(0, 0.0), (110, 0.0), (140, 60.0), (372, 187.0), (480, 190.0), (500, 12.0), (540, 0.0)]),
        hits: Curve(&[(0, 0.0), (139, 0.0), (372, 18.2), (480, 18.6), (490, 0.0)]),
        refaults: Curve(&[(0, 0.0), (115, 0.0), (140, 2_100.0), (372, 14_200.0), (480, 14_500.0), (495, 0.0)]),
        anon_refaults: 0.97,
        stall: Curve(&[(0, 0.0), (115, 0.0), (140, 0.12), (360, 0.41), (480, 0.42), (500, 0.0)]),
        full: 0.88,
        before: [41_830, 0, 0],
        processes: 4,
        ..NOTHING
    },
    death: None,
};

/// No limit of its own; its pod's is eaten by an emptyDir in memory that belongs to no process.
const SEARCH: Actor = Actor {
    name: "index",
    image: "registry.example/shop/search:0.9.3",
    home: Home::Pod(&Pod {
        namespace: "shop",
        name: "search-6f4d-9qzrw",
        limits: max(2048),
        load: Load {
            usage: Curve(&[(0, 388.0), (135, 717.0), (480, 717.0), (490, 380.0)]),
            shmem: Curve(&[(0, 388.0), (135, 717.0), (480, 717.0), (490, 380.0)]),
            hits: Curve(&[(0, 0.0), (134, 0.0), (136, 0.62), (480, 0.62), (481, 0.0)]),
            before: [2_650, 0, 0],
            ..NOTHING
        },
    }),
    net: Net::Own,
    limits: UNLIMITED,
    load: Load {
        usage: Curve(&[(0, 1210.0), (135, 1331.0), (480, 1331.0), (495, 1204.0)]),
        anon: Curve(&[(0, 1092.0), (135, 1206.0), (480, 1206.0), (495, 1090.0)]),
        kernel: 34.0,
        slab: 6.0,
        sock: 4.5,
        refaults: Curve(&[(0, 0.0), (135, 0.0), (150, 940.0), (480, 960.0), (490, 0.0)]),
        stall: Curve(&[(0, 0.0), (134, 0.0), (142, 0.12), (478, 0.12), (488, 0.0)]),
        full: 0.4,
        processes: 2,
        ..NOTHING
    },
    death: None,
};

const COREDNS: Actor = Actor {
    name: "coredns",
    image: "registry.example/coredns:v1.11.1",
    home: Home::Pod(&Pod {
        namespace: "kube-system",
        name: "coredns-7c65-l4xvd",
        limits: UNLIMITED,
        load: Load { usage: Curve(&[(0, 0.7)]), kernel: 0.7, ..NOTHING },
    }),
    net: Net::Own,
    limits: max(170),
    load: Load {
        usage: Curve(&[(0, 38.0)]),
        anon: Curve(&[(0, 26.0)]),
        kernel: 3.4,
        slab: 0.6,
        sock: 0.9,
        wobble: 0.3,
        processes: 1,
        ..NOTHING
    },
    death: None,
};

/// Full of page cache, and calm: red means trouble, not fullness.
const POSTGRES: Actor = Actor {
    name: "postgres-main",
    image: "postgres:16",
    home: Home::Docker,
    net: Net::Own,
    limits: max(4096),
    load: Load {
        usage: Curve(&[(0, 4085.0)]),
        anon: Curve(&[(0, 60.0)]),
        shmem: Curve(&[(0, 780.0)]),
        kernel: 80.0,
        slab: 21.0,
        sock: 2.0,
        wobble: 2.4,
        hits: Curve(&[(0, 0.92)]),
        refaults: Curve(&[(0, 18.0), (300, 24.0)]),
        before: [911_100, 0, 0],
        processes: 23,
        ..NOTHING
    },
    death: None,
};

const REDIS: Actor = Actor {
    name: "redis-cache",
    image: "redis:7-alpine",
    home: Home::Docker,
    net: Net::Own,
    limits: max(2048),
    load: Load {
        usage: Curve(&[(0, 901.0), (300, 903.0)]),
        anon: Curve(&[(0, 866.0), (300, 868.0)]),
        kernel: 12.0,
        slab: 3.0,
        sock: 3.0,
        wobble: 2.0,
        processes: 2,
        ..NOTHING
    },
    death: None,
};

const GRAFANA: Actor = Actor {
    name: "grafana",
    image: "grafana/grafana:11.2.0",
    home: Home::Docker,
    net: Net::Neighbour,
    limits: max(1024),
    load: Load {
        usage: Curve(&[(0, 187.0)]),
        anon: Curve(&[(0, 108.0)]),
        kernel: 14.0,
        slab: 4.0,
        sock: 1.0,
        wobble: 2.0,
        before: [14, 0, 0],
        processes: 3,
        ..NOTHING
    },
    death: None,
};

/// A build that grows into its `memory.high`.
const CI_RUNNER: Actor = Actor {
    name: "ci-runner-3",
    image: "registry.example/ci/runner:latest",
    home: Home::Podman,
    net: Net::Own,
    limits: Limits { max: Some(8 << 10), high: Some(6 << 10), swap: None },
    load: Load {
        usage: Curve(&[(0, 3400.0), (200, 5300.0), (333, 6163.0), (450, 6163.0), (465, 2900.0)]),
        anon: Curve(&[(0, 2700.0), (200, 4500.0), (333, 5438.0), (450, 5438.0), (465, 2000.0)]),
        kernel: 180.0,
        slab: 44.0,
        sock: 1.0,
        wobble: 3.0,
        swap: Curve(&[(0, 20.0), (320, 20.0), (372, 184.0), (450, 320.0), (465, 20.0)]),
        swap_cached: Curve(&[(0, 0.2), (320, 0.2), (372, 2.1), (450, 3.0), (465, 0.2)]),
        highs: Curve(&[(0, 0.0), (331, 0.0), (333, 28.3), (450, 28.3), (453, 0.0)]),
        refaults: Curve(&[(0, 0.0), (333, 0.0), (340, 310.0), (450, 340.0), (455, 0.0)]),
        anon_refaults: 0.3,
        stall: Curve(&[(0, 0.0), (331, 0.0), (334, 0.33), (450, 0.33), (453, 0.0)]),
        full: 0.9,
        before: [0, 380, 1],
        processes: 37,
        ..NOTHING
    },
    death: None,
};

/// Leaks, is killed at its limit, is started again, leaks again. May not swap.
const REPORT_GEN: Actor = Actor {
    name: "report-gen",
    image: "registry.example/shop/report:1.7",
    home: Home::Podman,
    net: Net::Own,
    limits: Limits { swap: Some(0), ..max(768) },
    load: Load {
        usage: Curve(&[
            (0, 236.0),
            (190, 298.0),
            (235, 739.0),
            (236, 768.0),
            (238, 768.0),
            (238, 44.0),
            (240, 40.0),
            (243, 31.0),
            (255, 180.0),
            (372, 212.0),
        ]),
        anon: Curve(&[
            (0, 222.0),
            (190, 284.0),
            (235, 727.0),
            (236, 758.0),
            (238, 758.0),
            (238, 10.0),
            (240, 9.0),
            (243, 12.0),
            (255, 167.0),
            (372, 198.0),
        ]),
        kernel: 6.0,
        slab: 0.7,
        sock: 0.3,
        hits: Curve(&[(0, 0.0), (234, 0.0), (235, 30.0), (237, 31.0), (238, 0.0)]),
        processes: 2,
        ..NOTHING
    },
    death: Some(Death { killed: 238.0, gone: 240.0, back: 243.0 }),
};

const NODE_EXPORTER: Actor = Actor {
    name: "node-exporter",
    image: "registry.example/prom/node-exporter:v1.8.2",
    home: Home::Podman,
    net: Net::Host,
    limits: UNLIMITED,
    load: Load {
        usage: Curve(&[(0, 22.2)]),
        anon: Curve(&[(0, 12.0)]),
        kernel: 2.6,
        slab: 0.5,
        sock: 0.4,
        wobble: 0.4,
        processes: 1,
        ..NOTHING
    },
    death: None,
};
