//! The top of the screen: the sentence, and the host's memory and swap.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::model::host::swap_used;
use crate::snapshot::Host;
use crate::text;
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, fitted, sentence, spread};
use crate::units;

/// Two lines in a low window, else three and a blank one.
pub fn lines(app: &App, width: usize, height: usize, theme: &Theme) -> Vec<Line<'static>> {
    let clock = clock(app, width);
    let room = width.saturating_sub(text::width(&clock) + 2);
    let first = sentence::line(app, room, theme);
    let mut lines = vec![spread(first.spans, vec![Span::styled(clock, theme.style(Role::Dim))], width)];
    let Some(host) = app.model.host() else { return lines };
    if height < 16 {
        lines.push(both(host, theme));
        return fitted(lines, width, theme);
    }
    lines.push(memory(app, host, width, theme));
    lines.push(swap(host, width, theme));
    lines.push(Line::default());
    fitted(lines, width, theme)
}

/// The host's name and the time of the reading, as far as there is room for the sentence.
fn clock(app: &App, width: usize) -> String {
    let Some(snapshot) = app.model.snapshot() else { return String::new() };
    let time = wall(app, snapshot.taken_at, "%H:%M");
    let host = text::visible(&snapshot.host.hostname);
    match width {
        ..60 => String::new(),
        _ => format!("{} {time}", text::truncate(&host, 20, crate::text::Ellipsis::Ascii)),
    }
}

/// A time of the wall clock in the zone of the screen.
pub fn wall(app: &App, time: std::time::SystemTime, format: &str) -> String {
    jiff::Timestamp::try_from(time)
        .map_or_else(|_| "?".to_owned(), |time| time.to_zoned(app.zone.clone()).strftime(format).to_string())
}

/// Which moment of the past is shown, if one is.
pub fn then(app: &App) -> Option<String> {
    let (back, snapshot) = (app.looks_back()?, app.model.snapshot()?);
    Some(format!("PAUSED {}, {} back", wall(app, snapshot.taken_at, "%H:%M:%S"), units::age_long(back)))
}

/// Alerts and kills are logs, with a time in front of each entry: they stay what they were at the pause, and say so.
pub fn as_of_the_pause(app: &App) -> String {
    let taken_at = app.looks_back().and(app.present().snapshot()).map(|snapshot| snapshot.taken_at);
    taken_at.map_or_else(String::new, |taken_at| format!(" at the pause, {}", wall(app, taken_at, "%H:%M:%S")))
}

/// The same as a line of its own, for screens without this header.
pub fn moment(app: &App, theme: &Theme) -> Vec<Line<'static>> {
    let style = theme.style(Role::Accent).add_modifier(Modifier::REVERSED);
    then(app).map(|then| Line::from(Span::styled(format!(" {then} "), style))).into_iter().collect()
}

fn both(host: &Host, theme: &Theme) -> Line<'static> {
    let total = host.mem_total.unwrap_or(0);
    let mut spans = vec![Span::styled("mem ", theme.style(Role::Dim))];
    spans.extend(match host.mem_available {
        Ok(available) => bar::parts(total.saturating_sub(available), 0, total, 8, theme),
        Err(_) => unknown(8, theme),
    });
    spans.push(Span::raw(format!(" avail {}", units::size_or_unknown(host.mem_available))));
    spans.push(Span::styled("   swap ", theme.style(Role::Dim)));
    spans.push(Span::raw(units::size_or_unknown(swap_used(host))));
    Line::from(spans)
}

fn bar_cells(width: usize) -> usize {
    (width * 3 / 10).clamp(8, 48)
}

fn memory(app: &App, host: &Host, width: usize, theme: &Theme) -> Line<'static> {
    let total = host.mem_total.unwrap_or(0);
    let mut left = vec![Span::styled("mem  ", theme.style(Role::Dim))];
    left.extend(match host.mem_available {
        Ok(available) => {
            let used = total.saturating_sub(available);
            let unused = total.saturating_sub(used);
            let cache = unused.saturating_sub(host.mem_free.unwrap_or(unused));
            bar::parts(used, cache, total, bar_cells(width), theme)
        }
        Err(_) => unknown(bar_cells(width), theme),
    });
    left.push(Span::raw(format!(
        "  {} available of {}",
        units::size_or_unknown(host.mem_available),
        units::size_or_unknown(host.mem_total)
    )));
    let right = match app.model.host_past().stall {
        Ok(stall) => format!("stall {stall:.0}%{}", stall_note(width)),
        Err(_) => "stall ?".to_owned(),
    };
    spread(left, vec![Span::styled(right, theme.style(Role::Dim))], width)
}

/// Kernels before 3.14 do not tell what is available.
fn unknown<'a>(cells: usize, theme: &Theme) -> Vec<Span<'a>> {
    vec![Span::styled(text::pad_right("?", cells), theme.style(Role::Dim))]
}

/// The kernel counts stalls at cgroup limits as the host's, too.
fn stall_note(width: usize) -> &'static str {
    if width >= 110 { ", limits' stalls included" } else { "" }
}

fn swap(host: &Host, width: usize, theme: &Theme) -> Line<'static> {
    let total = host.swap_total.unwrap_or(0);
    let mut left = vec![Span::styled("swap ", theme.style(Role::Dim))];
    if host.swap_total == Ok(0) {
        left.push(Span::styled("this host has no swap", theme.style(Role::Dim)));
        return Line::from(left);
    }
    let used = swap_used(host).unwrap_or(0);
    let cached = host.swap_cached.unwrap_or(0).min(used);
    left.extend(bar::parts(used - cached, cached, total, bar_cells(width), theme));
    left.push(Span::raw(format!("  {} used of {}", units::size(used), units::size_or_unknown(host.swap_total))));
    let right = format!("{} of it still in RAM (swap cache)", units::size_or_unknown(host.swap_cached));
    let brief = format!("{} still in RAM", units::size_or_unknown(host.swap_cached));
    let right = if width >= 110 { right } else { brief };
    spread(left, vec![Span::styled(right, theme.style(Role::Dim))], width)
}
