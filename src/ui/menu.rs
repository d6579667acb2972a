//! The menu of all actions: their names, their keys, and what they do.

use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::action::{ACTIONS, Entry};
use crate::app::menu::Menu;
use crate::text;
use crate::ui::theme::{Role, Theme};
use crate::ui::{fitted, header, rule, wrapped};

/// Windows of so many lines have room for the sentence above, and below for the whole meaning of what is chosen.
const ROOMY: usize = 11;
/// Lines of the meaning, and the rule above them.
const MEANING: usize = 3;
/// Below this many columns a name leaves too little room for the meaning.
const WIDE: usize = 60;

/// The menu, in exactly `height` lines.
pub fn lines(app: &App, menu: &Menu, area: Rect, height: usize, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let listed = app.listed_actions();
    let mut lines: Vec<Line<'static>> = if height < ROOMY {
        Vec::new()
    } else {
        header::lines(app, width, height, theme).into_iter().take(1).collect()
    };
    lines.push(rule("actions", &note(app, menu, &listed), width, theme));
    let room = rows_in(height);
    let first = menu.at.saturating_sub(room / 2).min(listed.len().saturating_sub(room));
    let shown = listed.iter().enumerate().skip(first).take(room);
    lines.extend(shown.map(|(at, entry)| line(app, entry, at == menu.at, width, theme)));
    if listed.is_empty() {
        lines.push(Line::styled("  no action has these words in its name or meaning", theme.style(Role::Dim)));
    }
    if height >= ROOMY {
        lines.resize(height - MEANING, Line::default());
        lines.extend(listed.get(menu.at).map_or_else(Vec::new, |entry| meaning(entry, width, theme)));
    }
    lines.resize(height, Line::default());
    fitted(lines, width, theme)
}

/// How many actions are seen in `height` lines.
pub fn rows_in(height: usize) -> usize {
    if height < ROOMY { height.saturating_sub(1) } else { height - 2 - MEANING }.max(1)
}

/// What becomes of Enter, where that is not plain, and how many of all are listed.
fn note(app: &App, menu: &Menu, listed: &[&Entry]) -> String {
    let nothing = listed.get(menu.at).is_some_and(|entry| !app.does_something(entry.action));
    let count = format!("{} of {}", listed.len(), ACTIONS.len() - 1);
    if nothing { format!("does nothing here, {count}") } else { count }
}

fn line(app: &App, entry: &Entry, current: bool, width: usize, theme: &Theme) -> Line<'static> {
    let [name, keys] = if width < WIDE { [0, 10] } else { [17, 16] };
    let does = app.does_something(entry.action);
    // In reverse colours would be another background, and dim text hard to read.
    let role = |role: Role| if current { Role::Plain } else { role };
    let (name_role, key_role) =
        if does { (Role::Plain, role(Role::Accent)) } else { (role(Role::Dim), role(Role::Dim)) };
    let cell = |text: &str, cells: usize| match cells {
        0 => String::new(),
        _ => text::pad_right(&text::truncate(text, cells - 1, theme.glyphs.ellipsis), cells),
    };
    let line = Line::from(vec![
        Span::raw(if current { "> " } else { "  " }),
        Span::styled(cell(entry.name, name), theme.style(name_role)),
        Span::styled(cell(&app.keys.shown(entry.action), keys), theme.style(key_role)),
        Span::styled(entry.meaning, theme.style(if name == 0 { name_role } else { role(Role::Dim) })),
    ]);
    if current { line.style(theme.style(Role::Plain).add_modifier(Modifier::REVERSED)) } else { line }
}

/// All that the action does.
fn meaning(entry: &Entry, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = vec![rule(entry.name, "", width, theme)];
    let words = wrapped(entry.meaning, width.saturating_sub(2));
    lines.extend(words.into_iter().take(MEANING - 1).map(|line| Line::raw(format!("  {line}"))));
    lines.resize(MEANING, Line::default());
    lines
}
