//! Where the cursor is among rows and choices, and how far a text is scrolled.

use crate::app::{App, Page, Screen};

impl App {
    /// By as much as is seen.
    pub(super) fn turn(&mut self, pages: isize) {
        let Page { step, .. } = (self.layout.page)(self);
        self.go(pages * isize::try_from(step.max(1)).unwrap_or(isize::MAX));
    }

    /// Moves the cursor, or scrolls what has none.
    pub(super) fn go(&mut self, by: isize) {
        let Page { first, last, .. } = (self.layout.page)(self);
        let to = |at: usize| at.min(last).saturating_add_signed(by).min(last);
        match &mut self.screen {
            _ if self.help => self.scroll = to(self.scroll),
            Screen::Table | Screen::Tree => {
                self.top = first;
                self.select(to(self.cursor));
            }
            Screen::Columns(chooser) => chooser.at = to(chooser.at),
            Screen::Detail(_) | Screen::Alerts | Screen::Autopsies | Screen::Host => self.scroll = to(self.scroll),
        }
    }

    /// To the first row, and there the cursor stays, whichever row that is; or to the beginning of a text.
    pub(super) fn go_first(&mut self) {
        self.go(isize::MIN / 2);
        if matches!(self.screen, Screen::Table | Screen::Tree) && !self.help {
            self.selected = None;
        }
    }

    /// Whether the cursor stays on the first row, whichever that is.
    pub fn stays_first(&self) -> bool {
        self.selected.is_none()
    }

    /// From everything about a row to everything about its neighbour, at the same lines of it.
    pub(super) fn step_row(&mut self, step: isize) {
        let Screen::Detail(id) = &self.screen else { return };
        let here = self.rows().position(|group| group.id == *id);
        // A row that is not among those that are shown any more has left the cursor beside it.
        let to = here.map_or(Some(self.cursor), |here| here.checked_add_signed(step));
        let Some((to, id)) = to.and_then(|to| Some((to, self.rows().nth(to)?.id.clone()))) else { return };
        let scroll = self.scroll;
        self.select(to);
        self.show(Screen::Detail(id));
        self.scroll = scroll;
    }

    pub(super) fn select(&mut self, at: usize) {
        let id = self.rows().nth(at).map(|group| group.id.clone());
        self.cursor = at;
        self.selected = id;
    }
}
