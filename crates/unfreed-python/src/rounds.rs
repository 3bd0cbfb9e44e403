//! Rounds of calls: called from `unfreed._check` in a program of its own, and from `unfreed._recorded`
//! in a process that records a part of itself.

use crate::facts;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::fmt::Display;
use std::path::PathBuf;
use unfreed_agent::Settings;
use unfreed_recording::counters::{StartedAt, StartedFrame};
use unfreed_sys::malloc;

/// From here on every block is followed.
#[pyfunction]
pub fn _begin_rounds() -> PyResult<()> {
    unfreed_agent::begin_rounds().map_err(refused)
}

/// Takes a snapshot of the round, garbage included.
#[pyfunction]
pub fn _look() -> PyResult<()> {
    unfreed_agent::look().map_err(refused)
}

/// Reads the counters and ends the round: `calls` so far.
#[pyfunction]
pub fn _end_round(calls: u64, collector_enabled: bool) -> PyResult<()> {
    unfreed_agent::end_round(calls, collector_enabled).map_err(refused)
}

/// Writes where so many calls started what outlives them: its name, how many, and the stack, each frame with file,
/// function, line and its text.
#[pyfunction]
pub fn _write_started(
    what: String,
    calls: u64,
    places: Vec<(String, u32, Vec<Line>)>,
) -> PyResult<()> {
    let places = places
        .into_iter()
        .map(|(name, count, frames)| StartedAt {
            name,
            count,
            frames: frames.into_iter().map(frame).collect(),
        })
        .collect();
    unfreed_agent::write_started(what, calls, places).map_err(refused)
}

type Line = (String, String, u32, String);

fn frame((file, function, line, source): Line) -> StartedFrame {
    StartedFrame {
        file,
        function,
        line,
        source,
    }
}

/// Starts a recording by rounds of this process at `path`; `called` is what the report calls it.
#[pyfunction]
pub fn _start_rounds(
    py: Python<'_>,
    path: PathBuf,
    called: String,
    stdlib_paths: Vec<String>,
    site_paths: Vec<String>,
) -> PyResult<()> {
    let mut process = facts::gather(py);
    process.argv = vec![called];
    process.stdlib_paths = stdlib_paths;
    process.site_paths = site_paths;
    let settings = Settings {
        recording: path,
        process,
        at_once: true,
        by_rounds: true,
        every_block: true,
        natives: true,
        watched: Vec::new(),
        forks: false,
    };
    unfreed_agent::start(settings).map_err(refused)
}

/// Ends that recording in order; another may follow.
#[pyfunction]
pub fn _stop_rounds() {
    unfreed_agent::stop();
}

/// Judges a recording of so many rounds: the report as JSON, each finding as text, and whether more
/// rounds would say the same.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _judge_rounds(
    py: Python<'_>,
    path: PathBuf,
    rounds: u32,
    width: u16,
) -> PyResult<(String, Vec<String>, bool)> {
    let judged = py.detach(|| unfreed_cli::in_process::judge(&path, rounds, width));
    let verdict = judged.map_err(refused)?;
    Ok((verdict.json, verdict.findings, verdict.is_certain))
}

/// Bytes in blocks of malloc that nobody has freed; `None` where the C library does not say.
#[pyfunction]
pub fn _malloc_in_use() -> Option<u64> {
    malloc::figures().map(|figures| figures.used)
}

fn refused(error: impl Display) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
