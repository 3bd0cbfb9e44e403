//! The columns of a snapshot while it grows, node by node.

use unfreed_recording::snapshot::{Label, NodeIndex, TypeIndex};

/// Columns as in [`unfreed_recording::snapshot::Snapshot`].
pub(crate) struct Columns {
    pub types: Vec<TypeIndex>,
    pub sizes: Vec<u64>,
    pub refcounts: Vec<u32>,
    pub starts: Vec<u32>,
    pub targets: Vec<NodeIndex>,
    pub labels: Vec<Label>,
    /// Whether sizes are all that is kept: half of the time goes into memory for the rest.
    pub sizes_only: bool,
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
            sizes_only: false,
        }
    }
}

impl Columns {
    pub(crate) fn reserve(&mut self, nodes: usize, edges: usize) {
        self.types.reserve(nodes);
        self.sizes.reserve(nodes);
        self.refcounts.reserve(nodes);
        self.starts.reserve(nodes);
        self.targets.reserve(edges);
        self.labels.reserve(edges);
    }

    pub(crate) fn node(&mut self, type_: TypeIndex, size: u64, refcount: u32) {
        self.sizes.push(size);
        if self.sizes_only {
            return;
        }
        self.types.push(type_);
        self.refcounts.push(refcount);
    }

    #[inline]
    pub(crate) fn edge(&mut self, target: NodeIndex, label: Label) {
        if self.sizes_only {
            return;
        }
        self.targets.push(target);
        self.labels.push(label);
    }

    /// Ends the node that was begun last.
    pub(crate) fn end_node(&mut self) {
        if !self.sizes_only {
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
