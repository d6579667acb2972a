//! The network namespace of a process, and what the kernel counts for it: `/proc/PID/ns/net` and `/proc/PID/net`.
//!
//! The files under `net` are those of the process's namespace and may be read by anybody; which namespace that is, only
//! by its user and by whoever has `CAP_SYS_PTRACE`. They are not kept open: an open one keeps the namespace alive. Must
//! not know whose process it is.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::parse::{Malformed, complete_lines, number};
use super::read;
use crate::snapshot::{Counts, INITIAL, Missing, Problem, Reading, Sockets, Starved, Traffic};
use crate::text;

/// `/proc/PID/ns/pid` in the initial process namespace, on every kernel (`PROC_PID_INIT_INO`).
const INITIAL_PIDS: u64 = 0xEFFF_FFFC;

/// With room for so much the files of most namespaces are read at once.
const LARGE: usize = 16 << 10;

/// The inode of the network namespace that a process is in.
///
/// # Errors
/// Where there is no such process, or it may not be looked at.
pub fn namespace(proc_root: &Path, pid: i32) -> io::Result<u64> {
    inode(&proc_root.join(pid.to_string()).join("ns/net"))
}

/// The host's own network namespace, as far as it can be known: that of process 1 where its number is the host's.
pub fn of_host(proc_root: &Path) -> Option<u64> {
    let is_host = inode(&proc_root.join("1/ns/pid")).is_ok_and(|pids| pids == INITIAL_PIDS);
    let first = namespace(proc_root, 1).ok().filter(|_| is_host);
    let own = || inode(&proc_root.join("self/ns/net")).ok().filter(|own| *own == INITIAL);
    first.or_else(own)
}

/// What such a link says: `net:[4026531833]`.
fn inode(link: &Path) -> io::Result<u64> {
    let target = std::fs::read_link(link)?;
    let digits = target.to_str().and_then(|target| target.split_once(":[")?.1.strip_suffix(']'));
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| read::explained(read::NOT_THE_KERNELS))
}

/// What is counted for the namespace of a process, and what of it could not be read.
pub fn counts(proc_root: &Path, pid: i32) -> (Counts, Vec<Problem>) {
    let net = proc_root.join(pid.to_string()).join("net");
    let mut files = Files { net, bytes: Vec::with_capacity(LARGE), problems: Vec::new() };
    let traffic = files.take("dev", dev).unwrap_or_else(Traffic::missing);
    let sockets = files.take("sockstat", sockstat).and_then(|sockets| {
        let both = files.take("sockstat6", |bytes| sockstat6(bytes, sockets));
        // Where IPv6 is off there is no such file, and no such socket.
        both.or_else(|reason| if reason == Missing::NotInKernel { Ok(sockets) } else { Err(reason) })
    });
    let starved = files.take("netstat", netstat).unwrap_or_else(Starved::missing);
    (Counts { traffic, sockets: sockets.unwrap_or_else(Sockets::missing), starved }, files.problems)
}

/// The files of a namespace, and what was wrong with them.
struct Files {
    net: PathBuf,
    bytes: Vec<u8>,
    problems: Vec<Problem>,
}

impl Files {
    fn take<T>(&mut self, file: &str, parse: impl FnOnce(&[u8]) -> Result<T, Malformed>) -> Reading<T> {
        let path = self.net.join(file);
        let (doing, error) = match read::whole_into(&path, &mut self.bytes) {
            Ok(()) => match parse(&self.bytes) {
                Ok(parsed) => return Ok(parsed),
                Err(Malformed) => ("parse", read::explained(read::NOT_THE_KERNELS)),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Missing::NotInKernel),
            Err(error) => ("read", error),
        };
        let is_refused = error.kind() == ErrorKind::PermissionDenied;
        let path = text::visible(&path.to_string_lossy()).into_owned();
        self.problems.push(Problem { path, doing, error: error.to_string() });
        Err(if is_refused { Missing::Permission } else { Missing::Unreadable })
    }
}

