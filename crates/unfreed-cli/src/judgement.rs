//! From a recording on disk to a report: the one place where commands meet the analysis.

use crate::messages::reason;
use crate::naming;
use crate::progress;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;
use unfreed_analysis::break_down;
use unfreed_analysis::breakdown::By;
use unfreed_analysis::findings::{Report, Severity};
use unfreed_analysis::questions::allocations;
use unfreed_recording::{ReadError, Recording};

/// A recording that was judged.
pub struct Judged {
    /// Where the recording is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// How its process came to be recorded.
    pub origin: unfreed_recording::process::Origin,
    /// Process id of its parent.
    pub parent_pid: u32,
    /// Its working folder.
    pub folder: String,
    /// Wall-clock start of the process, nanoseconds since the Unix epoch.
    pub started_unix_ns: u64,
    /// What is wrong with the end of the file, if something is.
    pub damage: Option<String>,
    /// What the analysis says.
    pub report: Report,
}

/// Why a recording could not be judged.
#[derive(Debug, Error)]
pub enum Unjudged {
    /// The file cannot be read.
    #[error("cannot read {}: {}", path.display(), reason(source))]
    File {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is no recording, or no whole one.
    #[error("cannot use {}: {source}", path.display())]
    Recording {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: ReadError,
    },
}

/// Reads and judges the recording at `path`.
pub fn judge(path: &Path) -> Result<Judged, Unjudged> {
    judge_as_asked(path, &[], &[])
}

/// The same, and what became of instances of classes that the recording does not name itself, and what was allocated, told
/// apart by each of `by`.
pub fn judge_as_asked(path: &Path, classes: &[String], by: &[By]) -> Result<Judged, Unjudged> {
    let what = format!("Reading {}", path.display());
    progress::during(&what, || judged(path, classes, by))
}

/// The same without a word on the terminal, which may be another program's.
pub fn judge_quietly(path: &Path) -> Result<Judged, Unjudged> {
    judged(path, &[], &[])
}

fn judged(path: &Path, classes: &[String], by: &[By]) -> Result<Judged, Unjudged> {
    let bytes = std::fs::read(path).map_err(|source| Unjudged::File {
        path: path.to_owned(),
        source,
    })?;
    let mut recording = Recording::parse(&bytes).map_err(|source| Unjudged::Recording {
        path: path.to_owned(),
        source,
    })?;
    for class in classes {
        if !recording.watched.contains(class) {
            recording.watched.push(class.clone());
        }
    }
    let process = &recording.process;
    let source = naming::named(&recording);
    let mut report = unfreed_analysis::analyse(&source);
    if !by.is_empty() {
        report.allocations = break_down(&allocations(&source), process, by);
    }
    Ok(Judged {
        path: path.to_owned(),
        bytes: bytes.len() as u64,
        origin: process.origin,
        parent_pid: process.parent_pid,
        folder: process.cwd.clone(),
        started_unix_ns: process.started_unix_ns,
        damage: recording.damage.as_ref().map(ToString::to_string),
        report,
    })
}

impl Judged {
    /// Whether it has a finding at least as bad as `severity` that nothing lets pass.
    pub fn has(&self, severity: Severity) -> bool {
        // `Leak` is the least in the order of the enum: the most important first.
        self.report
            .findings
            .iter()
            .any(|finding| finding.severity <= severity && finding.counts())
    }
}
