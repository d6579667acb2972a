//! The figures of one cgroup that add up to its parent's, and the kernel files that they make.

use std::ops::{AddAssign, Index, IndexMut};

use super::curve::{noise, passed};
use super::host::Node;
use crate::snapshot::{Events, Memory, Missing, Psi, PsiLine, Stat};
use crate::units::Limit;

/// Names of the figures. Those from [`Figure::Peak`] on count what has been, and stay with the parent
/// when the cgroup goes.
#[derive(Clone, Copy)]
pub(super) enum Figure {
    Anon,
    File,
    Shmem,
    Kernel,
    Slab,
    Sock,
    Swap,
    SwapCached,
    Processes,
    Peak,
    RefaultAnon,
    RefaultFile,
    Scanned,
    Faults,
    Hits,
    Highs,
    Ooms,
    Kills,
}

const FIGURES: usize = Figure::Kills as usize + 1;

/// One number for each [`Figure`]: bytes, or a count.
#[derive(Clone, Copy, Default)]
pub(super) struct Figures([u64; FIGURES]);

impl Index<Figure> for Figures {
    type Output = u64;

    fn index(&self, figure: Figure) -> &u64 {
        &self.0[figure as usize]
    }
}

impl IndexMut<Figure> for Figures {
    fn index_mut(&mut self, figure: Figure) -> &mut u64 {
        &mut self.0[figure as usize]
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

impl Figures {
    /// What `node` itself holds at `t`, and what has happened in it since `birth`.
    pub(super) fn of(node: &Node, t: f64, birth: f64) -> Self {
        let mut figures = Self::default();
        if node.alive(t) {
            figures.hold(node, t);
        }
        figures.count(node, t, birth);
        figures
    }

    /// `memory.current`.
    pub(super) fn usage(&self) -> u64 {
        use Figure::{Anon, File, Kernel, Sock};
        [Anon, File, Kernel, Sock].into_iter().map(|part| self[part]).sum()
    }

    /// Page cache and slab: what reclaim can free without swap.
    pub(super) fn droppable(&self) -> u64 {
        self[Figure::File] - self[Figure::Shmem] + self[Figure::Slab]
    }

    fn hold(&mut self, node: &Node, t: f64) {
        let load = &node.load;
        let wobble = load.wobble * noise(node.seed, t);
        let usage = node.size(load.usage.at(t) + wobble).min(node.max());
        let [shmem, kernel, sock] = [load.shmem.at(t), load.kernel, load.sock].map(|mib| node.size(mib));
        let anon = node.size(load.anon.at(t) + wobble).min(usage.saturating_sub(shmem + kernel + sock));
        self[Figure::Anon] = anon;
        self[Figure::Shmem] = shmem;
        self[Figure::Kernel] = kernel;
        self[Figure::Sock] = sock;
        self[Figure::File] = usage.saturating_sub(anon + kernel + sock);
        self[Figure::Slab] = node.size(load.slab);
        self[Figure::Swap] = node.size(load.swap.at(t));
        self[Figure::SwapCached] = node.size(load.swap_cached.at(t));
        self[Figure::Processes] = load.processes;
    }

    fn count(&mut self, node: &Node, t: f64, birth: f64) {
        let load = &node.load;
        let highest = load.usage.highest(birth, t) + load.wobble;
        self[Figure::Peak] = node.size(highest).min(node.max());
        // Work comes in bursts; a death is punctual.
        let swing = if node.death.is_some() { 0.0 } else { 2.5 };
        let [from, to] = [birth, t].map(|t| (t - swing * noise(node.seed, t)).max(0.0));
        let since = |count: &dyn Fn(f64) -> f64| whole(count(to)) - whole(count(from));
        let refaults = |share: f64| since(&|t| load.refaults.total(t) * share);
        let hits = since(&|t| load.hits.total(t));
        // Its outer cgroup dies with it, but the process was in this one.
        let death = node.death.filter(|_| load.processes > 0);
        let kills = death.map_or(0, |death| since(&|t| passed(t, death.killed)));
        let before = if birth > 0.0 { [0; 3] } else { load.before };
        self[Figure::RefaultAnon] = refaults(load.anon_refaults);
        self[Figure::RefaultFile] = refaults(1.0 - load.anon_refaults);
        self[Figure::Scanned] = refaults(1.6) + 64 * hits;
        self[Figure::Faults] = refaults(0.35);
        self[Figure::Hits] = before[0] + hits;
        self[Figure::Highs] = before[1] + since(&|t| load.highs.total(t));
        self[Figure::Ooms] = kills;
        self[Figure::Kills] = before[2] + kills;
    }
}

fn whole(count: f64) -> u64 {
    // The same area summed in another order must not fall below its whole number.
    (count + 1e-6).floor() as u64
}

/// Seconds stalled so far: now, ten seconds ago, a minute ago.
#[derive(Clone, Copy, Default)]
pub(super) struct Stalls {
    sum: [f64; 3],
    longest: [f64; 3],
    full: [f64; 3],
}

impl Stalls {
    /// What `node` itself waited for.
    pub(super) fn of(node: &Node, t: f64) -> Self {
        let some = [0.0, 10.0, 60.0].map(|ago| node.load.stall.total(t - ago));
        Self { sum: some, longest: some, full: some.map(|seconds| seconds * node.load.full) }
    }

    /// Takes in a child, one of `children`: half of what the others wait falls together with the one
    /// that waits longest; and the more there are, the more often somebody runs.
    pub(super) fn add(&mut self, child: &Self, children: usize) {
        for moment in 0..3 {
            let some = child.some(moment);
            self.sum[moment] += some;
            self.longest[moment] = self.longest[moment].max(some);
            self.full[moment] = self.full[moment].max(child.full[moment] / children as f64);
        }
    }

    fn some(&self, moment: usize) -> f64 {
        f64::midpoint(self.sum[moment], self.longest[moment])
    }

    /// `memory.pressure` at `t`, with no more time stalled than there was.
    pub(super) fn psi(&self, t: f64) -> Psi {
        let line = |total: &dyn Fn(usize) -> f64| {
            let total = [0, 1, 2].map(total);
            let percent = |moment: usize, seconds: f64| {
                let share = (total[0] - total[moment]) / seconds;
                (share.min(1.0) * 10_000.0).round() / 100.0
            };
            PsiLine {
                avg10: percent(1, 10.0),
                avg60: percent(2, 60.0),
                total_us: (total[0].min(t) * 1e6).round() as u64,
            }
        };
        Psi { some: line(&|moment| self.some(moment)), full: line(&|moment| self.full[moment]) }
    }
}

/// The kernel files of `node`: `own` is charged to itself, `all` includes those below.
pub(super) fn memory(node: &Node, own: &Figures, all: &Figures, psi: Psi) -> Memory {
    let stat = stat(all);
    let processes = Ok(own[Figure::Processes]);
    if node.parent.is_none() {
        return Memory { stat, processes, psi: Ok(psi), ..Memory::missing(Missing::RootCgroup) };
    }
    Memory {
        usage: Ok(all.usage()),
        peak: Ok(all[Figure::Peak].min(node.max())),
        limit: Ok(limit(node, node.limits.max)),
        high: Ok(limit(node, node.limits.high)),
        low: Ok(Limit::Bytes(0)),
        min: Ok(Limit::Bytes(0)),
        swap: Ok(all[Figure::Swap]),
        swap_limit: Ok(limit(node, node.limits.swap)),
        events: events(own, all),
        stat,
        psi: Ok(psi),
        processes,
        populated: Ok(all[Figure::Processes] > 0),
        ..Memory::missing(Missing::NotOnV2)
    }
}

fn limit(node: &Node, mib: Option<u32>) -> Limit {
    mib.map_or(Limit::Unlimited, |mib| Limit::Bytes(node.size(f64::from(mib))))
}

fn events(own: &Figures, all: &Figures) -> Events {
    Events {
        failcnt: Ok(own[Figure::Hits]),
        high: Ok(own[Figure::Highs]),
        oom: Ok(own[Figure::Ooms]),
        oom_kill: Ok(own[Figure::Kills]),
        failcnt_below: Ok(all[Figure::Hits]),
        oom_kill_below: Ok(all[Figure::Kills]),
        oom_group_kill_below: Ok(0),
        swap_failcnt: Ok(0),
        swap_fail: Ok(0),
        ..Events::missing(Missing::NotOnV2)
    }
}

fn stat(all: &Figures) -> Stat {
    let cache = all[Figure::File] - all[Figure::Shmem];
    // Shares are rounded down, so that the children's never exceed their parent's.
    let fixed = all[Figure::Kernel] - all[Figure::Slab];
    Stat {
        anon: Ok(all[Figure::Anon]),
        file: Ok(all[Figure::File]),
        shmem: Ok(all[Figure::Shmem]),
        kernel: Ok(all[Figure::Kernel]),
        kernel_stack: Ok(fixed / 5),
        pagetables: Ok(fixed / 4),
        percpu: Ok(fixed / 10),
        slab_reclaimable: Ok(all[Figure::Slab]),
        slab_unreclaimable: Ok(fixed * 9 / 20),
        sock: Ok(all[Figure::Sock]),
        mapped: Ok(cache / 3 + all[Figure::Shmem] / 2),
        dirty: Ok(cache / 200),
        writeback: Ok(0),
        active_file: Ok(cache * 2 / 5),
        inactive_file: Ok(cache * 3 / 5),
        swap_cached: Ok(all[Figure::SwapCached]),
        zswap: Ok(0),
        refault_anon: Ok(all[Figure::RefaultAnon]),
        refault_file: Ok(all[Figure::RefaultFile]),
        pgscan_kswapd: Ok(0),
        pgscan_direct: Ok(all[Figure::Scanned]),
        pgmajfault: Ok(all[Figure::Faults]),
        ..Stat::missing(Missing::NotOnV2)
    }
}
