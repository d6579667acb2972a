//! Kernel text to figures, in place: no allocation, no panic on any bytes.
//!
//! Must not know files or cgroups, only the few formats that the kernel prints.

use crate::snapshot::{Missing, Psi, PsiLine, Reading};
use crate::units::Limit;

/// From this size on a v1 limit means "none": the kernel prints the largest multiple of the page size below 2^63.
const UNLIMITED: u64 = 1 << 62;

/// A decimal number with nothing around it but white space.
pub fn number(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// A limit in bytes: v2's `max`, or v1's "at least 2^62", is unlimited.
pub fn limit(bytes: &[u8]) -> Option<Limit> {
    match bytes.trim_ascii() {
        b"max" => Some(Limit::Unlimited),
        digits => number(digits).map(limit_of),
    }
}

/// A limit given as a number, as v1 does.
pub fn limit_of(bytes: u64) -> Limit {
    if bytes >= UNLIMITED { Limit::Unlimited } else { Limit::Bytes(bytes) }
}

/// The flag `key` of a flat keyed file: `0` or `1`.
pub fn flag_of(bytes: &[u8], key: &[u8]) -> Option<bool> {
    match value_of(bytes, key).ok()?? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// The lines of a flat keyed file, `key value`, one per line. A line that was cut off is not among them.
pub fn keyed(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    complete_lines(bytes).filter_map(|line| {
        let blank = line.iter().position(|&byte| byte == b' ')?;
        Some((&line[..blank], &line[blank + 1..]))
    })
}

/// The value of `key` in a flat keyed file; `Ok(None)` if the file has no such key, `Err` if it has no number.
pub fn value_of(bytes: &[u8], key: &[u8]) -> Result<Option<u64>, Malformed> {
    match keyed(bytes).find(|(found, _)| *found == key) {
        None => Ok(None),
        Some((_, value)) => number(value).map(Some).ok_or(Malformed),
    }
}

/// Puts a file's one value where it belongs.
pub fn set<T>(reading: &mut Reading<T>, value: Option<T>) -> Result<(), Malformed> {
    *reading = Ok(value.ok_or(Malformed)?);
    Ok(())
}

/// Puts the values of a flat keyed file where they belong; a key that is not there is one that this kernel does not count.
pub fn keys(bytes: &[u8], wanted: &mut [(&str, &mut Reading)]) -> Result<(), Malformed> {
    for (key, reading) in wanted.iter_mut() {
        **reading = value_of(bytes, key.as_bytes())?.ok_or(Missing::NotInKernel);
    }
    let found = wanted.iter().any(|(_, reading)| reading.is_ok());
    if found && bytes.last() == Some(&b'\n') { Ok(()) } else { Err(Malformed) }
}

/// A file that does not look as the kernel prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The lines of a file but for one that was cut off, and for empty ones.
pub(super) fn complete_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    bytes[..end].split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

/// A pressure file: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and the same for `full`.
pub fn psi(bytes: &[u8]) -> Option<Psi> {
    let mut some = None;
    let mut full = None;
    for (key, values) in keyed(bytes) {
        match key {
            b"some" => some = Some(psi_line(values)?),
            b"full" => full = Some(psi_line(values)?),
            _ => {}
        }
    }
    Some(Psi { some: some?, full: full? })
}

fn psi_line(bytes: &[u8]) -> Option<PsiLine> {
    let (mut avg10, mut avg60, mut total) = (None, None, None);
    for word in bytes.split(|&byte| byte == b' ') {
        if let Some(value) = word.strip_prefix(b"avg10=") {
            avg10 = share(value);
        } else if let Some(value) = word.strip_prefix(b"avg60=") {
            avg60 = share(value);
        } else if let Some(value) = word.strip_prefix(b"total=") {
            total = number(value);
        }
    }
    Some(PsiLine { avg10: avg10?, avg60: avg60?, total_us: total? })
}

/// A percentage with two decimals. Kept as hundredths until the end, so that 41.20 stays 41.2.
fn share(bytes: &[u8]) -> Option<f64> {
    let point = bytes.iter().position(|&byte| byte == b'.')?;
    let (whole, hundredths) = (number(&bytes[..point])?, &bytes[point + 1..]);
    if whole > 100 || hundredths.len() != 2 {
        return None;
    }
    Some((whole * 100 + number(hundredths)?) as f64 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_files() {
        assert_eq!(number(b"20971520\n"), Some(20_971_520));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for bad in [&b""[..], b"\n", b"-1", b"1 2", b"18446744073709551616", b"0x10", b"12\0"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn unlimited_is_recognised_in_every_page_size() {
        for text in ["max\n", "9223372036854771712\n", "9223372036854759424", "9223372036854775807"] {
            assert_eq!(limit(text.as_bytes()), Some(Limit::Unlimited), "{text}");
        }
        assert_eq!(limit(b"0\n"), Some(Limit::Bytes(0)));
        assert_eq!(limit(b"maximum"), None);
    }

    #[test]
    fn keys_are_matched_whole() {
        let events = b"low 0\nmax 35\noom 1\noom_kill 2\n";
        assert_eq!(value_of(events, b"oom"), Ok(Some(1)));
        assert_eq!(value_of(events, b"oom_group_kill"), Ok(None));
        assert_eq!(value_of(b"max many\n", b"max"), Err(Malformed));
        assert_eq!(value_of(b"max 35", b"max"), Ok(None), "a line that was cut off may be a part of a number");
    }

    #[test]
    fn pressure_is_read() {
        let text =
            b"some avg10=41.20 avg60=3.05 avg300=0.00 total=391926\nfull avg10=36.00 avg60=0.12 avg300=0.00 total=12\n";
        let psi = psi(text).unwrap();
        assert_eq!(psi.some, PsiLine { avg10: 41.2, avg60: 3.05, total_us: 391_926 });
        assert_eq!(psi.full.avg10.to_bits(), 36.0_f64.to_bits());
        assert_eq!(super::psi(b"some avg10=1.00 avg60=1.00 avg300=1.00 total=1\n"), None);
        assert_eq!(super::psi(b"some avg10=999.00 avg60=1.00 total=1\nfull avg10=1.00 avg60=1.00 total=1\n"), None);
    }
}
