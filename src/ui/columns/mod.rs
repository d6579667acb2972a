//! The columns of the table and of the tree: what each shows, how wide, and which give way first.

mod cells;
mod drawn;

use std::borrow::Cow;
use std::sync::LazyLock;

use ratatui::text::Span;

use crate::app::{App, Screen};
use crate::field::columns::{Columns, field_of};
use crate::field::{self, Field, Unit};
use crate::model::Group;
use crate::model::verdict::State;
use crate::ui::theme::{Role, Theme};

pub use cells::{holder, size};
use drawn::DRAWN;

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// What it is called where columns are chosen.
    pub id: &'static str,
    /// Its head; the bar has a legend instead.
    pub title: Cow<'static, str>,
    /// What it shows.
    pub meaning: &'static str,
    /// Cells.
    pub width: usize,
    /// The order in which columns are taken while there is room: smallest first. One without goes with its neighbour
    /// on the left.
    pub rank: Option<u8>,
    /// Whether its head stands on the right.
    pub right: bool,
    cells: Cells,
}

/// What a column shows of a row.
#[derive(Clone, Copy, Debug)]
enum Cells {
    /// Something of its own.
    Drawn(fn(&App, &Group, usize, &Theme) -> Vec<Span<'static>>),
    /// A figure as it is.
    Figure(&'static Field),
}

/// Every column but the sign and the name: first those that are more than a figure.
pub static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let figures =
        field::FIELDS.iter().filter(|field| field.id != "name" && DRAWN.iter().all(|drawn| drawn.id != field.id));
    DRAWN.iter().cloned().chain(figures.map(Column::of)).collect()
});

/// Heads and cells of figures whose names are too long, or their values.
const HEADED: &[(&str, &str, usize)] = &[
    ("inode", "INODE", 10),
    ("limit", "OWN LIM", 7),
    ("headroom", "ROOM", 6),
    ("next_headroom", "NEXTROOM", 8),
    ("next_limited_by", "THEN HELD BY", 14),
    ("ancestor_failcnt", "ABOVE", 5),
    ("high_events", "SLOWED", 6),
    ("swap_limit", "SWLIMIT", 7),
    ("swap_failcnt", "SWHITS", 6),
    ("swap_fail", "SWFAIL", 6),
    ("active_file", "ACTIVE", 6),
    ("inactive_file", "INACTIVE", 8),
    ("slab_reclaimable", "SLAB", 6),
    ("refault_anon", "RE-ANON", 7),
    ("refault_file", "RE-FILE", 7),
    ("pgscan_direct", "DIRECT", 6),
    ("pgscan_kswapd", "KSWAPD", 6),
    ("pgmajfault", "MAJOR", 5),
    ("psi.full_avg10", "FULL", 5),
    ("processes", "PROCS", 5),
];

impl Column {
    /// The column of a figure.
    fn of(field: &'static Field) -> Self {
        const LONGEST_HEAD: usize = 14;
        let headed = HEADED.iter().find(|(id, ..)| *id == field.id);
        let title = headed.map_or_else(|| Cow::Owned(field.id.to_uppercase()), |(_, head, _)| Cow::Borrowed(*head));
        let width = headed.map_or_else(|| title.len().min(LONGEST_HEAD), |(.., width)| *width);
        let (narrowest, right) = match field.unit {
            Unit::Bytes => (6, true),
            Unit::Count => (5, true),
            Unit::Percent => (4, true),
            Unit::Text => (12, false),
            Unit::Flag => (3, false),
        };
        let cells = Cells::Figure(field);
        Self { id: field.id, title, meaning: field.meaning, width: width.max(narrowest), rank: None, right, cells }
    }

    /// What it shows of a row.
    pub fn cells(&self, app: &App, group: &Group, width: usize, theme: &Theme) -> Vec<Span<'static>> {
        match self.cells {
            Cells::Drawn(draw) => draw(app, group, width, theme),
            Cells::Figure(field) => cells::figure(field, group, width, theme),
        }
    }

    /// The field that it sorts by and that explains it.
    pub fn field(&self) -> &'static str {
        field_of(self.id)
    }

    /// Whether its head is not just its name.
    pub fn has_own_head(&self) -> bool {
        matches!(self.cells, Cells::Drawn(_)) || !self.title.eq_ignore_ascii_case(self.id)
    }

    /// Whether it is drawn, not written.
    pub fn is_picture(&self) -> bool {
        matches!(self.id, "bar" | "trend")
    }

    /// Whether it is a drawing without a head.
    pub fn is_bar(&self) -> bool {
        self.id == "bar"
    }
}

/// The bar at its narrowest, and at its widest.
pub const BAR: usize = 10;
const WIDEST_BAR: usize = 24;
const WIDEST_NAME: usize = 44;

