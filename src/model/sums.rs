//! Rows summed up by pod, namespace, image, runtime or network namespace, so that no byte counts twice.
//!
//! A container that runs containers holds their memory too: each counts without those inside it, and so once, under
//! its own key. What has no sum (a limit that several share, a pressure, a peak) says so. Counters are watched in the
//! containers, never in the sum: one that joins with a million hits, or leaves, is no event.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::model::beat::Beat;
use crate::model::figures::{add, percent};
use crate::model::group::above;
use crate::model::history::{History, Point};
use crate::model::networks::Sharing;
use crate::model::verdict::{self, State};
use crate::model::{Figures, Group, Model, Tally};
use crate::snapshot::{CgroupId, Identity, Kind, Missing, Reading, Role};
use crate::units::Limit;

/// What rows are summed up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// The pod that they are in.
    Pod,
    /// The namespace of their pod or runtime.
    Namespace,
    /// The image that they were made from.
    Image,
    /// Who made them.
    Runtime,
    /// The network namespace that they are in.
    Netns,
}

/// The key of those that have none.
pub const NONE: &str = "(none)";

impl Grouping {
    /// Every grouping, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Pod, Self::Namespace, Self::Image, Self::Runtime, Self::Netns];

    /// The field that it goes by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Namespace => "namespace",
            Self::Image => "image",
            Self::Runtime => "runtime",
            Self::Netns => "netns",
        }
    }

    /// What a row is summed up under, and how that is written. A pod's name is no key: each namespace may have it.
    fn key(self, group: &Group) -> (String, String) {
        let identity = &group.identity;
        if let (Self::Netns, Ok(netns)) = (self, group.netns) {
            return (netns.inode.to_string(), netns.label());
        }
        let told = match self {
            Self::Pod => identity.pod.as_deref().ok().or(identity.pod_id.as_deref()),
            Self::Namespace => identity.namespace.as_deref().ok(),
            Self::Image => identity.image.as_deref().ok(),
            Self::Runtime => identity.runtime.as_deref(),
            Self::Netns => None,
        };
        let told = told.unwrap_or(NONE);
        match (self, &identity.namespace, &identity.pod_id) {
            (Self::Pod, namespace, Some(id)) => {
                let label = namespace.as_ref().map_or_else(|_| told.to_owned(), |space| format!("{space}/{told}"));
                (id.to_string(), label)
            }
            _ => (told.to_owned(), told.to_owned()),
        }
    }

    /// A row that stands for all under one key.
    fn identity(self, label: &str, member: &Identity) -> Identity {
        let mut identity = Identity::plain(Kind::Sum, label);
        match self {
            Self::Pod => {
                identity.pod.clone_from(&member.pod);
                identity.pod_id.clone_from(&member.pod_id);
                identity.namespace.clone_from(&member.namespace);
            }
            Self::Namespace => identity.namespace.clone_from(&member.namespace),
            Self::Image => identity.image.clone_from(&member.image),
            Self::Runtime => identity.runtime.clone_from(&member.runtime),
            Self::Netns => identity.netns = member.netns,
        }
        identity
    }
}

/// Sums of rows, with the history of each.
#[derive(Debug)]
pub struct Sums {
    /// What they are summed up by.
    pub grouping: Grouping,
    /// The moment that was summed up, and which rows of the model.
    summed: Option<(Duration, Vec<usize>)>,
    rows: Vec<Group>,
}

impl Sums {
    /// No sums yet.
    pub fn new(grouping: Grouping) -> Self {
        Self { grouping, summed: None, rows: Vec::new() }
    }

    /// One row for each key.
    pub fn rows(&self) -> &[Group] {
        &self.rows
    }

