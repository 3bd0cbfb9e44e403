//! Breadth-first search by priority: shortest paths from roots, where a path through a worse root
//! or edge is only taken when no better one leads to the node.
//!
//! This is the traversal of LeakCanary's `PrioritizingShortestPathFinder` (two queues, the second
//! for references that nobody thinks of as owners), with as many queues as there are classes. A
//! node belongs to the best class that reaches it, and within the class to the shortest path; ties
//! go to the root that was added first and the edge that comes first, so the result is the same in
//! every run. Cost: O(nodes + edges), 10 bytes a node.

use crate::csr::{Csr, Edge};
use std::collections::VecDeque;

/// In a column of nodes: none.
pub const NO_NODE: u32 = u32::MAX;
/// In a column of edges: none.
pub const NO_EDGE: u32 = u32::MAX;
/// In the class column: no root reached the node.
pub const UNREACHED: u8 = u8::MAX;

/// A search that can be continued: add roots, run, add worse roots, run again.
#[derive(Debug)]
pub struct Explorer<'a> {
    graph: Csr<'a>,
    queues: Vec<VecDeque<Candidate>>,
    /// Queues of better classes than this are empty.
    best: usize,
    classes: Vec<u8>,
    promised: Vec<u8>,
    parents: Vec<u32>,
    parent_edges: Vec<u32>,
    order: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    node: u32,
    parent: u32,
    edge: u32,
}

impl<'a> Explorer<'a> {
    /// A search that has seen nothing yet.
    #[must_use]
    pub fn new(graph: Csr<'a>) -> Self {
        let nodes = graph.node_count();
        Self {
            graph,
            queues: Vec::new(),
            best: 0,
            classes: vec![UNREACHED; nodes],
            promised: vec![UNREACHED; nodes],
            parents: vec![NO_NODE; nodes],
            parent_edges: vec![NO_EDGE; nodes],
            order: Vec::new(),
        }
    }

    /// Adds a root of a class; 0 is the best. Ignored when the node does not exist or the class is
    /// [`UNREACHED`].
    pub fn add_root(&mut self, node: u32, class: u8) {
        if (node as usize) < self.graph.node_count() {
            self.offer(
                Candidate {
                    node,
                    parent: NO_NODE,
                    edge: NO_EDGE,
                },
                class,
            );
        }
    }

    /// Explores all that the roots reach. `class_of` gives an edge's class, or `None` when the
    /// edge is not to be followed; a path is as bad as the worst of its root and edges.
    pub fn run(&mut self, mut class_of: impl FnMut(Edge) -> Option<u8>) {
        while let Some((candidate, class)) = self.next() {
            let node = candidate.node as usize;
            self.classes[node] = class;
            self.parents[node] = candidate.parent;
            self.parent_edges[node] = candidate.edge;
            self.order.push(candidate.node);
            let graph = self.graph;
            for edge in graph.edges(candidate.node) {
                if self.promised[edge.target as usize] <= class {
                    continue;
                }
                if let Some(edge_class) = class_of(edge) {
                    let next = Candidate {
                        node: edge.target,
                        parent: edge.source,
                        edge: edge.index,
                    };
                    self.offer(next, class.max(edge_class));
                }
            }
        }
    }

    fn offer(&mut self, candidate: Candidate, class: u8) {
        let promised = &mut self.promised[candidate.node as usize];
        if *promised <= class {
            return;
        }
        *promised = class;
        if self.queues.len() <= class as usize {
            self.queues.resize(class as usize + 1, VecDeque::new());
        }
        self.queues[class as usize].push_back(candidate);
        self.best = self.best.min(class as usize);
    }

    /// The next node to visit. A node that was promised to a better class since it was queued is
    /// skipped: the better queue holds it too.
    fn next(&mut self) -> Option<(Candidate, u8)> {
        while let Some(queue) = self.queues.get_mut(self.best) {
            while let Some(candidate) = queue.pop_front() {
                if self.classes[candidate.node as usize] == UNREACHED {
                    return Some((candidate, self.best as u8));
                }
            }
            self.best += 1;
        }
        None
    }

    /// Reached nodes in the order of the visit; a parent comes before its children.
    #[must_use]
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Whether the node was reached.
    #[must_use]
    pub fn reached(&self, node: u32) -> bool {
        self.class(node) != UNREACHED
    }

    /// The class in which the node was reached.
    #[must_use]
    pub fn class(&self, node: u32) -> u8 {
        self.classes
            .get(node as usize)
            .copied()
            .unwrap_or(UNREACHED)
    }

    /// The node's predecessor; [`NO_NODE`] for roots and unreached nodes.
    #[must_use]
    pub fn parent(&self, node: u32) -> u32 {
        self.parents.get(node as usize).copied().unwrap_or(NO_NODE)
    }

    /// The edge by which the node was reached; [`NO_EDGE`] for roots and unreached nodes.
    #[must_use]
    pub fn parent_edge(&self, node: u32) -> u32 {
        self.parent_edges
            .get(node as usize)
            .copied()
            .unwrap_or(NO_EDGE)
    }

    /// The edges from the root down to the node.
    #[must_use]
    pub fn path(&self, node: u32) -> Vec<Edge> {
        let mut edges = Vec::new();
        let mut target = node;
        while self.parent(target) != NO_NODE {
            let source = self.parent(target);
            edges.push(Edge {
                index: self.parent_edge(target),
                source,
                target,
            });
            target = source;
        }
        edges.reverse();
        edges
    }
}
