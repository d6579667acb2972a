//! The menu: names, keys or heads of columns, and what each does.

use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::menu::{List, Menu, Offer};
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
    let listed = app.offers();
    let mut lines: Vec<Line<'static>> = if height < ROOMY {
        Vec::new()
    } else {
        header::lines(app, width, height, theme).into_iter().take(1).collect()
    };
    let (title, none) = match menu.list {
        List::Everything => ("actions", "  nothing has these words in its name or meaning"),
        List::Orders => ("sort by", "  no field has these words in its name, its meaning or the head of its column"),
    };
    lines.push(rule(title, &note(app, menu, &listed), width, theme));
    let room = rows_in(height);
    let first = menu.at.saturating_sub(room / 2).min(listed.len().saturating_sub(room));
    let cells = names(&listed, width);
    let shown = listed.iter().enumerate().skip(first).take(room);
    lines.extend(shown.map(|(at, offer)| line(app, offer, at == menu.at, cells, theme)));
    if listed.is_empty() {
        lines.push(Line::styled(none, theme.style(Role::Dim)));
    }
    if height >= ROOMY {
        lines.resize(height - MEANING, Line::default());
        lines.extend(listed.get(menu.at).map_or_else(Vec::new, |offer| meaning(offer, width, theme)));
    }
    lines.resize(height, Line::default());
    fitted(lines, width, theme)
}

/// How many offers are seen in `height` lines.
pub fn rows_in(height: usize) -> usize {
    if height < ROOMY { height.saturating_sub(1) } else { height - 2 - MEANING }.max(1)
}

/// What becomes of Enter, where that is not plain, and how many there are.
fn note(app: &App, menu: &Menu, listed: &[Offer]) -> String {
    let nothing = listed.get(menu.at).is_some_and(|offer| !app.is_of_use(offer));
    let count = match menu.list {
        List::Everything => format!("{} listed", listed.len()),
        List::Orders => format!("now {}, {} listed", app.sort, listed.len()),
    };
    if nothing { format!("does nothing here, {count}") } else { count }
}

/// Cells of the names: none where they would leave too little to what they mean.
fn names(listed: &[Offer], width: usize) -> usize {
    const SHORT: usize = 16;
    let longest = listed.iter().map(|offer| text::width(&offer.name())).max().unwrap_or(0);
    if width < WIDE { 0 } else { longest.clamp(SHORT, (width / 3).max(SHORT)) + 1 }
}

fn line(app: &App, offer: &Offer, current: bool, names: usize, theme: &Theme) -> Line<'static> {
    let keys = if names == 0 { 10 } else { 16 };
    let does = app.is_of_use(offer);
    // In reverse colours would be another background, and dim text hard to read.
    let role = |role: Role| if current { Role::Plain } else { role };
    let (name_role, key_role) =
        if does { (Role::Plain, role(Role::Accent)) } else { (role(Role::Dim), role(Role::Dim)) };
    let cell = |text: &str, cells: usize| match cells {
        0 => String::new(),
        _ => text::pad_right(&text::truncate(text, cells - 1, theme.glyphs.ellipsis), cells),
    };
    let known_by = match offer {
        Offer::Action(entry) => app.keys.shown(entry.action),
        other => other.head().unwrap_or_default().to_owned(),
    };
    let (name, meaning) = (offer.name(), offer.meaning());
    // What an action is called its meaning says, too; what something is sorted by does not say that it is.
    let told = if names == 0 && !matches!(offer, Offer::Action(_)) { name.clone() } else { meaning.to_owned() };
    let line = Line::from(vec![
        Span::raw(if current { "> " } else { "  " }),
        Span::styled(cell(&name, names), theme.style(name_role)),
        Span::styled(cell(&known_by, keys), theme.style(key_role)),
        Span::styled(told, theme.style(if names == 0 { name_role } else { role(Role::Dim) })),
    ]);
    if current { line.style(theme.style(Role::Plain).add_modifier(Modifier::REVERSED)) } else { line }
}

/// All that it does.
fn meaning(offer: &Offer, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = vec![rule(&offer.name(), "", width, theme)];
    let words = wrapped(offer.meaning(), width.saturating_sub(2));
    lines.extend(words.into_iter().take(MEANING - 1).map(|line| Line::raw(format!("  {line}"))));
    lines.resize(MEANING, Line::default());
    lines
}
