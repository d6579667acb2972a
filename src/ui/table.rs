//! The rows: flat or as a tree, only those that the window shows.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::app::action::Action;
use crate::app::{App, Idle, Screen};
use crate::model::host::{mem_used, swap_used};
use crate::model::sums::Grouping;
use crate::model::{Group, Scope};
use crate::query::{Direction, Sort};
use crate::snapshot::{Host, Kind};
use crate::text;
use crate::ui::bar;
use crate::ui::columns::{self, Column};
use crate::ui::header;
use crate::ui::theme::{Role, Theme};
use crate::units;

/// The heads and the rows around the cursor, in exactly `height` lines.
pub fn lines(app: &App, width: usize, height: usize, theme: &Theme) -> Vec<Line<'static>> {
    let (name, columns) = columns::fit(&app.columns, width, columns::room_of(&app.screen, width));
    let mut lines = vec![heads(app, name, &columns, theme)];
    let total = app.rows().len();
    let room = height.saturating_sub(1);
    if total == 0 {
        lines.extend(nothing(app, theme));
    }
    let shown = rows_in(height, total);
    let first = first_row(app, shown);
    let mut trunks = Trunks::default();
    for (at, group) in app.rows().enumerate().take(first + shown) {
        let branch = if app.screen == Screen::Tree { trunks.branch(app, at, group, theme) } else { String::new() };
        if at >= first {
            lines.push(row(app, group, &branch, at == app.cursor(), name, &columns, theme));
        }
    }
    if total > room && room > 0 {
        lines.push(rest(app, first, shown, theme));
    }
    lines.resize(height, Line::default());
    lines
}

/// How many of `total` rows fit below their heads in `height` lines. One line is kept to say what is left out, if
/// anything is.
pub fn rows_in(height: usize, total: usize) -> usize {
    let room = height.saturating_sub(1);
    if total > room { room.saturating_sub(1) } else { room }
}

/// The first of the `shown` rows: the one that it was, as long as the cursor is among them.
pub fn first_row(app: &App, shown: usize) -> usize {
    let cursor = app.cursor();
    let lowest = (cursor + 1).saturating_sub(shown);
    app.top().clamp(lowest, cursor.max(lowest)).min(app.rows().len().saturating_sub(shown))
}

fn heads(app: &App, name: usize, columns: &[(&Column, usize)], theme: &Theme) -> Line<'static> {
    let style = |column: &str| {
        if column == app.focus && app.screen == Screen::Table {
            theme.style(Role::Accent).add_modifier(Modifier::UNDERLINED)
        } else {
            theme.style(Role::Dim)
        }
    };
    let head = |title: &str, column: &str| Span::styled(title.to_owned(), style(column));
    let title = match (app.grouping(), &app.screen, app.model.scope()) {
        (Some(Grouping::Pod), ..) => "POD",
        (Some(Grouping::Namespace), ..) => "NAMESPACE",
        (Some(Grouping::Image), ..) => "IMAGE",
        (Some(Grouping::Runtime), ..) => "RUNTIME",
        (Some(Grouping::Netns), ..) => "NETNS",
        (None, Screen::Tree, _) | (None, _, Scope::Everything) => "CGROUP",
        (None, _, Scope::Containers) => "CONTAINER",
    };
    // In the blank in front of the head.
    let sorted = |column: &str| match app.sort {
        Sort::Field(field, direction) if field.id == column => {
            let [ascending, descending] = theme.glyphs.sorted;
            let arrow = if direction == Direction::Ascending { ascending } else { descending };
            Span::styled(arrow, theme.style(Role::Accent))
        }
        _ => blanks(1),
    };
    let mut spans = vec![blanks(columns::SIGN - 1), sorted("name"), head(title, "name"), blanks(name - title.len())];
    for (column, width) in columns {
        if column.is_bar() {
            let glyphs = theme.glyphs;
            let goes = if *width > columns::BAR { "drop" } else { "go" };
            let legend = format!("{}stay {}{goes}", glyphs.floor, glyphs.droppable);
            spans.push(blanks(1));
            let short = text::pad_right(&text::truncate(&legend, *width, glyphs.ellipsis), *width);
            spans.push(Span::styled(short, style(column.id)));
            continue;
        }
        let title = text::truncate(&column.title, *width, theme.glyphs.ellipsis);
        let fill = blanks(width.saturating_sub(text::width(&title)));
        // A marker stands behind limits and hits; their heads stand above the figures.
        let marked = usize::from(matches!(column.id, "effective_limit" | "failcnt" | "failcnt_rate"));
        let (before, after) = if column.right { (fill.width() - marked, marked) } else { (0, fill.width()) };
        spans.extend([blanks(before), sorted(column.id), head(&title, column.id), blanks(after)]);
    }
    Line::from(spans)
}

