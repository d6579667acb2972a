//! The last line: what is other than usual, and the keys that do something here; the filter while it is typed.
//!
//! Where it is short the least important keys go first, and those that lead to all others stay.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use tui_input::Input;

use crate::app::action::{ACTIONS, Action};
use crate::app::menu::{List, Menu};
use crate::app::{App, Completion, Idle, Screen};
use crate::query::Sort;
use crate::text;
use crate::ui::own::Danger;
use crate::ui::theme::{Role, Theme};
use crate::ui::{cut, header, spread};
use crate::units;

/// Below this many columns what is typed has the line to itself, but for a word.
const SHORT: usize = 60;

/// The keys that do something here; or the filter while it is typed; or why there is no reading.
pub fn footer(app: &App, width: usize, theme: &Theme) -> Line<'static> {
    if let Some(menu) = &app.menu {
        return menu_line(app, menu, width, theme);
    }
    if let Some(editor) = &app.editor {
        return editor_line(app, editor, width, theme);
    }
    let cells = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let last = last(app, theme);
    let room = width.saturating_sub(cells(&last) + 1);
    let mut spans: Vec<_> = danger(app, width / 2, theme).into_iter().flat_map(|told| [told, Span::raw(" ")]).collect();
    let before = spans.len();
    if let Some((role, news)) = news(app) {
        let room = room.saturating_sub(cells(&spans) + 2);
        let news = text::truncate(&text::visible(news), room, theme.glyphs.ellipsis).into_owned();
        spans.push(Span::styled(format!(" {news} "), theme.style(role)));
    }
    let modes = modes(app, theme);
    // News take the line for themselves where it is short.
    if spans.len() == before || cells(&spans) + cells(&modes) <= room {
        spans.extend(modes);
    }
    if cells(&spans) > room {
        spans = cut(Line::from(spans), room, theme).spans;
    }
    for (at, (key, hint)) in hints(app, theme).into_iter().enumerate() {
        let apart = if at > 0 { "  " } else { "" };
        let hint = hint_of(key, hint, theme);
        if cells(&spans) + apart.len() + cells(&hint) > room {
            break;
        }
        spans.push(Span::raw(apart));
        spans.extend(hint);
    }
    spread(spans, last, width)
}

/// The keys that lead to all others.
fn last(app: &App, theme: &Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for (action, hint) in [(Action::Menu, "menu"), (Action::Help, "help")] {
        let Some(key) = app.keys.first(action) else { continue };
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.extend(hint_of(key, hint.to_owned(), theme));
    }
    spans
}

fn hint_of(key: String, hint: String, theme: &Theme) -> [Span<'static>; 3] {
    [Span::styled(key, theme.style(Role::Accent)), Span::raw(" "), Span::styled(hint, theme.style(Role::Dim))]
}

/// That memcgtop itself may be killed, on every screen for as long as that is known to be so.
fn danger(app: &App, width: usize, theme: &Theme) -> Option<Span<'static>> {
    let danger = Danger::of(app.newest()).filter(|_| app.trouble.is_none())?;
    Some(Span::styled(format!(" {} ", danger.words(width.saturating_sub(2))), alarm(theme)))
}

/// Why there is no reading; or else what was just done, or could not be.
fn news(app: &App) -> Option<(Role, &str)> {
    let trouble = app.trouble.as_deref().map(|trouble| (Role::Critical, trouble));
    trouble.or_else(|| match app.notice()? {
        Ok(done) => Some((Role::Fine, done)),
        Err(why) => Some((Role::Critical, why)),
    })
}

fn editor_line(app: &App, typed: &Input, width: usize, theme: &Theme) -> Line<'static> {
    let paused = if app.paused() { "PAUSED, " } else { "" };
    let rows = format!("{paused}{}", units::counted(app.rows().len() as u64, "row"));
    let note = danger(app, 0, theme).unwrap_or_else(|| match &app.filter_error {
        Some(_) if width < SHORT => Span::styled(" INVALID ", alarm(theme)),
        Some(_) if app.filtered() => Span::styled(" INVALID: the filter before is on ", alarm(theme)),
        Some(_) => Span::styled(" INVALID: no filter is on ", alarm(theme)),
        None if width < SHORT => Span::styled(rows, theme.style(Role::Dim)),
        None => Span::styled(format!("{rows}; Enter keeps it, Esc clears it"), theme.style(Role::Dim)),
    });
    typed_line("/", typed, note, width, theme)
}

