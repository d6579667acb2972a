//! Why a row needs what it needs, and what would help: what grows, what fills it, what may be dropped.
//!
//! Facts with figures, for people. Nothing here decides a verdict.

use std::time::Duration;

use crate::model::growth::{Growth, Slope};
use crate::model::{Figures, Group, Moved};
use crate::snapshot::{Hierarchy, Reading};
use crate::units;

/// The kernel's page, bytes.
const PAGE: u64 = 4096;
/// A part that takes this share of a row is what it is made of.
const MOST: f64 = 0.4;
/// A part must grow by this share of the row in a minute to be worth a word.
const WORTH: f64 = 0.01;
/// So many pages read back in a second mean that what is needed does not fit.
const CHURN: f64 = 1_000.0;

/// How the parts of a row grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trends {
    /// What cannot be dropped.
    pub floor: Growth,
    /// The same over the last seconds only: it notices sooner that growth has changed.
    pub floor_lately: Growth,
    /// Anonymous memory.
    pub anon: Growth,
    /// tmpfs and shared memory.
    pub shmem: Growth,
    /// Kernel memory.
    pub kernel: Growth,
}

impl Default for Trends {
    fn default() -> Self {
        let part = Growth::remembering(15.0);
        let (floor, floor_lately) = (Growth::remembering(60.0), Growth::remembering(10.0));
        Self { floor, floor_lately, anon: part, shmem: part, kernel: part }
    }
}

impl Trends {
    /// The line that the floor follows: the surer one if there is one.
    pub fn floor_slope(&self) -> Option<Slope> {
        self.floor.slope().or_else(|| self.floor_lately.slope())
    }

    /// Takes in a reading, from the first on at which the row is large enough.
    pub(super) fn watch(trends: &mut Option<Box<Self>>, at: Duration, figures: &Figures) {
        const SMALL: u64 = 1 << 20;
        if trends.is_some() || figures.usage.is_ok_and(|usage| usage > SMALL) {
            trends.get_or_insert_default().push(at, figures);
        }
    }

    fn push(&mut self, at: Duration, figures: &Figures) {
        self.floor.push(at, figures.floor.ok());
        self.floor_lately.push(at, figures.floor.ok());
        self.anon.push(at, figures.stat.anon.ok());
        self.shmem.push(at, figures.stat.shmem.ok());
        self.kernel.push(at, figures.stat.kernel.ok());
    }
}

/// What a row is made of and what makes it grow, the most telling first; nothing where nothing stands out.
pub fn causes(group: &Group) -> Vec<String> {
    let growing = growth(group);
    let churning = group.moved.as_ref().filter(|_| group.is_held()).and_then(churn);
    let left_behind = left_behind(group);
    [growing, churning, left_behind, filling(&group.figures)].into_iter().flatten().collect()
}

/// The part that grows fastest, if it grows steadily.
fn growth(group: &Group) -> Option<String> {
    let usage = group.figures.usage.ok()? as f64;
    let trends = group.trends.as_ref()?;
    let parts = [("anon", &trends.anon), ("tmpfs", &trends.shmem), ("kernel memory", &trends.kernel)];
    let slopes = parts.into_iter().filter_map(|(name, growth)| Some((name, growth.slope()?)));
    let (name, slope) = slopes.max_by(|(_, a), (_, b)| a.likely.total_cmp(&b.likely))?;
    let worth = slope.likely * 60.0 >= WORTH * usage;
    worth.then(|| format!("{name} grows {} for {}", rate(slope), units::age_long(slope.over)))
}

fn rate(slope: Slope) -> String {
    format!("{}/s", units::size(slope.likely.max(0.0) as u64))
}

/// What is read back because it does not fit.
fn churn(moved: &Moved) -> Option<String> {
    let each = |pages: Reading| moved.per_second(pages.unwrap_or(0));
    let (file, anon) = (each(moved.refault_file)?, each(moved.refault_anon)?);
    let (what, pages) = if anon >= file {
        ("its working set does not fit: anonymous memory", anon)
    } else {
        ("its files do not fit into the limit: page cache", file)
    };
    let bytes = units::size((pages * PAGE as f64) as u64);
    (pages >= CHURN).then(|| format!("{what} is read back at {} pages/s, {bytes}/s", units::count(pages as u64)))
}