fn blanks(cells: usize) -> Span<'static> {
    Span::raw(" ".repeat(cells))
}

fn row(
    app: &App,
    group: &Group,
    branch: &str,
    current: bool,
    name: usize,
    columns: &[(&Column, usize)],
    theme: &Theme,
) -> Line<'static> {
    let branch = text::truncate(branch, name.saturating_sub(6), theme.glyphs.ellipsis).into_owned();
    let room = name - text::width(&branch);
    let mut spans = vec![Span::raw(if current { ">" } else { " " })];
    spans.extend(columns::sign(group, theme));
    spans.push(Span::raw(" "));
    spans.push(Span::styled(branch, theme.style(Role::Dim)));
    let gone = gone(app, group, room);
    let label = text::elide(&label(app, group), room - text::width(&gone), theme.glyphs.ellipsis).into_owned() + &gone;
    let label = text::pad_right(&label, room);
    let style = if current { theme.style(Role::Strong) } else { theme.style(Role::Plain) };
    spans.push(Span::styled(label, style));
    for (column, width) in columns {
        let cells = cells(app, group, column, *width, theme);
        let used: usize = cells.iter().map(Span::width).sum();
        let fill = blanks(width.saturating_sub(used));
        spans.push(Span::raw(" "));
        // A bar in reverse would show the opposite of what it says.
        if column.is_picture() && current {
            spans.extend(cells.into_iter().chain([fill]).map(upright));
            continue;
        }
        if column.right {
            spans.push(fill);
            spans.extend(cells);
        } else {
            spans.extend(cells);
            spans.push(fill);
        }
    }
    if group.gone.is_some() {
        // As of its last reading; the sign alone is news.
        spans[3..].iter_mut().for_each(|span| span.style = theme.style(Role::Dim));
    }
    let line = Line::from(spans);
    if current { line.style(theme.style(Role::Plain).add_modifier(Modifier::REVERSED)) } else { line }
}

/// When a container vanished that the OOM killer took from, as exactly as there is room for.
fn gone(app: &App, group: &Group, room: usize) -> String {
    let Some(gone) = group.gone else { return String::new() };
    let exact = format!(" gone {}", header::wall(app, gone.when, "%H:%M:%S"));
    if exact.len() + 8 <= room { exact } else { " gone".to_owned() }
}

