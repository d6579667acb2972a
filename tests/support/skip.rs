//! Tests that need what not every machine has.

use std::env;
use std::io::Write;

/// Says that a test did not run, so that nobody takes it for passed.
///
/// # Panics
/// If the environment variable `required_by` is set to `1`.
pub(crate) fn skip(why: &str, required_by: &str) {
    assert!(env::var(required_by).as_deref() != Ok("1"), "{required_by}=1, but {why}");
    // Past the test harness, which shows the output of failed tests only.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
