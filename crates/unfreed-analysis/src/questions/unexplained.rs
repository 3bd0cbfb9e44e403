//! References that no object of a snapshot accounts for: C code holds them, or lost them. One
//! snapshot cannot tell which; the growth of these numbers can (`refcounts.rs`).

use super::answer::{Cell, number, text};
use super::{Answer, Unit, View};
use crate::seeded::Map;
use crate::wording::{bytes, count, several};
use unfreed_recording::snapshot::NodeIndex;

#[derive(Default)]
struct Group {
    objects: u64,
    references: u64,
    bytes: u64,
    most: (i64, NodeIndex),
}

/// Objects by type whose reference count is higher than the references that the snapshot shows.
#[must_use]
pub fn unexplained(view: &View<'_>, most: usize) -> Answer {
    let mut groups: Map<u32, Group> = Map::default();
    for node in view.nodes() {
        let Some(excess) = view.heap.excess(node, view.in_degrees[node as usize]) else {
            continue;
        };
        if excess <= 0 {
            continue;
        }
        let group = groups
            .entry(view.heap.snapshot.node_types[node as usize])
            .or_default();
        group.objects += 1;
        group.references = group.references.saturating_add(excess.unsigned_abs());
        group.bytes = group.bytes.saturating_add(view.heap.size(node));
        if excess > group.most.0 {
            group.most = (excess, node);
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.references), group.most.1));
    answer(view, &groups, most)
}

fn answer(view: &View<'_>, groups: &[Group], most: usize) -> Answer {
    let references: u64 = groups.iter().map(|group| group.references).sum();
    let objects: u64 = groups.iter().map(|group| group.objects).sum();
    let all = groups
        .iter()
        .fold(0, |sum: u64, group| sum.saturating_add(group.bytes));
    let mut answer = Answer::new(
        "unexplained",
        format!(
            "{} to {} objects of {} are held by no object or frame: C code has them, or lost them.",
            several(references as i64, "reference"),
            count(objects as i64),
            bytes(all as f64)
        ),
        &[
            ("type", Unit::Text),
            ("objects", Unit::Count),
            ("references", Unit::Count),
            ("bytes", Unit::Bytes),
            ("most on one", Unit::Count),
            ("that one", Unit::Text),
        ],
    );
    for group in groups {
        answer.rows.push(vec![
            text(view.heap.type_name(group.most.1)),
            Cell::Number(group.objects),
            Cell::Number(group.references),
            Cell::Number(group.bytes),
            Cell::Number(group.most.0.unsigned_abs()),
            text(view.described(group.most.1)),
        ]);
    }
    answer.keep(most, |row| number(row.get(3)));
    answer
}
