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
    let drawn = py.detach(|| drawings::graph(document, form));
    Ok(PyBytes::new(py, &drawn.map_err(PyValueError::new_err)?))
}

/// Shapes, as JSON, drawn as `svg` or `png`.
#[pyfunction]
pub fn _draw_shapes<'py>(
    py: Python<'py>,
    document: &str,
    form: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let drawn = py.detach(|| drawings::shapes(document, form));
    Ok(PyBytes::new(py, &drawn.map_err(PyValueError::new_err)?))
}
