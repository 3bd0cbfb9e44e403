//! References as people think of them: from an object straight to the values of its `__dict__`, from a
//! function to what its closure holds; not to classes, keys, and constants that everybody shares.

use super::super::View;
use crate::paths::reference;
use unfreed_graph::{Edge, Reverse};
use unfreed_recording::snapshot::{IMMORTAL, Label, NodeIndex};

/// Deepest that parts of an object are nested: a function's closure, its tuple, its cell.
const PARTS: usize = 4;

/// Parts that say what a function or class is, not what it keeps.
const FORM: [&str; 11] = [
    "__code__",
    "__name__",
    "__qualname__",
    "__module__",
    "__doc__",
    "__annotations__",
    "__bases__",
    "__base__",
    "__mro__",
    "__builtins__",
    "dtype",
];

/// The references of one snapshot, both ways.
pub(super) struct Neighbours<'v, 'a> {
    view: &'v View<'a>,
    reverse: Reverse,
}

impl<'v, 'a> Neighbours<'v, 'a> {
    pub(super) fn new(view: &'v View<'a>) -> Self {
        Self {
            view,
            reverse: view.heap.graph.reverse(),
        }
    }

    /// Whether an object is a part of another: its namespace, closure or cell.
    pub(super) fn is_part(&self, node: NodeIndex) -> bool {
        let heap = &self.view.heap;
        heap.is_namespace(node)
            || heap.is_closure(node)
            || heap.type_of(node).is_some_and(|info| info.name == "cell")
    }

    /// Whether a reference is worth a line.
    fn is_shown(&self, edge: Edge) -> bool {
        let heap = &self.view.heap;
        let is_form = match heap.label(edge.index) {
            Label::Class | Label::KeyObject => true,
            Label::Internal(text) => FORM.contains(&heap.text(text)),
            _ => false,
        };
        !is_form
            && !self.is_constant(edge.target)
            // Functions and frames refer to the globals of their module: the module says it already.
            && (!heap.is_module_namespace(edge.target) || heap.is_module(edge.source))
    }

    /// `None`, small numbers and other values that the whole program shares.
    fn is_constant(&self, node: NodeIndex) -> bool {
        let heap = &self.view.heap;
        let type_name = heap.type_of(node).map_or("", |info| info.name.as_str());
        let counted = heap.snapshot.node_refcounts.get(node as usize);
        matches!(
            type_name,
            "NoneType" | "bool" | "ellipsis" | "int" | "float"
        ) || (counted == Some(&IMMORTAL) && heap.graph.targets_of(node).is_empty())
    }

    /// What an object refers to, and the way there: one reference, or several through its parts.
    pub(super) fn onward(&self, node: NodeIndex, mut found: impl FnMut(NodeIndex, &[Edge])) {
        let mut way = Vec::with_capacity(PARTS + 1);
        // The references of the object and of the part that is looked into, and of the part in it.
        let mut open = vec![self.view.heap.graph.edges(node)];
        while let Some(edges) = open.last_mut() {
            let Some(edge) = edges.next() else {
                open.pop();
                way.pop();
                continue;
            };
            if !self.is_shown(edge) {
                continue;
            }
            way.push(edge);
            if self.is_part(edge.target) && open.len() <= PARTS {
                open.push(self.view.heap.graph.edges(edge.target));
            } else {
                found(edge.target, &way);
                way.pop();
            }
        }
    }

    /// A way as Python would write it.
    pub(super) fn label(&self, way: &[Edge]) -> String {
        let steps = way
            .iter()
            .map(|&edge| reference(&self.view.heap, edge, false));
        steps.collect()
    }

    /// Who refers to an object.
    pub(super) fn back(&self, node: NodeIndex) -> Vec<NodeIndex> {
        let mut found = Vec::new();
        let mut stack = vec![(node, 0)];
        while let Some((at, depth)) = stack.pop() {
            for edge in self.reverse.edges(at) {
                if !self.is_shown(edge) {
                    continue;
                }
                if self.is_part(edge.source) && depth < PARTS {
                    stack.push((edge.source, depth + 1));
                } else {
                    found.push(edge.source);
                }
            }
        }
        found
    }
}
