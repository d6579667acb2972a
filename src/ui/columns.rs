//! The columns of the table and of the tree: what each shows, how wide, and which give way first.

use ratatui::text::Span;

use crate::app::{App, Screen};
use crate::model::figures::Holder;
use crate::model::verdict::{RECENT, State};
use crate::model::{Group, Tally};
use crate::snapshot::{Kind, Missing, Reading};
use crate::text;
use crate::ui::bar;
use crate::ui::theme::{Role, Theme};
use crate::units::{self, Limit};

use std::time::Duration;

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// What it shows, where that is not plain from the field.
    pub meaning: &'static str,
    /// The field that it sorts by and that explains it.
    pub field: &'static str,
    /// Cells.
    pub width: usize,
    /// The order in which columns are taken while there is room: smallest first.
    pub rank: u8,
    /// Whether its head stands on the right.
    pub right: bool,
    /// What it shows of a row.
    pub cells: fn(&App, &Group, usize, &Theme) -> Vec<Span<'static>>,
}

/// Every column but the sign and the name, in their order on the screen.
pub const COLUMNS: &[Column] = &[
    Column {
        title: "",
        meaning: "what of its limit is used, by what stays (floor), what can be dropped, what others below the same limit use; the line is memory.high",
        field: "percent",
        width: BAR,
        rank: 7,
        right: false,
        cells: |_, g, width, t| bar::limit(g, width, t),
    },
    Column {
        title: "USED",
        meaning: "usage: what its limit counts, page cache included",
        field: "usage",
        width: 6,
        rank: 1,
        right: true,
        cells: |_, g, _, t| size(g.figures.usage, t),
    },
    Column {
        title: "LIMIT",
        meaning: "the limit that leaves the least room; `^` behind it: an ancestor's",
        field: "effective_limit",
        width: 7,
        rank: 5,
        right: true,
        cells: limit,
    },
    Column {
        title: "%",
        meaning: "how full that limit is, whoever fills it",
        field: "percent",
        width: 4,
        rank: 1,
        right: true,
        cells: percent,
    },
    Column {
        title: "HELD BY",
        meaning: "whose limit that is",
        field: "limited_by",
        width: 14,
        rank: 12,
        right: false,
        cells: held_by,
    },
    Column {
        title: "FLOOR",
        meaning: "what cannot be dropped without swap",
        field: "floor",
        width: 6,
        rank: 13,
        right: true,
        cells: |_, g, _, t| size(g.figures.floor, t),
    },
    Column {
        title: "WSET",
        meaning: "working set: what docker stats and the kubelet call its memory",
        field: "working_set",
        width: 6,
        rank: 14,
        right: true,
        cells: |_, g, _, t| size(g.figures.working_set, t),
    },
    Column {
        title: "HITS",
        meaning: "how often its limit was hit since it was made; `^`: an ancestor's limit",
        field: "failcnt",
        width: 6,
        rank: 2,
        right: true,
        cells: hits,
    },
    Column {
        title: "+NEW",
        meaning: "hits since memcgtop watches",
        field: "failcnt",
        width: 5,
        rank: 10,
        right: true,
        cells: new_hits,
    },
    Column {
        title: "LAST",
        meaning: "when it was last hit: `now` within two readings, `4s` ago, `>5m` before memcgtop watched, `-` never",
        field: "failcnt",
        width: 4,
        rank: 6,
        right: true,
        cells: last_hit,
    },
    Column {
        title: "OOM",
        meaning: "processes of it that the OOM killer took, those of earlier cgroups of its name included; of slices and pods: of all below",
        field: "oom_kill_total",
        width: 3,
        rank: 3,
        right: true,
        cells: kills,
    },
    Column {
        title: "SWAP",
        meaning: "how much of it is in swap",
        field: "swap",
        width: 6,
        rank: 8,
        right: true,
        cells: |_, g, _, t| size(g.figures.swap, t),
    },
    Column {
        title: "SWCACHE",
        meaning: "swap cache: pushed out and still in memory",
        field: "swap_cached",
        width: 7,
        rank: 9,
        right: true,
        cells: |_, g, _, t| size(g.figures.swap_cached, t),
    },
    Column {
        title: "STALL",
        meaning: "share of the last 10 s in which some task waited for memory",
        field: "psi.some_avg10",
        width: 5,
        rank: 4,
        right: true,
        cells: stall,
    },
    Column {
        title: "ETA",
        meaning: "time to its own limit, if what cannot be dropped goes on growing",
        field: "time_to_limit",
        width: 5,
        rank: 15,
        right: true,
        cells: time_to_limit,
    },
    Column {
        title: "TREND",
        meaning: "usage of the last minute, full height at the limit, or at twice its peak where nothing limits it",
        field: "usage",
        width: 8,
        rank: 11,
        right: false,
        cells: trend,
    },
];

