//! What `unfreed snapshot` was given.

use clap::Args;
use std::path::PathBuf;

/// A running process that is to look at its own heap.
#[derive(Args)]
#[command(
    after_help = "A process that `unfreed run` started, or one that such a process did, is asked through its recording. Any \
        other is asked by sys.remote_exec, from CPython 3.14 on; then it has to be of the same version as the Python that \
        unfreed is installed in."
)]
pub struct Snapshot {
    /// The process
    #[arg(value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pub pid: u32,

    /// Where the snapshot goes [default: heap-PID.unfreed in this folder, heap-PID-2.unfreed if it exists]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Have the process take it itself, at a moment when it can: so far the only way, and the default
    #[arg(long)]
    pub in_process: bool,

    /// Give up when the process has not answered after so long, such as 30 or 2min
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = crate::quantity::parse_seconds)]
    pub patience: f64,
}
