//! What keys and pastes do to a line that is typed.
//!
//! Must not know what the line is for.

use crossterm::event::{KeyCode, KeyEvent};
use tui_input::{Input, InputRequest};

/// Nobody types more bytes. Every change of the line is taken in at once, which must not become slow.
const MOST: usize = 1024;

/// A key.
pub(super) fn press(line: &mut Input, key: KeyEvent) {
    let request = match key.code {
        KeyCode::Char(c) => return insert(line, c),
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return,
    };
    line.handle(request);
}

/// A paste: as much of it as there is room for, on one line.
pub(super) fn paste(line: &mut Input, text: &str) {
    let text = text.chars().take(MOST).map(|c| if c.is_whitespace() { ' ' } else { c });
    for c in text.filter(|c| !c.is_control()) {
        insert(line, c);
    }
}

fn insert(line: &mut Input, c: char) {
    if line.value().len() + c.len_utf8() <= MOST {
        line.handle(InputRequest::InsertChar(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_and_has_an_end() {
        let mut line = Input::new("a".to_owned());
        paste(&mut line, "b\nc\u{1b}[201~d");
        assert_eq!(line.value(), "ab c[201~d");
        paste(&mut line, &"容".repeat(100_000));
        press(&mut line, KeyCode::Char('容').into());
        assert!((MOST - 2..=MOST).contains(&line.value().len()));
        press(&mut line, KeyCode::Backspace.into());
        press(&mut line, KeyCode::Char('容').into());
        assert!((MOST - 2..=MOST).contains(&line.value().len()));
    }
}
