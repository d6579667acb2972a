//! The last line: what is other than usual, and the keys that do something here; the filter while it is typed.
//!
//! Where it is short the least important keys go first, and those that lead to all others stay.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::app::action::{ACTIONS, Action};
use crate::app::{App, Idle, Screen};
use crate::query::Sort;
use crate::text;
use crate::ui::theme::{Role, Theme};
use crate::ui::{cut, header, spread};
use crate::units;

/// The keys that do something here; or the filter while it is typed; or why there is no reading.
pub fn footer(app: &App, width: usize, theme: &Theme) -> Line<'static> {
    if let Some(editor) = &app.editor {
        return editor_line(app, editor.value(), width, theme);
    }
    let cells = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let last = last(app, theme);
    let room = width.saturating_sub(cells(&last) + 1);
    let mut spans = Vec::new();
    if let Some((role, news)) = news(app) {
        let news = text::truncate(&text::visible(news), room.saturating_sub(2), theme.glyphs.ellipsis).into_owned();
        spans.push(Span::styled(format!(" {news} "), theme.style(role)));
    }
    let modes = modes(app, theme);
    // News take the line for themselves where it is short.
    if spans.is_empty() || cells(&spans) + cells(&modes) <= room {
        spans.extend(modes);
    }
    if cells(&spans) > room {
        spans = cut(Line::from(spans), room, theme).spans;
    }
    for (key, hint) in hints(app, theme) {
        let hint = hint_of(key, hint, theme);
        if cells(&spans) + cells(&hint) + 2 > room {
            break;
        }
        spans.extend(hint);
        spans.push(Span::raw("  "));
    }
    spread(spans, last, width)
}

/// The keys that lead to all others.
fn last(app: &App, theme: &Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for (action, hint) in [(Action::Help, "help")] {
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

/// Why there is no reading; or else what was just done, or could not be.
fn news(app: &App) -> Option<(Role, &str)> {
    let trouble = app.trouble.as_deref().map(|trouble| (Role::Critical, trouble));
    trouble.or_else(|| match app.notice()? {
        Ok(done) => Some((Role::Fine, done)),
        Err(why) => Some((Role::Critical, why)),
    })
}

fn editor_line(app: &App, typed: &str, width: usize, theme: &Theme) -> Line<'static> {
    let note = match (&app.filter_error, app.rows().len()) {
        (Some(_), _) if app.filtered() => Span::styled(" INVALID: the filter before is on ", alarm(theme)),
        (Some(_), _) => Span::styled(" INVALID: no filter is on ", alarm(theme)),
        (None, 1) => Span::styled("1 row; Enter keeps it, Esc clears it", theme.style(Role::Dim)),
        (None, rows) => Span::styled(format!("{rows} rows; Enter keeps it, Esc clears it"), theme.style(Role::Dim)),
    };
    let room = width.saturating_sub(note.width() + 4);
    let left = vec![
        Span::styled("/", theme.style(Role::Accent)),
        Span::raw(text::truncate(&text::visible(typed), room, theme.glyphs.ellipsis).into_owned()),
        Span::styled(" ", theme.style(Role::Plain).add_modifier(Modifier::REVERSED)),
    ];
    spread(left, vec![note], width)
}

fn alarm(theme: &Theme) -> Style {
    theme.style(Role::Warning).add_modifier(Modifier::REVERSED)
}

/// Why what is typed is no filter: a line of its own, above the one that is typed in.
pub fn filter_error(app: &App, width: usize, theme: &Theme) -> Option<Line<'static>> {
    let error = app.filter_error.as_ref().filter(|_| app.editor.is_some())?;
    let error = text::truncate(&text::visible(error), width, theme.glyphs.ellipsis).into_owned();
    Some(Line::styled(error, theme.style(Role::Warning)))
}

/// What makes the screen other than usual, in reverse.
fn modes(app: &App, theme: &Theme) -> Vec<Span<'static>> {
    let mut modes = Vec::new();
    if app.paused() {
        let since =
            app.model.snapshot().map_or(String::new(), |snapshot| header::wall(app, snapshot.taken_at, " %H:%M:%S"));
        modes.push(format!(" PAUSED{since} "));
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
        (Screen::Detail(_) | Screen::Alerts | Screen::Autopsies, _) => {
            let is_zoom = matches!(action, Action::ZoomIn | Action::ZoomOut);
            let is_step = matches!(action, Action::Previous | Action::Next);
            is_zoom && app.has_chart()
                || is_step && matches!(app.screen, Screen::Detail(_))
                || matches!(action, Action::Back | Action::Pause | Action::Quit | Action::Tree | Action::Acknowledge)
        }
        (Screen::Columns(_), _) => {
            matches!(action, Action::Back | Action::Pause | Action::Columns | Action::Faster | Action::Slower)
        }
        (Screen::Table | Screen::Tree, _) => {
            let elsewhere = [Action::Help, Action::ZoomIn, Action::ZoomOut, Action::Previous, Action::Next];
            !elsewhere.contains(&action)
        }
    };
    let is_choosing = matches!(app.screen, Screen::Columns(_)) && !app.help;
    let mut hints: Vec<(String, String)> = ACTIONS
        .iter()
        .filter(|entry| {
            useful(entry.action) && (!entry.hint.is_empty() || !matches!(app.screen, Screen::Table | Screen::Tree))
        })
        .filter_map(|entry| {
            let hint = match (entry.action, app.alerts.unseen()) {
                (Action::Back, _) if is_choosing => "done".to_owned(),
                (Action::Pause, _) if is_choosing => "show or hide".to_owned(),
                (Action::Columns, _) if is_choosing => "next set".to_owned(),
                (Action::Faster, _) if is_choosing => "to the left".to_owned(),
                (Action::Slower, _) if is_choosing => "to the right".to_owned(),
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
    let [rows, columns] = theme.glyphs.arrows;
    if matches!(app.screen, Screen::Table | Screen::Tree) && !app.help {
        let sideways = if app.screen == Screen::Tree { "fold" } else { "column" };
        let rows = pair(app, [Action::Up, Action::Down], rows).map(|keys| (keys, "row".to_owned()));
        let columns = pair(app, [Action::Left, Action::Right], columns).map(|keys| (keys, sideways.to_owned()));
        hints.extend(rows.into_iter().chain(columns));
    }
    hints
}

/// The keys of two opposites: `arrows` where they are that.
fn pair(app: &App, actions: [Action; 2], arrows: &str) -> Option<String> {
    let [one, other] = actions.map(|action| app.keys.first(action));
    let (one, other) = (one?, other?);
    let is_usual = matches!((&*one, &*other), ("Up", "Down") | ("Left", "Right"));
    Some(if is_usual { arrows.to_owned() } else { format!("{one} {other}") })
}
