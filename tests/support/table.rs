//! What the table on a screen shows.

use vt100::Screen;

/// What the row with `name` in it shows below a heading; `None` if there is no such row on the screen.
pub(crate) fn cell(screen: &Screen, name: &str, heading: &str) -> Option<String> {
    let text = screen.contents();
    let headings: Vec<char> = text.lines().find(|line| line.contains("CONTAINER"))?.chars().collect();
    let heading: Vec<char> = heading.chars().collect();
    let end = headings.windows(heading.len()).position(|window| window == heading)? + heading.len();
    let row: Vec<char> = text.lines().find(|line| line.contains(name))?.chars().collect();
    // Figures stand at the right.
    let start = row.get(..end)?.iter().rposition(|c| *c == ' ')?;
    Some(row[start..end].iter().collect::<String>().trim().to_owned())
}

/// Whether that is a number, and not 0.
pub(crate) fn counts(screen: &Screen, name: &str, heading: &str) -> bool {
    cell(screen, name, heading).is_some_and(|cell| cell != "0" && cell.starts_with(|c: char| c.is_ascii_digit()))
}
