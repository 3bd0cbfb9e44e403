//! Drawings that Python code describes, called from `unfreed._drawings`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use unfreed_cli::drawings;

/// A graph, as JSON, laid out and drawn as `svg` or `png`.
#[pyfunction]
pub fn _draw_graph<'py>(
    py: Python<'py>,
    document: &str,
    form: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    drawn(py, || drawings::graph(document, form))
}

/// Shapes, as JSON, drawn as `svg` or `png`.
#[pyfunction]
pub fn _draw_shapes<'py>(
    py: Python<'py>,
    document: &str,
    form: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    drawn(py, || drawings::shapes(document, form))
}

fn drawn(
    py: Python<'_>,
    draw: impl Send + FnOnce() -> Result<Vec<u8>, String>,
) -> PyResult<Bound<'_, PyBytes>> {
    let file = py.detach(draw).map_err(PyValueError::new_err)?;
    Ok(PyBytes::new(py, &file))
}