fn upright(span: Span<'static>) -> Span<'static> {
    let style = span.style.remove_modifier(Modifier::REVERSED);
    span.style(style)
}

/// What a column shows of a row.
pub fn cells(app: &App, group: &Group, column: &Column, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    match app.model.host() {
        Some(host) if app.is_host(group) => host_cells(app, host, column, width, theme),
        _ => column.cells(app, group, width, theme),
    }
}

/// The root cgroup has no figures of its own; the row shows the host's.
fn host_cells(app: &App, host: &Host, column: &Column, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    let (Ok(total), Ok(available), Ok(used)) = (host.mem_total, host.mem_available, mem_used(host)) else {
        return Vec::new();
    };
    let nothing = || vec![Span::styled("-", theme.style(Role::Dim))];
    match column.id {
        "bar" => bar::parts(used, available.saturating_sub(host.mem_free.unwrap_or(available)), total, width, theme),
        "usage" => vec![Span::raw(units::size(used))],
        "effective_limit" => vec![Span::raw(units::size(total)), Span::raw(" ")],
        "percent" => vec![Span::raw(units::percent(used as f64 / total.max(1) as f64 * 100.0))],
        "oom_kill_total" => host.oom_kill.map_or_else(|_| nothing(), |kills| vec![Span::raw(units::count(kills))]),
        "swap" => columns::size(swap_used(host), theme),
        "swap_cached" => columns::size(host.swap_cached, theme),
        "psi.some_avg10" => {
            let stall = app.model.host_past().stall;
            stall.map_or_else(|_| nothing(), |stall| vec![Span::raw(format!("{stall:.0}%"))])
        }
        "trend" => Vec::new(),
        "failcnt" | "failcnt_rate" => vec![Span::styled("- ", theme.style(Role::Dim))],
        _ => nothing(),
    }
}

/// What a row is called, safe for the terminal.
pub fn label(app: &App, group: &Group) -> String {
    if app.is_host(group) {
        return if app.is_folded(&group.id) { "+ / host".to_owned() } else { "/ host".to_owned() };
    }
    if app.screen != Screen::Tree {
        return text::visible(&group.identity.label()).into_owned();
    }
    // A container stands below its pod there.
    let name = match group.identity.kind {
        Kind::Container => text::visible(&group.identity.name).into_owned(),
        Kind::Pod => format!("pod: {}", text::visible(&group.identity.label())),
        _ => text::visible(&group.identity.label()).into_owned(),
    };
    let folded = if app.is_folded(&group.id) { "+ " } else { "" };
    match (&group.identity.runtime, group.is_container()) {
        (Some(runtime), true) => format!("{folded}{}: {name}", text::visible(runtime)),
        _ => format!("{folded}{name}"),
    }
}

/// Which columns of the tree's lines go on below, row by row.
#[derive(Default)]
struct Trunks(Vec<bool>);

impl Trunks {
    fn branch(&mut self, app: &App, at: usize, group: &Group, theme: &Theme) -> String {
        let [child, last, on, nothing] = theme.glyphs.branches;
        let followed = app
            .rows()
            .skip(at + 1)
            .take_while(|below| below.depth >= group.depth)
            .any(|below| below.depth == group.depth);
        self.0.resize(group.depth + 1, false);
        self.0[group.depth] = followed;
        let Some(above) = self.0.get(1..group.depth).filter(|_| group.depth > 0) else { return String::new() };
        let lines: String = above.iter().map(|&goes_on| if goes_on { on } else { nothing }).collect();
        format!("{lines}{}", if followed { child } else { last })
    }
}

/// What the window does not show, with its sum.
fn rest(app: &App, first: usize, shown: usize, theme: &Theme) -> Line<'static> {
    let hidden =
        || app.rows().enumerate().filter(|(at, _)| *at < first || *at >= first + shown).map(|(_, group)| group);
    let usage: u64 = hidden().filter_map(|group| group.figures.usage.ok()).sum();
    let sum = if app.screen == Screen::Table { format!(", {}", units::size(usage)) } else { String::new() };
    Line::styled(format!("    {} more{sum}", hidden().count()), theme.style(Role::Dim))
}

/// Why there are no rows, and what to do.
fn nothing(app: &App, theme: &Theme) -> Vec<Line<'static>> {
    let cgroups = units::counted(app.model.groups().len() as u64, "cgroup");
    let text = match app.model.snapshot() {
        None => "    reading the cgroups ...".to_owned(),
        Some(_) if app.filtered() => {
            format!("    nothing matches the filter; {} clears it", app.keys.told(Action::Back))
        }
        Some(_) if app.idle == Idle::Hidden => "    nothing happens; i shows the idle ones".to_owned(),
        Some(_) if app.model.scope() == Scope::Everything => "    no cgroups".to_owned(),
        Some(_) => format!("    no containers among {cgroups}; A shows every cgroup"),
    };
    vec![Line::default(), Line::styled(text, theme.style(Role::Plain))]
}
