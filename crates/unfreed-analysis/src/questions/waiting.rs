//! Reference cycles of one snapshot: those that nothing reaches (garbage that waits for the
//! collector) and those that a root reaches (to be freed only by the collector, once let go).

use super::answer::{Cell, number, text};
use super::{Answer, Unit, View};
use crate::cycles::describe;
use crate::seeded::Map;
use crate::wording::bytes;
use unfreed_graph::components;
use unfreed_recording::snapshot::NodeIndex;

/// Types that name a kind of cycle.
const NAMED: usize = 4;

#[derive(Default)]
struct Kind {
    reached: bool,
    count: u64,
    objects: u64,
    bytes: u64,
    example: Vec<NodeIndex>,
}

/// Cycles by the types in them: waiting ones first, then by bytes.
#[must_use]
pub fn cycles(view: &View<'_>, most: usize) -> Answer {
    let found = components(view.heap.graph, |node| !is_furniture(view, node));
    let mut kinds: Map<(bool, Vec<String>), Kind> = Map::default();
    for members in found.members() {
        let own_loop =
            members.len() == 1 && view.heap.graph.targets_of(members[0]).contains(&members[0]);
        if members.len() < 2 && !own_loop {
            continue;
        }
        let reached = members
            .iter()
            .any(|&node| view.dominators().is_reached(node));
        let kind = kinds.entry((!reached, types(view, &members))).or_default();
        kind.reached = reached;
        kind.count += 1;
        kind.objects += members.len() as u64;
        kind.bytes = members.iter().fold(kind.bytes, |sum, &node| {
            sum.saturating_add(view.heap.size(node))
        });
        if kind.example.is_empty() || members.len() < kind.example.len() {
            kind.example = members;
        }
    }
    answer(view, kinds, most)
}

/// Classes, modules and their functions are in cycles by nature.
fn is_furniture(view: &View<'_>, node: NodeIndex) -> bool {
    view.heap.is_class(node) || view.heap.is_module(node) || view.heap.is_module_namespace(node)
}

fn types(view: &View<'_>, members: &[NodeIndex]) -> Vec<String> {
    let mut names: Vec<String> = members
        .iter()
        .take(10_000)
        .filter(|&&node| !view.heap.is_namespace(node))
        .map(|&node| view.heap.type_name(node))
        .collect();
    names.sort();
    names.dedup();
    if names.iter().any(|name| name.contains('.')) {
        names.retain(|name| name.contains('.'));
    }
    names.truncate(NAMED);
    names
}

fn answer(view: &View<'_>, kinds: Map<(bool, Vec<String>), Kind>, most: usize) -> Answer {
    let mut kinds: Vec<((bool, Vec<String>), Kind)> = kinds.into_iter().collect();
    kinds.sort_by(
        |((waits, names), kind), ((other_waits, other_names), other)| {
            (other_waits, other.bytes)
                .cmp(&(waits, kind.bytes))
                .then_with(|| names.cmp(other_names))
        },
    );
    let waiting: u64 = kinds
        .iter()
        .filter(|((waits, _), _)| *waits)
        .map(|(_, kind)| kind.bytes)
        .sum();
    let mut answer = Answer::new(
        "cycles",
        format!(
            "{} in cycles that nothing reaches: the collector frees them, if it runs.",
            bytes(waiting as f64)
        ),
        &[
            ("state", Unit::Text),
            ("types", Unit::Text),
            ("cycles", Unit::Count),
            ("objects", Unit::Count),
            ("bytes", Unit::Bytes),
            ("shortest", Unit::Prose),
        ],
    );
    for ((waits, names), kind) in kinds {
        let told = describe(&view.heap, &kind.example).map_or_else(String::new, |told| told.text);
        answer.rows.push(vec![
            text(if waits { "waits" } else { "in use" }),
            text(names.join(", ")),
            Cell::Number(kind.count),
            Cell::Number(kind.objects),
            Cell::Number(kind.bytes),
            text(told),
        ]);
    }
    answer.keep(most, |row| number(row.get(4)));
    answer
}
