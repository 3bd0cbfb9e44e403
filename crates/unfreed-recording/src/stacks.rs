//! Stacks read back from a recording: code objects and trie nodes by id. Lookup only.

use crate::ids::{CodeId, StackId};
use crate::sites::{Code, StackNode};

/// The trie of stacks of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackTrie {
    /// Sorted by id. Ids are nearly always dense, so a lookup nearly always hits at once; a map
    /// would cost four times the memory, and a table indexed by id as much as a hostile id says.
    nodes: Vec<StackNode>,
}

impl StackTrie {
    /// Builds the trie; of two nodes with one id, the first counts.
    #[must_use]
    pub fn new(mut nodes: Vec<StackNode>) -> Self {
        nodes.sort_by_key(|node| node.id);
        nodes.dedup_by_key(|node| node.id);
        Self { nodes }
    }

    /// The node of a stack; `None` for the empty stack and for one that the recording lacks.
    #[must_use]
    pub fn node(&self, id: StackId) -> Option<&StackNode> {
        let guess = (id.0 as usize).checked_sub(1)?;
        match self.nodes.get(guess) {
            Some(node) if node.id == id => Some(node),
            _ => {
                let found = self.nodes.binary_search_by_key(&id, |node| node.id).ok()?;
                self.nodes.get(found)
            }
        }
    }

    /// All nodes, by ascending id, so that parents come before their children.
    #[must_use]
    pub fn nodes(&self) -> &[StackNode] {
        &self.nodes
    }
}

impl<'a> Frames<'a> {
    /// The frames of a stack; `codes` are sorted by id.
    #[must_use]
    pub fn new(trie: &'a StackTrie, codes: &'a [Code], stack: StackId) -> Self {
        Frames {
            trie,
            codes,
            next: stack,
        }
    }
}

/// The code object with an id, from a list sorted by id.
pub(crate) fn code(codes: &[Code], id: CodeId) -> Option<&Code> {
    match codes.get(id.0 as usize) {
        Some(code) if code.id == id => Some(code),
        _ => codes.get(codes.binary_search_by_key(&id, |code| code.id).ok()?),
    }
}

/// The frames of a stack, innermost first, each with the line that was running.
/// Ends always: ids fall from child to parent.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    trie: &'a StackTrie,
    codes: &'a [Code],
    next: StackId,
}

impl<'a> Iterator for Frames<'a> {
    type Item = (&'a Code, u32);

    /// A node or code that the recording lacks ends the stack: a short stack is worth more to a
    /// person than an error.
    fn next(&mut self) -> Option<Self::Item> {
        let node = self.trie.node(self.next)?;
        self.next = if node.parent < node.id {
            node.parent
        } else {
            StackId(0)
        };
        Some((code(self.codes, node.code)?, node.line))
    }
}
