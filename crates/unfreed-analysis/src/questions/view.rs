//! A snapshot made ready for questions: its graph, and as far as a question needs them its paths from named roots (two
//! passes over the references), its dominators and retained sizes (one dominator pass).

use super::{Cell, Collector};
use crate::heap::{Heap, short_name};
use crate::ownership::Ownership;
use crate::paths::{in_short, reference};
use crate::retained::{Retained, roots};
use crate::shapes::TOP;
use crate::standing::{Standing, census};
use crate::survey::{Forest, Survey, survey};
use serde::Serialize;
use std::sync::OnceLock;
use unfreed_graph::Dominators;
use unfreed_recording::process::ProcessInfo;
use unfreed_recording::snapshot::{NodeIndex, RootKind, Snapshot, TypeInfo};

/// Longest text of a node in a name.
const TEXT: usize = 40;

/// A snapshot ready for questions.
pub struct View<'a> {
    pub(super) heap: Heap<'a>,
    pub(super) in_degrees: Vec<u32>,
    pub(super) collector: Collector,
    pub(super) ownership: Ownership,
    contents: Option<Contents>,
    surveyed: OnceLock<(Survey<'a>, Forest)>,
    dominated: OnceLock<Retained>,
}

/// What a look found out about contents, where the snapshot itself does not say: as in [`Snapshot`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// As [`Snapshot::equal_contents`].
    pub equal: Vec<(NodeIndex, u32)>,
    /// As [`Snapshot::spare_bytes`].
    pub spare: Vec<(NodeIndex, u32)>,
}

/// What a snapshot is, in figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HeapFacts {
    /// Objects.
    pub objects: u64,
    /// References.
    pub references: u64,
    /// Bytes of all objects.
    pub bytes: u64,
    /// Bytes of the objects that nothing reaches.
    pub unreached_bytes: u64,
    /// Part of the references, by count, that objects and frames of the snapshot explain, 0 to 1;
    /// those to small numbers, `None` and their like are not counted (immortal from 3.12 on).
    pub coverage: f64,
    /// Seconds from the start of the recording to the snapshot.
    pub at_seconds: f64,
    /// Seconds that the program stood still for it.
    pub pause_seconds: f64,
}

impl<'a> View<'a> {
    /// Looks a snapshot over.
    ///
    /// # Errors
    /// A sentence, when the snapshot's columns do not fit each other.
    pub fn new(snapshot: &'a Snapshot, process: &ProcessInfo) -> Result<Self, String> {
        let heap = Heap::new(snapshot)?;
        Ok(Self {
            in_degrees: heap.in_degrees(),
            heap,
            collector: Collector::default(),
            contents: None,
            ownership: Ownership::new(process),
            surveyed: OnceLock::new(),
            dominated: OnceLock::new(),
        })
    }

    /// With what is known of the collector at that moment.
    #[must_use]
    pub fn with_collector(self, collector: Collector) -> Self {
        Self { collector, ..self }
    }

    /// With contents that were compared apart from the snapshot.
    #[must_use]
    pub fn with_contents(self, contents: Contents) -> Self {
        Self {
            contents: Some(contents),
            ..self
        }
    }

    pub(super) fn equal_contents(&self) -> &[(NodeIndex, u32)] {
        let apart = self.contents.as_ref();
        apart.map_or(&self.heap.snapshot.equal_contents, |apart| &apart.equal)
    }

    pub(super) fn spare_bytes(&self) -> &[(NodeIndex, u32)] {
        let apart = self.contents.as_ref();
        apart.map_or(&self.heap.snapshot.spare_bytes, |apart| &apart.spare)
    }

    fn surveyed(&self) -> &(Survey<'a>, Forest) {
        self.surveyed.get_or_init(|| {
            let heap = &self.heap;
            // One snapshot cannot tell which frames stand still: all may be roots.
            let standing = Standing::new(&[census(heap), census(heap)]);
            let mut forest = Forest::default();
            let (ownership, degrees) = (&self.ownership, &self.in_degrees);
            let survey = survey(heap, ownership, &standing, degrees, &mut forest);
            (survey, forest)
        })
    }

