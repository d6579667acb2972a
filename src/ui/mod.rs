//! What is seen: `view` draws the state on a frame and changes nothing.
//!
//! ```text
//! sentence                                  host clock
//! mem  bar   available of total             stall
//! swap bar   used of total                  swap cache
//!
//! heads
//! rows …
//! ── why: the row under the cursor ──
//! ── alerts ──
//! keys
//! ```

pub mod autopsies;
pub mod bar;
pub mod chart;
pub mod chooser;
pub mod columns;
pub mod copy;
pub mod detail;
pub mod footer;
pub mod header;
pub mod help;
pub mod host;
pub mod menu;
mod network;
pub mod own;
pub mod palette;
pub mod panels;
pub mod pointer;
pub mod processes;
mod resources;
pub mod sentence;
pub mod table;
pub mod theme;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use crate::app::action::Action;
use crate::app::widths::Width;
use crate::app::{App, Layout, Page, Screen};
use palette::{DARK, Depth};
use theme::{ASCII, Role, Theme};

/// Below this nothing can be told.
const SMALLEST: (u16, u16) = (30, 6);

fn has_room(width: u16, height: u16) -> bool {
    width >= SMALLEST.0 && height >= SMALLEST.1
}

/// Draws the dashboard.
pub fn view(app: &App, theme: &Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    if !has_room(area.width, area.height) {
        let texts = ["memcgtop: window too small", "window too small", "too small", ""];
        let text = texts.into_iter().find(|text| text.len() <= usize::from(area.width)).unwrap_or_default();
        frame.render_widget(Line::raw(text), Rect { height: area.height.min(1), ..area });
        return;
    }
    let body = usize::from(area.height) - 1;
    let lines = filling(app, area, body, theme);
    for (row, line) in (0..area.height - 1).zip(lines.into_iter().take(body)) {
        frame.render_widget(line, Rect { y: area.y + row, height: 1, ..area });
    }
    for (above, line) in (2..).zip(footer::above(app, usize::from(area.width), theme)) {
        let place = Rect { y: area.bottom() - above, height: 1, ..area };
        frame.render_widget(Clear, place);
        frame.render_widget(line, place);
    }
    frame.render_widget(
        footer::footer(app, usize::from(area.width), theme),
        Rect { y: area.bottom() - 1, height: 1, ..area },
    );
}

/// What fills the screen above the keys.
fn filling(app: &App, area: Rect, body: usize, theme: &Theme) -> Vec<Line<'static>> {
    match (&app.menu, text(app, area, theme), &app.screen) {
        (Some(menu), ..) => menu::lines(app, menu, area, body, theme),
        (None, Some(lines), _) => scrolled(app, lines, body, theme),
        (None, None, Screen::Columns(choices)) => chooser::lines(app, choices, area, body, theme),
        (None, None, _) => overview(app, area, theme),
    }
}

/// What the keys are told of the screen.
pub const LAYOUT: Layout =
    Layout { columns, cells, page, spot: pointer::spot, themes: &palette::NAMES, explanation, text: copy::text };

fn columns(app: &App) -> Vec<&'static str> {
    columns::shown(app, usize::from(app.size().0)).map(|(column, _)| column).collect()
}

fn cells(app: &App, column: &'static str) -> Width {
    columns::cells(app, column, usize::from(app.size().0))
}

fn explanation(app: &App) -> usize {
    help::explanation(app, usize::from(app.size().0.max(SMALLEST.0)), &plain())
}

fn page(app: &App) -> Page {
    let (width, height) = app.size();
    let area = Rect::new(0, 0, width.max(SMALLEST.0), height.max(SMALLEST.1));
    let theme = plain();
    let body = usize::from(area.height) - 1;
    if app.menu.is_some() {
        return Page { step: menu::rows_in(body), first: 0, last: app.offers().len().saturating_sub(1) };
    }
    if let Some(lines) = text(app, area, &theme) {
        return Page { step: body - 1, first: app.scroll, last: lines.len().saturating_sub(body) };
    }
    if let Screen::Columns(choices) = &app.screen {
        return Page { step: chooser::rows_in(body), first: 0, last: choices.choices.len().saturating_sub(1) };
    }
    let (above, below) = around_the_rows(app, area, &theme);
    let (room, all) = (body.saturating_sub(above.len() + below.len()), app.rows().len());
    let step = table::rows_in(room, all);
    Page { step, first: table::first_row(app, step), last: all.saturating_sub(1) }
}

/// For what is only counted: it does not matter what that is drawn with.
fn plain() -> Theme {
    Theme::new(&DARK, Depth::None, &ASCII)
}

/// All lines of the text that fills the screen, if one does.
fn text(app: &App, area: Rect, theme: &Theme) -> Option<Vec<Line<'static>>> {
    Some(match (&app.screen, app.help) {
        (_, true) => help::lines(app, area, theme),
        (Screen::Detail(id), _) => detail::lines(app, id, area, theme),
        (Screen::Autopsies, _) => autopsies::lines(app, area, theme),
        (Screen::Host, _) => host::lines(app, area, theme),
        (Screen::Alerts, _) => panels::alerts_screen(app, area, theme),
        (Screen::Table | Screen::Tree | Screen::Columns(_), _) => return None,
    })
}

