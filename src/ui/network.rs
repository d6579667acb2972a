//! The network namespace of a row on its detail screen: who shares it, what goes through it, whether its sockets starve.
//!
//! What is the namespace's is said to be so: it belongs to all who share it.

use ratatui::text::{Line, Span};

use crate::app::App;
use crate::model::networks::{Network, Sharing};
use crate::model::{Group, Netns};
use crate::snapshot::{Counts, Missing, Reading, Traffic};
use crate::text;
use crate::ui::rule;
use crate::ui::theme::{Role, Theme};
use crate::units;

/// Those who share it that are named.
const NAMED: usize = 4;

/// The section; nothing for a row that is no container's and has no namespace.
pub(super) fn lines(app: &App, group: &Group, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let netns = match group.netns {
        Err(Missing::NoContainer | Missing::NotSummed | Missing::NotInBeancounters) => return Vec::new(),
        Err(reason) => {
            let note = Line::styled(format!("  {}", reason.reason()), theme.style(Role::Dim));
            return vec![rule("network", "", width, theme), note, memory(group)];
        }
        Ok(netns) => netns,
    };
    let network = app.model.network(group);
    let note = network.map_or_else(String::new, |network| {
        let age = app.model.now().saturating_sub(network.now.at);
        format!("read {} ago", units::age_long(age))
    });
    let mut lines =
        vec![rule("network", &note, width, theme), Line::raw(format!("  {}", whose(netns, network, group)))];
    if let Some(network) = network {
        lines.extend(counted(network, theme));
    } else {
        let reason = if app.looks_back().is_some() { Missing::NotKept } else { Missing::NotRead };
        lines.push(Line::styled(format!("  {}", reason.reason()), theme.style(Role::Dim)));
    }
    lines.push(memory(group));
    lines
}

/// Which namespace it is, and who else is in it.
fn whose(netns: Netns, network: Option<&Network>, group: &Group) -> String {
    let inode = netns.inode;
    let others: Vec<String> = network.map_or_else(Vec::new, |network| {
        let others = network.containers.iter().filter(|member| member.id != group.id);
        others.map(|member| text::visible(&member.identity.label()).into_owned()).collect()
    });
    let rest = (others.len() > NAMED).then(|| format!("{} more", others.len() - NAMED));
    let named = others.iter().take(NAMED).cloned().chain(rest).collect::<Vec<_>>().join(", ");
    match netns.sharing {
        Sharing::Host if named.is_empty() => format!("in the host's network ({inode}): all below is the host's"),
        Sharing::Host => format!("in the host's network ({inode}), as {named}: all below is the host's"),
        Sharing::Own if named.is_empty() => format!("in a network namespace of its own ({inode})"),
        Sharing::Unknown if named.is_empty() => format!("in network namespace {inode}; who else is, is not known"),
        _ if named.is_empty() => format!("in a shared network namespace ({inode})"),
        _ => format!("shares network namespace {inode} with {named}: all below is theirs together"),
    }
}

fn counted(network: &Network, theme: &Theme) -> Vec<Line<'static>> {
    let Counts { sockets, .. } = network.now.counts;
    let count = |reading: Reading| reading.map_or_else(|_| "?".to_owned(), units::count);
    let in_use = format!(
        "  sockets {}: TCP {}, closing {}, UDP {}",
        count(sockets.used),
        count(sockets.tcp_inuse),
        count(sockets.tcp_tw),
        count(sockets.udp_inuse)
    );
    let received =
        flow("in", network, |traffic| [traffic.rx_bytes, traffic.rx_packets, traffic.rx_dropped, traffic.rx_errors]);
    let sent =
        flow("out", network, |traffic| [traffic.tx_bytes, traffic.tx_packets, traffic.tx_dropped, traffic.tx_errors]);
    vec![Line::raw(format!("  {received}    {sent}")), Line::raw(in_use), starved(network, theme)]
}

/// In one direction: how much a second, and how much was ever lost.
fn flow(way: &str, network: &Network, of: fn(&Traffic) -> [Reading; 4]) -> String {
    let per_second = |figure: usize| network.per_second(|counts| of(&counts.traffic)[figure]);
    let bytes = per_second(0).map_or_else(|_| "?".to_owned(), |bytes| format!("{}/s", units::size(bytes as u64)));
    let packets = per_second(1)
        .map_or_else(|_| "? packets/s".to_owned(), |packets| format!("{} packets/s", units::rate(packets)));
    let [.., dropped, errors] = of(&network.now.counts.traffic);
    let lost = |reading: Reading, what: &str| match reading {
        Ok(0) => String::new(),
        Ok(lost) => format!(", {} {what}", units::count(lost)),
        Err(_) => format!(", ? {what}"),
    };
    format!("{way} {bytes} ({packets}{}{})", lost(dropped, "dropped"), lost(errors, "errors"))
}

/// Whether receive buffers were pruned: lately, ever, or never.
fn starved(network: &Network, theme: &Theme) -> Line<'static> {
    let starved = network.now.counts.starved;
    let counters = [
        (starved.prune_called, "PruneCalled"),
        (starved.rcv_pruned, "RcvPruned"),
        (starved.ofo_pruned, "OfoPruned"),
        (starved.tcp_rcvq_drop, "TCPRcvQDrop"),
        (starved.tcp_memory_pressures, "TCPMemoryPressures"),
    ];
    let told = |(reading, name): (Reading, &str)| match reading {
        Ok(0) => None,
        Ok(n) => Some(format!("{name} {}", units::count(n))),
        Err(_) => Some(format!("{name} ?")),
    };
    let ever: Vec<String> = counters.into_iter().filter_map(told).collect();
    let lately: Vec<String> = network.starvation().map_or_else(Vec::new, |starvation| {
        let pressures = Some((starvation.of_tcp(), "TCPMemoryPressures")).filter(|(rise, _)| *rise > 0);
        let rises = starvation.of_buffers().chain(pressures);
        let mut told: Vec<String> = rises.map(|(rise, name)| format!("{name} +{}", units::count(rise))).collect();
        told.push(format!("in {:.1} s", starvation.over.as_secs_f64()));
        told
    });
    match (lately.is_empty(), ever.is_empty()) {
        (false, _) => Line::from(vec![
            Span::styled(format!("  short of buffer memory: {}", lately.join(", ")), theme.style(Role::Warning)),
            Span::raw(format!("; in all {}", ever.join(", "))),
        ]),
        (true, true) => Line::styled("  never short of buffer memory", theme.style(Role::Dim)),
        (true, false) => {
            let text = format!("  not short of buffer memory now; ever: {}", ever.join(", "));
            Line::styled(text, theme.style(Role::Dim))
        }
    }
}

/// What is charged to the row itself, unlike all else here.
fn memory(group: &Group) -> Line<'static> {
    let told = match group.figures.stat.sock {
        Ok(bytes) => units::size(bytes),
        Err(reason) => format!("? ({})", reason.reason()),
    };
    Line::raw(format!("  its own socket buffers: {told}"))
}
