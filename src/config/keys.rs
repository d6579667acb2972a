//! The table `[keys]`: which keys do what.

use super::Error;
use super::nearest::nearest;
use super::section::{Entry, Section};
use crate::app::action::{ACTIONS, Action};
use crate::app::keys::{Key, Keymap, NoKey, WAY_OUT};
use crate::text::excerpt;

/// The names of the actions.
pub(super) fn names() -> Vec<&'static str> {
    ACTIONS.iter().map(|entry| entry.name).collect()
}

/// Changes what the file speaks of.
pub(super) fn read(section: &Section<'_>, keys: &mut Keymap) -> Result<(), Error> {
    let said = || ACTIONS.iter().filter_map(|action| Some((action.action, section.get(action.name)?)));
    for (action, entry) in said() {
        keys.bind(action, entry.each(key)?);
    }
    for (action, entry) in said() {
        check(keys, action, &entry)?;
    }
    Ok(())
}

fn key(word: &str) -> Result<Key, String> {
    let shown = excerpt(word);
    Key::parse(word).map_err(|error| match error {
        NoKey::SentAs(sent) => format!("terminals send `{sent}` for `{shown}`; write that, or take another key"),
        NoKey::Unknown => {
            let respelled = excerpt(word).to_lowercase().replace('+', "-");
            let is_key = Key::parse(&respelled).is_ok();
            let nearest = if is_key { &respelled } else { nearest(word, Key::names()).unwrap_or_default() };
            let names = Key::names().collect::<Vec<_>>().join(", ");
            let such = format!("one character, or one of {names}, with ctrl- or alt- before it");
            format!("no key `{shown}`; the nearest is `{nearest}`; a key is {such}")
        }
    })
}

/// A key does one thing, and what has no key is in the menu, which therefore has one.
fn check(keys: &Keymap, action: Action, entry: &Entry<'_>) -> Result<(), Error> {
    match keys.rival(action) {
        Some((key, _)) if key == WAY_OUT => Err(entry.error("ctrl-c always quits; take another key")),
        Some((key, rival)) => {
            let name = ACTIONS.iter().find(|entry| entry.action == rival).map_or("", |entry| entry.name);
            Err(entry.error(&format!("{} is a key of `{name}`, too; give one of them another", key.shown())))
        }
        None if action == Action::Menu && keys.of(action).is_empty() => {
            Err(entry.error("must have a key: what has none is done by the menu"))
        }
        None => Ok(()),
    }
}
