//! Paths as Python would write them: of a shape (`app.STORE[*].payload`) and of one object
//! (`app.STORE['f3a9…'].payload`).

use crate::findings::{HeldBy, Step as HeldStep};
use crate::heap::{Heap, short_name};
use crate::shapes::{ShapeId, Step, TOP};
use crate::survey::{Forest, Survey};
use crate::wording::cut;
use unfreed_graph::Edge;
use unfreed_recording::snapshot::{Label, NodeIndex};

/// Longest key that is printed whole.
const KEY: usize = 24;

/// The masked path of a shape.
#[must_use]
pub fn shape_text(forest: &Forest, shape: ShapeId) -> String {
    let mut text = String::new();
    for id in forest.shapes.path(shape) {
        match forest.roots.get(&id) {
            Some(root) => text.push_str(&root.prefix),
            None => text.push_str(&step_text(forest, id)),
        }
    }
    text
}

/// The masked path with the root's key in place of its name: the same over runs, whatever number the
/// thread has.
#[must_use]
pub fn stable_text(forest: &Forest, shape: ShapeId) -> String {
    let mut text = String::new();
    for id in forest.shapes.path(shape) {
        match forest.roots.get(&id) {
            Some(root) => text.push_str(&root.key),
            None => text.push_str(&step_text(forest, id)),
        }
    }
    text
}

fn step_text(forest: &Forest, id: ShapeId) -> String {
    let shape = forest.shapes.get(id);
    let name = |name| forest.names.text(name);
    match shape.step {
        Step::Root(_) | Step::Attribute(_) if shape.parent == TOP => String::new(),
        Step::Attribute(text) | Step::Root(text) => format!(".{}", name(text)),
        Step::AnyAttribute => ".*".to_owned(),
        Step::Item(text) => format!("['{}']", cut(name(text), KEY)),
        Step::AnyItem => "[*]".to_owned(),
        Step::Element => "{*}".to_owned(),
        Step::KeyObject => ".keys()[*]".to_owned(),
        Step::Local(text) => format!(" › {}", name(text)),
        Step::Cell(text) => closure_text(name(text)),
        Step::Stack => " › a temporary".to_owned(),
        Step::Class => ".__class__".to_owned(),
        Step::Internal(text) if name(text) == "cell_contents" => String::new(),
        Step::Internal(text) => format!(".{}", name(text)),
        Step::Unnamed => format!(" → {}", short_name(name(shape.type_name))),
    }
}

fn closure_text(variable: &str) -> String {
    format!(".__closure__['{variable}']")
}

/// What people call a growing shape: its path, or the closure variable, cache or queue that it is.
#[must_use]
pub fn subject(forest: &Forest, shape: ShapeId) -> String {
    let path = forest.shapes.path(shape);
    let type_of = |id: &ShapeId| forest.names.text(forest.shapes.get(*id).type_name);
    if let Some(wrapper) = path.iter().find(|id| type_of(id) == LRU_WRAPPER) {
        return format!("functools cache of {}()", shape_text(forest, *wrapper));
    }
    if let Some((function, variable)) = closure_variable(forest, &path) {
        return format!(
            "closure variable '{variable}' of {}()",
            shape_text(forest, function)
        );
    }
    if let [.., owner, _] = path.as_slice()
        && is_queue(type_of(owner))
    {
        return shape_text(forest, *owner);
    }
    shape_text(forest, shape)
}

/// The function and variable, where a path ends in a closure's cell or in what the cell holds.
fn closure_variable<'f>(forest: &'f Forest, path: &[ShapeId]) -> Option<(ShapeId, &'f str)> {
    path.windows(2)
        .rev()
        .take(2)
        .find_map(|pair| match forest.shapes.get(pair[1]).step {
            Step::Cell(variable) => Some((pair[0], forest.names.text(variable))),
            _ => None,
        })
}

/// Type of the objects that `functools.lru_cache` puts in a function's place.
pub const LRU_WRAPPER: &str = "functools._lru_cache_wrapper";

/// Whether a type of this name is a queue that someone fills and someone drains.
#[must_use]
pub fn is_queue(type_name: &str) -> bool {
    let modules = [
        "queue.",
        "_queue.",
        "asyncio.queues.",
        "multiprocessing.queues.",
    ];
    modules.iter().any(|module| type_name.starts_with(module)) && type_name.ends_with("Queue")
}

