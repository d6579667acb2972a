//! What is drawn with: roles instead of colours, and glyphs with an ASCII twin each.

use ratatui::style::Style;

use crate::text::Ellipsis;
use crate::ui::palette::{Depth, PALETTES, Palette};

/// What a cell means; never alone: a sign or a word says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing special.
    Plain,
    /// The sentence and titles.
    Strong,
    /// Costs time or kills.
    Critical,
    /// May become trouble.
    Warning,
    /// All is well.
    Fine,
    /// Keys, the focused column, an active filter.
    Accent,
    /// Heads, units, zeros, rules.
    Dim,
}

/// How things are drawn, decided once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    palette: &'static Palette,
    depth: Depth,
    /// The characters.
    pub glyphs: &'static Glyphs,
}

impl Theme {
    /// In these colours, as many as the terminal gets, in Unicode or ASCII.
    pub fn new(palette: &'static Palette, depth: Depth, glyphs: &'static Glyphs) -> Self {
        Self { palette, depth, glyphs }
    }

    /// The same in the colours of the theme that is called so.
    #[must_use]
    pub fn called(self, name: &str) -> Self {
        let palette = PALETTES.into_iter().find(|palette| palette.name == name);
        Self { palette: palette.unwrap_or(self.palette), ..self }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.palette.style(role, self.depth)
    }
}

/// The characters that are not letters.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// What reclaim cannot free.
    pub floor: &'static str,
    /// What it can.
    pub droppable: &'static str,
    /// What is used, where nobody tells what of it can be freed.
    pub used: &'static str,
    /// What others take of the same limit.
    pub others: &'static str,
    /// Room.
    pub free: &'static str,
    /// `memory.high`.
    pub high: &'static str,
    /// Levels of a curve, lowest first.
    pub levels: [&'static str; 8],
    /// A part of a curve that was not read.
    pub gap: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// No limit.
    pub unlimited: &'static str,
    /// A child that has siblings below, the last child, a line going on, nothing.
    pub branches: [&'static str; 4],
    /// What stands for what was left out.
    pub ellipsis: Ellipsis,
    /// In front of the head that rows are sorted by: the smallest first, the largest first.
    pub sorted: [&'static str; 2],
    /// Arrows of the footer: up and down, left and right.
    pub arrows: [&'static str; 2],
}

/// For terminals that can.
pub const UNICODE: Glyphs = Glyphs {
    floor: "█",
    droppable: "▒",
    used: "▓",
    others: "╱",
    free: "·",
    high: "┃",
    levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    gap: "┊",
    rule: "─",
    unlimited: "∞",
    branches: ["├─ ", "└─ ", "│  ", "   "],
    ellipsis: Ellipsis::Unicode,
    sorted: ["▴", "▾"],
    arrows: ["↑↓", "←→"],
};

/// For all others.
pub const ASCII: Glyphs = Glyphs {
    floor: "#",
    droppable: "=",
    used: "o",
    others: "%",
    free: ".",
    high: "|",
    levels: ["_", ".", ",", "-", "=", "+", "*", "#"],
    gap: ":",
    rule: "-",
    unlimited: "max",
    branches: ["|- ", "`- ", "|  ", "   "],
    ellipsis: Ellipsis::Ascii,
    sorted: ["^", "v"],
    arrows: ["up/dn", "lt/rt"],
};
