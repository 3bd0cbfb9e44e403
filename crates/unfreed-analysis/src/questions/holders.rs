//! Who holds an object, what it holds, and what would be freed with it.

use super::answer::{Cell, number, text};
use super::lives::Life;
use super::{Answer, Selection, Unit, View};
use crate::inspectors::Inspectors;
use crate::paths::reference;
use crate::seeded::Map;
use crate::wording::{bytes, count, several};
use unfreed_graph::{NodeSet, reach};
use unfreed_recording::snapshot::{Label, NodeIndex};

const OBJECT: [(&str, Unit); 6] = [
    ("object", Unit::Text),
    ("over", Unit::Text),
    ("own", Unit::Bytes),
    ("retained", Unit::Bytes),
    ("path", Unit::Prose),
    ("why", Unit::Prose),
];

fn row(view: &View<'_>, inspectors: &Inspectors<'_, '_>, node: NodeIndex) -> Vec<Cell> {
    let life = Life::new(view, inspectors, node);
    vec![
        text(view.described(node)),
        text(life.over),
        Cell::Number(view.heap.size(node)),
        Cell::Number(view.retained(node)),
        view.place_cell(node),
        text(life.why),
    ]
}

/// The paths from named roots to the selected objects, as Python would write them: of a type's instances those that
/// retain most first, others as they were named.
#[must_use]
pub fn paths(view: &View<'_>, selection: &Selection, most: usize) -> Answer {
    let mut nodes = selection.nodes().to_vec();
    if let Selection::Type(..) = selection {
        nodes.sort_by_key(|&node| (std::cmp::Reverse(view.retained(node)), node));
    }
    let heading = match nodes.as_slice() {
        [node] => format!(
            "{}{} is held by {}.",
            view.described(*node),
            view.address(*node)
                .map_or_else(String::new, |address| format!(" at {address:#x}")),
            view.place(*node)
        ),
        _ => format!("{} objects; the path to each.", count(nodes.len() as i64)),
    };
    let mut answer = Answer::new("path", heading, &OBJECT);
    let shown = nodes.len().min(most);
    let inspectors = Inspectors::new(&view.heap);
    answer.rows = nodes[..shown]
        .iter()
        .map(|&node| row(view, &inspectors, node))
        .collect();
    leave_out(view, &mut answer, &nodes[shown..]);
    if let [node] = nodes.as_slice() {
        answer.next = vec![
            format!("referrers {}", view.name(*node)),
            format!("retained {}", view.name(*node)),
        ];
    }
    answer
}

fn leave_out(view: &View<'_>, answer: &mut Answer, nodes: &[NodeIndex]) {
    if !nodes.is_empty() {
        answer.left_out = Some(super::LeftOut {
            rows: nodes.len() as u64,
            bytes: nodes.iter().fold(0, |sum: u64, &node| {
                sum.saturating_add(view.heap.size(node))
            }),
        });
    }
}

/// The objects that refer to a selected one, and by what; and references that no object of the
/// snapshot holds.
#[must_use]
pub fn referrers(view: &View<'_>, selection: &Selection, most: usize) -> Answer {
    let mut wanted = NodeSet::new(view.heap.graph.node_count());
    for &node in selection.nodes() {
        wanted.insert(node);
    }
    let mut answer = Answer::new("referrers", String::new(), &reference_columns());
    for source in view.nodes() {
        for edge in view.heap.graph.edges(source) {
            if wanted.contains(edge.target) {
                answer.rows.push(reference_row(view, source, edge));
            }
        }
    }
    let outside: i64 = selection
        .nodes()
        .iter()
        .filter_map(|&node| view.heap.excess(node, view.in_degrees[node as usize]))
        .map(|excess| excess.max(0))
        .sum();
    answer.heading = format!(
        "{} {} to {}.{}",
        several(answer.rows.len() as i64, "reference"),
        if answer.rows.len() == 1 {
            "leads"
        } else {
            "lead"
        },
        lower(described(view, selection)),
        match outside {
            0 => String::new(),
            more => format!(
                " {} more {} held by C code or by what the snapshot does not show.",
                count(more),
                if more == 1 { "is" } else { "are" }
            ),
        }
    );
    answer
        .rows
        .sort_by_key(|row| std::cmp::Reverse(number(row.get(3))));
    answer.keep(most, |_| 0);
    answer
}

/// The objects that the selected ones refer to, and by what.
#[must_use]
pub fn referents(view: &View<'_>, selection: &Selection, most: usize) -> Answer {
    let mut answer = Answer::new("referents", String::new(), &reference_columns());
    for &node in selection.nodes() {
        for edge in view.heap.graph.edges(node) {
            answer.rows.push(reference_row(view, edge.target, edge));
        }
    }
    answer.heading = format!(
        "{} from {}.",
        several(answer.rows.len() as i64, "reference"),
        lower(described(view, selection))
    );
    answer
        .rows
        .sort_by_key(|row| std::cmp::Reverse(number(row.get(3))));
    answer.keep(most, |_| 0);
    answer
}

