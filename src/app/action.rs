//! Every action of a user, once: its name, what it does, and the keys that do it unless the configuration says otherwise.
//!
//! Keys, help, menu, footer, manual and configuration read this table.

use crossterm::event::KeyCode;

use crate::app::keys::{Key, WAY_OUT};

/// What a user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To the row above.
    Up,
    /// To the row below.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// To the column on the left; fold in the tree; back in time in a chart.
    Left,
    /// To the column on the right; unfold in the tree; forth in time in a chart.
    Right,
    /// Everything about the row above.
    Previous,
    /// Everything about the row below.
    Next,
    /// Less of the past in a chart.
    ZoomIn,
    /// More of the past in a chart.
    ZoomOut,
    /// Everything about the row.
    Open,
    /// Back, or clear the filter.
    Back,
    /// Edit the filter.
    Filter,
    /// Sort by the focused column.
    Sort,
    /// Reverse the order.
    Reverse,
    /// What needs attention first.
    Trouble,
    /// Table or tree.
    Tree,
    /// Start with what is shown from now on.
    Save,
    /// Put the row or the kills into the clipboard.
    Copy,
    /// Who hears of the mouse.
    Mouse,
    /// The next theme.
    Theme,
    /// Hide or show rows that nothing happens to.
    Idle,
    /// Containers or every cgroup.
    All,
    /// Sums by pod, namespace, image, runtime, network namespace, or none.
    Group,
    /// The next set of columns.
    Columns,
    /// Choose columns.
    Choose,
    /// Fewer cells for the column.
    Narrower,
    /// More cells for the column.
    Wider,
    /// As many cells as the column needs.
    OwnWidth,
    /// Alerts.
    Alerts,
    /// OOM kills.
    Autopsies,
    /// The host.
    Host,
    /// What fires for the row has been seen.
    AcknowledgeRow,
    /// Everything that fires has been seen.
    Acknowledge,
    /// Freeze the screen.
    Pause,
    /// To the reading before, while the screen is frozen.
    Earlier,
    /// To the reading after.
    Later,
    /// Ten readings back.
    MuchEarlier,
    /// Ten readings forth.
    MuchLater,
    /// Read less often.
    Slower,
    /// Read more often.
    Faster,
    /// Choose among all actions.
    Menu,
    /// Explain the columns and keys.
    Help,
    /// Leave.
    Quit,
    /// Leave for a while.
    Suspend,
}

/// An action, its keys and its meaning.
#[derive(Debug)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// What it is called in the configuration.
    pub name: &'static str,
    /// The keys that it usually has.
    pub keys: &'static [Key],
    /// What it does.
    pub meaning: &'static str,
    /// A word for the footer; empty if it is not shown there.
    pub hint: &'static str,
}

macro_rules! entry {
    ($action:ident, $name:literal, [$($key:expr),*], $meaning:literal, $hint:literal) => {
        Entry { action: Action::$action, name: $name, keys: &[$($key),*], meaning: $meaning, hint: $hint }
    };
}

const fn key(c: char) -> Key {
    Key::char(c)
}

const fn code(code: KeyCode) -> Key {
    Key::code(code)
}

const fn ctrl(c: char) -> Key {
    Key::ctrl(c)
}

