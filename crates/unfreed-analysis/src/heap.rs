//! One snapshot made ready to walk: its graph, the text of a node, and what kind of holder it is.

use crate::seeded::Map;
use unfreed_graph::Csr;
use unfreed_recording::snapshot::{
    IMMORTAL, Label, NodeIndex, RootKind, SYNTHETIC, Snapshot, TextIndex, TypeInfo,
};

/// A module object that `sys.modules` holds.
const MODULE: u8 = 1;
/// The namespace of such a module.
const MODULE_NAMESPACE: u8 = 2;
/// A dict that is somebody's `__dict__`.
const NAMESPACE: u8 = 4;
/// A class.
const CLASS: u8 = 8;
/// The closure tuple of a function.
const CLOSURE: u8 = 16;

/// A snapshot with what the walks need to know about its nodes.
#[derive(Debug)]
pub struct Heap<'a> {
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    /// Its references.
    pub graph: Csr<'a>,
    node_texts: Vec<TextIndex>,
    flags: Vec<u8>,
    class_types: Map<NodeIndex, usize>,
}

/// For errors: which column is wrong.
const COLUMNS: &str = "the snapshot's columns are of different lengths";

impl<'a> Heap<'a> {
    /// Looks over a snapshot.
    ///
    /// # Errors
    /// A sentence, when its columns do not fit each other.
    pub fn new(snapshot: &'a Snapshot) -> Result<Self, String> {
        let graph = Csr::new(&snapshot.edge_starts, &snapshot.edge_targets)
            .map_err(|error| error.to_string())?;
        let nodes = graph.node_count();
        let lengths = [
            snapshot.node_types.len(),
            snapshot.node_sizes.len(),
            snapshot.node_refcounts.len(),
        ];
        if lengths != [nodes; 3] || snapshot.edge_labels.len() != graph.edge_count() {
            return Err(COLUMNS.to_owned());
        }
        let mut node_texts = vec![TextIndex::MAX; nodes];
        for &(node, text) in &snapshot.node_texts {
            if let Some(slot) = node_texts.get_mut(node as usize) {
                *slot = text;
            }
        }
        let mut heap = Self {
            snapshot,
            graph,
            node_texts,
            flags: vec![0; nodes],
            class_types: Map::default(),
        };
        heap.mark();
        Ok(heap)
    }

    fn mark(&mut self) {
        for (index, info) in self.snapshot.types.iter().enumerate() {
            if let Some(node) = info.node {
                self.flag(node, CLASS);
                self.class_types.entry(node).or_insert(index);
            }
        }
        let plain_type = self
            .snapshot
            .types
            .iter()
            .position(|info| info.module == "builtins" && info.name == "type");
        for root in &self.snapshot.roots {
            if matches!(root.kind, RootKind::Module { .. }) {
                self.flag(root.node, MODULE);
            }
        }
        let graph = self.graph;
        for node in 0..graph.node_count() as NodeIndex {
            if plain_type == Some(self.snapshot.node_types[node as usize] as usize) {
                self.flag(node, CLASS);
            }
            for edge in graph.edges(node) {
                match self.snapshot.edge_labels[edge.index as usize] {
                    Label::Namespace if self.is_module(node) => {
                        self.flag(edge.target, NAMESPACE | MODULE_NAMESPACE);
                    }
                    Label::Namespace => self.flag(edge.target, NAMESPACE),
                    Label::Internal(text) if self.text(text) == "__closure__" => {
                        self.flag(edge.target, CLOSURE);
                    }
                    // A class without instances, and with a metaclass of its own, is known by this.
                    Label::Internal(text) if self.text(text) == "__mro__" => {
                        self.flag(node, CLASS);
                    }
                    _ => {}
                }
            }
        }
    }

    fn flag(&mut self, node: NodeIndex, flag: u8) {
        if let Some(flags) = self.flags.get_mut(node as usize) {
            *flags |= flag;
        }
    }

    fn has(&self, node: NodeIndex, flag: u8) -> bool {
        self.flags
            .get(node as usize)
            .is_some_and(|flags| flags & flag != 0)
    }

    /// Whether the node is a module in `sys.modules`.
    #[must_use]
    pub fn is_module(&self, node: NodeIndex) -> bool {
        self.has(node, MODULE)
    }

    /// Whether the node is the namespace of a module in `sys.modules`.
    #[must_use]
    pub fn is_module_namespace(&self, node: NodeIndex) -> bool {
        self.has(node, MODULE_NAMESPACE)
    }

    /// Whether the node is somebody's `__dict__`.
    #[must_use]
    pub fn is_namespace(&self, node: NodeIndex) -> bool {
        self.has(node, NAMESPACE)
    }

    /// Whether the node is a class.
    #[must_use]
    pub fn is_class(&self, node: NodeIndex) -> bool {
        self.has(node, CLASS)
    }

    /// Whether the node is the closure tuple of a function.
    #[must_use]
    pub fn is_closure(&self, node: NodeIndex) -> bool {
        self.has(node, CLOSURE)
    }

