//! The columns of the table and of the tree: what each shows, how wide, and which give way first.

mod cells;
mod drawn;
mod fit;

use std::borrow::Cow;
use std::sync::LazyLock;

use ratatui::text::Span;

use crate::app::App;
use crate::app::widths::Width;
use crate::field::columns::field_of;
use crate::field::{self, Field, Unit};
use crate::model::Group;
use crate::model::verdict::State;
use crate::ui::theme::{Role, Theme};

pub use cells::{holder, size};
use drawn::DRAWN;
pub use fit::{BAR, SIGN, fit, room_of};

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// What it is called where columns are chosen.
    pub id: &'static str,
    /// Its head; the bar has a legend instead.
    pub title: Cow<'static, str>,
    /// What it shows.
    pub meaning: &'static str,
    /// Cells that it needs, unless somebody gives it others.
    pub width: usize,
    /// Cells that it has at least: what is no figure can be shortened.
    pub narrowest: usize,
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

/// Cells that are enough to tell words apart.
const SHORTEST: usize = 9;

/// Heads and cells of figures whose names are too long, or their values.
const HEADED: &[(&str, &str, usize)] = &[
    ("inode", "INODE", 10),
    ("limit", "OWN LIM", 7),
    ("headroom", "ROOM", 6),
    ("next_headroom", "NEXTROOM", 8),
    ("next_limited_by", "THEN HELD BY", 14),
    ("ancestor_failcnt", "ABOVE", 5),
    ("ancestor_failcnt_rate", "ABOVE/s", 7),
    ("usage_growth", "GROWTH", 7),
    ("footprint", "NEEDS", 6),
    ("high_events", "SLOWED", 6),
    ("swap_limit", "SWLIMIT", 7),
    ("swap_failcnt", "SWHITS", 6),
    ("swap_fail", "SWFAIL", 6),
    ("active_file", "ACTIVE", 6),
    ("inactive_file", "INACTIVE", 8),
    ("slab_reclaimable", "SLAB", 6),
    ("refault_anon", "RE-ANON", 7),
    ("refault_file", "RE-FILE", 7),
    ("refault_anon_rate", "RE-A/s", 6),
    ("refault_file_rate", "RE-F/s", 6),
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
        let width = width.max(narrowest);
        let narrowest = if right { width } else { width.min(SHORTEST) };
        let cells = Cells::Figure(field);
        Self { id: field.id, title, meaning: field.meaning, width, narrowest, rank: None, right, cells }
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

/// The columns that are shown at this width, in their order, and the cells of each.
pub fn shown(app: &App, width: usize) -> impl Iterator<Item = (&'static str, usize)> {
    let (name, columns) = fit(&app.columns, width, room_of(&app.screen, width));
    std::iter::once((NAME, name)).chain(columns.into_iter().map(|(column, cells)| (column.id, cells)))
}

/// The cells of a column, which there need not be room for.
pub fn cells(app: &App, id: &str, width: usize) -> Width {
    let column = COLUMNS.iter().find(|column| column.id == id);
    let least = column.map_or(room_of(&app.screen, width).least, |column| column.narrowest);
    let shown = shown(app, width).find(|(shown, _)| *shown == id).map(|(_, cells)| cells);
    let given = app.columns.cells(id).map(usize::from);
    let now = shown.or(given).or(column.map(|column| column.width)).unwrap_or(least).max(least);
    Width { now, least }
}

/// The column of names, which is always there.
const NAME: &str = "name";

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
    use crate::field::columns::Columns;

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
}
