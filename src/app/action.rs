//! Every action of a user, once: what it does and which keys do it. Keys, help and the footer read this table.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
    /// Hide or show rows that nothing happens to.
    Idle,
    /// Containers or every cgroup.
    All,
    /// Sums by pod, namespace, image, runtime, or none.
    Group,
    /// The next set of columns.
    Columns,
    /// Choose columns.
    Choose,
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
    /// The keys, as they are printed.
    pub keys: &'static str,
    /// The keys.
    pub chords: &'static [(KeyCode, KeyModifiers)],
    /// What it does.
    pub meaning: &'static str,
    /// A word for the footer; empty if it is not shown there.
    pub hint: &'static str,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;

macro_rules! entry {
    ($action:ident, $keys:literal, [$($code:expr),+], $meaning:literal, $hint:literal) => {
        Entry { action: Action::$action, keys: $keys, chords: &[$($code),+], meaning: $meaning, hint: $hint }
    };
}

const fn key(c: char) -> (KeyCode, KeyModifiers) {
    (KeyCode::Char(c), NONE)
}

const fn code(code: KeyCode) -> (KeyCode, KeyModifiers) {
    (code, NONE)
}

const fn ctrl(c: char) -> (KeyCode, KeyModifiers) {
    (KeyCode::Char(c), CTRL)
}

/// Every action, the most useful first.
pub const ACTIONS: &[Entry] = &[
    entry!(Open, "Enter", [code(KeyCode::Enter)], "everything about the row", "detail"),
    entry!(Back, "Esc", [code(KeyCode::Esc), code(KeyCode::Backspace)], "back; on the table: clear the filter", ""),
    entry!(Earlier, ",", [key(',')], "freeze, and show the reading before, of the last four minutes", "back"),
    entry!(Later, ".", [key('.')], "show the reading after, up to that when the screen was frozen", "forth"),
    entry!(MuchEarlier, "{", [key('{')], "ten readings back", ""),
    entry!(MuchLater, "}", [key('}')], "ten readings forth", ""),
    entry!(Alerts, "a", [key('a')], "alerts: what fires, and what fired", "alerts"),
    entry!(Autopsies, "o", [key('o')], "OOM kills: who was killed, by whose limit, what it was made of", "kills"),
    entry!(Tree, "t", [key('t')], "table or tree", "tree"),
    entry!(
        Filter,
        "/",
        [key('/')],
        "filter: words, \"two words\", usage>512M, runtime=docker, not, and, or, ( )",
        "filter"
    ),
    entry!(Quit, "q", [key('q'), ctrl('c')], "quit; so does Ctrl-C", "quit"),
    entry!(Sort, "s", [key('s')], "sort by the focused column; again: trouble first", "sort"),
    entry!(Reverse, "S", [key('S')], "reverse the order", ""),
    entry!(Trouble, "T", [key('T')], "order by trouble", ""),
    entry!(Pause, "space", [key(' ')], "freeze the screen; reading goes on; among the columns: show or hide", "pause"),
    entry!(Group, "b", [key('b')], "sums by pod, namespace, image, runtime; again: the rows", "group by"),
    entry!(Columns, "c", [key('c')], "the next set of columns: overview, limits, swap, reclaim, docker", "columns"),
    entry!(Host, "H", [key('H')], "the host: whether it is short, its memory, its swap, what memcgtop costs", "host"),
    entry!(Choose, "C", [key('C')], "choose columns: space shows and hides them, < and > move them", ""),
    entry!(
        Save,
        "W",
        [key('W')],
        "save columns, order, filter and interval in the configuration file, to start with them",
        ""
    ),
    entry!(
        Idle,
        "i",
        [key('i')],
        "hide or show idle rows: calm, and for a minute no hit, no kill, no stall of 1 % and usage within 1 % or 1Mi",
        "idle"
    ),
    entry!(All, "A", [key('A')], "containers only, or every cgroup", "all"),
    entry!(Copy, "y", [key('y')], "copy the row as a line of text, or the OOM kills that are shown", ""),
    entry!(
        Mouse,
        "m",
        [key('m')],
        "mouse on or off: a click chooses a row, the next one opens it; on a head it sorts; off: it selects text",
        ""
    ),
    entry!(Up, "Up k", [code(KeyCode::Up), key('k')], "row above", ""),
    entry!(Down, "Down j", [code(KeyCode::Down), key('j')], "row below", ""),
    entry!(
        Left,
        "Left h",
        [code(KeyCode::Left), key('h')],
        "column to the left; in the tree: fold; in a chart: back in time",
        ""
    ),
    entry!(
        Right,
        "Right l",
        [code(KeyCode::Right), key('l')],
        "column to the right; in the tree: unfold; in a chart: forth in time",
        ""
    ),
    entry!(ZoomIn, "+", [key('+'), key('=')], "less of the past in a chart, down to a minute", "zoom in"),
    entry!(ZoomOut, "-", [key('-')], "more of the past in a chart, up to an hour", "zoom out"),
    entry!(PageUp, "PgUp", [code(KeyCode::PageUp), ctrl('b')], "a page up", ""),
    entry!(PageDown, "PgDn", [code(KeyCode::PageDown), ctrl('f')], "a page down", ""),
    entry!(First, "g", [key('g'), code(KeyCode::Home)], "first row", ""),
    entry!(Last, "G", [key('G'), code(KeyCode::End)], "last row", ""),
    entry!(AcknowledgeRow, "e", [key('e')], "acknowledge what fires for the row", ""),
    entry!(Acknowledge, "E", [key('E')], "acknowledge all that fires", ""),
    entry!(Faster, "<", [key('<')], "read more often; among the columns: move it to the left", ""),
    entry!(Slower, ">", [key('>')], "read less often; among the columns: move it to the right", ""),
    entry!(Help, "?", [key('?'), code(KeyCode::F(1))], "explain columns, signs and keys", "help"),
    entry!(Suspend, "Ctrl-Z", [ctrl('z')], "suspend", ""),
];

/// The action of a key.
pub fn of(event: &KeyEvent) -> Option<Action> {
    // Shift is in the character already.
    let modifiers = event.modifiers - KeyModifiers::SHIFT;
    ACTIONS.iter().find(|entry| entry.chords.contains(&(event.code, modifiers))).map(|entry| entry.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_one_action_and_every_action_a_key() {
        let mut seen = Vec::new();
        for entry in ACTIONS {
            assert!(!entry.chords.is_empty() && !entry.meaning.is_empty(), "{:?}", entry.action);
            for chord in entry.chords {
                assert!(!seen.contains(chord), "{chord:?} twice");
                seen.push(*chord);
            }
        }
    }
}
