//! The command line as typed: clap definitions and nothing else. What an option means is decided by
//! the command that reads it.

pub mod baseline;
pub mod check;
pub mod ci;
pub mod compare;
pub mod export;
pub mod heap;
pub mod lines;
pub mod query;
pub mod snapshot;

use crate::exit::ExitCode;
use crate::messages;
use crate::quantity::{parse_bytes, parse_percent, parse_seconds};
use crate::split;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use unfreed_analysis::breakdown::By;
use unfreed_analysis::findings::Severity;
use unfreed_report::breakdown::Measure;
use unfreed_report::flame::Split;

const EXIT_CODES: &str = "\
Exit codes:
  run     the program's own; a program that dies of a signal takes unfreed with it, by the same
          signal. 23 when --fail-on met a finding and the program succeeded, 2 for a wrong command
          line, 24 when Python could not be started at all
  report  0, 23 when --fail-on met a finding, 2 for a wrong command line, 24 when a recording
          cannot be read or a report cannot be written
  check   0 when nothing leaks, 23 when something does (see --fail-on), 22 when the function or its
          setup fails, 2 for a wrong command line, 24 when there is nothing to judge
  lines   the program's own, 2 for a wrong command line, 24 when Python could not be started
  compare 0 when nothing got worse, 23 when a leak is new or grows faster, 2 for a wrong command
          line, 24 when a recording cannot be read or has not enough evidence
  baseline, heap, query, export, snapshot
          0, 2 for a wrong command line, 24 when the recording cannot be read, has no such object,
          the query fails, or the process takes no snapshot";

#[derive(Parser)]
#[command(
    name = "unfreed",
    version,
    about = "Finds memory leaks in Python programs and explains them",
    after_help = EXIT_CODES,
    max_term_width = 100
)]
struct Typed {
    #[command(subcommand)]
    command: Command,
}

/// A command with its options, as typed.
#[derive(Subcommand)]
pub enum Command {
    /// Run a Python program, record it, and say what leaks
    Run(Run),
    /// Say again what a recording shows: on any machine, any time later
    Report(Report),
    /// Call a function round by round, and say what each call leaves behind
    Check(check::Check),
    /// Run a program and say what each of its lines allocates, frees and keeps
    Lines(lines::Lines),
    /// Write down what is known, so that later reports tell what is new
    Baseline(baseline::Baseline),
    /// Say whether a change made leaks better or worse, from a recording before and one after
    Compare(compare::Compare),
    /// Have a running process look at its heap now, and say where its memory hangs
    Snapshot(snapshot::Snapshot),
    /// Ask one heap snapshot of a recording: what is in it, who holds what, what goes with what
    Heap(heap::Heap),
    /// Ask a heap snapshot in SQL (with DuckDB, an optional dependency)
    Query(query::Query),
    /// Write a heap snapshot as Parquet, or allocation stacks for pprof, speedscope and their like
    Export(export::Export),
}

/// What `unfreed run` was given.
#[derive(Args)]
#[command(
    override_usage = "unfreed run [OPTIONS] SCRIPT.py [ARGS]...\n       \
        unfreed run [OPTIONS] -m MODULE [ARGS]...\n       \
        unfreed run [OPTIONS] -c CODE [ARGS]...",
    after_help = "The first word that is none of the options above starts the command line that \
        Python gets, word for word:\nunfreed run -o today.unfreed -X dev -m http.server 8080",
    after_long_help = EXIT_CODES
)]
pub struct Run {
    /// Where the recording goes [default: NAME.unfreed in this folder, NAME-2.unfreed if it exists]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write the report as JSON too; - is stdout, after the program has ended
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Time between two looks at the heap, such as 2 or 500ms [default: adapts to the run]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub epoch: Option<f64>,

    /// Mean number of bytes between two sampled allocations, such as 512KiB [default: adapts]
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub sample: Option<u64>,

    /// Follow what C code allocates past Python's allocators, too: malloc and its kin, mmap
    #[arg(long)]
    pub native: bool,

    /// Follow every block with its whole stack instead of a sample
    #[arg(long, conflicts_with = "sample")]
    pub exact: bool,

    /// Tell who made the instances of a class and what became of them; may be repeated. Follows every block, as
    /// --exact does, unless --sample is given
    #[arg(long, value_name = "MODULE.CLASS", value_parser = parse_class)]
    pub watch: Vec<String>,

    /// Share of the run time that heap snapshots may take
    #[arg(long, value_name = "PERCENT", default_value = "2", value_parser = parse_percent)]
    pub snapshot_budget: f32,

    /// Have a forked copy of the process look at the heap, where there is memory for one: for huge heaps
    #[arg(long, conflicts_with = "native")]
    pub fork: bool,

    /// Exit with 23 if the program succeeds but something this bad was found
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,

    /// What continuous integration asks for
    #[command(flatten)]
    pub ci: ci::Ci,

    /// Record this process only, not the Pythons it forks and starts
    #[arg(long)]
    pub no_follow: bool,

    /// Show all findings, whole stacks and how sure each growth is
    #[arg(long)]
    pub verbose: bool,

