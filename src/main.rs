//! The program: arguments in, a mode, an exit code out.

use std::env;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue};

use jiff::tz::TimeZone;
use memcgtop::alert::Engine;
use memcgtop::alert::rules::Watch;
use memcgtop::app;
use memcgtop::app::mouse::Mouse;
use memcgtop::cli::{CheckArgs, CheckFormat, Cli, Command, Format, Options, SnapshotArgs};
use memcgtop::config::{self, Config};
use memcgtop::exit::Exit;
use memcgtop::export;
use memcgtop::export::findings::{Findings, Status};
use memcgtop::field::{self, FIELDS, Field};
use memcgtop::identity::state::Endpoint;
use memcgtop::kernel::hierarchy::Roots;
use memcgtop::manual;
use memcgtop::model::sums::Sums;
use memcgtop::model::{Model, Scope};
use memcgtop::protection::Protection;
use memcgtop::query::{Filter, Sort};
use memcgtop::run;
use memcgtop::sink;
use memcgtop::snapshot::Snapshot;
use memcgtop::source::demo::Demo;
use memcgtop::source::local::Effort;
use memcgtop::source::{self, Source};
use memcgtop::text::{self, Ellipsis};
use memcgtop::ui;
use memcgtop::ui::theme::ASCII;
use memcgtop::units;

fn main() -> ExitCode {
    let cli = match Cli::read(env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            if !error.use_stderr() {
                // Nothing can be said where the stream takes nothing.
                _ = error.print();
                return Exit::Success.into();
            }
            complain(&legible(error).render().to_string());
            return if is_check_meant() { Exit::Unknown } else { Exit::Usage }.into();
        }
    };
    let is_check = matches!(cli.command, Some(Command::Check(_)));
    match start(cli) {
        Ok(exit) => exit.into(),
        Err(error) if is_check => could_not_tell(&error).into(),
        Err(error) => {
            let (exit, hint) = explain(&error);
            if exit != Exit::Success {
                complain(&format!("memcgtop: {error:#}"));
                _ = hint.map(|hint| complain(&format!("hint: {hint}")));
            }
            exit.into()
        }
    }
}

/// Whether the arguments are for `check`, whatever is wrong with them: it has its own exit statuses.
fn is_check_meant() -> bool {
    let matches = Cli::command().ignore_errors(true).try_get_matches();
    matches.is_ok_and(|matches| matches.subcommand_name() == Some("check"))
}

/// Monitoring systems read standard output only.
fn could_not_tell(error: &anyhow::Error) -> Exit {
    // Nothing can be said where the stream takes nothing.
    _ = writeln!(io::stdout(), "UNKNOWN {}", text::visible(&format!("{error:#}")));
    _ = explain(error).1.map(|hint| complain(&format!("hint: {hint}")));
    Exit::Unknown
}

/// Says it on standard error. Arguments and paths are in it, which may hold anything.
fn complain(text: &str) {
    let mut stderr = io::stderr().lock();
    for line in text.lines() {
        _ = writeln!(stderr, "{}", text::visible(line));
    }
}

/// The same error with no more of the arguments than a line bears.
fn legible(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue] {
        let Some(ContextValue::String(argument)) = error.get(kind) else { continue };
        let excerpt = text::excerpt(argument);
        if excerpt != *argument {
            error.insert(kind, ContextValue::String(excerpt));
            // A suggestion would repeat the argument.
            error.remove(ContextKind::Suggested);
        }
    }
    error
}

/// A reader that closed the pipe had enough; a source that cannot be read says what to do.
fn explain(error: &anyhow::Error) -> (Exit, Option<&'static str>) {
    if let Some(source) = error.downcast_ref::<source::Error>() {
        return (Exit::NoSource, Some(source.hint()));
    }
    if error.is::<config::Error>() {
        return (Exit::Usage, None);
    }
    match error.downcast_ref::<run::Error>() {
        Some(run::Error::NoTerminal(_)) => {
            return (Exit::Usage, Some("for a reading as text use `memcgtop snapshot`"));
        }
        Some(run::Error::TooFewDescriptors) => return (Exit::NoSource, Some("raise the limit with `ulimit -n`")),
        _ => {}
    }
    let closed = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe);
    (if closed { Exit::Success } else { Exit::NoSource }, None)
}