    /// Sums up the containers of the newest reading that `keep` wants. A new moment adds a point to the histories of
    /// keys that stay; keys that are new, and other rows of the same moment, bring their past along.
    pub fn update(&mut self, model: &Model, keep: impl Fn(&Group) -> bool) {
        let Some(snapshot) = model.snapshot() else { return };
        let (at, groups, beat) = (snapshot.at, model.groups(), Beat::of(&snapshot.fresh));
        let is_counted = |row: &usize| groups[*row].is_container() && keep(&groups[*row]);
        let counted: Vec<usize> = (0..groups.len()).filter(is_counted).collect();
        if self.summed.as_ref().is_some_and(|(before, rows)| *before == at && *rows == counted) {
            return;
        }
        let is_next = self.summed.as_ref().is_some_and(|(before, _)| *before < at);
        let before = self.rows.drain(..).filter(|_| is_next);
        let mut histories: HashMap<CgroupId, History> = before.map(|row| (row.id, row.history)).collect();
        let mut keys: BTreeMap<String, Vec<Member<'_>>> = BTreeMap::new();
        for member in members(groups, &counted) {
            keys.entry(self.grouping.key(member.group).0).or_default().push(member);
        }
        for (key, members) in keys {
            let id = CgroupId { path: format!("{}:{key}", self.grouping.name()).into(), inode: 0 };
            let history = histories.remove(&id);
            let mut row = Group::new(id, total(groups, &members));
            row.stand_for(self.grouping, &members);
            row.history = history
                .map_or_else(|| past(&members), |history| history.with(Point::new(at, &row.figures, 0, 0), beat));
            self.rows.push(row);
        }
        self.summed = Some((at, counted));
    }
}

/// The container in a sum that needs attention most.
#[derive(Clone, Debug)]
pub struct Worst {
    /// Its row in the model.
    pub id: CgroupId,
    /// What it is, and what it is called.
    pub identity: Arc<Identity>,
}

impl Worst {
    fn of(group: &Group) -> Self {
        Self { id: group.id.clone(), identity: Arc::clone(&group.identity) }
    }
}

/// A container that counts.
struct Member<'a> {
    /// Its place among the model's rows.
    row: usize,
    group: &'a Group,
    /// What it has without those inside it.
    own: Figures,
    /// The nearest ones inside it.
    inside: Vec<&'a Group>,
}

/// Each counted row with what it has by itself. What is inside another is taken out of that one, and never more than
/// that one has, since the kernel's figures are not read at one instant: together they are what the topmost have.
fn members<'a>(groups: &'a [Group], counted: &[usize]) -> Vec<Member<'a>> {
    let mut members: Vec<Member<'_>> = Vec::with_capacity(counted.len());
    // Parents come before their children.
    for &row in counted {
        let group = &groups[row];
        let mut own = group.figures.clone();
        if let Some(whole) = above(groups, group).find_map(|row| place(&members, row)) {
            let whole = &mut members[whole];
            take_out(&mut whole.own, &mut own);
            whole.inside.push(group);
        }
        members.push(Member { row, group, own, inside: Vec::new() });
    }
    members
}

