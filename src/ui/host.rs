//! The screen of the host: whether it is short, what its memory and swap hold, its past, and what memcgtop costs it.
//!
//! Shows what the kernel counts for the whole host. The figures of the root cgroup, which are others, stand apart.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::model::evidence;
use crate::model::host::swap_used;
use crate::model::{RUNNING, Scope};
use crate::snapshot::{Hierarchy, Host, Missing, Problem, Reading};
use crate::text;
use crate::ui::chart::Subject;
use crate::ui::panels::{AVAILABLE_NOT_KNOWN, NOT_JUDGED};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, chart, detail, folded, header, own, rule};
use crate::units;

/// The whole screen.
pub fn lines(app: &App, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let Some(host) = app.model.host() else { return vec![Line::raw("nothing was read yet")] };
    let mut lines = header::moment(app, theme);
    lines.extend(title(app, host, theme));
    let short = format!("short: little available, and reclaim in {RUNNING} readings running");
    lines.push(rule("why", &short, width, theme));
    lines.extend(evidence::of_the_host_itself(&app.model).iter().map(|told| fact(told)));
    lines.extend(memory(app, host, width, theme));
    lines.extend(swap(app, host, width, theme));
    let subject = Subject::Host(host, app.model.host_past());
    lines.extend(chart::lines(app, subject, width, chart_height(area.height), theme));
    lines.extend(own::lines(app, width, theme));
    lines.extend(problems(app, width, theme));
    let root = app.model.groups().iter().find(|group| app.is_host(group));
    let figures = |root| detail::figures("figures of the root cgroup", root, width, theme);
    lines.extend(root.into_iter().flat_map(figures));
    folded(lines, width)
}

pub(super) fn fact(fact: &str) -> Line<'static> {
    Line::raw(format!("  {}", text::visible(fact)))
}

fn title(app: &App, host: &Host, theme: &Theme) -> Vec<Line<'static>> {
    let (state, role) = match (app.model.host_moved(), app.model.host_is_short()) {
        _ if app.looks_back().is_some() => (NOT_JUDGED, Role::Plain),
        (None, _) => ("not judged yet, that needs two readings", Role::Plain),
        (_, true) => ("short of memory", Role::Critical),
        _ if host.mem_available.is_err() => (AVAILABLE_NOT_KNOWN, Role::Plain),
        (_, false) => ("fine", Role::Fine),
    };
    let name = format!(" {} is ", text::visible(&host.hostname));
    let strong = theme.style(Role::Strong);
    let inside = match (host.namespaced, host.hierarchy) {
        (false, _) => "",
        (true, Hierarchy::OpenVz) => ", seen from within a container",
        (true, _) => ", seen from within a cgroup namespace",
    };
    let cpus = units::counted(host.cpus, "processor");
    let hierarchy = match host.hierarchy {
        Hierarchy::OpenVz => "OpenVZ's beancounters".to_owned(),
        hierarchy => format!("cgroup {}", hierarchy.name()),
    };
    let facts = format!("   Linux {}, {hierarchy}, {cpus}{inside}", text::visible(&host.kernel));
    vec![
        Line::from(vec![Span::styled(name, strong), Span::styled(state, theme.style(role).patch(strong))]),
        Line::styled(facts, theme.style(Role::Dim)),
    ]
}

