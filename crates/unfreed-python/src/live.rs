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
use unfreed_cli::live::{self, Contents, Lines, Live, Sums};
use unfreed_recording::ids::StackId;
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

impl Folders {
    fn borrowed(&self) -> unfreed_agent::Folders<'_> {
        unfreed_agent::Folders {
            own: &self.own,
            stdlib: &self.stdlib,
            site: &self.site,
        }
    }
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
    if question == "census site" {
        let asked = |seen: &unfreed_agent::Seen<'_>, origins: &unfreed_agent::Origins| {
            let live = Live::new(&seen.snapshot, &process)?;
            let lines = Lines::new(&origins.stacks);
            live.sites(&lines, origins.every_block, most, width)
        };
        let said = followed(unfreed_agent::with_origins(
            folders.borrowed(),
            &shared(&buffers),
            asked,
        ))?;
        return Ok((said.text, said.json));
    }
    unfreed_agent::with_heap(&folders.own, &ids, &shared(&buffers), |seen| {
        let mut live = Live::new(&seen.snapshot, &process).map_err(refused)?;
        match question {
            "cycles" | "garbage" => live = live.with_collector(seen.collector().into()),
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

/// An answer that needs the lines that allocate; an error where these are not followed.
fn followed<T>(
    answered: Result<Option<Result<T, String>>, unfreed_agent::SnapshotError>,
) -> PyResult<T> {
    let answer = answered.map_err(refused)?;
    answer
        .ok_or_else(|| refused("no allocations are followed"))?
        .map_err(refused)
}

/// Whether allocations of this process are followed.
#[pyfunction]
pub fn _is_followed() -> bool {
    unfreed_agent::is_followed()
}

/// Objects and bytes of each `module`, `root`, `path` or `site`, without what is unfreed's own.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _grouped(py: Python<'_>, by: &str, folders: Folders, buffers: Buffers) -> PyResult<Sums> {
    let process = process(py, &folders);
    if by == "site" {
        let asked = |seen: &unfreed_agent::Seen<'_>, origins: &unfreed_agent::Origins| {
            let live = Live::new(&seen.snapshot, &process)?;
            Ok(live.grouped_by_site(&Lines::new(&origins.stacks)))
        };
        return followed(unfreed_agent::with_origins(
            folders.borrowed(),
            &shared(&buffers),
            asked,
        ));
    }
    unfreed_agent::with_heap(&folders.own, &[], &shared(&buffers), |seen| {
        let live = Live::new(&seen.snapshot, &process).map_err(refused)?;
        live.grouped(by).map_err(refused)
    })
    .map_err(refused)?
}

/// File, line and function of each call, innermost first.
type Stack = Vec<(String, u32, String)>;

/// The stacks that made the objects with these ids, and those that opened these descriptors; empty where that is not known.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _origins(
    ids: Vec<usize>,
    descriptors: Vec<i32>,
    folders: Folders,
) -> (Vec<Stack>, Vec<Stack>) {
    let named = |found: Option<(unfreed_agent::Origins, Vec<StackId>)>, count| {
        let Some((origins, stacks)) = found else {
            return vec![Stack::new(); count];
        };
        let lines = Lines::new(&origins.stacks);
        let frames = |stack| lines.frames(stack).into_iter();
        let stacks = stacks.into_iter();
        let told = stacks.map(|stack| {
            let told = frames(stack).map(|frame| (frame.file, frame.line, frame.function));
            told.collect()
        });
        told.collect()
    };
    (
        named(
            unfreed_agent::of_objects(&ids, folders.borrowed()),
            ids.len(),
        ),
        named(
            unfreed_agent::of_descriptors(&descriptors, folders.borrowed()),
            descriptors.len(),
        ),
    )
}

fn contents(seen: &unfreed_agent::Seen<'_>) -> Contents {
    let found = seen.contents();
    Contents {
        equal: found.equal,
        spare: found.spare,
    }
}

/// Objects and bytes of each type of the whole heap, by the type's full name, without what is unfreed's own.
#[pyfunction]
pub fn _counts(own_folder: &str, buffers: Buffers) -> PyResult<Sums> {
    let mut counts = Sums::new();
    for counted in unfreed_agent::counts(own_folder, &shared(&buffers)).map_err(refused)? {
        let sum = counts.entry(live::full_name(&counted.type_)).or_default();
        *sum = (sum.0 + counted.objects, sum.1.saturating_add(counted.bytes));
    }
    let own =
        unfreed_agent::with_instances("unfreed", |seen| live::held_by_unfreed(&seen.snapshot));
    for (name, (objects, bytes)) in own.map_err(refused)? {
        if let Some(sum) = counts.get_mut(&name) {
            *sum = (sum.0.saturating_sub(objects), sum.1.saturating_sub(bytes));
        }
    }
    counts.retain(|_, &mut (objects, _)| objects > 0);
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

/// Ids of the objects that a frame of this thread owns, the `skipped` innermost passed over: those of its variables and
/// of the lowest `depth` slots of its value stack. Appends those of the `types`, given by their ids, to `found`, each once.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]
pub fn _owned_slots(
    skipped: usize,
    depth: usize,
    types: Vec<usize>,
    found: &Bound<'_, PyList>,
) -> PyResult<Vec<usize>> {
    let list = found.as_ptr() as usize;
    unfreed_agent::owned_slots(skipped, depth, &types, list).map_err(refused)
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
