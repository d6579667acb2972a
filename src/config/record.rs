//! What was said and by whom, as a file that says the same.

use std::fmt::{self, Display, Formatter, Write as _};
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::section::Text;
use super::{Config, Error, alerts};
use crate::alert::policy::{Policies, Policy};
use crate::alert::rules::{RULES, Rule};
use crate::query::Filter;
use crate::text;

/// Every key with its default, each behind a `#`.
pub(super) const EXAMPLE: &str = include_str!("../../assets/config.toml");

/// Who said something.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Nobody: it is so unless somebody says otherwise.
    Default,
    /// A file, in a line.
    File(PathBuf, usize),
    /// An option.
    CommandLine,
}

impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}, line {line}", text::visible(&path.to_string_lossy())),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A value as TOML, and who said it.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) key: &'static str,
    pub(super) value: String,
    pub(super) origin: Origin,
}

impl Said {
    /// With an option.
    pub(super) fn on_the_command_line(key: &'static str, value: String) -> Self {
        Self { key, value, origin: Origin::CommandLine }
    }
}

/// What counts of all that was said.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    /// Outside of tables.
    pub(super) values: Vec<Said>,
    pub(super) keys: Vec<Said>,
    pub(super) sinks: Vec<Said>,
    /// Entry by entry, as many as the policies have.
    pub(super) alerts: Vec<Vec<Said>>,
}

/// Of a key that is said again the later counts.
pub(super) fn put(known: &mut Vec<Said>, new: impl IntoIterator<Item = Said>) {
    for said in new {
        match known.iter_mut().find(|known| known.key == said.key) {
            Some(known) => *known = said,
            None => known.push(said),
        }
    }
}

impl Config {
    /// The configuration as a file that says the same; a comment behind each value tells where it comes from.
    ///
    /// # Errors
    /// None: the defaults can be read.
    pub fn to_toml(&self) -> Result<String, Error> {
        let mut whole = defaults()?;
        put(&mut whole.values, self.record.values.clone());
        put(&mut whole.keys, self.record.keys.clone());
        put(&mut whole.sinks, self.record.sinks.clone());
        let mut toml = "# The configuration in force; --config reads it back.\n\n".to_owned();
        write(&mut toml, &whole.values);
        toml.push_str("\n[keys]\n");
        write(&mut toml, &whole.keys);
        toml.push_str("\n[sinks]\n");
        write(&mut toml, &whole.sinks);
        // What is said for all rows before anything is said for some is part of the rule.
        let overrides = &self.policies.overrides;
        let general = overrides.iter().take_while(|entry| matches!(entry.filter, Filter::All)).count();
        let policies = Policies { overrides: overrides[..general].to_vec() };
        for (rule, mut entry) in RULES.iter().zip(whole.alerts) {
            let about = policies.overrides.iter().zip(&self.record.alerts).filter(|(entry, _)| entry.is_about(rule));
            about.for_each(|(_, said)| put(&mut entry, said.clone()));
            _ = write!(toml, "\n# {}", rule.meaning);
            write_rule(&mut toml, &entry, rule, policies.of(rule, None));
        }
        self.record.alerts[general..].iter().for_each(|entry| write_entry(&mut toml, entry));
        Ok(toml)
    }
}

/// Thresholds that were said one after the other may be in an order that one entry must not have.
fn write_rule(toml: &mut String, entry: &[Said], rule: &Rule, policy: Policy) {
    if alerts::check_order(rule, policy.on, policy.off).is_ok() {
        return write_entry(toml, entry);
    }
    write_entry(toml, entry.iter().filter(|said| said.key != "off"));
    write_entry(toml, entry.iter().filter(|said| ["rule", "off"].contains(&said.key)));
}

/// What is so unless somebody says otherwise: all keys in their order, and the rules in theirs.
fn defaults() -> Result<Record, Error> {
    let mut config = Config::default();
    config.apply(&Text { path: Path::new("the example"), toml: &spelled_out(), trusted: true })?;
    let mut record = config.record;
    let all = record
        .values
        .iter_mut()
        .chain(&mut record.keys)
        .chain(&mut record.sinks)
        .chain(record.alerts.iter_mut().flatten());
    all.for_each(|said| said.origin = Origin::Default);
    Ok(record)
}

/// The example with every key that it only shows.
pub(super) fn spelled_out() -> String {
    let spell_out = |line: &'static str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
    EXAMPLE.lines().map(spell_out).fold(String::new(), |text, line| text + line + "\n")
}

fn write_entry<'a>(toml: &mut String, entry: impl IntoIterator<Item = &'a Said>) {
    toml.push_str("\n[[alert]]\n");
    write(toml, entry);
}

fn write<'a>(toml: &mut String, values: impl IntoIterator<Item = &'a Said>) {
    for Said { key, value, origin } in values {
        _ = writeln!(toml, "{:<27} # {origin}", format!("{key} = {value}"));
    }
}

/// A value as it may be written.
pub(super) fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Array(values) => list(values.iter().map(|value| written(value.get_ref()))),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Table(_) => String::new(),
    }
}

pub(super) fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

