//! What a runtime's configuration asks for, against what the kernel enforces.
//!
//! They differ where somebody changed a limit behind the runtime's back, or where the kernel could not do what was asked.

use crate::model::{Figures, Scope};
use crate::snapshot::{Identity, Reading};
use crate::units::Limit;

/// A limit that is not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which limit: `limit`, `swap_limit`.
    pub field: &'static str,
    /// What the configuration asks for.
    pub declared: Limit,
    /// What the kernel enforces.
    pub enforced: Limit,
}

/// Where they differ; nothing where either is unknown.
pub(super) fn differences(identity: &Identity, figures: &Figures, scope: Scope) -> Vec<Difference> {
    let declared = &identity.declared;
    let pairs = [("limit", declared.limit, figures.limit), ("swap_limit", declared.swap_limit, figures.swap_limit)];
    let all = pairs.into_iter().filter_map(|(field, declared, enforced)| difference(field, declared, enforced));
    // Where every cgroup is a row, the limit may be on an inner one.
    all.filter(|difference| scope == Scope::Containers || difference.enforced != Limit::Unlimited).collect()
}

fn difference(field: &'static str, declared: Reading<Limit>, enforced: Reading<Limit>) -> Option<Difference> {
    let (declared, enforced) = (declared.ok()?, enforced.ok()?);
    (in_pages(declared) != in_pages(enforced)).then_some(Difference { field, declared, enforced })
}

/// The kernel keeps limits in pages and rounds down.
fn in_pages(limit: Limit) -> Option<u64> {
    const PAGE: u64 = 4096;
    limit.bytes().map(|bytes| bytes / PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Missing;

    #[test]
    fn less_than_a_page_is_no_difference() {
        let bytes = |bytes| Ok(Limit::Bytes(bytes));
        assert_eq!(difference("limit", bytes(10_000), bytes(8_192)), None);
        assert_eq!(difference("limit", Ok(Limit::Unlimited), Ok(Limit::Unlimited)), None);
        assert_eq!(difference("limit", Err(Missing::NoState), bytes(1)), None);
        let forbidden = difference("swap_limit", bytes(0), Ok(Limit::Unlimited)).unwrap();
        assert_eq!((forbidden.declared, forbidden.enforced), (Limit::Bytes(0), Limit::Unlimited));
    }
}
