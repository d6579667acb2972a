//! What stands below the rows: why, alerts, status; and the screen of alerts.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::alert::{Alert, Level};
use crate::app::App;
use crate::app::action::Action;
use crate::model::autopsy::Autopsy;
use crate::model::evidence;
use crate::model::figures::Holder;
use crate::model::host::mem_used;
use crate::model::limits::Resource;
use crate::model::verdict::State;
use crate::model::{Group, Scope};
use crate::snapshot::{Host, Kind, Missing};
use crate::text;
use crate::ui::columns::holder;
use crate::ui::theme::{Role, Theme};
use crate::ui::{folded, header, rule, spread};
use crate::units::{self, Limit};

/// What holds the row under the cursor, and what would help, in a rule and `most` lines.
pub fn why(app: &App, width: usize, most: usize, theme: &Theme) -> Vec<Line<'static>> {
    let Some(group) = app.current() else { return Vec::new() };
    let name = if app.is_host(group) { "host".into() } else { group.identity.label() };
    let whose = group.worst.as_ref().map_or_else(String::new, |worst| format!("{} is ", worst.identity.label()));
    let title = text::visible(&format!("{name}: {whose}{}", state_of(app, group))).into_owned();
    let is_sum = group.identity.kind == Kind::Sum;
    let opened = if is_sum { "its containers" } else { "all of it" };
    let note = format!("{} for {opened}", app.keys.told(Action::Open));
    // Where the cursor goes by itself is said, not only seen.
    let stays = if app.stays_first() { format!("the first row, whichever it is; {note}") } else { note.clone() };
    let has_room = text::width(&title) + text::width(&stays) + 12 <= width;
    let mut lines = vec![rule(&title, if has_room { &stays } else { &note }, width, theme)];
    let facts = match app.model.host().filter(|_| app.is_host(group)) {
        Some(host) => [host_need(host), evidence::of_host(&app.model).into_iter().collect(), Vec::new()],
        None if is_sum => [needs(group), of_worst(app, group), Vec::new()],
        None if group.gone.is_some() => {
            let cause = app.model.autopsies().of(&group.id.path).map(Autopsy::cause);
            [cause.into_iter().collect(), need(app, group), Vec::new()]
        }
        None => [need(app, group), evidence::evidence(group), relief(app, group)],
    };
    let facts = facts.into_iter().filter(|clauses| !clauses.is_empty()).zip(["; ", "   ", ", "]).take(most);
    lines.extend(facts.map(|(clauses, between)| {
        let clauses = clauses.iter().map(|clause| text::visible(clause));
        Line::raw(format!("  {}", fitting(clauses, between, width.saturating_sub(2), theme)))
    }));
    lines.resize(most + 1, Line::default());
    lines
}

/// As many clauses as fit, the first ones first. What does not fit is left out whole: a figure without its end misleads.
fn fitting(clauses: impl Iterator<Item = impl AsRef<str>>, between: &str, width: usize, theme: &Theme) -> String {
    let mut line = String::new();
    for clause in clauses {
        let clause = clause.as_ref();
        if line.is_empty() {
            line = text::truncate(clause, width, theme.glyphs.ellipsis).into_owned();
        } else if text::width(&line) + between.len() + text::width(clause) <= width {
            line = line + between + clause;
        }
    }
    line
}

/// The state of a row in words, or of the host, which no limit holds.
pub fn state_of(app: &App, group: &Group) -> &'static str {
    match (app.is_host(group), app.model.host_is_short()) {
        (true, _) if app.looks_back().is_some() => NOT_JUDGED,
        (true, true) => "short of memory",
        (true, false) if app.model.host().is_some_and(|host| host.mem_available.is_err()) => AVAILABLE_NOT_KNOWN,
        (true, false) => "fine",
        (false, _) => state(group),
    }
}

/// What a host is whose kernel is older than 3.14.
pub const AVAILABLE_NOT_KNOWN: &str = "not judged: what it has available is not known";

/// What a moment of the past is not: what it takes was not kept.
pub const NOT_JUDGED: &str = "not judged for that moment";

