//! `unfreed lines`: a program line by line. The Python that unfreed is installed in runs it, and follows every
//! allocation in itself (`python/unfreed/_lines.py`); nothing is recorded.

use crate::Interpreter;
use crate::arguments::lines::Lines;
use crate::exit::ExitCode;
use crate::handover::VARIABLE;
use crate::messages;
use serde::Serialize;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

/// What the Python side is told.
#[derive(Serialize)]
struct Task {
    json: Option<String>,
    limit: usize,
}

/// Runs the program; its exit code is ours.
pub fn lines(typed: &Lines, interpreter: Option<&Interpreter>) -> ExitCode {
    let Some(interpreter) = interpreter else {
        messages::error("this unfreed has no Python to run a program in");
        return ExitCode::FAILED;
    };
    let json = typed.json.as_ref();
    let task = Task {
        json: json.map(|path| path.display().to_string()),
        limit: typed.limit,
    };
    let Ok(task) = serde_json::to_string(&task) else {
        return ExitCode::FAILED;
    };
    let mut command = Command::new(&interpreter.executable);
    command.env_remove(VARIABLE);
    command.args(["-m", "unfreed._lines", &task]);
    match command.args(&typed.program).status() {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => ExitCode(code as u8),
            (None, signal) => ExitCode::of_signal(signal.unwrap_or_default()),
        },
        Err(error) => {
            messages::error(format_args!(
                "cannot start {}: {error}",
                interpreter.executable.display()
            ));
            ExitCode::FAILED
        }
    }
}
