//! What memcgtop says of itself: what it costs, how it is protected, and whether a limit above it is nearly used up.

use crate::app::App;
use crate::model::figures::Holder;
use crate::model::{Group, Model};
use crate::snapshot::{Missing, Own, is_within};
use crate::text;
use crate::ui::host::fact;
use crate::ui::rule;
use crate::ui::theme::{Role, Theme};
use crate::units::{self, Limit};
use ratatui::text::Line;

/// From this share of a limit on, the next burst of whoever lives below it may be the last.
const FULL: f64 = 95.0;
/// So little memcgtop may need itself within minutes, while histories fill up. Bytes.
const LITTLE: u64 = 8 << 20;

/// A limit above memcgtop itself that is nearly used up by what cannot be dropped.
#[derive(Debug)]
pub struct Danger {
    /// Whose limit.
    cgroup: String,
    /// What is left of it, bytes.
    left: u64,
    /// What of it cannot be dropped, percent.
    percent: f64,
}

impl Danger {
    /// The limit that leaves the least, if that is little. A limit full of page cache is none.
    pub fn of(model: &Model) -> Option<Self> {
        let home = model.snapshot()?.own.cgroup.as_ref().ok()?;
        around(model, home).filter_map(Self::at).min_by_key(|danger| danger.left)
    }

    fn at(group: &Group) -> Option<Self> {
        let (held, limit) = (group.figures.undroppable()?, group.figures.limit.ok()?.bytes()?);
        let (left, percent) = (limit.saturating_sub(held), held as f64 / limit.max(1) as f64 * 100.0);
        let cgroup = text::visible(&group.id.path).into_owned();
        (left < LITTLE || percent >= FULL).then_some(Self { cgroup, left, percent })
    }

    fn long(&self) -> String {
        let [percent, left] = [units::percent(self.percent), units::size(self.left)];
        format!("memcgtop may be killed: {percent} of the limit of {} cannot be dropped, {left} left", self.cgroup)
    }

    /// The same in as many words as fit.
    pub fn words(&self, width: usize) -> String {
        let left = units::size(self.left);
        let may = format!("memcgtop may be killed: {left} left");
        let forms = [self.long(), format!("{may} of the limit of {}", self.cgroup), may];
        let fitting = forms.into_iter().find(|words| text::width(words) <= width);
        fitting.unwrap_or_else(|| format!("memcgtop: {left} left"))
    }
}

/// What the kernel has to keep for each file that is read and kept open, bytes: measured.
const KERNEL_MEMORY: u64 = 4_300;

/// What it costs, how it is protected, and where it lives: a part of the screen of the host.
pub fn lines(app: &App, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let Some(snapshot) = app.model.snapshot() else { return Vec::new() };
    let own = &snapshot.own;
    let mut lines = vec![rule("memcgtop itself", "", width, theme)];
    if app.looks_back().is_some() {
        lines.push(fact(Missing::NotKept.reason()));
        return lines;
    }
    let files = match (own.files, own.directories) {
        (Ok(files), Ok(directories)) => {
            let kernel = units::size(files * KERNEL_MEMORY);
            format!(
                "about {kernel} of the kernel's for {files} files that it keeps open, and {directories} directories"
            )
        }
        (Err(reason), _) | (_, Err(reason)) => format!("files that it keeps open: {}", reason.reason()),
    };
    lines.push(fact(&format!("{} in memory, {files}", units::size_or_unknown(own.rss))));
    let took = snapshot.took.as_secs_f64() * 1_000.0;
    let cgroups = units::counted(snapshot.topology.cgroups.len() as u64, "cgroup");
    lines.push(fact(&format!(
        "the last reading took {took:.1} ms for {cgroups}, every {}",
        units::interval(app.interval)
    )));
    lines.push(fact(&protection(own)));
    let refused = app.protection.refused.iter();
    lines.extend(refused.map(|refusal| fact(&format!("not protected: {refusal}")).style(theme.style(Role::Warning))));
    lines.push(home(app, own, theme));
    let danger = Danger::of(&app.model).map(|danger| fact(&danger.long()).style(theme.style(Role::Warning)));
    lines.extend(danger);
    lines
}

/// Whether it would still answer on a host that thrashes.
fn protection(own: &Own) -> String {
    let locked = match own.locked {
        Ok(0) => "its memory may be swapped out and dropped".to_owned(),
        Ok(bytes) => format!("its memory is locked (VmLck {})", units::size(bytes)),
        Err(reason) => format!("VmLck: {}", reason.reason()),
    };
    let score = match own.oom_score_adj {
        Ok(score @ ..0) => format!("the OOM killer takes others first (oom_score_adj {score})"),
        Ok(score) => format!("the OOM killer may take it (oom_score_adj {score})"),
        Err(reason) => format!("oom_score_adj: {}", reason.reason()),
    };
    let hint = if own.locked == Ok(0) { ": see --protect" } else { "" };
    format!("{locked}, {score}{hint}")
}

/// The cgroup that it lives in, and how full the limit is that it has there.
fn home(app: &App, own: &Own, theme: &Theme) -> Line<'static> {
    const NEARLY_FULL: f64 = 90.0;
    let path = match &own.cgroup {
        Ok(path) => path,
        Err(reason) => return fact(&format!("its own cgroup is not known: {}", reason.reason())),
    };
    let Some(group) = around(&app.model, path).max_by_key(|group| group.id.path.len()) else {
        return fact(&format!("lives in {path}"));
    };
    let figures = &group.figures;
    match (figures.limited_by_limit, figures.limited_by_usage, figures.percent) {
        (Ok(Limit::Bytes(limit)), Ok(usage), Ok(percent)) => {
            let sizes = format!("{} of {}", units::size(usage), units::size(limit));
            let text = format!("lives in {path}, {} is full to {}: {sizes}", whose(group), units::percent(percent));
            let role = if percent >= NEARLY_FULL { Role::Warning } else { Role::Plain };
            fact(&text).style(theme.style(role))
        }
        _ => fact(&format!("lives in {path}, which nothing limits but the host")),
    }
}

/// The rows that a cgroup is in.
fn around<'a>(model: &'a Model, path: &str) -> impl Iterator<Item = &'a Group> {
    model.groups().iter().filter(move |group| group.id.path.len() == 1 || is_within(path, &group.id.path))
}

fn whose(group: &Group) -> String {
    match &group.figures.limited_by {
        Ok(Holder::Ancestor(path)) => format!("where the limit of {path}"),
        _ => "whose limit".to_owned(),
    }
}
