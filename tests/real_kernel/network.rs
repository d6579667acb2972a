//! Network namespaces of real processes: whose they are, what they count, and sockets that really starve.

use std::fs;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::support::cgroups::{Cgroup, Hierarchy, Sandbox};
use crate::support::hogs::Hog;
use crate::support::program::{PROGRAM, Snapshot, Stream, snapshot};
use crate::support::skip::skip;
use crate::support::wait::comes_true;
use crate::{container_id, container_name, hierarchy};

/// The initial namespace where it has a number of its own.
const INITIAL: u64 = 4_026_531_833;

/// Counters of starvation: in the JSON, and in the kernel's file.
const COUNTERS: [(&str, &str); 5] = [
    ("prune_called", "PruneCalled"),
    ("rcv_pruned", "RcvPruned"),
    ("ofo_pruned", "OfoPruned"),
    ("tcp_rcvq_drop", "TCPRcvQDrop"),
    ("tcp_memory_pressures", "TCPMemoryPressures"),
];

/// Containers in a network of their own, in one that two share, and in the test's.
struct Networks {
    _sandbox: Sandbox,
    containers: Vec<Cgroup>,
    hogs: Vec<Hog>,
}

impl Networks {
    fn new(hierarchy: &Hierarchy, name: &str, digits: [char; 4]) -> Option<Self> {
        let sandbox = Sandbox::new(hierarchy, name);
        let containers: Vec<Cgroup> = digits.map(|digit| sandbox.cgroup(&container_name(digit))).into();
        let hogs = Self::start(&containers);
        if hogs.is_none() {
            let why = "networks take unshare, nsenter and ip (util-linux, iproute2), and a user who may make them";
            skip(why, "MEMCGTOP_REQUIRE_REAL_KERNEL");
        }
        Some(Self { _sandbox: sandbox, containers, hogs: hogs? })
    }

    fn start(containers: &[Cgroup]) -> Option<Vec<Hog>> {
        let [own, first, second, outside] = containers else { return None };
        let (alone, shared) = (Hog::in_own_network(own)?, Hog::in_own_network(first)?);
        let other = Hog::in_network_of(&shared, second)?;
        Some(vec![alone, shared, other, Hog::in_cgroup(outside)])
    }

    fn netns(&self, at: usize) -> u64 {
        netns(&format!("/proc/{}/ns/net", self.hogs[at].pid())).unwrap()
    }

    /// What the JSON says of the network of one of them.
    fn told<'a>(&self, reading: &'a Snapshot, at: usize) -> &'a Value {
        let netns = self.netns(at);
        reading.networks().iter().find(|network| network["netns"] == netns).unwrap()
    }

    /// A counter of the file of `/proc/PID/net` that has pairs of lines, names and numbers.
    fn counted(&self, at: usize, name: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/net/netstat", self.hogs[at].pid())).unwrap();
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
        let (names, numbers) = (lines.next().unwrap(), lines.next().unwrap());
        let found = names.split(' ').zip(numbers.split(' ')).find(|(found, _)| *found == name);
        found.unwrap().1.parse().unwrap()
    }

    /// Bytes that came in through all interfaces but the loopback.
    fn received(&self, at: usize) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/net/dev", self.hogs[at].pid())).unwrap();
        let interfaces = text.lines().skip(2).filter_map(|line| line.trim().split_once(':'));
        let bytes = |numbers: &str| numbers.split_whitespace().next().unwrap().parse::<u64>().unwrap();
        interfaces.filter(|(name, _)| *name != "lo").map(|(_, numbers)| bytes(numbers)).sum()
    }
}

fn netns(link: &str) -> Option<u64> {
    let target = fs::read_link(link).ok()?;
    target.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok()
}

