//! Paths as Python would write them: of a shape (`app.STORE[*].payload`) and of one object
//! (`app.STORE['f3a9…'].payload`).

use crate::findings::{HeldBy, Over, Step as HeldStep};
use crate::heap::{Heap, short_name};
use crate::inspectors::Inspectors;
use crate::keys;
use crate::roots::RootName;
use crate::shapes::{ShapeId, Step, TOP};
use crate::survey::{Forest, Survey};
use unfreed_graph::Edge;
use unfreed_recording::snapshot::{HIDDEN_FIELD, Label, NodeIndex};

/// Most steps of a path that is shown whole.
const STEPS: usize = 12;
/// Of a longer one, this many from the root,
const FIRST: usize = 4;
/// and this many at its end.
const LAST: usize = 2;
/// Most steps of a pattern that is looked for again.
const PERIOD: usize = 12;

/// The masked path of a shape; a pattern that repeats is there once, with an ellipsis for the rest.
#[must_use]
pub fn shape_text(forest: &Forest, shape: ShapeId) -> String {
    let mut texts = parts(forest, shape, |root| root.prefix.clone());
    texts.retain(|text| !text.is_empty());
    without_repeats(texts).concat()
}

/// The masked path of a shape as tables and sentences have it: in short if it is long.
#[must_use]
pub fn shape_in_short(forest: &Forest, shape: ShapeId) -> String {
    let mut texts = parts(forest, shape, |root| root.prefix.clone());
    texts.retain(|text| !text.is_empty());
    let texts = without_repeats(texts);
    match texts.split_first() {
        Some((root, steps)) => in_short(root, steps),
        None => String::new(),
    }
}

/// A path; of one that nobody would read to its end the first steps, the last ones and how many there are.
#[must_use]
pub fn in_short(root: &str, steps: &[String]) -> String {
    let count = steps.len();
    if count <= STEPS {
        return root.to_owned() + &steps.concat();
    }
    let (first, last) = (&steps[..FIRST], &steps[count - LAST..]);
    format!(
        "{root}{} … {} ({count} steps)",
        first.concat(),
        last.concat().trim_start(),
    )
}

/// The texts with the first pattern of two steps or more that follows itself kept once.
fn without_repeats(texts: Vec<String>) -> Vec<String> {
    let again = |from: usize, period: usize| {
        let pattern = texts.get(from..from + period)?;
        let rest = texts[from + period..].chunks(period);
        let times = rest.take_while(|next| *next == pattern).count();
        (times > 0).then_some((from + period, times * period))
    };
    let starts = 0..texts.len();
    let found = starts
        .flat_map(|from| (2..=PERIOD).map(move |period| (from, period)))
        .find_map(|(from, period)| again(from, period));
    let Some((end, repeated)) = found else {
        return texts;
    };
    let mut kept = texts[..end].to_vec();
    kept.push(" …".to_owned());
    kept.extend_from_slice(&texts[end + repeated..]);
    kept
}

/// The masked path with the root's key in place of its name and all keys masked: the same over runs,
/// whatever number the thread has.
#[must_use]
pub fn stable_text(forest: &Forest, shape: ShapeId) -> String {
    let path = forest.shapes.path(shape);
    let mut texts = parts(forest, shape, |root| root.key.clone());
    for (id, text) in path.iter().zip(&mut texts) {
        if matches!(forest.shapes.get(*id).step, Step::Item(_)) && !text.is_empty() {
            "[*]".clone_into(text);
        }
    }
    texts.concat()
}

/// The text of each step of a path.
fn parts(forest: &Forest, shape: ShapeId, root: impl Fn(&RootName) -> String) -> Vec<String> {
    let mut texts = Vec::new();
    let mut local = Local::Not;
    for id in forest.shapes.path(shape) {
        if let Some(name) = forest.roots.get(&id) {
            texts.push(root(name));
            continue;
        }
        let type_name = forest.names.text(forest.shapes.get(id).type_name);
        texts.push(
            local
                .instead(forest, id)
                .unwrap_or_else(|| step_text(forest, id)),
        );
        local = local.after(type_name);
    }
    texts
}