/// A part of the memory: its sign in the bar, its size, and what it is.
type Part = (&'static str, Reading, String);

/// From this width on two parts stand in a line.
const WIDE: usize = 80;

fn memory(app: &App, host: &Host, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = vec![rule("memory", "page cache counts where it is charged", width, theme)];
    let Ok(total) = host.mem_total else {
        lines.push(fact(&format!("not known: {}", host.mem_total.err().map_or("", Missing::reason))));
        return lines;
    };
    let [containers, runtimes] = [app.model.charged_to_containers(), app.model.charged_to_runtimes()];
    let rest = host.mem_free.map(|free| total.saturating_sub(free).saturating_sub(containers + runtimes));
    let glyphs = theme.glyphs;
    let taken = [(glyphs.floor, containers), (glyphs.droppable, runtimes), (glyphs.others, rest.unwrap_or(0))];
    if rest.is_ok() {
        let mut line = vec![Span::raw("  ")];
        line.extend(bar::stacked(&taken, total, width.saturating_sub(4), theme));
        lines.push(Line::from(line));
    }
    let parts: [Part; 6] = [
        (glyphs.floor, Ok(containers), format!("charged to {}", containers_of(app))),
        (glyphs.free, host.mem_free, "free".to_owned()),
        (glyphs.droppable, Ok(runtimes), "charged to their runtimes".to_owned()),
        (" ", host.mem_available, "available".to_owned()),
        (glyphs.others, rest, "the rest: other processes, kernel".to_owned()),
        (" ", Ok(total), "in all".to_owned()),
    ];
    let told = |part: &Part| part_of(part, total);
    if width < WIDE {
        lines.extend(parts.iter().map(|part| Line::raw(told(part))));
    } else {
        let half = width / 2;
        lines.extend(parts.chunks(2).map(|pair| Line::raw(text::pad_right(&told(&pair[0]), half) + &told(&pair[1]))));
    }
    lines
}

fn containers_of(app: &App) -> String {
    let containers = app.model.groups().iter().filter(|group| group.is_container()).count();
    units::counted(
        containers as u64,
        if app.model.scope() == Scope::Containers { "container" } else { "cgroup of containers" },
    )
}

fn part_of((sign, size, what): &Part, total: u64) -> String {
    let share = size.map_or_else(|_| "?".to_owned(), |size| units::percent(size as f64 / total.max(1) as f64 * 100.0));
    let size = text::pad_left(&units::size_or_unknown(*size), 6);
    format!("  {sign} {size} {}  {what}", text::pad_left(&share, 4))
}

fn swap(app: &App, host: &Host, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = vec![rule("swap", "", width, theme)];
    if host.swap_total == Ok(0) {
        lines.push(fact("this host has no swap"));
        return lines;
    }
    if let (Ok(total), Ok(used)) = (host.swap_total, swap_used(host)) {
        let cached = host.swap_cached.unwrap_or(0).min(used);
        let mut line = vec![Span::raw("  ")];
        line.extend(bar::parts(used - cached, cached, total, width.saturating_sub(4), theme));
        lines.push(Line::from(line));
    }
    let [used, total, cached] = [swap_used(host), host.swap_total, host.swap_cached].map(units::size_or_unknown);
    let cache = theme.glyphs.droppable;
    lines.push(fact(&format!("{used} used of {total}, {cache} {cached} of it still in memory too (swap cache)")));
    lines.push(fact(&swapped(app)));
    lines
}

/// What goes in and out.
fn swapped(app: &App) -> String {
    const PAGE: u64 = 4096;
    if app.looks_back().is_some() {
        return format!("in and out: {}", Missing::NotKept.reason());
    }
    let Some(moved) = app.model.host_moved() else { return "in and out: needs two readings".to_owned() };
    let rate = |pages: Reading| match pages {
        Ok(pages) => format!("{}/s", units::size(pages.saturating_mul(PAGE))),
        Err(reason) => format!("? ({})", reason.reason()),
    };
    match (moved.swapped_in, moved.swapped_out) {
        (Err(reason), Err(_)) => format!("what goes in and out is not known: {}", reason.reason()),
        (read, written) => format!("read back {}, written {}, whoever causes it", rate(read), rate(written)),
    }
}

/// Lines of the chart on a screen so high; none where the facts need all of it.
fn chart_height(height: u16) -> u64 {
    match height {
        ..20 => 0,
        20..30 => 3,
        30..50 => 8,
        _ => 14,
    }
}

/// What could not be read, and why.
fn problems(app: &App, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    const MOST: usize = 100;
    let problems = app.model.problems();
    let log = app.model.snapshot().and_then(|snapshot| snapshot.oom_log.err());
    if app.looks_back().is_some() {
        return vec![rule("could not be read", "", width, theme), fact(Missing::NotKept.reason())];
    }
    let mut lines = vec![rule("could not be read", &problems.len().to_string(), width, theme)];
    lines.extend(log.map(|reason| fact(&format!("the kernel log: {}", reason.reason()))));
    let told = |problem: &Problem| fact(&format!("{} ({}): {}", problem.path, problem.doing, problem.error));
    lines.extend(problems.iter().take(MOST).map(told));
    if problems.len() > MOST {
        lines.push(fact(&format!("{} more", problems.len() - MOST)));
    }
    if lines.len() == 1 {
        lines.push(Line::styled("  nothing: every file was readable", theme.style(Role::Dim)));
    }
    lines
}
