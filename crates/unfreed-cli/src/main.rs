//! The `unfreed` binary: the commands that need no Python, for machines that have none.

use std::ffi::OsString;

fn main() -> std::process::ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    unfreed_cli::main(&argv, None).into()
}
