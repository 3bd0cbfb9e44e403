//! One snapshot of this process, now, into a recording of its own: without an agent, hooks or epochs.

use crate::output::{Failure, Output, Stamp};
use crate::thread::SNAPSHOT_BYTES;
use crate::{counters, headroom};
use std::path::Path;
use std::time::{Duration, Instant};
use unfreed_cpython::gil::Gil;
use unfreed_cpython::walk::{self, HandedOn, Names, Owned, Told, Tracked, WalkError};
use unfreed_cpython::{Runtime, Unsupported};
use unfreed_recording::ids::RunTime;
use unfreed_recording::process::{End, ProcessInfo};

/// What was taken.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Objects.
    pub objects: u64,
    /// References between them.
    pub references: u64,
    /// Bytes of the objects.
    pub bytes: u64,
    /// How long the program stood still for the walk; writing the file comes on top.
    pub pause: Duration,
}

/// Why there is no snapshot; displays as one sentence.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The interpreter is not one that unfreed can look into.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// Called without the GIL.
    #[error("a snapshot needs the GIL")]
    NoGil,
    /// The walk would need more memory than there is.
    #[error("a snapshot needs about {needed} MiB of memory for a while, and {left} MiB are left")]
    Memory {
        /// MiB.
        needed: u64,
        /// MiB.
        left: u64,
    },
    /// The walk cannot begin now.
    #[error("no snapshot now: {0}")]
    Walk(#[from] WalkError),
    /// The file cannot be made.
    #[error("cannot write {path}: {why}")]
    Output {
        /// Where it should have been.
        path: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// A part of the file cannot be written.
    #[error("{0}")]
    Cut(String),
}

impl From<Failure> for SnapshotError {
    fn from(failure: Failure) -> Self {
        Self::Cut(failure.to_string())
    }
}

/// Takes a snapshot of the whole heap and writes it to `path`, over what is there. The GIL must be
/// held; it is released while the file is written.
///
/// # Errors
/// [`SnapshotError`]; no file is left behind then, unless the disk filled up.
pub fn snapshot(path: &Path, process: &ProcessInfo) -> Result<Taken, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    let began = Instant::now();
    let tracked = Tracked::now(runtime, &gil)?;
    let needed = tracked.count().saturating_mul(SNAPSHOT_BYTES);
    let left = headroom::bytes();
    if needed > left {
        let (needed, left) = (needed >> 20, left >> 20);
        return Err(SnapshotError::Memory { needed, left });
    }
    let mut taken = walk::snapshot(
        runtime,
        &gil,
        tracked,
        &[],
        Told {
            names: Names::All,
            owned: Owned::Told,
            handed_on: HandedOn::Unnoticed,
        },
    )?;
    let pause = began.elapsed();
    taken.pause_ns = pause.as_nanos() as u64;
    gil.released(runtime, || {
        let mut output = Output::new(path);
        output.append(process, Stamp::default())?;
        output.append(
            &counters::read(runtime, RunTime(0), output.fd()),
            Stamp::default(),
        )?;
        output.append(&taken, Stamp::default())?;
        output.append(&End { at: RunTime(0) }, Stamp::default())?;
        output.open().map_err(|why| SnapshotError::Output {
            path: path.display().to_string(),
            why,
        })
    })?;
    Ok(Taken {
        objects: taken.node_types.len() as u64,
        references: taken.edge_targets.len() as u64,
        bytes: taken
            .node_sizes
            .iter()
            .fold(0, |sum, size| sum.saturating_add(*size)),
        pause,
    })
}
