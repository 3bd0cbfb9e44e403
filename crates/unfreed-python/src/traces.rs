//! The blocks that live, for `unfreed.compat.tracemalloc`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use unfreed_agent::{StartError, Traces};

/// File and line of each call.
type Frames = Vec<(String, u32)>;

/// Begins to follow every block.
#[pyfunction]
pub fn _begin_traces() -> PyResult<()> {
    unfreed_agent::begin_traces().map_err(refused)
}

/// Ends that.
#[pyfunction]
pub fn _end_traces() {
    unfreed_agent::end_traces();
}

/// Whether it is under way.
#[pyfunction]
pub fn _is_tracing() -> bool {
    unfreed_agent::is_tracing()
}

/// Forgets all blocks up to now.
#[pyfunction]
pub fn _clear_traces() -> PyResult<()> {
    unfreed_agent::clear_traces().map_err(refused)
}

/// Bytes that live, and the most that did.
#[pyfunction]
pub fn _traced_bytes() -> (u64, u64) {
    unfreed_agent::traced_bytes()
}

/// Counts the most bytes anew.
#[pyfunction]
pub fn _reset_peak() {
    unfreed_agent::reset_peak();
}

/// Bytes of memory that the traces take.
#[pyfunction]
pub fn _trace_tables() -> usize {
    unfreed_agent::trace_tables()
}

/// All blocks that live, without those of stacks that pass through a file of `own`: files; and columns, of
/// stacks: domain, depth, frames (32 bits), bytes and blocks (64 bits); of all frames: file and line (32 bits);
/// of blocks that are alike: stack (32 bits), size and count (64 bits). Tuples would be left in a free list.
#[pyfunction]
pub fn _traces(limit: usize, own: &str) -> (Vec<String>, Vec<Vec<u8>>) {
    let Traces {
        files,
        tracebacks: stacks,
        alike,
    } = unfreed_agent::traces(limit, own);
    let frames = || stacks.iter().flat_map(|(stack, ..)| &stack.frames);
    let columns = vec![
        narrow(stacks.iter().map(|(stack, ..)| stack.domain)),
        narrow(stacks.iter().map(|(stack, ..)| stack.depth)),
        narrow(stacks.iter().map(|(stack, ..)| stack.frames.len() as u32)),
        wide(stacks.iter().map(|&(_, bytes, _)| bytes)),
        wide(stacks.iter().map(|&(.., blocks)| blocks)),
        narrow(frames().map(|&(file, _)| file)),
        narrow(frames().map(|&(_, line)| line)),
        narrow(alike.iter().map(|one| one.traceback)),
        wide(alike.iter().map(|one| one.size)),
        wide(alike.iter().map(|one| one.blocks)),
    ];
    (files, columns)
}

fn narrow(numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    numbers.flat_map(u32::to_ne_bytes).collect()
}

fn wide(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    numbers.flat_map(u64::to_ne_bytes).collect()
}

/// Size, frames and depth of the block at an address.
#[pyfunction]
pub fn _trace_at(address: usize, limit: usize) -> Option<(u64, Frames, u32)> {
    let traced = unfreed_agent::trace_at(address, limit)?;
    Some((traced.size, traced.frames, traced.depth))
}

/// Goes on in a forked child.
#[pyfunction]
pub fn _trace_child() {
    unfreed_agent::follow_child();
}

/// Calls a function while nothing that this thread allocates is followed.
#[pyfunction]
pub fn _unobserved<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    unfreed_agent::unobserved(|| function.call0())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn refused(why: StartError) -> PyErr {
    PyRuntimeError::new_err(why.to_string())
}
