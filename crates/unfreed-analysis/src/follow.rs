//! Which references the walk follows, and how willingly.

use crate::heap::Heap;
use crate::roots::{Starts, class};
use unfreed_graph::Edge;
use unfreed_recording::snapshot::Label;

/// How the walk takes a reference with an interpreter's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Gladly,
    /// It says where something comes from, not who keeps it.
    LastOfAll,
    Never,
}

/// The rules for one snapshot.
#[derive(Debug)]
pub struct Follow<'h, 'a> {
    heap: &'h Heap<'a>,
    starts: &'h Starts,
    names: Vec<Taken>,
}

impl<'h, 'a> Follow<'h, 'a> {
    /// Reads the names of references once.
    #[must_use]
    pub fn new(heap: &'h Heap<'a>, starts: &'h Starts) -> Self {
        let names = heap.snapshot.texts.iter().map(|text| taken(text)).collect();
        Self {
            heap,
            starts,
            names,
        }
    }

    /// Class of a reference; `None` when it is not followed.
    #[must_use]
    pub fn class(&self, edge: Edge) -> Option<u8> {
        let heap = self.heap;
        let label = heap.label(edge.index);
        // A module is its own root. Entered from elsewhere, it would make `app.logging._handlers`
        // of what is `logging._handlers`.
        if heap.is_module(edge.target) || heap.is_module_namespace(edge.target) {
            let its_own = label == Label::Namespace && heap.is_module(edge.source);
            return its_own.then_some(class::OWN_MODULE);
        }
        let worst = match label {
            Label::Internal(text) => match self.names.get(text as usize) {
                Some(Taken::Never) => return None,
                Some(Taken::LastOfAll) => class::WEAK_OWNER,
                _ => class::OWN_MODULE,
            },
            Label::Class => class::WEAK_OWNER,
            // A class refers to its bases, its method resolution order and itself without a name.
            Label::Unnamed if heap.is_class(edge.source) => class::WEAK_OWNER,
            Label::Key(key) if heap.is_namespace(edge.source) => {
                if heap.node_text(key) == Some("__builtins__") {
                    return None;
                }
                class::OWN_MODULE
            }
            _ => class::OWN_MODULE,
        };
        Some(worst.max(self.entering(edge)))
    }

    /// A module's value has its home there; whoever enters it from elsewhere comes second.
    fn entering(&self, edge: Edge) -> u8 {
        if self.heap.is_module_namespace(edge.source) {
            let imported = self.starts.imports.contains(&(edge.source, edge.target));
            return if imported {
                class::WEAK_OWNER
            } else {
                class::OWN_MODULE
            };
        }
        self.starts
            .homes
            .get(&edge.target)
            .map_or(class::OWN_MODULE, |home| home + 1)
    }
}

fn taken(text: &str) -> Taken {
    match text {
        "__globals__" | "__builtins__" | "f_globals" | "f_builtins" | "__weakref__"
        | "__weakrefs__" => Taken::Never,
        // The ring of a bounded lru_cache owns its links as the cache's table does, which names them.
        "link" => Taken::LastOfAll,
        "__class__" | "__mro__" | "__bases__" | "__base__" | "__subclasses__" | "__objclass__"
        | "f_back" => Taken::LastOfAll,
        _ => Taken::Gladly,
    }
}
