//! What keeps memory in one snapshot: the roots that count for it, the dominators below them with retained sizes, and where
//! in that tree memory comes together. Knows no question and no report.

use crate::heap::Heap;
use crate::survey::is_held_outside;
use unfreed_graph::{DominatorTree, Dominators, dominators};
use unfreed_recording::snapshot::{NodeIndex, RootKind};

/// A child with this part of its parent is where the memory goes.
const DROP: f64 = 0.7;
/// Most steps down to an accumulation point.
const DEEPEST: usize = 1000;

/// Dominators of a snapshot.
#[derive(Debug)]
pub struct Retained {
    /// Who dominates whom.
    pub dominators: Dominators,
    bytes: Vec<u64>,
}

impl Retained {
    /// One dominator pass over the graph.
    #[must_use]
    pub fn new(heap: &Heap<'_>, in_degrees: &[u32]) -> Self {
        let dominators = dominators(heap.graph, roots(heap, in_degrees));
        let bytes = dominators.retained(&heap.snapshot.node_sizes);
        Self { dominators, bytes }
    }

    /// Bytes that would be freed with a node: its own and all it dominates.
    #[must_use]
    pub fn of(&self, node: NodeIndex) -> u64 {
        self.bytes.get(node as usize).copied().unwrap_or(0)
    }

    /// Where the memory of a branch comes together: down from its top as long as one child has nearly all of it. The
    /// accumulation point of Eclipse MAT's leak suspects.
    #[must_use]
    pub fn accumulation_point(&self, tree: &DominatorTree, top: NodeIndex) -> NodeIndex {
        let mut at = top;
        for _ in 0..DEEPEST {
            let children = tree.children(at).iter().copied();
            match children.max_by_key(|&child| self.of(child)) {
                Some(child) if self.of(child) as f64 >= DROP * self.of(at) as f64 => at = child,
                _ => break,
            }
        }
        at
    }
}

/// Named roots, and what something outside the snapshot holds.
pub fn roots<'r>(
    heap: &'r Heap<'_>,
    in_degrees: &'r [u32],
) -> impl Iterator<Item = NodeIndex> + 'r {
    let nodes = 0..heap.graph.node_count() as NodeIndex;
    let outside = nodes.filter(move |&node| is_held_outside(heap, node, in_degrees));
    // Classes are in cycles of their own and often listed as roots: only references count.
    let named = heap.snapshot.roots.iter();
    let named = named.filter(|root| root.kind != RootKind::Type);
    outside.chain(named.map(|root| root.node))
}
