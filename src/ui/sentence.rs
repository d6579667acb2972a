//! The one sentence that says what is going on, in the longest form that fits.

use std::collections::BTreeSet;

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::model::autopsy::Autopsy;
use crate::model::verdict::{KILLED, State};
use crate::model::{Group, Scope};
use crate::snapshot::is_within;
use crate::text;
use crate::ui::header;
use crate::ui::theme::{Role, Theme};
use crate::units;

/// A part of the sentence: its long and its short form, and how bad it is.
struct Clause {
    long: String,
    short: String,
    role: Role,
}

/// The sentence in at most `width` cells; clauses that do not fit become `+n more`.
pub fn line(app: &App, width: usize, theme: &Theme) -> Line<'static> {
    if let Some(then) = header::then(app) {
        let words = [", with what is kept of it: `?` is not", ""].map(|words| format!("{then}{words}"));
        let fitting = words.into_iter().find(|words| text::width(words) + 2 <= width);
        let style = theme.style(Role::Accent).add_modifier(Modifier::REVERSED);
        return Line::from(Span::styled(format!(" {} ", fitting.unwrap_or_default()), style));
    }
    let clauses = clauses(app);
    for form in [|clause: &Clause| clause.long.clone(), |clause: &Clause| clause.short.clone()] {
        let parts: Vec<(String, Role)> = clauses.iter().map(|clause| (form(clause), clause.role)).collect();
        if length(&parts) <= width {
            return joined(parts, theme);
        }
    }
    let mut parts: Vec<(String, Role)> = clauses.iter().map(|clause| (clause.short.clone(), clause.role)).collect();
    let mut left_out = 0;
    while parts.len() > 1 && length(&parts) + 9 > width {
        parts.pop();
        left_out += 1;
    }
    if left_out > 0 {
        parts.push((format!("+{left_out} more"), Role::Plain));
    }
    joined(parts, theme)
}

fn length(parts: &[(String, Role)]) -> usize {
    parts.iter().map(|(text, _)| text::width(text) + 2).sum::<usize>().saturating_sub(2)
}

fn joined(parts: Vec<(String, Role)>, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for (text, role) in parts {
        if !spans.is_empty() {
            spans.push(Span::raw(", "));
        }
        spans.push(Span::styled(text, theme.style(role).patch(theme.style(Role::Strong))));
    }
    Line::from(spans)
}

fn clauses(app: &App) -> Vec<Clause> {
    let Some(host) = app.model.host() else {
        return vec![clause("reading the cgroups ...", "reading ...", Role::Plain)];
    };
    let rows: Vec<&Group> = app.model.rows().collect();
    let short = app.model.host_is_short();
    let available = units::size_or_unknown(host.mem_available);
    let mut clauses = Vec::new();
    if short {
        clauses.push(clause(
            &format!("Host is short: {available} available"),
            &format!("HOST SHORT {available}"),
            Role::Critical,
        ));
    }
    troubles(app, &rows, &mut clauses);
    if clauses.is_empty() && app.model.host_moved().is_none() {
        let n = rows.len();
        clauses.push(clause(&format!("{n} found, judged at the second reading"), &format!("{n} found"), Role::Plain));
    } else if clauses.is_empty() {
        let kind = if app.model.scope() == Scope::Everything { "cgroup" } else { "container" };
        let n = rows.len();
        clauses.push(clause(
            &format!("All quiet: {}, none in trouble", units::counted(n as u64, kind)),
            &format!("All quiet: {n}"),
            Role::Fine,
        ));
        let full: Vec<_> = rows.iter().filter(|group| group.is_held()).collect();
        if !full.is_empty() {
            let is_known = full.iter().all(|group| group.figures.floor.is_ok());
            let (n, what) = (full.len(), if is_known { "full of cache" } else { "at a limit" });
            clauses.push(clause(&format!("{n} {what}"), &format!("{n} full"), Role::Plain));
        }
    }
    if host.mem_available.is_err() {
        clauses.push(clause("what the host has available is not known", "host ?", Role::Plain));
    } else if !short {
        clauses.push(clause(&format!("host fine, {available} available"), "host fine", Role::Fine));
    }
    clauses
}

