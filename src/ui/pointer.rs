//! What is drawn at a place of the screen.

use ratatui::layout::Rect;

use crate::app::{App, Spot};
use crate::ui::{around_the_rows, columns, plain, table};

/// The row or the head at a column and a line, both from 0 on.
pub fn spot(app: &App, (column, line): (u16, u16)) -> Option<Spot> {
    let (width, height) = app.size();
    let theme = plain();
    if !app.shows_rows() || !super::has_room(width, height) {
        return None;
    }
    let (above, below) = around_the_rows(app, Rect::new(0, 0, width, height), &theme);
    let room = usize::from(height - 1).saturating_sub(above.len() + below.len());
    let line = usize::from(line).checked_sub(above.len())?;
    match line.checked_sub(1) {
        None => head(app, usize::from(width), usize::from(column)),
        Some(row) => {
            let shown = table::rows_in(room, app.rows().len());
            let row = (row < shown).then(|| table::first_row(app, shown) + row)?;
            (row < app.rows().len()).then_some(Spot::Row(row))
        }
    }
}

/// The head at a cell, or the border: the blank behind a column.
fn head(app: &App, width: usize, cell: usize) -> Option<Spot> {
    let mut left = cell.checked_sub(columns::SIGN)?;
    for (column, cells) in columns::shown(app, width) {
        if left < cells {
            return Some(Spot::Head(column));
        }
        if left == cells {
            return Some(Spot::Border(column));
        }
        left -= cells + 1;
    }
    None
}