/// The columns that fit, and the cells of the name and of each.
pub fn fit(wanted: &Columns, width: usize, narrowest_name: usize) -> (usize, Vec<(&'static Column, usize)>) {
    let name = narrowest_name;
    let ids = wanted.ids();
    let once = ids.iter().enumerate().filter(|(at, id)| !ids[..*at].contains(id));
    let wanted: Vec<&Column> = once.filter_map(|(_, id)| COLUMNS.iter().find(|column| column.id == *id)).collect();
    let ranks = wanted.iter().scan(0, |rank, column| {
        *rank = column.rank.unwrap_or(*rank);
        Some(*rank)
    });
    let mut ranked: Vec<(u8, usize)> = ranks.zip(0..).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut left = width.saturating_sub(SIGN + name);
    let mut taken = Vec::new();
    for (_, at) in ranked {
        let Some(rest) = left.checked_sub(wanted[at].width + 1) else { break };
        left = rest;
        taken.push(at);
    }
    taken.sort_unstable();
    let taken: Vec<&Column> = taken.into_iter().map(|at| wanted[at]).collect();
    let wider = WIDEST_NAME.saturating_sub(name);
    let widest_bar = if taken.iter().any(|column| column.is_bar()) { WIDEST_BAR - BAR } else { 0 };
    let wider_bar = (left - left.div_ceil(2).min(wider)).min(widest_bar);
    let wider_name = (left - wider_bar).min(wider);
    let columns = taken.into_iter().map(|column| (column, column.width + if column.is_bar() { wider_bar } else { 0 }));
    (name + wider_name, columns.collect())
}

/// The fields that rows can be sorted by at this width, in the order of their columns.
pub fn focusable(app: &App, width: usize) -> Vec<&'static str> {
    let (_, columns) = fit(&app.columns, width, name_cells(&app.screen, width));
    let titled = columns.iter().filter(|(column, _)| !column.is_bar());
    let mut fields = vec!["name"];
    for (column, _) in titled {
        if !fields.contains(&column.field()) {
            fields.push(column.field());
        }
    }
    fields
}

/// The cells that a name gets at least; more in the tree, where its place is in front of it.
pub fn name_cells(screen: &Screen, width: usize) -> usize {
    match (screen, width) {
        (Screen::Tree, ..80) => 18,
        (Screen::Tree, 80..120) => 34,
        (Screen::Tree, _) => 44,
        (_, ..80) => 13,
        (_, 80..120) => 16,
        (_, _) => 23,
    }
}

/// Cells of the cursor and the sign, with the blank after them.
pub const SIGN: usize = 4;

/// Who holds the row, and whether it hurts.
pub fn sign(group: &Group, theme: &Theme) -> Vec<Span<'static>> {
    let Ok(verdict) = group.verdict else { return vec![Span::raw("  ")] };
    let role = match verdict.state {
        _ if verdict.hurts => Role::Critical,
        State::Oom => Role::Critical,
        State::Calm => Role::Plain,
        State::AtLimit if !verdict.ancestor => Role::Plain,
        _ => Role::Warning,
    };
    vec![Span::styled(format!("{}{}", verdict.sign(), if verdict.hurts { '!' } else { ' ' }), theme.style(role))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_column_leads_to_its_field() {
        for column in DRAWN {
            assert!(field::find(column.field()).is_some(), "{}", column.id);
            let known = field::HEADS.contains(&(&column.title, column.field()));
            assert!(known || column.is_bar(), "{} {}", column.title, column.id);
        }
        for (id, head, width) in HEADED {
            assert!(field::HEADS.contains(&(head, id)) && width >= &head.len(), "{id}");
        }
    }

    #[test]
    fn every_column_that_can_be_chosen_can_be_shown() {
        for id in Columns::all().filter(|id| *id != "name") {
            assert_eq!(COLUMNS.iter().filter(|column| column.id == id).count(), 1, "{id}");
        }
    }

    #[test]
    fn a_figure_without_a_rank_stays_as_long_as_its_neighbour() {
        let shown = |text: &str, width| {
            let (_, columns) = fit(&Columns::parse(text).unwrap(), width, 13);
            columns.into_iter().map(|(column, _)| column.id).collect::<Vec<_>>()
        };
        assert_eq!(shown("usage,peak,limited_by", 32), ["usage", "peak"]);
        assert_eq!(shown("limited_by,peak,usage", 32), ["usage"]);
        assert_eq!(shown("usage,usage,usage", 32), ["usage"], "once is enough");
        assert_eq!(shown("peak,anon,file", 32), ["peak", "anon"], "the first ones where none has a rank");
    }
}
