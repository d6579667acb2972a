//! `memory.stat`, quickly: a kernel prints the same keys in the same order for every cgroup, so the
//! line of each wanted key is learned once and then only checked.
//!
//! Must not know which keys mean what: the tables in [`super::v1`] and [`super::v2`] do.

use crate::kernel::parse::{Malformed, number};
use crate::snapshot::{Memory, Missing};

/// A wanted key.
#[derive(Debug)]
pub struct StatKey {
    /// The key as the kernel prints it.
    pub key: &'static str,
    /// Where its value goes, or why there is none.
    pub put: fn(&mut Memory, Result<u64, Missing>),
}

/// Which line holds which wanted key.
#[derive(Debug, Default)]
pub struct StatLines {
    /// For each line of the file the index of its key among the wanted ones.
    lines: Vec<Option<u8>>,
}

impl StatLines {
    /// Puts the value of every wanted key into `memory`, and `NotInKernel` for those that are not there.
    ///
    /// # Errors
    /// [`Malformed`] if a wanted key has no number, the text is cut off, or no wanted key is there at all:
    /// what could be read is kept, and the rest is `Unreadable`.
    pub fn parse(&mut self, keys: &'static [StatKey], bytes: &[u8], memory: &mut Memory) -> Result<(), Malformed> {
        if !self.fits(keys, bytes) {
            self.learn(keys, bytes);
        }
        let whole = bytes.last() == Some(&b'\n') && self.lines.iter().any(Option::is_some);
        let (mut outcome, absent) =
            if whole { (Ok(()), Missing::NotInKernel) } else { (Err(Malformed), Missing::Unreadable) };
        for key in keys {
            (key.put)(memory, Err(absent));
        }
        for (line, key) in lines(bytes).zip(&self.lines).filter_map(|(line, key)| Some((line, (*key)?))) {
            let key = &keys[usize::from(key)];
            let value = line.get(key.key.len() + 1..).and_then(number).ok_or(Missing::Unreadable);
            if value.is_err() {
                outcome = Err(Malformed);
            }
            (key.put)(memory, value);
        }
        outcome
    }

    fn fits(&self, keys: &[StatKey], bytes: &[u8]) -> bool {
        let mut known = self.lines.iter();
        let all_match = lines(bytes).all(|line| match known.next() {
            Some(Some(key)) => has_key(line, keys[usize::from(*key)].key),
            Some(None) => true,
            None => false,
        });
        all_match && known.next().is_none()
    }

    fn learn(&mut self, keys: &[StatKey], bytes: &[u8]) {
        self.lines.clear();
        self.lines.extend(lines(bytes).map(|line| {
            let index = keys.iter().position(|key| has_key(line, key.key))?;
            u8::try_from(index).ok()
        }));
    }
}

/// The lines that end in a line feed: one that was cut off may hold a part of a number.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n').filter(|line| line.last() == Some(&b'\n'))
}

fn has_key(line: &[u8], key: &str) -> bool {
    line.get(key.len()) == Some(&b' ') && line.starts_with(key.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[StatKey] = &[
        StatKey { key: "anon", put: |memory, value| memory.stat.anon = value },
        StatKey { key: "file", put: |memory, value| memory.stat.file = value },
        StatKey { key: "swapcached", put: |memory, value| memory.stat.swap_cached = value },
    ];

    fn read(lines: &mut StatLines, text: &str) -> (Memory, Result<(), Malformed>) {
        let mut memory = Memory::missing(Missing::NotKnown);
        let outcome = lines.parse(KEYS, text.as_bytes(), &mut memory);
        (memory, outcome)
    }

    #[test]
    fn lines_are_learned_and_relearned() {
        let mut lines = StatLines::default();
        let (memory, outcome) = read(&mut lines, "anon 1\nanon_thp 5\nfile 2\n");
        assert_eq!((memory.stat.anon, memory.stat.file, outcome), (Ok(1), Ok(2), Ok(())));
        assert_eq!(memory.stat.swap_cached, Err(Missing::NotInKernel));

        let (memory, _) = read(&mut lines, "file 7\nswapcached 3\nanon 6\n");
        assert_eq!((memory.stat.anon, memory.stat.file, memory.stat.swap_cached), (Ok(6), Ok(7), Ok(3)));

        let (memory, _) = read(&mut lines, "file 7\nswapcached 3\n");
        assert_eq!(memory.stat.anon, Err(Missing::NotInKernel), "values of an earlier file must not linger");
    }

    #[test]
    fn bad_lines_are_marked_and_the_others_kept() {
        let mut lines = StatLines::default();
        let (memory, outcome) = read(&mut lines, "anon x\nfile 2\n");
        assert_eq!((memory.stat.anon, memory.stat.file), (Err(Missing::Unreadable), Ok(2)));
        assert_eq!(outcome, Err(Malformed));

        let (memory, outcome) = read(&mut lines, "anon 10\nfile 2");
        assert_eq!((memory.stat.anon, memory.stat.file), (Ok(10), Err(Missing::Unreadable)), "cut off");
        assert_eq!(outcome, Err(Malformed));

        let (memory, outcome) = read(&mut lines, "");
        assert_eq!((memory.stat.anon, outcome), (Err(Missing::Unreadable), Err(Malformed)));
    }
}
