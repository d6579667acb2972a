//! Sizes, limits, counts and ages: how they are read and how they are printed.
//!
//! One format for each kind of figure, the same on every screen and in every table.
//! Must not know what a figure is about, nor how wide a column is.

use std::time::Duration;

use humansize::{BINARY, format_size};
use thiserror::Error;

/// A limit of the kernel: a number of bytes, or none.
///
/// Ordered so that the smaller limit is the tighter one and `Unlimited` is the loosest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// At most this many bytes.
    Bytes(u64),
    /// No limit: `max` on cgroup v2, at least 2^62 on cgroup v1.
    Unlimited,
}

impl Limit {
    /// The limit in bytes; `None` means unlimited.
    pub fn bytes(self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Unlimited => None,
        }
    }
}

const KIB: u64 = 1024;

/// `bytes` with three significant digits and a binary unit, at most six cells: `9.99Mi`, `512 B`, `0`.
pub fn size(bytes: u64) -> String {
    if bytes == 0 {
        return "0".to_owned();
    }
    if bytes < KIB {
        return format!("{bytes} B");
    }
    let unit = unit_of(bytes);
    let bytes = if (bytes as f64 / unit as f64).round() >= KIB as f64 { unit.saturating_mul(KIB) } else { bytes };
    let decimals = decimals_of(bytes as f64 / unit_of(bytes) as f64);
    let options = BINARY.decimal_places(decimals).decimal_zeroes(decimals).space_after_value(false);
    let mut text = format_size(bytes, options);
    if text.ends_with('B') {
        text.pop();
    }
    text
}

/// The same of a size that may be missing: then it is `?`.
pub fn size_or_unknown<E>(bytes: Result<u64, E>) -> String {
    bytes.map_or_else(|_| "?".to_owned(), size)
}

/// As [`size`], but never more than there is: for headroom, where rounding up would promise room.
pub fn size_rounded_down(bytes: u64) -> String {
    if bytes < KIB {
        return size(bytes);
    }
    // Whole numbers: a float of 53 bits would round the largest sizes up.
    let unit = u128::from(unit_of(bytes));
    let scale = match u128::from(bytes) / unit {
        0..10 => 100,
        10..100 => 10,
        _ => 1,
    };
    let digits = u128::from(bytes) * scale / unit;
    size((digits * unit).div_ceil(scale) as u64)
}

fn unit_of(bytes: u64) -> u64 {
    let mut unit = 1;
    while bytes / unit >= KIB {
        unit *= KIB;
    }
    unit
}

fn decimals_of(value: f64) -> usize {
    match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    }
}

/// A limit as a [`size`], or `max` as the kernel says for none.
pub fn limit(limit: Limit) -> String {
    limit.bytes().map_or_else(|| "max".to_owned(), size)
}

/// A count of events in at most five cells: `9999`, `48.1k`, `1.20M`.
pub fn count(n: u64) -> String {
    const UNITS: [(&str, u64); 6] = [
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000),
    ];
    if n < 10_000 {
        return n.to_string();
    }
    let mut scaled = (n as f64, "");
    for (suffix, unit) in UNITS {
        scaled = (n as f64 / unit as f64, suffix);
        if scaled.0 < 999.5 {
            break;
        }
    }
    let (value, suffix) = scaled;
    format!("{value:.*}{suffix}", decimals_of(value))
}

/// Events a second in at most five cells: `0.3`, `182`, `14.2k`.
pub fn rate(a_second: f64) -> String {
    const LEAST: f64 = 0.1;
    match a_second {
        0.0 => "0".to_owned(),
        few if few < LEAST => format!("<{LEAST}"),
        few if few < 9.95 => format!("{few:.1}"),
        many => count(many.round() as u64),
    }
}

/// A size that came or went, with its sign, in at most seven cells: `+1.20Mi`, `-512 B`, `0`.
pub fn growth(bytes: f64) -> String {
    match bytes.abs().round() as u64 {
        0 => "0".to_owned(),
        moved => format!("{}{}", if bytes < 0.0 { '-' } else { '+' }, size(moved)),
    }
}

/// A share as a whole percentage, rounded down so that `100%` means that nothing is left.
pub fn percent(value: f64) -> String {
    format!("{:.0}%", value.floor())
}

/// An age in at most four cells, rounded down: `12s`, `59m`, `23h`, `99d`, `2y`.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..31_536_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// An age in prose, with two units: `48s`, `2m14s`, `3h12m`, `4d02h`.
pub fn age_long(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// How many there are of a thing: `1 hit`, `2 hits`, `2 processes`.
pub fn counted(n: u64, thing: &str) -> String {
    format!("{} {}", count(n), named(n, thing))
}

/// What so many of a thing are called: `hit`, `hits`, `processes`.
pub fn named(n: u64, thing: &str) -> String {
    let ending = match n {
        1 => "",
        _ if thing.ends_with('s') => "es",
        _ => "s",
    };
    format!("{thing}{ending}")
}

/// A short time as it is set: `100ms`, `1s`, `1m`.
pub fn interval(time: Duration) -> String {
    match time.as_millis() {
        millis if millis % 1_000 != 0 => format!("{millis}ms"),
        millis if millis % 60_000 != 0 => format!("{}s", millis / 1_000),
        millis => format!("{}m", millis / 60_000),
    }
}

/// Why a text is not a size or a duration. The text is not repeated: who shows the message shows it beside.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ParseError {
    /// Not `512M`, `1.5Gi`, `4096`.
    #[error("not a size; write bytes or a unit: 4096, 512K, 512M, 1.5G")]
    Size,
    /// Not `1s`, `500ms`, `2m`.
    #[error("not a duration; write 500ms, 1s, 2m")]
    Duration,
}

