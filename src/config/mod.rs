//! The configuration: defaults, then the files, then what the command line says. Read once.
//!
//! Must not act on anything: it only says what is wanted, or which line of which file means nothing.

mod alerts;
mod edit;
mod file;
mod keys;
mod nearest;
mod record;
pub mod save;
mod section;
mod sinks;
mod start;

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use crate::alert::policy::Policies;
use crate::app::keys::Keymap;
use crate::cli::Options;
use crate::identity::state::Endpoint;
use crate::sink;
use crate::ui::palette::{Depth, PALETTES, Palette};
use record::{Record, Said, list, put, quoted};
use section::{Section, Text};

pub use start::Start;

/// For every user of this host.
const SYSTEM: &str = "/etc/memcgtop/config.toml";
/// What stands outside of tables.
const VALUES: &[&str] =
    &["columns", "sort", "filter", "interval", "idle", "mouse", "protect", "api", "theme", "colors"];

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Runtimes to ask for names.
    pub api: Vec<Endpoint>,
    /// What the dashboard starts with.
    pub start: Start,
    /// Whether the dashboard protects itself.
    pub protect: bool,
    /// Which keys do what.
    pub keys: Keymap,
    /// How the rules of alerts are applied.
    pub policies: Policies,
    /// Who is told of alerts.
    pub sinks: sink::Settings,
    /// Colours of the screen.
    pub theme: &'static Palette,
    /// How many there are; `None` for as many as the environment says.
    pub colors: Option<Depth>,
    /// Who said so.
    record: Record,
}

/// Why the configuration means nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is something else than a file.
    #[error("{} is {what}: a configuration is read from a regular file only, so put it into one and name that", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A line means nothing.
    #[error("{}, line {line}: {why}", path.display())]
    Meaningless {
        /// The file.
        path: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// The key, and what is wrong with it.
        why: String,
    },
}

impl Config {
    /// The configuration that the files and the command line ask for.
    ///
    /// # Errors
    /// Where a file cannot be read or means nothing. The usual files need not be there, nor in directories that may be
    /// looked into: `sudo -u` and the like leave the home of another user in the environment.
    pub fn load(options: &Options) -> Result<Self, Error> {
        let mut config = Self::default();
        if let Some(path) = &options.config {
            config.take(path)?;
        } else {
            for path in usual_files() {
                if is_seen(&path) {
                    config.take(&path)?;
                }
            }
        }
        config.command_line(options);
        Ok(config)
    }

    fn command_line(&mut self, options: &Options) {
        put(&mut self.record.values, start::take_options(options, &mut self.start));
        let mut say = |key, value| put(&mut self.record.values, [Said::on_the_command_line(key, value)]);
        if !options.api.is_empty() {
            self.api.clone_from(&options.api);
            say("api", list(options.api.iter().map(|endpoint| quoted(&endpoint.to_string()))));
        }
        if options.protect {
            self.protect = true;
            say("protect", "true".to_owned());
        }
        if let Some(theme) = options.theme {
            self.theme = theme;
            say("theme", quoted(theme.name));
        }
        if let Some(depth) = options.depth() {
            self.colors = Some(depth);
            say("colors", quoted(depth.name()));
        }
    }

    fn take(&mut self, path: &Path) -> Result<(), Error> {
        let file::Content { text, trusted } = file::read(path)?;
        self.apply(&Text { path, toml: &text, trusted })
    }

    /// Puts what a file says on top of what is known.
    fn apply(&mut self, text: &Text<'_>) -> Result<(), Error> {
        let table = text.parse()?;
        let file = Section::new(text, "", &table, &[VALUES, &["keys", "alert", "sinks"]].concat())?;
        put(&mut self.record.values, file.said(VALUES));
        start::read(&file, &mut self.start)?;
        if let Some(api) = file.get("api") {
            self.api = api.each(Endpoint::parse)?;
        }
        if let Some(protect) = file.get("protect") {
            self.protect = protect.flag()?;
        }
        if let Some(theme) = file.get("theme") {
            self.theme = theme.choice("theme", PALETTES.map(|palette| (palette.name, palette)))?;
        }
        if let Some(colors) = file.get("colors") {
            let depths = Depth::ALL.map(|(name, depth)| (name, Some(depth)));
            self.colors = colors.choice("number of colours", depths.into_iter().chain([("auto", None)]))?;
        }
        let names = keys::names();
        if let Some(section) = file.section("keys", &names)? {
            keys::read(&section, &mut self.keys)?;
            put(&mut self.record.keys, section.said(&names));
        }
        for entry in file.sections("alert", alerts::KEYS)? {
            self.policies.overrides.push(alerts::read(&entry)?);
            self.record.alerts.push(entry.said(alerts::KEYS));
        }
        if let Some(section) = file.section("sinks", sinks::KEYS)? {
            sinks::read(&section, &mut self.sinks)?;
            put(&mut self.record.sinks, section.said(sinks::KEYS));
        }
        Ok(())
    }
}

