//! What two readings do not tell: figures that were not read, and directories that may hold more than was seen.
//!
//! No alert stands for what nobody knows, and a script must not take that for calm. Must not judge what was read.

use std::sync::Arc;

use crate::alert::Subject;
use crate::model::tally::Delta;
use crate::model::{Group, Model};
use crate::query::Filter;
use crate::snapshot::Missing;

/// Something that could not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Of what; `None` where there is nothing.
    pub subject: Option<Subject>,
    /// What people call it.
    pub name: Arc<str>,
    /// The kind: `not-read`, `not-listed`, `unplaced` or `no-match`.
    pub kind: &'static str,
    /// Why, and what to do about it.
    pub text: String,
}

/// What the newest reading, or the one before it, does not tell of the rows that match. The host is told where every row
/// is; what could not be listed always, as it may hold any row.
pub fn of(model: &Model, filter: &Filter) -> Vec<Unknown> {
    let host = of_host(model).filter(|_| matches!(filter, Filter::All));
    let rows = model.rows().filter(|group| filter.matches(group)).filter_map(of_row);
    of_directories(model).chain(host).chain(rows).collect()
}

/// Nothing is called so, or nothing is so.
pub fn no_match(expression: &str) -> Unknown {
    let text = format!("nothing matches --filter {expression}");
    Unknown { subject: None, name: "".into(), kind: "no-match", text }
}

/// Somebody was killed, and nobody knows where.
pub fn unplaced() -> Unknown {
    let text = "an OOM kill that nobody can place may have been of these: check without --filter, and as root, who may read \
                the kernel log";
    Unknown { subject: None, name: "".into(), kind: "unplaced", text: text.to_owned() }
}

fn of_row(group: &Group) -> Option<Unknown> {
    let figures = &group.figures;
    let needed = [
        ("usage", figures.usage.err()),
        ("limit", figures.limit.err()),
        ("effective limit", figures.effective_limit.err()),
        ("oom_kill", figures.oom_kill.err()),
        ("floor", figures.floor.err()),
    ];
    // Cgroups that are no containers need not have the controller.
    let is_failure = |reason: Missing| reason.is_failure() || reason == Missing::NoController && group.is_container();
    let unread =
        needed.into_iter().find_map(|(what, missing)| Some((what, missing.filter(|&reason| is_failure(reason))?)));
    let counted = [&group.kills, &group.oomd_kills, &group.throttled];
    let text = match unread {
        Some((what, reason)) => format!("its {what} is unknown: {}", with_remedy(reason)),
        None if counted.into_iter().any(|tally| tally.delta() == Some(Delta::First)) => {
            "it was not read the first time, so what happened since then is unknown: check again".to_owned()
        }
        None => return None,
    };
    let subject = Some(Subject::Row(group.id.clone()));
    Some(Unknown { subject, name: group.identity.label().into(), kind: "not-read", text })
}

fn of_host(model: &Model) -> Option<Unknown> {
    let reason = model.host()?.mem_available.err().filter(|reason| reason.is_failure())?;
    let text = format!("its mem_available is unknown: {}", with_remedy(reason));
    Some(Unknown { subject: Some(Subject::Host), name: "host".into(), kind: "not-read", text })
}

fn of_directories(model: &Model) -> impl Iterator<Item = Unknown> {
    let unlisted = model.snapshot().into_iter().flat_map(|snapshot| {
        snapshot.unlisted.iter().map(|(at, reason)| (&snapshot.topology.cgroups[*at].id, *reason))
    });
    unlisted.map(|(id, reason)| Unknown {
        subject: Some(Subject::Row(id.clone())),
        name: Arc::clone(&id.path),
        kind: "not-listed",
        text: format!("there may be more cgroups in it: {}", with_remedy(reason)),
    })
}

fn with_remedy(reason: Missing) -> String {
    let remedy = match reason {
        Missing::Permission => ": run it as root, or as a user who may read it",
        Missing::TooManyOpen => ": raise the limit with `ulimit -n`",
        Missing::NoController => ": enable it for this one, or filter this one out",
        _ => "",
    };
    format!("{}{remedy}", reason.reason())
}