    /// A text of the snapshot; empty for one that does not exist.
    #[must_use]
    pub fn text(&self, text: TextIndex) -> &'a str {
        self.snapshot
            .texts
            .get(text as usize)
            .map_or("", String::as_str)
    }

    /// The text known of a node: a key's content, a qualified name.
    #[must_use]
    pub fn node_text(&self, node: NodeIndex) -> Option<&'a str> {
        let text = *self.node_texts.get(node as usize)?;
        self.snapshot.texts.get(text as usize).map(String::as_str)
    }

    /// The type of a node.
    #[must_use]
    pub fn type_of(&self, node: NodeIndex) -> Option<&'a TypeInfo> {
        let index = *self.snapshot.node_types.get(node as usize)?;
        self.snapshot.types.get(index as usize)
    }

    /// The full name of a node's type: `dict`, `app.models.Session`.
    #[must_use]
    pub fn type_name(&self, node: NodeIndex) -> String {
        self.type_of(node)
            .map_or_else(|| "object".to_owned(), full_name)
    }

    /// The type that a class object is, where instances of it were seen.
    #[must_use]
    pub fn class_info(&self, class: NodeIndex) -> Option<&'a TypeInfo> {
        self.snapshot.types.get(*self.class_types.get(&class)?)
    }

    /// Whether a class or function says that it was defined in another module than this one, with
    /// this namespace.
    #[must_use]
    pub fn is_from_elsewhere(&self, node: NodeIndex, module: &str, namespace: NodeIndex) -> bool {
        if self.is_class(node) {
            let info = self.class_info(node);
            return info.is_some_and(|info| !info.module.is_empty() && info.module != module);
        }
        let globals = self.globals_of(node).or_else(|| {
            self.attribute(node, "__wrapped__")
                .and_then(|wrapped| self.globals_of(wrapped))
        });
        globals.is_some_and(|globals| globals != namespace && self.is_module_namespace(globals))
    }

    /// The namespace of the module that a function was defined in.
    #[must_use]
    pub fn globals_of(&self, function: NodeIndex) -> Option<NodeIndex> {
        if self.type_of(function)?.name != "function" {
            return None;
        }
        self.labelled(
            function,
            |label| matches!(label, Label::Internal(text) if self.text(text) == "__globals__"),
        )
    }

    /// An attribute of an object, kept in its namespace or in line.
    #[must_use]
    pub fn attribute(&self, owner: NodeIndex, name: &str) -> Option<NodeIndex> {
        let in_line = |label| matches!(label, Label::Attribute(text) if self.text(text) == name);
        self.labelled(owner, in_line).or_else(|| {
            let namespace = self.labelled(owner, |label| label == Label::Namespace)?;
            self.labelled(
                namespace,
                |label| matches!(label, Label::Key(key) if self.node_text(key) == Some(name)),
            )
        })
    }

    /// The first object that a node refers to by a label like this.
    #[must_use]
    pub fn labelled(&self, owner: NodeIndex, wanted: impl Fn(Label) -> bool) -> Option<NodeIndex> {
        let mut edges = self.graph.edges(owner);
        edges
            .find(|edge| wanted(self.label(edge.index)))
            .map(|edge| edge.target)
    }

    /// Shallow size of a node.
    #[must_use]
    pub fn size(&self, node: NodeIndex) -> u64 {
        self.snapshot
            .node_sizes
            .get(node as usize)
            .copied()
            .unwrap_or(0)
    }

    /// Label of the edge at a position.
    #[must_use]
    pub fn label(&self, edge: u32) -> Label {
        self.snapshot
            .edge_labels
            .get(edge as usize)
            .copied()
            .unwrap_or_default()
    }

    /// References that nobody in the snapshot holds, given the in-edges seen. `None` for immortal
    /// objects and for nodes that are no objects.
    #[must_use]
    pub fn excess(&self, node: NodeIndex, seen: u32) -> Option<i64> {
        match self.snapshot.node_refcounts.get(node as usize) {
            None | Some(&IMMORTAL | &SYNTHETIC) => None,
            Some(&count) => Some(i64::from(count) - i64::from(seen)),
        }
    }

    /// In-edges of each node. An instance of a heap type counts as holding its class even where
    /// the type's traversal does not say so (`tp_traverse` visits it by convention only).
    #[must_use]
    pub fn in_degrees(&self) -> Vec<u32> {
        let mut degrees = self.graph.in_degrees();
        for node in 0..self.graph.node_count() as NodeIndex {
            let Some(class) = self
                .type_of(node)
                .filter(|info| info.heap)
                .and_then(|info| info.node)
            else {
                continue;
            };
            if !self.graph.targets_of(node).contains(&class)
                && let Some(degree) = degrees.get_mut(class as usize)
            {
                *degree += 1;
            }
        }
        degrees
    }
}

/// The full name of a type: `dict`, `app.models.Session`.
#[must_use]
pub fn full_name(info: &TypeInfo) -> String {
    if info.module.is_empty() || info.module == "builtins" {
        info.name.clone()
    } else {
        format!("{}.{}", info.module, info.name)
    }
}

/// The last part of a full type name: `Session` of `app.models.Session`.
#[must_use]
pub fn short_name(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}
