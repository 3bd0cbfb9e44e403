//! One snapshot on demand, called from `unfreed.snapshot`.

use crate::facts;
use crate::live::{Buffers, shared};
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use std::path::PathBuf;
use unfreed_agent::{Manner, SnapshotError};

/// Objects, references, bytes and seconds of a snapshot, and why it was taken in place though a copy was asked for.
type Told = (u64, u64, u64, f64, Option<String>);

/// Writes a snapshot of this process to `path`.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _snapshot(
    py: Python<'_>,
    path: PathBuf,
    stdlib_paths: Vec<String>,
    site_paths: Vec<String>,
    own_folder: &str,
    fork: bool,
    buffers: Buffers,
) -> PyResult<Told> {
    let mut process = facts::gather(py);
    process.stdlib_paths = stdlib_paths;
    process.site_paths = site_paths;
    let manner = if fork {
        Manner::Forked
    } else {
        Manner::InPlace
    };
    let taken = unfreed_agent::snapshot(&path, &process, own_folder, manner, &shared(&buffers))
        .map_err(|error| match &error {
            SnapshotError::Output { .. } | SnapshotError::Cut(_) => {
                PyOSError::new_err(error.to_string())
            }
            _ => PyRuntimeError::new_err(error.to_string()),
        })?;
    let seconds = taken.pause.as_secs_f64();
    Ok((
        taken.objects,
        taken.references,
        taken.bytes,
        seconds,
        taken.not_forked,
    ))
}
