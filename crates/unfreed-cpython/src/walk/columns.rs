//! The columns of a snapshot while it grows, node by node.

use super::WalkError;
use unfreed_recording::snapshot::{Label, NodeIndex, TypeIndex};

/// What of each node is kept. Half of the time of a walk goes into memory for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kept {
    /// Its size.
    Sizes,
    /// Its type as well.
    Types,
    /// Everything.
    All,
}

/// Columns as in [`unfreed_recording::snapshot::Snapshot`].
pub(crate) struct Columns {
    pub types: Vec<TypeIndex>,
    pub sizes: Vec<u64>,
    pub refcounts: Vec<u32>,
    pub starts: Vec<u32>,
    pub targets: Vec<NodeIndex>,
    pub labels: Vec<Label>,
    pub kept: Kept,
}

impl Default for Columns {
    fn default() -> Self {
        Columns {
            types: Vec::new(),
            sizes: Vec::new(),
            refcounts: Vec::new(),
            starts: vec![0],
            targets: Vec::new(),
            labels: Vec::new(),
            kept: Kept::All,
        }
    }
}

impl Columns {
    pub(crate) fn reserve(&mut self, nodes: usize, edges: usize) {
        self.sizes.reserve(nodes);
        if self.kept >= Kept::Types {
            self.types.reserve(nodes);
        }
        if self.kept < Kept::All {
            return;
        }
        self.refcounts.reserve(nodes);
        self.starts.reserve(nodes);
        self.targets.reserve(edges);
        self.labels.reserve(edges);
    }

    pub(crate) fn node(&mut self, type_: TypeIndex, size: u64, refcount: u32) {
        self.sizes.push(size);
        if self.kept >= Kept::Types {
            self.types.push(type_);
        }
        if self.kept == Kept::All {
            self.refcounts.push(refcount);
        }
    }

    #[inline]
    pub(crate) fn edge(&mut self, target: NodeIndex, label: Label) {
        if self.kept == Kept::All {
            self.targets.push(target);
            self.labels.push(label);
        }
    }

    /// Ends the node that was begun last.
    pub(crate) fn end_node(&mut self) {
        if self.kept == Kept::All {
            self.starts.push(self.targets.len() as u32);
        }
    }

    /// Adds edges to nodes that are finished, given in ascending order, behind those that they have.
    pub(crate) fn insert_edges(&mut self, edges: &[(NodeIndex, NodeIndex)], label: Label) {
        let mut from = self.targets.len();
        let mut to = from + edges.len();
        self.targets.reserve_exact(edges.len());
        self.labels.reserve_exact(edges.len());
        self.targets.resize(to, 0);
        self.labels.resize(to, label);
        for &(node, target) in edges.iter().rev() {
            let end = self.starts[node as usize + 1] as usize;
            self.targets.copy_within(end..from, to - (from - end));
            self.labels.copy_within(end..from, to - (from - end));
            to -= from - end + 1;
            from = end;
            (self.targets[to], self.labels[to]) = (target, label);
        }
        let mut before = 0;
        for (index, start) in self.starts.iter_mut().enumerate() {
            while edges
                .get(before)
                .is_some_and(|edge| (edge.0 as usize) < index)
            {
                before += 1;
            }
            *start += before as u32;
        }
    }

    pub(crate) fn edge_count(&self) -> usize {
        self.targets.len()
    }

    /// Range of a finished node's edges.
    pub(crate) fn edges_of(&self, node: NodeIndex) -> std::ops::Range<usize> {
        let node = node as usize;
        self.starts[node] as usize..self.starts[node + 1] as usize
    }
}

/// Refuses more nodes or edges than a snapshot has numbers for.
#[inline]
pub(super) fn can_be_numbered(count: usize) -> Result<(), WalkError> {
    if count < u32::MAX as usize - 2 {
        Ok(())
    } else {
        Err(WalkError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::{Columns, WalkError, can_be_numbered};
    use unfreed_recording::snapshot::{Label, SYNTHETIC};

    #[test]
    fn edges_are_added_to_the_nodes_that_have_them() {
        let mut columns = Columns::default();
        for edges in [&[1, 2, 3][..], &[], &[4], &[5, 6]] {
            for &target in edges {
                columns.edge(target, Label::Index(target));
            }
            columns.end_node();
        }
        columns.insert_edges(&[], Label::Unnamed);
        columns.insert_edges(&[(0, 7), (1, 8), (1, 9), (3, 10)], Label::Unnamed);
        assert_eq!(columns.targets, [1, 2, 3, 7, 8, 9, 4, 5, 6, 10]);
        let added = columns.labels.iter().enumerate();
        let added = added.filter(|(_, label)| **label == Label::Unnamed);
        assert_eq!(
            added.map(|(index, _)| index).collect::<Vec<_>>(),
            [3, 4, 5, 9]
        );
        assert_eq!(columns.labels[7], Label::Index(5));
        assert_eq!(columns.starts, [0, 4, 6, 7, 10]);
    }

    #[test]
    fn a_heap_past_the_numbers_is_refused() {
        let refused = |count: usize| matches!(can_be_numbered(count), Err(WalkError::TooLarge));
        assert!(!refused(SYNTHETIC as usize - 2));
        assert!(refused(SYNTHETIC as usize) && refused(1 << 33));
        let why = can_be_numbered(1 << 33).expect_err("too large").to_string();
        assert_eq!(
            why,
            "the heap has more than 4 billion objects or references"
        );
    }
}
