//! The theme: which colours there are is the screen's business, which of them are meant is somebody's choice.

use crate::app::App;
use crate::app::action::Action;

impl App {
    /// The theme after this one, or the first.
    pub(super) fn next_theme(&mut self) {
        let themes = self.layout.themes;
        let at = themes.iter().position(|(name, _)| *name == self.theme).map_or(0, |at| (at + 1) % themes.len());
        if let Some((name, _)) = themes.get(at) {
            self.set_theme(name);
        }
    }

    pub(super) fn set_theme(&mut self, name: &'static str) {
        self.theme = name;
        let key = self.keys.told(Action::Save);
        self.notice = Some((Ok(format!("theme {name}; {key} saves it")), self.model.now()));
    }
}
