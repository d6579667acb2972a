//! The host's figures that are worked out, each definition once.

use crate::snapshot::{Host, Reading};

/// Memory in use, bytes: all that could not be had without swapping.
pub fn mem_used(host: &Host) -> Reading {
    Ok(host.mem_total?.saturating_sub(host.mem_available?))
}

/// Swap in use, bytes.
pub fn swap_used(host: &Host) -> Reading {
    Ok(host.swap_total?.saturating_sub(host.swap_free?))
}
