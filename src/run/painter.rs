//! Draws what changed, in one write; nothing at all if nothing did.

use std::hash::BuildHasher as _;
use std::io::{self, Write as _};

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use foldhash::fast::FixedState;

use crate::app::App;
use crate::app::mouse::Mouse;
use crate::term::{self, Guard, Screen};
use crate::ui;
use crate::ui::theme::Theme;

/// The screen, while the terminal is ours. Dropping it gives the terminal back.
pub(super) struct Painter {
    screen: Screen,
    /// Of the screen: columns, rows.
    size: (u16, u16),
    theme: Theme,
    /// What is on the screen, as a hash: a copy would take as much memory as hundreds of rows.
    shown: Option<u64>,
    /// Whom the terminal tells of the mouse.
    mouse: Mouse,
    _guard: Guard,
}

impl Painter {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Where the terminal refuses.
    pub(super) fn new(theme: Theme) -> io::Result<Self> {
        let guard = Guard::enter()?;
        let size = term::size();
        Ok(Self { screen: term::screen(size)?, size, theme, shown: None, mouse: Mouse::Off, _guard: guard })
    }

    /// Draws everything the next time.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    pub(super) fn paint(&mut self, app: &App) -> io::Result<()> {
        if self.mouse != app.mouse {
            self.mouse = app.mouse;
            term::set_mouse(app.mouse)?;
        }
        self.theme = self.theme.called(app.theme);
        let size = term::size();
        if self.size != size {
            (self.screen, self.size, self.shown) = (term::screen(size)?, size, None);
        }
        ui::view(app, &self.theme, &mut self.screen.get_frame());
        let drawn = self.screen.current_buffer_mut();
        let now = FixedState::default().hash_one((drawn.area, &drawn.content));
        if self.shown.replace(now) == Some(now) {
            drawn.reset();
            return Ok(());
        }
        // Terminals that know this show a frame at once, others ignore it.
        queue!(self.screen.backend_mut(), BeginSynchronizedUpdate)?;
        self.screen.flush()?;
        self.screen.swap_buffers();
        queue!(self.screen.backend_mut(), EndSynchronizedUpdate)?;
        self.screen.backend_mut().flush()
    }
}
