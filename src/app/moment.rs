//! Back through the past while the screen is frozen: everything is shown as of a moment, and what was not kept is not.
//!
//! The model of that moment takes the place of the present one, so that no screen has to know of it. What changes the
//! model is done to the present.

use std::time::Duration;

use crate::app::App;
use crate::model::sums::Sums;
use crate::model::{Model, Scope};

impl App {
    /// What was known when the screen was frozen, whichever moment is shown; live, what is known.
    pub fn present(&self) -> &Model {
        self.present.as_deref().unwrap_or(&self.model)
    }

    /// How long before that the shown moment is, if it is one of the past.
    pub fn looks_back(&self) -> Option<Duration> {
        self.present.as_ref().map(|present| present.now().saturating_sub(self.model.now()))
    }

    /// So many readings forth, or back where that is negative; a screen that is not frozen yet becomes so.
    pub(super) fn step(&mut self, by: isize) {
        if !self.paused() && by < 0 {
            self.pause();
        }
        let moments: Vec<Duration> = self.present().moments().collect();
        let last = moments.len().saturating_sub(1);
        let at = moments.iter().rposition(|moment| *moment <= self.model.now()).unwrap_or(last);
        let to = at.saturating_add_signed(by).min(last);
        self.look_at(moments.get(to).copied().filter(|_| to < last));
        if by < 0 && at == 0 {
            self.notice = Some((Err("nothing older is kept".to_owned()), self.model.now()));
        }
    }

    /// Shows a moment of the past, or the present.
    pub(super) fn look_at(&mut self, moment: Option<Duration>) {
        if moment.is_none() && self.present.is_none() {
            return;
        }
        if let Some(present) = self.present.take() {
            self.model = *present;
        }
        if let Some(past) = moment.and_then(|moment| self.model.at(moment)) {
            self.present = Some(Box::new(std::mem::replace(&mut self.model, past)));
        }
        // Their histories would have holes.
        self.sums = self.sums.take().map(|sums| Sums::new(sums.grouping));
        self.arrange();
    }

    /// Does something to what is known by now, and comes back to the moment that is shown.
    pub(super) fn in_the_present(&mut self, act: impl FnOnce(&mut Self)) {
        let moment = self.present.is_some().then(|| self.model.now());
        self.look_at(None);
        act(self);
        self.look_at(moment);
    }

    pub(super) fn toggle_scope(&mut self) {
        self.in_the_present(|app| {
            let scope = match app.model.scope() {
                Scope::Containers => Scope::Everything,
                Scope::Everything => Scope::Containers,
            };
            app.model.set_scope(scope);
            app.arrange();
        });
    }
}
