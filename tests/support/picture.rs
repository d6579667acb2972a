//! A screen as a picture: SVG that looks the same in every viewer.
//!
//! Every letter has its own place, so that no font moves it out of its cell, and what bars, charts and rules are made of
//! is drawn, not written. Must not know what is on the screen.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// A cell, in pixels.
const WIDTH: u16 = 8;
const HEIGHT: u16 = 17;
/// From the top of a cell to the line that letters stand on.
const ASCENT: u16 = 13;
const MARGIN: u16 = 14;
/// The title of the window.
const BAR: u16 = 30;

const GROUND: &str = "#14171c";
const TEXT: &str = "#d5d9e0";

/// The whole screen, in a window with a title.
pub(crate) fn picture(buffer: &Buffer, title: &str) -> String {
    let (width, height) = (buffer.area.width * WIDTH + 2 * MARGIN, buffer.area.height * HEIGHT + BAR + MARGIN);
    let (middle, below) = (width / 2, height - 1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n<title>{title}</title>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{below}\" rx=\"8\" fill=\"{GROUND}\" stroke=\"#333942\"/>\n\
         <circle cx=\"18\" cy=\"15\" r=\"5\" fill=\"#ff5f57\"/><circle cx=\"35\" cy=\"15\" r=\"5\" fill=\"#febc2e\"/>\
         <circle cx=\"52\" cy=\"15\" r=\"5\" fill=\"#28c840\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', \
         monospace\" font-size=\"13.3\">\n\
         <text x=\"{middle}\" y=\"20\" text-anchor=\"middle\" fill=\"#8b919b\" font-size=\"12\">{title}</text>\n",
        width - 1,
    );
    for row in 0..buffer.area.height {
        shapes(buffer, row, &mut svg);
        letters(buffer, row, &mut svg);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// How cells look that are drawn together.
#[derive(Clone, PartialEq)]
struct Look {
    colour: String,
    ground: Option<String>,
    bold: bool,
    dim: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let has = |modifier| cell.modifier.contains(modifier);
        let colour = colour(cell.fg);
        let (colour, ground) = if has(Modifier::REVERSED) { (GROUND.to_owned(), Some(colour)) } else { (colour, None) };
        Self { colour, ground, bold: has(Modifier::BOLD), dim: has(Modifier::DIM) }
    }

    /// The attributes of what is drawn or written in it.
    fn ink(&self, symbol: &str) -> String {
        let opacity = match (self.dim, symbol) {
            (false, "▒") => " fill-opacity=\"0.45\"",
            (true, "▒") => " fill-opacity=\"0.3\"",
            (true, _) => " fill-opacity=\"0.6\"",
            (false, _) => "",
        };
        format!("fill=\"{}\"{opacity}", self.colour)
    }
}

/// Pictures are of screens in true colours: what others look like is up to the terminal.
fn colour(colour: Color) -> String {
    match colour {
        Color::Reset => TEXT.to_owned(),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        other => unreachable!("{other} is no true colour"),
    }
}

fn left(column: u16) -> u16 {
    MARGIN + column * WIDTH
}

fn top(row: u16) -> u16 {
    BAR + row * HEIGHT
}

/// Grounds, and what is drawn in a row.
fn shapes(buffer: &Buffer, row: u16, svg: &mut String) {
    for (column, length, first) in runs(buffer, row, |cell| (Look::of(cell), cell.symbol().to_owned())) {
        let (look, x, y) = (Look::of(first), left(column), top(row));
        let width = length * WIDTH;
        if let Some(ground) = &look.ground {
            let _ =
                writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{ground}\"/>");
        }
        let symbol = first.symbol();
        if let Some(path) = path(symbol, x, y, length) {
            let _ = writeln!(svg, "<path shape-rendering=\"{}\" {} d=\"{path}\"/>", edges(symbol), look.ink(symbol));
        }
    }
}

