//! What columns show of a row.

use std::time::Duration;

use ratatui::text::Span;

use crate::app::App;
use crate::field::{Field, Value};
use crate::model::figures::Holder;
use crate::model::limits::Resource;
use crate::model::verdict::{RECENT, State};
use crate::model::{Group, Tally};
use crate::snapshot::{Kind, Missing, Reading};
use crate::text;
use crate::ui::bar;
use crate::ui::theme::{Role, Theme};
use crate::units::{self, Limit};

/// A figure as it is.
pub(super) fn figure(field: &Field, group: &Group, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    vec![match (field.get)(group) {
        Ok(Value::Bytes(0) | Value::Count(0) | Value::Rate(0.0) | Value::Growth(0.0)) => {
            Span::styled("0", theme.style(Role::Dim))
        }
        Ok(Value::Limit(Limit::Unlimited)) => Span::styled(theme.glyphs.unlimited, theme.style(Role::Dim)),
        Ok(value) => {
            let human = value.without_unit();
            Span::raw(text::elide(&text::visible(&human), width, theme.glyphs.ellipsis).into_owned())
        }
        Err(reason) => missing(reason, theme),
    }]
}

/// A size, or why there is none.
pub fn size(reading: Reading, theme: &Theme) -> Vec<Span<'static>> {
    vec![match reading {
        Ok(0) => Span::styled("0", theme.style(Role::Dim)),
        Ok(bytes) => Span::raw(units::size(bytes)),
        Err(reason) => missing(reason, theme),
    }]
}

fn missing(reason: Missing, theme: &Theme) -> Span<'static> {
    let sign = if reason.is_nothing() { "-" } else { "?" };
    Span::styled(sign, theme.style(Role::Dim))
}

pub(super) fn limit(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    let figures = &group.figures;
    let text = match figures.limited_by_limit {
        Ok(Limit::Bytes(limit)) => units::size(limit),
        Ok(Limit::Unlimited) => {
            return vec![Span::styled(theme.glyphs.unlimited, theme.style(Role::Dim)), differs(group, theme)];
        }
        Err(reason) => return vec![missing(reason, theme), Span::raw(" ")],
    };
    let held = group.verdict.is_ok_and(|verdict| verdict.ancestor);
    let mark = if matches!(figures.limited_by, Ok(Holder::Ancestor(_))) {
        Span::styled("^", theme.style(if held { Role::Warning } else { Role::Dim }))
    } else if figures.limited_by_resource == Ok(Resource::Private) {
        Span::styled("#", theme.style(Role::Dim))
    } else if figures
        .effective_high_bytes()
        .is_some_and(|high| Limit::Bytes(high) < figures.limited_by_limit.unwrap_or(Limit::Unlimited))
    {
        Span::styled("~", theme.style(Role::Dim))
    } else {
        differs(group, theme)
    };
    vec![Span::raw(text), mark]
}

/// The sign that its runtime asked for other limits.
fn differs(group: &Group, theme: &Theme) -> Span<'static> {
    if group.differences.is_empty() { Span::raw(" ") } else { Span::styled("*", theme.style(Role::Warning)) }
}

pub(super) fn percent(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    vec![match group.figures.percent {
        Ok(percent) => {
            let hurts = group.figures.at_limit && group.verdict.is_ok_and(|verdict| verdict.hurts);
            Span::styled(units::percent(percent), theme.style(if hurts { Role::Critical } else { Role::Plain }))
        }
        Err(reason) => missing(reason, theme),
    }]
}

pub(super) fn held_by(app: &App, group: &Group, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    let text = match &group.figures.limited_by {
        Ok(Holder::Own(_)) => match group.figures.limited_by_resource {
            Ok(resource @ Resource::Private) => format!("own {}", resource.name()),
            _ => "own limit".to_owned(),
        },
        Ok(Holder::Host) => return vec![Span::styled("host", theme.style(Role::Dim))],
        Ok(Holder::Ancestor(path)) => text::elide(&holder(app, group, path), width, theme.glyphs.ellipsis).into_owned(),
        Err(reason) => return vec![missing(*reason, theme)],
    };
    vec![Span::raw(text)]
}

/// What the cgroup at `path` is called, which is the row's or above it.
pub fn holder(app: &App, group: &Group, path: &str) -> String {
    let mut own_and_above = std::iter::once(group).chain(app.model.above(group));
    let name = own_and_above.find(|row| *row.id.path == *path).map(|row| row.identity.label());
    let name = name.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path).into());
    text::visible(&name).into_owned()
}

/// The counter that matters: its own, or the ancestor's where that one binds and its own never moved.
fn counter(group: &Group) -> (Reading, &Tally, char) {
    let figures = &group.figures;
    let held = matches!(figures.limited_by, Ok(Holder::Ancestor(_)));
    if held && figures.failcnt == Ok(0) && figures.ancestor_failcnt.is_ok_and(|hits| hits > 0) {
        (figures.ancestor_failcnt, &group.ancestor_hits, '^')
    } else {
        (figures.failcnt, &group.hits, '+')
    }
}

