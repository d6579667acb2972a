//! What somebody may have meant.

/// The candidate with the fewest letters to insert, remove or replace.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// More letters than any candidate has: a longer word is far from all of them alike.
    const LETTERS: usize = 64;
    let word: String = word.chars().take(LETTERS).collect();
    candidates.into_iter().min_by_key(|candidate| strsim::levenshtein(&word, candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_changes_win() {
        let keys = ["rule", "filter", "level", "for", "on", "off"];
        for (word, meant) in
            [("fitler", "filter"), ("levle", "level"), ("of", "on"), ("roles", "rule"), ("four", "for")]
        {
            let found = nearest(word, keys).unwrap();
            assert!(found == meant || word == "of" && found == "off", "{word}: {found}");
        }
        assert_eq!(strsim::levenshtein("kitten", "sitting"), 3);
        assert_eq!(strsim::levenshtein("", "abc"), 3);
    }
}
