//! The command line: types and help texts, nothing else.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::field;
use crate::field::columns::Columns;
use crate::identity::state::Endpoint;
use crate::model::sums::Grouping;
use crate::query::{Filter, QueryError, Sort};
use crate::ui::palette::{Depth, PALETTES, Palette};
use crate::units;

/// The memory of every container on this host, live: usage, limit, limit hits, OOM kills, swap cache, and
/// whose limit it is.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, args_conflicts_with_subcommands = false, after_help = MORE)]
pub struct Cli {
    /// What to do instead of showing the dashboard.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to show, and from where.
    #[command(flatten)]
    pub options: Options,
}

impl Options {
    /// Time between two readings that are printed or judged.
    pub fn interval(&self) -> Duration {
        self.interval.unwrap_or(USUAL)
    }
}

impl Cli {
    /// What these arguments say, the program's name first.
    ///
    /// # Errors
    /// Where they mean nothing, or one of them would have no effect.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(arguments)?;
        let cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut Self::command()))?;
        // An option may stand before the command or behind it.
        let (mode, given) = matches.subcommand().unwrap_or(("the dashboard", &matches));
        let is_given = |option: &&&str| given.value_source(option) == Some(ValueSource::CommandLine);
        match cli.unused().iter().find(is_given) {
            Some(option) => {
                let why = format!("{mode} does not use --{}", option.replace('_', "-"));
                Err(Self::command().error(ErrorKind::ArgumentConflict, why))
            }
            None => Ok(cli),
        }
    }

    /// The options without an effect on what is to be done. How a screen looks may be said everywhere: people do so in
    /// an alias.
    fn unused(&self) -> &'static [&'static str] {
        match &self.command {
            None => &[],
            Some(Command::Demo) => &["root", "cgroup_root", "proc_root", "beancounters", "api", "protect"],
            Some(Command::Snapshot(arguments)) if arguments.format == Format::Json => &["protect", "tree", "columns"],
            Some(Command::Snapshot(_)) => &["protect", "tree"],
            Some(Command::Check(_)) => &["protect", "sort", "columns", "group_by", "tree"],
            Some(Command::Config) => BESIDE_CONFIGURATIONS,
            Some(Command::Completions { .. } | Command::Man) => OF_READINGS,
        }
    }
}

/// The options that a configuration has a key for, or that name one; then those of [`BESIDE_CONFIGURATIONS`].
const OF_READINGS: &[&str] = &[
    "api",
    "protect",
    "config",
    "interval",
    "filter",
    "sort",
    "columns",
    "group_by",
    "all",
    "tree",
    "root",
    "cgroup_root",
    "proc_root",
    "beancounters",
];
/// The options that say what is read and shown, and that no configuration has a key for.
const BESIDE_CONFIGURATIONS: &[&str] = OF_READINGS.split_at(7).1;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print one reading, or several
    #[command(after_help = MORE, after_long_help = fields())]
    Snapshot(SnapshotArgs),
    /// Say what is wrong, for scripts and monitoring systems: two readings, judged by the rules of alerts
    ///
    /// A line for each finding, the worst first. Exit status: 0 all quiet or mere notices, 1 a warning, 2 a critical,
    /// 3 could not tell: a container was not read, or nothing matches --filter. Of several the worst counts: a critical,
    /// a warning, could not tell.
    Check(CheckArgs),
    /// Show the dashboard over a built-in simulated host
    Demo,
    /// Print the configuration in force, and where each value comes from
    Config,
    /// Print a completion script for a shell
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Where the rest is explained.
const MORE: &str = "`memcgtop man` explains every field, key and exit status.";

/// The names of the fields, for those who choose some.
fn fields() -> String {
    format!("Fields, for --columns, --sort and --filter: {}\n\n{MORE}", field::names())
}

/// How to print readings.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// How to print it: json is one object a reading, a line each
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How many readings, one --interval apart
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: u64,
}

/// How to print findings.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// How to print them: json is one object
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
}

/// How to print findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// A line for each.
    Text,
    /// One object.
    Json,
}

/// How to print a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns with units.
    Table,
    /// One object a line.
    Json,
    /// One line a row, with a header line.
    Csv,
}

