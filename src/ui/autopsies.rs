//! The screen of OOM kills, newest first: who was killed, by whose limit, and what it was made of.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::model::autopsy::{Autopsy, Before};
use crate::text;
use crate::ui::theme::{Role, Theme};
use crate::ui::{fitted, header, rule};
use crate::units::{self, Limit};

/// Every kill that is known, and whether the kernel log could be read for them.
pub fn lines(app: &App, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let autopsies = app.model.autopsies();
    let note = format!("{} since attach", autopsies.counted());
    let mut lines = vec![rule("OOM kills", &note, width, theme)];
    if let Some(reason) = app.model.snapshot().and_then(|snapshot| snapshot.oom_log.err()) {
        let text = format!("  the kernel log is not read ({}): victims stay unknown", reason.reason());
        lines.push(Line::styled(text, theme.style(Role::Warning)));
    }
    if autopsies.newest().next().is_none() {
        lines.push(Line::styled("  none", theme.style(Role::Dim)));
    }
    for autopsy in autopsies.newest() {
        lines.push(Line::default());
        lines.extend(block(app, autopsy, theme));
    }
    fitted(lines, width, theme)
}

fn block(app: &App, autopsy: &Autopsy, theme: &Theme) -> Vec<Line<'static>> {
    let age = app.model.snapshot().and_then(|snapshot| snapshot.taken_at.duration_since(autopsy.when).ok());
    let age = age.map_or_else(String::new, |age| format!("{} ago", units::age_long(age)));
    let past = if autopsy.past { ", before memcgtop watched" } else { "" };
    let name = autopsy.name.as_deref().or(autopsy.cgroup.as_deref()).unwrap_or("a cgroup that nobody saw");
    let mut lines = vec![Line::from(vec![
        Span::styled(format!(" X {:>3}  ", autopsy.number), theme.style(Role::Critical)),
        Span::styled(text::visible(name).into_owned(), theme.style(Role::Strong)),
        Span::styled(
            format!("  {}  {age}{past}", header::wall(app, autopsy.when, "%Y-%m-%d %H:%M:%S")),
            theme.style(Role::Dim),
        ),
    ])];
    let facts = [Some(autopsy.cause()), autopsy.before.as_ref().map(before), tasks(autopsy), place(autopsy)];
    lines.extend(facts.into_iter().flatten().map(|fact| Line::raw(format!("        {}", text::visible(&fact)))));
    lines
}

fn before(before: &Before) -> String {
    let limit = match before.limit {
        Ok(Limit::Bytes(limit)) => format!(" of {}", units::size(limit)),
        _ => String::new(),
    };
    let parts = before.parts().map(|(part, reading)| format!("{part} {}", units::size_or_unknown(reading)));
    format!("the reading before: {}{limit}: {}", units::size_or_unknown(before.usage), parts.join("  "))
}

fn tasks(autopsy: &Autopsy) -> Option<String> {
    let each = |task: &crate::snapshot::Task| format!("{} {} {}", task.comm, task.pid, units::size(task.rss));
    let tasks: Vec<_> = autopsy.tasks.iter().map(each).collect();
    (!tasks.is_empty()).then(|| format!("largest tasks: {}", tasks.join(", ")))
}

fn place(autopsy: &Autopsy) -> Option<String> {
    let facts = [
        autopsy.runtime.as_ref().map(ToString::to_string),
        autopsy.image.as_ref().map(|image| format!("image {image}")),
        autopsy.cgroup.as_ref().map(|cgroup| format!("cgroup {cgroup}")),
    ];
    let facts: Vec<_> = facts.into_iter().flatten().collect();
    (!facts.is_empty()).then(|| facts.join(", "))
}
