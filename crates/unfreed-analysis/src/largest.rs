//! What keeps most of the memory at the last look, said where there is too little evidence for more: of a program that ended
//! or ran out of memory soon, that is the answer.

use crate::paths::Chain;
use crate::study::{Latest, Study};
use crate::survey::is_held_outside;
use crate::wording::bytes;
use unfreed_graph::{DominatorTree, dominators};
use unfreed_recording::snapshot::{NodeIndex, RootKind};

/// What is worth a word: bytes, and part of the heap.
const WORTH: (u64, f64) = (8 << 20, 0.3);
/// A child with this part of its parent is where the memory goes.
const DROP: f64 = 0.7;
/// Most steps down.
const DEEPEST: usize = 1000;

/// `at the last look app.STORE kept 475 MiB of the 480 MiB of objects`.
#[must_use]
pub fn sentence(study: &Study<'_>) -> Option<String> {
    let latest = study.latest.as_ref()?;
    let (node, kept) = largest(latest)?;
    let sizes = latest.heap.snapshot.node_sizes.iter();
    let all = sizes.fold(0_u64, |sum, size| sum.saturating_add(*size));
    if kept < WORTH.0 || (kept as f64) < WORTH.1 * all as f64 {
        return None;
    }
    let shape = *latest.survey.shape_of.get(node as usize)?;
    let chain = Chain {
        heap: &latest.heap,
        survey: &latest.survey,
        forest: &study.forest,
    };
    let path = chain.held_by(node, &[], shape).path;
    (!path.is_empty()).then(|| {
        format!(
            "at the last look {path} kept {} of the {} of objects",
            bytes(kept as f64),
            bytes(all as f64)
        )
    })
}

/// The object where most memory comes together, and what would be freed with it: from the largest branch of the dominator
/// tree down, as long as one child has nearly all of it (as `questions::suspects` does).
fn largest(latest: &Latest<'_>) -> Option<(NodeIndex, u64)> {
    let heap = &latest.heap;
    let outside = (0..heap.graph.node_count() as NodeIndex)
        .filter(|&node| is_held_outside(heap, node, &latest.in_degrees));
    let roots = heap.snapshot.roots.iter();
    let named = roots.filter(|root| root.kind != RootKind::Type);
    let dominators = dominators(heap.graph, outside.chain(named.map(|root| root.node)));
    let retained = dominators.retained(&heap.snapshot.node_sizes);
    let bytes_of = |node: NodeIndex| retained.get(node as usize).copied().unwrap_or(0);
    let tree: DominatorTree = dominators.children();
    let mut at = (0..heap.graph.node_count() as NodeIndex)
        .filter(|&node| dominators.is_reached(node) && dominators.immediate(node).is_none())
        .max_by_key(|&node| bytes_of(node))?;
    for _ in 0..DEEPEST {
        let children = tree.children(at).iter().copied();
        match children.max_by_key(|&child| bytes_of(child)) {
            Some(child) if bytes_of(child) as f64 >= DROP * bytes_of(at) as f64 => at = child,
            _ => break,
        }
    }
    Some((at, bytes_of(at)))
}
