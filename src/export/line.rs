//! A line of JSON for whatever is printed as JSON.
//!
//! JSON itself leaves most characters as they are, also those that move a terminal's cursor, turn the reading direction
//! or hide: they are escaped here, which is the same text for whoever parses it. Must not know what a line is about.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::text;

/// Writes a value and the end of its line.
///
/// # Errors
/// Those of the writer.
pub fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Harmless))?;
    out.write_all(b"\n")
}

/// Compact, with harmful characters as `\uXXXX`.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, harmful)) = text::first_harmful(rest) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in harmful.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + harmful.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_fool_a_reader_is_escaped_and_stays_the_same() {
        let hostile = "a\u{1b}[31m\u{7f}\u{9b}b\u{202e}c\u{200b}\u{e0041}\u{2028}\"\\\n容器 naïve";
        let mut line = Vec::new();
        write(&[hostile], &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        let expected = r#"["a\u001b[31m\u007f\u009bb\u202ec\u200b\udb40\udc41\u2028\"\\\n容器 naïve"]"#;
        assert_eq!(line, format!("{expected}\n"));
        assert_eq!(serde_json::from_str::<[String; 1]>(&line).unwrap()[0], hostile);
    }
}
