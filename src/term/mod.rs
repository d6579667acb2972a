//! The terminal: taken over as a whole, and given back as it was on every way out.
//!
//! Must not draw, and knows nothing of what is shown.

mod wire;

use std::io::{self, BufWriter, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::Backend as _;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::app::mouse::Mouse;
use crate::text::{self, Ellipsis};
use wire::Wire;

/// Where frames go: one buffer, so that a frame is one write.
pub type Screen = Terminal<Wire<BufWriter<io::Stdout>>>;

/// A frame of a large terminal, whole.
const FRAME: usize = 64 * 1024;

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours. Dropping it gives it back; so does a panic, before its message is printed.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Where the terminal refuses raw mode or output.
    pub fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let print = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                restore();
                print(info);
            }));
        });
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        // From here on dropping the guard gives back what was taken.
        let guard = Self(());
        // A paste comes as one piece then, and not as keys that mean something.
        execute!(io::stdout(), EnterAlternateScreen, Hide, EnableBracketedPaste)?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Taken for the size of a window that does not tell its own, as on a serial line: columns, rows.
const USUAL: (u16, u16) = (80, 24);
/// The largest part of a window that is drawn on. Every cell takes memory, and a window may claim four thousand million.
const MOST: (u16, u16) = (1_000, 500);

/// The size of what is drawn on: columns, rows.
pub fn size() -> (u16, u16) {
    let (columns, rows) = crossterm::terminal::size().unwrap_or_default();
    let sane = |told: u16, usual: u16, most: u16| if told == 0 { usual } else { told.min(most) };
    (sane(columns, USUAL.0, MOST.0), sane(rows, USUAL.1, MOST.1))
}

/// A screen to draw on, empty, in the upper left of the window.
///
/// # Errors
/// Those of the terminal.
pub fn screen((columns, rows): (u16, u16)) -> io::Result<Screen> {
    let backend = Wire::new(BufWriter::with_capacity(FRAME, io::stdout()));
    let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
    let mut screen = Terminal::with_options(backend, TerminalOptions { viewport })?;
    // `Terminal::clear` asks the terminal where its cursor is, and not every terminal answers.
    screen.backend_mut().clear()?;
    Ok(screen)
}

/// Once for each time that it was taken: after that somebody else writes, such as the message of a panic.
/// Nothing more can be done for a terminal that is gone: errors are of no use here.
fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    _ = execute!(io::stdout(), Print(MOUSE_OFF), DisableBracketedPaste, Show, LeaveAlternateScreen);
    _ = disable_raw_mode();
    _ = io::stdout().flush();
}

/// Clicks and the wheel, in the encoding that knows large terminals; not every movement.
const MOUSE_ON: &str = "\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l";

/// Tells the terminal who hears of the mouse.
///
/// # Errors
/// Those of the terminal.
pub fn set_mouse(mouse: Mouse) -> io::Result<()> {
    write(match mouse {
        Mouse::On => MOUSE_ON.as_bytes(),
        Mouse::Off => MOUSE_OFF.as_bytes(),
    })
}

/// Rings the bell.
///
/// # Errors
/// Those of the terminal.
pub fn ring() -> io::Result<()> {
    write(b"\x07")
}

/// Has the terminal show a notification (OSC 9), where it knows how to; others show nothing.
///
/// # Errors
/// Those of the terminal.
pub fn notify(text: &str) -> io::Result<()> {
    const CELLS: usize = 200;
    let safe = text::visible(text);
    write(format!("\x1b]9;memcgtop: {}\x07", text::truncate(&safe, CELLS, Ellipsis::Ascii)).as_bytes())
}

/// Has the terminal put a text into the clipboard (OSC 52), where it does so for programs.
///
/// # Errors
/// Those of the terminal.
pub fn copy(text: &str) -> io::Result<()> {
    write(format!("\x1b]52;c;{}\x07", base64(text.as_bytes())).as_bytes())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [a, b, c] = std::array::from_fn(|at| u32::from(chunk.get(at).copied().unwrap_or(0)));
        let bits = a << 16 | b << 8 | c;
        let digits = [18, 12, 6, 0].map(|shift| char::from(DIGITS[(bits >> shift & 63) as usize]));
        text.extend(&digits[..=chunk.len()]);
        text.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
    text
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Gives back what can be given back without writing, for a terminal that takes no output.
pub fn abandon() {
    _ = disable_raw_mode();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar", "\u{3ff}\u{3bf}>"];
        let encoded = texts.map(|text| base64(text.as_bytes()));
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy", "z7/Ovz4="]);
    }
}
