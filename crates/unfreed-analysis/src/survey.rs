//! One snapshot measured by path shape: how many objects, elements and bytes each shape holds.

use crate::follow::Follow;
use crate::heap::Heap;
use crate::keys;
use crate::names::{NameId, Names};
use crate::ownership::Ownership;
use crate::roots::{Flavour, RootName, class, native_name, starts};
use crate::seeded::{Map, Set};
use crate::shapes::{ShapeId, Shapes, Step, TOP};
use crate::standing::Standing;
use unfreed_graph::{Edge, Explorer};
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_recording::snapshot::{Label, NodeIndex, SYNTHETIC};

/// A dict with more entries has its keys masked.
const SMALL_DICT: usize = 16;
/// A namespace with more entries has its attributes masked.
const SMALL_NAMESPACE: usize = 256;
/// The same for modules and classes, which are large by nature.
const SMALL_MODULE: usize = 8192;

/// What one shape holds in one snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Objects; namespaces and closure tuples count as part of their owner.
    pub objects: u64,
    /// References to elements: dict values, items, set elements, references without a name.
    pub elements: u64,
    /// Shallow bytes.
    pub bytes: u64,
}

/// A sampled object and the shape it was found in.
#[derive(Clone, Copy, Debug)]
pub struct ShapedSample {
    /// The object, in its own snapshot.
    pub node: NodeIndex,
    /// Where it was found; [`TOP`] when nothing reaches it.
    pub shape: ShapeId,
    /// Where it was allocated.
    pub stack: StackId,
    /// When it was allocated.
    pub born: EpochId,
    /// Bytes that the sample stands for.
    pub bytes: u64,
    /// Whether stack and birth may be those of an earlier object in its block.
    pub reused: bool,
}

/// The shapes of all snapshots, and the texts they are made of.
#[derive(Debug)]
pub struct Forest {
    /// The tree.
    pub shapes: Shapes,
    /// Texts of steps and types.
    pub names: Names,
    /// Root names by the shape of the root, as the first surveyed snapshot has them.
    pub roots: Map<ShapeId, RootName>,
}

impl Default for Forest {
    fn default() -> Self {
        let mut names = Names::default();
        let any_type = names.id("…");
        Self {
            shapes: Shapes::new(any_type),
            names,
            roots: Map::default(),
        }
    }
}

/// What a survey found.
#[derive(Debug)]
pub struct Survey<'a> {
    /// By shape.
    pub tallies: Vec<Tally>,
    /// Sampled objects.
    pub samples: Vec<ShapedSample>,
    /// Shape of each node; [`TOP`] for nodes that nothing reaches.
    pub shape_of: Vec<ShapeId>,
    /// How each node was reached.
    pub paths: Explorer<'a>,
}

/// Walks a snapshot and measures its shapes.
pub fn survey<'a>(
    heap: &Heap<'a>,
    ownership: &Ownership,
    standing: &Standing,
    in_degrees: &[u32],
    forest: &mut Forest,
) -> Survey<'a> {
    let starts = starts(heap, ownership, standing);
    let follow = Follow::new(heap, &starts);
    let mut paths = Explorer::new(heap.graph);
    let mut root_names: Map<NodeIndex, RootName> = Map::default();
    for start in &starts.starts {
        paths.add_root(start.node, start.class);
        root_names
            .entry(start.node)
            .or_insert_with(|| start.name.clone());
    }
    paths.run(|edge| follow.class(edge));
    for node in native_roots(heap, &paths, in_degrees) {
        paths.add_root(node, class::NATIVE);
    }
    paths.run(|edge| follow.class(edge));

    let mut measure = Measure::new(heap, forest);
    measure.place_all(&paths, &root_names);
    let (tallies, shape_of) = (measure.tallies, measure.shape_of);
    let samples = heap
        .snapshot
        .samples
        .iter()
        .filter_map(|sample| {
            Some(ShapedSample {
                node: sample.node,
                shape: *shape_of.get(sample.node as usize)?,
                stack: sample.stack,
                born: sample.born,
                bytes: sample.bytes,
                reused: sample.reused,
            })
        })
        .collect();
    Survey {
        tallies,
        samples,
        shape_of,
        paths,
    }
}

/// What no named root reaches but something outside the snapshot holds: CPython's own collector
/// treats these as roots too (`subtract_refs` in `Python/gc.c`).
fn native_roots(heap: &Heap<'_>, paths: &Explorer<'_>, in_degrees: &[u32]) -> Vec<NodeIndex> {
    (0..heap.graph.node_count() as NodeIndex)
        .filter(|&node| !paths.reached(node) && is_held_outside(heap, node, in_degrees))
        .collect()
}

