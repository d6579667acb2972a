//! Colours: the themes, and what is left of each on terminals with few colours or none.
//!
//! Must not know where a colour is drawn, nor what it means there.

use ratatui::style::{Color, Modifier, Style};

use crate::ui::theme::Role;

/// A theme: one colour for each role that has one. Backgrounds are the terminal's own.
#[derive(Debug, PartialEq, Eq)]
pub struct Palette {
    /// What it is chosen by.
    pub name: &'static str,
    /// Whom it is for.
    pub meaning: &'static str,
    critical: Ink,
    warning: Ink,
    fine: Ink,
    accent: Ink,
    dim: Modifier,
}

/// A colour. Without a place among the 256 it is the terminal's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ink {
    /// Its place among the 256, in the cube, which is its true colour, too.
    place: u8,
    /// What comes closest among the sixteen, or says the same.
    sixteen: Color,
}

const fn ink(place: u8, sixteen: Color) -> Ink {
    Ink { place, sixteen }
}

/// The terminal's own colour.
const OWN: Ink = ink(0, Color::Reset);

/// For dark backgrounds.
pub static DARK: Palette = Palette {
    name: "dark",
    meaning: "for dark backgrounds",
    critical: ink(203, Color::Red),
    warning: ink(221, Color::Yellow),
    fine: ink(114, Color::Green),
    accent: ink(80, Color::Cyan),
    dim: Modifier::DIM,
};

static LIGHT: Palette = Palette {
    name: "light",
    meaning: "for bright backgrounds",
    critical: ink(124, Color::Red),
    // Yellow is hard to see on white.
    warning: ink(94, Color::Magenta),
    fine: ink(22, Color::Green),
    accent: ink(25, Color::Blue),
    dim: Modifier::DIM,
};

static HIGH_CONTRAST: Palette = Palette {
    name: "high-contrast",
    meaning: "bright colours for black backgrounds, nothing dim",
    critical: ink(210, Color::LightRed),
    warning: ink(226, Color::LightYellow),
    fine: ink(46, Color::LightGreen),
    accent: ink(51, Color::LightCyan),
    dim: Modifier::empty(),
};

static COLOUR_BLIND: Palette = Palette {
    name: "colour-blind",
    meaning: "for eyes that confuse red and green: warm is trouble, blue is none; for dark backgrounds",
    critical: ink(214, Color::LightYellow),
    warning: ink(229, Color::Yellow),
    fine: ink(69, Color::Cyan),
    accent: ink(117, Color::LightCyan),
    dim: Modifier::DIM,
};

static NONE: Palette = Palette {
    name: "none",
    meaning: "no colours: bold, dim and reversed only",
    critical: OWN,
    warning: OWN,
    fine: OWN,
    accent: OWN,
    dim: Modifier::DIM,
};

/// Every theme, the default first.
pub static PALETTES: [&Palette; 5] = [&DARK, &LIGHT, &HIGH_CONTRAST, &COLOUR_BLIND, &NONE];

/// What they are called, and whom they are for.
pub const NAMES: [(&str, &str); 5] = {
    let mut names = [("", ""); 5];
    let mut at = 0;
    while at < names.len() {
        names[at] = (PALETTES[at].name, PALETTES[at].meaning);
        at += 1;
    }
    names
};

impl Default for &'static Palette {
    fn default() -> Self {
        &DARK
    }
}

impl Palette {
    /// The style of a role.
    pub fn style(&self, role: Role, depth: Depth) -> Style {
        let style = Style::new();
        match role {
            Role::Plain => style,
            Role::Strong => style.add_modifier(Modifier::BOLD),
            Role::Critical => self.critical.on(style, depth).add_modifier(Modifier::BOLD),
            Role::Warning => self.warning.on(style, depth),
            Role::Fine => self.fine.on(style, depth),
            Role::Accent => self.accent.on(style, depth),
            Role::Dim => style.add_modifier(self.dim),
        }
    }
}

