//! Memory that the same data would not need: empty and sparse containers, a `__dict__` where
//! `__slots__` would do, numbers boxed one by one in lists. Savings are estimates, said per row.

use super::answer::{Cell, number, text};
use super::{Answer, Unit, View};
use crate::seeded::Map;
use crate::wording::bytes;
use unfreed_recording::snapshot::{IMMORTAL, Label, NodeIndex};

/// Instances of a type before its `__dict__` is worth a word.
const INSTANCES: u64 = 100;
/// Items of a list before boxed numbers in it are.
const ITEMS: usize = 64;
/// Bytes of a number in an `array` or a numpy array.
const UNBOXED: u64 = 8;
/// Bytes of a pointer: a list's or an instance's slot.
const POINTER: u64 = 8;

#[derive(Clone, Copy, Default)]
struct Sum {
    objects: u64,
    bytes: u64,
    saved: u64,
    example: NodeIndex,
}

/// Kinds of waste by the bytes that could be saved.
#[must_use]
pub fn waste(view: &View<'_>, most: usize) -> Answer {
    let mut sums: Map<(&'static str, String), Sum> = Map::default();
    let mut add = |what: &'static str, whose: String, node: NodeIndex, saved: u64| {
        let sum = sums.entry((what, whose)).or_insert(Sum {
            example: node,
            ..Sum::default()
        });
        sum.objects += 1;
        sum.bytes = sum.bytes.saturating_add(view.heap.size(node));
        sum.saved = sum.saved.saturating_add(saved);
    };
    for node in view.nodes() {
        let Some(info) = view.heap.type_of(node) else {
            continue;
        };
        if info.module != "builtins" {
            continue;
        }
        let edges = view.heap.graph.targets_of(node).len();
        let size = view.heap.size(node);
        match info.name.as_str() {
            "dict" if view.heap.is_namespace(node) => {
                if let Some((owner, saved)) = slots_instead(view, node, size) {
                    add("__dict__ where __slots__ would do", owner, node, saved);
                }
            }
            "dict" | "list" | "set" if edges == 0 => {
                add(
                    "empty container",
                    format!("{} at {}", info.name, shape(view, node)),
                    node,
                    size,
                );
            }
            "dict" if size > sparse_dict(edges / 2) => {
                add(
                    "sparse container",
                    format!("dict at {}", shape(view, node)),
                    node,
                    size - full_dict(edges / 2),
                );
            }
            "list" if edges >= ITEMS => {
                if let Some(saved) = boxed_numbers(view, node) {
                    add(
                        "numbers boxed in a list",
                        format!("list at {}", shape(view, node)),
                        node,
                        saved,
                    );
                }
            }
            _ => {}
        }
    }
    answer(view, sums, most)
}

fn shape(view: &View<'_>, node: NodeIndex) -> String {
    let shape = view
        .survey()
        .shape_of
        .get(node as usize)
        .copied()
        .unwrap_or(crate::shapes::TOP);
    if shape == crate::shapes::TOP {
        return "no path".to_owned();
    }
    crate::paths::shape_text(view.forest(), shape)
}

/// Bytes of a dict that holds so many entries without room to spare (24 bytes an entry, 8 for a
/// small index, 100 for head and collector).
fn full_dict(entries: usize) -> u64 {
    100 + entries as u64 * 32
}

/// From this size on a dict with so many entries is sparse: it was made for four times as many.
fn sparse_dict(entries: usize) -> u64 {
    full_dict(entries.max(8) * 4)
}

/// The type whose instance has this dict, and what `__slots__` would save: all but a pointer for
/// each attribute.
fn slots_instead(view: &View<'_>, dict: NodeIndex, size: u64) -> Option<(String, u64)> {
    let edge = view.survey().paths.parent(dict);
    let owner = (edge != unfreed_graph::NO_NODE).then_some(edge)?;
    if view.heap.is_class(owner) || view.heap.is_module(owner) {
        return None;
    }
    let info = view.heap.type_of(owner)?;
    let written = info.heap && info.module != "builtins";
    let attributes = view
        .heap
        .graph
        .edges(dict)
        .filter(|edge| matches!(view.heap.label(edge.index), Label::Key(_)))
        .count() as u64;
    written.then(|| {
        (
            crate::heap::full_name(info),
            size.saturating_sub(attributes * POINTER),
        )
    })
}

/// What an `array` would save, where all items are int or all are float and most are this list's.
fn boxed_numbers(view: &View<'_>, list: NodeIndex) -> Option<u64> {
    let items = view.heap.graph.targets_of(list);
    let mut saved = 0_u64;
    let mut kind = None;
    for &item in items {
        let info = view.heap.type_of(item)?;
        if info.module != "builtins" || !matches!(info.name.as_str(), "int" | "float") {
            return None;
        }
        if *kind.get_or_insert(info.name.as_str()) != info.name {
            return None;
        }
        let shared = view.heap.snapshot.node_refcounts.get(item as usize) == Some(&IMMORTAL)
            || view.in_degrees[item as usize] > 1;
        let own = if shared { 0 } else { view.heap.size(item) };
        saved += (own + POINTER).saturating_sub(UNBOXED);
    }
    (saved > 0).then_some(saved)
}

fn answer(view: &View<'_>, sums: Map<(&'static str, String), Sum>, most: usize) -> Answer {
    let mut rows: Vec<((&'static str, String), Sum)> = sums
        .into_iter()
        .filter(|((what, _), sum)| !what.starts_with("__dict__") || sum.objects >= INSTANCES)
        .filter(|(_, sum)| sum.saved > 0)
        .collect();
    rows.sort_by(|(name, a), (other, b)| b.saved.cmp(&a.saved).then_with(|| name.cmp(other)));
    let all: u64 = rows
        .iter()
        .fold(0, |sum, (_, row)| sum.saturating_add(row.saved));
    let mut answer = Answer::new(
        "waste",
        format!(
            "About {} of {} could be saved.",
            bytes(all as f64),
            bytes(view.bytes() as f64)
        ),
        &[
            ("what", Unit::Text),
            ("whose", Unit::Text),
            ("objects", Unit::Count),
            ("bytes", Unit::Bytes),
            ("saved", Unit::Bytes),
            ("example", Unit::Text),
        ],
    );
    for ((what, whose), sum) in rows {
        answer.rows.push(vec![
            text(what),
            text(whose),
            Cell::Number(sum.objects),
            Cell::Number(sum.bytes),
            Cell::Number(sum.saved),
            text(view.name(sum.example)),
        ]);
    }
    answer.keep(most, |row| number(row.get(4)));
    answer
}
