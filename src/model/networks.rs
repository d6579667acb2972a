//! Network namespaces: who shares which, how much goes through each, and whether its sockets starve.
//!
//! A namespace is watched once, whoever is in it, from one reading of it to the next: these are not the readings of memory.
//! What is counted for the host's own is the host's and no container's. Must not draw.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::Group;
use crate::snapshot::{self, CgroupId, Counts, Identity, Missing, Networks, Reading, Role, Starved};

/// The network namespace of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Netns {
    /// The inode of `/proc/PID/ns/net`.
    pub inode: u64,
    /// Who else is in it.
    pub sharing: Sharing,
}

/// Who is in a network namespace besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// It is the host's.
    Host,
    /// No other container.
    Own,
    /// So many containers in all.
    Shared(usize),
    /// No other container that is known; others may be in it, or it may be the host's.
    Unknown,
}

impl Netns {
    /// As a person reads it.
    pub fn label(&self) -> String {
        match self.sharing {
            Sharing::Host => "host".to_owned(),
            Sharing::Own => "own".to_owned(),
            Sharing::Shared(containers) => format!("shared {containers}"),
            Sharing::Unknown => self.inode.to_string(),
        }
    }
}

/// A network namespace with containers in it.
#[derive(Clone, Debug)]
pub struct Network {
    /// The newest reading.
    pub now: snapshot::Network,
    before: Option<snapshot::Network>,
    /// Whether it is the host's own.
    pub is_host: bool,
    /// The containers in it, each parent before its children.
    pub containers: Vec<Member>,
}

/// A container in a network namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its row.
    pub id: CgroupId,
    /// What it is called.
    pub identity: Arc<Identity>,
}

/// What came between two readings of a namespace for want of memory for what came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starvation {
    /// By how much each counter rose; missing ones are missing.
    pub rise: Starved,
    /// In what time.
    pub over: Duration,
}

impl Starvation {
    /// What was dropped or had to be compacted in receive buffers: how much, and what the kernel calls it.
    pub fn of_buffers(&self) -> impl Iterator<Item = (u64, &'static str)> {
        let Starved { prune_called, rcv_pruned, ofo_pruned, tcp_rcvq_drop, .. } = self.rise;
        let counters = [
            (rcv_pruned, "RcvPruned"),
            (tcp_rcvq_drop, "TCPRcvQDrop"),
            (ofo_pruned, "OfoPruned"),
            (prune_called, "PruneCalled"),
        ];
        counters.into_iter().filter_map(|(rise, name)| Some((rise.ok().filter(|rise| *rise > 0)?, name)))
    }

    /// How often TCP as a whole came under pressure.
    pub fn of_tcp(&self) -> u64 {
        self.rise.tcp_memory_pressures.unwrap_or(0)
    }

    fn is_any(&self) -> bool {
        self.of_buffers().next().is_some() || self.of_tcp() > 0
    }
}

impl Network {
    /// A counter's rise a second, between the last two readings.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn per_second(&self, of: impl Fn(&Counts) -> Reading) -> Reading<f64> {
        let now = of(&self.now.counts)?;
        let before = self.before.as_ref().ok_or(Missing::OneReading)?;
        let rise = now.checked_sub(of(&before.counts)?).ok_or(Missing::OneReading)?;
        let over = self.now.at.saturating_sub(before.at).as_secs_f64();
        if over > 0.0 { Ok(rise as f64 / over) } else { Err(Missing::OneReading) }
    }

    /// Whether there were two readings, and the second of them within `window` before `now`.
    pub fn is_watched(&self, window: Duration, now: Duration) -> bool {
        self.before.is_some() && now.saturating_sub(self.now.at) <= window
    }

    /// Whether its sockets had too little memory between the last two readings.
    pub fn starvation(&self) -> Option<Starvation> {
        let before = self.before.as_ref()?;
        let (now, then) = (self.now.counts.starved, before.counts.starved);
        // One that went backwards is another namespace's.
        let rise = |now: Reading, then: Reading| now?.checked_sub(then?).ok_or(Missing::OneReading);
        let rise = Starved {
            prune_called: rise(now.prune_called, then.prune_called),
            rcv_pruned: rise(now.rcv_pruned, then.rcv_pruned),
            ofo_pruned: rise(now.ofo_pruned, then.ofo_pruned),
            tcp_rcvq_drop: rise(now.tcp_rcvq_drop, then.tcp_rcvq_drop),
            tcp_memory_pressures: rise(now.tcp_memory_pressures, then.tcp_memory_pressures),
            tcp_memory_pressures_ms: rise(now.tcp_memory_pressures_ms, then.tcp_memory_pressures_ms),
        };
        Some(Starvation { rise, over: self.now.at.saturating_sub(before.at) }).filter(Starvation::is_any)
    }
}

/// Whether a row counts among those that share a namespace: parts of a container are no containers of their own.
fn counts(group: &Group) -> bool {
    group.is_container() && group.identity.role == Role::Outermost
}

/// Takes in what was read of namespaces, and forgets those that are no more.
pub(super) fn take_in(known: &mut Vec<Network>, read: &Networks) {
    let mut before: HashMap<u64, Network> = known.drain(..).map(|network| (network.now.netns, network)).collect();
    known.extend(read.each.iter().map(|now| {
        let before = match before.remove(&now.netns) {
            Some(same) if same.now.at == now.at => same.before,
            Some(earlier) => Some(earlier.now),
            None => None,
        };
        Network { now: now.clone(), before, is_host: read.is_host(now.netns), containers: Vec::new() }
    }));
}