pub(super) fn hits(app: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    let (total, tally, mark) = counter(group);
    let rises = tally.rose_within(RECENT, app.model.now());
    let role = if rises && group.verdict.is_ok_and(|verdict| verdict.hurts) { Role::Critical } else { Role::Plain };
    match total {
        Ok(0) => vec![Span::styled("0", theme.style(Role::Dim)), Span::raw(" ")],
        Ok(total) => {
            let mark = if mark == '^' || rises { mark } else { ' ' };
            vec![Span::styled(format!("{}{mark}", units::count(total)), theme.style(role))]
        }
        Err(reason) => vec![missing(reason, theme), Span::raw(" ")],
    }
}

/// Of the counter that [`hits`] shows.
pub(super) fn hits_per_second(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    let (rate, mark) = match counter(group) {
        (.., '^') => (group.ancestor_hits_per_second(), "^"),
        _ => (group.hits_per_second(), " "),
    };
    match rate {
        Ok(0.0) => vec![Span::styled("0", theme.style(Role::Dim)), Span::raw(" ")],
        Ok(rate) => vec![Span::raw(units::rate(rate) + mark)],
        Err(reason) => vec![missing(reason, theme), Span::raw(" ")],
    }
}

pub(super) fn new_hits(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    let (total, tally, _) = counter(group);
    vec![match (total, tally.since_attach) {
        (Err(reason), 0) => missing(reason, theme),
        (Ok(_), 0) => Span::styled("0", theme.style(Role::Dim)),
        (_, new) => Span::raw(units::count(new)),
    }]
}

pub(super) fn last_hit(app: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    let (total, tally, _) = counter(group);
    vec![match (total, tally.last) {
        (_, Some(last)) => {
            let age = app.model.now().saturating_sub(last);
            if age <= app.interval * 2 { Span::raw("now") } else { Span::raw(units::age(age)) }
        }
        // Counted before memcgtop watched, so at least that old.
        (Ok(1..), None) => Span::styled(format!(">{}", units::age(app.model.attached())), theme.style(Role::Dim)),
        (Ok(0), None) => Span::styled("-", theme.style(Role::Dim)),
        (Err(reason), None) => missing(reason, theme),
    }]
}

pub(super) fn kills(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    let figures = &group.figures;
    // What only holds others together is where their kills add up, as their memory does.
    let total = match group.identity.kind {
        Kind::Container | Kind::Vm | Kind::Sum => figures.oom_kill_total,
        _ => figures.oom_kill_below.or(figures.oom_kill_total),
    };
    vec![match total {
        Ok(0) => Span::styled("0", theme.style(Role::Dim)),
        Ok(kills) => {
            let recent = group.verdict.is_ok_and(|verdict| verdict.state == State::Oom);
            Span::styled(units::count(kills), theme.style(if recent { Role::Critical } else { Role::Plain }))
        }
        Err(reason) => missing(reason, theme),
    }]
}

pub(super) fn stall(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    vec![match group.figures.stall {
        Ok(stall) => {
            let hurts = group.verdict.is_ok_and(|verdict| verdict.hurts) && stall >= 10.0;
            let role = match stall {
                ..1.0 => Role::Dim,
                _ if hurts => Role::Critical,
                _ => Role::Plain,
            };
            Span::styled(format!("{stall:.0}%"), theme.style(role))
        }
        Err(reason) => missing(reason, theme),
    }]
}

pub(super) fn time_to_limit(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    /// Less time than this is trouble.
    const SOON: Duration = Duration::from_secs(600);
    vec![match group.forecast {
        Some(forecast) => {
            let role = if forecast.likely < SOON { Role::Warning } else { Role::Plain };
            Span::styled(units::age(forecast.likely), theme.style(role))
        }
        None => Span::styled("-", theme.style(Role::Dim)),
    }]
}

pub(super) fn trend(app: &App, group: &Group, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    const SPAN: Duration = Duration::from_secs(60);
    // The limits of a sum add up, but none of them is in effect for all of it.
    let sum = || group.figures.limited_by_limit.ok().and_then(Limit::bytes);
    let largest = || group.history.points().filter_map(crate::model::history::Point::usage).max();
    // Without a limit there is no full height: what stands still stands half-way.
    let top =
        group.figures.effective_limit_bytes().or_else(sum).or_else(|| largest().map(|most| 2 * most)).unwrap_or(1);
    let curve = bar::trend(&group.history, app.model.now(), SPAN, top, width, theme);
    vec![Span::styled(curve, theme.style(Role::Dim))]
}

/// Without a limit docker stats takes the host's memory for one.
pub(super) fn working_set_percent(app: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    let figures = &group.figures;
    let whole = figures.limit.and_then(|limit| match (limit, app.model.host()) {
        (Limit::Bytes(limit), _) => Ok(limit),
        (Limit::Unlimited, Some(host)) => host.mem_total,
        (Limit::Unlimited, None) => Err(Missing::NotKnown),
    });
    vec![match (figures.working_set, whole) {
        (Ok(part), Ok(whole)) => Span::raw(units::percent(part as f64 / whole.max(1) as f64 * 100.0)),
        (Err(reason), _) | (_, Err(reason)) => missing(reason, theme),
    }]
}

/// As much of it as runtimes print.
pub(super) fn short_id(_: &App, group: &Group, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    let Some(id) = &group.identity.id else { return vec![missing(Missing::NotKnown, theme)] };
    let beginning: String = text::visible(id).chars().take(width).collect();
    vec![Span::raw(text::truncate(&beginning, width, theme.glyphs.ellipsis).into_owned())]
}
