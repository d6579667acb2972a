//! The filter while it is typed.

use crossterm::event::{KeyCode, KeyEvent};
use tui_input::Input;

use crate::app::{App, editor};
use crate::query::Filter;

impl App {
    pub(super) fn open_editor(&mut self) {
        self.filter_before = self.filter.clone();
        self.editor = Some(Input::new(self.filter_text.clone()));
        self.past.forget_place();
        self.look_for_candidates();
    }

    pub(super) fn edit(&mut self, key: KeyEvent) {
        match key.code {
            KeyCode::Enter if self.filter_error.is_none() => {
                self.editor = None;
                self.past.keep(&self.filter_text);
            }
            KeyCode::Esc => {
                self.editor = None;
                self.clear_filter();
            }
            KeyCode::Tab => self.complete_with(1),
            KeyCode::BackTab => self.complete_with(-1),
            KeyCode::Up => self.recall(-1),
            KeyCode::Down => self.recall(1),
            _ => {
                self.change_filter(|editor| editor::press(editor, key));
                self.look_for_candidates();
            }
        }
    }

    /// Several at once, on one line.
    pub(super) fn paste(&mut self, text: &str) {
        self.change_filter(|editor| editor::paste(editor, text));
        self.look_for_candidates();
    }

    /// The candidates stay, so that the next one can be taken instead.
    fn complete_with(&mut self, step: isize) {
        if let Some(line) = self.complete(step) {
            self.change_filter(|editor| *editor = Input::new(line));
        }
    }

    fn recall(&mut self, step: isize) {
        let Some(editor) = &self.editor else { return };
        if let Some(line) = self.past.recall(editor.value(), step) {
            self.change_filter(|editor| *editor = Input::new(line));
            self.look_for_candidates();
        }
    }

    /// The filter works while it is typed; what means nothing yet leaves of it what does.
    fn change_filter(&mut self, change: impl FnOnce(&mut Input)) {
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
                self.filter = finished(&self.filter_text).unwrap_or_else(|| self.filter_before.clone());
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

/// The longest start of an expression that means something, up to a blank: the word in front of an operator means
/// something else alone. There are as many as blanks, of which nobody types many.
fn finished(text: &str) -> Option<Filter> {
    const MOST: usize = 64;
    let starts = text.rmatch_indices(' ').map(|(at, _)| text[..at].trim_end()).take(MOST);
    starts.filter(|start| !start.is_empty()).find_map(|start| Filter::parse(start).ok())
}