/// The bar at its narrowest, and at its widest.
pub const BAR: usize = 10;
const WIDEST_BAR: usize = 24;
const WIDEST_NAME: usize = 44;

/// The columns that fit, and the cells of the name and of each.
pub fn fit(width: usize, narrowest_name: usize) -> (usize, Vec<(&'static Column, usize)>) {
    let name = narrowest_name;
    let mut ranked: Vec<&Column> = COLUMNS.iter().collect();
    ranked.sort_by_key(|column| column.rank);
    let mut left = width.saturating_sub(SIGN + name);
    let mut taken = Vec::new();
    for column in ranked {
        let Some(rest) = left.checked_sub(column.width + 1) else { break };
        left = rest;
        taken.push(column.title);
    }
    let wider = WIDEST_NAME.saturating_sub(name);
    let wider_bar = (left - left.div_ceil(2).min(wider)).min(WIDEST_BAR - BAR);
    let wider_name = (left - wider_bar).min(wider);
    let columns = COLUMNS.iter().filter(|column| taken.contains(&column.title));
    let columns = columns.map(|column| (column, column.width + if column.title.is_empty() { wider_bar } else { 0 }));
    (name + wider_name, columns.collect())
}

/// The fields that rows can be sorted by at this width, in the order of their columns.
pub fn focusable(screen: &Screen, width: usize) -> Vec<&'static str> {
    let (_, columns) = fit(width, name_cells(screen, width));
    let titled = columns.iter().filter(|(column, _)| !column.title.is_empty());
    let mut fields = vec!["name"];
    for (column, _) in titled {
        if !fields.contains(&column.field) {
            fields.push(column.field);
        }
    }
    fields
}

/// The cells that a name gets at least; more in the tree, where its place is in front of it.
pub fn name_cells(screen: &Screen, width: usize) -> usize {
    match (screen, width) {
        (Screen::Tree, ..80) => 18,
        (Screen::Tree, 80..120) => 34,
        (Screen::Tree, _) => 44,
        (_, ..80) => 13,
        (_, 80..120) => 16,
        (_, _) => 23,
    }
}

/// Cells of the cursor and the sign, with the blank after them.
pub const SIGN: usize = 4;

/// Who holds the row, and whether it hurts.
pub fn sign(group: &Group, theme: &Theme) -> Vec<Span<'static>> {
    let Ok(verdict) = group.verdict else { return vec![Span::raw("  ")] };
    let role = match verdict.state {
        _ if verdict.hurts => Role::Critical,
        State::Oom => Role::Critical,
        State::Calm => Role::Plain,
        State::AtLimit if !verdict.ancestor => Role::Plain,
        _ => Role::Warning,
    };
    vec![Span::styled(format!("{}{}", verdict.sign(), if verdict.hurts { '!' } else { ' ' }), theme.style(role))]
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

fn limit(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
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

fn percent(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    vec![match group.figures.percent {
        Ok(percent) => {
            let hurts = group.figures.at_limit && group.verdict.is_ok_and(|verdict| verdict.hurts);
            Span::styled(units::percent(percent), theme.style(if hurts { Role::Critical } else { Role::Plain }))
        }
        Err(reason) => missing(reason, theme),
    }]
}

fn held_by(app: &App, group: &Group, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    let text = match &group.figures.limited_by {
        Ok(Holder::Own(_)) => "own limit".to_owned(),
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

fn hits(app: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
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

fn new_hits(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    let (total, tally, _) = counter(group);
    vec![match (total, tally.since_attach) {
        (Err(reason), _) => missing(reason, theme),
        (Ok(_), 0) => Span::styled("0", theme.style(Role::Dim)),
        (Ok(_), new) => Span::raw(units::count(new)),
    }]
}

fn last_hit(app: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
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

fn kills(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
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

fn stall(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
    vec![match group.figures.psi {
        Ok(psi) => {
            let hurts = group.verdict.is_ok_and(|verdict| verdict.hurts) && psi.some.avg10 >= 10.0;
            let role = match psi.some.avg10 {
                ..1.0 => Role::Dim,
                _ if hurts => Role::Critical,
                _ => Role::Plain,
            };
            Span::styled(format!("{:.0}%", psi.some.avg10), theme.style(role))
        }
        Err(reason) => missing(reason, theme),
    }]
}

fn time_to_limit(_: &App, group: &Group, _: usize, theme: &Theme) -> Vec<Span<'static>> {
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

fn trend(app: &App, group: &Group, width: usize, theme: &Theme) -> Vec<Span<'static>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field;

    #[test]
    fn the_head_of_a_column_leads_to_its_field() {
        for column in COLUMNS {
            assert!(field::find(column.field).is_some(), "{}", column.field);
            let known = field::HEADS.contains(&(column.title, column.field));
            assert!(known || column.title.is_empty(), "{} {}", column.title, column.field);
        }
    }
}