/// A text in quotation marks, fit for a terminal.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if text::is_harmful(c) => _ = write!(quoted, "\\U{:08X}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Model, Scope};
    use crate::source::Source as _;
    use crate::source::demo::Demo;
    use std::time::Duration;

    fn read(toml: &str) -> Config {
        let mut config = Config::default();
        config.apply(&Text { path: Path::new("/etc/memcgtop/config.toml"), toml, trusted: true }).expect(toml);
        config
    }

    /// Without the comments.
    fn values(toml: &str) -> Vec<&str> {
        toml.lines().map(|line| line.rsplit_once(" # ").map_or(line, |(value, _)| value.trim_end())).collect()
    }

    const SEVERAL: [&str; 9] = [
        "",
        "columns = 'swap'\nsort = 'usage'\nfilter = \"name='a b' or 'tab\\t'\"\ninterval = 2.5\nidle = 'hidden'\nmouse = false\nprotect = true",
        "columns = [\"usage:9\", 'psi.full_avg10', 'name:30']\nsort = 'name:desc'\nfilter = ''\ninterval = '24h'",
        "theme = 'light'\ncolors = \"8\"\napi = ['docker=unix:///run/a \"b\" \\ c']",
        "[keys]\nquit = ['y', 'ctrl-q', '\"', '\\']\ncopy = ['q']\nsave = []\nback = [\"esc\"] # alone",
        "sinks.bell = true\nsinks.command = [\n  'x', # why\n  \"tab\\t, quote \\\", \\u009b\", '']\nsinks.command_timeout = 90",
        "[[alert]]\nenabled = false\n[[alert]]\nrule = 'near-limit'\non = 80\n[[alert]]\nrule = 'hit-rate'\noff = 1_000\n\
         [[alert]]\nrule = 'time-to-limit'\non = '20m'\n[[alert]]\nrule = 'near-limit'\noff = 12.5",
        "[[alert]]\nfor = 30\n[[alert]]\nfilter = 'redis'\nfor = '1m'\nlevel = 'notice'\n[[alert]]\nfor = 0\n\
         [[alert]]\nrule = 'thrash'\nfilter = \"usage>1G and name~'^(p|c)'\"\non = '70%'\noff = '60%'",
        "alert = [{ rule = 'swap-growth', on = '1.5M', filter = '' }, { filter = 'x', cooldown = '24h' }]",
    ];

    #[test]
    fn what_is_printed_says_the_same_when_it_is_read() {
        let mut demo = Demo::new(std::time::SystemTime::UNIX_EPOCH);
        let mut model = Model::new(Scope::Everything);
        model.ingest(demo.sample().unwrap());
        for toml in SEVERAL {
            let config = read(toml);
            let printed = config.to_toml().unwrap();
            let again = read(&printed);
            let [of_config, of_again] = [&config, &again].map(|config| {
                let start = &config.start;
                let rows = (&start.columns, start.sort.to_string(), &start.filter, start.idle);
                (
                    rows,
                    start.interval,
                    (start.mouse, config.protect),
                    &config.api,
                    &config.keys,
                    &config.sinks,
                    config.theme,
                    config.colors,
                )
            });
            assert_eq!(of_config, of_again, "{toml}");
            let [policies, policies_again] = [&config, &again].map(|config| &config.policies);
            for rule in RULES {
                for group in model.groups().iter().map(Some).chain([None]) {
                    let [policy, policy_again] = [policies, policies_again].map(|policies| policies.of(rule, group));
                    assert_eq!(policy, policy_again, "{} in {toml}", rule.name);
                }
            }
            let second = Duration::from_secs(1);
            assert_eq!(policies.beyond(second), policies_again.beyond(second), "{toml}");
            assert_eq!(values(&again.to_toml().unwrap()), values(&printed));
            assert!(printed.chars().all(|c| c == '\n' || !text::is_harmful(c)), "{printed:?}");
        }
    }

    #[test]
    fn every_key_is_printed_with_its_origin() {
        let mut config = read(
            "theme = 'light'\nkeys.copy = ['n']\n[sinks]\nlog = '/var/log/a'\n[[alert]]\nrule = 'near-limit'\non = 80",
        );
        let own = "# mine\n\n[sinks]\nbell = true\n[[alert]]\nfilter = 'dev'\nlevel = 'notice'";
        config.apply(&Text { path: Path::new("/home/a\u{1b}b/config.toml"), toml: own, trusted: true }).unwrap();
        let toml = config.to_toml().unwrap();
        let lines: Vec<&str> = toml.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '['])).collect();
        for (value, origin) in [
            ("api = []", "default"),
            ("theme = \"light\"", "/etc/memcgtop/config.toml, line 1"),
            ("colors = \"auto\"", "default"),
            ("bell = true", "/home/a\\x1bb/config.toml, line 4"),
            ("copy = [\"n\"]", "/etc/memcgtop/config.toml, line 2"),
            ("save = [\"W\"]", "default"),
            ("log = \"/var/log/a\"", "/etc/memcgtop/config.toml, line 4"),
            ("on = 80", "/etc/memcgtop/config.toml, line 7"),
            ("off = \"85%\"", "default"),
            ("filter = \"dev\"", "/home/a\\x1bb/config.toml, line 6"),
        ] {
            let line = format!("{value:<27} # {origin}");
            assert_eq!(lines.iter().filter(|known| **known == line).count(), 1, "{line}\n{toml}");
        }
        assert!(lines.iter().all(|line| line.contains(" # ")), "{toml}");
        let keys = spelled_out().lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count();
        assert_eq!(lines.len(), keys + 3, "all of the example, the rule again for `off`, and the entry for some rows");
    }
}