/// Memory that stays charged although nobody runs there.
pub fn left_behind(group: &Group) -> Option<String> {
    let figures = &group.figures;
    let usage = figures.usage.ok().filter(|usage| *usage > 0)?;
    if figures.populated != Ok(false) || !group.is_container() {
        return None;
    }
    let kind = match figures.stat.shmem {
        Ok(tmpfs) if tmpfs as f64 >= MOST * usage as f64 => ": tmpfs, until its files are removed",
        Ok(_) => ": page cache",
        Err(_) => "",
    };
    Some(format!("{} without any process{kind}", units::size(usage)))
}

/// The part that takes most of it, where that is not plain anonymous memory or page cache.
fn filling(figures: &Figures) -> Option<String> {
    let usage = figures.usage.ok().filter(|usage| *usage > 0)?;
    let stat = &figures.stat;
    let parts = [
        ("tmpfs", stat.shmem, "goes only when its files are removed, or to swap"),
        ("unreclaimable slab", stat.slab_unreclaimable, "is held by the kernel for its processes"),
        ("sockets", stat.sock, "waits in socket buffers"),
    ];
    let (name, bytes, why) = parts.into_iter().find_map(|(name, bytes, why)| {
        let bytes = bytes.ok()?;
        (bytes as f64 >= MOST * usage as f64).then_some((name, bytes, why))
    })?;
    Some(format!("{} of it is {name}: it {why}", units::size(bytes)))
}

/// What the kernel could free before it had to kill.
pub fn relief(figures: &Figures) -> Option<String> {
    let (usage, floor) = (figures.usage.ok()?, figures.floor.ok()?);
    let droppable = units::size(usage.saturating_sub(floor));
    let swap = match (figures.swap_limit, figures.swap) {
        (Ok(limit), Ok(swap)) => match limit.bytes() {
            Some(limit) => format!(", {} more could go to swap", units::size(limit.saturating_sub(swap))),
            None => ", the rest could go to swap if the host has any".to_owned(),
        },
        _ => String::new(),
    };
    Some(format!("{droppable} of it can be dropped before anything is killed{swap}"))
}

/// Whether what was pushed out is still in memory or gone to disk; and whether it is being read back.
pub fn swap(group: &Group, hierarchy: Hierarchy) -> Vec<String> {
    let figures = &group.figures;
    let swap = match figures.swap {
        Ok(0) => return vec!["nothing of it is in swap".to_owned()],
        Ok(swap) => swap,
        Err(reason) => return vec![format!("how much of it is in swap is not known: {}", reason.reason())],
    };
    // v2 counts the swap cache in both memory and swap, v1 in memory only.
    let pushed_out = match (hierarchy, figures.swap_cached) {
        (Hierarchy::V2, Ok(cached)) => split(swap, cached.min(swap), swap.saturating_sub(cached)),
        (Hierarchy::V1 | Hierarchy::Hybrid | Hierarchy::OpenVz, Ok(cached)) => split(swap + cached, cached, swap),
        (_, Err(reason)) => {
            format!("{} in swap; how much of it is in memory too is not known: {}", units::size(swap), reason.reason())
        }
    };
    vec![pushed_out, read_back(group.moved.as_ref())]
}

fn split(all: u64, cached: u64, gone: u64) -> String {
    format!(
        "{} pushed out: {} of it still in memory too (swap cache), {} only on the swap device",
        units::size(all),
        units::size(cached),
        units::size(gone)
    )
}

fn read_back(moved: Option<&Moved>) -> String {
    let Some(pages) = moved.and_then(|moved| moved.refault_anon.ok()) else {
        return "whether it is read back is not known".to_owned();
    };
    let Some(rate) = moved.and_then(|moved| moved.per_second(pages)).filter(|rate| *rate > 0.0) else {
        return "none of it is being read back".to_owned();
    };
    format!("read back at {} pages/s, {}/s", units::count(rate as u64), units::size((rate * PAGE as f64) as u64))
}
