//! Instances that would be smaller with `__slots__`: by class, from what all its instances have in common. An estimate, on
//! the careful side: a class whose `__slots__` would change nothing, or that would not work, is not named.

use super::View;
use super::collector::mro;
use super::waste::Sum;
use crate::heap::full_name;
use crate::ownership::Owner;
use crate::seeded::{Map, Set};
use unfreed_recording::snapshot::{Label, NodeIndex, RootKind, TypeIndex};

/// Instances of a class before it is worth a word.
const INSTANCES: u64 = 100;
/// More different attributes than this are made at run time; `__slots__` would not do.
const ATTRIBUTES: usize = 64;
/// Bytes of an instance with `__slots__` before the first: the collector's links, count, class, weak references.
const HEAD: u64 = 16 + 16 + 8;
/// Bytes of a slot.
const SLOT: u64 = 8;
/// Bytes of an instance below which nothing is said: what the estimate may be off.
const LEAST: u64 = 16;

#[derive(Default)]
struct Instances<'a> {
    sum: Sum,
    names: Set<&'a str>,
}

/// Classes that would do with `__slots__`, and what that saves.
pub(super) fn slots_would_do(view: &View<'_>) -> Vec<(String, Sum)> {
    let candidates = candidates(view);
    let mut classes: Map<TypeIndex, Instances<'_>> = Map::default();
    for node in view.nodes() {
        let type_ = view.heap.snapshot.node_types[node as usize];
        if candidates.contains(&type_) {
            classes.entry(type_).or_default().add(view, node);
        }
    }
    let classes = classes.into_iter();
    classes
        .filter_map(|(type_, instances)| {
            let info = view.heap.snapshot.types.get(type_ as usize)?;
            Some((full_name(info), instances.with_savings()?))
        })
        .collect()
}

impl<'a> Instances<'a> {
    fn add(&mut self, view: &View<'a>, instance: NodeIndex) {
        if self.sum.objects == 0 {
            self.sum.example = instance;
        }
        self.sum.objects += 1;
        let mut size = view.heap.size(instance);
        for edge in view.heap.graph.edges(instance) {
            match view.heap.label(edge.index) {
                Label::Attribute(text) => self.name(view.heap.text(text)),
                Label::Namespace => {
                    size = size.saturating_add(view.heap.size(edge.target));
                    self.names_in(view, edge.target);
                }
                _ => {}
            }
        }
        self.sum.bytes = self.sum.bytes.saturating_add(size);
    }

    fn names_in(&mut self, view: &View<'a>, namespace: NodeIndex) {
        for edge in view.heap.graph.edges(namespace) {
            if let Label::Key(key) = view.heap.label(edge.index) {
                // A key without a text is not the same as another one: no name is as good as many.
                self.name(view.heap.node_text(key).unwrap_or(""));
            }
        }
    }

    fn name(&mut self, name: &'a str) {
        if self.names.len() <= ATTRIBUTES {
            self.names.insert(name);
        }
    }

    /// All that the instances have beyond a slot for each attribute that any of them has.
    fn with_savings(self) -> Option<Sum> {
        let names_are_known = !self.names.contains("") && self.names.len() <= ATTRIBUTES;
        let slotted = HEAD + SLOT * self.names.len() as u64;
        let needed = self.sum.objects.saturating_mul(slotted);
        let saved = self.sum.bytes.saturating_sub(needed);
        let is_worth = saved >= self.sum.objects.saturating_mul(LEAST);
        let enough = self.sum.objects >= INSTANCES;
        (names_are_known && is_worth && enough).then_some(Sum { saved, ..self.sum })
    }
}

/// Types whose instances have a `__dict__` that `__slots__` could spare them: classes that the person or an installed
/// package wrote in Python, all of whose bases are classes without one, or such ones too.
fn candidates(view: &View<'_>) -> Set<TypeIndex> {
    let owners = owners(view);
    let types = (0..).zip(&view.heap.snapshot.types);
    let by_node: Map<NodeIndex, TypeIndex> = types
        .clone()
        .filter_map(|(index, info)| Some((info.node?, index)))
        .collect();
    let is_changeable = |class: NodeIndex| {
        let Some(info) = by_node
            .get(&class)
            .and_then(|&index| view.heap.snapshot.types.get(index as usize))
        else {
            // A base without instances of its own: by its name it is not known whose it is.
            return gives_dict(view, class).is_none();
        };
        match gives_dict(view, class) {
            _ if info.module == "builtins" => info.name == "object",
            None => info.heap,
            Some(in_python) => {
                let owner = owners.get(info.module.as_str());
                let is_theirs = matches!(owner, Some(Owner::Own | Owner::ThirdParty));
                info.heap && in_python && is_theirs
            }
        }
    };
    types
        .filter_map(|(index, info)| {
            let class = info.node.filter(|_| info.heap)?;
            let is_theirs = matches!(
                owners.get(info.module.as_str()),
                Some(Owner::Own | Owner::ThirdParty)
            );
            let order = mro(&view.heap, class);
            let has_dict = order.iter().any(|&base| gives_dict(view, base).is_some());
            let all = order.iter().all(|&base| is_changeable(base));
            (is_theirs && has_dict && all).then_some(index)
        })
        .collect()
}

/// Whether a class is the one that gives its instances a `__dict__`, and if so, whether it was written in Python: such a
/// one gives them weak references as well.
fn gives_dict(view: &View<'_>, class: NodeIndex) -> Option<bool> {
    let namespace = view
        .heap
        .labelled(class, |label| label == Label::Namespace)?;
    let has = |name: &str| {
        let named =
            |label| matches!(label, Label::Key(key) if view.heap.node_text(key) == Some(name));
        view.heap.labelled(namespace, named).is_some()
    };
    has("__dict__").then(|| has("__weakref__"))
}

/// Whose each module is that `sys.modules` has.
fn owners<'a>(view: &View<'a>) -> Map<&'a str, Owner> {
    let roots = view.heap.snapshot.roots.iter();
    roots
        .filter_map(|root| match root.kind {
            RootKind::Module { name, file } => {
                let name = view.heap.text(name);
                let file = file.map(|file| view.heap.text(file));
                Some((name, view.ownership.of_module(name, file)))
            }
            _ => None,
        })
        .collect()
}