fn reference_columns() -> [(&'static str, Unit); 5] {
    [
        ("object", Unit::Text),
        ("reference", Unit::Text),
        ("own", Unit::Bytes),
        ("retained", Unit::Bytes),
        ("path", Unit::Text),
    ]
}

fn reference_row(view: &View<'_>, shown: NodeIndex, edge: unfreed_graph::Edge) -> Vec<Cell> {
    vec![
        text(view.described(shown)),
        text(by(view, edge)),
        Cell::Number(view.heap.size(shown)),
        Cell::Number(view.retained(shown)),
        text(view.place(shown)),
    ]
}

/// What a reference is called when it is shown by itself.
pub(super) fn by(view: &View<'_>, edge: unfreed_graph::Edge) -> String {
    let by = reference(&view.heap, edge, false);
    match view.heap.label(edge.index) {
        _ if !by.is_empty() => by,
        Label::Namespace => ".__dict__".to_owned(),
        _ => ".__closure__".to_owned(),
    }
}

/// In the middle of a sentence.
fn lower(described: String) -> String {
    match described.strip_prefix("The ") {
        Some(rest) => format!("the {rest}"),
        None => described,
    }
}

fn described(view: &View<'_>, selection: &Selection) -> String {
    match selection {
        Selection::Object(node) => view.described(*node),
        Selection::Type(name, nodes) => format!("{} objects of {name}", count(nodes.len() as i64)),
        Selection::Given(nodes) => format!("The {} given objects", count(nodes.len() as i64)),
    }
}

/// What would be freed with all selected objects together, by type: everything that is reachable
/// only through them.
#[must_use]
pub fn retained(view: &View<'_>, selection: &Selection, most: usize) -> Answer {
    let freed = freed_with(view, selection.nodes());
    let mut groups: Map<u32, (u64, u64)> = Map::default();
    let mut total = 0_u64;
    for &node in &freed {
        let size = view.heap.size(node);
        total = total.saturating_add(size);
        let group = groups
            .entry(view.heap.snapshot.node_types[node as usize])
            .or_default();
        group.0 += 1;
        group.1 = group.1.saturating_add(size);
    }
    let own = selection
        .nodes()
        .iter()
        .fold(0_u64, |sum, &node| sum.saturating_add(view.heap.size(node)));
    let whole = view.bytes().max(1);
    let mut answer = Answer::new(
        "retained",
        format!(
            "{} keep{} {} alive that nothing else does: {} of {} and {} of {} that hang on {}.",
            described(view, selection),
            if selection.nodes().len() == 1 {
                "s"
            } else {
                ""
            },
            bytes(total as f64),
            bytes(own as f64),
            if selection.nodes().len() == 1 {
                "its own"
            } else {
                "their own"
            },
            several(
                freed.len().saturating_sub(selection.nodes().len()) as i64,
                "more object"
            ),
            bytes(total.saturating_sub(own) as f64),
            if selection.nodes().len() == 1 {
                "it"
            } else {
                "them"
            },
        ),
        &[
            ("type", Unit::Text),
            ("objects", Unit::Count),
            ("bytes", Unit::Bytes),
            ("share", Unit::Share),
        ],
    );
    let mut rows: Vec<(String, u64, u64)> = groups
        .into_iter()
        .map(|(index, (objects, size))| {
            let info = view.heap.snapshot.types.get(index as usize);
            (
                info.map_or_else(|| "object".to_owned(), crate::heap::full_name),
                objects,
                size,
            )
        })
        .collect();
    rows.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    for (name, objects, size) in rows {
        answer.rows.push(vec![
            text(name),
            Cell::Number(objects),
            Cell::Number(size),
            Cell::Share(size as f64 / whole as f64),
        ]);
    }
    answer.keep(most, |row| number(row.get(2)));
    answer
}

/// The selected objects and all that is reached through them only.
fn freed_with(view: &View<'_>, selected: &[NodeIndex]) -> Vec<NodeIndex> {
    if let [node] = selected {
        return below(view, *node);
    }
    let mut barrier = NodeSet::new(view.heap.graph.node_count());
    for &node in selected {
        barrier.insert(node);
    }
    let kept = reach(
        view.heap.graph,
        view.roots().filter(|&node| !barrier.contains(node)),
        &barrier,
        |_| true,
    );
    let selected_reach = reach(
        view.heap.graph,
        selected.iter().copied(),
        &NodeSet::default(),
        |_| true,
    );
    view.nodes()
        .filter(|&node| {
            barrier.contains(node) || (selected_reach.contains(node) && !kept.contains(node))
        })
        .collect()
}

/// A node and what it dominates.
fn below(view: &View<'_>, node: NodeIndex) -> Vec<NodeIndex> {
    let tree = view.dominators().children();
    let mut found = vec![node];
    let mut next = 0;
    while next < found.len() {
        found.extend_from_slice(tree.children(found[next]));
        next += 1;
    }
    found
}