    /// Print no report and no chatter; errors are still printed
    #[arg(long)]
    pub quiet: bool,

    /// The command line of Python: a script, -m MODULE, -c CODE or -, with its arguments
    #[arg(value_name = "PROGRAM", last = true)]
    pub python: Vec<OsString>,
}

/// What `unfreed report` was given.
#[derive(Args)]
#[command(after_long_help = EXIT_CODES)]
pub struct Report {
    /// A recording, or a folder of recordings
    #[arg(value_name = "FILE|DIR")]
    pub path: PathBuf,

    /// Write the report as JSON instead; - is stdout
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write one page with findings, memory over time and a flame graph
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Write a flame graph of the allocation stacks as SVG
    #[arg(long, value_name = "FILE")]
    pub flame: Option<PathBuf>,

    /// Tell what was allocated instead: live, at the peak and freed again, by site, by function or by library; may be
    /// repeated. With --flame: what the flame graph tells apart
    #[arg(long, value_name = "WHAT")]
    pub by: Vec<ReportBy>,

    /// What tables of --by go by, and what the flame graph is as wide as [default: live]
    #[arg(long, value_name = "BYTES")]
    pub of: Option<FlameOf>,

    /// Most rows of a table of --by
    #[arg(long, value_name = "N", default_value = "20", requires = "by")]
    pub limit: usize,

    /// Write memory over time as .svg or .png
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,

    /// Tell who made the instances of a class and what became of them, too; may be repeated
    #[arg(long, value_name = "MODULE.CLASS", value_parser = parse_class)]
    pub watch: Vec<String>,

    /// Exit with 23 if something this bad was found
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,

    /// What continuous integration asks for
    #[command(flatten)]
    pub ci: ci::Ci,

    /// Show all findings, whole stacks and how sure each growth is
    #[arg(long)]
    pub verbose: bool,
}

impl Report {
    /// What tables of allocations were asked for.
    pub fn tables(&self) -> Vec<By> {
        self.by.iter().filter_map(|by| by.table()).collect()
    }

    /// What the flame graph tells apart.
    pub fn split(&self) -> Split {
        let split = self.by.iter().find_map(|by| by.split());
        split.unwrap_or_default()
    }

    /// What is wrong with what was typed, if something is, and what to do.
    pub fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        let has_tables = !self.tables().is_empty();
        let splits = self.by.iter().filter(|by| by.split().is_some()).count();
        let of = self.of.unwrap_or(FlameOf::Live);
        if splits > 0 && self.flame.is_none() {
            return Some((
                "--by thread and --by birth are of flame graphs",
                "unfreed report FILE --flame FILE.svg --by thread, or --by site, function or library for tables",
            ));
        }
        if splits > 1 {
            return Some((
                "a flame graph tells one thing apart",
                "name one of thread and birth",
            ));
        }
        if self.split() == Split::Birth && of != FlameOf::Live {
            return Some((
                "when something was born is known of what is live",
                "--by birth is of --of live",
            ));
        }
        if self.of.is_some() && !has_tables && self.flame.is_none() {
            return Some((
                "--of is of flame graphs and tables",
                "unfreed report FILE --by site --of peak",
            ));
        }
        if has_tables && of.measure().is_none() {
            return Some((
                "tables go by what was allocated, not by what findings call leaks",
                "--of live, peak, allocated or temporary",
            ));
        }
        None
    }

    /// Whether a page or a picture was asked for.
    pub fn draws(&self) -> bool {
        self.html.is_some() || self.flame.is_some() || self.plot.is_some()
    }
}

/// Bytes that a flame graph is as wide as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FlameOf {
    /// Live at the end
    Live,
    /// What findings call leaks
    Leaked,
    /// Live when the most was
    Peak,
    /// Allocated since the start
    Allocated,
    /// Allocated and freed again
    Temporary,
}

impl FlameOf {
    /// Its place among the figures of a flame graph.
    pub fn index(self) -> usize {
        self as usize
    }

    /// What a table goes by; `None` for what is in none.
    pub fn measure(self) -> Option<Measure> {
        match self {
            Self::Live => Some(Measure::Live),
            Self::Peak => Some(Measure::Peak),
            Self::Allocated => Some(Measure::Allocated),
            Self::Temporary => Some(Measure::Temporary),
            Self::Leaked => None,
        }
    }
}

/// What a report or a flame graph tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportBy {
    /// The lines of your code that led to allocations
    Site,
    /// Functions: what each allocates itself, and with all that it calls
    Function,
    /// Packages, modules of the standard library, and libraries of C code
    Library,
    /// In a flame graph: threads, those that run the same function as one
    Thread,
    /// In a flame graph: quarters of the run in which what is live was allocated; with --of live only
    Birth,
    /// In a flame graph: nothing, equal calls are one
    Nothing,
}

impl ReportBy {
    /// What a table tells apart; `None` for what only a flame graph does.
    pub fn table(self) -> Option<By> {
        match self {
            Self::Site => Some(By::Site),
            Self::Function => Some(By::Function),
            Self::Library => Some(By::Library),
            Self::Thread | Self::Birth | Self::Nothing => None,
        }
    }