    /// The paths from named roots, and their shapes.
    pub(super) fn survey(&self) -> &Survey<'a> {
        &self.surveyed().0
    }

    /// What the shapes of paths are made of.
    pub(super) fn forest(&self) -> &Forest {
        &self.surveyed().1
    }

    pub(super) fn dominated(&self) -> &Retained {
        self.dominated
            .get_or_init(|| Retained::new(&self.heap, &self.in_degrees))
    }

    /// Named roots, and what something outside the snapshot holds.
    pub(super) fn roots(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        roots(&self.heap, &self.in_degrees)
    }

    /// What everything on the way from the roots to an object passes through.
    pub(super) fn dominators(&self) -> &Dominators {
        &self.dominated().dominators
    }

    /// The figures of the snapshot.
    #[must_use]
    pub fn facts(&self) -> HeapFacts {
        let snapshot = self.heap.snapshot;
        let dominators = self.dominators();
        let (mut held, mut explained) = (0_u64, 0_u64);
        let mut unreached = 0_u64;
        let says_nothing: Vec<bool> = snapshot.types.iter().map(is_of_singletons).collect();
        for node in self.nodes() {
            let seen = self.in_degrees[node as usize];
            let type_ = snapshot.node_types[node as usize] as usize;
            if says_nothing.get(type_).copied().unwrap_or(false) {
                continue;
            }
            if let Some(excess) = self.heap.excess(node, seen) {
                let count = u64::from(snapshot.node_refcounts[node as usize]);
                held += count;
                explained += count.saturating_sub(excess.max(0).unsigned_abs());
            }
            if !dominators.is_reached(node) {
                unreached = unreached.saturating_add(self.heap.size(node));
            }
        }
        HeapFacts {
            objects: self.heap.graph.node_count() as u64,
            references: self.heap.graph.edge_count() as u64,
            bytes: self.bytes(),
            unreached_bytes: unreached,
            coverage: if held == 0 {
                1.0
            } else {
                explained as f64 / held as f64
            },
            at_seconds: snapshot.at.seconds(),
            pause_seconds: snapshot.pause_ns as f64 / 1e9,
        }
    }

    /// Whether the lines are known that made some of the objects.
    #[must_use]
    pub fn has_sites(&self) -> bool {
        !self.heap.snapshot.samples.is_empty()
    }

    pub(super) fn nodes(&self) -> std::ops::Range<NodeIndex> {
        0..self.heap.graph.node_count() as NodeIndex
    }

    /// Bytes of all objects.
    pub(super) fn bytes(&self) -> u64 {
        let sizes = self.heap.snapshot.node_sizes.iter();
        sizes.fold(0, |sum, size| sum.saturating_add(*size))
    }

    pub(super) fn retained(&self, node: NodeIndex) -> u64 {
        self.dominated().of(node)
    }

    /// What people call an object for sure: `app.models.Session#123`.
    pub(super) fn name(&self, node: NodeIndex) -> String {
        format!("{}#{node}", self.heap.type_name(node))
    }

    /// Where an object was in memory, if the snapshot tells.
    pub(super) fn address(&self, node: NodeIndex) -> Option<u64> {
        let address = self.heap.snapshot.node_addresses.get(node as usize);
        address.copied().filter(|&address| address != 0)
    }

    /// Its name, with its text where it has one: `function#7 app.render`.
    pub(super) fn described(&self, node: NodeIndex) -> String {
        match self.heap.node_text(node) {
            Some(text) => format!("{} {}", self.name(node), crate::wording::cut(text, TEXT)),
            None => self.name(node),
        }
    }

    /// What paths into the main module begin with.
    pub(super) fn main_module(&self) -> Option<&str> {
        let snapshot = self.heap.snapshot;
        let main = snapshot.roots.iter().find(|root| match root.kind {
            RootKind::Module { name, .. } => self.heap.text(name) == "__main__",
            _ => false,
        })?;
        let (survey, forest) = self.surveyed();
        let shape = survey.shape_of.get(main.node as usize)?;
        forest.roots.get(shape).map(|name| name.prefix.as_str())
    }

    /// The path that leads to it from a named root, as Python would write it; `None` when nothing
    /// reaches it.
    fn path(&self, node: NodeIndex) -> Option<Path> {
        let (survey, forest) = self.surveyed();
        if !survey.paths.reached(node) {
            return None;
        }
        let edges = survey.paths.path(node);
        let root = edges.first().map_or(node, |edge| edge.source);
        let shape = survey.shape_of.get(root as usize).copied().unwrap_or(TOP);
        let root = match forest.roots.get(&shape) {
            Some(name) if !name.prefix.is_empty() => name.prefix.clone(),
            _ => format!(
                "held by C code › {}",
                short_name(&self.heap.type_name(root))
            ),
        };
        let steps = edges.into_iter();
        let steps = steps.map(|edge| reference(&self.heap, edge, false));
        Some(Path {
            root,
            steps: steps.filter(|step| !step.is_empty()).collect(),
        })
    }

    /// The whole path of an object, or that it has none.
    pub(super) fn whole_place(&self, node: NodeIndex) -> String {
        let path = self.path(node);
        path.map_or_else(nowhere, |path| path.whole())
    }

    /// Where an object is, for a table or a sentence: its path, in short if it is long, or that it has none.
    pub(super) fn place(&self, node: NodeIndex) -> String {
        let path = self.path(node);
        path.map_or_else(nowhere, |path| path.in_short())
    }

    /// The same for a table whose JSON has the whole path, so that it leads back.
    pub(super) fn place_cell(&self, node: NodeIndex) -> Cell {
        let Some(path) = self.path(node) else {
            return Cell::Text(nowhere());
        };
        Cell::path(path.whole(), path.in_short())
    }
}

fn nowhere() -> String {
    "nothing reaches it".to_owned()
}

/// A path, step by step.
struct Path {
    root: String,
    steps: Vec<String>,
}

impl Path {
    fn whole(&self) -> String {
        self.root.clone() + &self.steps.concat()
    }

    fn in_short(&self) -> String {
        in_short(&self.root, &self.steps)
    }
}

/// Types whose instances everybody shares: before 3.12 the interpreter's own tables hold thousands of
/// references to `None`, which say nothing about what a program holds.
fn is_of_singletons(info: &TypeInfo) -> bool {
    info.module == "builtins"
        && ["NoneType", "bool", "int", "ellipsis", "NotImplementedType"]
            .contains(&info.name.as_str())
}