#[test]
fn every_container_has_the_network_of_its_process() {
    let Some(hierarchy) = hierarchy() else { return };
    let Some(networks) = Networks::new(&hierarchy, "networks", ['1', '2', '3', '4']) else { return };
    let reading = snapshot(&[]);
    for (at, container) in networks.containers.iter().enumerate() {
        assert_eq!(reading.row(container).number("netns"), networks.netns(at), "{}", container.path());
    }
    let members = |at: usize| networks.told(&reading, at)["containers"].clone();
    let path = |at: usize| networks.containers[at].path();
    assert_eq!(members(0), serde_json::json!([path(0)]));
    assert_eq!(members(1), serde_json::json!([path(1), path(2)]));
    assert_eq!(networks.netns(1), networks.netns(2));
    assert!([0, 1].into_iter().all(|at| networks.told(&reading, at)["host"] == false));
    assert!(members(3).as_array().unwrap().contains(&path(3).into()));
    if netns("/proc/1/ns/net").is_some() || networks.netns(3) == INITIAL {
        let is_host = networks.netns(3) == netns("/proc/1/ns/net").unwrap_or(INITIAL);
        assert_eq!(networks.told(&reading, 3)["host"], is_host);
    }
    let labels = |filter: &str| {
        let mut command = Command::new(PROGRAM);
        let output = command.env_clear().args(["snapshot", "--columns", "netns", "--filter", filter]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(labels(&format!("netns={}", networks.netns(0))), ["own"]);
    assert_eq!(labels(&format!("netns={}", networks.netns(2))), ["shared 2", "shared 2"]);
}

#[test]
fn a_network_counts_what_its_files_say() {
    let Some(hierarchy) = hierarchy() else { return };
    let Some(mut networks) = Networks::new(&hierarchy, "counts", ['5', '6', '7', '8']) else { return };
    networks.hogs[1].does("starve");
    let counted = || COUNTERS.map(|(_, name)| networks.counted(1, name));
    let is_told = comes_true(|| {
        let before = counted();
        let reading = snapshot(&[]);
        let told = networks.told(&reading, 1);
        // Both ends of a connection.
        before == counted()
            && before == COUNTERS.map(|(name, _)| told[name].as_u64().unwrap())
            && told["tcp_inuse"] == 2
    });
    assert!(is_told, "the kernel: {:?}", counted());
    let reading = snapshot(&[]);
    let alone = networks.told(&reading, 0);
    assert!(["rx_bytes", "tx_packets", "prune_called", "tcp_inuse"].iter().all(|name| alone[name] == 0), "{alone}");
    let before = networks.received(3);
    let reading = snapshot(&[]);
    let told = networks.told(&reading, 3)["rx_bytes"].as_u64().unwrap();
    assert!((before..=networks.received(3)).contains(&told), "{told} of {before}");
}

#[test]
fn a_network_lasts_as_long_as_a_process_in_it() {
    let Some(hierarchy) = hierarchy() else { return };
    let Some(mut networks) = Networks::new(&hierarchy, "lasting", ['d', 'e', 'f', '0']) else { return };
    let container = networks.containers[0].clone();
    let netns = networks.netns(0);
    let second = Hog::in_network_of(&networks.hogs[0], &container).unwrap();
    let mut stream = Stream::start();
    let read_at = |reading: &Snapshot| {
        let told = reading.networks().iter().find(|network| network["netns"] == netns)?;
        Some(told["read_at"].as_str().unwrap().to_owned())
    };
    let begun = read_at(&stream.next()).unwrap();
    // It is read through the one that began first.
    drop(networks.hogs.remove(0));
    let is_read_again = |stream: &mut Stream| {
        let reading = stream.next();
        let row = reading.row(&container);
        row.figure("netns") == Some(netns)
            && row.figure("processes") == Some(1)
            && read_at(&reading) > Some(begun.clone())
    };
    assert!(comes_true(|| is_read_again(&mut stream)));
    drop(second);
    assert!(comes_true(|| {
        let reading = stream.next();
        let row = reading.row(&container);
        row.missing("netns").is_some_and(|reason| reason.contains("no process")) && read_at(&reading).is_none()
    }));
}

/// A check of one container, under way.
fn check(digit: char) -> Child {
    // Other tests have containers of these ids, too.
    let id = format!("id={} and cgroup~starved", container_id(digit));
    let mut command = Command::new(PROGRAM);
    command.env_clear().args(["check", "--config", "/dev/null", "--interval", "2s", "--filter", &id]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn sockets_that_starve_are_a_warning_whoever_of_those_that_share_them_is_asked_of() {
    let Some(hierarchy) = hierarchy() else { return };
    let Some(mut networks) = Networks::new(&hierarchy, "starved", ['9', 'a', 'b', 'c']) else { return };
    let mut while_starving = || {
        let mut checks = ['9', 'a', 'b'].map(check);
        while checks.iter_mut().any(|check| check.try_wait().unwrap().is_none()) {
            networks.hogs[2].does("starve");
        }
        checks.map(|check| check.wait_with_output().unwrap())
    };
    // On a machine that is slow enough a look at a process is given up.
    let is_too_slow = |outputs: &[Output; 3]| {
        outputs.iter().any(|output| String::from_utf8_lossy(&output.stdout).contains("looking at it took too long"))
    };
    let outputs = (0..5).map(|_| while_starving()).find(|outputs| !is_too_slow(outputs));
    let [alone, first, second] = outputs.unwrap();
    for (output, other) in [(first, "b"), (second, "a")] {
        let told = lines(&output);
        assert_eq!(output.status.code(), Some(1), "{told:?}");
        assert!(told[0].contains(" socket-starved receive buffers full, "), "{told:?}");
        assert!(["RcvPruned +", "PruneCalled +"].iter().all(|counter| told[0].contains(counter)), "{told:?}");
        assert!(told[0].contains(&format!("; it shares the network with {}", other.repeat(12))), "{told:?}");
    }
    assert!(networks.counted(2, "RcvPruned") > 0);
    assert!(!lines(&alone).iter().any(|line| line.contains("socket-starved")), "{:?}", lines(&alone));
}
