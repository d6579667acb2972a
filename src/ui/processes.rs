//! The largest processes of the row on the detail screen.

use ratatui::text::{Line, Span};

use crate::app::{App, Watched};
use crate::snapshot::{Missing, Process};
use crate::text;
use crate::ui::rule;
use crate::ui::theme::{Role, Theme};
use crate::units;

/// How many are shown.
const MOST: usize = 10;
/// Cells of a process's name: the kernel keeps 15 bytes of it.
const NAME: usize = 17;
/// Cells of a size.
const SIZE: usize = 8;

/// The section of the screen.
pub fn lines(app: &App, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let dim = theme.style(Role::Dim);
    if app.looks_back().is_some() {
        let not_kept = format!("  {}", Missing::NotKept.reason());
        return vec![rule("processes", "", width, theme), Line::styled(not_kept, dim)];
    }
    let Some(watched) = app.processes() else {
        return vec![rule("processes", "", width, theme), Line::styled("  not read yet", dim)];
    };
    let largest = match &watched.now.read {
        Err(reason) => return vec![rule("processes", "", width, theme), Line::styled(format!("  {reason}"), dim)],
        Ok(_) => watched.largest(),
    };
    let since = units::age_long(app.model.now().saturating_sub(watched.since));
    let title = format!("processes, {}", largest.len() + watched.now.left);
    let mut lines = vec![rule(&title, &format!("the largest first, growth in {since}"), width, theme)];
    if !largest.is_empty() {
        lines.push(Line::styled(row("PID", "NAME", &["RSS", "ANON", "FILE", "SHMEM", "SWAP", "GROWTH"], width), dim));
    }
    lines.extend(largest.iter().take(MOST).map(|process| Line::raw(told(process, watched, width, theme))));
    lines.extend(rest(watched, largest.len()).into_iter().map(|note| Line::from(Span::styled(note, dim))));
    lines
}

/// In a small window what a process is made of is left out first.
fn row<S: AsRef<str>>(pid: &str, name: &str, sizes: &[S; 6], width: usize) -> String {
    let has_room = width >= 10 + NAME + sizes.len() * SIZE;
    let shown = sizes.iter().enumerate().filter(|(at, _)| has_room || [0, 4].contains(at));
    let sizes: String = shown.map(|(_, size)| text::pad_left(size.as_ref(), SIZE)).collect();
    let name = if has_room { text::pad_right(name, NAME) } else { text::pad_right(text::beginning(name, 12), 12) };
    format!("  {} {name}{sizes}", text::pad_left(pid, 7))
}

fn told(process: &Process, watched: &Watched, width: usize, theme: &Theme) -> String {
    let name = text::visible(&process.name);
    let name = text::truncate(&name, NAME, theme.glyphs.ellipsis);
    let sizes = [process.rss(), process.anon, process.file, process.shmem, process.swap].map(units::size);
    let [rss, anon, file, shmem, swap] = sizes;
    row(&process.pid.to_string(), &name, &[rss, anon, file, shmem, swap, signed(watched.growth(process))], width)
}

fn signed(bytes: i64) -> String {
    let sign = match bytes {
        0 => "",
        1.. => "+",
        _ => "-",
    };
    format!("{sign}{}", units::size(bytes.unsigned_abs()))
}

/// What is not shown, and why.
fn rest(watched: &Watched, read: usize) -> Vec<String> {
    let now = &watched.now;
    let mut notes = Vec::new();
    let smaller = read.saturating_sub(MOST) + now.left;
    if smaller > 0 {
        notes.push(format!("  {smaller} more{}", if now.left > 0 { ", not all of them read" } else { "" }));
    }
    if let Some((count, why)) = &now.refused {
        notes.push(format!("  {count} could not be read: {}", text::visible(why)));
    }
    if read == 0 && now.absent > 0 {
        notes.push(format!("  none of {} is to be seen in /proc, which may hide those of other users", now.absent));
    }
    if now.hidden > 0 {
        notes.push(format!("  {} in process namespaces that do not show here", now.hidden));
    }
    if notes.is_empty() && read == 0 {
        notes.push("  none".to_owned());
    }
    notes
}
