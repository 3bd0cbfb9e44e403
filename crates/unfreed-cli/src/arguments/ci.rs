//! What several commands take for continuous integration.

use clap::Args;
use std::path::{Path, PathBuf};

/// Outputs that CI services read, and what is known already.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Ci {
    /// Write the findings as JUnit XML too; - is stdout
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Write the findings as SARIF 2.1.0 too; - is stdout
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,

    /// Print the findings as GitHub annotations on stdout
    #[arg(long)]
    pub github: bool,

    /// Findings that are known, as `unfreed baseline` writes them: --fail-on looks at others only
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
}

impl Ci {
    /// Whether one of the outputs goes to stdout.
    pub fn has_stdout(&self) -> bool {
        let files = [&self.junit, &self.sarif];
        self.github
            || files
                .into_iter()
                .flatten()
                .any(|path| path == Path::new("-"))
    }
}