/// The path of one object in the last snapshot, and what leads on from it.
#[derive(Debug)]
pub struct Chain<'c, 'a> {
    /// The snapshot.
    pub heap: &'c Heap<'a>,
    /// How its objects were reached.
    pub survey: &'c Survey<'a>,
    /// The shapes.
    pub forest: &'c Forest,
}

impl Chain<'_, '_> {
    /// Who holds `object`. The reference that leaves an object of shape `suspect` is the suspect;
    /// `on` are edges that lead on from the object, to what it mostly consists of.
    #[must_use]
    pub fn held_by(&self, object: NodeIndex, on: &[Edge], suspect: ShapeId) -> HeldBy {
        let mut edges = self.survey.paths.path(object);
        let root = edges.first().map_or(object, |edge| edge.source);
        edges.extend_from_slice(on);
        let root_shape = self
            .survey
            .shape_of
            .get(root as usize)
            .copied()
            .unwrap_or(TOP);
        let name = self.forest.roots.get(&root_shape);
        let mut path = name.map_or_else(String::new, |name| name.prefix.clone());
        let mut steps: Vec<HeldStep> = Vec::new();
        for edge in &edges {
            let text = reference(self.heap, *edge, false);
            path.push_str(&text);
            // A namespace or a cell is not a holder of its own to people.
            if !text.is_empty() {
                steps.push(HeldStep {
                    type_name: self.holder_type(edge.source),
                    reference: text,
                    suspect: self.shape(edge.source) == suspect
                        && !self.is_part(edge.target, suspect),
                });
            }
        }
        let end = edges.last().map_or(object, |edge| edge.target);
        steps.push(HeldStep {
            type_name: self.heap.type_name(end),
            reference: String::new(),
            suspect: false,
        });
        let end_shape = self
            .survey
            .shape_of
            .get(end as usize)
            .copied()
            .unwrap_or(TOP);
        HeldBy {
            path,
            shape: shape_text(self.forest, end_shape),
            root: name.map_or_else(String::new, |name| name.described.clone()),
            steps,
        }
    }

    fn shape(&self, node: NodeIndex) -> ShapeId {
        self.survey
            .shape_of
            .get(node as usize)
            .copied()
            .unwrap_or(TOP)
    }

    /// Whether a target is only the holder's own namespace or next link of the same shape.
    fn is_part(&self, node: NodeIndex, suspect: ShapeId) -> bool {
        self.shape(node) == suspect
    }

    /// The type of a holder; of its owner where the holder is a namespace or closure.
    fn holder_type(&self, node: NodeIndex) -> String {
        let mut at = node;
        while self.heap.is_namespace(at) || self.heap.is_closure(at) || self.is_cell(at) {
            let above = self.survey.paths.parent(at);
            if above == unfreed_graph::NO_NODE {
                break;
            }
            at = above;
        }
        self.heap.type_name(at)
    }

    fn is_cell(&self, node: NodeIndex) -> bool {
        self.heap
            .type_of(node)
            .is_some_and(|info| info.name == "cell")
    }
}

/// The reference of an edge: with its real key or index, or masked.
#[must_use]
pub fn reference(heap: &Heap<'_>, edge: Edge, masked: bool) -> String {
    match heap.label(edge.index) {
        Label::Namespace => String::new(),
        Label::Attribute(text) => format!(".{}", heap.text(text)),
        Label::Key(key) if heap.is_namespace(edge.source) => {
            format!(".{}", heap.node_text(key).unwrap_or("*"))
        }
        Label::Key(_) | Label::Index(_) if masked => "[*]".to_owned(),
        Label::Key(key) => match heap.node_text(key) {
            Some(text) => format!("['{}']", cut(text, KEY)),
            None => format!("[{} …]", short_name(&heap.type_name(key))),
        },
        Label::KeyObject => ".keys()[*]".to_owned(),
        Label::Index(index) => format!("[{index}]"),
        Label::Element => "{*}".to_owned(),
        Label::Cell(text) => closure_text(heap.text(text)),
        Label::Local(text) => format!(" › {}", heap.text(text)),
        Label::Stack => " › a temporary".to_owned(),
        Label::Class => ".__class__".to_owned(),
        Label::Internal(text) => match heap.text(text) {
            "__closure__" | "cell_contents" => String::new(),
            name => format!(".{name}"),
        },
        Label::Unnamed => format!(" → {}", short_name(&heap.type_name(edge.target))),
    }
}
