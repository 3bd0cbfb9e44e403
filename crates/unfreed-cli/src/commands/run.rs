//! `unfreed run`: the program runs as it would without us, then the report.

use crate::Interpreter;
use crate::arguments::Run;
use crate::child;
use crate::commands::conclusion::conclude;
use crate::destination::Destination;
use crate::exit::ExitCode;
use crate::forwarding::Forwarding;
use crate::handover::Handover;
use crate::knowledge::Knowledge;
use crate::messages::{self, reason};
use crate::program::{self, CommandLine};
use std::io;

/// Runs the program and reports on it.
pub fn run(typed: &Run, interpreter: Option<&Interpreter>) -> ExitCode {
    let Some(interpreter) = interpreter else {
        messages::error("this unfreed has no Python to run the program with");
        messages::hint("pip install unfreed, then run the `unfreed` of that Python");
        return ExitCode::FAILED;
    };
    let knowledge = match Knowledge::load(typed.ci.baseline.as_deref()) {
        Ok(knowledge) => knowledge,
        Err(error) => {
            messages::error(error);
            return ExitCode::FAILED;
        }
    };
    let line = program::understand(&typed.python);
    let destination = destination(typed, &line);
    let handover = destination.as_ref().map(|place| handover(typed, place));
    // Lives to the end: once the program has ended, Ctrl-C means the analysis.
    let forwarding = match Forwarding::start() {
        Ok(forwarding) => forwarding,
        Err(error) => return not_started(interpreter, &error),
    };
    let ending = match child::run(interpreter, &typed.python, handover.as_ref(), &forwarding) {
        Ok(ending) => ending,
        Err(error) => return not_started(interpreter, &error),
    };
    let found = destination.is_some_and(|place| conclude(typed, &knowledge, &place, ending));
    if found && ending.is_success() {
        ExitCode::FOUND
    } else {
        ending.pass_on()
    }
}

fn destination(typed: &Run, line: &CommandLine) -> Option<Destination> {
    if line.without_site {
        messages::notice(
            "python -S leaves out `site`, which starts the agent; nothing is recorded",
        );
        return None;
    }
    Destination::reserve(typed.output.as_deref(), &line.program.stem())
}

fn handover(typed: &Run, destination: &Destination) -> Handover {
    let mut handover = Handover::new(&destination.path, std::process::id());
    handover.sample_bytes = typed.sample.unwrap_or(0);
    handover.epoch_ns = typed.epoch.map_or(0, |seconds| (seconds * 1e9) as u64);
    handover.snapshot_budget_percent = typed.snapshot_budget;
    // Who made which instance is a question about every block, unless a sample is wanted.
    handover.every_block = typed.exact || !typed.watch.is_empty() && typed.sample.is_none();
    handover.watched.clone_from(&typed.watch);
    handover.natives = typed.native;
    handover.fork = typed.fork;
    handover.follow_children = !typed.no_follow;
    handover
}

fn not_started(interpreter: &Interpreter, error: &io::Error) -> ExitCode {
    let python = interpreter.executable.display();
    messages::error(format_args!("cannot start {python}: {}", reason(error)));
    ExitCode::FAILED
}
