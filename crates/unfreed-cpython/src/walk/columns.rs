//! The columns of a snapshot while it grows, node by node.

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

    pub(crate) fn edge_count(&self) -> usize {
        self.targets.len()
    }

    /// Range of a finished node's edges.
    pub(crate) fn edges_of(&self, node: NodeIndex) -> std::ops::Range<usize> {
        let node = node as usize;
        self.starts[node] as usize..self.starts[node + 1] as usize
    }
}
