//! Whether an object's life is over, as far as a snapshot shows: a closed file, a done task, a thread
//! that has exited. And what keeps more alive than it shows: a view, a bound method, a traceback.
//! Says what is; whether it leaks is for the judges of growth.

mod classes;
mod keepers;
mod library;
mod packages;
mod states;

use crate::findings::{HeldBy, Over};
use crate::heap::Heap;
use crate::paths::reference;
use crate::seeded::{Map, Set};
use classes::Rule;
use std::cell::RefCell;
use unfreed_recording::snapshot::{Label, NodeIndex, RootKind, TypeIndex};

/// Most attributes of an object that are looked at.
const ATTRIBUTES: usize = 200;

/// What is known of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Whether what it was made for has ended.
    pub over: Over,
    /// Why, as the rest of a sentence that begins with its type: `is a closed file`.
    pub reason: String,
    /// Whether it keeps something alive that it does not show.
    pub keeps: bool,
}

impl Inspection {
    fn over(reason: impl Into<String>) -> Option<Self> {
        Self::new(Over::Yes, reason)
    }

    fn in_use(reason: impl Into<String>) -> Option<Self> {
        Self::new(Over::No, reason)
    }

    fn unknown(reason: impl Into<String>) -> Option<Self> {
        Self::new(Over::Unknown, reason)
    }

    fn keeps(reason: impl Into<String>) -> Option<Self> {
        let said = Self::unknown(reason);
        said.map(|said| Self {
            keeps: true,
            ..said
        })
    }

    fn new(over: Over, reason: impl Into<String>) -> Option<Self> {
        Some(Self {
            over,
            reason: reason.into(),
            keeps: false,
        })
    }
}

/// Looks at objects of one snapshot.
pub struct Inspectors<'h, 'a> {
    heap: &'h Heap<'a>,
    /// Classes that have a rule, by their objects.
    rules: Map<NodeIndex, Rule>,
    /// The rule of each type, once it was asked for.
    of_type: RefCell<Map<TypeIndex, Option<Rule>>>,
    modules: Map<&'a str, NodeIndex>,
    /// The objects of `threading._active`: threads that run.
    running_threads: Option<Set<NodeIndex>>,
}

impl<'h, 'a> Inspectors<'h, 'a> {
    /// Gets ready: finds the classes that have a rule, by their modules.
    #[must_use]
    pub fn new(heap: &'h Heap<'a>) -> Self {
        let mut modules: Map<&'a str, NodeIndex> = Map::default();
        for root in &heap.snapshot.roots {
            if let RootKind::Module { name, .. } = root.kind {
                modules.insert(heap.text(name), root.node);
            }
        }
        let mut rules = Map::default();
        for &(module, class, rule) in classes::RULES {
            let module = modules.get(module);
            if let Some(class) = module.and_then(|&module| heap.attribute(module, class)) {
                rules.insert(class, rule);
            }
        }
        let active = modules
            .get("threading")
            .and_then(|&threading| heap.attribute(threading, "_active"));
        let running_threads = active.map(|active| {
            let edges = heap.graph.edges(active);
            let values = edges.filter(|edge| matches!(heap.label(edge.index), Label::Key(_)));
            values.map(|edge| edge.target).collect()
        });
        Self {
            heap,
            rules,
            of_type: RefCell::default(),
            modules,
            running_threads,
        }
    }

    /// What is known of an object; `None` for most, which no inspector knows.
    #[must_use]
    pub fn inspect(&self, node: NodeIndex) -> Option<Inspection> {
        self.known(node).or_else(|| self.owner(node))
    }

    fn known(&self, node: NodeIndex) -> Option<Inspection> {
        let by_class = self.rule(node).and_then(|rule| rule(self, node));
        by_class
            .or_else(|| self.by_state(node))
            .or_else(|| self.keeper(node))
    }

    /// An object of the person's own that has something as an attribute whose life is over: it is
    /// likely that its own is.
    fn owner(&self, node: NodeIndex) -> Option<Inspection> {
        if self.heap.is_module(node) || self.heap.is_class(node) || self.heap.is_namespace(node) {
            return None;
        }
        let namespace = self.heap.labelled(node, |label| label == Label::Namespace);
        let of = |owner: NodeIndex| self.heap.graph.edges(owner).take(ATTRIBUTES);
        let edges = of(node).chain(namespace.into_iter().flat_map(of));
        edges
            .filter(|edge| {
                matches!(
                    self.heap.label(edge.index),
                    Label::Attribute(_) | Label::Key(_)
                )
            })
            .filter(|edge| edge.source == node || self.heap.is_namespace(edge.source))
            .find_map(|edge| {
                let what = self.known(edge.target)?;
                let name = reference(self.heap, edge, false);
                let is_attribute = what.over == Over::Yes && name.starts_with('.');
                is_attribute.then(|| Inspection {
                    over: Over::Unknown,
                    reason: format!("has {name}, which {}", what.reason),
                    keeps: false,
                })
            })
    }