/// `/proc/PID/net/dev`: two lines of heads, then `name: ` and 16 numbers for each interface.
///
/// # Errors
/// Where it is not what the kernel prints.
pub fn dev(bytes: &[u8]) -> Result<Traffic, Malformed> {
    const NUMBERS: usize = 16;
    let heads = bytes.split(|&byte| byte == b'\n').nth(1).ok_or(Malformed)?;
    if !heads.starts_with(b" face |bytes") || bytes.last() != Some(&b'\n') {
        return Err(Malformed);
    }
    let mut sums = [0_u64; NUMBERS];
    for line in complete_lines(bytes).skip(2) {
        let colon = line.iter().position(|&byte| byte == b':').ok_or(Malformed)?;
        let mut numbers = words(&line[colon + 1..]);
        let is_loopback = line[..colon].trim_ascii() == b"lo";
        for sum in &mut sums {
            let n = numbers.next().and_then(number).ok_or(Malformed)?;
            // The kernel's own counters wrap as well.
            *sum = if is_loopback { *sum } else { sum.wrapping_add(n) };
        }
    }
    let [rx_bytes, rx_packets, rx_errors, rx_dropped, _, _, _, _, tx_bytes, tx_packets, tx_errors, tx_dropped, ..] =
        sums.map(Ok);
    Ok(Traffic { rx_bytes, rx_packets, rx_errors, rx_dropped, tx_bytes, tx_packets, tx_errors, tx_dropped })
}

/// `/proc/PID/net/sockstat`. Its `alloc`, `orphan` and `mem` are the whole host's.
///
/// # Errors
/// Where it is not what the kernel prints.
pub fn sockstat(bytes: &[u8]) -> Result<Sockets, Malformed> {
    let used = number_of(bytes, b"sockets:", b"used")?.ok_or(Malformed)?;
    let of = |line: &[u8], key: &[u8]| Ok(number_of(bytes, line, key)?.ok_or(Missing::NotInKernel));
    let (tcp_inuse, tcp_tw) = (of(b"TCP:", b"inuse")?, of(b"TCP:", b"tw")?);
    Ok(Sockets { used: Ok(used), tcp_inuse, tcp_tw, udp_inuse: of(b"UDP:", b"inuse")? })
}

/// `/proc/PID/net/sockstat6`, added to what [`sockstat`] told.
///
/// # Errors
/// Where it is not what the kernel prints.
pub fn sockstat6(bytes: &[u8], sockets: Sockets) -> Result<Sockets, Malformed> {
    let more = |line: &[u8]| number_of(bytes, line, b"inuse")?.ok_or(Malformed);
    let (tcp, udp) = (more(b"TCP6:")?, more(b"UDP6:")?);
    Ok(Sockets {
        tcp_inuse: sockets.tcp_inuse.map(|inuse| inuse.saturating_add(tcp)),
        udp_inuse: sockets.udp_inuse.map(|inuse| inuse.saturating_add(udp)),
        ..sockets
    })
}

/// The number behind `key` in the line that begins with `head`; `Ok(None)` if there is no such line or key.
fn number_of(bytes: &[u8], head: &[u8], key: &[u8]) -> Result<Option<u64>, Malformed> {
    let line = complete_lines(bytes).find_map(|line| {
        let mut words = words(line);
        (words.next() == Some(head)).then_some(words)
    });
    let Some(mut line) = line else { return Ok(None) };
    if !line.any(|word| word == key) {
        return Ok(None);
    }
    line.next().and_then(number).map(Some).ok_or(Malformed)
}