fn start(cli: Cli) -> anyhow::Result<Exit> {
    let options = cli.options;
    match cli.command {
        None => {
            let config = Config::load(&options)?;
            dashboard(&options, config, |options, api| source(options, api, Effort::Live))
        }
        Some(Command::Demo) => {
            // Nobody else is told of what did not happen, and nothing depends on it.
            let mut config = Config::load(&options)?;
            config.sinks = sink::Settings::default();
            config.protect = false;
            dashboard(&options, config, |_, _| Ok(Box::new(Demo::live())))
        }
        Some(Command::Snapshot(arguments)) => snapshot(&options, Config::load(&options)?, &arguments),
        Some(Command::Check(arguments)) => check(&options, Config::load(&options)?, &arguments),
        Some(Command::Config) => print(Config::load(&options)?.to_toml()?.as_bytes()),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            // It panics where a write fails, and a reader may close the pipe.
            clap_complete::generate(shell, &mut Cli::command(), "memcgtop", &mut script);
            print(&script)
        }
        Some(Command::Man) => print(&manual::page(Cli::command())?),
    }
}

fn print(text: &[u8]) -> anyhow::Result<Exit> {
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).context("cannot write to standard output")?;
    Ok(Exit::Success)
}

fn dashboard(
    options: &Options,
    config: Config,
    open: impl FnOnce(&Options, Vec<Endpoint>) -> Result<Box<dyn Source>, source::Error>,
) -> anyhow::Result<Exit> {
    let start = config.start;
    let mut settings = app::Settings {
        interval: start.interval,
        filter: filter(&start.filter),
        filter_text: start.filter,
        sort: start.sort,
        columns: start.columns,
        scope: scope(options),
        grouping: options.group_by,
        tree: options.tree,
        idle: start.idle,
        mouse: if start.mouse { Mouse::On } else { Mouse::Off },
        keys: config.keys,
        theme: config.theme.name,
        zone: TimeZone::system(),
        layout: ui::LAYOUT,
        policies: config.policies,
        protection: Protection::default(),
    };
    let theme = run::theme(config.theme, config.colors, options.ascii.then_some(&ASCII));
    run::check_terminal()?;
    run::check_descriptors()?;
    if config.protect {
        settings.protection = Protection::of_this_process();
    }
    Ok(run::run(open(options, config.api)?, settings, &config.sinks, saver(options), theme)?)
}

/// Saves what the dashboard shows where it is read the next time.
fn saver(options: &Options) -> run::Save {
    let file = config::save::file(options);
    Arc::new(move |defaults| match config::save::save(file.as_deref(), defaults) {
        Ok(file) => Ok(format!("saved in {}", file.display())),
        Err(refusal) => Err(format!("not saved: {refusal}")),
    })
}

fn snapshot(options: &Options, config: Config, arguments: &SnapshotArgs) -> anyhow::Result<Exit> {
    let mut source = source(options, config.api, Effort::Whole)?;
    let mut model = Model::new(scope(options));
    let mut sums = options.group_by.map(Sums::new);
    let filter = options.filter.as_deref().map_or(Filter::All, filter);
    let sort = options.sort.unwrap_or(Sort::Trouble);
    let fields = columns(options, arguments.format);
    let mut out = BufWriter::new(io::stdout().lock());
    let begun = Instant::now();
    for reading in 0..arguments.count {
        let due = begun + options.interval().saturating_mul(u32::try_from(reading).unwrap_or(u32::MAX));
        take_in(&mut *source, &mut model, due)?;
        let rows = export::rows(&model, sums.as_mut(), &filter, &sort);
        match arguments.format {
            Format::Json => export::json::write(&model, &rows, &mut out),
            Format::Table => export::table::write(&rows, &fields, &mut out),
            Format::Csv => {
                if reading == 0 {
                    export::csv::write_header(&fields, &mut out)?;
                }
                export::csv::write(&model, &rows, &fields, &mut out)
            }
        }
        .context("cannot write to standard output")?;
        out.flush().context("cannot write to standard output")?;
    }
    summarise(&model, arguments.format);
    let is_blind = |snapshot: &Snapshot| snapshot.topology.cgroups.len() == 1 && !snapshot.unlisted.is_empty();
    Ok(if model.snapshot().is_some_and(is_blind) { Exit::NoSource } else { Exit::Success })
}

