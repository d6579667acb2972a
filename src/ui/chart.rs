//! The past of a row, or of the host: usage against what limits it, and hits, kills and stalls on the same axis of time.
//!
//! A column stands for a part of time: usage is solid up to its smallest in it, and dim from there to its largest.

use std::time::Duration;

use ratatui::text::{Line, Span};

use crate::app::App;
use crate::model::history::{Axis, History, Point, Slot};
use crate::model::host::HostPast;
use crate::model::{Figures, Group};
use crate::snapshot::Host;
use crate::text;
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, header, rule};
use crate::units::{self, Limit};

/// Cells in front of the curves, for the sizes.
const SIZES: usize = 9;
/// Cells behind them, for the largest of their values.
const LARGEST: usize = 8;
/// A limit so many times as large as what is used is named, not drawn: the curve would be flat below it.
const OUT_OF_SIGHT: u64 = 4;

/// A cell, and what it means.
type Cell = (&'static str, Role);

/// What stands in the way of usage.
struct Mark {
    sign: &'static str,
    name: &'static str,
    value: u64,
}

/// Whose past is drawn.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// A row's.
    Row(&'a Group),
    /// The host's.
    Host(&'a Host, &'a HostPast),
}

impl Subject<'_> {
    fn history(&self) -> &History {
        match self {
            Self::Row(group) => &group.history,
            Self::Host(_, past) => &past.history,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Row(_) => "usage",
            Self::Host(..) => "memory in use",
        }
    }

    /// What is drawn solid, and what above it.
    fn names(&self) -> [&'static str; 2] {
        match self {
            Self::Row(_) => ["usage", "out on swap"],
            Self::Host(..) => ["in use, the room above is available", "swap in use"],
        }
    }

    fn marks(&self, theme: &Theme) -> Vec<Mark> {
        match self {
            Self::Row(group) => limits(&group.figures, theme),
            Self::Host(host, _) => {
                let all = |value| Mark { sign: theme.glyphs.rule, name: "all memory", value };
                host.mem_total.ok().map(all).into_iter().collect()
            }
        }
    }

    /// The rows below the curve that have something to tell.
    fn has_hits(&self) -> bool {
        match self {
            Self::Row(_) => true,
            Self::Host(_, past) => past.stalls.since_attach > 0,
        }
    }

    fn has_kills(&self) -> bool {
        match self {
            Self::Row(group) => group.killed() > 0,
            Self::Host(_, past) => past.kills.since_attach > 0,
        }
    }

    fn has_stalls(&self) -> bool {
        match self {
            Self::Row(group) => group.figures.stall.is_ok(),
            Self::Host(_, past) => past.stall.is_ok(),
        }
    }

    fn hits(&self) -> &'static str {
        match self {
            Self::Row(_) => "hits",
            Self::Host(..) => "reclaim",
        }
    }

    /// The figures of a point, with the hits in each second.
    fn facts(&self, point: Point, hits: f64) -> String {
        match self {
            Self::Row(_) => row_facts(point, hits),
            Self::Host(host, _) => host_facts(host, point, hits),
        }
    }
}

struct Chart<'a> {
    subject: Subject<'a>,
    axis: Axis,
    slots: Vec<Slot>,
    marks: Vec<Mark>,
    /// The column that is read off.
    cursor: Option<usize>,
    theme: &'a Theme,
}

