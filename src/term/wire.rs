//! What goes to the terminal: as few bytes as show what changed, for lines that are slow.
//!
//! Crossterm's backend says colours of letters and ground whenever one of them changes, styles blanks that look the same
//! in any, and moves to a place by its numbers however near it is. Must not know what is drawn, nor when.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Cell, CellWidth as _};
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

/// Crossterm's backend, but for how cells are written.
#[derive(Debug)]
pub struct Wire<W: Write> {
    rest: CrosstermBackend<W>,
}

impl<W: Write> Wire<W> {
    /// Writes there.
    pub(super) fn new(writer: W) -> Self {
        Self { rest: CrosstermBackend::new(writer) }
    }
}

impl<W: Write> Write for Wire<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.rest)
    }
}

impl<W: Write> Backend for Wire<W> {
    type Error = io::Error;

    /// Begins and ends with nothing but the terminal's own colours, and wherever the cursor is.
    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, cells: I) -> io::Result<()> {
        let mut pen = Pen { out: &mut self.rest, at: None, look: Look::PLAIN };
        for (column, line, cell) in cells {
            pen.put(column, line, cell)?;
        }
        pen.take(Look::PLAIN)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.rest.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.rest.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.rest.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.rest.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.rest.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.rest.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.rest.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.rest.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.rest)
    }
}

/// Colours and modifiers.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    letters: Color,
    ground: Color,
    modifier: Modifier,
}

impl Look {
    const PLAIN: Self = Self { letters: Color::Reset, ground: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        Self { letters: cell.fg, ground: cell.bg, modifier: cell.modifier }
    }

    /// Whether a blank looks the same in both: neither colours nor weight of letters show there.
    fn is_same_on_a_blank(self, other: Self) -> bool {
        let shows = |look: Self| look.modifier.intersection(ON_A_BLANK);
        let is_reversed = self.modifier.contains(Modifier::REVERSED);
        let same = self.ground == other.ground && shows(self) == shows(other);
        // What is reversed has its ground in the colour of its letters, as heavy or dim as those.
        same && (!is_reversed || self == other)
    }
}

const ON_A_BLANK: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// The modifiers, and what turns them on.
const MODIFIERS: [(Modifier, &str); 6] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::REVERSED, "7"),
    (Modifier::CROSSED_OUT, "9"),
];

/// Where the terminal writes next, and how.
struct Pen<'a, W: Write> {
    out: &'a mut W,
    /// Unknown at first, behind the last cell of a line, and behind what terminals give different widths.
    at: Option<(u16, u16)>,
    look: Look,
}

impl<W: Write> Pen<'_, W> {
    fn put(&mut self, column: u16, line: u16, cell: &Cell) -> io::Result<()> {
        self.go(column, line)?;
        let look = Look::of(cell);
        if cell.symbol() != " " || !look.is_same_on_a_blank(self.look) {
            self.take(look)?;
        }
        self.out.write_all(cell.symbol().as_bytes())?;
        let is_certain = cell.symbol().chars().count() == 1 && cell.cell_width() == 1;
        self.at = is_certain.then_some((column + 1, line));
        Ok(())
    }

    /// Nothing is written behind the last cell of a line, so that it does not matter where the cursor is then.
    fn go(&mut self, column: u16, line: u16) -> io::Result<()> {
        match self.at {
            Some(at) if at == (column, line) => Ok(()),
            Some((before, same)) if same == line && before < column => match column - before {
                1 => write!(self.out, "\x1b[C"),
                cells => write!(self.out, "\x1b[{cells}C"),
            },
            _ if column == 0 => write!(self.out, "\x1b[{}H", line + 1),
            _ => write!(self.out, "\x1b[{};{}H", line + 1, column + 1),
        }
    }

    /// Changes what differs; a modifier is turned off with everything else, as not every terminal can do it alone.
    fn take(&mut self, look: Look) -> io::Result<()> {
        if look == self.look {
            return Ok(());
        }
        let mut parts = Vec::new();
        let mut before = self.look;
        if !look.modifier.contains(before.modifier) {
            parts.push("0".to_owned());
            before = Look::PLAIN;
        }
        let added = look.modifier.difference(before.modifier);
        parts
            .extend(MODIFIERS.iter().filter(|(modifier, _)| added.contains(*modifier)).map(|(_, on)| (*on).to_owned()));
        if look.letters != before.letters {
            parts.push(colour(look.letters, 30));
        }
        if look.ground != before.ground {
            parts.push(colour(look.ground, 40));
        }
        self.look = look;
        if look == Look::PLAIN && parts.first().is_some_and(|first| first == "0") {
            return self.out.write_all(b"\x1b[m");
        }
        write!(self.out, "\x1b[{}m", parts.join(";"))
    }
}

