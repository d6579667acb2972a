//! Waiting for what must become true.

use std::thread;
use std::time::{Duration, Instant};

/// Far beyond what anything here takes, also in a slow virtual machine.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Waits until `condition` holds; `false` if it does not within a minute.
pub(crate) fn comes_true(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    true
}
