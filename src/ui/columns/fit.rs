//! Which columns there is room for, and how wide each of them is.
//!
//! Must not draw them.

use super::{COLUMNS, Column, NAME};
use crate::app::Screen;
use crate::field::columns::Columns;

/// Cells of the cursor and the sign, with the blank after them.
pub const SIGN: usize = 4;
/// The bar, as it is where there is room for it and for the other columns; and at its widest.
pub const BAR: usize = 10;
const WIDEST_BAR: usize = 24;
const WIDEST_NAME: usize = 44;

/// Cells of the names.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// What they get before the columns do.
    pub usual: usize,
    /// What they have at least, whatever somebody gives them.
    pub least: usize,
}

/// The cells that names get at a width; more in the tree, where their place is in front of them.
pub fn room_of(screen: &Screen, width: usize) -> Room {
    /// The longest of their heads, and a blank.
    const LEAST: usize = 10;
    let usual = match (screen, width) {
        (Screen::Tree, ..80) => 18,
        (Screen::Tree, 80..120) => 34,
        (Screen::Tree, _) => 44,
        (_, ..80) => 13,
        (_, 80..120) => 16,
        (_, _) => 23,
    };
    Room { usual, least: if *screen == Screen::Tree { usual } else { LEAST } }
}

/// A column that there is room for.
struct Taken {
    column: &'static Column,
    /// Its place among those that are wanted.
    at: usize,
    cells: usize,
    /// Whether somebody said so.
    is_set: bool,
}

/// The columns that fit, and the cells of the name and of each.
pub fn fit(wanted: &Columns, width: usize, room: Room) -> (usize, Vec<(&'static Column, usize)>) {
    let most = width.saturating_sub(SIGN).max(room.least);
    let given = wanted.cells(NAME).map(|cells| usize::from(cells).clamp(room.least, most));
    let name = given.unwrap_or(room.usual);
    let mut left = width.saturating_sub(SIGN + name);
    let mut taken: Vec<Taken> = Vec::new();
    for (at, column) in by_urgency(wanted) {
        let given = wanted.cells(column.id).map(|cells| usize::from(cells).max(column.narrowest));
        // What a set is named for is shortened rather than left out.
        let usual = if wanted.urgent().contains(&column.id) { column.narrowest } else { column.width };
        let cells = given.unwrap_or(usual);
        let Some(rest) = left.checked_sub(cells + 1) else { break };
        left = rest;
        taken.push(Taken { column, at, cells, is_set: given.is_some() });
    }
    for taken in taken.iter_mut().filter(|taken| !taken.is_set) {
        let more = taken.column.width.saturating_sub(taken.cells).min(left);
        taken.cells += more;
        left -= more;
    }
    let bar = taken.iter_mut().find(|taken| taken.column.is_bar() && !taken.is_set);
    let wider = if given.is_some() { 0 } else { WIDEST_NAME.saturating_sub(name) };
    let widest_bar = if bar.is_some() { WIDEST_BAR - BAR } else { 0 };
    let wider_bar = (left - left.div_ceil(2).min(wider)).min(widest_bar);
    if let Some(bar) = bar {
        bar.cells += wider_bar;
    }
    taken.sort_by_key(|taken| taken.at);
    let columns = taken.into_iter().map(|taken| (taken.column, taken.cells)).collect();
    (name + (left - wider_bar).min(wider), columns)
}

/// The columns with their places, those first that stay longest as a window gets smaller.
fn by_urgency(wanted: &Columns) -> Vec<(usize, &'static Column)> {
    let ids = wanted.ids();
    let once = ids.iter().enumerate().filter(|(at, id)| !ids[..*at].contains(id));
    let columns = once.filter_map(|(_, id)| COLUMNS.iter().find(|column| column.id == *id));
    let urgent = wanted.urgent();
    let ranks = columns.clone().scan(0, |rank, column| {
        *rank = column.rank.filter(|_| urgent.is_empty()).unwrap_or(*rank);
        Some(*rank)
    });
    let place = |column: &Column| urgent.iter().position(|id| *id == column.id).unwrap_or(urgent.len());
    let mut ranked: Vec<_> = columns.zip(ranks).enumerate().collect();
    ranked.sort_by_key(|(_, (column, rank))| (place(column), *rank));
    ranked.into_iter().map(|(at, (column, _))| (at, column)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::columns::PRESETS;
    use proptest::prelude::*;

    const NARROW: Room = Room { usual: 13, least: 10 };

    fn shown(text: &str, width: usize) -> Vec<&'static str> {
        let (_, columns) = fit(&Columns::parse(text).unwrap(), width, NARROW);
        columns.into_iter().map(|(column, _)| column.id).collect()
    }

    #[test]
    fn a_figure_without_a_rank_stays_as_long_as_its_neighbour() {
        assert_eq!(shown("usage,peak,limited_by", 32), ["usage", "peak"]);
        assert_eq!(shown("limited_by,peak,usage", 32), ["usage"]);
        assert_eq!(shown("usage,usage,usage", 32), ["usage"], "once is enough");
        assert_eq!(shown("peak,anon,file", 32), ["peak", "anon"], "the first ones where none has a rank");
    }

    #[test]
    fn a_set_shows_what_it_is_named_for_in_a_small_window_too() {
        assert_eq!(shown("limits", 40), ["effective_limit", "percent", "limited_by"]);
        assert_eq!(shown("swap", 40), ["swap", "swap_cached", "refault_anon_rate"]);
        assert_eq!(shown("reclaim", 40), ["inactive_file", "refault_file_rate", "psi.some_avg10"]);
        assert_eq!(shown("docker", 40), ["working_set", "limit", "working_set_percent"]);
        for (set, id) in [("limits", "headroom"), ("limits", "bar"), ("swap", "bar"), ("reclaim", "bar")] {
            let (_, columns) = fit(&Columns::parse(set).unwrap(), 80, Room { usual: 16, least: 10 });
            assert!(columns.iter().any(|(column, _)| column.id == id), "{set} {id}");
        }
    }

    #[test]
    fn a_width_that_was_given_stays_and_no_figure_is_cut() {
        let cells = |text: &str| {
            let (name, columns) = fit(&Columns::parse(text).unwrap(), 120, Room { usual: 23, least: 10 });
            (name, columns.into_iter().map(|(_, cells)| cells).collect::<Vec<_>>())
        };
        assert_eq!(cells("name:30,usage:12,limited_by:20"), (30, vec![12, 20]));
        assert_eq!(cells("name:1,usage:2,limited_by:2"), (10, vec![6, 9]));
        assert_eq!(cells("name:200,usage"), (116, vec![]));
        assert_eq!(cells("bar:12,usage").1, [12, 6]);
        assert!(cells("bar,usage").1[0] > BAR);
    }

    proptest! {
        #[test]
        fn no_window_is_too_narrow_for_what_it_shows(
            set in 0..PRESETS.len(),
            width in 30..300_usize,
            widths in prop::collection::vec((any::<prop::sample::Index>(), 1..=200_u16), 0..4),
        ) {
            let mut columns = Columns::parse(PRESETS[set].name).unwrap();
            for (at, cells) in widths {
                let id = columns.ids()[at.index(columns.ids().len())];
                columns.set_cells(id, Some(cells));
            }
            let (name, shown) = fit(&columns, width, room_of(&Screen::Table, width));
            let all = SIGN + name + shown.iter().map(|(_, cells)| cells + 1).sum::<usize>();
            prop_assert!(all <= width.max(SIGN + name) && name <= width, "{all} of {width}");
            prop_assert!(shown.iter().all(|(column, cells)| *cells >= column.narrowest));
        }
    }
}