fn menu_line(app: &App, menu: &Menu, width: usize, theme: &Theme) -> Line<'static> {
    let note = if width < SHORT { "Enter does it" } else { "type words of it; Enter does it, Esc closes" };
    let sign = if menu.list == List::Orders { "sort by " } else { ":" };
    let note = danger(app, 0, theme).unwrap_or_else(|| Span::styled(note, theme.style(Role::Dim)));
    typed_line(sign, &menu.typed, note, width, theme)
}

/// A line that is typed, behind what stands for what it is, and a note. What is in front of the cursor gives way at
/// its start.
fn typed_line(sign: &'static str, typed: &Input, note: Span<'static>, width: usize, theme: &Theme) -> Line<'static> {
    let place = typed.value().char_indices().nth(typed.cursor()).map_or(typed.value().len(), |(at, _)| at);
    let (before, rest) = typed.value().split_at(place);
    let (under, behind) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
    let under = if under.is_empty() { " ".to_owned() } else { text::visible(under).into_owned() };
    let ellipsis = theme.glyphs.ellipsis;
    let room = width.saturating_sub(sign.len() + text::width(&under) + note.width() + 2);
    let behind = text::truncate(&text::visible(behind), room / 3, ellipsis).into_owned();
    let before = text::truncate_start(&text::visible(before), room - text::width(&behind), ellipsis).into_owned();
    let left = vec![
        Span::styled(sign, theme.style(Role::Accent)),
        Span::raw(before),
        Span::styled(under, theme.style(Role::Plain).add_modifier(Modifier::REVERSED)),
        Span::raw(behind),
    ];
    spread(left, vec![note], width)
}

fn alarm(theme: &Theme) -> Style {
    theme.style(Role::Warning).add_modifier(Modifier::REVERSED)
}

/// What stands above the filter while it is typed, from below: what it could end with, and why it is none.
pub fn above(app: &App, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    if app.editor.is_none() || app.menu.is_some() {
        return Vec::new();
    }
    let error = app.filter_error.as_ref().map(|error| {
        let error = text::truncate(&text::visible(error), width, theme.glyphs.ellipsis).into_owned();
        Line::styled(error, theme.style(Role::Warning))
    });
    candidates(app, width, theme).into_iter().chain(error).collect()
}

/// The candidates in one line, from where the one that was taken is seen.
fn candidates(app: &App, width: usize, theme: &Theme) -> Option<Line<'static>> {
    const KEY: &str = "Tab";
    let Completion { candidates, taken, .. } = app.completion();
    let words = &candidates.words;
    let cells = |word: &String| text::width(word) + 2;
    let room = width.saturating_sub(KEY.len() + 1);
    let at = taken.unwrap_or(0);
    let seen = |first: usize| words.get(first..=at).is_some_and(|words| words.iter().map(cells).sum::<usize>() <= room);
    let first = (0..at).find(|first| seen(*first)).unwrap_or(at);
    let mut spans = vec![Span::styled(KEY, theme.style(Role::Accent))];
    for (place, word) in words.iter().enumerate().skip(first) {
        let style = theme.style(Role::Plain);
        let style = if Some(place) == *taken { style.add_modifier(Modifier::REVERSED) } else { style };
        spans.extend([Span::raw("  "), Span::styled(text::visible(word).into_owned(), style)]);
    }
    let line = Line::from(spans);
    (!words.is_empty()).then(|| if line.width() > width { cut(line, width, theme) } else { line })
}

/// What makes the screen other than usual, in reverse.
fn modes(app: &App, theme: &Theme) -> Vec<Span<'static>> {
    let mut modes = Vec::new();
    if app.paused() {
        let since =
            app.model.snapshot().map_or(String::new(), |snapshot| header::wall(app, snapshot.taken_at, " %H:%M:%S"));
        modes.push(header::then(app).map_or_else(|| format!(" PAUSED{since} "), |then| format!(" {then} ")));
    }
    if app.is_hurried_or_slowed() {
        modes.push(format!(" EVERY {} ", units::interval(app.interval)));
    }
    if app.filtered() {
        modes.push(format!(" FILTER {} ", text::visible(&app.filter_text)));
    }
    if app.idle == Idle::Hidden {
        modes.push(" IDLE HIDDEN ".to_owned());
    }
    if let Some(grouping) = app.grouping() {
        modes.push(format!(" BY {} ", grouping.name().to_uppercase()));
    }
    if app.has_other_columns() {
        modes.push(format!(" COLUMNS {} ", app.columns.preset().map_or("own", |preset| preset.name)));
    }
    if let Sort::Field(..) = app.sort {
        modes.push(format!(" SORT {} ", app.sort));
    }
    let style = theme.style(Role::Accent).add_modifier(Modifier::REVERSED);
    modes.into_iter().flat_map(|mode| [Span::styled(mode, style), Span::raw(" ")]).collect()
}

