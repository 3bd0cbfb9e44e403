//! Recordings by rounds of the process that asks: a test run judges its own tests as `unfreed check`
//! judges a function, and shows the findings in its own reports.

use crate::dialogue;
use crate::judgement::{self, Unjudged};
use std::path::Path;
use thiserror::Error;
use unfreed_report::terminal::{self, TerminalOptions};

/// What is said about a recording by rounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The report as JSON.
    pub json: String,
    /// Each of its findings as the terminal shows it, without colours.
    pub findings: Vec<String>,
    /// Whether more rounds would say the same.
    pub is_certain: bool,
}

/// Why nothing can be said; displays as one sentence.
#[derive(Debug, Error)]
pub enum NoVerdict {
    /// The recording cannot be read or used.
    #[error("{0}")]
    Recording(String),
    /// The report cannot be written down.
    #[error("cannot write the report: {0}")]
    Report(#[from] serde_json::Error),
}

impl From<Unjudged> for NoVerdict {
    fn from(why: Unjudged) -> Self {
        Self::Recording(why.to_string())
    }
}

/// Judges the recording at `path`, which has so many `rounds` and may be unfinished. Findings are
/// `width` columns wide.
///
/// # Errors
/// When it cannot be read.
pub fn judge(path: &Path, rounds: u32, width: u16) -> Result<Verdict, NoVerdict> {
    let judged = judgement::judge_quietly(path)?;
    let report = &judged.report;
    let options = TerminalOptions {
        width,
        directory: judged.folder.clone(),
        ..TerminalOptions::default()
    };
    let told = report.findings.iter().enumerate().map(|(index, finding)| {
        let mut text = Vec::new();
        // Writing to memory cannot fail.
        let _ = terminal::render_finding(report, finding, index + 1, &options, &mut text);
        anstream::adapter::strip_str(&String::from_utf8_lossy(&text)).to_string()
    });
    Ok(Verdict {
        findings: told.collect(),
        is_certain: dialogue::is_certain(report, rounds),
        json: serde_json::to_string(report)?,
    })
}
