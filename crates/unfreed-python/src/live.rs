//! Questions to the heap of this process, called from `unfreed._live`. Objects come as `id()`s, so that asking
//! holds nothing, and go back by being appended to a list.

use crate::facts;
use pyo3::exceptions::{PyLookupError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use unfreed_agent::SharedBuffer;
use unfreed_cli::live::{self, Collector, Contents, Live};
use unfreed_recording::process::ProcessInfo;

fn refused(error: impl Display) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

/// This process, with the folders that say whose code is whose.
fn process(py: Python<'_>, folders: &Folders) -> ProcessInfo {
    ProcessInfo {
        stdlib_paths: folders.stdlib.clone(),
        site_paths: folders.site.clone(),
        ..facts::gather(py)
    }
}

/// Where code lies: unfreed's own, the standard library, what was installed.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Folders {
    own: String,
    stdlib: Vec<String>,
    site: Vec<String>,
}

/// Buffers of objects that no walk can see: `id()`, address and bytes of each.
pub type Buffers = Vec<(usize, usize, u64)>;

/// The same for the agent.
pub fn shared(buffers: &Buffers) -> Vec<SharedBuffer> {
    let told = |&(object, address, bytes): &(usize, usize, u64)| SharedBuffer {
        object,
        address,
        bytes,
    };
    buffers.iter().map(told).collect()
}

/// The nodes of objects; an error for an address at which there is no object of this heap.
fn nodes(seen: &unfreed_agent::Seen<'_>, ids: &[usize]) -> PyResult<Vec<u32>> {
    let node = |&id: &usize| {
        let missing = || PyLookupError::new_err("the heap has no object with this id");
        seen.node(id).ok_or_else(missing)
    };
    ids.iter().map(node).collect()
}

/// Answers a question about the objects with these ids: as text and as JSON.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _ask(
    py: Python<'_>,
    question: &str,
    ids: Vec<usize>,
    most: usize,
    width: usize,
    folders: Folders,
    buffers: Buffers,
) -> PyResult<(String, String)> {
    let process = process(py, &folders);
    unfreed_agent::with_heap(&folders.own, &ids, &shared(&buffers), |seen| {
        let mut live = Live::new(&seen.snapshot, &process).map_err(refused)?;
        match question {
            "cycles" | "garbage" => live = live.with_collector(collector(seen)),
            "waste" => live = live.with_contents(contents(seen)),
            _ => {}
        }
        let said = live
            .answer(question, nodes(seen, &ids)?, most, width)
            .map_err(refused)?;
        Ok((said.text, said.json))
    })
    .map_err(refused)?
}

/// The collector of this process, for why it does not free what waits for it.
fn collector(seen: &unfreed_agent::Seen<'_>) -> Collector {
    let state = seen.collector();
    Collector {
        enabled: Some(state.enabled),
        young: Some((state.count, state.threshold)),
        lists: state.lists,
        unseen: state.unseen,
        uncleared: state.uncleared,
        ..Collector::default()
    }
}

fn contents(seen: &unfreed_agent::Seen<'_>) -> Contents {
    let found = seen.contents();
    Contents {
        equal: found.equal,
        spare: found.spare,
    }
}

/// Objects and bytes of each type of the whole heap, by the type's full name.
#[pyfunction]
pub fn _counts(own_folder: &str, buffers: Buffers) -> PyResult<BTreeMap<String, (u64, u64)>> {
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for counted in unfreed_agent::counts(own_folder, &shared(&buffers)).map_err(refused)? {
        let sum = counts.entry(live::full_name(&counted.type_)).or_default();
        *sum = (sum.0 + counted.objects, sum.1.saturating_add(counted.bytes));
    }
    Ok(counts)
}

/// Who refers to the objects (`to`) or what they refer to: appends the objects at the other ends to `found` and
/// returns what the references are called. References from what is no object are left out.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _references(
    py: Python<'_>,
    ids: Vec<usize>,
    to: bool,
    found: &Bound<'_, PyList>,
    folders: Folders,
) -> PyResult<Vec<String>> {
    let process = process(py, &folders);
    unfreed_agent::with_heap(&folders.own, &ids, &[], |seen| {
        let live = Live::new(&seen.snapshot, &process).map_err(refused)?;
        let nodes = nodes(seen, &ids)?;
        let references = if to {
            live.references_to(&nodes)
        } else {
            live.references_from(&nodes)
        };
        let list = found.as_ptr() as usize;
        let is_other = |node| seen.address(node) != Some(list);
        let given = references
            .into_iter()
            .filter(|reference| is_other(reference.node) && seen.append(reference.node, list));
        Ok(given.map(|reference| reference.by).collect())
    })
    .map_err(refused)?
}

/// Who holds an object, as JSON of the form of a finding's `held_by`.
#[pyfunction]
pub fn _held_by(py: Python<'_>, id: usize, folders: Folders) -> PyResult<String> {
    let process = process(py, &folders);
    unfreed_agent::with_heap(&folders.own, &[id], &[], |seen| {
        let live = Live::new(&seen.snapshot, &process).map_err(refused)?;
        live.held_by(nodes(seen, &[id])?[0]).map_err(refused)
    })
    .map_err(refused)?
}

/// The path to each object; empty for one that nothing reaches.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _places(py: Python<'_>, ids: Vec<usize>, folders: Folders) -> PyResult<Vec<String>> {
    let process = process(py, &folders);
    unfreed_agent::with_heap(&folders.own, &ids, &[], |seen| {
        let live = Live::new(&seen.snapshot, &process).map_err(refused)?;
        Ok(live.places(&nodes(seen, &ids)?))
    })
    .map_err(refused)?
}

