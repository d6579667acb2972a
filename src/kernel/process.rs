//! What `/proc/PID/status` says of a process's memory.
//!
//! The figures there are counters that the kernel keeps anyway; `smaps_rollup` would walk all its pages for them, with the
//! lock that the process needs to get any.

use crate::snapshot::Process;

/// Parses the file. A process that is ending, and the kernel's own, have no memory any more, or never had.
pub fn process(pid: u32, status: &[u8]) -> Option<Process> {
    let mut process = Process { pid, name: String::new(), anon: 0, file: 0, shmem: 0, swap: 0 };
    let mut is_named = false;
    for line in status.split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (key, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        match key {
            b"Name" if !is_named => {
                process.name = String::from_utf8_lossy(value).into_owned();
                is_named = true;
            }
            b"RssAnon" => process.anon = kibibytes(value)?,
            b"RssFile" => process.file = kibibytes(value)?,
            b"RssShmem" => process.shmem = kibibytes(value)?,
            b"VmSwap" => process.swap = kibibytes(value)?,
            _ => {}
        }
    }
    is_named.then_some(process)
}

/// What of the address space is locked into memory, touched or not, bytes.
pub fn locked(status: &[u8]) -> Option<u64> {
    status.split(|&byte| byte == b'\n').find_map(|line| kibibytes(line.strip_prefix(b"VmLck:")?.trim_ascii()))
}

fn kibibytes(value: &[u8]) -> Option<u64> {
    super::parse::number(value.strip_suffix(b"kB")?)?.checked_mul(1024).filter(|&bytes| bytes < 1 << 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn memory_is_told_by_its_kind() {
        let status = b"Name:\tpost\\ngres\nUmask:\t0022\nVmRSS:\t 3000 kB\nRssAnon:\t    1000 kB\nRssFile:\t 1500 kB\n\
            RssShmem:\t 500 kB\nVmSwap:\t 7 kB\n";
        let process = process(7, status).unwrap();
        assert_eq!((process.pid, process.name.as_str()), (7, "post\\ngres"));
        assert_eq!((process.anon, process.file, process.shmem), (1000 << 10, 1500 << 10, 500 << 10));
        assert_eq!((process.swap, process.rss()), (7 << 10, 3000 << 10));
        assert_eq!(locked(b"Name:\ta\nVmPeak:\t 9 kB\nVmLck:\t    4096 kB\nVmPin:\t 1 kB\n"), Some(4 << 20));
        assert_eq!((locked(status), locked(b"VmLck:\t-1 kB\n")), (None, None));
    }

    #[test]
    fn a_process_without_memory_is_one_and_other_text_is_none() {
        assert_eq!(process(2, b"Name:\tkthreadd\nState:\tS\n").unwrap().rss(), 0);
        assert_eq!(process(2, b""), None);
        assert_eq!(process(2, b"Name:\ta\nRssAnon:\tmany kB\n"), None);
        assert_eq!(process(2, b"Name:\ta\nRssAnon:\t18446744073709551615 kB\n"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(status in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = process(1, &[b"Name:\ta\nRssAnon: ".as_slice(), &status].concat()).map(|process| process.rss());
        }
    }
}