/// Whether a file is there for whoever runs this, readable or not.
fn is_seen(path: &Path) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    !path.metadata().is_err_and(|error| matches!(error.kind(), NotFound | NotADirectory | PermissionDenied))
}

/// The files that are read unless another is named; later ones win.
fn usual_files() -> Vec<PathBuf> {
    [Some(SYSTEM.into()), own_file()].into_iter().flatten().collect()
}

/// The user's own file.
fn own_file() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let own = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    own.map(|own| own.join("memcgtop/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::record::{EXAMPLE, spelled_out};
    use super::*;
    use crate::alert::Level;
    use crate::alert::rules::{RULES, find};
    use crate::app::action::{ACTIONS, Action};
    use std::time::Duration;

    fn read(text: &str) -> Result<Config, String> {
        let mut config = Config::default();
        let text = Text { path: Path::new("/x/config.toml"), toml: text, trusted: true };
        config.apply(&text).map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn the_example_is_the_default() {
        let untouched = read(EXAMPLE).unwrap();
        assert!(untouched.policies.overrides.is_empty() && untouched.api.is_empty());
        let config = read(&spelled_out()).unwrap();
        assert_eq!((config.sinks, config.keys), (sink::Settings::default(), Keymap::default()));
        assert!(config.api.is_empty() && !config.protect);
        assert_eq!((config.theme, config.colors), (Config::default().theme, None));
        let [start, usual] = [config.start, Start::default()];
        assert_eq!((start.columns, start.filter), (usual.columns, usual.filter));
        assert_eq!((start.interval, start.idle, start.mouse), (usual.interval, usual.idle, usual.mouse));
        assert_eq!(start.sort.to_string(), usual.sort.to_string());
        assert_eq!(config.policies.overrides.len(), RULES.len());
        for (rule, entry) in RULES.iter().zip(&config.policies.overrides) {
            assert_eq!(entry.rule.unwrap().name, rule.name, "in the order of the rules");
            assert_eq!(config.policies.of(rule, None), rule.defaults, "{}", rule.name);
            let told = [entry.on.is_some(), entry.off.is_some()];
            assert_eq!(told, [rule.measure.is_some(); 2], "{}", rule.name);
            assert!(
                entry.level.is_some() && entry.hold.is_some() && entry.cooldown.is_some() && entry.enabled.is_some()
            );
        }
    }

    #[test]
    fn the_example_has_every_key() {
        let text = spelled_out();
        let keys = alerts::KEYS.iter().chain(sinks::KEYS).chain(VALUES);
        for key in keys {
            assert!(text.lines().any(|line| line.starts_with(&format!("{key} = "))), "{key}");
        }
        let actions = text.lines().skip_while(|line| *line != "[keys]").skip(1).take_while(|line| !line.is_empty());
        let actions = actions.filter_map(|line| line.split_once(" = ").map(|(name, _)| name));
        assert!(actions.eq(keys::names()), "every action, in the order of their table");
        for rule in RULES {
            assert!(text.contains(rule.meaning), "{} is not explained: {}", rule.name, rule.meaning);
        }
    }

    #[test]
    fn what_means_nothing_is_refused_with_its_place() {
        for (text, told) in [
            ("api = []\nsink = {}", "line 2: `sink`: no such key; the nearest is `sinks`"),
            (
                "[[alert]]\nrule = \"near-limit\"\nlevle = \"notice\"",
                "line 3: `alert.levle`: no such key; the nearest is `level`",
            ),
            ("[[alert]]\nrule = \"near-limits\"", "line 2: `alert.rule`: no such rule; the nearest is `near-limit`"),
            ("[[alert]]\nlevel = \"critcal\"", "line 2: `alert.level`: no such level; the nearest is `critical`"),
            ("[[alert]]\nfilter = \"(\"", "line 2: `alert.filter`: the expression ends too early"),
            ("[[alert]]\nfor = \"soon\"", "line 2: `alert.for`: not a duration"),
            ("[[alert]]\nfor = \"-3s\"", "line 2: `alert.for`: not a duration"),
            ("[[alert]]\non = 3", "line 2: `alert.on`: it needs a `rule`"),
            ("[[alert]]\nrule = \"oom-kill\"\non = 3", "line 3: `alert.on`: the rule oom-kill has no threshold"),
            ("[[alert]]\nrule = \"near-limit\"\non = 101", "line 3: `alert.on`: must be a percentage, up to 100"),
            ("[[alert]]\nrule = \"near-limit\"\non = \"90 apples\"", "line 3: `alert.on`: must be a percentage"),
            ("[[alert]]\nrule = \"near-limit\"\non = 80\noff = 90", "line 4: `alert.off`: must be less than `on`"),
            (
                "[[alert]]\nrule = \"time-to-limit\"\non = \"10m\"\noff = \"5m\"",
                "line 4: `alert.off`: must be more than `on`",
            ),
            ("\ntheme = \"colorblind\"", "line 2: `theme`: no such theme; the nearest is `colour-blind`"),
            ("theme = \"x\"", "line 1: `theme`: no such theme; the nearest is `dark` of dark, light, high-contrast"),
            (
                "idle = \"hiden\"",
                "line 1: `idle`: no such way with idle rows; the nearest is `hidden` of shown, hidden",
            ),
            ("theme = 3", "line 1: `theme`: must be text in quotation marks"),
            ("colors = \"25\"", "line 1: `colors`: no such number of colours; the nearest is `256`"),
            ("[[alert]]\nenabled = \"no\"", "line 2: `alert.enabled`: must be true or false"),
            ("alert = 3", "line 1: `alert`: must be written as [[alert]]"),
            ("[sinks]\nlog = \"alerts.jsonl\"", "line 2: `sinks.log`: must be an absolute path"),
            ("[sinks]\ncommand = \"mail root\"", "line 2: `sinks.command`: must be a list of words"),
            ("[sinks]\ncommand = [\"\"]", "line 2: `sinks.command`: must begin with a program"),
            ("[sinks]\ncommand_timeout = \"0s\"", "line 2: `sinks.command_timeout`: must be between 100ms and 24h"),
            ("api = [\"docker=tcp://host\"]", "line 1: `api`: "),
            ("columns = \"limit\"\nsort = \"hits\"", "line 2: `sort`: no field `hits`, perhaps `failcnt`"),
            ("columns = [\"usage\", \"swop\"]", "line 1: `columns`: no column `swop`, perhaps `swap`; sets: overview"),
            ("columns = 3", "line 1: `columns`: must be a list of words"),
            (
                "\ncolumns = [\"usage\", \"name:0\"]",
                "line 2: `columns`: `0` is no width for name: write 1 to 200 cells",
            ),
            ("columns = \"swap:wide\"", "line 1: `columns`: `wide` is no width for swap"),
            ("filter = \"(\"", "line 1: `filter`: the expression ends too early"),
            ("interval = \"1ms\"", "line 1: `interval`: must be between 100ms and 24h"),
            ("api = \n", "line 1: "),
            ("a = 1\na = 2", "line 2: "),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.starts_with(&format!("/x/config.toml, {told}")), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_key_that_means_nothing_is_refused_with_its_place() {
        for (text, told) in [
            ("\nacknowlege = [\"e\"]", "line 3: `keys.acknowlege`: no such key; the nearest is `acknowledge`"),
            ("copy = \"y\"", "line 2: `keys.copy`: must be a list of words"),
            ("copy = [\"pgdwn\"]", "line 2: `keys.copy`: no key `pgdwn`; the nearest is `pgdn`"),
            ("copy = [\"Ctrl+Y\"]", "line 2: `keys.copy`: no key `Ctrl+Y`; the nearest is `ctrl-y`; a key is one"),
            ("copy = [\"\\u001b[\"]", "line 2: `keys.copy`: no key `\\x1b[`; the nearest is "),
            ("save = []\nmenu = []", "line 3: `keys.menu`: must have a key"),
            ("copy = [\"ctrl-i\"]", "line 2: `keys.copy`: terminals send `tab` for `ctrl-i`"),
            ("copy = [\"y\", \"q\"]", "line 2: `keys.copy`: q is a key of `quit`, too; give one of them another"),
            ("quit = [\"x\"]\ncopy = [\"ctrl-c\"]", "line 3: `keys.copy`: ctrl-c always quits"),
            ("quit = [\"n\"]\ncopy = [\"f5\", \"n\"]", "line 2: `keys.quit`: n is a key of `copy`, too"),
        ] {
            let error = read(&format!("[keys]\n{text}")).expect_err(text);
            assert!(error.starts_with(&format!("/x/config.toml, {told}")), "{text:?}: {error}");
        }
        assert_eq!(read("keys = 3").unwrap_err(), "/x/config.toml, line 1: `keys`: must be written as [keys]");
    }

    #[test]
    fn keys_can_be_swapped_and_taken_away() {
        let config = read("[keys]\nquit = [\"y\"]\ncopy = [\"q\", \"ctrl-g\"]\nsave = []").unwrap();
        assert_eq!(config.keys.shown(Action::Copy), "q Ctrl-G");
        assert_eq!([Action::Quit, Action::Save].map(|action| config.keys.shown(action)), ["y", ""]);
        assert_eq!(config.keys.shown(Action::Up), "Up k");
        let mut config = read("[keys]\ncopy = [\"n\"]").unwrap();
        let second = Text { path: Path::new("/y"), toml: "[keys]\nsave = [\"n\"]", trusted: true };
        let error = config.apply(&second).unwrap_err().to_string();
        assert!(error.starts_with("/y, line 2: `keys.save`: n is a key of `copy`, too"), "{error}");
    }

    #[test]
    fn each_action_is_given_other_keys() {
        for entry in ACTIONS {
            let config = read(&format!("[keys]\n{} = [\"f12\", \"ctrl-up\"]", entry.name)).unwrap();
            for other in ACTIONS {
                let changed = other.action == entry.action;
                assert_eq!(config.keys.shown(other.action) == "F12 Ctrl-Up", changed, "{} {}", entry.name, other.name);
            }
        }
    }

    #[test]
    fn each_file_says_only_what_it_changes() {
        let mut config =
            read("[sinks]\nbell = true\nlog = \"/var/log/a\"\n[[alert]]\nrule = \"near-limit\"\non = \"70%\"").unwrap();
        let second = "api = [\"docker=unix:///run/docker.sock\"]\n[sinks]\nlog = \"\"\n[[alert]]\nfilter = \"dev\"\nfor = 30\n\
                      cooldown = \"5m\"\nlevel = \"notice\"\n[[alert]]\nrule = \"swap-growth\"\non = \"2M\"";
        config.apply(&Text { path: Path::new("/y"), toml: second, trusted: true }).unwrap();
        assert!(config.sinks.bell && config.sinks.log.is_none() && config.api.len() == 1);
        let [first, all, growth] = &config.policies.overrides[..] else { panic!("{:?}", config.policies) };
        assert_eq!((first.rule.unwrap().name, first.on), ("near-limit", Some(70.0)));
        assert!(all.rule.is_none() && all.hold == Some(Duration::from_secs(30)) && all.level == Some(Level::Notice));
        assert_eq!(growth.on, Some(2_097_152.0));
        assert!((config.policies.of(find("near-limit").unwrap(), None).on - 70.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_file_that_others_could_write_runs_nothing() {
        let mut config = Config::default();
        let text = "[sinks]\ncommand = [\"/bin/true\"]";
        let error = config.apply(&Text { path: Path::new("/x"), toml: text, trusted: false }).unwrap_err().to_string();
        assert!(error.contains("line 2: `sinks.command`: ") && error.contains("others could"), "{error}");
        let bell = Text { path: Path::new("/x"), toml: "[sinks]\nbell = true", trusted: false };
        config.apply(&bell).unwrap();
    }
}
