//! The columns: which one is focused, what it sorts by, and which of them there are.

use crate::app::action::Action;
use crate::app::{App, Screen};
use crate::field::Field;
use crate::field::columns::Columns;
use crate::query::Sort;

/// The columns while they are chosen. None of them moves unless somebody moves it; that of names is always the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chooser {
    /// Those that were shown at first, and then the others.
    pub choices: Vec<Choice>,
    /// The place of the cursor.
    pub at: usize,
}

/// A column that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The column.
    pub id: &'static str,
    /// Whether it is shown.
    pub chosen: bool,
}

/// The column that is always there, and always the first.
const NAME: &str = "name";

impl Chooser {
    /// The cursor begins at the focused one.
    fn new(columns: &Columns, focus: &str) -> Self {
        let mut choices = vec![Choice { id: NAME, chosen: true }];
        let shown = columns.ids().iter().map(|id| Choice { id, chosen: true });
        for choice in shown.chain(Columns::all().map(|id| Choice { id, chosen: false })) {
            if choices.iter().all(|known| known.id != choice.id) {
                choices.push(choice);
            }
        }
        let at = choices.iter().position(|choice| choice.id == focus).unwrap_or(0);
        Self { choices, at }
    }

    fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.choices.iter().filter(|choice| choice.chosen).map(|choice| choice.id)
    }

    fn toggle(&mut self) {
        if let Some(choice) = self.choices.get_mut(self.at).filter(|choice| choice.id != NAME) {
            choice.chosen = !choice.chosen;
        }
    }

    fn carry(&mut self, step: isize) {
        let to = self.at.saturating_add_signed(step).clamp(1, self.choices.len().saturating_sub(1).max(1));
        if self.at > 0 {
            self.choices.swap(self.at, to);
            self.at = to;
        }
    }
}

impl App {
    /// Opens what columns are chosen with, or closes it.
    pub(super) fn show_chooser(&mut self) {
        match self.screen {
            Screen::Columns(_) => self.leave(),
            _ => self.show(Screen::Columns(Chooser::new(&self.columns, self.focus))),
        }
    }

    /// What an action does while columns are chosen; whether it does something else then than usually.
    pub(super) fn choose(&mut self, action: Action) -> bool {
        let Screen::Columns(chooser) = &mut self.screen else { return false };
        match action {
            _ if self.help => return false,
            Action::Pause => chooser.toggle(),
            Action::Faster => chooser.carry(-1),
            Action::Slower => chooser.carry(1),
            Action::Left => {
                self.widen(-1);
                return true;
            }
            Action::Right => {
                self.widen(1);
                return true;
            }
            Action::Open => {
                self.leave();
                return true;
            }
            _ => return false,
        }
        let columns = self.columns.with(chooser.ids());
        self.set_columns(columns);
        true
    }

    pub(super) fn next_columns(&mut self) {
        self.set_columns(self.columns.next_preset());
        if let Screen::Columns(chooser) = &mut self.screen {
            *chooser = Chooser { at: chooser.at, ..Chooser::new(&self.columns, self.focus) };
        }
    }

    fn set_columns(&mut self, columns: Columns) {
        self.columns = columns;
        if !(self.layout.columns)(self).contains(&self.focus) {
            self.focus = NAME;
        }
    }

    /// Focuses the next column on the left or on the right; behind the last one comes the first.
    pub(super) fn step_column(&mut self, step: isize) {
        let shown = (self.layout.columns)(self);
        let at = shown.iter().position(|column| *column == self.focus).unwrap_or(0);
        let next = at.checked_add_signed(step).map_or(shown.last(), |next| shown.get(next).or(shown.first()));
        self.focus = next.copied().unwrap_or(self.focus);
    }

    /// By a field; the one that is sorted by already turns the order around.
    pub(super) fn sort_by(&mut self, field: &'static Field) {
        match self.sort {
            Sort::Field(now, _) if now.id == field.id => self.reverse(),
            _ => self.set_sort(Sort::Field(field, Sort::natural(field))),
        }
        if (self.layout.columns)(self).contains(&field.id) {
            self.focus = field.id;
        }
    }

    pub(super) fn reverse(&mut self) {
        if let Sort::Field(field, direction) = self.sort {
            self.set_sort(Sort::Field(field, direction.reversed()));
        }
    }

    pub(super) fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.arrange();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_keeps_its_place_until_it_is_carried_away() {
        let mut chooser = Chooser::new(&Columns::parse("usage,swap,usage").unwrap(), "usage");
        let shown = |chooser: &Chooser| chooser.ids().collect::<Vec<_>>();
        assert_eq!(shown(&chooser), ["name", "usage", "swap"]);
        assert_eq!((chooser.choices.len(), chooser.at), (Columns::all().count(), 1));
        chooser.toggle();
        assert_eq!((shown(&chooser), chooser.choices[1].id), (vec!["name", "swap"], "usage"));
        chooser.toggle();
        chooser.carry(1);
        assert_eq!((shown(&chooser), chooser.at), (vec!["name", "swap", "usage"], 2));
        chooser.carry(-1);
        chooser.carry(-1);
        assert_eq!((shown(&chooser), chooser.at), (vec!["name", "usage", "swap"], 1));
        chooser.at = chooser.choices.len() - 1;
        chooser.carry(1);
        assert_eq!(chooser.at, chooser.choices.len() - 1);
        chooser.at = 0;
        chooser.carry(1);
        chooser.toggle();
        assert_eq!((shown(&chooser), chooser.at), (vec!["name", "usage", "swap"], 0), "names are always there");
    }
}
