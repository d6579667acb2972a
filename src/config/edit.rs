//! Puts what the dashboard shows into the text of a configuration, and leaves everything else in it as it is.

use std::ops::Range;

use super::record::quoted;
use super::section::Text;
use super::{Error, start};
use crate::app::defaults::Defaults;
use crate::units;

/// The text with these defaults.
pub(super) fn edited(text: &Text<'_>, defaults: &Defaults) -> Result<String, Error> {
    let table = text.parse()?;
    let mut new = text.toml.to_owned();
    let (known, missing): (Vec<_>, Vec<_>) =
        values(defaults).into_iter().partition(|(key, _)| table.contains_key(*key));
    let mut changes: Vec<_> = known.into_iter().map(|(key, value)| (table[key].span(), value)).collect();
    let missing: String =
        missing.into_iter().flat_map(|(key, value)| [key, " = ", &value, "\n"].map(str::to_owned)).collect();
    let place = place(text.toml, &changes);
    let line = if new[..place].is_empty() || new[..place].ends_with('\n') { missing } else { format!("\n{missing}") };
    changes.push((place..place, line));
    changes.sort_by_key(|(span, _)| span.start);
    for (span, value) in changes.into_iter().rev() {
        new.replace_range(span, &value);
    }
    Ok(new)
}

fn values(defaults: &Defaults) -> [(&'static str, String); 6] {
    [
        ("columns", start::columns(&defaults.columns)),
        ("sort", quoted(&defaults.sort)),
        ("filter", quoted(&defaults.filter)),
        ("interval", quoted(&units::interval(defaults.interval))),
        ("idle", quoted(defaults.idle.name())),
        ("theme", quoted(defaults.theme)),
    ]
}

/// Where keys go that are not there yet: below those that are, else below the comment that the file begins with, and in
/// any case above the first table.
fn place(text: &str, known: &[(Range<usize>, String)]) -> usize {
    let after_line = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    if let Some(last) = known.iter().map(|(span, _)| span.end).max() {
        return after_line(last);
    }
    let comment: usize = text.split_inclusive('\n').take_while(|line| line.starts_with('#')).map(str::len).sum();
    // What a comment stands right above is what it speaks of.
    let is_apart = text[comment..].trim_start_matches([' ', '\t', '\r']).starts_with('\n') || comment == text.len();
    if is_apart { after_line(comment) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Idle;
    use crate::config::record::EXAMPLE;
    use crate::field::columns::Columns;
    use std::path::Path;
    use std::time::Duration;

    fn defaults(columns: &str, filter: &str) -> Defaults {
        let columns = Columns::parse(columns).unwrap();
        let (sort, filter) = ("usage:desc".to_owned(), filter.to_owned());
        Defaults { columns, sort, filter, interval: Duration::from_secs(2), idle: Idle::Hidden, theme: "dark" }
    }

    fn with(toml: &str, defaults: &Defaults) -> String {
        edited(&Text { path: Path::new("/x"), toml, trusted: true }, defaults).unwrap()
    }

    const SAVED: &str = "columns = \"limits\"\nsort = \"usage:desc\"\nfilter = \"\"\ninterval = \"2s\"\nidle = \"hidden\"\ntheme = \"dark\"\n";

    #[test]
    fn everything_else_stays_where_it_is() {
        let defaults = defaults("limits", "");
        for (before, after) in [
            ("", SAVED.to_owned()),
            ("# mine", format!("# mine\n{SAVED}")),
            ("# mine\n\n[sinks]\nbell = true", format!("# mine\n\n{SAVED}[sinks]\nbell = true")),
            ("# of sinks\n[sinks]\nbell = true\n", format!("{SAVED}# of sinks\n[sinks]\nbell = true\n")),
            (
                "# mine\n\ncolors = '16'\nmouse = true # by day\n[sinks]\n",
                format!("# mine\n\n{SAVED}colors = '16'\nmouse = true # by day\n[sinks]\n"),
            ),
            (
                "api = [] # none\n[[alert]]\nfilter = \"a\"\n",
                format!("{SAVED}api = [] # none\n[[alert]]\nfilter = \"a\"\n"),
            ),
            (
                "sort = 'name' # by name\r\n\n# two\n# lines\ncolumns = [\n  \"usage\",\n] # few\n[sinks]\n",
                "sort = \"usage:desc\" # by name\r\n\n# two\n# lines\ncolumns = \"limits\" # few\nfilter = \"\"\n\
                 interval = \"2s\"\nidle = \"hidden\"\ntheme = \"dark\"\n[sinks]\n"
                    .to_owned(),
            ),
            ("interval = 3", "interval = \"2s\"\n".to_owned() + &SAVED.replace("interval = \"2s\"\n", "")),
        ] {
            assert_eq!(with(before, &defaults), after, "{before:?}");
            assert_eq!(with(&after, &defaults), after, "the second time nothing changes");
        }
    }

    #[test]
    fn whatever_is_saved_is_read_again() {
        let filter = "name=\"a\\b\u{1b}]\u{7f}\u{202e}\n\" or '容'";
        for text in ["", EXAMPLE] {
            let saved = with(text, &defaults("usage,psi.full_avg10:12", filter));
            let table = Text { path: Path::new("/x"), toml: &saved, trusted: true }.parse().unwrap();
            assert_eq!(table.get("filter").unwrap().get_ref().as_str(), Some(filter));
            assert!(saved.contains("columns = [\"usage\", \"psi.full_avg10:12\"]\n"), "{saved}");
            assert_eq!(saved.lines().count(), text.lines().count() + 6);
        }
    }
}
