//! Every sign, column and key explained, from the tables that they come from.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::action::{ACTIONS, Action};
use crate::field;
use crate::field::columns::PRESETS;
use crate::text;
use crate::ui::columns::COLUMNS;
use crate::ui::theme::{Role, Theme};
use crate::ui::{fitted, rule};

const SIGNS: [(&str, &str); 11] = [
    ("=", "at its own limit, calm: page cache that turns over"),
    ("^", "held by an ancestor's limit: its pod's, its slice's"),
    ("~", "slowed down at memory.high"),
    ("H", "the host is short, and takes from it"),
    ("X", "the OOM killer took from it within 10 minutes"),
    ("?", "at its limit, and this kernel's counters cannot tell more"),
    (
        "!",
        "behind a sign: it kills, refuses or costs time now: a stall of 10 % or more, or 200 pages of processes read back a second",
    ),
    ("+ ^ ~", "behind a figure: hits rose within 10 s; the limit or hits are an ancestor's; memory.high lies below"),
    ("*", "behind a limit: its runtime's configuration asks for another (the details of the row tell which)"),
    ("#", "behind a limit: OpenVZ's privvmpages, a limit on what is allocated, used or not"),
    ("0 - ?", "the kernel says zero; does not apply; the kernel does not say (the details tell why)"),
];

/// The help: keys, the focused column, and then everything else that is shown.
pub fn lines(app: &App, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let mut lines = keys(app, width, theme);
    if let Some(field) = app.focused() {
        lines.push(rule(&format!("column {}", field.id), "the focused one", width, theme));
        lines.extend(wrapped("", field.meaning, width, theme));
        lines.extend(wrapped("", &format!("v1 | v2: {}", field.source), width, theme));
    }
    lines.push(rule("signs", "", width, theme));
    lines.extend(SIGNS.iter().flat_map(|(sign, meaning)| wrapped(sign, meaning, width, theme)));
    lines.extend(columns(width, theme));
    lines.push(rule("figures, as in filters, --sort and --columns", "", width, theme));
    for field in field::FIELDS {
        lines.extend(wrapped(field.id, &format!("{} [{}]", field.meaning, field.source), width, theme));
    }
    fitted(lines, width, theme)
}

fn keys(app: &App, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let again = format!("{} again: the focused column", app.keys.told(Action::Help));
    let mut lines = vec![rule("keys", &again, width, theme)];
    lines.extend(ACTIONS.iter().flat_map(|entry| wrapped(&app.keys.shown(entry.action), entry.meaning, width, theme)));
    lines
}

/// The line at which the focused column is explained.
pub fn explanation(app: &App, width: usize, theme: &Theme) -> usize {
    keys(app, width, theme).len()
}

/// Every column by its head, with the field that filters and --sort know it by.
fn columns(width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let glyphs = theme.glyphs;
    let bar = [glyphs.floor, glyphs.droppable, glyphs.used, glyphs.others, glyphs.free, glyphs.high].join(" ");
    let mut lines = vec![rule("columns, and their fields", "", width, theme)];
    lines.extend(wrapped("CONTAINER", "what its owner calls it, in a pod behind the pod's name [name]", width, theme));
    for column in COLUMNS.iter().filter(|column| column.has_own_head()) {
        let head = if column.is_bar() { &bar } else { &*column.title };
        lines.extend(wrapped(head, &format!("{} [{}]", column.meaning, column.id), width, theme));
    }
    lines.push(rule("sets of columns", "", width, theme));
    lines.extend(PRESETS.iter().flat_map(|preset| wrapped(preset.name, preset.meaning, width, theme)));
    lines
}

/// A term and its meaning, on as many lines as it takes.
fn wrapped(term: &str, meaning: &str, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    const TERM: usize = 22;
    let room = width.saturating_sub(TERM + 2).max(10);
    let mut term = text::pad_right(term, TERM);
    super::wrapped(meaning, room)
        .into_iter()
        .map(|row| {
            let head = std::mem::replace(&mut term, " ".repeat(TERM));
            Line::from(vec![Span::raw(" "), Span::styled(head, theme.style(Role::Accent)), Span::raw(row)])
        })
        .collect()
}
