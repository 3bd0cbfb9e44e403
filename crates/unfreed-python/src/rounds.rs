//! Rounds of calls, called from `unfreed._check`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use unfreed_agent::RoundError;

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

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err hands it over by value"
)]
fn refused(error: RoundError) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
