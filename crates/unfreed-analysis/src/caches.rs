//! `functools.lru_cache`: whether a cache has a bound, read from the heap. The wrapper keeps its
//! parameters in the closure of the function in `__dict__['cache_parameters']` (Python 3.9 on).

use crate::heap::Heap;
use crate::paths::LRU_WRAPPER;
use unfreed_graph::{Explorer, NO_NODE};
use unfreed_recording::snapshot::{Label, NodeIndex};

/// What is known of a cache's bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `maxsize=None`.
    Unbounded,
    /// It has a `maxsize`; the number, where the recording has it.
    Bounded(Option<u64>),
    /// Not found.
    Unknown,
}

/// The cache wrapper that holds an object, if one does.
#[must_use]
pub fn wrapper_above(
    heap: &Heap<'_>,
    paths: &Explorer<'_>,
    object: NodeIndex,
) -> Option<NodeIndex> {
    let mut at = object;
    while at != NO_NODE {
        if heap.type_name(at) == LRU_WRAPPER {
            return Some(at);
        }
        at = paths.parent(at);
    }
    None
}

/// The bound of a cache.
#[must_use]
pub fn bound(heap: &Heap<'_>, wrapper: NodeIndex) -> Bound {
    let Some(maxsize) = maxsize(heap, wrapper) else {
        return Bound::Unknown;
    };
    match heap.type_name(maxsize).as_str() {
        "NoneType" => Bound::Unbounded,
        "int" => Bound::Bounded(heap.node_text(maxsize).and_then(|text| text.parse().ok())),
        _ => Bound::Unknown,
    }
}

fn maxsize(heap: &Heap<'_>, wrapper: NodeIndex) -> Option<NodeIndex> {
    let parameters = heap.attribute(wrapper, "cache_parameters")?;
    let cell = by_cell(heap, parameters, "maxsize").or_else(|| {
        let closure = heap.labelled(parameters, |label| internal(heap, label, "__closure__"))?;
        by_cell(heap, closure, "maxsize")
    })?;
    if heap.type_name(cell) != "cell" {
        return Some(cell);
    }
    heap.graph.targets_of(cell).first().copied()
}

fn by_cell(heap: &Heap<'_>, owner: NodeIndex, variable: &str) -> Option<NodeIndex> {
    heap.labelled(
        owner,
        |label| matches!(label, Label::Cell(text) if heap.text(text) == variable),
    )
}

fn internal(heap: &Heap<'_>, label: Label, name: &str) -> bool {
    matches!(label, Label::Internal(text) if heap.text(text) == name)
}
