//! References that no object of a snapshot accounts for, counted by type: what an audit of reference
//! counts over time is made of. The count of one snapshot says little (C code may hold what it
//! likes); its growth does.

use crate::heap::{Heap, full_name};
use crate::seeded::Map;
use unfreed_recording::snapshot::{Label, NodeIndex, TypeInfo};

/// References that nobody holds, of one snapshot.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// By the full name of the type referred to.
    pub by_type: Map<String, Unexplained>,
    /// Objects that may hold references which the snapshot does not show, by the name of their type.
    pub opaque: Map<String, u64>,
}

/// References to the objects of one type that nobody is seen to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unexplained {
    /// More than are seen.
    pub more: u64,
    /// Fewer than are seen: given back too often.
    pub fewer: u64,
    /// All objects of the type.
    pub objects: u64,
    /// The object with the most.
    pub most: Option<NodeIndex>,
}

/// Counts them.
#[must_use]
pub fn census(heap: &Heap<'_>, in_degrees: &[u32]) -> References {
    let types = &heap.snapshot.types;
    let mut sums = vec![(Unexplained::default(), 0_i64); types.len()];
    let mut opaque = vec![0_u64; types.len()];
    for node in 0..heap.graph.node_count() as NodeIndex {
        let index = heap.snapshot.node_types[node as usize] as usize;
        let (Some((sum, best)), Some(seen)) = (sums.get_mut(index), in_degrees.get(node as usize))
        else {
            continue;
        };
        sum.objects += 1;
        if let Some(excess) = heap.excess(node, *seen) {
            if excess > 0 {
                sum.more = sum.more.saturating_add(excess.unsigned_abs());
            } else {
                sum.fewer = sum.fewer.saturating_add(excess.unsigned_abs());
            }
            if excess.abs() > *best {
                (*best, sum.most) = (excess.abs(), Some(node));
            }
        }
        if types.get(index).is_some_and(|info| !is_transparent(info)) && is_closed(heap, node) {
            opaque[index] += 1;
        }
    }
    let mut found = References::default();
    for (index, info) in types.iter().enumerate() {
        let (sum, _) = sums[index];
        if sum.more > 0 || sum.fewer > 0 {
            let slot = found.by_type.entry(full_name(info)).or_default();
            slot.more = slot.more.saturating_add(sum.more);
            slot.fewer = slot.fewer.saturating_add(sum.fewer);
            slot.objects = slot.objects.saturating_add(sum.objects);
            slot.most = slot.most.or(sum.most);
        }
        if opaque[index] > 0 {
            *found.opaque.entry(full_name(info)).or_default() += opaque[index];
        }
    }
    found
}

/// Builtin values hold nothing but themselves.
fn is_transparent(info: &TypeInfo) -> bool {
    const VALUES: [&str; 20] = [
        "str",
        "bytes",
        "int",
        "float",
        "bool",
        "complex",
        "NoneType",
        "tuple",
        "list",
        "dict",
        "set",
        "frozenset",
        "bytearray",
        "object",
        "code",
        "function",
        "frame",
        "cell",
        "weakref",
        "ReferenceType",
    ];
    info.module == "builtins" && VALUES.contains(&info.name.as_str())
}

/// Whether an object shows no reference but the one to its class.
fn is_closed(heap: &Heap<'_>, node: NodeIndex) -> bool {
    let mut edges = heap.graph.edges(node);
    edges.all(|edge| heap.label(edge.index) == Label::Class)
}
