//! What somebody may have meant.

/// The candidate with the fewest letters to change.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// More letters than any candidate has: a longer word is far from all of them alike.
    const LETTERS: usize = 64;
    let word: Vec<char> = word.chars().take(LETTERS).collect();
    candidates.into_iter().min_by_key(|candidate| changes(&word, candidate))
}

/// Letters to insert, remove or replace: the edit distance, a row of its table at a time.
fn changes(word: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (above, letter) in candidate.chars().enumerate() {
        let mut corner = row[0];
        row[0] = above + 1;
        for (at, own) in word.iter().enumerate() {
            let replaced = corner + usize::from(*own != letter);
            corner = row[at + 1];
            row[at + 1] = replaced.min(corner + 1).min(row[at] + 1);
        }
    }
    row[word.len()]
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
        let letters = |word: &str| word.chars().collect::<Vec<_>>();
        assert_eq!(changes(&letters("kitten"), "sitting"), 3);
        assert_eq!(changes(&letters(""), "abc"), 3);
    }
}
