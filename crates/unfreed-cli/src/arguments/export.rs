//! What `unfreed export` takes.

use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// What `unfreed export` was given.
#[derive(Args)]
#[command(group = ArgGroup::new("form").required(true).multiple(true))]
pub struct Export {
    /// A recording
    #[arg(value_name = "FILE")]
    pub path: PathBuf,

    /// Write a snapshot's tables as Parquet files into this folder
    #[arg(long, value_name = "DIR", group = "form")]
    pub parquet: Option<PathBuf>,

    /// Write the allocation stacks for pprof (profile.proto, compressed)
    #[arg(long, value_name = "FILE", group = "form")]
    pub pprof: Option<PathBuf>,

    /// Write the stacks of live memory as collapsed stacks; - is stdout
    #[arg(long, value_name = "FILE", group = "form")]
    pub collapsed: Option<PathBuf>,

    /// Write the allocation stacks for speedscope
    #[arg(long, value_name = "FILE", group = "form")]
    pub speedscope: Option<PathBuf>,

    /// Write the allocation stacks as CSV; - is stdout
    #[arg(long, value_name = "FILE", group = "form")]
    pub csv: Option<PathBuf>,

    /// Which snapshot, for --parquet: 0 is the oldest, -1 the newest
    #[arg(
        long,
        value_name = "N",
        default_value = "-1",
        allow_negative_numbers = true
    )]
    pub snapshot: i64,
}
