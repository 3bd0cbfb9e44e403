//! Instances of the classes that the person asked for: how many lived when, who made those that live and how old
//! they are. From snapshots and the births of the blocks in them; the classes are not touched.

use crate::findings::{Age, Look, Origin, Watched};
use crate::heap::{Heap, full_name};
use crate::ownership::Ownership;
use crate::questions::EVERY_BLOCK;
use crate::seeded::Map;
use crate::sites::named_frame;
use crate::source::EvidenceSource;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_recording::snapshot::{Label, NodeIndex, SampledNode, TypeInfo};

/// Classes that are followed: a recording may name any number.
const CLASSES: usize = 100;
/// Places that are told.
const PLACES: usize = 20;

/// What became of the instances of each watched class, up to the `newest` snapshot that counts.
#[must_use]
pub fn watched(
    source: &dyn EvidenceSource,
    ownership: &Ownership,
    newest: Option<usize>,
) -> Vec<Watched> {
    let names = source.watched();
    if names.is_empty() {
        return Vec::new();
    }
    let is_exact = source
        .epochs()
        .iter()
        .all(|epoch| epoch.sample_bytes == EVERY_BLOCK);
    let mut all: Vec<Following> = names
        .iter()
        .take(CLASSES)
        .map(|name| Following::new(name, is_exact))
        .collect();
    for index in newest.map_or(0..0, |newest| 0..newest + 1) {
        let Ok(snapshot) = source.snapshot(index) else {
            continue;
        };
        let Ok(heap) = Heap::new(&snapshot) else {
            continue;
        };
        for one in &mut all {
            one.look(&heap);
        }
    }
    all.into_iter()
        .map(|one| one.told(source, ownership))
        .collect()
}

/// A class, from look to look.
struct Following {
    watched: Watched,
    /// What the newest look saw.
    seen: Vec<SampledNode>,
    epoch: Option<EpochId>,
}

impl Following {
    fn new(name: &str, is_exact: bool) -> Self {
        Self {
            watched: Watched {
                class: name.to_owned(),
                exact: is_exact,
                ..Watched::default()
            },
            seen: Vec::new(),
            epoch: None,
        }
    }

    fn look(&mut self, heap: &Heap<'_>) {
        let snapshot = heap.snapshot;
        let types = types_of(heap, &self.watched.class);
        let is_one = |node: NodeIndex| {
            let kind = snapshot.node_types.get(node as usize);
            kind.and_then(|&kind| types.get(kind as usize)) == Some(&true)
        };
        let nodes = (0..heap.graph.node_count() as NodeIndex).filter(|&node| is_one(node));
        let (mut alive, mut bytes) = (0_u64, 0_u64);
        for node in nodes {
            alive += 1;
            bytes = bytes.saturating_add(heap.size(node));
        }
        let samples = snapshot.samples.iter();
        self.seen = samples
            .filter(|sample| is_one(sample.node))
            .copied()
            .collect();
        if self.watched.exact {
            only_own(&mut self.seen);
        }
        let before = self.watched.looks.last().map_or(0, |look| look.alive);
        let born = self.born(alive);
        self.watched.looks.push(Look {
            seconds: snapshot.at.seconds(),
            alive,
            born,
            died: (before + born).saturating_sub(alive),
        });
        (self.watched.alive, self.watched.bytes) = (alive, bytes);
        self.epoch = Some(snapshot.epoch);
    }

    /// Instances that were born since the look before and live.
    fn born(&self, alive: u64) -> u64 {
        let is_new = |sample: &&SampledNode| self.epoch.is_none_or(|before| sample.born > before);
        let young: f64 = self
            .seen
            .iter()
            .filter(is_new)
            .map(|one| self.weight(one))
            .sum();
        let before = self.watched.looks.last().map_or(0, |look| look.alive);
        // What is there and was not before has been born, whatever the samples say.
        self.told_by(young, alive).max(alive.saturating_sub(before))
    }

    /// What a sample counts for: of a class, those of many bytes stand for many instances.
    fn weight(&self, sample: &SampledNode) -> f64 {
        if self.watched.exact {
            1.0
        } else {
            sample.bytes as f64
        }
    }

    /// How many of `alive` instances samples of this weight stand for.
    fn told_by(&self, weight: f64, alive: u64) -> u64 {
        if self.watched.exact {
            return weight as u64;
        }
        let all: f64 = self.seen.iter().map(|one| self.weight(one)).sum();
        if all > 0.0 {
            (weight / all * alive as f64).round() as u64
        } else {
            0
        }
    }

