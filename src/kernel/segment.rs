//! How the name of a cgroup's directory is written in its path.
//!
//! Must not judge what a name means, nor make it fit for a terminal: a path names one cgroup and no other.

use std::fmt::Write as _;

/// A directory's name as text, so that no two names become one: a byte that is not UTF-8 is written as `\NNN` in octal,
/// as in the mount table, and so is a backslash that could be taken for the beginning of one. Others stay: systemd
/// writes `\x2d` in names.
pub fn printable(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some((before, after)) = rest.split_once('\\') {
            text.push_str(before);
            let is_octal = after.len() >= 3 && after.bytes().take(3).all(|byte| matches!(byte, b'0'..=b'7'));
            text.push_str(if is_octal { "\\134" } else { "\\" });
            rest = after;
        }
        text.push_str(rest);
        for byte in chunk.invalid() {
            _ = write!(text, "\\{byte:03o}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// What [`printable`] wrote, read again.
    fn name_of(text: &str) -> Vec<u8> {
        let mut name = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
            let octal = octal.filter(|digits| first == b'\\' && digits.bytes().all(|b| b.is_ascii_digit()));
            let byte = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
            name.push(byte.unwrap_or(first));
            rest = &after[if byte.is_some() { 3 } else { 0 }..];
        }
        name
    }

    fn any_part() -> impl Strategy<Value = Vec<u8>> {
        const PARTS: [&[u8]; 9] = [b"\\", b"\\3", b"77", b"\\377", b"\\134", b"\\x2d", b"\xff", b"\xc3", b"\xc3\xa9"];
        prop_oneof![prop::sample::select(&PARTS[..]).prop_map(<[u8]>::to_vec), vec(1..=u8::MAX, 0..3)]
    }

    proptest! {
        #[test]
        fn no_two_names_become_one(parts in vec(any_part(), 0..8)) {
            let name = parts.concat();
            prop_assert_eq!(name_of(&printable(&name)), name);
        }
    }

    #[test]
    fn names_stay_readable() {
        assert_eq!(printable(b"machine-nsp\\x2d1.scope"), "machine-nsp\\x2d1.scope");
        assert_eq!(printable(b"\xff\\xff\\377"), "\\377\\xff\\134377");
    }
}
