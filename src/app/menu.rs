//! The menu of all actions: which are listed, in which order, and which one is chosen.
//!
//! Must not do what is chosen: it only says which it is.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEventKind};
use tui_input::Input;

use crate::app::action::{ACTIONS, Action, Entry};
use crate::app::{App, Effect, editor};

/// The menu while it is open.
#[derive(Debug, Default)]
pub struct Menu {
    /// What is typed to narrow it.
    pub typed: Input,
    /// The place of the cursor among what is listed.
    pub at: usize,
}

/// Actions for a step of the wheel.
const STEP: isize = 3;

impl App {
    pub(super) fn open_menu(&mut self) {
        self.menu = Some(Menu::default());
    }

    /// The actions that have every word that is typed in their name or meaning; those that do nothing here come last.
    pub fn listed_actions(&self) -> Vec<&'static Entry> {
        let typed = self.menu.as_ref().map_or("", |menu| menu.typed.value()).to_lowercase();
        let has = |entry: &Entry, word: &str| entry.name.contains(word) || entry.meaning.to_lowercase().contains(word);
        let is_listed =
            |entry: &&Entry| entry.action != Action::Menu && typed.split_whitespace().all(|word| has(entry, word));
        let mut listed: Vec<_> = ACTIONS.iter().filter(is_listed).collect();
        // Who types a name wants what is called so.
        let rank = |entry: &Entry| (!self.does_something(entry.action), !entry.name.starts_with(typed.trim()));
        listed.sort_by_key(|entry| rank(entry));
        listed
    }

    /// What comes from the terminal while the menu is open.
    pub(super) fn input_to_menu(&mut self, event: &Event) -> Option<Effect> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => {}
            Event::Key(key) if key.modifiers.contains(KeyModifiers::CONTROL) => return self.control_menu(*key),
            Event::Key(key) => return self.press_in_menu(*key),
            Event::Mouse(event) if event.kind == MouseEventKind::ScrollUp => self.move_in_menu(-STEP),
            Event::Mouse(event) if event.kind == MouseEventKind::ScrollDown => self.move_in_menu(STEP),
            Event::Paste(text) => self.type_in_menu(|line| editor::paste(line, text)),
            Event::Resize(columns, rows) => self.size = (*columns, *rows),
            _ => {}
        }
        None
    }

    /// Letters with Ctrl are not typed: those that move do so here, and those that leave leave.
    fn control_menu(&mut self, key: KeyEvent) -> Option<Effect> {
        let page = self.menu_page();
        match self.keys.action(&key)? {
            action @ (Action::Quit | Action::Suspend) => return self.act(action),
            Action::Up => self.move_in_menu(-1),
            Action::Down => self.move_in_menu(1),
            Action::PageUp => self.move_in_menu(-page),
            Action::PageDown => self.move_in_menu(page),
            _ => {}
        }
        None
    }

    fn press_in_menu(&mut self, key: KeyEvent) -> Option<Effect> {
        let page = self.menu_page();
        match key.code {
            KeyCode::Enter => return self.do_chosen(),
            KeyCode::Esc => self.menu = None,
            KeyCode::Up | KeyCode::BackTab => self.move_in_menu(-1),
            KeyCode::Down | KeyCode::Tab => self.move_in_menu(1),
            KeyCode::PageUp => self.move_in_menu(-page),
            KeyCode::PageDown => self.move_in_menu(page),
            _ => self.type_in_menu(|line| editor::press(line, key)),
        }
        None
    }

    fn menu_page(&self) -> isize {
        isize::try_from((self.layout.page)(self).step).unwrap_or(isize::MAX)
    }

    fn move_in_menu(&mut self, by: isize) {
        let last = self.listed_actions().len().saturating_sub(1);
        if let Some(menu) = &mut self.menu {
            menu.at = menu.at.saturating_add_signed(by).min(last);
        }
    }

    fn type_in_menu(&mut self, change: impl FnOnce(&mut Input)) {
        let Some(menu) = &mut self.menu else { return };
        let before = menu.typed.value().to_owned();
        change(&mut menu.typed);
        if menu.typed.value() != before {
            menu.at = 0;
        }
    }

    /// The menu closes with what is done. What does nothing here leaves it open.
    fn do_chosen(&mut self) -> Option<Effect> {
        let at = self.menu.as_ref()?.at;
        let chosen = self.listed_actions().get(at)?.action;
        if !self.does_something(chosen) {
            return None;
        }
        self.menu = None;
        self.act(chosen)
    }
}
