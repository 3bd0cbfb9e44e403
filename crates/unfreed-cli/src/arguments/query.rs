//! What `unfreed query` takes.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What `unfreed query` was given.
#[derive(Args)]
pub struct Query {
    /// A recording
    #[arg(value_name = "FILE")]
    pub path: PathBuf,

    /// SQL, as DuckDB takes it; without it, the tables and their columns
    pub sql: Option<String>,

    /// How to print the answer
    #[arg(long, value_name = "FORM", default_value = "table")]
    pub form: Form,

    /// Most rows of a table; CSV and JSON have all
    #[arg(long, value_name = "N", default_value = "50")]
    pub limit: usize,

    /// Which snapshot: 0 is the oldest, -1 the newest
    #[arg(
        long,
        value_name = "N",
        default_value = "-1",
        allow_negative_numbers = true
    )]
    pub snapshot: i64,
}

/// Forms of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    Table,
    /// For spreadsheets
    Csv,
    /// A list of objects
    Json,
}
