//! What an object consists of: the tree of what hangs on it alone, part by part, inside a snapshot of what it
//! leads to. A part that two others share hangs on what leads to both.

use crate::heap::Heap;
use crate::paths::reference;
use serde::Serialize;
use unfreed_graph::{DominatorTree, dominators};
use unfreed_recording::snapshot::{Label, NodeIndex, Snapshot};

/// A part, and its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What the reference to it is called: `.rows`, `[0]`; `shared` where several lead to it; empty for the whole.
    pub by: String,
    /// Full type name.
    pub type_name: String,
    /// Its own bytes.
    pub own: u64,
    /// Bytes with all that hangs on it.
    pub bytes: u64,
    /// Objects that these are.
    pub objects: u64,
    /// Its parts, the largest first.
    pub parts: Vec<Part>,
    /// Parts that are not listed: how many, and their bytes.
    pub left_out: (u64, u64),
}

/// What the objects at `roots` consist of, `depth` levels deep and at most `most` parts on each.
///
/// # Errors
/// A sentence, when the snapshot's columns do not fit each other.
pub fn composition(
    snapshot: &Snapshot,
    roots: &[NodeIndex],
    depth: usize,
    most: usize,
) -> Result<Vec<Part>, String> {
    let heap = Heap::new(snapshot)?;
    let dominators = dominators(heap.graph, roots.iter().copied());
    let ones = vec![1; heap.graph.node_count()];
    let told = Told {
        bytes: dominators.retained(&snapshot.node_sizes),
        objects: dominators.retained(&ones),
        tree: dominators.children(),
        heap,
        most,
    };
    Ok(roots
        .iter()
        .map(|&root| told.part(None, root, depth))
        .collect())
}

struct Told<'a> {
    heap: Heap<'a>,
    bytes: Vec<u64>,
    objects: Vec<u64>,
    tree: DominatorTree,
    most: usize,
}

impl Told<'_> {
    /// Recurses `depth` times, which the caller chose.
    fn part(&self, above: Option<NodeIndex>, node: NodeIndex, depth: usize) -> Part {
        let of = |column: &[u64]| column.get(node as usize).copied().unwrap_or(0);
        let size = |&node: &NodeIndex| self.bytes.get(node as usize).copied().unwrap_or(0);
        let parts = self.tree.children(node).iter().copied();
        let mut below: Vec<NodeIndex> = parts.filter(|node| size(node) > 0).collect();
        below.sort_by_key(|node| (std::cmp::Reverse(size(node)), *node));
        let shown = if depth == 0 {
            0
        } else {
            below.len().min(self.most)
        };
        let rest = &below[shown..];
        Part {
            by: above.map_or_else(String::new, |above| self.by(above, node)),
            type_name: self.heap.type_name(node),
            own: self.heap.size(node),
            bytes: of(&self.bytes),
            objects: of(&self.objects),
            parts: below[..shown]
                .iter()
                .map(|&part| self.part(Some(node), part, depth - 1))
                .collect(),
            left_out: (rest.len() as u64, rest.iter().map(size).sum()),
        }
    }

    /// What the reference from `above` is called, also through its namespace.
    fn by(&self, above: NodeIndex, node: NodeIndex) -> String {
        let direct = self
            .heap
            .graph
            .edges(above)
            .find(|edge| edge.target == node);
        match direct {
            // A path passes these over; here the parts stand below each other.
            Some(edge) => match self.heap.label(edge.index) {
                Label::Namespace => ".__dict__".to_owned(),
                Label::Internal(text) => format!(".{}", self.heap.text(text)),
                _ => reference(&self.heap, edge, false),
            },
            None => "shared".to_owned(),
        }
    }
}
