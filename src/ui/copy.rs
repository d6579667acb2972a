//! What is on the screen as plain text, for other places than terminals.

use ratatui::text::{Line, Span};

use crate::app::{App, Screen};
use crate::model::Group;
use crate::text;
use crate::ui::columns::COLUMNS;
use crate::ui::panels::state_of;
use crate::ui::{autopsies, header, plain, table};

/// More bytes than this some terminals do not take.
const LONGEST: usize = 48 * 1024;

/// The row, or the kills that are shown; nothing where there is neither.
pub fn text(app: &App) -> Option<String> {
    match &app.screen {
        _ if app.help => None,
        Screen::Table | Screen::Tree => app.current().map(|group| row(app, group)),
        Screen::Detail(id) => app.model.group(id).map(|group| row(app, group)),
        Screen::Autopsies => Some(joined(autopsies::blocks(app, &plain()))).filter(|text| !text.is_empty()),
        Screen::Alerts | Screen::Host | Screen::Columns(_) => None,
    }
}

/// One line: when, who, what holds it, and every figure of its columns.
fn row(app: &App, group: &Group) -> String {
    /// Nothing has to be cut.
    const WIDTH: usize = 1_000;
    let theme = plain();
    let when = app.model.snapshot().map(|snapshot| header::wall(app, snapshot.taken_at, "%Y-%m-%d %H:%M:%S "));
    let figures = app.columns.ids().iter().filter_map(|id| COLUMNS.iter().find(|column| column.id == *id));
    let figures = figures.filter(|column| !column.is_picture()).map(|column| {
        let cells = table::cells(app, group, column, WIDTH, &theme);
        format!("{} {}", column.id, plain_text(&cells))
    });
    let label = table::label(app, group);
    let state = text::visible(state_of(app, group)).into_owned();
    let figures = figures.collect::<Vec<_>>().join(", ");
    format!("{}{label}: {state}; {figures}", when.unwrap_or_default())
}

fn plain_text(cells: &[Span<'_>]) -> String {
    cells.iter().map(|span| &*span.content).collect::<String>().trim().to_owned()
}

/// As many whole lines as are not too much.
fn joined(lines: impl Iterator<Item = Line<'static>>) -> String {
    let mut text = String::new();
    for line in lines {
        let line = plain_text(&line.spans);
        if text.len() + line.len() >= LONGEST {
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text.trim().to_owned()
}
