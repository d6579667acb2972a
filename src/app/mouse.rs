//! What a mouse does: rows are chosen and opened, heads sort, the wheel scrolls.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use crate::app::action::Action;
use crate::app::{App, Spot};
use crate::query::Sort;

/// Who hears of clicks and of the wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The dashboard.
    On,
    /// The terminal, which can have text selected.
    Off,
}

/// Rows or lines for a step of the wheel.
const STEP: isize = 3;

impl App {
    pub(super) fn toggle_mouse(&mut self) {
        let key = self.keys.told(Action::Mouse);
        let (mouse, text) = match self.mouse {
            Mouse::On => (Mouse::Off, format!("the mouse selects text; {key}: it chooses rows, and sorts by heads")),
            Mouse::Off => (Mouse::On, format!("the mouse chooses rows, and sorts by heads; {key}: it selects text")),
        };
        self.mouse = mouse;
        self.notice = Some((Ok(text), self.model.now()));
    }

    pub(super) fn point(&mut self, event: MouseEvent) {
        match event.kind {
            MouseEventKind::ScrollUp => self.go(-STEP),
            MouseEventKind::ScrollDown => self.go(STEP),
            MouseEventKind::Down(MouseButton::Left) => self.click((event.column, event.row)),
            _ => {}
        }
    }

    fn click(&mut self, at: (u16, u16)) {
        match (self.layout.spot)(self, at) {
            Some(Spot::Row(row)) if row == self.cursor && self.selected.is_some() => self.open(),
            Some(Spot::Row(row)) => {
                self.top = (self.layout.page)(self).first;
                self.select(row);
            }
            Some(Spot::Head(field)) => {
                self.focus = field;
                self.sort_by_head();
            }
            None => {}
        }
    }

    fn sort_by_head(&mut self) {
        let Some(field) = self.focused() else { return };
        match self.sort {
            Sort::Field(now, _) if now.id == field.id => self.reverse(),
            _ => self.set_sort(Sort::Field(field, Sort::natural(field))),
        }
    }
}
