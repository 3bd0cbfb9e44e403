//! What one snapshot has that another has not: by type, by the line that made it, or by path with keys and indexes masked,
//! so that snapshots of two runs or two hosts compare. What is unfreed's own is left out.

use super::answer::{Cell, number, text};
use super::sites::{Frames, by_line};
use super::{Answer, GroupBy, Unit, View, held_by_unfreed};
use crate::seeded::Map;
use crate::shapes::TOP;
use crate::wording::bytes;
use unfreed_recording::snapshot::NodeIndex;

/// Objects and bytes.
type Sum = (u64, u64);
type Sums = Map<String, Sum>;

/// From `before` to `after`: what is new, gone, grown and shrunk; the largest changes first.
#[must_use]
pub fn difference(before: &View<'_>, after: &View<'_>, by: GroupBy, most: usize) -> Answer {
    let column = if by == GroupBy::Path { "path" } else { "type" };
    let sums = [sums(before, by), sums(after, by)];
    told([before.bytes(), after.bytes()], sums, column, most)
}

/// The same by the lines that made the objects, as far as these are known: where allocations were sampled, objects are
/// samples, and bytes are estimates. Each snapshot comes with the frames of its recording.
#[must_use]
pub fn difference_by_site(
    before: (&View<'_>, Frames<'_>),
    after: (&View<'_>, Frames<'_>),
    most: usize,
) -> Answer {
    let old = by_line(before.0, before.1, &held_by_unfreed(before.0.heap.snapshot));
    let new = by_line(after.0, after.1, &held_by_unfreed(after.0.heap.snapshot));
    let bytes = [before.0.bytes(), after.0.bytes()];
    told(bytes, [old, new], "site", most)
}

fn told([was, is]: [u64; 2], [old, new]: [Sums; 2], column: &'static str, most: usize) -> Answer {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let mut rows: Vec<(&String, Sum, Sum)> = names
        .into_iter()
        .map(|name| {
            let of = |sums: &Sums| sums.get(name).copied().unwrap_or_default();
            (name, of(&old), of(&new))
        })
        .filter(|(_, old, new)| old != new)
        .collect();
    rows.sort_by_key(|(_, old, new)| {
        (
            std::cmp::Reverse(new.1.abs_diff(old.1)),
            std::cmp::Reverse(new.0.abs_diff(old.0)),
        )
    });
    let mut answer = Answer::new(
        "diff",
        format!(
            "{} before, {} after: {}{}.",
            bytes(was as f64),
            bytes(is as f64),
            if is >= was { "+" } else { "-" },
            bytes(is.abs_diff(was) as f64)
        ),
        &[
            ("state", Unit::Text),
            (column, Unit::Text),
            ("objects", Unit::CountChange),
            ("bytes", Unit::ByteChange),
            ("bytes_after", Unit::Bytes),
        ],
    );
    for (name, old, new) in rows {
        answer.rows.push(vec![
            text(state(old, new)),
            text(name),
            Cell::Change(change(old.0, new.0)),
            Cell::Change(change(old.1, new.1)),
            Cell::Number(new.1),
        ]);
    }
    answer.keep(most, |row| number(row.get(3)));
    answer
}

fn change(old: u64, new: u64) -> i64 {
    let size = i64::try_from(old.abs_diff(new)).unwrap_or(i64::MAX);
    if new >= old { size } else { -size }
}

fn state(old: (u64, u64), new: (u64, u64)) -> &'static str {
    match (old.0, new.0) {
        (0, _) => "new",
        (_, 0) => "gone",
        _ if new.1 >= old.1 => "grown",
        _ => "shrunk",
    }
}

fn sums(view: &View<'_>, by: GroupBy) -> Sums {
    let mut names: Map<u32, String> = Map::default();
    let mut sums = Sums::default();
    let left_out = held_by_unfreed(view.heap.snapshot);
    for node in view.nodes() {
        if left_out.binary_search(&node).is_ok() {
            continue;
        }
        let key = key(view, by, node);
        let name = names
            .entry(key)
            .or_insert_with(|| name(view, by, key, node));
        let sum = sums.entry(name.clone()).or_default();
        sum.0 += 1;
        sum.1 = sum.1.saturating_add(view.heap.size(node));
    }
    sums
}

fn key(view: &View<'_>, by: GroupBy, node: NodeIndex) -> u32 {
    match by {
        GroupBy::Path => view
            .survey()
            .shape_of
            .get(node as usize)
            .copied()
            .unwrap_or(TOP),
        _ => view.heap.snapshot.node_types[node as usize],
    }
}

fn name(view: &View<'_>, by: GroupBy, key: u32, node: NodeIndex) -> String {
    match by {
        GroupBy::Path if key == TOP => "nothing reaches it".to_owned(),
        GroupBy::Path => crate::paths::stable_text(view.forest(), key),
        _ => view.heap.type_name(node),
    }
}