/// The chart in `height` lines of usage and some more; nothing where there is no room.
pub fn lines(app: &App, subject: Subject<'_>, width: usize, height: u64, theme: &Theme) -> Vec<Line<'static>> {
    if height == 0 {
        return Vec::new();
    }
    let columns = width.saturating_sub(SIZES + LARGEST).max(10);
    let axis = Axis::new(app.window.end(app.model.now()), app.window.span(), columns);
    let slots = subject.history().slots(&axis);
    let cursor = app.window.moment().and_then(|moment| axis.part(moment));
    let chart = Chart { axis, slots, marks: subject.marks(theme), subject, cursor, theme };
    let keys = format!("+ - zoom  {} read off", theme.glyphs.arrows[1]);
    let mut lines = vec![rule(&format!("{} in {}", subject.title(), app.window.name()), &keys, width, theme)];
    lines.extend(chart.usage(height));
    lines.extend(chart.events());
    lines.push(chart.times(app));
    lines.push(chart.cursor.map_or_else(|| chart.legend(), |cursor| chart.read_off(app, cursor)));
    lines
}

fn limits(figures: &Figures, theme: &Theme) -> Vec<Mark> {
    let own = figures.limit.ok().and_then(Limit::bytes);
    let effective = figures.effective_limit_bytes().filter(|&limit| Some(limit) != own);
    let mark = |sign, name| move |value| Mark { sign, name, value };
    let marks = [
        own.map(mark(theme.glyphs.rule, "limit")),
        effective.map(mark("^", "an ancestor's limit")),
        figures.effective_high_bytes().map(mark("~", "memory.high")),
    ];
    marks.into_iter().flatten().collect()
}

impl Chart<'_> {
    fn points(&self) -> impl Iterator<Item = Option<Point>> {
        self.slots.iter().map(|slot| slot.point())
    }

    /// The scale: all that was used, and the limits that are in sight of it.
    fn top(&self) -> u64 {
        let used = self.points().flatten().map(|point| point.usage().unwrap_or(0).max(point.footprint())).max();
        let used = used.unwrap_or(0).max(1);
        let sight = match self.subject {
            Subject::Row(_) => used.saturating_mul(OUT_OF_SIGHT),
            // The room that is left is what it is about.
            Subject::Host(..) => u64::MAX,
        };
        self.marks.iter().map(|mark| mark.value).filter(|&limit| limit <= sight).fold(used, u64::max)
    }

    fn usage(&self, height: u64) -> Vec<Line<'static>> {
        let top = self.top();
        let edge = |level: u64| (u128::from(top) * u128::from(level) / u128::from(height)) as u64;
        let line = |level| {
            let (low, high) = (edge(level), edge(level + 1));
            let mark = self.marks.iter().find(|mark| low < mark.value && mark.value <= high);
            let size = mark.map_or_else(|| (level % 2 == 1).then_some(high), |mark| Some(mark.value));
            let cells = self.slots.iter().map(|&slot| self.used(slot, low, high, mark)).collect();
            self.line(&size.map_or_else(String::new, units::size), cells, "")
        };
        (0..height).rev().map(line).collect()
    }

    /// What a column shows between two sizes.
    fn used(&self, slot: Slot, low: u64, high: u64, mark: Option<&Mark>) -> Cell {
        let glyphs = self.theme.glyphs;
        let point = match slot {
            Slot::Gap => return (glyphs.gap, Role::Dim),
            Slot::Unknown => None,
            Slot::Read { point, .. } => point.usage().map(|usage| (point, usage)),
        };
        match point {
            Some((point, usage)) if usage > low => {
                let role = if point.least_usage() > Some(low) { Role::Plain } else { Role::Dim };
                (bar::level(usage - low, high - low, self.theme), role)
            }
            Some((point, _)) if point.footprint() > low => (glyphs.droppable, Role::Dim),
            _ => (mark.map_or(" ", |mark| mark.sign), Role::Dim),
        }
    }

    /// Hits, kills and stall, as far as there are any to tell of.
    fn events(&self) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        if self.subject.has_hits() {
            lines.push(self.hits());
        }
        if self.subject.has_kills() {
            lines.push(self.kills());
        }
        if self.subject.has_stalls() {
            let stalls = self.points().map(|point| point.map_or(0, Point::stall)).collect();
            lines.push(self.curve("stall", stalls, |largest| format!("{largest}%")));
        }
        lines
    }

    fn hits(&self) -> Line<'static> {
        // A curve is of whole numbers.
        const PARTS: f64 = 1_000.0;
        let rates = self.slots.iter().map(|slot| (slot.hit_rate() * PARTS).ceil() as u64).collect();
        self.curve(self.subject.hits(), rates, |largest| a_second(largest as f64 / PARTS))
    }

    fn kills(&self) -> Line<'static> {
        let values: Vec<u64> = self.points().map(|point| point.map_or(0, Point::kills)).collect();
        let cells = values.iter().map(|&kills| (if kills > 0 { "X" } else { " " }, Role::Critical)).collect();
        self.line("kills", cells, &units::count(values.iter().sum()))
    }

    /// A curve of values, one for each column, with the largest of them behind it.
    fn curve(&self, label: &str, values: Vec<u64>, told: impl Fn(u64) -> String) -> Line<'static> {
        let largest = values.iter().copied().max().unwrap_or(0);
        let cell = |value| if value == 0 { " " } else { bar::level(value, largest, self.theme) };
        let cells = values.into_iter().map(|value| (cell(value), Role::Dim)).collect();
        self.line(label, cells, &told(largest))
    }

    /// A line of cells between its label and a note; the column that is read off stands out.
    fn line(&self, label: &str, mut cells: Vec<Cell>, note: &str) -> Line<'static> {
        if let Some(cell) = self.cursor.and_then(|cursor| cells.get_mut(cursor)) {
            *cell = (self.theme.glyphs.high, Role::Accent);
        }
        let dim = self.theme.style(Role::Dim);
        let mut spans = vec![Span::styled(format!("{}  ", text::pad_left(label, SIZES - 2)), dim)];
        spans.extend(bar::spans(&cells, self.theme));
        if !note.is_empty() {
            spans.push(Span::styled(format!(" {note}"), dim));
        }
        Line::from(spans)
    }

    /// When the columns were, as often as there is room for it.
    fn times(&self, app: &App) -> Line<'static> {
        const APART: usize = 20;
        let columns = self.slots.len();
        let (end, now) = (app.window.end(app.model.now()), app.model.now());
        let end = if end == now && app.looks_back().is_none() {
            "now".to_owned()
        } else {
            wall(app, now.saturating_sub(end))
        };
        let mut line = String::new();
        for label in 0..columns.div_ceil(APART) {
            let column = label * APART;
            let time = wall(app, self.axis.age(column, app.model.now()));
            if column + time.len() + end.len() < columns {
                line = text::pad_right(&line, column) + &time;
            }
        }
        let line = text::pad_right(&line, columns - end.len()) + &end;
        Line::styled(" ".repeat(SIZES) + &line, self.theme.style(Role::Dim))
    }

    fn legend(&self) -> Line<'static> {
        let glyphs = self.theme.glyphs;
        let [usage, beside] = self.subject.names();
        let mut parts = vec![format!("{} {usage}", glyphs.floor)];
        let is_out = |point: Point| point.usage().is_some_and(|usage| point.footprint() > usage);
        if self.points().flatten().any(is_out) {
            parts.push(format!("{} {beside}", glyphs.droppable));
        }
        let top = self.top();
        parts.extend(self.marks.iter().map(|mark| {
            let (size, place) = (units::size(mark.value), if mark.value > top { ", far above" } else { "" });
            format!("{} {} {size}{place}", mark.sign, mark.name)
        }));
        if self.slots.contains(&Slot::Gap) {
            parts.push(format!("{} not read", glyphs.gap));
        }
        Line::styled(format!("  {}", parts.join("  ")), self.theme.style(Role::Dim))
    }

    /// The figures of one column.
    fn read_off(&self, app: &App, column: usize) -> Line<'static> {
        let when = wall(app, self.axis.age(column, app.model.now()));
        let facts = match self.slots[column] {
            Slot::Unknown => "not watched yet".to_owned(),
            Slot::Gap => "not read".to_owned(),
            slot @ Slot::Read { point, .. } => self.subject.facts(point, slot.hit_rate()),
        };
        let when = Span::styled(format!("  {when}  "), self.theme.style(Role::Accent));
        Line::from(vec![when, Span::raw(facts)])
    }
}

