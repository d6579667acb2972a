//! Which readings of a snapshot are of its own moment.

/// Which readings of a snapshot are of its own moment. The others are those of the snapshot before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// All of them, and the host's: a reading on the beat of the interval.
    All,
    /// Those of some cgroups, as indices into the topology, which is that of the snapshot before: an early reading,
    /// because the kernel told of an event there.
    Only {
        /// Everything that moves was read.
        whole: Vec<usize>,
        /// Only usage and the event counters were: these are above the others.
        counters: Vec<usize>,
    },
}

impl Fresh {
    /// Adds what was fresh in the snapshot before, for whoever has not seen that one.
    pub fn add(&mut self, missed: Self) {
        match (&mut *self, missed) {
            (Self::Only { whole, counters }, Self::Only { whole: more, counters: more_counters }) => {
                whole.extend(more);
                counters.extend(more_counters);
            }
            _ => *self = Self::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_missed_counts_as_seen() {
        let only = |whole: &[usize], counters: &[usize]| Fresh::Only { whole: whole.into(), counters: counters.into() };
        let mut fresh = only(&[3], &[1]);
        fresh.add(only(&[4], &[2]));
        assert_eq!(fresh, only(&[3, 4], &[1, 2]));
        fresh.add(Fresh::All);
        assert_eq!(fresh, Fresh::All);
        fresh.add(only(&[3], &[]));
        assert_eq!(fresh, Fresh::All);
    }
}
