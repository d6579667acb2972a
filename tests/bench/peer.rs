//! systemd-cgtop on the same cgroups: the program that most hosts have for this.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::param::clock_ticks_per_second;

use crate::cgroups::Ground;

/// The time on a processor of one of `refreshes` a second apart, the start left out; `None` where it is not installed.
///
/// # Errors
/// Where it does not show all of the cgroups below `root`.
pub(crate) fn time_of_a_refresh(
    root: &Path,
    ground: &Ground,
    refreshes: usize,
    count: usize,
) -> Result<Option<Duration>> {
    // It is right below the root of the hierarchy.
    let name = root.file_name().context("the root of the hierarchy")?;
    let path = format!("/{}", name.display());
    let run = |refreshes: usize| -> Result<Option<(Duration, usize)>> {
        ground.check()?;
        let before = time_of_children()?;
        let refreshes = refreshes.to_string();
        let arguments = ["--batch", "-m", "--depth=9", "--delay=1", "--iterations", &refreshes, &path];
        let told = Command::new("systemd-cgtop").args(arguments).stderr(Stdio::inherit()).output();
        let told = match told {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            told => told?,
        };
        ensure!(told.status.success(), "systemd-cgtop ended with {}", told.status);
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let last = told.trim_end().rsplit("\n\n").next().unwrap_or_default();
        let took = time_of_children()?.saturating_sub(before);
        Ok(Some((took, last.lines().filter(|line| line.contains("/docker/")).count())))
    };
    let (Some((one, _)), Some((all, shown))) = (run(1)?, run(refreshes + 1)?) else { return Ok(None) };
    ensure!(shown == count, "systemd-cgtop shows {shown} of {count} cgroups");
    Ok(Some(all.saturating_sub(one) / u32::try_from(refreshes)?))
}

/// On a processor, of all processes that were started here and ended.
fn time_of_children() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, behind_the_name) = stat.rsplit_once(") ").context("no stat")?;
    let of_children = behind_the_name.split(' ').skip(13).take(2).map(str::parse::<u64>);
    let ticks: u64 = of_children.sum::<Result<u64, _>>()?;
    Ok(Duration::from_secs(ticks) / u32::try_from(clock_ticks_per_second())?)
}
