//! The screen of OOM kills, newest first: who was killed, by whose limit, and what it was made of.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::action::Action;
use crate::app::{App, Whose};
use crate::model::autopsy::{Autopsy, Before};
use crate::snapshot::AtLimit;
use crate::text;
use crate::ui::theme::{Role, Theme};
use crate::ui::{folded, header, rule};
use crate::units::{self, Limit};

/// Every kill that is known, and whether the kernel log could be read for them.
pub fn lines(app: &App, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let autopsies = app.model.autopsies();
    let before = if autopsies.past() > 0 { format!(", {} before", autopsies.past()) } else { String::new() };
    let others = match autopsies.from_user_space() {
        0 => String::new(),
        times => format!(", {times} from user space"),
    };
    let note = format!("{} since attach{others}{before}{}", autopsies.counted(), header::as_of_the_pause(app));
    let title = match (&app.whose_kills, meant(app).next()) {
        (Whose::Of(_), Some(autopsy)) => {
            let all = app.keys.told(Action::Autopsies);
            format!("OOM kills of {}, {all} shows all", text::visible(named(autopsy)))
        }
        _ => "OOM kills".to_owned(),
    };
    let mut lines = vec![rule(&title, &note, width, theme)];
    if let Some(reason) = app.model.snapshot().and_then(|snapshot| snapshot.oom_log.err()) {
        let text = format!("  the kernel log is not read ({}): victims stay unknown", reason.reason());
        lines.push(Line::styled(text, theme.style(Role::Warning)));
    }
    let told = [none_of_row(app), untold(app)];
    lines.extend(told.into_iter().flatten().map(|line| Line::styled(format!("  {line}"), theme.style(Role::Dim))));
    lines.extend(blocks(app, theme));
    folded(lines, width)
}

/// The kills that are shown, with a blank line before each.
pub fn blocks(app: &App, theme: &Theme) -> impl Iterator<Item = Line<'static>> {
    meant(app).flat_map(|autopsy| std::iter::once(Line::default()).chain(block(app, autopsy, theme)))
}

/// That nothing is known of the row that was meant.
fn none_of_row(app: &App) -> Option<String> {
    let Whose::NoneOf(id) = &app.whose_kills else { return None };
    let group = app.model.group(id)?;
    let counted = match group.figures.oom_kill_total {
        Ok(kills @ 1..) => format!(", though the kernel counts {}", units::count(kills)),
        _ => String::new(),
    };
    Some(format!("nothing is known of kills in {}{counted}", text::visible(&group.identity.label())))
}

/// What the kernel counts beyond those that are known; or that there are none.
fn untold(app: &App) -> Option<String> {
    let autopsies = app.present().autopsies();
    let all = app.present().host().and_then(|host| host.oom_kill.ok());
    let untold =
        all.and_then(|all| all.checked_sub(autopsies.counted() + autopsies.past())).filter(|untold| *untold > 0);
    let is_empty = autopsies.newest().next().is_none();
    match untold {
        Some(untold) => {
            let kills = units::counted(untold, "earlier kill");
            Some(format!("{kills} since boot, which the kernel log does not tell of"))
        }
        None if !is_empty => None,
        None if all == Some(0) => Some("none since boot".to_owned()),
        None => Some("none".to_owned()),
    }
}

fn meant(app: &App) -> impl Iterator<Item = &Autopsy> {
    let is_meant = |autopsy: &&Autopsy| match &app.whose_kills {
        Whose::Of(id) => autopsy.is_of(&id.path),
        Whose::All | Whose::NoneOf(_) => true,
    };
    app.model.autopsies().newest().filter(is_meant)
}

fn block(app: &App, autopsy: &Autopsy, theme: &Theme) -> Vec<Line<'static>> {
    let age = app.present().snapshot().and_then(|snapshot| snapshot.taken_at.duration_since(autopsy.when).ok());
    let age = age.map_or_else(String::new, |age| format!("{} ago", units::age_long(age)));
    let past = if autopsy.past { ", before memcgtop watched" } else { "" };
    let name = named(autopsy);
    let mut lines = vec![Line::from(vec![
        Span::styled(format!(" X {:>3}  ", autopsy.number), theme.style(Role::Critical)),
        Span::styled(text::visible(name).into_owned(), theme.style(Role::Strong)),
        Span::styled(
            format!("  {}  {age}{past}", header::wall(app, autopsy.when, "%Y-%m-%d %H:%M:%S")),
            theme.style(Role::Dim),
        ),
    ])];
    let facts = [
        Some(autopsy.cause()),
        swap(autopsy),
        autopsy.before.as_ref().map(before),
        tasks(autopsy),
        place(autopsy),
        Some(format!("told by {}", autopsy.evidence())),
    ];
    lines.extend(facts.into_iter().flatten().map(|fact| Line::raw(format!("        {}", text::visible(&fact)))));
    lines
}

fn named(autopsy: &Autopsy) -> &str {
    autopsy.name.as_deref().or(autopsy.cgroup.as_deref()).unwrap_or("unknown container")
}

/// Whether there was swap left to go to.
fn swap(autopsy: &Autopsy) -> Option<String> {
    let told = |what: &str, at: AtLimit| {
        let limit = at.limit.map_or_else(|| "no limit".to_owned(), units::size);
        format!("{what} then: {} of {limit}", units::size(at.usage))
    };
    autopsy.swap.map(|at| told("its swap", at)).or(autopsy.memsw.map(|at| told("memory and swap together", at)))
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