/// Whether references outside the snapshot hold the node. Immortal objects count: nothing frees
/// them. Nodes that are no objects count if nothing refers to them: a running frame exists, but a
/// buffer ends with those that have it.
#[must_use]
pub fn is_held_outside(heap: &Heap<'_>, node: NodeIndex, in_degrees: &[u32]) -> bool {
    let seen = in_degrees.get(node as usize).copied().unwrap_or(0);
    if heap.snapshot.node_refcounts.get(node as usize) == Some(&SYNTHETIC) {
        return seen == 0;
    }
    heap.excess(node, seen).is_none_or(|excess| excess > 0)
}

/// Gives each node its shape, in the order of the walk.
struct Measure<'m, 'a> {
    heap: &'m Heap<'a>,
    forest: &'m mut Forest,
    tallies: Vec<Tally>,
    shape_of: Vec<ShapeId>,
    text_ids: Vec<NameId>,
    type_ids: Vec<NameId>,
    named_keys: Map<NodeIndex, bool>,
    roots_seen: Set<ShapeId>,
}

impl<'m, 'a> Measure<'m, 'a> {
    fn new(heap: &'m Heap<'a>, forest: &'m mut Forest) -> Self {
        let type_ids = heap
            .snapshot
            .types
            .iter()
            .map(|info| forest.names.id(&crate::heap::full_name(info)))
            .collect();
        Self {
            heap,
            forest,
            tallies: Vec::new(),
            shape_of: vec![TOP; heap.graph.node_count()],
            text_ids: vec![NameId::MAX; heap.snapshot.texts.len()],
            type_ids,
            named_keys: Map::default(),
            roots_seen: Set::default(),
        }
    }

    fn place_all(&mut self, paths: &Explorer<'a>, roots: &Map<NodeIndex, RootName>) {
        for &node in paths.order() {
            let parent = paths.parent(node);
            let shape = if parent == unfreed_graph::NO_NODE {
                self.root_shape(node, roots.get(&node))
            } else {
                let index = paths.parent_edge(node);
                self.below(Edge {
                    index,
                    source: parent,
                    target: node,
                })
            };
            self.shape_of[node as usize] = shape;
            self.count(node, shape);
        }
    }

    fn root_shape(&mut self, node: NodeIndex, name: Option<&RootName>) -> ShapeId {
        let mut type_name = self.type_id(node);
        if name.is_some_and(|name| name.flavour == Flavour::Frame) {
            // A coroutine is a frame whether it runs or sleeps.
            type_name = self.forest.names.id("frame");
        }
        let name = match name {
            Some(name) => name.clone(),
            None => native_name(self.forest.names.text(type_name)),
        };
        let key = self.forest.names.id(&name.key);
        let shape = self.forest.shapes.child(TOP, Step::Root(key), type_name);
        let known = self
            .forest
            .roots
            .entry(shape)
            .or_insert_with(|| name.clone());
        // The newest snapshot may be taken while the program is torn down: `__main__` without a file.
        if known.prefix == "__main__" {
            known.prefix.clone_from(&name.prefix);
        }
        // Roots of one shape and several names (threads of a pool) go by what they share.
        if !self.roots_seen.insert(shape) && known.prefix != name.prefix {
            known.prefix = crate::roots::mask_digits(&known.prefix);
        }
        shape
    }

    /// The shape of the node at the end of an edge.
    fn below(&mut self, edge: Edge) -> ShapeId {
        let holder = self.shape_of[edge.source as usize];
        match self.step(edge, holder) {
            Some(step) => {
                let type_name = self.type_id(edge.target);
                self.forest.shapes.child(holder, step, type_name)
            }
            None => holder,
        }
    }

    /// The masked reference; `None` where the target is part of its holder.
    fn step(&mut self, edge: Edge, holder: ShapeId) -> Option<Step> {
        Some(match self.heap.label(edge.index) {
            Label::Namespace => return None,
            Label::Internal(text) if self.heap.text(text) == "__closure__" => return None,
            Label::Internal(text) => Step::Internal(self.text_id(text)),
            Label::Attribute(text) => Step::Attribute(self.text_id(text)),
            Label::Key(key) => self.key_step(edge.source, key, holder),
            Label::KeyObject => Step::KeyObject,
            Label::Index(_) => Step::AnyItem,
            Label::Element => Step::Element,
            Label::Cell(text) => Step::Cell(self.text_id(text)),
            Label::Local(text) => Step::Local(self.text_id(text)),
            Label::Stack => Step::Stack,
            Label::Class => Step::Class,
            Label::Unnamed => Step::Unnamed,
        })
    }