/// The path from a named root to an object: appends its objects to `found`, `None` for what is no object (a running
/// frame), and returns the root's name and what the references are called. `None` when nothing reaches it.
#[pyfunction]
pub fn _chain(
    py: Python<'_>,
    id: usize,
    found: &Bound<'_, PyList>,
    folders: Folders,
) -> PyResult<Option<(String, Vec<String>)>> {
    let process = process(py, &folders);
    let chain = unfreed_agent::with_heap(&folders.own, &[id], &[], |seen| {
        let live = Live::new(&seen.snapshot, &process).map_err(refused)?;
        let node = nodes(seen, &[id])?[0];
        let Some((root, first, steps)) = live.chain(node) else {
            return Ok(None);
        };
        let list = found.as_ptr() as usize;
        let path = std::iter::once(first).chain(steps.iter().map(|step| step.node));
        for node in path {
            if !seen.append(node, list) {
                found.append(py.None())?;
            }
        }
        let names = steps.into_iter().map(|step| step.by).collect();
        Ok::<_, PyErr>(Some((root, names)))
    });
    chain.map_err(refused)?
}

/// Appends every object of the heap to `found`: those that the collector tracks, and all that they lead to.
#[pyfunction]
pub fn _all_objects(found: &Bound<'_, PyList>, own_folder: &str) -> PyResult<()> {
    unfreed_agent::with_heap(own_folder, &[], &[], |seen| {
        let list = found.as_ptr() as usize;
        for node in 0..seen.snapshot.node_types.len() as u32 {
            if seen.address(node) != Some(list) {
                seen.append(node, list);
            }
        }
    })
    .map_err(refused)
}

/// Appends the objects of some types, given by their `id()`s, to `found`: those of the whole heap, or those that the
/// objects with the ids lead to.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _instances(
    found: &Bound<'_, PyList>,
    types: Vec<usize>,
    ids: Option<Vec<usize>>,
    through_definitions: bool,
    own_folder: &str,
) -> PyResult<()> {
    let list = found.as_ptr() as usize;
    let gather = |seen: &unfreed_agent::Seen<'_>| {
        for node in seen.of_types(&types) {
            seen.append(node, list);
        }
    };
    match ids {
        Some(ids) => unfreed_agent::with_objects(&ids, through_definitions, &[], gather),
        None => unfreed_agent::with_heap(own_folder, &[], &[], gather),
    }
    .map_err(refused)
}

/// Bytes of each object by itself, and bytes and number of all that they lead to, each counted once.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _sizes(
    ids: Vec<usize>,
    through_definitions: bool,
    buffers: Buffers,
) -> PyResult<(Vec<u64>, u64, u64)> {
    let sizes =
        unfreed_agent::sizes(&ids, through_definitions, &shared(&buffers)).map_err(refused)?;
    Ok((sizes.own, sizes.all, sizes.objects))
}

/// What changed between two snapshots in files: as text and as JSON.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _difference(
    py: Python<'_>,
    before: PathBuf,
    after: PathBuf,
    by: String,
    most: usize,
    width: usize,
) -> PyResult<(String, String)> {
    let said = py.detach(|| live::difference(&before, &after, &by, most, width));
    let said = said.map_err(PyValueError::new_err)?;
    Ok((said.text, said.json))
}

/// What was remembered under this name, if anything; `value` is from now on. It is kept outside of Python's heap,
/// so that a look at the heap does not find the look before.
#[pyfunction]
pub fn _remember<'py>(py: Python<'py>, name: String, value: &[u8]) -> Option<Bound<'py, PyBytes>> {
    static REMEMBERED: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let mut remembered = REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    let before = remembered.insert(name, value.to_vec());
    before.map(|before| PyBytes::new(py, &before))
}

/// What objects consist of, as JSON.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _composition(
    ids: Vec<usize>,
    through_definitions: bool,
    depth: usize,
    most: usize,
    buffers: Buffers,
) -> PyResult<String> {
    unfreed_agent::with_objects(&ids, through_definitions, &shared(&buffers), |seen| {
        let nodes = nodes(seen, &ids)?;
        live::composition(&seen.snapshot, &nodes, depth, most).map_err(refused)
    })
    .map_err(refused)?
}

/// A picture of what is around objects: `referrers`, `referents` or `both`, as `svg`, `png` or `dot`.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "PyO3 hands arguments over by value, each by itself"
)]
pub fn _draw<'py>(
    py: Python<'py>,
    ids: Vec<usize>,
    direction: &str,
    depth: usize,
    most: usize,
    form: &str,
    folders: Folders,
    buffers: Buffers,
) -> PyResult<Bound<'py, PyBytes>> {
    let process = process(py, &folders);
    let drawn = unfreed_agent::with_heap(&folders.own, &ids, &shared(&buffers), |seen| {
        let live = Live::new(&seen.snapshot, &process).map_err(refused)?;
        live.picture(nodes(seen, &ids)?, direction, depth, most, form)
            .map_err(refused)
    });
    Ok(PyBytes::new(py, &drawn.map_err(refused)??))
}

/// Has malloc give free memory back to the system. Whether the C library can.
#[pyfunction]
pub fn _trim(py: Python<'_>) -> bool {
    py.detach(unfreed_sys::malloc::trim)
}
