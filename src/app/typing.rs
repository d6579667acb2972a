//! The filter while it is typed.

use crossterm::event::{KeyCode, KeyEvent};
use tui_input::Input;

use crate::app::{App, editor};
use crate::query::Filter;

impl App {
    pub(super) fn open_editor(&mut self) {
        self.filter_before = self.filter.clone();
        self.editor = Some(Input::new(self.filter_text.clone()));
    }

    pub(super) fn edit(&mut self, key: KeyEvent) {
        match key.code {
            KeyCode::Enter if self.filter_error.is_none() => self.editor = None,
            KeyCode::Esc => {
                self.editor = None;
                self.clear_filter();
            }
            _ => self.change_filter(|editor| editor::press(editor, key)),
        }
    }

    /// The filter works while it is typed; what means nothing yet leaves the rows as they were.
    pub(super) fn change_filter(&mut self, change: impl FnOnce(&mut Input)) {
        let Some(editor) = &mut self.editor else { return };
        change(editor);
        if editor.value() == self.filter_text {
            return;
        }
        editor.value().clone_into(&mut self.filter_text);
        match Filter::parse(&self.filter_text) {
            Ok(filter) => {
                self.filter = filter;
                self.filter_error = None;
            }
            Err(error) => {
                // A part of an expression may mean something else: the rows go back to what they were before.
                self.filter = self.filter_before.clone();
                self.filter_error = Some(error.to_string());
            }
        }
        self.arrange();
    }

    pub(super) fn clear_filter(&mut self) {
        self.filter = Filter::All;
        self.filter_text.clear();
        self.filter_error = None;
        self.arrange();
    }
}
