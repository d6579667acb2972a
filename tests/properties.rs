//! Any bytes at all: nothing panics, nothing overflows its cells, nothing hides.
#![expect(clippy::unwrap_used, reason = "a test that cannot make its files has failed")]

use std::fs;

use memcgtop::kernel::beancounters::{self, Table};
use memcgtop::kernel::file::Content;
use memcgtop::kernel::hierarchy::Version;
use memcgtop::kernel::host::HostReader;
use memcgtop::kernel::network;
use memcgtop::kernel::parse;
use memcgtop::kernel::stat::{StatKey, StatLines};
use memcgtop::query::{Filter, LONGEST, Sort};
use memcgtop::snapshot::Hierarchy;
use memcgtop::text::{self, Ellipsis};
use memcgtop::units;
use proptest::collection::vec;
use proptest::prelude::*;

/// Nearly what the kernel prints: the words that the parsers look for, and what could break them.
fn nearly_kernel_text() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        any::<u64>().prop_map(|number| number.to_string().into_bytes()),
        "[0-9]{1,30}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..8),
    ];
    vec(word, 0..40).prop_map(|words| words.concat())
}

/// Lines of beancounters with anything between.
fn nearly_beancounters() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        prop::sample::select(
            &["Version:", "2.5", "uid", "1:", "physpages", "numproc", "dummy", "max", ":", "\n", "\n"][..]
        )
        .prop_map(|word| word.as_bytes().to_vec()),
        any::<u64>().prop_map(|number| number.to_string().into_bytes()),
        "[0-9]{1,30}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..4),
    ];
    vec(word, 0..60).prop_map(|words| words.join(&b' '))
}

/// Files of a network namespace, cut anywhere, with anything between.
fn nearly_a_network() -> impl Strategy<Value = Vec<u8>> {
    const FILES: [&[u8]; 4] = [
        include_bytes!("fixtures/network/6.18/dev"),
        include_bytes!("fixtures/network/6.18/sockstat"),
        include_bytes!("fixtures/network/6.18/sockstat6"),
        include_bytes!("fixtures/network/6.18/netstat"),
    ];
    let cut = |(file, end, put, bytes): (&[u8], prop::sample::Index, prop::sample::Index, Vec<u8>)| {
        let mut text = file[..=end.index(file.len())].to_vec();
        let at = put.index(text.len());
        text.splice(at..at, bytes);
        text
    };
    (
        prop::sample::select(&FILES[..]),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        vec(any::<u8>(), 0..6),
    )
        .prop_map(cut)
}

const WORDS: &[&str] = &[
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "\n",
    "\t",
    "\0",
    ":",
    "=",
    ".",
    "-",
    "max",
    "kB",
    "MemTotal:",
    "MemTotal: 1 kB\n",
    "SwapCached:",
    "é",
    "容",
    "anon",
    "file",
    "total_rss",
    "total_swap",
    "hierarchical_memory_limit",
    "oom_kill",
    "under_oom",
    "populated",
    "some",
    "full",
    "avg10=",
    "avg60=",
    "total=",
    "0.00",
    "100.00",
    "allocstall_normal",
    "pgscan_kswapd",
    "cpu0",
];

fn any_text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![nearly_kernel_text(), vec(any::<u8>(), 0..200)]
}

/// Sizes near the places where the unit or the digits change.
fn any_size() -> impl Strategy<Value = u64> {
    let near_a_unit = (0_u32..7, 0_u64..1100, -40_i64..40).prop_map(|(unit, value, off)| {
        1_u64.checked_shl(unit * 10).unwrap_or(u64::MAX).saturating_mul(value).saturating_add_signed(off)
    });
    let near_a_digit = (0_u32..7, 0_u64..110_000, -3_i64..3).prop_map(|(unit, hundredths, off)| {
        let bytes = (1_u128 << (unit * 10)) * u128::from(hundredths) / 1000;
        u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add_signed(off)
    });
    prop_oneof![any::<u64>(), near_a_unit, near_a_digit, (0_u32..64).prop_map(|bit| 1 << bit)]
}

/// Counts near the powers of ten and their halves.
fn any_count() -> impl Strategy<Value = u64> {
    let near = (0_u32..20, 1_u64..20_000, -3_i64..3)
        .prop_map(|(zeroes, digits, off)| 10_u64.pow(zeroes).saturating_mul(digits).saturating_add_signed(off));
    prop_oneof![any::<u64>(), near, 0_u64..2_000_000]
}

