//! Keys: how they are written, and which of them does what.
//!
//! Must not know what an action does, nor where a file says which keys it has.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::action::{self, ACTIONS, Action};
use crate::text;

/// A key, with Ctrl or Alt held down or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Always quits, whatever the configuration says: nobody locks himself out.
pub const WAY_OUT: Key = Key::ctrl('c');

/// The keys that are no characters: how they are written, and how they are shown.
const NAMED: [(&str, &str, KeyCode); 28] = [
    ("up", "Up", KeyCode::Up),
    ("down", "Down", KeyCode::Down),
    ("left", "Left", KeyCode::Left),
    ("right", "Right", KeyCode::Right),
    ("pgup", "PgUp", KeyCode::PageUp),
    ("pgdn", "PgDn", KeyCode::PageDown),
    ("home", "Home", KeyCode::Home),
    ("end", "End", KeyCode::End),
    ("insert", "Insert", KeyCode::Insert),
    ("delete", "Delete", KeyCode::Delete),
    ("backspace", "Backspace", KeyCode::Backspace),
    ("enter", "Enter", KeyCode::Enter),
    ("esc", "Esc", KeyCode::Esc),
    ("tab", "Tab", KeyCode::Tab),
    ("shift-tab", "Shift-Tab", KeyCode::BackTab),
    ("space", "space", KeyCode::Char(' ')),
    ("f1", "F1", KeyCode::F(1)),
    ("f2", "F2", KeyCode::F(2)),
    ("f3", "F3", KeyCode::F(3)),
    ("f4", "F4", KeyCode::F(4)),
    ("f5", "F5", KeyCode::F(5)),
    ("f6", "F6", KeyCode::F(6)),
    ("f7", "F7", KeyCode::F(7)),
    ("f8", "F8", KeyCode::F(8)),
    ("f9", "F9", KeyCode::F(9)),
    ("f10", "F10", KeyCode::F(10)),
    ("f11", "F11", KeyCode::F(11)),
    ("f12", "F12", KeyCode::F(12)),
];
/// What terminals send for these is another key.
const SAME: [(char, &str); 3] = [('i', "tab"), ('m', "enter"), ('[', "esc")];

/// Why a word is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// None is called so.
    Unknown,
    /// Terminals send another one for it.
    SentAs(&'static str),
}

impl Key {
    /// A character.
    pub(super) const fn char(c: char) -> Self {
        Self::code(KeyCode::Char(c))
    }

    /// A key that is no character.
    pub(super) const fn code(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    /// With Ctrl.
    pub(super) const fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), modifiers: KeyModifiers::CONTROL }
    }

    /// The key that was pressed.
    fn of(event: &KeyEvent) -> Self {
        // Shift is in the character already.
        Self { code: event.code, modifiers: event.modifiers - KeyModifiers::SHIFT }
    }

    /// The key that is written so: a character, `up`, `f1`, `ctrl-f`, `alt-x`.
    ///
    /// # Errors
    /// Where no key is.
    pub fn parse(word: &str) -> Result<Self, NoKey> {
        let held = |rest, held| Self::parse(rest).map(|key| Self { modifiers: key.modifiers | held, ..key });
        if let Some((_, _, code)) = NAMED.iter().find(|(name, ..)| *name == word) {
            return Ok(Self::code(*code));
        }
        if let Some(rest) = word.strip_prefix("ctrl-") {
            if let Some((_, sent)) = SAME.iter().find(|(c, _)| rest.chars().eq([*c])) {
                return Err(NoKey::SentAs(sent));
            }
            // With Ctrl terminals tell no capitals from small letters.
            return held(&rest.to_lowercase(), KeyModifiers::CONTROL);
        }
        if let Some(rest) = word.strip_prefix("alt-") {
            return held(rest, KeyModifiers::ALT);
        }
        let mut characters = word.chars();
        match (characters.next(), characters.next()) {
            (Some(c), None) if !c.is_whitespace() && !text::is_harmful(c) => Ok(Self::char(c)),
            _ => Err(NoKey::Unknown),
        }
    }

    /// The names of the keys that are no characters.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(name, ..)| *name)
    }

    /// As it is shown.
    pub fn shown(&self) -> String {
        let named = NAMED.iter().find(|(_, _, code)| *code == self.code).map(|(_, shown, _)| (*shown).to_owned());
        let held = |modifier, name: &'static str| if self.modifiers.contains(modifier) { name } else { "" };
        let key = match (named, self.code) {
            (Some(shown), _) => shown,
            (None, KeyCode::Char(c)) if self.modifiers.is_empty() => c.to_string(),
            (None, KeyCode::Char(c)) => c.to_uppercase().to_string(),
            (None, _) => String::new(),
        };
        format!("{}{}{key}", held(KeyModifiers::CONTROL, "Ctrl-"), held(KeyModifiers::ALT, "Alt-"))
    }
}

