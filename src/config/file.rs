//! Reads a configuration file.
//!
//! Whoever names one may have named anything: a pipe that nobody writes to, a device without an end. Must not wait, and
//! must not know what a configuration says.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{OFlags, major, minor};
use rustix::process::geteuid;

use super::Error;

/// No configuration is longer, in bytes.
pub(super) const LONGEST: u64 = 1 << 20;

/// What a file says.
pub(super) struct Content {
    pub(super) text: String,
    /// Whether nobody but this user and root could have written it: what it says to run is run as this user.
    pub(super) trusted: bool,
}

/// All of a file.
///
/// # Errors
/// Where it cannot be read, is no regular file or is too long.
pub(super) fn read(path: &Path) -> Result<Content, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let is_fit = |metadata: &Metadata| match unfit(metadata) {
        Some(what) => Err(Error::NotAFile { path: path.to_owned(), what }),
        None => Ok(()),
    };
    // Looked at before it is opened: opening alone makes some devices act.
    is_fit(&path.metadata().map_err(unreadable)?)?;
    // Another may have taken its place: then too nothing waits.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    is_fit(&metadata)?;
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(unreadable(io::Error::other(format!("it is longer than any configuration, {LONGEST} bytes"))));
    }
    Ok(Content { text, trusted: is_trusted(&metadata) })
}

/// What it is that nobody keeps a configuration in. `/dev/null` is as good as an empty file.
fn unfit(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    let is_null = kind.is_char_device() && (major(metadata.rdev()), minor(metadata.rdev())) == (1, 3);
    match kind {
        _ if kind.is_file() || is_null => None,
        _ if kind.is_dir() => Some("a directory"),
        _ if kind.is_fifo() => Some("a pipe"),
        _ if kind.is_socket() => Some("a socket"),
        _ => Some("a device"),
    }
}

fn is_trusted(metadata: &Metadata) -> bool {
    const OTHERS_WRITE: u32 = 0o022;
    is_ours(metadata) && metadata.mode() & OTHERS_WRITE == 0
}

/// Whether it belongs to this user, or to root.
pub(super) fn is_ours(metadata: &Metadata) -> bool {
    [0, geteuid().as_raw()].contains(&metadata.uid())
}