/// Names of all scripts, with what joins, modifies and hides.
fn any_name() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        any::<char>(),
        prop::sample::select(
            &['a', '容', '\u{fe0f}', '\u{200d}', '\u{301}', '☺', '👩', '🏽', '🇩', '\u{1b}', '\u{202e}', 'ﷺ', 'ل', 'ا']
                [..]
        ),
    ];
    vec(c, 0..40).prop_map(|chars| chars.into_iter().collect())
}

/// Characters that move, turn or hide: controls, bidirectional marks, and those that are drawn as nothing.
fn may_fool(c: char) -> bool {
    let bidirectional =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let separators = matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}');
    // Unicode's Default_Ignorable_Code_Point.
    let ignorable = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    c.is_control() || bidirectional || separators || ignorable
}

/// What a printed size stands for, in hundredths of a byte.
fn shown(text: &str) -> u128 {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let hundredths: u128 = format!("{whole}{decimals:0<2}").parse().unwrap();
    let exponent = ["", " B", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|known| *known == unit).unwrap();
    hundredths << (10 * exponent.saturating_sub(1))
}

fn stat_keys(version: Version) -> &'static [StatKey] {
    let keys = version.files().iter().find_map(|file| match file.content {
        Content::Stat(keys) => Some(keys),
        _ => None,
    });
    keys.unwrap()
}

