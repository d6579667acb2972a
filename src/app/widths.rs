//! How wide columns are: somebody gives them cells with keys, or draws their borders with the mouse.
//!
//! Must not know how wide a column needs to be: the screen says so.

use crate::app::{App, Screen};

/// The cells of a column: those that it has, and those that it has at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// Now.
    pub now: usize,
    /// Whatever somebody gives it.
    pub least: usize,
}

/// The right border of a column while the mouse holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    column: &'static str,
    /// Where it was taken, and how wide the column was then.
    from: u16,
    cells: usize,
}

impl App {
    /// Whether there is a column whose width can be changed.
    pub(super) fn has_widths(&self) -> bool {
        !self.help && matches!(self.screen, Screen::Table | Screen::Columns(_))
    }

    /// Makes the column wider, or narrower where `step` is negative.
    pub(super) fn widen(&mut self, step: isize) {
        let column = self.meant();
        let now = (self.layout.cells)(self, column).now;
        self.give(column, now.saturating_add_signed(step));
    }

    /// The column is as wide as it needs to be again.
    pub(super) fn forget_width(&mut self) {
        let column = self.meant();
        self.columns.set_cells(column, None);
    }

    /// The column that is chosen among all, or focused.
    fn meant(&self) -> &'static str {
        match &self.screen {
            Screen::Columns(chooser) => chooser.choices.get(chooser.at).map_or(self.focus, |choice| choice.id),
            _ => self.focus,
        }
    }

    fn give(&mut self, column: &'static str, cells: usize) {
        let least = (self.layout.cells)(self, column).least;
        self.columns.set_cells(column, Some(u16::try_from(cells.max(least)).unwrap_or(u16::MAX)));
    }

    /// The mouse takes the right border of a column.
    pub(super) fn take_border(&mut self, column: &'static str, from: u16) {
        let cells = (self.layout.cells)(self, column).now;
        self.held = Some(Held { column, from, cells });
    }

    /// The border goes where the mouse is.
    pub(super) fn draw_border(&mut self, to: u16) {
        let Some(Held { column, from, cells }) = self.held else { return };
        self.give(column, (cells + usize::from(to)).saturating_sub(usize::from(from)));
    }
}