fn place(members: &[Member<'_>], row: usize) -> Option<usize> {
    members.binary_search_by_key(&row, |member| member.row).ok()
}

/// The last minutes of what the members have by themselves.
fn past(members: &[Member<'_>]) -> History {
    let inside = members.iter().flat_map(|member| &member.inside);
    History::sum(members.iter().map(|member| &member.group.history), inside.map(|group| &group.history))
}

impl Group {
    /// Everything but figures and history that a sum has from its members.
    fn stand_for(&mut self, grouping: Grouping, members: &[Member<'_>]) {
        let first = &members[0].group.identity;
        let tally = |of: fn(&Self) -> Tally| Tally::sum(members.iter().map(|member| of(member.group)));
        self.identity = Arc::new(grouping.identity(&label(grouping, members), first));
        if grouping == Grouping::Netns {
            self.netns = members[0].group.netns;
        }
        // Where every cgroup is a row, those inside a container are no containers of their own.
        self.members = members.iter().filter(|member| member.group.identity.role == Role::Outermost).count();
        self.hits = tally(|group| group.hits);
        self.throttled = tally(|group| group.throttled);
        self.kills = tally(|group| group.kills);
        self.oomd_kills = tally(|group| group.oomd_kills);
        self.ooms = tally(|group| group.ooms);
        self.swap_hits = tally(|group| group.swap_hits);
        let worst = members.iter().map(|member| member.group).max_by_key(|group| verdict::tier(group));
        self.verdict = worst.map_or(Err(Missing::NotSummed), |group| group.verdict);
        self.worst =
            worst.filter(|group| group.verdict.is_ok_and(|verdict| verdict.state != State::Calm)).map(Worst::of);
    }
}

/// What a sum is called. A network namespace has no name of its own: that of the pod which all in it are in, or of the one
/// container, else its inode.
fn label(grouping: Grouping, members: &[Member<'_>]) -> String {
    let first = members[0].group;
    let (key, label) = grouping.key(first);
    let pod = |member: &Member<'_>| Grouping::Pod.key(member.group);
    match first.netns {
        Ok(netns) if grouping == Grouping::Netns && netns.sharing != Sharing::Host => {
            let shared =
                Some(pod(&members[0])).filter(|of_first| members.iter().all(|member| pod(member) == *of_first));
            match (shared, members) {
                (Some((_, pod)), _) if pod != NONE => pod,
                (_, [_]) => first.identity.label().into_owned(),
                _ => key,
            }
        }
        _ => label,
    }
}

/// A figure that adds up.
struct Part {
    of: fn(&Figures) -> Reading,
    place: fn(&mut Figures) -> &mut Reading,
}

macro_rules! parts {
    ($($($name:ident).+),+ $(,)?) => {
        &[$(Part { of: |figures| figures.$($name).+, place: |figures| &mut figures.$($name).+ }),+]
    };
}

/// Sizes and counters that a cgroup has together with those inside it.
const WHOLE: &[Part] = parts![
    usage,
    working_set,
    floor,
    swap,
    swap_cached,
    footprint,
    stat.anon,
    stat.file,
    stat.shmem,
    stat.kernel,
    stat.kernel_stack,
    stat.pagetables,
    stat.percpu,
    stat.slab_reclaimable,
    stat.slab_unreclaimable,
    stat.sock,
    stat.mapped,
    stat.dirty,
    stat.writeback,
    stat.active_file,
    stat.inactive_file,
    stat.zswap,
    stat.refault_anon,
    stat.refault_file,
    stat.pgscan_kswapd,
    stat.pgscan_direct,
    stat.pgmajfault,
];

/// Counters that are a container's own, whatever runs inside it.
const OWN: &[Part] = parts![
    failcnt,
    inner_failcnt,
    high_events,
    oom,
    oom_kill,
    oom_kill_total,
    oomd_kill,
    swap_failcnt,
    swap_fail,
    processes,
];

/// Takes out of `whole` what is inside it; what is left of it is unknown if either is.
fn take_out(whole: &mut Figures, inner: &mut Figures) {
    for Part { of, place } in WHOLE {
        match (of(whole), of(inner)) {
            (Ok(room), Ok(wanted)) => {
                *place(inner) = Ok(wanted.min(room));
                *place(whole) = Ok(room.saturating_sub(wanted));
            }
            (Ok(_), Err(reason)) => *place(whole) = Err(reason),
            (Err(_), _) => {}
        }
    }
}

fn total(groups: &[Group], members: &[Member<'_>]) -> Figures {
    let mut total = Figures::missing(Missing::NotSummed);
    for Part { of, place } in WHOLE.iter().chain(OWN) {
        *place(&mut total) = members.iter().map(|member| of(&member.own)).fold(Ok(0), add);
    }
    let is_topmost = |member: &&Member<'_>| !above(groups, member.group).any(|row| place(members, row).is_some());
    let limits = members.iter().filter(is_topmost).map(|member| member.group.figures.limit);
    total.limit = limits.reduce(|a, b| Ok(plus(a?, b?))).unwrap_or(Err(Missing::NotSummed));
    (total.limited_by_limit, total.limited_by_usage) = (total.limit, total.usage);
    total.percent = percent(total.usage, total.limit);
    total.populated = total.processes.map(|processes| processes > 0);
    total
}

/// Unlimited if one of them is.
fn plus(a: Limit, b: Limit) -> Limit {
    match (a, b) {
        (Limit::Bytes(a), Limit::Bytes(b)) => Limit::Bytes(a.saturating_add(b)),
        _ => Limit::Unlimited,
    }
}