/// How far a path has gone into a `threading.local`: it keeps a dict of one dict for each thread,
/// and people know neither.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Local {
    Not,
    Object,
    Threads,
    Attributes,
}

impl Local {
    fn after(self, type_name: &str) -> Self {
        match self {
            _ if type_name == "_thread._local" => Self::Object,
            Self::Object if type_name == "dict" => Self::Threads,
            Self::Threads if type_name == "dict" => Self::Attributes,
            _ => Self::Not,
        }
    }

    fn instead(self, forest: &Forest, id: ShapeId) -> Option<String> {
        let shape = forest.shapes.get(id);
        let dict = forest.names.text(shape.type_name) == "dict";
        match (self, shape.step) {
            (Self::Object, Step::Unnamed) | (Self::Threads, _) if dict => Some(String::new()),
            (Self::Attributes, Step::Item(name)) => Some(format!(".{}", forest.names.text(name))),
            _ => None,
        }
    }
}

/// Whether two shapes differ in nothing but the keys of dicts on their paths.
#[must_use]
pub fn are_siblings(forest: &Forest, one: ShapeId, other: ShapeId) -> bool {
    let (one, other) = (forest.shapes.path(one), forest.shapes.path(other));
    let alike = |(one, other): (&ShapeId, &ShapeId)| {
        let (one, other) = (forest.shapes.get(*one), forest.shapes.get(*other));
        let keys = |step| matches!(step, Step::Item(_) | Step::AnyItem);
        one.type_name == other.type_name
            && (one.step == other.step || (keys(one.step) && keys(other.step)))
    };
    one.len() == other.len() && one.iter().zip(&other).all(alike)
}

/// What two siblings have in common; `known` is what one of them was already called.
#[must_use]
pub fn sibling_text(
    forest: &Forest,
    one: ShapeId,
    other: ShapeId,
    known: Option<&[String]>,
) -> Vec<String> {
    let own = parts(forest, one, |root| root.prefix.clone());
    let one = known.map_or(own, <[String]>::to_vec);
    let other = parts(forest, other, |root| root.prefix.clone());
    let common = |(one, other): (String, String)| {
        if one == other { one } else { "[*]".to_owned() }
    };
    one.into_iter().zip(other).map(common).collect()
}

/// The cache wrapper that a path passes.
#[must_use]
pub fn wrapper_of(forest: &Forest, shape: ShapeId) -> Option<ShapeId> {
    forest
        .shapes
        .path(shape)
        .into_iter()
        .find(|&id| forest.names.text(forest.shapes.get(id).type_name) == LRU_WRAPPER)
}

