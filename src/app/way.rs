//! The way from screen to screen, and back.
//!
//! Must not change what a screen shows of its rows.

use std::sync::Arc;

use crate::app::{App, Screen};
use crate::snapshot::CgroupId;

/// Whose OOM kills are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All.
    All,
    /// Those of a row.
    Of(CgroupId),
    /// All, as none of the row that was meant is known.
    NoneOf(CgroupId),
}

impl App {
    pub(super) fn show(&mut self, screen: Screen) {
        self.help = false;
        self.scroll = 0;
        self.window.leave();
        self.processes = None;
        self.screen = screen;
        self.arrange();
    }

    /// The kills of the row, if there are any; all of them the second time.
    pub(super) fn show_autopsies(&mut self) {
        let row = match &self.screen {
            Screen::Table | Screen::Tree if self.grouping().is_none() => self.current().map(|group| &group.id),
            Screen::Detail(id) => Some(id),
            _ => None,
        };
        self.whose_kills = match row.filter(|id| &*id.path != "/").cloned() {
            None => Whose::All,
            Some(id) if self.model.autopsies().of(&id.path).is_some() => Whose::Of(id),
            Some(id) => Whose::NoneOf(id),
        };
        self.show(Screen::Autopsies);
    }

    /// The help; once more: what it says of the focused column; and then what was shown before.
    pub(super) fn ask_for_help(&mut self) {
        let explanation = (self.layout.explanation)(self);
        if self.help && self.scroll < explanation {
            self.scroll = explanation;
        } else {
            self.show_help();
        }
    }

    pub(super) fn show_help(&mut self) {
        self.help = !self.help;
        self.scroll = 0;
    }

    /// Everything about the row, which the cursor follows from now on.
    pub(super) fn open(&mut self) {
        if self.shows_rows() {
            self.select(self.cursor);
        }
        let Some(group) = self.current() else { return };
        match (&self.screen, self.grouping()) {
            (Screen::Table, Some(grouping)) => {
                let key = Arc::clone(&group.identity);
                self.open_sum(grouping, &key);
            }
            (Screen::Table | Screen::Tree, _) if self.is_host(group) => self.show(Screen::Host),
            (Screen::Table | Screen::Tree, _) => self.show(Screen::Detail(group.id.clone())),
            (Screen::Detail(_) | Screen::Alerts | Screen::Autopsies | Screen::Host | Screen::Columns(_), _) => {}
        }
    }

    pub(super) fn back(&mut self) {
        if self.help {
            self.show_help();
            return;
        }
        match self.screen {
            Screen::Table | Screen::Tree => self.clear_filter(),
            _ => self.leave(),
        }
    }

    /// Back to the rows.
    pub(super) fn leave(&mut self) {
        self.show(if self.tree { Screen::Tree } else { Screen::Table });
    }
}
