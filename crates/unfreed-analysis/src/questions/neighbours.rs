//! The same as the tables of holders, by node: for a caller that has the objects themselves at hand.

use super::View;
use super::holders::by;
use crate::findings::HeldBy;
use crate::paths::Chain;
use crate::shapes::TOP;
use unfreed_graph::NodeSet;
use unfreed_recording::snapshot::NodeIndex;

/// A reference seen from one of its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The object at the other end.
    pub node: NodeIndex,
    /// What it is called in Python: `.payload`, `['f3a9']`, `[3]`.
    pub by: String,
}

/// The references to the selected objects, one for each: who holds them.
#[must_use]
pub fn references_to(view: &View<'_>, selected: &[NodeIndex]) -> Vec<Reference> {
    let mut wanted = NodeSet::new(view.heap.graph.node_count());
    for &node in selected {
        wanted.insert(node);
    }
    let mut found = Vec::new();
    for source in view.nodes() {
        for edge in view.heap.graph.edges(source) {
            if wanted.contains(edge.target) {
                let by = by(view, edge);
                found.push(Reference { node: source, by });
            }
        }
    }
    found
}

/// The references that the selected objects hold.
#[must_use]
pub fn references_from(view: &View<'_>, selected: &[NodeIndex]) -> Vec<Reference> {
    let graph = view.heap.graph;
    let edges = selected.iter().flat_map(|&node| graph.edges(node));
    edges
        .map(|edge| Reference {
            node: edge.target,
            by: by(view, edge),
        })
        .collect()
}

/// Who holds an object, as findings say it: the path, its root, its holders and what is known of them. The
/// path is empty when nothing reaches the object.
#[must_use]
pub fn held_by(view: &View<'_>, node: NodeIndex) -> HeldBy {
    if !view.survey().paths.reached(node) {
        return HeldBy::default();
    }
    let chain = Chain {
        heap: &view.heap,
        survey: view.survey(),
        forest: view.forest(),
    };
    HeldBy {
        path: view.whole_place(node),
        ..chain.held_by(node, &[], TOP)
    }
}

/// The path from a named root to an object: what the root is called, its node, and the references that
/// lead on, each with the object it leads to. `None` when nothing reaches it.
#[must_use]
pub fn chain(view: &View<'_>, node: NodeIndex) -> Option<(String, NodeIndex, Vec<Reference>)> {
    if !view.survey().paths.reached(node) {
        return None;
    }
    let edges = view.survey().paths.path(node);
    let root = edges.first().map_or(node, |edge| edge.source);
    let steps = edges.iter().map(|&edge| Reference {
        node: edge.target,
        by: by(view, edge),
    });
    Some((view.whole_place(root), root, steps.collect()))
}
