//! The figures of a container that its beancounter tells, where those of a cgroup's files stand.
//!
//! Must not compute more than units.

use crate::snapshot::{Beancounter, Events, Memory, Missing, Private, Reading, Resource, Stat};
use crate::units::Limit;

/// A beancounter as figures of memory:
///
/// - `physpages`: usage, peak, limit, hits. Its barrier is not used.
/// - `privvmpages`: what may be allocated; see [`Private`].
/// - `swappages`: swap, its limit and its hits. Only `/proc/bc/resources` has it.
/// - `kmemsize`: kernel memory.
/// - `oomguarpages`: its refusals are processes that the OOM killer took.
/// - `numproc`: whether there are processes. It also counts their threads, so not how many.
pub fn memory(beancounter: &Beancounter) -> Memory {
    let of = |name: &str| Line(beancounter.resource(name));
    let (physical, private, swap) = (of("physpages"), of("privvmpages"), of("swappages"));
    Memory {
        usage: physical.bytes(|line| line.held),
        peak: physical.bytes(|line| line.maxheld),
        limit: physical.limit(),
        swap: swap.bytes(|line| line.held),
        swap_limit: swap.limit(),
        private: Private {
            held: private.bytes(|line| line.held),
            limit: private.get(|line| {
                let limits = [line.bound(), line.limit].map(|bound| line.limit_in_bytes(bound));
                Ok(limits[0]?.min(limits[1]?))
            }),
            failcnt: private.get(|line| line.failcnt),
        },
        populated: of("numproc").get(|line| line.held).map(|tasks| tasks > 0),
        events: Events {
            failcnt: physical.get(|line| line.failcnt),
            oom_kill: of("oomguarpages").get(|line| line.failcnt),
            swap_failcnt: swap.get(|line| line.failcnt),
            ..Events::missing(Missing::NotInBeancounters)
        },
        stat: Stat { kernel: of("kmemsize").bytes(|line| line.held), ..Stat::missing(Missing::NotInBeancounters) },
        ..Memory::missing(Missing::NotInBeancounters)
    }
}

/// A resource that the file may lack.
#[derive(Clone, Copy)]
struct Line<'a>(Option<&'a Resource>);

impl Line<'_> {
    fn get<T>(self, figure: impl Fn(&Resource) -> Reading<T>) -> Reading<T> {
        self.0.map_or(Err(Missing::NotInFile), figure)
    }

    fn bytes(self, figure: fn(&Resource) -> Reading) -> Reading {
        self.get(|line| line.bytes(figure(line)))
    }

    fn limit(self) -> Reading<Limit> {
        self.get(|line| line.limit_in_bytes(line.limit))
    }
}