/// Tells the rows who shares their namespaces, and the namespaces who is in them.
pub(super) fn place(networks: &mut Vec<Network>, groups: &mut [Group], read: &Networks) {
    let mut members: HashMap<u64, Vec<Member>> = HashMap::new();
    for group in groups.iter().filter(|group| counts(group)) {
        if let Ok(netns) = group.identity.netns {
            let member = Member { id: group.id.clone(), identity: Arc::clone(&group.identity) };
            members.entry(netns).or_default().push(member);
        }
    }
    // One of which that is not known may be in any.
    let is_hidden = |group: &&Group| counts(group) && group.identity.netns.is_err_and(Missing::is_failure);
    let some_are_hidden = groups.iter().any(|group| is_hidden(&group));
    for group in groups {
        group.netns = group.identity.netns.map(|inode| {
            let sharing = match members.get(&inode).map_or(0, Vec::len) {
                _ if read.is_host(inode) => Sharing::Host,
                shared @ 2.. => Sharing::Shared(shared),
                _ if read.host.is_none() || some_are_hidden => Sharing::Unknown,
                _ => Sharing::Own,
            };
            Netns { inode, sharing }
        });
    }
    for network in networks.iter_mut() {
        network.containers = members.remove(&network.now.netns).unwrap_or_default();
    }
    // Other cgroups lead to namespaces, too, of which nobody here can be told.
    networks.retain(|network| network.is_host || !network.containers.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Figures;
    use crate::snapshot::{Kind, Traffic};

    fn read(seconds: u64, pruned: Reading, bytes: u64) -> Networks {
        let starved = Starved { rcv_pruned: pruned, ..Starved::missing(Missing::NotInKernel) };
        let traffic = Traffic { rx_bytes: Ok(bytes), ..Traffic::missing(Missing::NotInKernel) };
        let counts = Counts { traffic, starved, ..Counts::missing(Missing::NotInKernel) };
        let at = Duration::from_secs(seconds);
        Networks { host: Some(7), each: vec![snapshot::Network { netns: 9, at, counts, problems: Vec::new() }] }
    }

    fn pruned(network: &Network) -> Option<(Vec<(u64, &'static str)>, u64)> {
        network.starvation().map(|starvation| (starvation.of_buffers().collect(), starvation.over.as_secs()))
    }

    #[test]
    fn what_was_before_the_first_reading_is_no_news() {
        let mut known = Vec::new();
        take_in(&mut known, &read(10, Ok(500), 1_000));
        assert_eq!(pruned(&known[0]), None);
        assert_eq!(known[0].per_second(|counts| counts.traffic.rx_bytes), Err(Missing::OneReading));
        take_in(&mut known, &read(15, Ok(503), 2_000));
        // The same reading once more, with a newer one of the memory.
        take_in(&mut known, &read(15, Ok(503), 2_000));
        assert_eq!(pruned(&known[0]), Some((vec![(3, "RcvPruned")], 5)));
        assert_eq!(known[0].per_second(|counts| counts.traffic.rx_bytes), Ok(200.0));
        assert_eq!(known[0].per_second(|counts| counts.traffic.tx_bytes), Err(Missing::NotInKernel));
        take_in(&mut known, &read(20, Ok(503), 2_000));
        assert_eq!(pruned(&known[0]), None);
    }

    #[test]
    fn counters_that_go_backwards_or_are_missing_say_nothing() {
        let mut known = Vec::new();
        for (seconds, counter) in [(1, Ok(9)), (6, Ok(2)), (11, Err(Missing::Unreadable)), (16, Ok(90))] {
            // Bytes of an interface that is gone are gone with it.
            take_in(&mut known, &read(seconds, counter, 100 - seconds));
            assert_eq!(pruned(&known[0]), None, "{seconds}");
            assert!(known[0].per_second(|counts| counts.traffic.rx_bytes).is_err());
        }
        take_in(&mut known, &Networks::default());
        assert!(known.is_empty());
    }

    #[test]
    fn nobody_is_told_to_be_alone_while_somebody_may_be_anywhere() {
        let in_netns = |name: &str, netns: Reading| {
            let id = CgroupId { path: format!("/{name}").into(), inode: 1 };
            let mut group = Group::new(id, Figures::missing(Missing::NotRead));
            group.identity = Arc::new(Identity { netns, ..Identity::plain(Kind::Container, name) });
            group
        };
        let sharing = |others: Reading| {
            let mut groups = vec![in_netns("a", Ok(9)), in_netns("b", others), in_netns("c", Ok(7))];
            let (mut known, read) = (Vec::new(), read(10, Ok(0), 0));
            take_in(&mut known, &read);
            place(&mut known, &mut groups, &read);
            (groups[0].netns.unwrap().sharing, groups[2].netns.unwrap().sharing, known.len())
        };
        assert_eq!(sharing(Ok(8)), (Sharing::Own, Sharing::Host, 1));
        assert_eq!(sharing(Ok(9)), (Sharing::Shared(2), Sharing::Host, 1));
        assert_eq!(sharing(Err(Missing::NoProcess)), (Sharing::Own, Sharing::Host, 1));
        assert_eq!(sharing(Err(Missing::NoPtrace)), (Sharing::Unknown, Sharing::Host, 1));
        let (mut known, read) = (Vec::new(), read(10, Ok(0), 0));
        take_in(&mut known, &read);
        place(&mut known, &mut [in_netns("a", Ok(8))], &read);
        assert_eq!(known.len(), 0, "nobody that is known is in it");
    }
}