/// Nearly filters: what the grammar looks for, in any order.
fn nearly_a_filter() -> impl Strategy<Value = String> {
    let parts = [
        "and",
        "or",
        "not",
        "(",
        ")",
        "\"",
        "'",
        "=",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "~",
        "!",
        "usage",
        "name",
        "populated",
        "percent",
        "512M",
        "5%",
        "yes",
        "max",
        "(a|b)*",
        "trouble",
        ":asc",
        "\u{1b}",
        "容",
        " ",
        " ",
        " ",
    ];
    vec(prop_oneof![prop::sample::select(parts.to_vec()).prop_map(str::to_owned), "\\PC{0,3}"], 0..60)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn filters_and_orders_take_any_text(text in nearly_a_filter()) {
        _ = Sort::parse(&text);
        if let Err(error) = Filter::parse(&text) {
            prop_assert!(!error.to_string().chars().any(may_fool), "{:?}", error);
        }
    }

    /// On a stack as small as a thread's may be: a filter is as deep as its parentheses, however long it is.
    #[test]
    fn long_flat_filters_take_no_stack(part in prop::sample::select(&["e ", "e or ", "not e ", "(e) ", "percent>1 or "][..])) {
        let text = format!("{}e", part.repeat((LONGEST - 1) / part.len()));
        let parsed = std::thread::Builder::new()
            .stack_size(256 * 1024)
            .spawn(move || Filter::parse(&text).map(|filter| drop(filter.clone())))
            .unwrap()
            .join();
        prop_assert!(parsed.unwrap().is_ok());
    }

    #[test]
    fn parsers_take_any_bytes(bytes in any_text(), key in any_text()) {
        _ = parse::number(&bytes);
        _ = parse::limit(&bytes);
        _ = parse::psi(&bytes);
        _ = parse::keyed(&bytes).count();
        _ = parse::value_of(&bytes, &key);
        _ = parse::flag_of(&bytes, b"populated");
    }

    #[test]
    fn numbers_survive_printing(number: u64) {
        prop_assert_eq!(parse::number(format!("{number}\n").as_bytes()), Some(number));
        let events = format!("low 0\nmax {number}\n");
        prop_assert_eq!(parse::value_of(events.as_bytes(), b"max"), Ok(Some(number)));
    }

    #[test]
    fn every_file_of_the_tables_takes_any_bytes(bytes in any_text()) {
        for version in [Version::V1, Version::V2] {
            let mut memory = version.blank();
            for file in version.files() {
                if let Content::Text(parse) = file.content {
                    _ = parse(&bytes, &mut memory);
                }
            }
        }
    }

    /// What was learned from one file must not leak into the figures of the next.
    #[test]
    fn memory_stat_is_the_same_to_a_fresh_reader(texts in vec(any_text(), 1..4)) {
        for version in [Version::V1, Version::V2] {
            let mut learned = StatLines::default();
            for text in &texts {
                let (mut memory, mut fresh) = (version.blank(), version.blank());
                let outcome = learned.parse(stat_keys(version), text, &mut memory);
                prop_assert_eq!(outcome, StatLines::default().parse(stat_keys(version), text, &mut fresh));
                prop_assert_eq!(memory, fresh);
            }
        }
    }

    #[test]
    fn memory_stat_may_come_in_any_order(
        values in vec(any::<u64>(), 40),
        order in Just((0..22).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let keys = stat_keys(Version::V2);
        let line = |&at: &usize| format!("{} {}\n", keys[at].key, values[at]);
        let sorted: String = (0..keys.len()).map(|at| line(&at)).collect();
        let shuffled: String = order.iter().filter(|at| **at < keys.len()).map(line).collect();
        let (mut a, mut b) = (Version::V2.blank(), Version::V2.blank());
        let mut lines = StatLines::default();
        prop_assert_eq!(lines.parse(keys, sorted.as_bytes(), &mut a), Ok(()));
        prop_assert_eq!(lines.parse(keys, shuffled.as_bytes(), &mut b), Ok(()));
        prop_assert_eq!(a, b);
        prop_assert_eq!(a.stat.anon, Ok(values[0]));
    }

    #[test]
    fn beancounters_take_any_bytes(bytes in prop_oneof![nearly_kernel_text(), nearly_beancounters(), vec(any::<u8>(), 0..200)]) {
        let mut table = Table::default();
        if table.parse(&bytes, "one").is_ok() {
            for block in table.blocks() {
                prop_assert!(!block.id.is_empty() && !block.id.contains('/'));
                beancounters::memory(&block.beancounter);
            }
        }
    }

    #[test]
    fn networks_take_any_bytes(
        bytes in prop_oneof![any_text(), nearly_a_network()],
        more in prop_oneof![any_text(), nearly_a_network()],
    ) {
        let _ = network::dev(&bytes);
        let _ = network::netstat(&bytes);
        if let Ok(sockets) = network::sockstat(&bytes) {
            prop_assert!(sockets.used.is_ok());
            let _ = network::sockstat6(&more, sockets);
        }
    }

    #[test]
    fn the_host_takes_any_bytes(meminfo in any_text(), vmstat in any_text(), pressure in any_text(), stat in any_text()) {
        let proc = tempfile::tempdir().unwrap();
        fs::create_dir_all(proc.path().join("pressure")).unwrap();
        for (file, bytes) in [("meminfo", meminfo), ("vmstat", vmstat), ("pressure/memory", pressure), ("stat", stat)] {
            fs::write(proc.path().join(file), bytes).unwrap();
        }
        let mut problems = Vec::new();
        let host = HostReader::new(proc.path(), Hierarchy::V2, false).read(&mut problems);
        prop_assert!(host.cpus > 0);
    }

    #[test]
    fn nothing_hides_in_visible_text(name in any_name()) {
        let safe = text::visible(&name);
        prop_assert!(!safe.chars().any(may_fool), "{:?}", safe);
        prop_assert_eq!(text::visible(&safe), safe.clone(), "made visible twice");
    }

    #[test]
    fn shortened_text_fits(name in any_name(), cells in 0_usize..50) {
        for name in [text::visible(&name).as_ref(), &name] {
            for ellipsis in [Ellipsis::Unicode, Ellipsis::Ascii] {
                let elided = text::elide(name, cells, ellipsis);
                prop_assert!(text::width(&elided) <= cells, "{:?} of {:?}", elided, name);
                let truncated = text::truncate(name, cells, ellipsis);
                prop_assert!(text::width(&truncated) <= cells, "{:?} of {:?}", truncated, name);
            }
        }
    }

    #[test]
    fn padded_text_fills_its_cells(name in any_name(), cells in 0_usize..50) {
        let name = text::visible(&name);
        let wanted = cells.max(text::width(&name));
        prop_assert_eq!(text::width(&text::pad_right(&name, cells)), wanted);
        prop_assert_eq!(text::width(&text::pad_left(&name, cells)), wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn sizes_fit_six_cells(bytes in any_size()) {
        prop_assert!(units::size(bytes).len() <= 6, "{} of {}", units::size(bytes), bytes);
    }

    #[test]
    fn counts_fit_five_cells(n in any_count()) {
        prop_assert!(units::count(n).len() <= 5, "{} of {}", units::count(n), n);
    }

    #[test]
    fn headroom_never_shows_more_than_there_is(bytes in any_size()) {
        let text = units::size_rounded_down(bytes);
        prop_assert!(text.len() <= 6, "{} of {}", text, bytes);
        prop_assert!(shown(&text) <= u128::from(bytes) * 100, "{} of {}", text, bytes);
        // Nor much less: two significant digits at the least.
        prop_assert!(shown(&text) * 101 + 100 >= u128::from(bytes) * 100, "{} of {}", text, bytes);
    }
}
