//! The graph itself, borrowed: edges of node `n` are `starts[n]..starts[n + 1]` of `targets`.

use std::fmt;
use std::ops::Range;

/// A directed graph in compressed rows. Borrowed, so that a heap of millions of objects is not
/// copied to be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Csr<'a> {
    starts: &'a [u32],
    targets: &'a [u32],
}

/// One edge: its position in the edge columns, and both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Position in the edge columns.
    pub index: u32,
    /// Where it starts.
    pub source: u32,
    /// Where it ends.
    pub target: u32,
}

/// Why columns are not a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadGraph {
    /// No offsets at all, or more nodes or edges than ids.
    Size,
    /// Offsets that fall, or do not begin at 0 and end at the number of edges.
    Offsets,
    /// An edge to a node that does not exist.
    Target,
}

impl fmt::Display for BadGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "the graph has no offsets, or too many nodes or edges",
            Self::Offsets => "the graph's offsets are out of order",
            Self::Target => "an edge of the graph leads to a node that does not exist",
        })
    }
}

impl std::error::Error for BadGraph {}

/// Whether there are ids for so many nodes or edges. The greatest is kept free: it stands for "none".
const fn have_ids(count: usize) -> bool {
    count < u32::MAX as usize
}

impl<'a> Csr<'a> {
    /// A graph over two columns. Checks them once, so that every later step may index freely.
    ///
    /// # Errors
    /// [`BadGraph`] when the columns do not describe a graph.
    pub fn new(starts: &'a [u32], targets: &'a [u32]) -> Result<Self, BadGraph> {
        let nodes = starts.len().checked_sub(1).ok_or(BadGraph::Size)?;
        if !have_ids(nodes) || !have_ids(targets.len()) {
            return Err(BadGraph::Size);
        }
        let ordered = starts.windows(2).all(|pair| pair[0] <= pair[1]);
        if !ordered || starts[0] != 0 || starts[nodes] as usize != targets.len() {
            return Err(BadGraph::Offsets);
        }
        if targets.iter().any(|&target| target as usize >= nodes) {
            return Err(BadGraph::Target);
        }
        Ok(Self { starts, targets })
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many edges there are.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.targets.len()
    }

    /// Positions of the edges that leave `node`; none for a node that does not exist.
    #[must_use]
    pub fn range(&self, node: u32) -> Range<usize> {
        match self
            .starts
            .get(node as usize..(node as usize).saturating_add(2))
        {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        }
    }

    /// Targets of the edges that leave `node`.
    #[must_use]
    pub fn targets_of(&self, node: u32) -> &'a [u32] {
        &self.targets[self.range(node)]
    }

    /// Target of the edge at position `edge`.
    #[must_use]
    pub fn target(&self, edge: u32) -> u32 {
        self.targets[edge as usize]
    }

    /// The edges that leave `node`, in order.
    pub fn edges(&self, node: u32) -> impl Iterator<Item = Edge> + '_ {
        self.range(node).map(move |index| Edge {
            index: index as u32,
            source: node,
            target: self.targets[index],
        })
    }

    /// Where the edge at position `edge` starts: a binary search, for the few edges that need it.
    #[must_use]
    pub fn source(&self, edge: u32) -> u32 {
        (self.starts.partition_point(|&start| start <= edge) as u32).saturating_sub(1)
    }

    /// How many edges end at each node.
    #[must_use]
    pub fn in_degrees(&self) -> Vec<u32> {
        let mut degrees = vec![0_u32; self.node_count()];
        for &target in self.targets {
            degrees[target as usize] += 1;
        }
        degrees
    }

    /// The same graph seen from the other end.
    #[must_use]
    pub fn reverse(&self) -> Reverse {
        let mut starts = vec![0_u32; self.node_count() + 1];
        for &target in self.targets {
            starts[target as usize + 1] += 1;
        }
        for node in 0..self.node_count() {
            starts[node + 1] += starts[node];
        }
        let mut fill = starts.clone();
        let mut sources = vec![0_u32; self.targets.len()];
        let mut edges = vec![0_u32; self.targets.len()];
        for node in 0..self.node_count() as u32 {
            for edge in self.range(node) {
                let slot = &mut fill[self.targets[edge] as usize];
                sources[*slot as usize] = node;
                edges[*slot as usize] = edge as u32;
                *slot += 1;
            }
        }
        Reverse {
            starts,
            sources,
            edges,
        }
    }
}

/// Who refers to whom: the rows of a graph by target.
#[derive(Clone, Debug, Default)]
pub struct Reverse {
    starts: Vec<u32>,
    sources: Vec<u32>,
    edges: Vec<u32>,
}

impl Reverse {
    /// The edges that end at `node`, by source and position.
    pub fn edges(&self, node: u32) -> impl Iterator<Item = Edge> + '_ {
        let range = self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize;
        range.map(move |slot| Edge {
            index: self.edges[slot],
            source: self.sources[slot],
            target: node,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_are_no_graph_are_refused() {
        let refused = |starts: &[u32], targets: &[u32]| Csr::new(starts, targets).err();
        assert_eq!(refused(&[], &[]), Some(BadGraph::Size));
        assert_eq!(refused(&[0, 2, 1], &[0]), Some(BadGraph::Offsets));
        assert_eq!(refused(&[1, 1], &[0]), Some(BadGraph::Offsets));
        assert_eq!(refused(&[0, 2], &[0]), Some(BadGraph::Offsets));
        assert_eq!(refused(&[0, 1], &[1]), Some(BadGraph::Target));
        assert_eq!(refused(&[0], &[]), None);
    }

    #[test]
    fn ids_end_before_the_one_that_stands_for_none() {
        assert!(have_ids(crate::NO_NODE as usize - 1));
        assert!(!have_ids(crate::NO_NODE as usize) && !have_ids(1 << 33));
    }

    #[test]
    fn the_source_of_an_edge_is_found_past_empty_rows() {
        let graph = Csr::new(&[0, 0, 2, 2, 3], &[3, 0, 1]).expect("a graph");
        assert_eq!(
            [graph.source(0), graph.source(1), graph.source(2)],
            [1, 1, 3]
        );
    }
}
