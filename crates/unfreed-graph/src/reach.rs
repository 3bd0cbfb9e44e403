//! Reachability: what can be reached from some nodes when others are walls.

use crate::csr::{Csr, Edge};
use crate::nodes::NodeSet;

/// Everything that `roots` reach over the edges that `follow` allows. The roots are part of it,
/// walls are not, nor what only they lead to.
pub fn reach(
    graph: Csr<'_>,
    roots: impl IntoIterator<Item = u32>,
    walls: &NodeSet,
    follow: impl FnMut(Edge) -> bool,
) -> NodeSet {
    let mut reached = NodeSet::new(graph.node_count());
    spread(graph, roots, walls, &mut reached, follow);
    reached
}

/// Adds to `reached` what `roots` lead to and it does not hold yet; gives the new nodes in the
/// order of the visit. To call it again and again with one set shares the work among root sets:
/// whoever comes first owns the node.
pub fn spread(
    graph: Csr<'_>,
    roots: impl IntoIterator<Item = u32>,
    walls: &NodeSet,
    reached: &mut NodeSet,
    mut follow: impl FnMut(Edge) -> bool,
) -> Vec<u32> {
    let mut found = Vec::new();
    for root in roots {
        if (root as usize) < graph.node_count() && !walls.contains(root) && reached.insert(root) {
            found.push(root);
        }
    }
    let mut next = 0;
    while let Some(&node) = found.get(next) {
        next += 1;
        for edge in graph.edges(node) {
            if !walls.contains(edge.target) && follow(edge) && reached.insert(edge.target) {
                found.push(edge.target);
            }
        }
    }
    found
}
