//! What a mouse does: rows are chosen and opened, heads sort, borders are drawn, the wheel scrolls.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use crate::app::action::Action;
use crate::app::{App, Spot};

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
            MouseEventKind::Drag(MouseButton::Left) => self.draw_border(event.column),
            MouseEventKind::Up(MouseButton::Left) => self.held = None,
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
            Some(Spot::Border(column)) => self.take_border(column, at.0),
            Some(Spot::Head(column)) => {
                self.focus = column;
                if let Some(field) = self.focused() {
                    self.sort_by(field);
                }
            }
            None => {}
        }
    }
}
