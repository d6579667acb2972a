//! The screen on which columns are chosen, below what they make of the table.

use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::columns::{Choice, Chooser};
use crate::text;
use crate::ui::columns::{self, COLUMNS};
use crate::ui::theme::{Role, Theme};
use crate::ui::{fitted, rule, table};

/// What the column of names shows, which is always there.
const NAMES: &str = "what its owner calls it, in a pod behind the pod's name";

/// The heads and some rows, as they are with these columns.
const PREVIEW: usize = 4;

/// The choices around the cursor, in exactly `height` lines.
pub fn lines(app: &App, chooser: &Chooser, area: Rect, height: usize, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let mut lines = table::lines(app, width, PREVIEW, theme);
    let (name, meaning) = app.columns.preset().map_or(("your own", ""), |preset| (preset.name, preset.meaning));
    lines.push(rule(&format!("columns: {name}"), meaning, width, theme));
    let room = rows_in(height);
    let first = chooser.at.saturating_sub(room / 2).min(chooser.choices.len().saturating_sub(room));
    let shown: Vec<_> = columns::shown(app, width).collect();
    for (at, choice) in chooser.choices.iter().enumerate().skip(first).take(room) {
        let cells = shown.iter().find(|(id, _)| *id == choice.id).map(|(_, cells)| *cells);
        lines.push(line(app, choice, at == chooser.at, cells, theme));
    }
    fitted(lines, width, theme)
}

/// How many choices are seen in `height` lines.
pub fn rows_in(height: usize) -> usize {
    height.saturating_sub(PREVIEW + 1)
}

/// A column, the cells that it has where there is room for it, and what it shows.
fn line(app: &App, choice: &Choice, current: bool, cells: Option<usize>, theme: &Theme) -> Line<'static> {
    let (mark, role) = if choice.chosen { ("[x]", Role::Accent) } else { ("[ ]", Role::Plain) };
    let no_room = if choice.chosen && cells.is_none() { "no room: " } else { "" };
    let given = app.columns.cells(choice.id);
    let cells = cells.or(given.map(usize::from)).map_or_else(String::new, |cells| cells.to_string());
    let width = theme.style(if given.is_some() { Role::Accent } else { Role::Dim });
    let meaning = COLUMNS.iter().find(|column| column.id == choice.id).map_or(NAMES, |column| column.meaning);
    let line = Line::from(vec![
        Span::raw(if current { ">" } else { " " }),
        Span::styled(format!("{mark} {}", text::pad_right(choice.id, 22)), theme.style(role)),
        Span::styled(format!("{cells:>3}  "), width),
        Span::styled(no_room, theme.style(Role::Warning)),
        Span::styled(meaning, theme.style(Role::Dim)),
    ]);
    if current { line.style(theme.style(Role::Plain).add_modifier(Modifier::REVERSED)) } else { line }
}