/// A reading, when it is due.
fn take_in(source: &mut dyn Source, model: &mut Model, due: Instant) -> Result<(), source::Error> {
    thread::sleep(due.saturating_duration_since(Instant::now()));
    model.ingest(source.sample()?);
    Ok(())
}

/// Two readings, judged.
fn check(options: &Options, config: Config, arguments: &CheckArgs) -> anyhow::Result<Exit> {
    let mut source = source(options, config.api, Effort::Whole)?;
    let mut model = Model::new(scope(options));
    let mut alerts = Engine::new(config.policies.clone(), Watch::Once, scope(options));
    let begun = Instant::now();
    take_in(&mut *source, &mut model, begun)?;
    alerts.judge(&model);
    take_in(&mut *source, &mut model, begun + options.interval())?;
    model.close();
    alerts.judge(&model);
    let not_judged = config.policies.beyond(model.attached());
    let which = options.filter.as_deref().map_or(Filter::All, filter);
    let expression = options.filter.as_deref().unwrap_or_default();
    let findings = Findings::of(&model, alerts.firing(), (&which, expression), not_judged);
    let mut out = BufWriter::new(io::stdout().lock());
    let told = match arguments.format {
        CheckFormat::Text => findings.write_text(&mut out),
        CheckFormat::Json => findings.write_json(&mut out),
    };
    match told.and_then(|()| out.flush()) {
        // The status says it all to a reader that had enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(error).context("cannot write to standard output");
        }
        _ => {}
    }
    complain_of_problems(&model);
    Ok(match findings.status() {
        Status::Ok => Exit::Success,
        Status::Unknown => Exit::Unknown,
        Status::Warning => Exit::Warning,
        Status::Critical => Exit::Critical,
    })
}

/// Cells that the path of a file takes in a message at most.
const LONGEST_PATH: usize = 200;

/// People who read a table are told on standard error what it does not show.
fn summarise(model: &Model, format: Format) {
    if format != Format::Table {
        return;
    }
    let containers = model.groups().iter().filter(|group| group.is_container()).count();
    if containers == 0 && model.scope() == Scope::Containers {
        let cgroups = units::counted(model.groups().len() as u64, "cgroup");
        complain(&format!("no containers among {cgroups}; --all shows every cgroup"));
    }
    complain_of_problems(model);
}

/// What could not be read may be what matters.
fn complain_of_problems(model: &Model) {
    if let [first, ..] = model.problems() {
        let files = units::counted(model.problems().len() as u64, "file");
        let path = text::elide(&first.path, LONGEST_PATH, Ellipsis::Ascii);
        complain(&format!("{files} could not be read, such as {path}: {}", first.error));
    }
}

fn columns(options: &Options, format: Format) -> Vec<&'static Field> {
    const TABLE: [&str; 12] = [
        "verdict.state",
        "name",
        "runtime",
        "usage",
        "effective_limit",
        "percent",
        "failcnt",
        "ancestor_failcnt",
        "oom_kill",
        "swap",
        "swap_cached",
        "limited_by",
    ];
    const SUMS: [&str; 11] = [
        "name",
        "members",
        "usage",
        "limit",
        "percent",
        "floor",
        "working_set",
        "failcnt",
        "oom_kill",
        "swap",
        "swap_cached",
    ];
    match (&options.columns, format) {
        (Some(columns), _) => columns.fields(),
        (None, Format::Table) if options.group_by.is_some() => SUMS.into_iter().filter_map(field::find).collect(),
        (None, Format::Table) => TABLE.into_iter().filter_map(field::find).collect(),
        (None, Format::Csv | Format::Json) => FIELDS.iter().collect(),
    }
}

/// The filter was understood when the arguments and the configuration were read.
fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap_or(Filter::All)
}

fn scope(options: &Options) -> Scope {
    if options.all { Scope::Everything } else { Scope::Containers }
}

fn source(options: &Options, api: Vec<Endpoint>, effort: Effort) -> Result<Box<dyn Source>, source::Error> {
    source::of_host(&roots(options), options.beancounters.as_deref(), api, effort)
}

fn roots(options: &Options) -> Roots {
    Roots { root: options.root.clone(), cgroup: options.cgroup_root.clone(), proc: options.proc_root.clone() }
}