    /// What a flame graph tells apart; `None` for what only a table does.
    pub fn split(self) -> Option<Split> {
        match self {
            Self::Nothing => Some(Split::Merged),
            Self::Thread => Some(Split::Thread),
            Self::Birth => Some(Split::Birth),
            Self::Site | Self::Function | Self::Library => None,
        }
    }
}

/// The least severity that fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Something grows and will not stop
    Leak,
    /// Also what is likely to become a leak
    Warning,
}

impl From<FailOn> for Severity {
    fn from(least: FailOn) -> Self {
        match least {
            FailOn::Leak => Self::Leak,
            FailOn::Warning => Self::Warning,
        }
    }
}

/// Parses `app.models.Session`, or `Session` for a class of the script.
fn parse_class(typed: &str) -> Result<String, String> {
    let is_word = |word: &str| {
        !word.is_empty()
            && !word.starts_with(|first: char| first.is_ascii_digit())
            && word.chars().all(|one| one.is_alphanumeric() || one == '_')
    };
    // A class in a function is called `make.<locals>.Session`.
    if typed
        .split('.')
        .all(|word| is_word(word) || word == "<locals>")
    {
        Ok(typed.to_owned())
    } else {
        Err("expected a class such as app.models.Session".to_owned())
    }
}

/// Parses `argv`. Help, version and usage errors are printed here; the code is then all that is
/// left to do.
pub fn parse(argv: &[OsString]) -> Result<Command, ExitCode> {
    let mut clap = Typed::command().bin_name("unfreed");
    let words = match clap.find_subcommand("run") {
        Some(run) if argv.get(1).is_some_and(|word| word == "run") => separated(argv, run),
        _ => argv.to_vec(),
    };
    let typed = clap
        .try_get_matches_from_mut(words)
        .and_then(|matches| Typed::from_arg_matches(&matches))
        .map_err(refuse)?;
    match typed.command {
        Command::Run(run) if run.python.is_empty() => Err(nothing_to_run()),
        command => Ok(command),
    }
}

/// `argv` with a `--` between our options and the command line for Python, so that clap takes
/// every word of the latter as it is.
fn separated(argv: &[OsString], run: &clap::Command) -> Vec<OsString> {
    let (ours, python) = split::split(&argv[2..], run);
    let mut words = argv[..2].to_vec();
    words.extend_from_slice(ours);
    words.push("--".into());
    words.extend_from_slice(python);
    words
}

fn refuse(mut error: clap::Error) -> ExitCode {
    let hint = hint_for(&error);
    if hint.is_some() {
        // Ours is better than clap's, which knows nothing of what follows the options.
        error.remove(ContextKind::Suggested);
    }
    // Printing fails when the terminal is gone; there is nobody to tell then.
    let _ = error.print();
    if let Some(hint) = hint {
        messages::hint(&hint);
    }
    if error.use_stderr() {
        ExitCode::USAGE
    } else {
        ExitCode::SUCCESS
    }
}

fn hint_for(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand)?;
            word.ends_with(".py")
                .then(|| format!("to run a program: unfreed run {word}"))
        }
        ErrorKind::UnknownArgument => {
            let word = text(ContextKind::InvalidArg)?;
            Some(format!(
                "options of the program come after it: unfreed run app.py {word}"
            ))
        }
        _ => None,
    }
}

fn nothing_to_run() -> ExitCode {
    messages::error("`unfreed run` was given no program to run");
    messages::hint("unfreed run app.py, unfreed run -m package, or unfreed run -c CODE");
    ExitCode::USAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_hold_together() {
        Typed::command().debug_assert();
    }

    fn parse_run(line: &str) -> Run {
        let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        match parse(&argv) {
            Ok(Command::Run(run)) => run,
            _ => panic!("{line} is no `run`"),
        }
    }

    #[test]
    fn words_after_the_program_are_the_programs() {
        let run = parse_run("unfreed run --quiet app.py --json x -- -o y");
        assert!(run.quiet);
        assert_eq!(run.python, ["app.py", "--json", "x", "--", "-o", "y"]);
        assert_eq!((run.json, run.output), (None, None));
    }

    #[test]
    fn options_of_python_start_its_command_line() {
        let run = parse_run("unfreed run --epoch=500ms --sample 64k -X dev -m app -q");
        assert_eq!(run.epoch, Some(0.5));
        assert_eq!(run.sample, Some(65536));
        assert_eq!(run.python, ["-X", "dev", "-m", "app", "-q"]);
        assert!(!run.quiet);
    }

    #[test]
    fn a_separator_of_ours_is_not_pythons() {
        assert_eq!(
            parse_run("unfreed run --quiet -- -m app").python,
            ["-m", "app"]
        );
        assert_eq!(
            parse_run("unfreed run -- app.py -- x").python,
            ["app.py", "--", "x"]
        );
    }

    #[test]
    fn standard_input_is_a_program() {
        assert_eq!(parse_run("unfreed run - a b").python, ["-", "a", "b"]);
    }
}
