//! What OpenVZ's User Beancounters say: `/proc/user_beancounters`, `/proc/bc/resources`, `/proc/bc/ID/resources`, and the
//! emulation of the first on Virtuozzo 8.
//!
//! The widths of the columns differ between kernels, so lines are split at white space. Bytes in, figures out; must not
//! open anything, nor judge a figure.

mod memory;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::kernel::parse;
use crate::kernel::segment;
use crate::snapshot::{Beancounter, Bound, Missing, Reading, Resource};

pub use memory::memory;

/// Where the kernel has all of them at once, the more telling file first: the other one leaves out `swappages`.
pub const FILES: [&str; 2] = ["bc/resources", "user_beancounters"];
/// The id of the beancounter of everything that is in no container.
pub const HOST: &str = "0";

/// The only version of the format that there was.
const VERSION: &[u8] = b"2.5";
/// Lines without a meaning, which the kernel prints so that others keep their place.
const DUMMY: &[u8] = b"dummy";
/// held, maxheld, barrier, limit, failcnt.
const FIGURES: usize = 5;
/// Longer names of resources and ids are none.
const LONGEST: usize = 128;

/// What every kernel calls its resources.
const KNOWN: [&str; 21] = [
    "kmemsize",
    "lockedpages",
    "privvmpages",
    "shmpages",
    "numproc",
    "physpages",
    "vmguarpages",
    "oomguarpages",
    "numtcpsock",
    "numflock",
    "numpty",
    "numsiginfo",
    "tcpsndbuf",
    "tcprcvbuf",
    "othersockbuf",
    "dgramrcvbuf",
    "numothersock",
    "dcachesize",
    "numfile",
    "numiptent",
    "swappages",
];

/// Why a file has no beancounters that can be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another version of the format, which may mean anything.
    #[error("it is of version {0}, and only 2.5 is known")]
    Version(String),
    /// Not one line of a resource.
    #[error("it has no line of a resource")]
    Nothing,
}

/// The beancounter of one id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// A number, a UUID, or whatever else stands before the colon, as in paths of cgroups: [`segment::printable`].
    pub id: String,
    /// Its resources.
    pub beancounter: Beancounter,
}

/// All beancounters of a file. Reading it anew uses the same memory.
#[derive(Debug, Default)]
pub struct Table {
    blocks: Vec<Block>,
    /// So many of `blocks` are of the last file.
    used: usize,
    /// Virtuozzo 8 prints it without a kernel that counts.
    emulated: bool,
    /// Lines that say nothing.
    pub senseless: usize,
}

impl Table {
    /// Reads a file. Lines before any id are those of `unnamed`: `/proc/bc/ID/resources` tells the id in its path only.
    ///
    /// # Errors
    /// Where the file is of another version, or none of beancounters at all.
    pub fn parse(&mut self, bytes: &[u8], unnamed: &str) -> Result<(), Refusal> {
        (self.used, self.emulated, self.senseless) = (0, false, 0);
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.take(line, unnamed)?;
        }
        if self.blocks().iter().all(|block| block.beancounter.resources.is_empty()) {
            return Err(Refusal::Nothing);
        }
        Ok(())
    }

    /// The beancounters of the last file, in its order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks[..self.used]
    }

    fn take(&mut self, line: &[u8], unnamed: &str) -> Result<(), Refusal> {
        let mut words = words(line).peekable();
        match words.peek() {
            None => return Ok(()),
            Some(&b"Version:") => {
                let version = words.nth(1).unwrap_or_default();
                let told = || segment::printable(&version[..version.len().min(LONGEST)]);
                return if version == VERSION { Ok(()) } else { Err(Refusal::Version(told())) };
            }
            Some(&b"uid") => {
                self.emulated = is_wide(line);
                return Ok(());
            }
            Some(&word) => {
                if let Some(id) = word.strip_suffix(b":") {
                    if id.is_empty() || id.len() > LONGEST {
                        self.senseless += 1;
                        return Ok(());
                    }
                    self.begin(&printable(id));
                    words.next();
                }
            }
        }
        let Some(name) = words.next().filter(|name| *name != DUMMY) else { return Ok(()) };
        let figures = [(); FIGURES].map(|()| words.next());
        // A line that was cut off behind its name says nothing, be the name whole or not.
        let is_said = figures.iter().flatten().any(|word| parse::number(word).is_some());
        if !is_name(name) || !is_said {
            self.senseless += usize::from(line.ends_with(b"\n"));
            return Ok(());
        }
        let resource = resource(name, figures, self.emulated);
        if self.used == 0 {
            self.begin(unnamed);
        }
        self.blocks[self.used - 1].beancounter.resources.push(resource);
        Ok(())
    }

    /// The lines that follow are those of `id`.
    fn begin(&mut self, id: &str) {
        if self.used == self.blocks.len() {
            self.blocks.push(Block::default());
        }
        let block = &mut self.blocks[self.used];
        block.id.clear();
        block.id.push_str(id);
        block.beancounter.resources.clear();
        self.used += 1;
    }
}