/// A row's state in words.
pub fn state(group: &Group) -> &'static str {
    let verdict = match group.verdict {
        Ok(verdict) => verdict,
        Err(Missing::NotKept) => return NOT_JUDGED,
        Err(_) => return "not judged yet, that needs two readings",
    };
    if group.gone.is_some() {
        return "OOM-killed, and gone";
    }
    match (verdict.state, verdict.ancestor) {
        (State::Calm, _) => "calm",
        (State::AtLimit, false) => "at its own limit, calm",
        (State::AtLimit, true) => "held by an ancestor's limit, calm",
        (State::Thrashing, false) => "thrashing at its own limit",
        (State::Thrashing, true) => "thrashing at an ancestor's limit",
        (State::Throttled, _) => "throttled by memory.high",
        (State::SwapFull, _) => "at its limit, and out of swap allowance",
        (State::HostShort, _) => "squeezed because the host is short",
        (State::Refused, _) => "refused a resource, as the facts tell",
        (State::UnderOom, false) => "standing still at its own limit",
        (State::UnderOom, true) => "standing still at an ancestor's limit",
        (State::Oom, _) if verdict.hurts => "OOM-killed just now",
        (State::Oom, _) => "OOM-killed",
        (State::Unknown, _) => "at its limit; this kernel counts no hits here",
    }
}

/// The host's own figures: its root cgroup counts otherwise.
pub fn host_need(host: &Host) -> Vec<String> {
    let (Ok(total), Ok(available), Ok(used)) = (host.mem_total, host.mem_available, mem_used(host)) else {
        return Vec::new();
    };
    vec![
        format!("The host uses {} of {} (MemTotal - MemAvailable)", units::size(used), units::size(total)),
        format!("{} is available", units::size(available)),
    ]
}

/// What it needs against what it may have.
fn need(app: &App, group: &Group) -> Vec<String> {
    let figures = &group.figures;
    let Ok(usage) = figures.usage else { return Vec::new() };
    let floor = units::size_or_unknown(figures.floor);
    let uses = format!("Uses {} (floor {floor})", units::size(usage));
    let limit = match (&figures.limited_by, figures.limited_by_limit) {
        (Ok(Holder::Own(_)), Ok(Limit::Bytes(limit))) if figures.limited_by_resource == Ok(Resource::Private) => {
            format!("it may allocate {}, used or not (privvmpages)", units::size(limit))
        }
        (Ok(Holder::Own(_)), Ok(Limit::Bytes(limit))) => format!("its own limit is {}", units::size(limit)),
        (Ok(Holder::Ancestor(path)), Ok(Limit::Bytes(limit))) => {
            format!("{} allows {}", holder(app, group, path), units::size(limit))
        }
        (_, Err(reason)) if reason != Missing::NoLimit => {
            return vec![uses, format!("what limits it is not known: {}", reason.reason())];
        }
        _ => return vec![uses, "nothing limits it but the host".to_owned()],
    };
    let footprint = figures.footprint.unwrap_or(usage);
    let out = footprint.saturating_sub(usage);
    if out > usage / 100 {
        return vec![
            format!("Needs about {}", units::size(footprint)),
            limit,
            format!("{} is out on swap", units::size(out)),
        ];
    }
    let room = figures.headroom.map_or_else(|_| "?".to_owned(), units::size_rounded_down);
    vec![uses, limit, format!("room for {room}")]
}

/// What the containers of a sum use against what they may have.
fn needs(sum: &Group) -> Vec<String> {
    let figures = &sum.figures;
    let Ok(usage) = figures.usage else { return Vec::new() };
    let floor = units::size_or_unknown(figures.floor);
    let is_one = sum.members == 1;
    let who = if is_one { "1 container uses".to_owned() } else { format!("{} containers use", sum.members) };
    let limits = match figures.limit {
        Ok(Limit::Bytes(limit)) if is_one => format!("its own limit is {}", units::size(limit)),
        Ok(Limit::Bytes(limit)) => format!("their own limits add up to {}", units::size(limit)),
        Ok(Limit::Unlimited) if is_one => "it has no limit of its own".to_owned(),
        Ok(Limit::Unlimited) => "not all have own limits".to_owned(),
        Err(reason) => reason.reason().to_owned(),
    };
    vec![format!("{who} {} (floor {floor})", units::size(usage)), limits]
}

