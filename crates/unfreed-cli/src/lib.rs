//! The `unfreed` commands as a library: what was typed goes in, an exit code comes out. The console
//! script, `python -m unfreed` and the binary are all thin callers of [`main`].

mod arguments;
mod child;
mod ci_outputs;
mod commands;
mod destination;
mod dialogue;
pub mod drawings;
mod exit;
mod family;
mod forwarding;
pub mod handover;
pub mod in_process;
mod judgement;
mod knowledge;
pub mod live;
mod messages;
mod naming;
mod program;
mod progress;
mod quantity;
mod rendering;
mod sentinel;
mod split;

use std::ffi::OsString;
use std::path::PathBuf;

pub use exit::ExitCode;

/// The Python that `unfreed run` starts, and how the agent gets into it.
#[derive(Clone, Debug)]
pub struct Interpreter {
    /// `sys.executable`.
    pub executable: PathBuf,
    /// A folder to put on `PYTHONPATH` because no `.pth` file starts the agent (editable installs).
    pub inject: Option<PathBuf>,
}

/// Runs the command in `argv` (the first item is the name of the command itself).
///
/// If the program that `unfreed run` started died of a signal, this process dies of the same one
/// and the call does not return.
#[must_use]
pub fn main(argv: &[OsString], interpreter: Option<&Interpreter>) -> ExitCode {
    match arguments::parse(argv) {
        Ok(arguments::Command::Run(run)) => commands::run::run(&run, interpreter),
        Ok(arguments::Command::Report(report)) => commands::report::report(&report),
        Ok(arguments::Command::Check(check)) => commands::check::check(&check, interpreter),
        Ok(arguments::Command::Baseline(baseline)) => commands::baseline::baseline(&baseline),
        Ok(arguments::Command::Compare(compare)) => commands::compare::compare(&compare),
        Ok(arguments::Command::Lines(lines)) => commands::lines::lines(&lines, interpreter),
        Ok(arguments::Command::Snapshot(snapshot)) => {
            commands::snapshot::snapshot(&snapshot, interpreter)
        }
        Ok(arguments::Command::Heap(heap)) => commands::heap::heap(&heap),
        Ok(arguments::Command::Query(query)) => commands::query::query(&query, interpreter),
        Ok(arguments::Command::Export(export)) => commands::export::export(&export),
        Err(code) => code,
    }
}