/// `/proc/PID/net/netstat`: for each protocol a line of names and a line of numbers. Which names there are depends on the
/// kernel.
///
/// # Errors
/// Where it is not what the kernel prints.
pub fn netstat(bytes: &[u8]) -> Result<Starved, Malformed> {
    const HEAD: &[u8] = b"TcpExt:";
    let mut lines = complete_lines(bytes).filter_map(|line| line.strip_prefix(HEAD));
    let (names, numbers) = (lines.next().ok_or(Malformed)?, lines.next().ok_or(Malformed)?);
    if words(names).count() != words(numbers).count() {
        return Err(Malformed);
    }
    let mut starved = Starved::missing(Missing::NotInKernel);
    for (name, n) in words(names).zip(words(numbers)) {
        let place: &mut Reading = match name {
            b"PruneCalled" => &mut starved.prune_called,
            b"RcvPruned" => &mut starved.rcv_pruned,
            b"OfoPruned" => &mut starved.ofo_pruned,
            b"TCPRcvQDrop" => &mut starved.tcp_rcvq_drop,
            b"TCPMemoryPressures" => &mut starved.tcp_memory_pressures,
            b"TCPMemoryPressuresChrono" => &mut starved.tcp_memory_pressures_ms,
            _ => continue,
        };
        *place = Ok(number(n).ok_or(Malformed)?);
    }
    Ok(starved)
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| byte == b' ').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: &[u8] = include_bytes!("../../tests/fixtures/network/6.18/dev");
    const SOCKSTAT: &[u8] = include_bytes!("../../tests/fixtures/network/6.18/sockstat");
    const SOCKSTAT6: &[u8] = include_bytes!("../../tests/fixtures/network/6.18/sockstat6");
    const NETSTAT: &[u8] = include_bytes!("../../tests/fixtures/network/6.18/netstat");

    fn sockets(v4: &[u8], v6: &[u8]) -> Result<Sockets, Malformed> {
        sockstat6(v6, sockstat(v4)?)
    }

    #[test]
    fn interfaces_are_summed_but_for_the_loopback() {
        let traffic = dev(DEV).unwrap();
        let Traffic { rx_bytes, rx_packets, rx_errors, rx_dropped, .. } = traffic;
        assert_eq!([rx_bytes, rx_packets, rx_errors, rx_dropped], [Ok(185_435_148), Ok(6_272), Ok(3), Ok(5)]);
        let Traffic { tx_bytes, tx_packets, tx_errors, tx_dropped, .. } = traffic;
        assert_eq!([tx_bytes, tx_packets, tx_errors, tx_dropped], [Ok(325_185), Ok(4_147), Ok(2), Ok(4)]);
    }

    #[test]
    fn sockets_of_both_protocols_are_one_figure_and_the_hosts_are_none() {
        let Sockets { used, tcp_inuse, tcp_tw, udp_inuse } = sockets(SOCKSTAT, SOCKSTAT6).unwrap();
        assert_eq!([used, tcp_inuse, tcp_tw, udp_inuse], [Ok(15), Ok(7), Ok(3), Ok(4)]);
    }

    #[test]
    fn what_an_old_kernel_does_not_count_is_missing_and_not_zero() {
        let starved = netstat(NETSTAT).unwrap();
        assert_eq!(starved.prune_called, Ok(211));
        assert_eq!(starved.rcv_pruned, Ok(184));
        assert_eq!((starved.ofo_pruned, starved.tcp_rcvq_drop), (Ok(0), Ok(27)));
        assert_eq!((starved.tcp_memory_pressures, starved.tcp_memory_pressures_ms), (Ok(2), Ok(1_300)));
        let old = netstat(b"TcpExt: PruneCalled RcvPruned\nTcpExt: 1 2\nIpExt: InOctets\nIpExt: 9\n").unwrap();
        assert_eq!((old.prune_called, old.rcv_pruned), (Ok(1), Ok(2)));
        assert_eq!(old.tcp_rcvq_drop, Err(Missing::NotInKernel));
    }

    #[test]
    fn what_was_cut_off_is_not_believed() {
        for end in 0..DEV.len() {
            // Where a line ends, the file may.
            assert!(dev(&DEV[..end]).is_err() || DEV[end - 1] == b'\n', "{end}");
        }
        let whole = netstat(NETSTAT).unwrap();
        assert!(
            (0..NETSTAT.len())
                .all(|end| netstat(&NETSTAT[..end]).is_ok_and(|cut| cut == whole) || netstat(&NETSTAT[..end]).is_err())
        );
        assert!(
            (0..SOCKSTAT.len())
                .all(|end| sockets(&SOCKSTAT[..end], SOCKSTAT6).is_err() || SOCKSTAT[..end].contains(&b'\n'))
        );
        for bad in [&b""[..], b"\n\n", b"TcpExt: PruneCalled\n", b"TcpExt: A B\nTcpExt: 1\n"] {
            assert_eq!(netstat(bad), Err(Malformed));
        }
        assert_eq!(netstat(b"TcpExt: PruneCalled\nTcpExt: -1\n"), Err(Malformed));
        assert!(dev(b"Inter-|\n face |bytes\n  eth0: 1 2 3\n").is_err());
        assert!(sockets(b"sockets: used\n", SOCKSTAT6).is_err());
        assert!(sockets(SOCKSTAT, b"TCP6: inuse 1\n").is_err());
    }

    #[test]
    fn a_copy_of_proc_has_no_namespaces() {
        let copy = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(copy.path().join("7/ns")).unwrap();
        assert_eq!(namespace(copy.path(), 7).unwrap_err().kind(), ErrorKind::NotFound);
        std::os::unix::fs::symlink("net:[12", copy.path().join("7/ns/net")).unwrap();
        assert_eq!(namespace(copy.path(), 7).unwrap_err().to_string(), "not what the kernel prints");
        assert_eq!(of_host(copy.path()), None);
    }
}