    /// Puts what is known on the holders of a path, and marks the suspect reference where growth has
    /// not: the one that leads to the first object whose life is over, or else the one by which an
    /// object keeps more than it shows. `nodes` are the objects of the steps.
    pub fn annotate(&self, held: &mut HeldBy, nodes: &[NodeIndex]) {
        let mut keeper = None;
        let mut first_over = None;
        for (index, (step, &node)) in held.steps.iter_mut().zip(nodes).enumerate() {
            let Some(inspection) = self.inspect(node) else {
                continue;
            };
            if inspection.over == Over::Yes && first_over.is_none() {
                first_over = Some(index);
            }
            if inspection.keeps && keeper.is_none() && !step.reference.is_empty() {
                keeper = Some(index);
            }
            step.over = inspection.over;
            step.reason = inspection.reason;
        }
        for index in 1..held.steps.len() {
            // The object that it has is the next on the path, which says so itself.
            let said_next = held.steps[index].over == Over::Yes;
            let holder = &mut held.steps[index - 1];
            if said_next
                && holder
                    .reason
                    .starts_with(&format!("has {},", holder.reference))
            {
                holder.reason.clear();
            }
        }
        if held.steps.iter().any(|step| step.suspect) {
            return;
        }
        let into_over = first_over.and_then(|index| index.checked_sub(1));
        if let Some(step) = into_over
            .or(keeper)
            .and_then(|index| held.steps.get_mut(index))
        {
            step.suspect = true;
        }
    }

    /// The rule of the first class among the object's classes, most special first, that has one.
    fn rule(&self, node: NodeIndex) -> Option<Rule> {
        let index = *self.heap.snapshot.node_types.get(node as usize)?;
        if let Some(rule) = self.of_type.borrow().get(&index) {
            return *rule;
        }
        let class = self.heap.type_of(node)?.node;
        let rule = class.and_then(|class| {
            let order = self.heap.labelled(
                class,
                |label| matches!(label, Label::Internal(text) if self.heap.text(text) == "__mro__"),
            );
            let bases = order
                .into_iter()
                .flat_map(|order| self.heap.graph.edges(order));
            let mut classes = std::iter::once(class).chain(bases.map(|edge| edge.target));
            classes.find_map(|class| self.rules.get(&class).copied())
        });
        self.of_type.borrow_mut().insert(index, rule);
        rule
    }

    fn attribute(&self, node: NodeIndex, name: &str) -> Option<NodeIndex> {
        self.heap.attribute(node, name)
    }

    /// A module of `sys.modules`.
    fn module(&self, name: &str) -> Option<NodeIndex> {
        self.modules.get(name).copied()
    }

    /// A dict's value by its key.
    fn entry(&self, dict: NodeIndex, name: &str) -> Option<NodeIndex> {
        self.heap.labelled(
            dict,
            |label| matches!(label, Label::Key(key) if self.heap.node_text(key) == Some(name)),
        )
    }

    /// Whether an attribute is `True` or `False`; `None` where it is neither or not seen.
    fn flag(&self, node: NodeIndex, name: &str) -> Option<bool> {
        match states::state(self.heap, self.attribute(node, name)?)? {
            "True" => Some(true),
            "False" => Some(false),
            _ => None,
        }
    }

    fn is_none(&self, node: NodeIndex) -> bool {
        self.heap
            .type_of(node)
            .is_some_and(|info| info.name == "NoneType" && info.module == "builtins")
    }

    /// Whether an attribute is `None`; `None` where it is not seen.
    fn is_attribute_none(&self, node: NodeIndex, name: &str) -> Option<bool> {
        self.attribute(node, name).map(|value| self.is_none(value))
    }

    /// The target of a part of the interpreter's structure: `__self__`, `tb_next`, `base`.
    fn part(&self, node: NodeIndex, name: &str) -> Option<NodeIndex> {
        self.heap.labelled(
            node,
            |label| matches!(label, Label::Internal(text) if self.heap.text(text) == name),
        )
    }
}