    fn key_step(&mut self, dict: NodeIndex, key: NodeIndex, holder: ShapeId) -> Step {
        let attribute = self.heap.is_namespace(dict);
        if !attribute && self.forest.shapes.is_masked(holder) {
            return Step::AnyItem;
        }
        if !self.has_named_keys(dict) {
            if attribute {
                return Step::AnyAttribute;
            }
            self.forest.shapes.mask(holder);
            return Step::AnyItem;
        }
        let text = self.heap.node_text(key);
        match text.filter(|_| attribute || keys::is_text(self.heap, key)) {
            Some(text) => {
                let name = self.forest.names.id(text);
                if attribute {
                    Step::Attribute(name)
                } else {
                    Step::Item(name)
                }
            }
            None if attribute => Step::AnyAttribute,
            None => Step::AnyItem,
        }
    }

    fn has_named_keys(&mut self, dict: NodeIndex) -> bool {
        if let Some(&known) = self.named_keys.get(&dict) {
            return known;
        }
        let named = self.look_at_keys(dict);
        self.named_keys.insert(dict, named);
        named
    }

    fn look_at_keys(&self, dict: NodeIndex) -> bool {
        let heap = self.heap;
        let keys = heap
            .graph
            .range(dict)
            .filter_map(|edge| match heap.label(edge as u32) {
                Label::Key(key) => Some(key),
                _ => None,
            });
        if heap.is_namespace(dict) {
            let owner_is_large = heap.is_module_namespace(dict)
                || self.class_of_namespace(self.shape_of[dict as usize]);
            return keys.count()
                <= if owner_is_large {
                    SMALL_MODULE
                } else {
                    SMALL_NAMESPACE
                };
        }
        let mut count = 0;
        for key in keys {
            count += 1;
            let is_named = keys::is_text(heap, key) && heap.node_text(key).is_some_and(is_name);
            if count > SMALL_DICT || !is_named {
                return false;
            }
        }
        true
    }

    fn class_of_namespace(&self, shape: ShapeId) -> bool {
        let type_name = self.forest.shapes.get(shape).type_name;
        matches!(
            self.forest.names.text(type_name),
            "type" | "abc.ABCMeta" | "module"
        )
    }

    fn count(&mut self, node: NodeIndex, shape: ShapeId) {
        let heap = self.heap;
        let elements = heap
            .graph
            .range(node)
            .filter(|&edge| {
                matches!(
                    heap.label(edge as u32),
                    Label::Key(_)
                        | Label::Index(_)
                        | Label::Element
                        | Label::Unnamed
                        | Label::Stack
                )
            })
            .count() as u64;
        if self.tallies.len() <= shape as usize {
            self.tallies.resize(shape as usize + 1, Tally::default());
        }
        let part_of_owner = heap.is_namespace(node) || heap.is_closure(node);
        let real = heap.snapshot.node_refcounts[node as usize] != SYNTHETIC;
        let tally = &mut self.tallies[shape as usize];
        tally.objects += u64::from(!part_of_owner || !real);
        tally.elements += elements;
        tally.bytes = tally.bytes.saturating_add(heap.size(node));
    }

    fn text_id(&mut self, text: u32) -> NameId {
        let Some(slot) = self.text_ids.get_mut(text as usize) else {
            return self.forest.names.id("");
        };
        if *slot == NameId::MAX {
            *slot = self.forest.names.id(self.heap.text(text));
        }
        *slot
    }

    fn type_id(&self, node: NodeIndex) -> NameId {
        let index = self.heap.snapshot.node_types.get(node as usize);
        index
            .and_then(|&index| self.type_ids.get(index as usize))
            .copied()
            .unwrap_or(0)
    }
}

/// Whether a key reads like a name that somebody chose, not like data: short, a word, hardly any
/// digits.
fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    let begins = letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_');
    let rest = text
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let hex = text.len() >= 6 && digits > 0 && text.chars().all(|c| c.is_ascii_hexdigit());
    begins && rest && text.len() <= 32 && digits <= 2 && !hex
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_told_from_data() {
        for name in [
            "sessions",
            "user_1",
            "x",
            "_private",
            "content-type",
            "cache",
        ] {
            assert!(is_name(name), "{name}");
        }
        for data in [
            "",
            "f3a9c1",
            "user1234",
            "two words",
            "/path",
            "0",
            "é".repeat(40).as_str(),
        ] {
            assert!(!is_name(data), "{data}");
        }
    }
}
