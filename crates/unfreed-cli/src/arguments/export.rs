//! What `unfreed export` takes.

use clap::Args;
use std::path::PathBuf;

/// What `unfreed export` was given.
#[derive(Args)]
pub struct Export {
    /// A recording
    #[arg(value_name = "FILE")]
    pub path: PathBuf,

    /// Write a snapshot's tables as Parquet files into this folder
    #[arg(long, value_name = "DIR", required = true)]
    pub parquet: PathBuf,

    /// Which snapshot: 0 is the oldest, -1 the newest
    #[arg(
        long,
        value_name = "N",
        default_value = "-1",
        allow_negative_numbers = true
    )]
    pub snapshot: i64,
}
