//! What `unfreed lines` was given.

use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// A program, run with every allocation followed.
#[derive(Args)]
#[command(
    override_usage = "unfreed lines [OPTIONS] SCRIPT.py [ARGS]...\n       \
        unfreed lines [OPTIONS] -m MODULE [ARGS]...",
    after_help = "Exit code: the program's own, 2 for a wrong command line, 24 when Python could not be started."
)]
pub struct Lines {
    /// Write all lines as JSON, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Show at most so many lines, those that allocated most
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub limit: usize,

    /// The program and its arguments
    #[arg(
        value_name = "PROGRAM",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub program: Vec<OsString>,
}
