//! Draws what changed, in one write; nothing at all if nothing did.

use std::io::{self, Write as _};

use ratatui::buffer::Buffer;

use crate::app::App;
use crate::term::{self, Guard, Screen};
use crate::ui;
use crate::ui::theme::Theme;

/// The screen, while the terminal is ours. Dropping it gives the terminal back.
pub(super) struct Painter {
    screen: Screen,
    theme: Theme,
    shown: Option<Buffer>,
    _guard: Guard,
}

impl Painter {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Where the terminal refuses.
    pub(super) fn new(theme: Theme) -> io::Result<Self> {
        let guard = Guard::enter()?;
        Ok(Self { screen: term::screen()?, theme, shown: None, _guard: guard })
    }

    /// Draws everything the next time.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    pub(super) fn paint(&mut self, app: &App) -> io::Result<()> {
        self.screen.autoresize()?;
        ui::view(app, &self.theme, &mut self.screen.get_frame());
        let drawn = self.screen.current_buffer_mut();
        if self.shown.as_ref() == Some(drawn) {
            drawn.reset();
            return Ok(());
        }
        match &mut self.shown {
            Some(shown) => shown.clone_from(drawn),
            None => self.shown = Some(drawn.clone()),
        }
        self.screen.flush()?;
        self.screen.swap_buffers();
        self.screen.backend_mut().flush()
    }
}
