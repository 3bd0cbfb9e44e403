//! What `unfreed compare` takes.

use clap::Args;
use std::path::PathBuf;

/// What `unfreed compare` was given.
#[derive(Args)]
pub struct Compare {
    /// The recording before the change
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,

    /// The recording after it
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,

    /// Write the comparison as JSON instead; - is stdout
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