/// Every action, the most useful first.
pub const ACTIONS: &[Entry] = &[
    entry!(Open, "open", [code(KeyCode::Enter)], "everything about the row", "detail"),
    entry!(Back, "back", [code(KeyCode::Esc), code(KeyCode::Backspace)], "back; on the table: clear the filter", ""),
    entry!(Alerts, "alerts", [key('a')], "alerts: what fires, and what fired", "alerts"),
    entry!(Autopsies, "kills", [key('o')], "OOM kills: who was killed, by whose limit, what it was made of", "kills"),
    entry!(Tree, "tree", [key('t')], "table or tree", "tree"),
    entry!(
        Filter,
        "filter",
        [key('/')],
        "filter: words, \"two words\", usage>512M, runtime=docker, not, and, or, ( )",
        "filter"
    ),
    entry!(Quit, "quit", [key('q'), WAY_OUT], "quit; Ctrl-C always does", "quit"),
    entry!(
        Sort,
        "sort",
        [key('s')],
        "sort: choose by what; Enter takes the focused column, and once more turns the order around",
        "sort"
    ),
    entry!(Reverse, "reverse", [key('S')], "turn the order around", ""),
    entry!(Trouble, "trouble-first", [key('T')], "sort by trouble: what needs attention first", ""),
    entry!(Pause, "pause", [key(' ')], "freeze the screen; reading goes on; among the columns: show or hide", "pause"),
    entry!(Earlier, "earlier", [key(',')], "freeze, and show the reading before, of the last four minutes", "back"),
    entry!(Later, "later", [key('.')], "show the reading after, up to that when the screen was frozen", "forth"),
    entry!(MuchEarlier, "much-earlier", [key('{')], "ten readings back", ""),
    entry!(MuchLater, "much-later", [key('}')], "ten readings forth", ""),
    entry!(Group, "group", [key('b')], "sums by pod, namespace, image, runtime, netns; again: rows", "group by"),
    entry!(
        Columns,
        "columns",
        [key('c')],
        "the next set of columns: overview, limits, swap, reclaim, docker",
        "columns"
    ),
    entry!(
        Host,
        "host",
        [key('H')],
        "the host: whether it is short, its memory, its swap, what memcgtop costs",
        "host"
    ),
    entry!(
        Choose,
        "choose-columns",
        [key('C')],
        "choose which columns there are, in which order, and how wide they are",
        ""
    ),
    entry!(Narrower, "narrower", [key('(')], "make the focused column narrower; figures are never cut", ""),
    entry!(
        Wider,
        "wider",
        [key(')')],
        "make the focused column wider; with the mouse: drag the blank behind its head",
        ""
    ),
    entry!(OwnWidth, "own-width", [key('|')], "make the focused column as wide as it needs to be again", ""),
    entry!(
        Save,
        "save",
        [key('W')],
        "save columns, order, filter, interval, theme and whether idle rows are hidden in the configuration file",
        ""
    ),
    entry!(
        Idle,
        "idle",
        [key('i')],
        "hide or show idle rows: calm, and for a minute no hit, no kill, no stall of 1 % and usage within 1 % or 1Mi",
        "idle"
    ),
    entry!(All, "all-cgroups", [key('A')], "containers only, or every cgroup", "all"),
    entry!(Copy, "copy", [key('y')], "copy the row as a line of text, or the OOM kills that are shown", ""),
    entry!(
        Mouse,
        "mouse",
        [key('m')],
        "mouse on or off: a click chooses a row, the next one opens it; on a head it sorts; off: it selects text",
        ""
    ),
    entry!(Theme, "theme", [key('Z')], "the next theme: dark, light, high-contrast, colour-blind, none", ""),
    entry!(Up, "up", [code(KeyCode::Up), key('k')], "row above", ""),
    entry!(Down, "down", [code(KeyCode::Down), key('j')], "row below", ""),
    entry!(
        Left,
        "left",
        [code(KeyCode::Left), key('h')],
        "column to the left; among the columns: narrower; in the tree: fold; in a chart: back in time",
        ""
    ),
    entry!(
        Right,
        "right",
        [code(KeyCode::Right), key('l')],
        "column to the right; among the columns: wider; in the tree: unfold; in a chart: forth in time",
        ""
    ),
    entry!(Previous, "previous", [key('[')], "everything about the row above, where one is shown", ""),
    entry!(Next, "next", [key(']')], "everything about the row below, where one is shown", ""),
    entry!(ZoomIn, "zoom-in", [key('+'), key('=')], "less of the past in a chart, down to a minute", ""),
    entry!(ZoomOut, "zoom-out", [key('-')], "more of the past in a chart, up to an hour", ""),
    entry!(PageUp, "page-up", [code(KeyCode::PageUp), ctrl('b')], "a page up", ""),
    entry!(PageDown, "page-down", [code(KeyCode::PageDown), ctrl('f')], "a page down", ""),
    entry!(
        First,
        "first",
        [key('g'), code(KeyCode::Home)],
        "first row; the cursor stays there, whichever row that is, until it is moved",
        ""
    ),
    entry!(Last, "last", [key('G'), code(KeyCode::End)], "last row", ""),
    entry!(AcknowledgeRow, "acknowledge", [key('e')], "acknowledge what fires for the row", ""),
    entry!(Acknowledge, "acknowledge-all", [key('E')], "acknowledge all that fires", ""),
    entry!(Faster, "faster", [key('<')], "read more often; among the columns: move it to the left", ""),
    entry!(Slower, "slower", [key('>')], "read less often; among the columns: move it to the right", ""),
    entry!(Menu, "menu", [key(':')], "the menu: every action by its name, with its keys", ""),
    entry!(
        Help,
        "help",
        [key('?'), code(KeyCode::F(1))],
        "this help: keys; again: the focused column, signs and every figure",
        ""
    ),
    entry!(Suspend, "suspend", [ctrl('z')], "suspend", ""),
];

/// What is known of an action.
pub fn entry(action: Action) -> Option<&'static Entry> {
    ACTIONS.iter().find(|entry| entry.action == action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_key_a_meaning_and_a_name_of_its_own() {
        for (at, entry) in ACTIONS.iter().enumerate() {
            assert!(!entry.keys.is_empty() && !entry.meaning.is_empty(), "{:?}", entry.action);
            assert!(entry.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", entry.name);
            assert!(ACTIONS[..at].iter().all(|earlier| earlier.name != entry.name), "{} twice", entry.name);
        }
    }
}
