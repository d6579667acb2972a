//! Running the runtimes' programs.
//!
//! Knows no runtime: which programs and arguments is theirs to say.

use std::env;
use std::process::{Command, Stdio};

/// Whether there is such a program.
pub(crate) fn exists(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|directory| directory.join(program).is_file()))
}

/// A program that is ended if it hangs, as a runtime's program does when its daemon does.
pub(crate) fn bounded(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "30", program]).stdin(Stdio::null());
    command
}

/// What it prints, without the line's end.
///
/// # Panics
/// If it fails, with what it said.
pub(crate) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {said}", output.status);
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Whether it succeeds.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
