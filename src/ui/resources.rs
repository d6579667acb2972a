//! The resources of an OpenVZ container on its detail screen: held, bounds, refusals, with the percentages and marks of
//! vzubc.

use ratatui::text::{Line, Span};

use crate::model::resources::{Mark, mark, percent};
use crate::model::{Group, Tally};
use crate::snapshot::{Bound, Reading, Resource, Unit};
use crate::text;
use crate::ui::rule;
use crate::ui::theme::{Role, Theme};
use crate::units;

/// One column: its head, its width, and what it shows.
struct Column {
    head: &'static str,
    width: usize,
    cell: fn(&Resource, &Tally, &Theme) -> String,
}

const fn column(head: &'static str, width: usize, cell: fn(&Resource, &Tally, &Theme) -> String) -> Column {
    Column { head, width, cell }
}

const BAR: &str = "bar%";
const LIM: &str = "lim%";

/// With the room for pages and bytes.
const WIDE: &[Column] = &[
    column("HELD", 14, |r, _, _| in_both(r, r.held)),
    column(BAR, 6, |r, _, _| share(r.held, r.barrier)),
    column(LIM, 6, |r, _, _| share(r.held, r.limit)),
    column("MAXHELD", 14, |r, _, _| in_both(r, r.maxheld)),
    column(BAR, 6, |r, _, _| share(r.maxheld, r.barrier)),
    column(LIM, 6, |r, _, _| share(r.maxheld, r.limit)),
    column("BARRIER", 14, |r, _, t| bound(r, r.barrier, in_both, t)),
    column("LIMIT", 14, |r, _, t| bound(r, r.limit, in_both, t)),
    column("FAILCNT", 8, |r, _, _| count(r.failcnt)),
    column("+NEW", 6, refused),
];

/// Pages as bytes only.
const NARROW: &[Column] = &[
    column("HELD", 7, |r, _, _| size(r, r.held)),
    column(BAR, 5, |r, _, _| share(r.held, r.barrier)),
    column(LIM, 5, |r, _, _| share(r.held, r.limit)),
    column("MAXH", 7, |r, _, _| size(r, r.maxheld)),
    column(BAR, 5, |r, _, _| share(r.maxheld, r.barrier)),
    column(LIM, 5, |r, _, _| share(r.maxheld, r.limit)),
    column("BARRIER", 8, |r, _, t| bound(r, r.barrier, size, t)),
    column("LIMIT", 7, |r, _, t| bound(r, r.limit, size, t)),
    column("FAIL", 6, |r, _, _| count(r.failcnt)),
    column("+NEW", 6, refused),
];

/// What it is judged by, and whether it was refused.
const NARROWEST: &[Column] = &[
    column("HELD", 7, |r, _, _| size(r, r.held)),
    column("OF", 7, |r, _, t| bound(r, r.bound(), size, t)),
    column("FAIL", 6, |r, _, _| count(r.failcnt)),
];

/// A sign and a name.
const NAME: usize = 16;

/// The section; nothing for a row without beancounter.
pub(super) fn lines(group: &Group, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    if group.resources.is_empty() {
        return Vec::new();
    }
    let room = |columns: &[Column]| NAME + columns.iter().map(|column| column.width).sum::<usize>();
    let columns = [WIDE, NARROW].into_iter().find(|columns| room(columns) < width).unwrap_or(NARROWEST);
    let note = "! refused or over, ~ near, as vzubc marks";
    let mut lines = vec![rule("resources", note, width, theme)];
    let heads: String = columns.iter().map(|column| text::pad_left(column.head, column.width)).collect();
    lines.push(Line::styled(format!("{}{heads}", text::pad_right("  RESOURCE", NAME)), theme.style(Role::Dim)));
    lines.extend(group.resources.each().map(|(resource, tally)| line(resource, tally, columns, theme)));
    lines
}

fn line(resource: &Resource, tally: &Tally, columns: &[Column], theme: &Theme) -> Line<'static> {
    let (sign, role) = match mark(resource) {
        Mark::Over => ("!", Role::Critical),
        Mark::Near => ("~", Role::Warning),
        Mark::Calm => (" ", Role::Plain),
    };
    let name = text::elide(&resource.name, NAME - 3, theme.glyphs.ellipsis);
    let cells: String =
        columns.iter().map(|column| text::pad_left(&(column.cell)(resource, tally, theme), column.width)).collect();
    let head = Span::raw(format!("{sign} {}", text::pad_right(&name, NAME - 2)));
    Line::from(vec![head, Span::raw(cells)]).style(theme.style(role))
}

/// Pages also as bytes.
fn in_both(resource: &Resource, figure: Reading) -> String {
    match (resource.unit(), figure) {
        (Unit::Pages, Ok(pages @ 1..)) => format!("{} {}", units::count(pages), size(resource, figure)),
        _ => size(resource, figure),
    }
}

/// Sizes as sizes, things as they are.
fn size(resource: &Resource, figure: Reading) -> String {
    let Ok(figure) = figure else { return "?".to_owned() };
    resource.unit().bytes(figure).map_or_else(|| units::count(figure), units::size)
}

fn bound(
    resource: &Resource,
    bound: Reading<Bound>,
    amount: fn(&Resource, Reading) -> String,
    theme: &Theme,
) -> String {
    match bound {
        Ok(Bound::Unlimited) => theme.glyphs.unlimited.to_owned(),
        Ok(Bound::At(most)) => amount(resource, Ok(most)),
        Err(_) => "?".to_owned(),
    }
}

fn share(figure: Reading, bound: Reading<Bound>) -> String {
    match (figure, bound) {
        (Err(_), _) | (_, Err(_)) => "?".to_owned(),
        _ => percent(figure, bound).map_or_else(|| "-".to_owned(), rounded),
    }
}

/// As vzubc rounds: to tenths, and of these from 10 on down, below to one digit.
fn rounded(share: f64) -> String {
    let tenths = (share * 10.0).round() / 10.0;
    match tenths {
        10.0.. => format!("{:.0}%", tenths.floor()),
        1.0.. => format!("{tenths:.0}%"),
        0.1.. => format!("{tenths:.1}%"),
        _ => "-".to_owned(),
    }
}

fn count(figure: Reading) -> String {
    figure.map_or_else(|_| "?".to_owned(), units::count)
}

/// Since memcgtop watches.
fn refused(resource: &Resource, tally: &Tally, _: &Theme) -> String {
    count(resource.failcnt.map(|_| tally.since_attach))
}
