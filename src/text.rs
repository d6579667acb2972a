//! Text that comes from containers, made fit for a terminal.
//!
//! Names, paths and command lines are hostile: what could move the cursor, turn the reading
//! direction or hide a character is made visible here, and widths are counted in cells.
//! Must not know colours, nor what the text names.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

/// `text` with every control, bidirectional and invisible character written out as an escape.
pub fn visible(text: &str) -> Cow<'_, str> {
    if first_harmful(text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !is_harmful(c) => safe.push(c),
            c if c.is_ascii() => _ = write!(safe, "\\x{:02x}", c as u32),
            c => _ = write!(safe, "\\u{{{:x}}}", c as u32),
        }
    }
    Cow::Owned(safe)
}

/// The first control, bidirectional or invisible character of `text`, and where it is.
pub fn first_harmful(text: &str) -> Option<(usize, char)> {
    if is_plain(text.as_bytes()) { None } else { text.char_indices().find(|(_, c)| is_harmful(*c)) }
}

/// Whether all is printable ASCII, as most texts are. Eight bytes at a time: exports ask this of every key and value.
fn is_plain(bytes: &[u8]) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = EACH << 7;
    // Below a blank the difference has the high bit, from DEL on the sum has it.
    let is_plain = |eight: &[u8; 8]| {
        let eight = u64::from_ne_bytes(*eight);
        (eight.wrapping_sub(EACH * 0x20) | eight.wrapping_add(EACH)) & HIGH == 0
    };
    let (eights, rest) = bytes.as_chunks();
    eights.iter().all(is_plain) && rest.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// What a message repeats of what somebody wrote: fit for a terminal, and of a long text only the beginning.
pub fn excerpt(text: &str) -> String {
    const CELLS: usize = 60;
    // More than the cells can hold, so that a text of megabytes is not measured; cut between characters.
    let end = text.char_indices().map(|(at, _)| at).nth(4 * CELLS).unwrap_or(text.len());
    truncate(&visible(&text[..end]), CELLS, Ellipsis::Ascii).into_owned()
}

/// Whether a terminal would do something else with it than show it.
pub fn is_harmful(c: char) -> bool {
    c.is_control() || is_separator(c) || is_ignorable(c)
}

/// Line and paragraph separators, and the brackets of interlinear annotations.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
}

/// Unicode's `Default_Ignorable_Code_Point`, drawn as nothing, and the marks that turn the reading direction.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// How many cells `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The characters that stand for what was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ellipsis {
    /// `…`
    Unicode,
    /// `..`
    Ascii,
}

impl Ellipsis {
    fn text(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Ascii => "..",
        }
    }
}

/// `text` in at most `cells` cells, shortened in the middle, where names differ least.
pub fn elide(text: &str, cells: usize, ellipsis: Ellipsis) -> Cow<'_, str> {
    if text.width() <= cells {
        return Cow::Borrowed(text);
    }
    let dots = ellipsis.text();
    let Some(room) = cells.checked_sub(dots.width()) else {
        return Cow::Owned(head(text, cells).to_owned());
    };
    let tail_cells = room / 2;
    Cow::Owned(format!("{}{dots}{}", head(text, room - tail_cells), tail(text, tail_cells)))
}

/// `text` in at most `cells` cells, shortened at its end.
pub fn truncate(text: &str, cells: usize, ellipsis: Ellipsis) -> Cow<'_, str> {
    if text.width() <= cells {
        return Cow::Borrowed(text);
    }
    let dots = ellipsis.text();
    match cells.checked_sub(dots.width()) {
        Some(room) => Cow::Owned(format!("{}{dots}", head(text, room))),
        None => Cow::Owned(head(text, cells).to_owned()),
    }
}

/// `text` in at most `cells` cells, shortened at its start.
pub fn truncate_start(text: &str, cells: usize, ellipsis: Ellipsis) -> Cow<'_, str> {
    if text.width() <= cells {
        return Cow::Borrowed(text);
    }
    let dots = ellipsis.text();
    match cells.checked_sub(dots.width()) {
        Some(room) => Cow::Owned(format!("{dots}{}", tail(text, room))),
        None => Cow::Owned(tail(text, cells).to_owned()),
    }
}

/// As much of the beginning of `text` as fits into `cells` cells, and at least a character.
pub fn beginning(text: &str, cells: usize) -> &str {
    let fitting = head(text, cells);
    let first = text.chars().next().map_or(0, char::len_utf8);
    if fitting.is_empty() { &text[..first] } else { fitting }
}

/// The longest start that fits. Measured as a whole: a character may widen the one before it.
fn head(text: &str, cells: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.take_while(|&end| text[..end].width() <= cells).last().map_or("", |end| &text[..end])
}

/// The longest end that fits.
fn tail(text: &str, cells: usize) -> &str {
    let starts = text.char_indices().rev().map(|(at, _)| at);
    starts.take_while(|&start| text[start..].width() <= cells).last().map_or("", |start| &text[start..])
}

/// `text` followed by blanks up to `cells` cells.
pub fn pad_right(text: &str, cells: usize) -> String {
    format!("{text}{}", " ".repeat(cells.saturating_sub(text.width())))
}

/// `text` preceded by blanks up to `cells` cells.
pub fn pad_left(text: &str, cells: usize) -> String {
    format!("{}{text}", " ".repeat(cells.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_fool_a_reader_is_made_visible() {
        assert_eq!(visible("web-1"), "web-1");
        assert_eq!(visible("a\x1b[31mb\u{202e}c\u{200b}d\u{9b}"), "a\\x1b[31mb\\u{202e}c\\u{200b}d\\u{9b}");
        assert_eq!(visible("naïve-容器"), "naïve-容器");
    }

    #[test]
    fn plain_text_is_told_from_the_rest_wherever_that_is() {
        for c in (0..=0x2ff).filter_map(char::from_u32) {
            for before in 0..20 {
                let text = format!("{}{c}{}", "~".repeat(before), " ".repeat(19 - before));
                assert_eq!(first_harmful(&text), is_harmful(c).then_some((before, c)), "{text:?}");
                assert_eq!(is_plain(text.as_bytes()), (' '..='~').contains(&c), "{text:?}");
            }
        }
    }

    #[test]
    fn messages_repeat_no_more_than_a_line_bears() {
        assert_eq!(excerpt("a\x1bb"), "a\\x1bb");
        let excerpt = excerpt(&"x".repeat(1 << 20));
        assert!(excerpt.ends_with("xx..") && width(&excerpt) == 60, "{excerpt}");
    }

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(elide("checkout-5c8b-x7k2p/app", 16, Ellipsis::Unicode), "checkout…k2p/app");
        assert_eq!(elide("short", 16, Ellipsis::Unicode), "short");
        assert_eq!(elide("容器容器容器", 5, Ellipsis::Unicode), "容…器");
        assert_eq!(elide("abcdef", 1, Ellipsis::Ascii), "a");
        assert_eq!(truncate("abcdef", 4, Ellipsis::Ascii), "ab..");
    }

    #[test]
    fn padding_counts_cells() {
        assert_eq!(pad_right("容", 4), "容  ");
        assert_eq!(pad_left("容", 4), "  容");
    }
}
