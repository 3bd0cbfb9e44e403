//! The `unfreed` command, called from `unfreed.__main__`.

use pyo3::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;
use unfreed_cli::Interpreter;

/// Runs the command in `argv` and returns its exit code.
#[pyfunction]
#[pyo3(signature = (argv, executable, inject=None))]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn main(
    py: Python<'_>,
    argv: Vec<OsString>,
    executable: Option<PathBuf>,
    inject: Option<PathBuf>,
) -> u8 {
    let interpreter = executable
        .filter(|path| !path.as_os_str().is_empty())
        .map(|executable| Interpreter { executable, inject });
    py.detach(|| unfreed_cli::main(&argv, interpreter.as_ref()).0)
}
