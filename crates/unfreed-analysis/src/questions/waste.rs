//! Memory that the same data would not need: equal texts, empty and sparse containers, a `__dict__`
//! where `__slots__` would do, numbers boxed one by one in lists. Savings are estimates, said per row.

use super::answer::{Cell, number, text};
use super::equal::equal;
use super::slots::slots_would_do;
use super::{Answer, Unit, View};
use crate::seeded::Map;
use crate::wording::bytes;
use unfreed_recording::snapshot::{IMMORTAL, NodeIndex};

/// Items of a list before boxed numbers in it are.
const ITEMS: usize = 64;
/// Bytes of a number in an `array` or a numpy array.
const UNBOXED: u64 = 8;
/// Bytes of a pointer: a list's slot.
const POINTER: u64 = 8;
/// Bytes of an empty list, the collector's links included.
const LIST: u64 = 56;
/// Bytes of a set with room for four, the collector's links included.
const SET: u64 = 216;
/// Bytes of a place in a set's table.
const PLACE: u64 = 16;

/// Objects of one row.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) objects: u64,
    pub(super) bytes: u64,
    pub(super) saved: u64,
    pub(super) example: NodeIndex,
}

type Row = ((&'static str, String), Sum);

/// Kinds of waste by the bytes that could be saved.
#[must_use]
pub fn waste(view: &View<'_>, most: usize) -> Answer {
    let mut rows = equal(view);
    let slots = slots_would_do(view).into_iter();
    rows.extend(slots.map(|(class, sum)| (("__slots__ would do (about)", class), sum)));
    rows.extend(containers(view));
    answer(view, rows, most)
}

/// Containers of builtin types, by kind and place.
fn containers(view: &View<'_>) -> Vec<Row> {
    let mut sums: Map<(&'static str, String), Sum> = Map::default();
    let mut add = |what: &'static str, name: &str, node: NodeIndex, saved: u64| {
        let whose = format!("{name} at {}", shape(view, node));
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
        let name = info.name.as_str();
        if info.module != "builtins" || !matches!(name, "dict" | "list" | "set") {
            continue;
        }
        let entries = view.heap.graph.targets_of(node).len();
        let size = view.heap.size(node);
        if name == "dict" && view.heap.is_namespace(node) {
            continue;
        }
        if entries == 0 {
            add("empty container", name, node, size);
        } else if let Some(saved) = spare(name, entries, size) {
            add("sparse container", name, node, saved);
        }
        if name == "list"
            && entries >= ITEMS
            && let Some(saved) = boxed_numbers(view, node)
        {
            add("numbers boxed in a list", name, node, saved);
        }
    }
    for &(node, bytes) in view.spare_bytes() {
        add("sparse container", "bytearray", node, u64::from(bytes));
    }
    sums.into_iter().collect()
}

/// Bytes of a container that its entries do not need, where it was made for far more of them.
fn spare(name: &str, references: usize, size: u64) -> Option<u64> {
    let references = references as u64;
    match name {
        "dict" => {
            let entries = references / 2;
            (size > sparse_dict(entries)).then(|| size - full_dict(entries))
        }
        "set" => (size > sparse_set(references)).then(|| size - full_set(references)),
        _ => {
            let needed = LIST + references * POINTER;
            // A list that grows takes an eighth more than it needs, one that shrinks gives back at half.
            let is_sparse = size > needed + needed / 2 + LIST;
            is_sparse.then(|| size - needed)
        }
    }
}

/// Where an object is, with keys masked: what is alike shares it.
pub(super) fn shape(view: &View<'_>, node: NodeIndex) -> String {
    let shape = view
        .survey()
        .shape_of
        .get(node as usize)
        .copied()
        .unwrap_or(crate::shapes::TOP);
    if shape == crate::shapes::TOP {
        return "no path".to_owned();
    }
    crate::paths::shape_in_short(view.forest(), shape)
}

/// Bytes of a dict that holds so many entries without room to spare (24 bytes an entry, 8 for a
/// small index, 100 for head and collector).
fn full_dict(entries: u64) -> u64 {
    100 + entries * 32
}

/// From this size on a dict with so many entries is sparse: it was made for four times as many.
fn sparse_dict(entries: u64) -> u64 {
    full_dict(entries.max(8) * 4)
}

/// Bytes of a set that holds so many, as it is when it has just grown: up to eight places for each.
fn full_set(entries: u64) -> u64 {
    if entries < 5 {
        return SET;
    }
    SET + (entries * 4 + 1).next_power_of_two() * PLACE
}

/// From this size on a set is sparse: it was made for four times as many.
fn sparse_set(entries: u64) -> u64 {
    SET + (entries.max(5) * 16 + 1).next_power_of_two() * PLACE
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

fn answer(view: &View<'_>, mut rows: Vec<Row>, most: usize) -> Answer {
    rows.retain(|(_, sum)| sum.saved > 0);
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