/// The facts of the container that a sum is judged by; the title names it.
fn of_worst(app: &App, sum: &Group) -> Vec<String> {
    let worst = sum.worst.as_ref().and_then(|worst| app.model.group(&worst.id));
    worst.map_or_else(Vec::new, evidence::evidence)
}

/// What raising the limit would gain.
fn relief(app: &App, group: &Group) -> Vec<String> {
    let figures = &group.figures;
    let (Ok(gain), Ok(next)) = (figures.next_headroom, &figures.next_limited_by) else { return Vec::new() };
    // What may be allocated is not the host's to give.
    if !group.is_held() || figures.limited_by_resource == Ok(Resource::Private) {
        return Vec::new();
    }
    let gain = units::size_rounded_down(gain);
    match next {
        Holder::Host => vec![format!("Raising this limit gains up to {gain}"), "then the host binds".to_owned()],
        Holder::Own(path) | Holder::Ancestor(path) => {
            let then = format!("then {} binds", holder(app, group, path));
            vec![format!("Raising this limit alone gains {gain}"), then]
        }
    }
}

/// The newest alerts, in a rule and `most` lines.
pub fn alerts(app: &App, width: usize, most: usize, theme: &Theme) -> Vec<Line<'static>> {
    let firing = app.alerts.firing();
    let note = format!("{} firing{}", firing.len(), header::as_of_the_pause(app));
    let mut lines = vec![rule("alerts", &note, width, theme)];
    lines.extend(firing.iter().take(most).map(|alert| alert_line(app, alert, width, theme)));
    if firing.is_empty() {
        let quiet = format!("  none firing; {} since attach", app.alerts.ended().count());
        lines.push(Line::styled(quiet, theme.style(Role::Dim)));
        lines.extend(log(app).into_iter().take(most - 1).map(|alert| alert_line(app, alert, width, theme)));
    }
    lines.truncate(most + 1);
    lines.resize(most + 1, Line::default());
    lines
}

fn alert_line(app: &App, alert: &Alert, width: usize, theme: &Theme) -> Line<'static> {
    let over = alert.until.is_some() || alert.acknowledged;
    let role = match alert.level {
        _ if over => Role::Dim,
        Level::Critical => Role::Critical,
        Level::Warning => Role::Warning,
        Level::Notice => Role::Plain,
    };
    let name_cells = (width / 5).clamp(12, 36);
    let name = text::visible(&alert.name);
    let name = text::pad_right(&text::elide(&name, name_cells, theme.glyphs.ellipsis), name_cells);
    let age = units::age_long(alert.until.unwrap_or_else(|| app.present().now()).saturating_sub(alert.since));
    let age = match (alert.until, alert.acknowledged) {
        (Some(_), _) => format!("over after {age}"),
        (None, true) => "ack'd".to_owned(),
        (None, false) => age,
    };
    let clock = header::wall(app, alert.began, "%H:%M:%S");
    let room = width.saturating_sub(15 + name_cells + text::width(&age) + 4);
    let safe = text::visible(&alert.text);
    let what = fitting(clauses(&safe).into_iter(), ", ", room, theme);
    let rest = if over { theme.style(Role::Dim) } else { theme.style(Role::Plain) };
    let left = vec![
        Span::styled(
            format!(" {}{} ", alert.sign, if alert.level == Level::Critical { '!' } else { ' ' }),
            theme.style(role),
        ),
        Span::styled(format!("{clock}  {name} {what}"), rest),
    ];
    spread(left, vec![Span::styled(age, theme.style(Role::Dim))], width)
}

/// An alert with nothing left out: what it says goes on below it where the line is too short.
fn whole_alert(app: &App, alert: &Alert, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    const INDENT: usize = 4;
    let first = alert_line(app, alert, width, theme);
    let text = text::visible(&alert.text);
    let told: String = first.spans.iter().map(|span| &*span.content).collect();
    if told.contains(&*text) && told.contains(&*text::visible(&alert.name)) {
        return vec![first];
    }
    let nameless = Alert { text: String::new(), ..alert.clone() };
    let style = theme.style(if alert.until.is_some() || alert.acknowledged { Role::Dim } else { Role::Plain });
    let words = format!("{}: {text}", text::visible(&alert.name));
    let below = Line::styled(format!("{}{words}", " ".repeat(INDENT)), style);
    [vec![alert_line(app, &nameless, width, theme)], folded(vec![below], width)].concat()
}