    fn told(mut self, source: &dyn EvidenceSource, ownership: &Ownership) -> Watched {
        let alive = self.watched.alive;
        let newest = self.epoch.unwrap_or_default().0;
        let mut by_stack: Map<StackId, (f64, u32)> = Map::default();
        // 0, 1, 2 to 3, 4 to 7, … epochs.
        let mut by_age: BTreeMap<u32, f64> = BTreeMap::new();
        for sample in &self.seen {
            let age = newest.saturating_sub(sample.born.0);
            let (weight, oldest) = by_stack.entry(sample.stack).or_default();
            *weight += self.weight(sample);
            *oldest = age.max(*oldest);
            let power = age.checked_ilog2().map_or(0, |power| power + 1);
            *by_age.entry(power).or_default() += self.weight(sample);
        }
        let mut stacks: Vec<(StackId, u64, u32)> = by_stack
            .into_iter()
            .map(|(stack, (weight, oldest))| (stack, self.told_by(weight, alive), oldest))
            .collect();
        stacks.sort_by_key(|&(stack, count, _)| (Reverse(count), stack));
        let origins = stacks.into_iter().take(PLACES);
        self.watched.origins = origins
            .map(|(stack, alive, oldest_epochs)| {
                let stack = source.frames(stack);
                let frame = named_frame(&stack, ownership).cloned();
                Origin {
                    frame: frame.unwrap_or_default(),
                    stack,
                    alive,
                    oldest_epochs,
                }
            })
            .collect();
        self.watched.ages = by_age
            .into_iter()
            .map(|(power, weight)| Age {
                epochs_from: ((1_u64 << power) >> 1) as u32,
                epochs_to: ((1_u64 << power) - 1) as u32,
                alive: self.told_by(weight, alive),
            })
            .collect();
        self.watched.unknown = match (self.watched.exact, self.seen.len() as u64) {
            (true, known) => alive.saturating_sub(known),
            (false, 0) => alive,
            (false, _) => 0,
        };
        self.watched
    }
}

/// Leaves out blocks that instances came to own, as their dicts: an instance's own block is its first, and of two of one
/// epoch the one whose stack was met first.
fn only_own(samples: &mut Vec<SampledNode>) {
    samples.sort_by_key(|sample| (sample.node, sample.born, sample.stack));
    samples.dedup_by_key(|sample| sample.node);
}

/// Of each type of the snapshot, whether it is the class of this name or derives from it. A name without a dot is one of the program's script.
fn types_of(heap: &Heap<'_>, name: &str) -> Vec<bool> {
    let is_named = |info: &TypeInfo| {
        let full = full_name(info);
        full == name || (!name.contains('.') && full == format!("__main__.{name}"))
    };
    let derives = |info: &TypeInfo| {
        let bases = info.node.map(|class| bases_of(heap, class));
        bases
            .into_iter()
            .flatten()
            .any(|base| match heap.class_info(base) {
                Some(info) => is_named(info),
                None => is_called(heap, base, name),
            })
    };
    let types = heap.snapshot.types.iter();
    types.map(|info| is_named(info) || derives(info)).collect()
}

/// The classes that a class derives from.
fn bases_of(heap: &Heap<'_>, class: NodeIndex) -> Vec<NodeIndex> {
    let is_order = |label| matches!(label, Label::Internal(text) if heap.text(text) == "__mro__");
    let order = heap.labelled(class, is_order);
    let bases = order
        .into_iter()
        .flat_map(|order| heap.graph.targets_of(order));
    bases.copied().filter(|&base| base != class).collect()
}

/// Whether a class without instances of its own bears the name.
fn is_called(heap: &Heap<'_>, class: NodeIndex, name: &str) -> bool {
    let is_name =
        |label| matches!(label, Label::Internal(text) if heap.text(text) == "__qualname__");
    let called = heap
        .labelled(class, is_name)
        .and_then(|text| heap.node_text(text));
    let Some(called) = called else {
        return false;
    };
    let Some(module) = name.strip_suffix(called) else {
        return false;
    };
    let module = if module.is_empty() {
        "__main__"
    } else {
        module.trim_end_matches('.')
    };
    let said = heap.attribute(class, "__module__");
    let said = said.and_then(|text| heap.node_text(text));
    said.is_none_or(|said| said == module)
}
