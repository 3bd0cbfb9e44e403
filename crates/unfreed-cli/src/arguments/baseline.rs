//! What `unfreed baseline` takes.

use clap::Args;
use std::path::PathBuf;

/// What `unfreed baseline` was given.
#[derive(Args)]
pub struct Baseline {
    /// Recordings, or folders of recordings
    #[arg(value_name = "FILE|DIR", required = true)]
    pub paths: Vec<PathBuf>,

    /// Where the baseline goes; - is stdout
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "unfreed-baseline.json"
    )]
    pub output: PathBuf,
}