/// The parts between commas; what stands in parentheses is one.
fn clauses(text: &str) -> Vec<&str> {
    let is_outside = |at: usize| text[..at].matches('(').count() == text[..at].matches(')').count();
    let commas = text.match_indices(", ").map(|(at, _)| at).filter(|&at| is_outside(at));
    let (mut clauses, mut from) = (Vec::new(), 0);
    for at in commas {
        clauses.push(&text[from..at]);
        from = at + 2;
    }
    clauses.push(&text[from..]);
    clauses
}

/// What fired and ended, by when it began, the newest first: the clock in front of each line says so.
fn log(app: &App) -> Vec<&Alert> {
    let mut log: Vec<&Alert> = app.alerts.ended().collect();
    log.sort_by_key(|alert| std::cmp::Reverse(alert.since));
    log
}

/// What fires, and below it what fired.
pub fn alerts_screen(app: &App, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let firing = app.alerts.firing();
    let ended = log(app);
    let mut lines = vec![rule("firing", &format!("{}{}", firing.len(), header::as_of_the_pause(app)), width, theme)];
    lines.extend(firing.iter().flat_map(|alert| whole_alert(app, alert, width, theme)));
    if firing.is_empty() {
        lines.push(Line::styled("  none", theme.style(Role::Dim)));
    }
    lines.push(Line::default());
    let attached = units::age_long(app.present().attached());
    lines.push(rule("log", &format!("{} in {attached}", ended.len()), width, theme));
    lines.extend(ended.into_iter().flat_map(|alert| whole_alert(app, alert, width, theme)));
    lines
}

/// How much is shown, and how well it could be read.
pub fn status(app: &App, width: usize, theme: &Theme) -> Line<'static> {
    let counted = app.model.rows().count();
    let kind = if app.model.scope() == Scope::Everything { "cgroup" } else { "container" };
    let kind = units::named(counted as u64, kind);
    let is_row = |group: &Group| app.model.is_row(group) && group.gone.is_none();
    let is_counted = |group: &&Group| group.identity.kind == Kind::Sum || is_row(group);
    let shown: usize = app.rows().filter(is_counted).map(|group| group.members).sum();
    let (charged, overhead) = (app.model.charged_to_containers(), app.model.charged_to_runtimes());
    let also = if overhead > 0 { format!(", {} to their runtimes", units::size(overhead)) } else { String::new() };
    let left = format!("  {shown} of {counted} {kind}, {} charged to containers{also}", units::size(charged));
    let problems = match app.model.problems() {
        _ if app.looks_back().is_some() => "what was unreadable is not kept".to_owned(),
        [] => "every file readable".to_owned(),
        all @ [first, ..] => {
            format!("{} unreadable, as {}: {}", units::counted(all.len() as u64, "file"), first.path, first.error)
        }
    };
    let interval = units::interval(app.interval);
    // The log of another host is not missed.
    let log = app.model.snapshot().and_then(|snapshot| snapshot.oom_log.err());
    let log = log.filter(|reason| *reason != Missing::NotHere);
    let log = log.map_or_else(String::new, |reason| format!(", no kernel log ({})", reason.reason()));
    let right = format!("every {interval}, attached {}, {problems}{log}", units::age(app.model.attached()));
    let right = text::truncate(&right, width.saturating_sub(left.len() + 2), theme.glyphs.ellipsis).into_owned();
    let left = text::truncate(&left, width, theme.glyphs.ellipsis).into_owned();
    let dim = theme.style(Role::Dim);
    spread(vec![Span::styled(left, dim)], vec![Span::styled(right, dim)], width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_end_at_commas_that_stand_alone() {
        assert_eq!(
            clauses("OOM kill: a (pid 1, anon 2Mi) at b, kill 1"),
            ["OOM kill: a (pid 1, anon 2Mi) at b", "kill 1"]
        );
        assert_eq!(clauses("at own limit"), ["at own limit"]);
    }
}
