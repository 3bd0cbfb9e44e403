//! A set of nodes, one bit each.

/// A set of nodes of one graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSet {
    words: Vec<u64>,
}

impl NodeSet {
    /// The empty set over `nodes` nodes.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self {
            words: vec![0; nodes.div_ceil(64)],
        }
    }

    /// Adds a node; says whether it was new.
    pub fn insert(&mut self, node: u32) -> bool {
        let Some(word) = self.words.get_mut(node as usize / 64) else {
            return false;
        };
        let bit = 1_u64 << (node % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Whether the node is in the set.
    #[must_use]
    pub fn contains(&self, node: u32) -> bool {
        self.words
            .get(node as usize / 64)
            .is_some_and(|word| word & (1 << (node % 64)) != 0)
    }

    /// How many nodes are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Whether no node is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }
}
