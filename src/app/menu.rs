//! The menu: every action, and what is chosen among many by its name: an order of the rows, a theme.
//!
//! Must not do what is chosen: it only says which it is.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEventKind};
use tui_input::Input;

use crate::app::action::{ACTIONS, Action, Entry};
use crate::app::{App, Effect, editor};
use crate::field::columns::field_of;
use crate::field::{self, FIELDS, Field, HEADS};
use crate::query::Sort;

/// The menu while it is open.
#[derive(Debug, Default)]
pub struct Menu {
    /// What it lists.
    pub list: List,
    /// What is typed to narrow it.
    pub typed: Input,
    /// The place of the cursor among what is listed.
    pub at: usize,
}

/// What a menu lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum List {
    /// Every action; and the orders and themes that what is typed is about.
    #[default]
    Everything,
    /// The orders of the rows.
    Orders,
}

/// Something to choose.
#[derive(Clone, Copy, Debug)]
pub enum Offer {
    /// An action.
    Action(&'static Entry),
    /// What needs attention first.
    Trouble,
    /// An order of the rows.
    Field(&'static Field),
    /// The colours of the screen: their name, and whom they are for.
    Theme(&'static str, &'static str),
}

impl Offer {
    /// What it is called.
    pub fn name(&self) -> String {
        match self {
            Self::Action(entry) => entry.name.to_owned(),
            Self::Trouble => "sort by trouble".to_owned(),
            Self::Field(field) => format!("sort by {}", field.id),
            Self::Theme(name, _) => format!("theme: {name}"),
        }
    }

    /// The head of the column that shows what it sorts by, if it has one of its own.
    pub fn head(&self) -> Option<&'static str> {
        let Self::Field(field) = self else { return None };
        HEADS.iter().find(|(_, id)| *id == field.id).map(|(head, _)| *head)
    }

    /// What it does.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Action(entry) => entry.meaning,
            Self::Trouble => "What needs attention first: kills, stalls, then how much of its limit cannot be dropped.",
            Self::Field(field) => field.meaning,
            Self::Theme(_, meaning) => meaning,
        }
    }

    fn has(&self, word: &str) -> bool {
        let heads = || self.heads().any(|head| head.to_lowercase().contains(word));
        self.name().contains(word) || self.meaning().to_lowercase().contains(word) || heads()
    }

    /// The heads of all columns that are views of what it sorts by.
    fn heads(&self) -> impl Iterator<Item = &'static str> {
        let id = if let Self::Field(field) = self { field.id } else { "" };
        HEADS.iter().filter(move |(_, known)| *known == id).map(|(head, _)| *head)
    }

    /// How far it is from what is typed: called so, beginning so, with that in its name, in its meaning.
    fn distance(&self, typed: &str) -> u8 {
        let name = self.name();
        let short = name.strip_prefix("sort by ").unwrap_or(&name);
        match () {
            () if short == typed || self.heads().any(|head| head.eq_ignore_ascii_case(typed)) => 0,
            () if name.starts_with(typed) => 1,
            () if typed.split_whitespace().all(|word| name.contains(word)) => 2,
            () => 3,
        }
    }
}

/// Offers for a step of the wheel.
const STEP: isize = 3;

impl App {
    pub(super) fn open_menu(&mut self) {
        self.menu = Some(Menu::default());
    }

    /// The orders of the rows; the cursor is on that by the focused column.
    pub(super) fn open_orders(&mut self) {
        self.menu = Some(Menu { list: List::Orders, ..Menu::default() });
        let focused = self.focused().map(|field| field.id);
        let at =
            self.offers().iter().position(|offer| matches!(offer, Offer::Field(field) if Some(field.id) == focused));
        if let Some(menu) = &mut self.menu {
            menu.at = at.unwrap_or(0);
        }
    }

    /// What has every word that is typed in its name, its meaning or the head of its column; what does nothing here
    /// comes last.
    pub fn offers(&self) -> Vec<Offer> {
        let Some(Menu { list, typed, .. }) = &self.menu else { return Vec::new() };
        let typed = typed.value().trim().to_lowercase();
        let mut offers: Vec<Offer> = match list {
            List::Orders => self.orders().collect(),
            List::Everything if typed.is_empty() => actions().collect(),
            List::Everything => actions().chain(self.orders()).chain(self.themes()).collect(),
        };
        offers.retain(|offer| typed.split_whitespace().all(|word| offer.has(word)));
        if !typed.is_empty() || *list == List::Everything {
            // Who types a name wants what is called so.
            offers.sort_by_cached_key(|offer| (!self.is_of_use(offer), offer.distance(&typed)));
        }
        offers
    }

    /// Those by the columns that are shown come first.
    fn orders(&self) -> impl Iterator<Item = Offer> {
        let shown = (self.layout.columns)(self).into_iter().filter_map(|column| field::find(field_of(column)));
        let mut fields: Vec<&'static Field> = Vec::new();
        for field in shown.chain(FIELDS) {
            if !fields.iter().any(|known| known.id == field.id) {
                fields.push(field);
            }
        }
        std::iter::once(Offer::Trouble).chain(fields.into_iter().map(Offer::Field))
    }

    fn themes(&self) -> impl Iterator<Item = Offer> {
        self.layout.themes.iter().map(|(name, meaning)| Offer::Theme(name, meaning))
    }

    /// Whether choosing it changes anything here.
    pub fn is_of_use(&self, offer: &Offer) -> bool {
        match offer {
            Offer::Action(entry) => self.does_something(entry.action),
            Offer::Trouble => self.does_something(Action::Trouble),
            Offer::Field(_) => true,
            Offer::Theme(name, _) => *name != self.theme,
        }
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
        let last = self.offers().len().saturating_sub(1);
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
        let chosen = *self.offers().get(at)?;
        if !self.is_of_use(&chosen) {
            return None;
        }
        self.menu = None;
        match chosen {
            Offer::Action(entry) => return self.act(entry.action),
            Offer::Trouble => self.set_sort(Sort::Trouble),
            Offer::Field(field) => self.sort_by(field),
            Offer::Theme(name, _) => self.set_theme(name),
        }
        None
    }
}

fn actions() -> impl Iterator<Item = Offer> {
    ACTIONS.iter().filter(|entry| entry.action != Action::Menu).map(Offer::Action)
}
