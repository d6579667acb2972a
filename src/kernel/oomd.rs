//! What killers in user space leave behind: systemd-oomd and oomd note on the directory of a cgroup how many of its
//! processes they killed. The kernel counts none of these.

use std::ffi::CStr;
use std::os::fd::AsFd;

use rustix::fs::{Mode, fgetxattr, openat};
use rustix::io::Errno;

use crate::kernel::parse;
use crate::kernel::read::DIRECTORY;
use crate::snapshot::{Missing, Reading};

/// The extended attribute that both write.
const KILLS: &str = "user.oomd_kill";
/// More digits than a number has.
const LONGEST: usize = 24;

/// No host has so many processes. Whoever a cgroup is delegated to may write there, too.
const MOST: u64 = 1 << 32;

/// Processes that were killed so; none where nobody wrote it. Missing where cgroups have no such attributes (before Linux
/// 5.7), or what was written is no number.
pub fn kills(directory: impl AsFd) -> Reading {
    let mut digits = [0; LONGEST];
    let length = fgetxattr(directory, KILLS, &mut digits);
    said(length.map(|length| &digits[..length]))
}

/// The same for a directory that is not open.
pub fn kills_below(root: impl AsFd, path: &CStr) -> Reading {
    kills(openat(root, path, DIRECTORY, Mode::empty()).map_err(|_| Missing::Unreadable)?)
}

fn said(written: Result<&[u8], Errno>) -> Reading {
    match written {
        Ok(digits) => parse::number(digits).filter(|&number| number <= MOST).ok_or(Missing::Unreadable),
        Err(Errno::NODATA) => Ok(0),
        Err(Errno::OPNOTSUPP) => Err(Missing::NotInKernel),
        Err(_) => Err(Missing::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anybody_may_have_written_anything() {
        assert_eq!(said(Ok(b"2")), Ok(2));
        assert_eq!(said(Ok(b"12\n")), Ok(12));
        for nonsense in [&b""[..], b"-1", b"two", b"2 3", b"4294967297", &[b'9'; LONGEST]] {
            assert_eq!(said(Ok(nonsense)), Err(Missing::Unreadable), "{nonsense:?}");
        }
        assert_eq!(said(Err(Errno::RANGE)), Err(Missing::Unreadable), "longer than any number");
        assert_eq!(said(Err(Errno::NODATA)), Ok(0), "nobody wrote anything");
    }
}