/// Reads `4096`, `512K`, `512M`, `512Mi`, `512MiB`, `1.5G`: every unit is binary, as in a memory limit.
///
/// # Errors
/// [`ParseError::Size`] for anything else, negative or too large sizes included.
pub fn parse_size(text: &str) -> Result<u64, ParseError> {
    let (number, unit) = split_number(text);
    let value: f64 = number.parse().map_err(|_| ParseError::Size)?;
    let unit = unit.trim().to_ascii_lowercase();
    let exponent = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return Err(ParseError::Size),
    };
    let bytes = value * (KIB as f64).powi(exponent);
    if bytes.is_finite() && (0.0..u64::MAX as f64).contains(&bytes) {
        Ok(bytes.round() as u64)
    } else {
        Err(ParseError::Size)
    }
}

/// Reads `500ms`, `1s`, `1.5s`, `2m`, `1h`; a bare number is seconds.
///
/// # Errors
/// [`ParseError::Duration`] for anything else.
pub fn parse_duration(text: &str) -> Result<Duration, ParseError> {
    let (number, unit) = split_number(text);
    let value: f64 = number.parse().map_err(|_| ParseError::Duration)?;
    let seconds = match unit.trim() {
        "ms" => value / 1_000.0,
        "s" | "" => value,
        "m" => value * 60.0,
        "h" => value * 3_600.0,
        _ => return Err(ParseError::Duration),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| ParseError::Duration)
}

fn split_number(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_significant_digits_and_at_most_six_cells() {
        for (bytes, text) in [
            (0, "0"),
            (512, "512 B"),
            (1023, "1023 B"),
            (1024, "1.00Ki"),
            (10_475_274, "9.99Mi"),
            (10_481_565, "10.0Mi"),
            (104_752_742, "99.9Mi"),
            (1023 << 20, "1023Mi"),
            ((1 << 30) - 1, "1.00Gi"),
            (2 << 30, "2.00Gi"),
            (u64::MAX, "16.0Ei"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
    }

    #[test]
    fn headroom_is_never_rounded_up() {
        assert_eq!(size_rounded_down(10_481_565), "9.99Mi");
        assert_eq!(size_rounded_down((1 << 30) - 1), "1023Mi");
        assert_eq!(size_rounded_down(1 << 30), "1.00Gi");
        assert_eq!(size_rounded_down(700), "700 B");
        assert_eq!(size_rounded_down(u64::MAX), "15.9Ei");
    }

    #[test]
    fn counts_fit_five_cells() {
        for (n, text) in
            [(9_999, "9999"), (48_111, "48.1k"), (912_000, "912k"), (999_600, "1.00M"), (1_200_000, "1.20M")]
        {
            assert_eq!(count(n), text);
        }
        assert!(count(u64::MAX).len() <= 5);
    }

    #[test]
    fn one_thing_is_not_many() {
        assert_eq!([0, 1, 2, 48_111].map(|n| counted(n, "hit")), ["0 hits", "1 hit", "2 hits", "48.1k hits"]);
        assert_eq!([0, 1, 2].map(|n| counted(n, "process")), ["0 processes", "1 process", "2 processes"]);
    }

    #[test]
    fn ages_are_rounded_down() {
        assert_eq!(age(Duration::from_secs(59)), "59s");
        assert_eq!(age(Duration::from_secs(3_599)), "59m");
        assert_eq!(age_long(Duration::from_secs(134)), "2m14s");
        assert_eq!(age_long(Duration::from_secs(4 * 86_400 + 7_300)), "4d02h");
    }

    #[test]
    fn intervals_are_told_as_they_are_set() {
        for (millis, text) in [(100, "100ms"), (1_000, "1s"), (1_500, "1500ms"), (60_000, "1m"), (90_000, "90s")] {
            assert_eq!(interval(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn sizes_and_durations_are_read() {
        assert_eq!(parse_size("4096"), Ok(4096));
        assert_eq!(parse_size("512M"), Ok(512 << 20));
        assert_eq!(parse_size("1.5GiB"), Ok(3 << 29));
        for bad in ["", "M", "12X", "-1", "1e400", "99999999P"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2"), Ok(Duration::from_secs(2)));
        assert!(parse_duration("soon").is_err());
    }

    #[test]
    fn the_tighter_limit_is_the_smaller() {
        assert_eq!(Limit::Unlimited.min(Limit::Bytes(1)), Limit::Bytes(1));
    }
}