/// Which keys do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// Every action, in the order of the table.
    keys: Vec<(Action, Vec<Key>)>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: ACTIONS.iter().map(|entry| (entry.action, entry.keys.to_vec())).collect() }
    }
}

impl Keymap {
    /// What a key does.
    pub fn action(&self, event: &KeyEvent) -> Option<Action> {
        let key = Key::of(event);
        if key == WAY_OUT {
            return Some(Action::Quit);
        }
        self.keys.iter().find(|(_, keys)| keys.contains(&key)).map(|(action, _)| *action)
    }

    /// The keys of an action.
    pub fn of(&self, action: Action) -> &[Key] {
        self.keys.iter().find(|(known, _)| *known == action).map_or(&[], |(_, keys)| keys)
    }

    /// Gives an action other keys.
    pub fn bind(&mut self, action: Action, keys: Vec<Key>) {
        if let Some((_, known)) = self.keys.iter_mut().find(|(known, _)| *known == action) {
            *known = keys;
        }
    }

    /// Who else has a key of an action.
    pub fn rival(&self, action: Action) -> Option<(Key, Action)> {
        if action != Action::Quit && self.of(action).contains(&WAY_OUT) {
            return Some((WAY_OUT, Action::Quit));
        }
        let others = self.keys.iter().filter(|(other, _)| *other != action);
        let mut all = others.flat_map(|(other, keys)| keys.iter().map(|key| (*key, *other)));
        all.find(|(key, _)| self.of(action).contains(key))
    }

    /// All keys of an action as they are shown, with blanks between; empty if it has none.
    pub fn shown(&self, action: Action) -> String {
        let keys: Vec<String> = self.of(action).iter().map(Key::shown).collect();
        keys.join(" ")
    }

    /// The first key of an action as it is shown, if it has one.
    pub fn first(&self, action: Action) -> Option<String> {
        self.of(action).first().map(Key::shown)
    }

    /// What an action is called in a sentence: by its first key, else by its name.
    pub fn told(&self, action: Action) -> String {
        let name = || action::entry(action).map_or("", |entry| entry.name).to_owned();
        self.first(action).unwrap_or_else(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_people_call_them() {
        for (word, shown) in [
            ("q", "q"),
            ("A", "A"),
            ("-", "-"),
            ("ü", "ü"),
            ("up", "Up"),
            ("pgdn", "PgDn"),
            ("space", "space"),
            ("f12", "F12"),
            ("shift-tab", "Shift-Tab"),
            ("ctrl-f", "Ctrl-F"),
            ("ctrl-F", "Ctrl-F"),
            ("ctrl--", "Ctrl--"),
            ("ctrl-up", "Ctrl-Up"),
            ("alt-x", "Alt-X"),
            ("ctrl-alt-x", "Ctrl-Alt-X"),
        ] {
            assert_eq!(Key::parse(word).map(|key| key.shown()), Ok(shown.to_owned()), "{word}");
        }
        assert_eq!(Key::parse("ctrl-F"), Ok(Key::ctrl('f')));
        for word in ["", " ", "qq", "F1", "f13", "ctrl-", "pagedown", "\u{1b}", "\u{202e}", "a b"] {
            assert_eq!(Key::parse(word), Err(NoKey::Unknown), "{word:?}");
        }
        assert_eq!(Key::parse("ctrl-m"), Err(NoKey::SentAs("enter")));
    }

    #[test]
    fn no_two_actions_share_a_key_and_none_can_take_the_way_out() {
        let mut keymap = Keymap::default();
        for entry in ACTIONS {
            assert_eq!(keymap.rival(entry.action), None, "{}", entry.name);
        }
        keymap.bind(Action::Copy, vec![Key::char('x'), Key::char('q')]);
        assert_eq!(keymap.rival(Action::Copy), Some((Key::char('q'), Action::Quit)));
        keymap.bind(Action::Quit, Vec::new());
        keymap.bind(Action::Copy, vec![Key::char('x'), WAY_OUT]);
        assert_eq!(keymap.rival(Action::Copy), Some((WAY_OUT, Action::Quit)), "although it is in no list of quit's");
        let press = |code, modifiers| keymap.action(&KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(press(KeyCode::Char('x'), KeyModifiers::NONE), Some(Action::Copy));
        assert_eq!(press(KeyCode::Char('y'), KeyModifiers::NONE), None);
        assert_eq!(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Action::Last));
        assert_eq!((keymap.shown(Action::Quit), keymap.first(Action::Up)), (String::new(), Some("Up".to_owned())));
        assert_eq!([Action::Quit, Action::Up].map(|action| keymap.told(action)), ["quit", "Up"]);
    }
}