/// Neighbours show no seam where their edges are not blurred; what is aslant must be.
fn edges(symbol: &str) -> &'static str {
    if symbol == "╱" { "auto" } else { "crispEdges" }
}

/// The outline of `length` equal characters that are drawn; `None` if they are written.
fn path(symbol: &str, x: u16, y: u16, length: u16) -> Option<String> {
    let (width, middle) = (length * WIDTH, y + HEIGHT / 2);
    let block = |x: u16, y: u16, width: u16, height: u16| format!("M{x} {y}h{width}v{height}h-{width}z");
    let each = |shape: &dyn Fn(u16) -> String| (0..length).map(|at| shape(x + at * WIDTH)).collect::<String>();
    let centre = |x: u16| x + WIDTH / 2;
    if let Some(eighths) = "▁▂▃▄▅▆▇█".chars().position(|level| symbol == level.to_string()) {
        let height = (HEIGHT * (eighths as u16 + 1)).div_ceil(8);
        return Some(block(x, y + HEIGHT - height, width, height));
    }
    Some(match symbol {
        "▒" => block(x, y, width, HEIGHT),
        "─" => block(x, middle, width, 1),
        "·" => each(&|x| block(centre(x) - 1, middle, 2, 2)),
        "┃" => each(&|x| block(centre(x) - 1, y, 2, HEIGHT)),
        "│" => each(&|x| block(centre(x), y, 1, HEIGHT)),
        "┊" => each(&|x| [1, 6, 11].map(|down| block(centre(x), y + down, 1, 3)).concat()),
        "├" => each(&|x| block(centre(x), y, 1, HEIGHT) + &block(centre(x), middle, WIDTH / 2, 1)),
        "└" => each(&|x| block(centre(x), y, 1, HEIGHT / 2) + &block(centre(x), middle, WIDTH / 2, 1)),
        "╱" => each(&|x| format!("M{x} {}l{WIDTH} -{HEIGHT}v2.6l-{WIDTH} {HEIGHT}z", y + HEIGHT - 2)),
        _ => return None,
    })
}

/// What is written in a row, word by word: not every viewer minds the places of the letters within one.
fn letters(buffer: &Buffer, row: u16, svg: &mut String) {
    let is_written = |cell: &Cell| !cell.symbol().trim().is_empty() && path(cell.symbol(), 0, 0, 1).is_none();
    let words = runs(buffer, row, |cell| (Look::of(cell), is_written(cell)));
    let mut before = None;
    for (column, length, first) in words.into_iter().filter(|(.., first)| is_written(first)) {
        let look = Look::of(first);
        if before.as_ref() != Some(&look) {
            let end = if before.is_some() { "</text>\n" } else { "" };
            let weight = if look.bold { " font-weight=\"bold\"" } else { "" };
            let _ = write!(svg, "{end}<text y=\"{}\" {}{weight}>", top(row) + ASCENT, look.ink(""));
            before = Some(look);
        }
        let (mut places, mut text) = (Vec::new(), String::new());
        for column in column..column + length {
            let symbol = buffer[(column, row)].symbol();
            // What combines with the character before it stays where that is.
            places.extend(symbol.chars().map(|_| left(column).to_string()));
            text.push_str(&escaped(symbol));
        }
        let _ = write!(svg, "<tspan x=\"{}\">{text}</tspan>", places.join(" "));
    }
    if before.is_some() {
        svg.push_str("</text>\n");
    }
}

/// Neighbours in a row that are alike: where they begin, how many they are, and the first.
fn runs<K: PartialEq>(buffer: &Buffer, row: u16, key: impl Fn(&Cell) -> K) -> Vec<(u16, u16, &Cell)> {
    let mut runs: Vec<(u16, u16, &Cell)> = Vec::new();
    for column in 0..buffer.area.width {
        let cell = &buffer[(column, row)];
        match runs.last_mut() {
            Some((_, length, first)) if key(first) == key(cell) => *length += 1,
            _ => runs.push((column, 1, cell)),
        }
    }
    runs
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