/// What chooses a colour, for letters from 30 on and for the ground from 40 on.
fn colour(colour: Color, from: u8) -> String {
    let place = match colour {
        Color::Reset => 9,
        Color::Indexed(place) => return format!("{};5;{place}", from + 8),
        Color::Rgb(red, green, blue) => return format!("{};2;{red};{green};{blue}", from + 8),
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
    };
    (from + place).to_string()
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use vt100::Parser;

    use super::*;

    const AREA: Rect = Rect { x: 0, y: 0, width: 24, height: 6 };

    /// Numbers that look like chance, the same in every run.
    struct Dice(u64);

    impl Dice {
        fn of<T: Copy>(&mut self, sides: &[T]) -> T {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sides[(self.0 >> 33) as usize % sides.len()]
        }

        fn cell(&mut self, cell: &mut Cell) {
            cell.set_symbol(self.of(&["a", "b", " ", " ", "█", "e\u{301}"]));
            cell.fg = self.of(&[
                Color::Reset,
                Color::Reset,
                Color::Red,
                Color::LightCyan,
                Color::Indexed(80),
                Color::Rgb(9, 8, 7),
            ]);
            cell.bg = self.of(&[Color::Reset, Color::Reset, Color::Reset, Color::Blue]);
            cell.modifier = self.of(&[
                Modifier::empty(),
                Modifier::empty(),
                Modifier::BOLD,
                Modifier::DIM,
                Modifier::REVERSED,
                Modifier::BOLD.union(Modifier::REVERSED),
            ]);
        }
    }

    fn drawn<'a>(cells: impl Iterator<Item = (u16, u16, &'a Cell)>) -> Vec<u8> {
        let mut bytes = Vec::new();
        Wire::new(&mut bytes).draw(cells).unwrap();
        bytes
    }

    fn parser() -> Parser {
        let size = |cells: u16| cells.try_into().unwrap();
        Parser::new(size(AREA.height), size(AREA.width), 0)
    }

    /// What is seen of each cell.
    fn seen(parser: &Parser) -> Vec<String> {
        let places = (0..AREA.height).flat_map(|line| (0..AREA.width).map(move |column| (line, column)));
        let seen = |(line, column): (u16, u16)| {
            let cell = parser.screen().cell(line, column).unwrap();
            let blank = cell.contents().trim().is_empty();
            let is_inked = !blank || cell.inverse();
            let ink = is_inked.then(|| (cell.fgcolor(), cell.bold(), cell.dim()));
            format!("{line} {column} {:?} {:?} {} {ink:?}", cell.contents().trim(), cell.bgcolor(), cell.inverse())
        };
        places.map(seen).collect()
    }

    /// Each draws a part on top of what the one before left, as a whole on an empty screen would be.
    #[test]
    fn what_changed_looks_as_if_all_had_been_drawn() {
        let (mut dice, mut terminal) = (Dice(1), parser());
        let mut before = Buffer::empty(AREA);
        for step in 0..300 {
            let mut next = before.clone();
            for _ in 0..dice.of(&[1_u8, 5, 40]) {
                let at = dice.of(&(0..AREA.width * AREA.height).collect::<Vec<_>>());
                // The line of wide characters changes only as a whole.
                if at / AREA.width != 2 {
                    dice.cell(&mut next[(at % AREA.width, at / AREA.width)]);
                }
            }
            if step % 20 == 0 {
                next.reset();
                next.set_string(
                    3,
                    2,
                    ["コンテナ db", "abコンテナ", "abcdefgh"][step / 20 % 3],
                    ratatui::style::Style::new(),
                );
            }
            terminal.process(&drawn(before.diff_iter(&next)));
            let mut whole = parser();
            whole.process(&drawn(Buffer::empty(AREA).diff_iter(&next)));
            assert_eq!(seen(&terminal), seen(&whole), "step {step}");
            let read = (0..AREA.width).map(|column| terminal.screen().cell(2, column).unwrap().contents().to_owned());
            let meant = (0..AREA.width).map(|column| next[(column, 2)].symbol().to_owned());
            let squeezed = |text: String| text.replace(' ', "");
            assert_eq!(squeezed(read.collect()), squeezed(meant.collect()));
            before = next;
        }
    }

    #[test]
    fn few_bytes_are_enough() {
        let mut buffer = Buffer::empty(AREA);
        for (column, text) in [(2, "ab"), (6, "d")] {
            buffer.set_string(column, 1, text, ratatui::style::Style::new().fg(Color::Red));
        }
        let changed = Buffer::empty(AREA);
        assert_eq!(drawn(changed.diff_iter(&buffer)), b"\x1b[2;3H\x1b[31mab\x1b[2Cd\x1b[39m");
        assert_eq!(drawn(buffer.diff_iter(&changed)), b"\x1b[2;3H  \x1b[2C ", "blanks have no colour");
        assert_eq!(drawn(buffer.diff_iter(&buffer)), b"");
    }
}