impl Ink {
    fn on(self, style: Style, depth: Depth) -> Style {
        match (depth, self.sixteen) {
            (Depth::None, _) | (_, Color::Reset) => style,
            (Depth::Eight, bright) => style.fg(base(bright)),
            (Depth::Sixteen, colour) => style.fg(colour),
            (Depth::Indexed, _) => style.fg(Color::Indexed(self.place)),
            (Depth::True, _) => {
                let [red, green, blue] = rgb(self.place);
                style.fg(Color::Rgb(red, green, blue))
            }
        }
    }
}

/// The colour without its brightness.
fn base(colour: Color) -> Color {
    match colour {
        Color::LightRed => Color::Red,
        Color::LightYellow => Color::Yellow,
        Color::LightGreen => Color::Green,
        Color::LightCyan => Color::Cyan,
        base => base,
    }
}

/// What a place in the cube of 6 × 6 × 6 looks like.
fn rgb(place: u8) -> [u8; 3] {
    let place = place - 16;
    [place / 36, place / 6 % 6, place % 6].map(|level| if level == 0 { 0 } else { 55 + 40 * level })
}

/// How many colours the terminal gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: bold, dim and reversed only.
    None,
    /// The terminal's own eight.
    Eight,
    /// The same and their bright ones.
    Sixteen,
    /// 256 by number.
    Indexed,
    /// Each by its parts of red, green and blue.
    True,
}

