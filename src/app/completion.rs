//! What the filter that is typed could end with, and the filters of this run before it.
//!
//! Must not know what a filter means.

use crate::app::App;
use crate::query::Candidates;

/// Filters that are remembered.
const MOST: usize = 50;

/// The candidates for the end of the line, and which of them is in it.
#[derive(Clone, Debug, Default)]
pub struct Completion {
    /// The candidates.
    pub candidates: Candidates,
    /// The one that was taken.
    pub taken: Option<usize>,
    /// The line before any was taken.
    typed: String,
}

/// The filters of this run.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The oldest first.
    filters: Vec<String>,
    /// Which one is on the line; what was typed before it is kept.
    recalled: Option<(usize, String)>,
}

impl Past {
    pub(super) fn keep(&mut self, filter: &str) {
        self.recalled = None;
        if !filter.trim().is_empty() {
            self.filters.retain(|known| known != filter);
            self.filters.push(filter.to_owned());
            let excess = self.filters.len().saturating_sub(MOST);
            self.filters.drain(..excess);
        }
    }

    pub(super) fn forget_place(&mut self) {
        self.recalled = None;
    }

    /// The filter before the one on the line where `step` is negative, else the one after it, at last what was typed.
    pub(super) fn recall(&mut self, line: &str, step: isize) -> Option<String> {
        let (at, typed) = self.recalled.clone().unwrap_or_else(|| (self.filters.len(), line.to_owned()));
        let to = at.checked_add_signed(step).filter(|to| *to <= self.filters.len())?;
        let recalled = self.filters.get(to).unwrap_or(&typed).clone();
        self.recalled = (to < self.filters.len()).then_some((to, typed));
        Some(recalled)
    }
}

impl App {
    /// What the filter that is typed could end with.
    pub fn completion(&self) -> &Completion {
        &self.completion
    }

    /// Looks for what the line could end with. Only the end is completed.
    pub(super) fn look_for_candidates(&mut self) {
        let line = self.editor.as_ref().filter(|line| line.cursor() == line.value().chars().count());
        let typed = line.map_or("", |line| line.value()).to_owned();
        let candidates = Candidates::of(&typed, self.model.rows());
        self.completion = Completion { candidates, taken: None, typed };
    }

    /// The line with the next candidate, or the one before it; after the last one as it was typed.
    pub(super) fn complete(&mut self, step: isize) -> Option<String> {
        let Completion { candidates, taken, typed } = &mut self.completion;
        // There is nothing to choose from, and what was typed is its beginning.
        if candidates.words.len() == 1 && taken.is_some() {
            return None;
        }
        // One more place than candidates: what was typed.
        let places = candidates.words.len() + 1;
        let at = taken.map_or(0, |at| at + 1);
        *taken = ((at + places).saturating_add_signed(step) % places).checked_sub(1);
        let word = taken.and_then(|at| candidates.words.get(at));
        (places > 1).then(|| word.map_or_else(|| typed.clone(), |word| format!("{}{word}", &typed[..candidates.from])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_recalled_from_the_newest_to_the_oldest_and_back_to_what_was_typed() {
        let mut past = Past::default();
        for filter in ["a", "b", " ", "a", "c"] {
            past.keep(filter);
        }
        let mut line = "typed".to_owned();
        for (step, shown) in
            [(1, "typed"), (-1, "c"), (-1, "a"), (-1, "b"), (-1, "b"), (1, "a"), (1, "c"), (1, "typed")]
        {
            line = past.recall(&line, step).unwrap_or(line);
            assert_eq!(line, shown);
        }
        for number in 0..100 {
            past.keep(&number.to_string());
        }
        assert_eq!((past.filters.len(), past.filters[0].as_str()), (MOST, "50"));
    }
}