/// Events a second, with a digit behind the point where it counts.
fn a_second(rate: f64) -> String {
    if rate > 0.0 && rate < 10.0 { format!("{rate:.1}/s") } else { format!("{}/s", units::count(rate.round() as u64)) }
}

fn row_facts(point: Point, hits: f64) -> String {
    let usage = format!("usage {}", range(point.least_usage(), point.usage()));
    let is_more = point.usage().is_some_and(|usage| point.footprint() > usage);
    let footprint = is_more.then(|| format!("footprint {}", units::size(point.footprint())));
    let kills = (point.kills() > 0).then(|| units::counted(point.kills(), "kill"));
    let others = [format!("hits {}", a_second(hits)), format!("stall {}%", point.stall())];
    [usage].into_iter().chain(footprint).chain(others).chain(kills).collect::<Vec<_>>().join("  ")
}

/// What was available is what was not in use.
fn host_facts(host: &Host, point: Point, stalls: f64) -> String {
    let available = |used: Option<u64>| Some(host.mem_total.ok()?.saturating_sub(used?));
    let swap = point.usage().and_then(|used| point.footprint().checked_sub(used));
    let facts = [
        format!("available {}", range(available(point.usage()), available(point.least_usage()))),
        format!("swap in use {}", swap.map_or_else(|| "?".to_owned(), units::size)),
        format!("stall {}%", point.stall()),
    ];
    let stalls = (stalls > 0.0).then(|| format!("had to reclaim {}", a_second(stalls)));
    let kills = (point.kills() > 0).then(|| units::counted(point.kills(), "kill"));
    facts.into_iter().chain(stalls).chain(kills).collect::<Vec<_>>().join("  ")
}

/// The least and the most, or only one where they look alike.
fn range(least: Option<u64>, most: Option<u64>) -> String {
    match (least.map(units::size), most.map(units::size)) {
        (Some(least), Some(most)) if least != most => format!("{least} to {most}"),
        (_, most) => most.unwrap_or_else(|| "?".to_owned()),
    }
}

/// The time on the wall, so long before the newest reading.
fn wall(app: &App, age: Duration) -> String {
    let taken_at = app.model.snapshot().map(|snapshot| snapshot.taken_at);
    let time = taken_at.and_then(|taken_at| taken_at.checked_sub(age));
    time.map_or_else(String::new, |time| header::wall(app, time, "%H:%M:%S"))
}
