//! `unfreed query`: SQL over the tables of a snapshot. DuckDB answers it, in the Python that unfreed is
//! installed in; what the tables are, `export` says.

use crate::Interpreter;
use crate::arguments::query::{Form, Query};
use crate::commands::export::tables_to;
use crate::exit::ExitCode;
use crate::handover::VARIABLE;
use crate::messages::{self, reason};
use crate::progress;
use serde::Serialize;
use std::process::Command;

/// What the Python side is told; `python/unfreed/_query.py` reads it.
#[derive(Serialize)]
struct Task<'a> {
    folder: &'a str,
    /// Absent: only what the tables are.
    sql: Option<&'a str>,
    form: &'static str,
    limit: usize,
}

/// Answers the query, or says why not.
pub fn query(typed: &Query, interpreter: Option<&Interpreter>) -> ExitCode {
    let Some(interpreter) = interpreter else {
        messages::error("this unfreed has no Python to run DuckDB in");
        messages::hint("unfreed export FILE --parquet DIR writes the tables for any DuckDB");
        return ExitCode::FAILED;
    };
    match answer(typed, interpreter) {
        Ok(code) => code,
        Err(error) => {
            messages::error(error);
            ExitCode::FAILED
        }
    }
}

fn answer(typed: &Query, interpreter: &Interpreter) -> Result<ExitCode, String> {
    if !is_there(interpreter)? {
        messages::error("unfreed query needs DuckDB, which is not installed");
        messages::hint("pip install 'unfreed[query]'");
        return Ok(ExitCode::FAILED);
    }
    let folder = tempfile::tempdir()
        .map_err(|error| format!("cannot make a temporary folder: {}", reason(&error)))?;
    let what = format!("Reading {}", typed.path.display());
    progress::during(&what, || {
        tables_to(&typed.path, typed.snapshot, folder.path())
    })?;
    let task = Task {
        folder: &folder.path().to_string_lossy(),
        sql: typed.sql.as_deref(),
        form: match typed.form {
            Form::Table => "table",
            Form::Csv => "csv",
            Form::Json => "json",
        },
        limit: typed.limit,
    };
    let task = serde_json::to_string(&task).map_err(|error| error.to_string())?;
    let mut command = python(interpreter);
    let status = command.args(["-m", "unfreed._query", &task]).status();
    let status = status.map_err(|error| cannot_start(interpreter, &error))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILED
    })
}

/// Whether DuckDB is: asked before the tables are made.
fn is_there(interpreter: &Interpreter) -> Result<bool, String> {
    const PROBE: &str = "import sys
try: import duckdb
except ImportError: sys.exit(1)";
    let status = python(interpreter).args(["-c", PROBE]).status();
    let status = status.map_err(|error| cannot_start(interpreter, &error))?;
    Ok(status.success())
}

/// That Python, without an agent in it.
fn python(interpreter: &Interpreter) -> Command {
    let mut command = Command::new(&interpreter.executable);
    command.env_remove(VARIABLE);
    command
}

fn cannot_start(interpreter: &Interpreter, error: &std::io::Error) -> String {
    format!(
        "cannot start {}: {}",
        interpreter.executable.display(),
        reason(error)
    )
}
