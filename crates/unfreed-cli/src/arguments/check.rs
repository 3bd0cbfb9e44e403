//! What `unfreed check` takes.

use super::{EXIT_CODES, FailOn, ci};
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

const TARGETS: &str = "\
TARGET is one of:
  tests/leaks.py::serve     a function of a file; Class.method works too, and async functions
  app.worker:serve          a function of a module
  script.py                 the whole script, with --command; what follows are its arguments

The function is called without arguments, so many times a round; what each round leaves behind is
counted exactly: objects, blocks, references, descriptors, threads.";

/// What `unfreed check` was given.
#[derive(Args)]
#[command(after_help = TARGETS, after_long_help = format!("{TARGETS}\n\n{EXIT_CODES}"))]
pub struct Check {
    /// What to call round by round
    #[arg(value_name = "TARGET")]
    pub target: String,

    /// A function of the same module to call once, before
    #[arg(long, value_name = "NAME")]
    pub setup: Option<String>,

    /// A function of the same module to call once, after
    #[arg(long, value_name = "NAME")]
    pub teardown: Option<String>,

    /// How many rounds are measured after the warm-up: a number from 5 to 16, or auto
    #[arg(long, value_name = "N", default_value = "auto", value_parser = parse_rounds)]
    pub rounds: Rounds,

    /// How many calls a round has, instead of as many as fit into 50 ms and 500 at most: for what happens in rare calls
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub calls: Option<u32>,

    /// TARGET is a script, or "-m module" after two dashes: run it as a whole in each round
    #[arg(long)]
    pub command: bool,

    /// Keep the recording in this file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write the report as JSON too; - is stdout
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// The least severity that fails the check
    #[arg(long, value_name = "SEVERITY", default_value = "leak")]
    pub fail_on: FailOn,

    /// What continuous integration asks for
    #[command(flatten)]
    pub ci: ci::Ci,

    /// Show all findings, whole stacks and how sure each growth is
    #[arg(long)]
    pub verbose: bool,

    /// Print no report; errors are still printed
    #[arg(long)]
    pub quiet: bool,

    /// Arguments that the script sees, with --command
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub arguments: Vec<OsString>,
}

/// How many rounds are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounds {
    /// As many as the verdict needs.
    Auto,
    /// So many.
    Fixed(u32),
}

/// Fewest and most rounds: growth is judged over intervals between them, and a recording keeps so
/// many snapshots.
const FIXED: std::ops::RangeInclusive<u32> = 5..=16;

fn parse_rounds(text: &str) -> Result<Rounds, String> {
    if text == "auto" {
        return Ok(Rounds::Auto);
    }
    match text.parse() {
        Ok(rounds) if FIXED.contains(&rounds) => Ok(Rounds::Fixed(rounds)),
        _ => Err(format!(
            "a number from {} to {}, or auto",
            FIXED.start(),
            FIXED.end()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_have_bounds() {
        assert_eq!(parse_rounds("auto"), Ok(Rounds::Auto));
        assert_eq!(parse_rounds("8"), Ok(Rounds::Fixed(8)));
        for wrong in ["4", "17", "-1", "many"] {
            assert!(parse_rounds(wrong).is_err(), "{wrong}");
        }
    }
}
