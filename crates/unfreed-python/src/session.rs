//! Following every block of a part of the program: called from `unfreed._track`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use unfreed_agent::Tracked;

/// Stack, bytes and blocks allocated, bytes freed; and (epoch of birth, bytes, blocks) of what is left.
type Site = (u32, u64, u64, u64, Vec<(u32, u64, u64)>);
/// Epoch that begins; sites; code objects (id, file, function); stacks (id, parent, code, line); live and
/// peak bytes; blocks without a stack; lines (code object of the file, line, live bytes, the most since the last look).
type Look = (
    u32,
    Vec<Site>,
    Vec<(u32, String, String)>,
    Vec<(u32, u32, u32, u32)>,
    (u64, u64),
    u64,
    Vec<(u32, u32, u64, u64)>,
);

/// Begins a part; returns the epoch that it begins with. `lines`: have blocks count at the lines of their stacks, but
/// for those that code of these files allocates.
#[pyfunction]
#[pyo3(signature = (lines=None))]
#[expect(clippy::needless_pass_by_value, reason = "the shape that PyO3 takes")]
pub fn _begin_part(lines: Option<Vec<String>>) -> PyResult<Look> {
    let begun = unfreed_agent::begin_part(lines.as_deref());
    begun
        .map(told)
        .map_err(|why| PyRuntimeError::new_err(why.to_string()))
}

/// Looks at what was followed so far.
#[pyfunction]
pub fn _look_at_part() -> Option<Look> {
    unfreed_agent::look_at_part().map(told)
}

/// Ends a part.
#[pyfunction]
pub fn _end_part() -> Option<Look> {
    unfreed_agent::end_part().map(told)
}

/// Address, size and stack of each block that lives.
#[pyfunction]
pub fn _live_blocks() -> Vec<(usize, usize, u32)> {
    let blocks = unfreed_agent::live_blocks().into_iter();
    blocks
        .map(|block| (block.address, block.size, block.stack))
        .collect()
}

/// Of each object, by its address: bytes of its block, epoch of birth and stack, if it was followed from its birth.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "the shape that PyO3 takes")]
pub fn _births(objects: Vec<usize>) -> Vec<Option<(u64, u32, u32)>> {
    let births = unfreed_agent::births(&objects).into_iter();
    births
        .map(|birth| birth.map(|birth| (birth.size, birth.epoch.0, birth.stack.0)))
        .collect()
}

fn told(tracked: Tracked) -> Look {
    let sites = tracked.sites.into_iter().map(|site| {
        let left = site.survivors.iter();
        (
            site.stack.0,
            site.allocated_bytes,
            site.allocated_blocks,
            site.freed_bytes,
            left.map(|one| (one.born.0, one.bytes, one.blocks))
                .collect(),
        )
    });
    let codes = tracked.stacks.codes.into_iter();
    let nodes = tracked.stacks.nodes.into_iter();
    (
        tracked.epoch.0,
        sites.collect(),
        codes
            .map(|code| (code.id.0, code.file, code.function))
            .collect(),
        nodes
            .map(|node| (node.id.0, node.parent.0, node.code.0, node.line))
            .collect(),
        tracked.live_and_peak,
        tracked.lost,
        tracked
            .lines
            .iter()
            .map(|one| (one.code.0, one.line, one.live, one.peak))
            .collect(),
    )
}