impl Depth {
    /// Every depth, and what it is chosen by.
    pub const ALL: [(&'static str, Self); 5] =
        [("none", Self::None), ("8", Self::Eight), ("16", Self::Sixteen), ("256", Self::Indexed), ("true", Self::True)];

    /// What it is chosen by.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find_map(|(name, depth)| (*depth == self).then_some(*name)).unwrap_or_default()
    }

    /// What the environment says of the terminal. Variables that are not set are empty.
    pub fn of_terminal(variable: impl Fn(&str) -> String) -> Self {
        let term = variable("TERM");
        let is_one_of = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
        // GNU screen takes the parts of a colour for something else.
        let says_true = ["truecolor", "24bit"].contains(&variable("COLORTERM").as_str()) && !is_one_of(&["screen"]);
        if !variable("NO_COLOR").is_empty() || is_one_of(COLOURLESS) || term.ends_with("-mono") {
            Self::None
        } else if says_true || is_one_of(TRUE) || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else if is_one_of(EIGHT) {
            Self::Eight
        } else {
            Self::Sixteen
        }
    }
}

/// Beginnings of what TERM says for terminals without colours.
const COLOURLESS: &[&str] = &["dumb", "vt"];
/// The same for those with eight, unless they say that they have 256.
const EIGHT: &[&str] = &["linux", "screen", "tmux", "ansi", "cons25"];
/// The same for those with true colours, also where COLORTERM does not get through, as with ssh and sudo.
const TRUE: &[&str] = &["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour"];

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 7] =
        [Role::Plain, Role::Strong, Role::Critical, Role::Warning, Role::Fine, Role::Accent, Role::Dim];
    const COLOURED: [Role; 4] = [Role::Critical, Role::Warning, Role::Fine, Role::Accent];

    /// Relative luminance, as in WCAG 2.
    fn luminance(colour: Color) -> f64 {
        let Color::Rgb(red, green, blue) = colour else { panic!("{colour} is none of the true colours") };
        let [red, green, blue] = [red, green, blue].map(|part| match f64::from(part) / 255.0 {
            part if part <= 0.04045 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Contrast ratio, as in WCAG 2.
    fn contrast(one: Color, other: Color) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn colour(palette: &Palette, role: Role) -> Color {
        palette.style(role, Depth::True).fg.unwrap()
    }

    #[test]
    fn every_role_has_a_style_of_its_kind_in_every_theme_at_every_depth() {
        for palette in PALETTES {
            for (name, depth) in Depth::ALL {
                for role in ROLES {
                    let style = palette.style(role, depth);
                    let has_colour = COLOURED.contains(&role) && depth != Depth::None && palette.name != "none";
                    let fits = match style.fg {
                        None => !has_colour,
                        Some(Color::Rgb(..)) => has_colour && depth == Depth::True,
                        Some(Color::Indexed(16..)) => has_colour && depth == Depth::Indexed,
                        Some(colour) => match depth {
                            Depth::Sixteen => has_colour,
                            Depth::Eight => has_colour && colour == base(colour),
                            _ => false,
                        },
                    };
                    assert!(fits && style.bg.is_none(), "{} {name} {role:?}: {style:?}", palette.name);
                }
                let [critical, warning] = [Role::Critical, Role::Warning].map(|role| palette.style(role, depth));
                assert_ne!(critical, warning, "{} {name}", palette.name);
            }
        }
    }

    #[test]
    fn dark_is_the_usual_colours_of_the_terminal() {
        let style = |role| DARK.style(role, Depth::Sixteen);
        for (role, colour) in COLOURED.into_iter().zip([Color::Red, Color::Yellow, Color::Green, Color::Cyan]) {
            assert_eq!(style(role).fg, Some(colour), "{role:?}");
        }
        assert_eq!(style(Role::Dim), Style::new().add_modifier(Modifier::DIM));
    }

    #[test]
    fn what_has_a_colour_can_be_read_on_its_background() {
        // Worse than black or white, and as usual.
        let [dark, bright] = [Color::Rgb(0x1e, 0x1e, 0x1e), Color::Rgb(0xfd, 0xf6, 0xe3)];
        for (palette, background, least) in
            [(&DARK, dark, 4.5), (&LIGHT, bright, 4.5), (&HIGH_CONTRAST, dark, 7.0), (&COLOUR_BLIND, dark, 4.5)]
        {
            for role in COLOURED {
                let ratio = contrast(colour(palette, role), background);
                assert!(ratio >= least, "{} {role:?}: {ratio:.2}", palette.name);
            }
        }
    }

    #[test]
    fn who_is_colour_blind_tells_trouble_by_its_brightness() {
        let [critical, warning, fine] =
            [Role::Critical, Role::Warning, Role::Fine].map(|role| colour(&COLOUR_BLIND, role));
        for (one, other) in [(critical, fine), (warning, fine), (critical, warning)] {
            assert!(contrast(one, other) >= 1.4, "{one} {other}: {:.2}", contrast(one, other));
        }
        for role in COLOURED {
            let Color::Rgb(red, green, blue) = colour(&COLOUR_BLIND, role) else { panic!("{role:?}") };
            let warm = red.min(green) > blue;
            assert_eq!(
                warm,
                matches!(role, Role::Critical | Role::Warning),
                "{role:?}: yellow or blue, never red or green"
            );
        }
    }

    #[test]
    fn the_environment_tells_how_many_colours_there_are() {
        for (term, colorterm, no_color, depth) in [
            ("xterm", "", "", Depth::Sixteen),
            ("xterm-256color", "", "", Depth::Indexed),
            ("xterm-256color", "truecolor", "", Depth::True),
            ("xterm-256color", "24bit", "", Depth::True),
            ("xterm-256color", "yes", "", Depth::Indexed),
            ("xterm-256color", "truecolor", "1", Depth::None),
            ("xterm-256color", "truecolor", "0", Depth::None),
            ("xterm-kitty", "", "", Depth::True),
            ("xterm-direct", "", "", Depth::True),
            ("screen-256color", "truecolor", "", Depth::Indexed),
            ("tmux-256color", "truecolor", "", Depth::True),
            ("screen", "", "", Depth::Eight),
            ("linux", "", "", Depth::Eight),
            ("vt220", "", "", Depth::None),
            ("rxvt-16color", "", "", Depth::Sixteen),
            ("", "", "", Depth::Sixteen),
        ] {
            let variable = |name: &str| match name {
                "TERM" => term.to_owned(),
                "COLORTERM" => colorterm.to_owned(),
                _ => no_color.to_owned(),
            };
            assert_eq!(Depth::of_terminal(variable), depth, "{term} {colorterm} {no_color}");
        }
    }
}
