//! Which actions do something on the screen that is shown.
//!
//! Must not do them.

use crate::app::action::Action;
use crate::app::{App, Screen};
use crate::query::Sort;

impl App {
    /// Whether an action changes anything here.
    pub fn does_something(&self, action: Action) -> bool {
        let has_rows = matches!(self.screen, Screen::Table | Screen::Tree);
        match action {
            Action::Previous | Action::Next => matches!(self.screen, Screen::Detail(_)),
            Action::ZoomIn | Action::ZoomOut => self.has_chart() && !self.help,
            Action::Left | Action::Right => has_rows || self.has_chart() || matches!(self.screen, Screen::Columns(_)),
            Action::Open => has_rows && self.current().is_some() || matches!(self.screen, Screen::Columns(_)),
            Action::Back => self.help || !has_rows || !self.filter_text.is_empty(),
            Action::Narrower | Action::Wider | Action::OwnWidth => self.has_widths(),
            Action::Reverse => matches!(self.sort, Sort::Field(..)),
            Action::Trouble => !matches!(self.sort, Sort::Trouble),
            Action::AcknowledgeRow => self.current().is_some(),
            Action::Later | Action::MuchLater => self.looks_back().is_some(),
            Action::Host => self.screen != Screen::Host || self.help,
            Action::Copy => (self.layout.text)(self).is_some(),
            _ => true,
        }
    }
}