/// The part of `lines` that is in the window; its last line says how many are below.
fn scrolled(app: &App, lines: Vec<Line<'static>>, height: usize, theme: &Theme) -> Vec<Line<'static>> {
    let most = lines.len().saturating_sub(height);
    let mut shown: Vec<_> = lines.into_iter().skip(app.scroll.min(most)).collect();
    let below = shown.len().saturating_sub(height);
    if below > 0 && height > 1 {
        shown.truncate(height - 1);
        let more = format!("  {} more lines: {}", below + 1, app.keys.told(Action::PageDown));
        shown.push(Line::styled(more, theme.style(Role::Dim)));
    }
    shown
}

fn overview(app: &App, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let (mut lines, below) = around_the_rows(app, area, theme);
    let room = usize::from(area.height - 1).saturating_sub(lines.len() + below.len());
    lines.extend(table::lines(app, usize::from(area.width), room, theme));
    lines.extend(below);
    lines
}

/// What stands above the rows, and what below, as far as the window's height allows.
fn around_the_rows(app: &App, area: Rect, theme: &Theme) -> (Vec<Line<'static>>, Vec<Line<'static>>) {
    let width = usize::from(area.width);
    let height = usize::from(area.height) - 1;
    let why = match height {
        ..15 => Vec::new(),
        15..26 => panels::why(app, width, 2, theme),
        _ => panels::why(app, width, 3, theme),
    };
    let alerts = match height {
        ..14 => Vec::new(),
        14..22 => panels::alerts(app, width, 2, theme),
        _ => panels::alerts(app, width, 4, theme),
    };
    let status = if height >= 28 { vec![Line::default(), panels::status(app, width, theme)] } else { Vec::new() };
    (header::lines(app, width, height, theme), [why, alerts, status].concat())
}

/// A rule across the screen with a title on its left and a note on its right.
fn rule(title: &str, note: &str, width: usize, theme: &Theme) -> Line<'static> {
    let dash = theme.glyphs.rule;
    let title = crate::text::truncate(title, width.saturating_sub(8), theme.glyphs.ellipsis).into_owned();
    let used = crate::text::width(&title) + 5;
    let note_width = crate::text::width(note);
    let shown = !note.is_empty() && used + note_width + 6 <= width;
    let end = if shown { format!(" {note} {dash}{dash}") } else { String::new() };
    let fill = width.saturating_sub(used - 1 + crate::text::width(&end));
    Line::from(vec![
        Span::styled(format!("{dash}{dash} "), theme.style(Role::Dim)),
        Span::styled(title, theme.style(Role::Strong)),
        Span::styled(format!(" {}{end}", dash.repeat(fill)), theme.style(Role::Dim)),
    ])
}

/// `lines` cut to the width of the window, each with a sign that something was left out.
fn fitted(lines: Vec<Line<'static>>, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    lines.into_iter().map(|line| if line.width() > width { cut(line, width, theme) } else { line }).collect()
}

fn cut(line: Line<'static>, width: usize, theme: &Theme) -> Line<'static> {
    let mut room = width;
    let mut spans = Vec::new();
    for span in line.spans {
        let cells = span.width();
        let last = cells >= room;
        let text = if last { format!("{} ", span.content) } else { span.content.into_owned() };
        let text = crate::text::truncate(&text, room, theme.glyphs.ellipsis).into_owned();
        spans.push(Span::styled(text, span.style));
        if last {
            break;
        }
        room -= cells;
    }
    Line::from(spans).style(line.style)
}

/// `lines` on as many lines as they take, each that goes on a little further in; a word that is longer than a line goes on
/// in the next.
fn folded(lines: Vec<Line<'static>>, width: usize) -> Vec<Line<'static>> {
    lines.into_iter().flat_map(|line| if line.width() > width { fold(&line, width) } else { vec![line] }).collect()
}

fn fold(line: &Line<'static>, width: usize) -> Vec<Line<'static>> {
    const HANGING: usize = 2;
    let text: String = line.spans.iter().map(|span| &*span.content).collect();
    let indent = (text.len() - text.trim_start_matches(' ').len() + HANGING).min(width / 3);
    let mut rows: Vec<Vec<Span<'static>>> = vec![Vec::new()];
    let mut left = width;
    for span in &line.spans {
        for word in span.content.split_inclusive(' ') {
            let mut rest = word;
            if crate::text::width(rest.trim_end()) > left && left < width - indent {
                rows.push(vec![Span::raw(" ".repeat(indent))]);
                left = width - indent;
            }
            while crate::text::width(rest.trim_end()) > left {
                let part = crate::text::beginning(rest, left);
                rows.last_mut().into_iter().for_each(|row| row.push(Span::styled(part.to_owned(), span.style)));
                rest = &rest[part.len()..];
                rows.push(vec![Span::raw(" ".repeat(indent))]);
                left = width - indent;
            }
            // The blank behind the last word of a row is not seen.
            let part = if crate::text::width(rest) > left { rest.trim_end() } else { rest };
            left -= crate::text::width(part);
            rows.last_mut().into_iter().for_each(|row| row.push(Span::styled(part.to_owned(), span.style)));
        }
    }
    rows.into_iter().map(|row| Line::from(row).style(line.style)).collect()
}

/// Words on as many lines as they take.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in words.split(' ') {
        let line = rows.last().map_or(0, |row| crate::text::width(row));
        if line > 0 && line + 1 + crate::text::width(word) > width {
            rows.push(word.to_owned());
        } else if let Some(row) = rows.last_mut() {
            row.push_str(if line > 0 { " " } else { "" });
            row.push_str(word);
        }
    }
    rows
}

/// Text on the left, a note on the right where there is room.
fn spread(mut left: Vec<Span<'static>>, right: Vec<Span<'static>>, width: usize) -> Line<'static> {
    let cells = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let (used, wanted) = (cells(&left), cells(&right));
    if used + wanted < width {
        left.push(Span::raw(" ".repeat(width - used - wanted)));
        left.extend(right);
    }
    Line::from(left)
}
