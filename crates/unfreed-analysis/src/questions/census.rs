//! What is in the heap, counted by type, by the module of the type, by the root that holds it, or by
//! where it was made.

use super::answer::{Cell, number, text};
use super::sites::{Frames, by_line};
use super::{Answer, Unit, View, held_by_unfreed};
use crate::seeded::Map;
use crate::shapes::TOP;
use crate::wording::{bytes, count};
use std::collections::BTreeMap;
use unfreed_recording::snapshot::NodeIndex;

/// How a census groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// By type.
    Type,
    /// By the module that the type is from.
    Module,
    /// By the root that the object's path begins at.
    Root,
    /// By the path, keys and indexes masked, that leads to it.
    Path,
}

#[derive(Clone, Copy, Default)]
struct Group {
    objects: u64,
    bytes: u64,
    retained: u64,
}

/// Counts the heap; the `most` largest groups.
///
/// `retained` sums the retained sizes of those objects of the group that no other object of the
/// group dominates, so nothing is counted twice.
#[must_use]
pub fn census(view: &View<'_>, by: GroupBy, most: usize) -> Answer {
    let mut keys = Keys::new(view, by);
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of: Vec<u32> = Vec::with_capacity(view.heap.graph.node_count());
    for node in view.nodes() {
        let key = keys.of(node);
        group_of.push(key);
        if groups.len() <= key as usize {
            groups.resize(key as usize + 1, Group::default());
        }
        let group = &mut groups[key as usize];
        group.objects += 1;
        group.bytes = group.bytes.saturating_add(view.heap.size(node));
    }
    add_retained(view, &group_of, &mut groups);
    let total = view.bytes();
    let mut answer = Answer::new(
        "census",
        format!(
            "{} objects of {} in {} groups.",
            count(view.heap.graph.node_count() as i64),
            bytes(total as f64),
            count(groups.len() as i64)
        ),
        &[
            (keys.column(), Unit::Text),
            ("objects", Unit::Count),
            ("bytes", Unit::Bytes),
            ("share", Unit::Share),
            ("retained", Unit::Bytes),
        ],
    );
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|&a, &b| {
        let rank = |index: usize| std::cmp::Reverse((groups[index].bytes, groups[index].objects));
        rank(a)
            .cmp(&rank(b))
            .then_with(|| keys.names[a].cmp(&keys.names[b]))
    });
    let shapes = keys.shapes();
    for index in order {
        let group = groups[index];
        let name = keys.names[index].clone();
        let short = shapes
            .get(&(index as u32))
            .map(|&shape| crate::paths::shape_in_short(view.forest(), shape));
        answer.rows.push(vec![
            match short {
                Some(short) => Cell::path(name, short),
                None => text(name),
            },
            Cell::Number(group.objects),
            Cell::Number(group.bytes),
            Cell::Share(group.bytes as f64 / total.max(1) as f64),
            Cell::Number(group.retained),
        ]);
    }
    if by == GroupBy::Type
        && let Some(Cell::Text(name)) = answer.rows.first().and_then(|row| row.first())
    {
        answer.next.push(format!("path {name}"));
    }
    answer.keep(most, |row| number(row.get(2)));
    answer
}

/// Objects and bytes of each group, as a census names them, without what is unfreed's own.
#[must_use]
pub fn grouped(view: &View<'_>, by: GroupBy) -> BTreeMap<String, (u64, u64)> {
    let left_out = held_by_unfreed(view.heap.snapshot);
    let mut keys = Keys::new(view, by);
    let mut sums: Vec<(u64, u64)> = Vec::new();
    for node in view.nodes() {
        if left_out.binary_search(&node).is_ok() {
            continue;
        }
        let key = keys.of(node) as usize;
        if sums.len() <= key {
            sums.resize(key + 1, (0, 0));
        }
        let (objects, bytes) = &mut sums[key];
        *objects += 1;
        *bytes = bytes.saturating_add(view.heap.size(node));
    }
    keys.names.into_iter().zip(sums).collect()
}