fn hints(app: &App, theme: &Theme) -> Vec<(String, String)> {
    let useful = |action: Action| match (&app.screen, app.help) {
        (_, true) => matches!(action, Action::Back | Action::Quit),
        (Screen::Detail(_) | Screen::Alerts | Screen::Autopsies | Screen::Host, _) => {
            matches!(action, Action::Earlier | Action::Later) && app.paused()
                || matches!(action, Action::Back | Action::Pause | Action::Quit | Action::Tree | Action::Acknowledge)
        }
        (Screen::Columns(_), _) => {
            let resizes = matches!(action, Action::Narrower | Action::Wider);
            resizes
                || matches!(action, Action::Back | Action::Pause | Action::Columns | Action::Faster | Action::Slower)
        }
        (Screen::Table | Screen::Tree, _) => !matches!(action, Action::Earlier | Action::Later) || app.paused(),
    };
    let is_choosing = matches!(app.screen, Screen::Columns(_)) && !app.help;
    let mut hints: Vec<(String, String)> = ACTIONS
        .iter()
        .filter(|entry| {
            let has_hint = !entry.hint.is_empty() || app.help || !matches!(app.screen, Screen::Table | Screen::Tree);
            useful(entry.action) && has_hint
        })
        .filter_map(|entry| {
            let hint = match (entry.action, app.alerts.unseen()) {
                (Action::Back, _) if is_choosing => "done".to_owned(),
                (Action::Pause, _) if is_choosing => "show or hide".to_owned(),
                (Action::Columns, _) if is_choosing => "next set".to_owned(),
                (Action::Faster, _) if is_choosing => "to the left".to_owned(),
                (Action::Slower, _) if is_choosing => "to the right".to_owned(),
                (Action::Narrower, _) if is_choosing => "narrower".to_owned(),
                (Action::Wider, _) if is_choosing => "wider".to_owned(),
                (Action::Alerts, unseen @ 1..) => format!("alerts({unseen})"),
                (Action::Back, _) => "back".to_owned(),
                (Action::Acknowledge, _) => "acknowledge".to_owned(),
                (Action::Open, _) if app.grouping().is_some() => "containers".to_owned(),
                (Action::Tree, _) if app.screen == Screen::Tree => "table".to_owned(),
                _ => entry.hint.to_owned(),
            };
            let key = app.keys.first(entry.action)?;
            (!hint.is_empty()).then_some((key, hint))
        })
        .collect();
    let pair = |one, other, hint: &str| Some((keys_of(app, [one, other], theme)?, hint.to_owned()));
    let sideways = |hint| pair(Action::Left, Action::Right, hint);
    match &app.screen {
        _ if app.help => {}
        Screen::Table => {
            hints.extend([pair(Action::Up, Action::Down, "row"), sideways("column")].into_iter().flatten());
        }
        Screen::Tree => hints.extend([pair(Action::Up, Action::Down, "row"), sideways("fold")].into_iter().flatten()),
        Screen::Detail(_) | Screen::Host => {
            let in_time = [pair(Action::ZoomIn, Action::ZoomOut, "zoom"), sideways("time")];
            let in_time = in_time.into_iter().filter(|_| app.has_chart()).flatten();
            let neighbours = pair(Action::Previous, Action::Next, "row").filter(|_| app.screen != Screen::Host);
            let of_detail = neighbours.into_iter().chain(in_time);
            // Right behind the way back.
            let place = 1.min(hints.len());
            hints.splice(place..place, of_detail);
        }
        Screen::Alerts | Screen::Autopsies | Screen::Columns(_) => {}
    }
    hints
}

/// The keys of two opposites.
fn keys_of(app: &App, actions: [Action; 2], theme: &Theme) -> Option<String> {
    let [one, other] = actions.map(|action| app.keys.first(action));
    let [rows, columns] = theme.glyphs.arrows;
    Some(match (&*one?, &*other?) {
        ("Up", "Down") => rows.to_owned(),
        ("Left", "Right") => columns.to_owned(),
        (one, other) => format!("{one} {other}"),
    })
}