fn step_text(forest: &Forest, id: ShapeId) -> String {
    let shape = forest.shapes.get(id);
    let name = |name| forest.names.text(name);
    match shape.step {
        Step::Root(_) | Step::Attribute(_) if shape.parent == TOP => String::new(),
        Step::Root(text) => format!(".{}", name(text)),
        Step::Attribute(text) => keys::attribute(name(text)),
        Step::AnyAttribute => ".*".to_owned(),
        Step::Item(text) => format!("[{}]", keys::quoted(name(text))),
        Step::AnyItem => "[*]".to_owned(),
        Step::Element | Step::Unnamed if is_wrapper(forest, shape.parent) => IN_CACHE.to_owned(),
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

/// What leads from a cached function into its cache.
const IN_CACHE: &str = " → cache";

fn is_wrapper(forest: &Forest, shape: ShapeId) -> bool {
    forest.names.text(forest.shapes.get(shape).type_name) == LRU_WRAPPER
}

fn closure_text(variable: &str) -> String {
    format!(".__closure__['{variable}']")
}

/// What people call a growing shape: its path, or the closure variable, cache or queue that it is.
#[must_use]
pub fn subject(forest: &Forest, shape: ShapeId) -> String {
    let path = forest.shapes.path(shape);
    let type_of = |id: &ShapeId| forest.names.text(forest.shapes.get(*id).type_name);
    if let Some(wrapper) = wrapper_of(forest, shape) {
        return format!("functools cache of {}()", shape_text(forest, wrapper));
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
        self.inspected(object, on, suspect, &Inspectors::new(self.heap))
    }

    /// The same with inspectors that are there already.
    #[must_use]
    pub fn inspected(
        &self,
        object: NodeIndex,
        on: &[Edge],
        suspect: ShapeId,
        inspectors: &Inspectors<'_, '_>,
    ) -> HeldBy {
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
        let mut holders = Vec::new();
        for edge in &edges {
            let text = reference(self.heap, *edge, false);
            path.push_str(&text);
            // A namespace or a cell is not a holder of its own to people.
            if !text.is_empty() {
                let holder = self.holder(edge.source);
                holders.push(holder);
                steps.push(HeldStep {
                    type_name: self.heap.type_name(holder),
                    reference: text,
                    suspect: self.shape(edge.source) == suspect
                        && !self.is_part(edge.target, suspect),
                    over: Over::Unknown,
                    reason: String::new(),
                });
            }
        }
        let end = edges.last().map_or(object, |edge| edge.target);
        holders.push(end);
        steps.push(HeldStep {
            type_name: self.heap.type_name(end),
            ..HeldStep::default()
        });
        let end_shape = self
            .survey
            .shape_of
            .get(end as usize)
            .copied()
            .unwrap_or(TOP);
        let mut held = HeldBy {
            path,
            shape: shape_text(self.forest, end_shape),
            root: name.map_or_else(String::new, |name| name.described.clone()),
            steps,
        };
        inspectors.annotate(&mut held, &holders);
        held
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

    /// A holder; its owner where it is a namespace or closure.
    fn holder(&self, node: NodeIndex) -> NodeIndex {
        let mut at = node;
        while self.heap.is_namespace(at) || self.heap.is_closure(at) || self.is_cell(at) {
            let above = self.survey.paths.parent(at);
            if above == unfreed_graph::NO_NODE {
                break;
            }
            at = above;
        }
        at
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
        Label::Attribute(text) => keys::attribute(heap.text(text)),
        Label::Key(key) if heap.is_namespace(edge.source) => {
            keys::attribute(heap.node_text(key).unwrap_or("*"))
        }
        Label::Key(_) | Label::Index(_) if masked => "[*]".to_owned(),
        Label::Key(key) => format!("[{}]", keys::key(heap, key)),
        Label::KeyObject => ".keys()[*]".to_owned(),
        Label::Index(index) => format!("[{index}]"),
        Label::Element | Label::Unnamed if heap.type_name(edge.source) == LRU_WRAPPER => {
            IN_CACHE.to_owned()
        }
        Label::Element => "{*}".to_owned(),
        Label::Cell(text) => closure_text(heap.text(text)),
        Label::Local(text) => format!(" › {}", heap.text(text)),
        Label::Stack => " › a temporary".to_owned(),
        Label::Class => ".__class__".to_owned(),
        Label::Internal(text) => match heap.text(text) {
            "__closure__" | "cell_contents" => String::new(),
            HIDDEN_FIELD => format!(" › {HIDDEN_FIELD}"),
            name => format!(".{name}"),
        },
        Label::Unnamed => format!(" → {}", short_name(&heap.type_name(edge.target))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_told_in_short() {
        let told = |count| in_short("app.head", &vec![".next".to_owned(); count]);
        assert_eq!(told(12), "app.head".to_owned() + &".next".repeat(12));
        assert_eq!(
            told(13),
            "app.head.next.next.next.next … .next.next (13 steps)"
        );
    }

    #[test]
    fn what_repeats_is_told_once() {
        let told = |path: &str| {
            let texts = path.split('|').map(str::to_owned).collect();
            without_repeats(texts).join("|")
        };
        assert_eq!(told("app|.store|[*]"), "app|.store|[*]");
        assert_eq!(told("app|.next|.next"), "app|.next|.next");
        assert_eq!(
            told("app|.fut|.frame|.item|.fut|.frame|.item|.fut"),
            "app|.fut|.frame|.item| …|.fut"
        );
        assert_eq!(told("a|b|c|b|c|b|c|d"), "a|b|c| …|d");
    }
}
