//! OOM kills in the kernel logs of real kernels: whole, cut short, and out of order.
#![expect(clippy::panic, reason = "a log that cannot be read has failed the test")]

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use memcgtop::kernel::kmsg::{OomLog, Record};
use memcgtop::snapshot::{Culprit, OomKill};
use proptest::prelude::*;

/// The texts of a log's records.
fn captured(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kmsg").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let record = |line: &str| match line.strip_prefix('[') {
        // As `dmesg` prints them.
        Some(line) => line.split_once("] ").map_or("", |(_, text)| text).to_owned(),
        None => Record::parse(line.as_bytes()).map_or(String::new(), |record| record.text.into_owned()),
    };
    text.lines().map(record).collect()
}

fn kills<'a>(records: impl IntoIterator<Item = &'a String>) -> Vec<OomKill> {
    let mut log = OomLog::new(4096);
    records.into_iter().for_each(|text| {
        log.take(text, SystemTime::UNIX_EPOCH);
    });
    log.told()
}

const LOGS: [(&str, &[u32]); 3] =
    [("linux-5.10.dmesg", &[536]), ("linux-6.1.dmesg", &[607]), ("linux-6.18.kmsg", &[28_751, 1_030])];

#[test]
fn kills_of_every_kernel_are_understood() {
    for (name, pids) in LOGS {
        let kills = kills(&captured(name));
        assert_eq!(kills.iter().map(|kill| kill.pid).collect::<Vec<_>>(), pids, "{name}");
        for kill in &kills {
            let cgroup = kill.cgroup.clone().unwrap_or_else(|| panic!("{name}: {kill:?}"));
            assert_eq!(kill.by, Culprit::Limit(cgroup), "{name}");
            let at = kill.at_limit.unwrap_or_else(|| panic!("{name}: {kill:?}"));
            assert_eq!((at.usage, at.limit), (20 << 20, Some(20 << 20)), "{name}");
            assert!(at.failcnt > 100 && kill.victim[0].is_some_and(|anon| anon > 10 << 20), "{name}: {kill:?}");
            assert!(kill.tasks.iter().any(|task| task.pid == kill.pid && task.rss > 10 << 20), "{name}: {kill:?}");
        }
    }
}

#[test]
fn a_line_that_is_missing_costs_no_kill_but_its_own() {
    for (name, pids) in LOGS {
        let records = captured(name);
        for missing in 0..records.len() {
            let left: Vec<String> =
                records.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, text)| text.clone()).collect();
            let lost = usize::from(records[missing].contains("Killed process"));
            assert_eq!(kills(&left).len(), pids.len() - lost, "{name} without `{}`", records[missing]);
        }
    }
}

const STARTS: [&str; 9] = [
    "oom-kill:",
    "oom-kill:,oom_memcg=/",
    "memory: usage ",
    "Killed process 7 (",
    "[  7] ",
    "[  pid  ] uid rss name",
    "Tasks in ",
    "Task in ",
    "",
];
const ENDS: [&str; 9] = [
    ",uid=0",
    ",task_memcg=/,task=x,pid=7,uid=0",
    "kB, limit 1kB, failcnt 2",
    ") total-vm:1kB, anon-rss:1kB",
    " name",
    " name",
    " are going to be killed due to memory.oom.group set",
    " killed as a result of limit of /",
    " invoked oom-killer: gfp_mask=0",
];

proptest! {
    #[test]
    fn no_order_and_no_cut_costs_a_kill(seed in any::<u64>(), log in 0..LOGS.len()) {
        let (name, pids) = LOGS[log];
        let mut records = captured(name);
        let count = records.len() as u64;
        // Any order: each record is swapped with one that the seed names.
        for at in 0..records.len() {
            let other = (seed.wrapping_mul(at as u64 + 1) >> 7) % count;
            records.swap(at, other as usize);
        }
        prop_assert_eq!(kills(&records).len(), pids.len());
        let cut: Vec<String> = records.iter().map(|text| text.chars().take((seed % 60) as usize).collect()).collect();
        kills(&cut);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,200}") {
        let mut log = OomLog::new(4096);
        let whole = [&b"6,1,1,-;"[..], &bytes].concat();
        for record in [Record::parse(&bytes), Record::parse(&whole)].into_iter().flatten() {
            log.take(&record.text, SystemTime::UNIX_EPOCH);
        }
        for start in STARTS {
            log.take(&format!("{start}{text}"), SystemTime::UNIX_EPOCH);
        }
        for whole in STARTS.iter().zip(ENDS).map(|(start, end)| format!("{start}{text}{end}")) {
            log.take(&whole, SystemTime::UNIX_EPOCH);
        }
    }
}
