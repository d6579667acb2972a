//! The rule about network namespaces: TCP has too little memory for what comes in.
//!
//! A namespace is told of once, at the first of the containers in it; the host's own at the host.

use std::time::Duration;

use super::{Case, Severity, Standing, Watch};
use crate::model::Group;
use crate::model::networks::{Member, Network, Starvation};
use crate::units;

/// What was read longer ago says nothing of now. Where there are very many namespaces, each waits for its turn.
const NEWS: Duration = Duration::from_secs(60);

/// In the namespace of which it is the first container. A check is asked of each container.
pub(super) fn starved(group: &Group, case: Case<'_>) -> Option<Standing> {
    let network = case.model.network(group).filter(|network| !network.is_host)?;
    let is_asked = case.watch == Watch::Once || network.containers.first().is_some_and(|first| first.id == group.id);
    is_asked.then(|| standing(network, Some(group), case))?
}

/// In the host's own namespace, whichever containers are in it.
pub(super) fn host_starved(case: Case<'_>) -> Option<Standing> {
    let network = case.model.networks().iter().find(|network| network.is_host)?;
    standing(network, None, case)
}

fn standing(network: &Network, told_of: Option<&Group>, case: Case<'_>) -> Option<Standing> {
    let starvation = network.starvation().filter(|_| network.is_watched(NEWS, case.model.now()))?;
    let others = |group: &Group| shared(network.containers.iter().filter(|member| member.id != group.id));
    let text = format!("{}{}", told(&starvation), told_of.map(others).unwrap_or_default());
    let lost: u64 = starvation.of_buffers().map(|(rise, _)| rise).sum::<u64>() + starvation.of_tcp();
    let weight = lost as f64 / starvation.over.as_secs_f64().max(1.0);
    Some(Standing { sign: '=', text, severity: Severity::Usual, weight })
}

/// By how much, and what that means.
fn told(starvation: &Starvation) -> String {
    let over = format!("in {:.1} s", starvation.over.as_secs_f64());
    let counters: Vec<String> =
        starvation.of_buffers().map(|(rise, name)| format!("{name} +{}", units::count(rise))).collect();
    let buffers = (!counters.is_empty()).then(|| {
        let counters = counters.join(", ");
        format!("receive buffers full, {counters} {over}: a reader is too slow, or its buffer too small (tcp_rmem)")
    });
    let pressures = Some(starvation.of_tcp()).filter(|pressures| *pressures > 0).map(|pressures| {
        let times = units::counted(pressures, "time");
        format!("TCP under memory pressure {times} {over}: all its sockets on the host are near net.ipv4.tcp_mem")
    });
    buffers.into_iter().chain(pressures).collect::<Vec<_>>().join("; ")
}

/// Who may be the one that starves as well.
fn shared<'a>(others: impl Iterator<Item = &'a Member>) -> String {
    const NAMED: usize = 3;
    let mut told: Vec<_> = others.map(|other| other.identity.label()).collect();
    if told.len() > NAMED {
        let rest = format!("{} more", told.len() - NAMED);
        told.truncate(NAMED);
        told.push(rest.into());
    }
    if told.is_empty() { String::new() } else { format!("; it shares the network with {}", told.join(", ")) }
}