/// What to show, and from where.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Debug, Args)]
pub struct Options {
    /// Time between two readings, 1s unless the dashboard is configured otherwise
    #[arg(short, long, global = true, value_parser = interval, value_name = "TIME")]
    pub interval: Option<Duration>,
    /// Only rows that match: words, FIELD OP VALUE (= != < <= > >= ~), and, or, not, parentheses, "quoted words"
    #[arg(short, long, global = true, value_parser = meaningful, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Order of the rows: trouble (the usual one), or a field, with :asc or :desc
    #[arg(short, long, global = true, value_parser = Sort::parse, value_name = "FIELD")]
    pub sort: Option<Sort>,
    /// Columns of the dashboard, the printed table or CSV: overview, limits, swap, reclaim, docker, or field names with
    /// commas between
    #[arg(long, global = true, value_parser = Columns::parse, value_name = "SET|FIELDS")]
    pub columns: Option<Columns>,
    /// Sums of containers instead, by what they have in common; no byte counts twice
    #[arg(long, global = true, value_parser = grouping(), value_name = "FIELD")]
    pub group_by: Option<Grouping>,
    /// Every cgroup, not only containers
    #[arg(short, long, global = true)]
    pub all: bool,
    /// Start the dashboard with the tree
    #[arg(long, global = true)]
    pub tree: bool,
    /// Root directory of a host that is mounted elsewhere, such as /host
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Root of a memory cgroup hierarchy, real or a copy
    #[arg(long, global = true, value_name = "DIR")]
    pub cgroup_root: Option<PathBuf>,
    /// What stands for /proc
    #[arg(long, global = true, value_name = "DIR")]
    pub proc_root: Option<PathBuf>,
    /// OpenVZ's beancounters to read instead of cgroups: `/proc/bc/resources`, `/proc/user_beancounters`,
    /// or a copy
    #[arg(long, global = true, value_name = "FILE", conflicts_with_all = ["cgroup_root", "api"])]
    pub beancounters: Option<PathBuf>,
    /// A runtime to ask for names that are not on disk: docker=unix:///var/run/docker.sock, podman=…; may be repeated
    #[arg(long, global = true, value_parser = Endpoint::parse, value_name = "RUNTIME=ADDRESS")]
    pub api: Vec<Endpoint>,
    /// Read this configuration file instead of /etc/memcgtop/config.toml and ~/.config/memcgtop/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keep the dashboard answering while the host thrashes: lock its memory, and have the OOM killer take others first.
    /// Needs root, or `CAP_IPC_LOCK` and `CAP_SYS_RESOURCE`
    #[arg(long, global = true)]
    pub protect: bool,
    /// Only ASCII characters on the screen
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Colours of the screen
    #[arg(long, global = true, value_parser = theme(), value_name = "NAME")]
    pub theme: Option<&'static Palette>,
    /// How many colours the terminal can show, if the environment does not tell
    #[arg(long, global = true, value_parser = depth(), value_name = "NUMBER")]
    pub colors: Option<Depth>,
    /// No colours (also with `NO_COLOR` set)
    #[arg(long, global = true, overrides_with = "colors")]
    pub no_color: bool,
}

impl Options {
    /// How many colours are asked for, if that is said.
    pub fn depth(&self) -> Option<Depth> {
        if self.no_color { Some(Depth::None) } else { self.colors }
    }
}

/// The time between two readings where nobody says otherwise.
pub const USUAL: Duration = Duration::from_secs(1);
/// Readings closer together would cost more than they tell.
const SHORTEST: Duration = Duration::from_millis(100);
/// The longest interval: a day.
const LONGEST: Duration = Duration::from_secs(86_400);

/// A time between two readings.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let interval = units::parse_duration(text).map_err(|error| error.to_string())?;
    if (SHORTEST..=LONGEST).contains(&interval) {
        Ok(interval)
    } else {
        Err("must be between 100ms and 24h".to_owned())
    }
}

fn grouping() -> impl TypedValueParser<Value = Grouping> {
    let names = PossibleValuesParser::new(Grouping::ALL.map(Grouping::name));
    names.try_map(|name| Grouping::ALL.into_iter().find(|grouping| grouping.name() == name).ok_or("no such grouping"))
}

fn theme() -> impl TypedValueParser<Value = &'static Palette> {
    let names = PALETTES.map(|palette| PossibleValue::new(palette.name).help(palette.meaning));
    let find = |name: String| PALETTES.into_iter().find(|palette| palette.name == name).ok_or("no such theme");
    PossibleValuesParser::new(names).try_map(find)
}

fn depth() -> impl TypedValueParser<Value = Depth> {
    let names = PossibleValuesParser::new(Depth::ALL.map(|(name, _)| name));
    names.try_map(|name| Depth::ALL.iter().find(|known| known.0 == name).map(|known| known.1).ok_or("no such number"))
}

fn meaningful(filter: &str) -> Result<String, QueryError> {
    Filter::parse(filter).map(|_| filter.to_owned())
}
