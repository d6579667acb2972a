//! OpenVZ's User Beancounters: what a container holds of each resource, how much it may, and how often it was refused.
//!
//! Must not read files, and judges nothing.

use std::borrow::Cow;

use super::{Missing, Reading};
use crate::units::Limit;

/// A page, as beancounters count them, bytes.
const PAGE: u64 = 4096;

/// One container's resources, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beancounter {
    /// Without those that are called `dummy`.
    pub resources: Vec<Resource>,
}

impl Beancounter {
    /// The resource called `name`.
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.name == name)
    }
}

/// One line of a beancounter. Figures are in the resource's own unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What the kernel calls it, also where nobody here knows it.
    pub name: Cow<'static, str>,
    /// How much is taken.
    pub held: Reading,
    /// The most that was ever taken. The kernel may print less than `held`.
    pub maxheld: Reading,
    /// From here on ordinary requests are refused, of most resources; 0 where it is not used.
    pub barrier: Reading<Bound>,
    /// From here on all are.
    pub limit: Reading<Bound>,
    /// How often it was refused since the container was started.
    pub failcnt: Reading,
}

impl Resource {
    /// What it is counted in, by the rule that its name follows.
    pub fn unit(&self) -> Unit {
        match &*self.name {
            name if name.ends_with("pages") => Unit::Pages,
            name if name.ends_with("buf") || matches!(name, "kmemsize" | "dcachesize") => Unit::Bytes,
            _ => Unit::Count,
        }
    }

    /// The bound that is judged by: the barrier, or the limit where the barrier is 0.
    pub fn bound(&self) -> Reading<Bound> {
        match self.barrier? {
            Bound::At(0) => self.limit,
            barrier => Ok(barrier),
        }
    }

    /// A figure of it in bytes; missing where it is no size.
    pub fn bytes(&self, figure: Reading) -> Reading {
        self.unit().bytes(figure?).ok_or(Missing::Unreadable)
    }

    /// A bound of it in bytes; missing where it is no size.
    pub fn limit_in_bytes(&self, bound: Reading<Bound>) -> Reading<Limit> {
        match bound? {
            Bound::Unlimited => Ok(Limit::Unlimited),
            Bound::At(most) => self.unit().bytes(most).map(Limit::Bytes).ok_or(Missing::Unreadable),
        }
    }
}

/// How much of a resource may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// So much, in the resource's own unit.
    At(u64),
    /// Any amount.
    Unlimited,
}

/// What a resource is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Pages of 4 KiB.
    Pages,
    /// Things.
    Count,
}

impl Unit {
    /// The name in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Pages => "pages",
            Self::Count => "count",
        }
    }

    /// So many of it in bytes; `None` for things, and for more bytes than there can be.
    pub fn bytes(self, n: u64) -> Option<u64> {
        match self {
            Self::Bytes => Some(n),
            Self::Pages => n.checked_mul(PAGE),
            Self::Count => None,
        }
    }
}