/// The words of a line. The last one of a file that ends in it may be the beginning of another.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = match line.last() {
        Some(last) if !last.is_ascii_whitespace() => line.iter().rposition(u8::is_ascii_whitespace).unwrap_or(0),
        _ => line.len(),
    };
    line[..end].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// An id as a directory of that name would be written in a path.
fn printable(id: &[u8]) -> Cow<'_, str> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match std::str::from_utf8(id) {
        Ok(text) if id.iter().all(is_plain) => Cow::Borrowed(text),
        _ => Cow::Owned(segment::printable(id).replace('/', "\\057")),
    }
}

fn is_name(word: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    word.first().is_some_and(u8::is_ascii_alphabetic) && word.len() <= LONGEST && word.iter().all(is_part)
}

/// The kernel writes ids in ten columns, the emulation in as many as a UUID takes.
fn is_wide(head: &[u8]) -> bool {
    const KERNELS: usize = 12;
    head.iter().take_while(|byte| byte.is_ascii_whitespace()).count() > KERNELS
}

fn resource(name: &[u8], figures: [Option<&[u8]>; FIGURES], emulated: bool) -> Resource {
    let known = KNOWN.into_iter().find(|known| known.as_bytes() == name);
    let name = known.map_or_else(|| Cow::Owned(String::from_utf8_lossy(name).into_owned()), Cow::Borrowed);
    let is_in_pages = name.ends_with("pages");
    let [held, maxheld, barrier, limit, failcnt] = figures.map(|word| word.ok_or(Missing::NotInFile));
    let told = Resource {
        name,
        held: held.and_then(figure),
        maxheld: maxheld.and_then(figure),
        barrier: barrier.and_then(|word| bound(word, is_in_pages)),
        limit: limit.and_then(|word| bound(word, is_in_pages)),
        failcnt: failcnt.and_then(figure),
    };
    if emulated { without_inventions(told) } else { told }
}

/// The largest number that a kernel means; what it prints above has gone below zero.
const LARGEST: u64 = i64::MAX as u64;

fn figure(word: &[u8]) -> Reading {
    parse::number(word).filter(|number| *number <= LARGEST).ok_or(Missing::Unreadable)
}

/// Unlimited is the largest number of 32 or 64 bits, or what the emulation makes of v1's: `max`, or the largest number of
/// bytes in pages.
fn bound(word: &[u8], is_in_pages: bool) -> Reading<Bound> {
    const OF_32_BITS: u64 = i32::MAX as u64;
    let unlimited = if is_in_pages { 1 << 50 } else { 1 << 62 };
    if word == b"max" {
        return Ok(Bound::Unlimited);
    }
    figure(word)
        .map(|bound| if bound == OF_32_BITS || bound >= unlimited { Bound::Unlimited } else { Bound::At(bound) })
}

/// What the emulation really reads: the resource, and whether it knows the most that was held, and the refusals.
const READ: [(&str, bool, bool); 7] = [
    ("kmemsize", true, true),
    ("shmpages", false, false),
    ("numproc", false, false),
    ("physpages", true, true),
    ("oomguarpages", true, true),
    ("dcachesize", false, false),
    ("swappages", false, true),
];

/// The emulation prints 0 for what it does not know.
fn without_inventions(told: Resource) -> Resource {
    const INVENTED: Missing = Missing::Emulated;
    match READ.iter().find(|(name, ..)| told.name == *name) {
        Some(&(_, maxheld, failcnt)) => Resource {
            maxheld: if maxheld { told.maxheld } else { Err(INVENTED) },
            failcnt: if failcnt { told.failcnt } else { Err(INVENTED) },
            ..told
        },
        None => Resource {
            held: Err(INVENTED),
            maxheld: Err(INVENTED),
            barrier: Err(INVENTED),
            limit: Err(INVENTED),
            failcnt: Err(INVENTED),
            ..told
        },
    }
}
