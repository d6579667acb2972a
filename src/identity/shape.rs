//! What the ids in directory names look like.
//!
//! Knows shapes only, not runtimes.

use std::borrow::Cow;

/// The shape of an id within a directory name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id {
    /// No id at all: the name is fixed.
    Nothing,
    /// Any text.
    Any,
    /// Letters, digits, `_` and `-`.
    Word,
    /// Decimal digits.
    Digits,
    /// Hexadecimal digits.
    Hex,
    /// 64 hexadecimal digits.
    Hex64,
    /// 25 letters and digits.
    Build,
    /// Hexadecimal digits in groups of 8-4-4-4-12.
    Uuid,
    /// Hexadecimal digits in groups of 8-4-4-4-4.
    ShortUuid,
    /// 32 hexadecimal digits, `-`, a number.
    Hex32AndNumber,
    /// A number, `-`, and a name, which is the id.
    NumberedName,
    /// A name, which is the id, `-`, and a number.
    NameAndNumber,
    /// A UUID, `.`, and a name, which is the id.
    UuidAndName,
    /// A name with a dot in it, which is the id, `.` or `-`, and a UUID.
    DottedNameAndUuid,
}

impl Id {
    /// The id in `text`, if `text` has this shape.
    pub(super) fn read(self, text: &str) -> Option<&str> {
        let is_whole = match self {
            Self::Nothing => text.is_empty(),
            Self::Any => !text.is_empty(),
            Self::Word => is_made_of(text, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
            Self::Digits => is_number(text),
            Self::Hex => is_made_of(text, is_hex_digit),
            Self::Hex64 => is_hex(text, 64),
            Self::Build => text.len() == 25 && is_made_of(text, |b| b.is_ascii_digit() || b.is_ascii_lowercase()),
            Self::Uuid => is_uuid(text, '-'),
            Self::ShortUuid => is_grouped(text, '-', &[8, 4, 4, 4, 4]),
            Self::Hex32AndNumber => {
                text.split_once('-').is_some_and(|(hex, number)| is_hex(hex, 32) && is_number(number))
            }
            Self::NumberedName | Self::NameAndNumber | Self::UuidAndName | Self::DottedNameAndUuid => {
                return self.read_name(text).filter(|name| !name.is_empty());
            }
        };
        is_whole.then_some(text)
    }

    fn read_name(self, text: &str) -> Option<&str> {
        match self {
            Self::NumberedName => text.split_once('-').and_then(|(number, name)| is_number(number).then_some(name)),
            Self::NameAndNumber => text.rsplit_once('-').and_then(|(name, number)| is_number(number).then_some(name)),
            Self::UuidAndName => text.split_once('.').and_then(|(uuid, name)| is_uuid(uuid, '-').then_some(name)),
            Self::DottedNameAndUuid => {
                let (name, uuid) = text.split_at_checked(text.len().checked_sub(UUID_LEN)?)?;
                let name = name.strip_suffix(['.', '-'])?;
                (is_uuid(uuid, '-') && name.contains('.')).then_some(name)
            }
            _ => None,
        }
    }
}

const UUID_LEN: usize = 36;

/// Whether `text` is a UUID whose groups are joined by `joint`.
pub(super) fn is_uuid(text: &str, joint: char) -> bool {
    is_grouped(text, joint, &[8, 4, 4, 4, 12])
}

/// Whether `text` is `digits` lower-case hexadecimal digits.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && is_made_of(text, is_hex_digit)
}

fn is_grouped(text: &str, joint: char, groups: &[usize]) -> bool {
    let mut parts = text.split(joint);
    groups.iter().all(|&digits| parts.next().is_some_and(|part| is_hex(part, digits))) && parts.next().is_none()
}

fn is_number(text: &str) -> bool {
    is_made_of(text, |b| b.is_ascii_digit())
}

fn is_made_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_hex_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// `text` with systemd's `\xNN` turned back into what they stand for; as it is where that would not be UTF-8.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains("\\x") {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, tail) = escape(rest).unwrap_or((*first, tail));
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'\\', b'x', high, low, tail @ ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = digit(*high)? * 16 + digit(*low)?;
    Some((u8::try_from(byte).ok()?, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_matched_whole() {
        let hex = "4a47344137d30b0435d3ed54b163b60e9b072114f991145e5496b04a9ebc905d";
        assert_eq!(Id::Hex64.read(hex), Some(hex));
        assert_eq!(Id::Hex64.read(&hex.to_uppercase()), None);
        assert_eq!(Id::Hex64.read(&hex[1..]), None);
        assert_eq!(Id::Hex64.read(&hex.replace('4', "z")), None);
        assert_eq!(Id::Uuid.read("6a1f2b3c-1111-4222-8333-abcdefabcdef"), Some("6a1f2b3c-1111-4222-8333-abcdefabcdef"));
        assert_eq!(Id::Uuid.read("6a1f2b3c-1111-4222-8333-abcdefabcdef-0"), None);
        assert_eq!(Id::Nothing.read(""), Some(""));
        assert_eq!(Id::Any.read(""), None);
    }

    #[test]
    fn names_are_taken_out_of_what_surrounds_them() {
        assert_eq!(Id::NumberedName.read("22222-web-1"), Some("web-1"));
        assert_eq!(Id::NumberedName.read("22222-"), None);
        assert_eq!(Id::NameAndNumber.read("org.app-x-15710"), Some("org.app-x"));
        let uuid = "4706fe54-7802-4808-aa7e-ae8b567239e0";
        assert_eq!(Id::UuidAndName.read(&format!("{uuid}.cache.v2")), Some("cache.v2"));
        assert_eq!(Id::DottedNameAndUuid.read(&format!("hello.sh-{uuid}")), Some("hello.sh"));
        assert_eq!(Id::DottedNameAndUuid.read(&format!("hello-{uuid}")), None);
        assert_eq!(Id::DottedNameAndUuid.read(&"é".repeat(20)), None);
    }

    #[test]
    fn escapes_of_systemd_are_undone_where_they_make_text() {
        assert_eq!(unescaped("nsp\\x2d1"), "nsp-1");
        assert_eq!(unescaped("caf\\xc3\\xa9"), "café");
        assert_eq!(unescaped("\\xff"), "\\xff");
        assert_eq!(unescaped("\\x2"), "\\x2");
        assert_eq!(unescaped("\\x+5"), "\\x+5");
    }
}