fn troubles(app: &App, rows: &[&Group], clauses: &mut Vec<Clause>) {
    let count = |test: &dyn Fn(&Group) -> bool| rows.iter().filter(|group| test(group)).count();
    let state = |group: &Group, state: State| group.verdict.is_ok_and(|verdict| verdict.state == state);
    let hurts = |group: &Group| group.verdict.is_ok_and(|verdict| verdict.hurts);
    let ancestor = |group: &Group| group.verdict.is_ok_and(|verdict| verdict.ancestor);
    let mut say = |n: usize, long: &str, short: &str, role: Role| {
        if n > 0 {
            clauses.push(clause(&format!("{n} {long}"), &format!("{n} {short}"), role));
        }
    };
    let stopped = count(&|g| state(g, State::UnderOom));
    let stand = if stopped == 1 { "stands still at a limit" } else { "stand still at a limit" };
    say(stopped, stand, "stuck", Role::Critical);
    say(count(&|g| state(g, State::Oom) && hurts(g)), "OOM-killed now", "kill", Role::Critical);
    let thrashing = |g: &Group| state(g, State::Thrashing) && !ancestor(g);
    let own = if count(&thrashing) == 1 { "thrashing at its own limit" } else { "thrashing at their own limits" };
    say(count(&thrashing), own, "thrash", Role::Critical);
    say(count(&|g| state(g, State::Refused)), "refused a resource", "refused", Role::Critical);
    say(count(&|g| state(g, State::Throttled)), "throttled", "slow", Role::Warning);
    let held =
        |g: &Group| ancestor(g) && matches!(g.verdict, Ok(v) if !matches!(v.state, State::Oom | State::UnderOom));
    say(count(&held), "held by an ancestor", "held", Role::Warning);
    say(count(&|g| state(g, State::SwapFull)), "out of swap allowance", "no swap", Role::Warning);
    say(count(&|g| state(g, State::HostShort)), "squeezed by the host", "squeezed", Role::Critical);
    let killed = rows.iter().filter(|g| state(g, State::Oom) && !hurts(g));
    let newest = killed.clone().filter_map(|g| g.last_kill()).max();
    let last = if killed.clone().count() > 1 { ", the last" } else { "" };
    let ago = |at| format!("{last} {} ago", units::age(app.model.now().saturating_sub(at)));
    let ago = newest.map_or(String::new(), ago);
    say(killed.count(), &format!("OOM-killed{ago}"), "killed", Role::Critical);
    let (gone, nowhere) = gone(app, rows);
    say(gone, "OOM-killed and gone", "gone", Role::Critical);
    say(
        nowhere,
        if nowhere == 1 { "OOM kill nobody can place" } else { "OOM kills nobody can place" },
        "unplaced",
        Role::Critical,
    );
    say(count(&|g| state(g, State::Unknown)), "unknown", "unknown", Role::Warning);
}

/// Containers that were killed in the last minutes and have no row any more, and kills whose container nobody knows; those
/// that somebody has seen are left out.
fn gone(app: &App, rows: &[&Group]) -> (usize, usize) {
    let now = app.model.now();
    let Some(taken_at) = app.model.snapshot().map(|snapshot| snapshot.taken_at) else { return (0, 0) };
    let is_recent = |autopsy: &&Autopsy| taken_at.duration_since(autopsy.when).is_ok_and(|age| age <= KILLED);
    let shows = |row: &Group, cgroup: &str| {
        is_within(cgroup, &row.id.path) && (row.is_container() || row.was_killed_within(KILLED, now))
    };
    let (mut containers, mut nowhere) = (BTreeSet::new(), 0);
    for autopsy in app.model.autopsies().newest().take_while(is_recent).filter(|autopsy| !autopsy.seen) {
        match autopsy.cgroup.as_deref() {
            None => nowhere += 1,
            Some(cgroup) if rows.iter().any(|row| shows(row, cgroup)) => {}
            Some(cgroup) => {
                let stone = app.model.tombstones().iter().find(|stone| is_within(cgroup, &stone.id.path));
                containers.insert(stone.map_or(cgroup, |stone| &stone.id.path));
            }
        }
    }
    (containers.len(), nowhere)
}

fn clause(long: &str, short: &str, role: Role) -> Clause {
    Clause { long: long.to_owned(), short: short.to_owned(), role }
}