/// The same by the lines that made the objects.
#[must_use]
pub fn grouped_by_site(view: &View<'_>, frames: Frames<'_>) -> BTreeMap<String, (u64, u64)> {
    let left_out = held_by_unfreed(view.heap.snapshot);
    by_line(view, frames, &left_out).into_iter().collect()
}

/// Adds each node's retained size to its group, unless a node of the same group above it in the
/// dominator tree has it already.
fn add_retained(view: &View<'_>, group_of: &[u32], groups: &mut [Group]) {
    for node in view.nodes() {
        let group = group_of[node as usize];
        let mut above = view.dominators().immediate(node);
        // Chains of one type (linked lists) are long; beyond this the nearest owners decide.
        let mut steps = 0;
        let mut inside = false;
        while let Some(owner) = above {
            inside = group_of[owner as usize] == group;
            steps += 1;
            if inside || steps == 64 {
                break;
            }
            above = view.dominators().immediate(owner);
        }
        if !inside {
            let sum = &mut groups[group as usize].retained;
            *sum = sum.saturating_add(view.retained(node));
        }
    }
}

struct Keys<'v, 'a> {
    view: &'v View<'a>,
    by: GroupBy,
    known: Map<String, u32>,
    by_type: Map<u32, u32>,
    by_shape: Map<u32, u32>,
    names: Vec<String>,
}

impl<'v, 'a> Keys<'v, 'a> {
    fn new(view: &'v View<'a>, by: GroupBy) -> Self {
        Self {
            view,
            by,
            known: Map::default(),
            by_type: Map::default(),
            by_shape: Map::default(),
            names: Vec::new(),
        }
    }

    fn column(&self) -> &'static str {
        match self.by {
            GroupBy::Type => "type",
            GroupBy::Module => "module",
            GroupBy::Root => "root",
            GroupBy::Path => "path",
        }
    }

    fn of(&mut self, node: NodeIndex) -> u32 {
        match self.by {
            GroupBy::Type | GroupBy::Module => {
                let kind = self.view.heap.snapshot.node_types[node as usize];
                if let Some(&key) = self.by_type.get(&kind) {
                    return key;
                }
                let name = self.type_key(node);
                let key = self.intern(name);
                self.by_type.insert(kind, key);
                key
            }
            GroupBy::Root | GroupBy::Path => {
                let shape = self.view.survey().shape_of[node as usize];
                if let Some(&key) = self.by_shape.get(&shape) {
                    return key;
                }
                let name = self.shape_key(shape);
                let key = self.intern(name);
                self.by_shape.insert(shape, key);
                key
            }
        }
    }

    fn type_key(&self, node: NodeIndex) -> String {
        if self.by == GroupBy::Type {
            return self.view.heap.type_name(node);
        }
        let module = self
            .view
            .heap
            .type_of(node)
            .map_or("", |info| info.module.as_str());
        let module = if module.is_empty() {
            "builtins"
        } else {
            module
        };
        module.to_owned()
    }

    fn shape_key(&self, shape: u32) -> String {
        let forest = self.view.forest();
        if shape == TOP {
            return "nothing reaches it".to_owned();
        }
        if self.by == GroupBy::Path {
            return crate::paths::shape_text(forest, shape);
        }
        let root = forest.roots.get(&forest.shapes.root_of(shape));
        match root {
            Some(name) if !name.described.is_empty() => name.described.clone(),
            _ => "held by C code".to_owned(),
        }
    }

    /// The first shape of each group by path.
    fn shapes(&self) -> Map<u32, u32> {
        let mut first: Map<u32, u32> = Map::default();
        let by_path = self.by_shape.iter().filter(|_| self.by == GroupBy::Path);
        for (&shape, &group) in by_path.filter(|&(&shape, _)| shape != TOP) {
            let known = first.entry(group).or_insert(shape);
            *known = shape.min(*known);
        }
        first
    }

    fn intern(&mut self, name: String) -> u32 {
        let next = self.names.len() as u32;
        let key = *self.known.entry(name.clone()).or_insert(next);
        if key == next {
            self.names.push(name);
        }
        key
    }
}
