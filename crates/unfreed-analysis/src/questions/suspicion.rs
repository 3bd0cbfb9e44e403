//! Suspects of one snapshot: where much memory hangs on one object, or on many of one type. The recipe
//! is that of Eclipse MAT's leak suspects (`FindLeaksQuery`): a top-level branch of the dominator
//! tree above a threshold is followed down while one child has nearly all of it; where it spreads
//! out is the accumulation point.

use super::answer::{Cell, number, text};
use super::{Answer, Unit, View};
use crate::findings::Frame;
use crate::seeded::Map;
use crate::wording::{bytes, count};
use unfreed_graph::DominatorTree;
use unfreed_recording::snapshot::NodeIndex;

/// Part of the heap from which a branch is a suspect.
const THRESHOLD: f64 = 0.10;
/// Of the threshold: what is named as the largest where nothing reaches the threshold.
const WORTH: f64 = 0.1;
/// How many of these are named.
const LARGEST: usize = 5;
/// Types named in a sentence.
const NAMED: usize = 3;

/// Single objects and groups of one type that each keep a tenth of the heap or more, in prose.
/// `frames` tells where a sampled object was made.
#[must_use]
pub fn suspects(
    view: &View<'_>,
    frames: &dyn Fn(unfreed_recording::ids::StackId) -> Vec<Frame>,
) -> Answer {
    let total = view.bytes();
    let floor = ((total as f64 * THRESHOLD) as u64).max(1);
    let tree = view.dominators().children();
    let mut answer = Answer::new(
        "suspects",
        String::new(),
        &[
            ("suspect", Unit::Text),
            ("retained", Unit::Bytes),
            ("share", Unit::Share),
            ("why", Unit::Prose),
        ],
    );
    let (singles, groups) = branches(view, &tree, floor);
    let mut next = Vec::new();
    for top in singles {
        let point = view.dominated().accumulation_point(&tree, top);
        next.push(format!("retained {}", view.name(point)));
        answer.rows.push(vec![
            text(view.place(point)),
            Cell::Number(view.retained(point)),
            Cell::Share(view.retained(point) as f64 / total.max(1) as f64),
            text(sentence(view, &tree, point, frames)),
        ]);
    }
    for (kind, members, retained) in groups {
        let name = view
            .heap
            .snapshot
            .types
            .get(kind as usize)
            .map_or_else(String::new, crate::heap::full_name);
        next.push(format!("path {name}"));
        answer.rows.push(vec![
            text(format!("{} objects of {name}", count(members.len() as i64))),
            Cell::Number(retained),
            Cell::Share(retained as f64 / total.max(1) as f64),
            text(group_sentence(view, &members)),
        ]);
    }
    let suspected = answer
        .rows
        .iter()
        .filter(|row| number(row.get(1)) >= floor)
        .count();
    answer.heading = match suspected {
        0 => format!(
            "No object and no group of one type keeps {:.0} % of the {} alone{}",
            THRESHOLD * 100.0,
            bytes(total as f64),
            if answer.rows.is_empty() {
                "."
            } else {
                "; the largest are:"
            }
        ),
        found => format!(
            "{} {:.0} % or more of the {}.",
            if found == 1 {
                "1 suspect keeps".to_owned()
            } else {
                format!("{found} suspects each keep")
            },
            THRESHOLD * 100.0,
            bytes(total as f64)
        ),
    };
    answer.next = next;
    answer
}

type Group = (u32, Vec<NodeIndex>, u64);

/// Branches above the threshold; a namespace that holds the whole program (a module, its dict) is
/// looked into instead. What is left over is grouped by type.
fn branches(view: &View<'_>, tree: &DominatorTree, floor: u64) -> (Vec<NodeIndex>, Vec<Group>) {
    let mut singles = Vec::new();
    let mut groups: Map<u32, (Vec<NodeIndex>, u64)> = Map::default();
    let worth = ((floor as f64 * WORTH) as u64).max(1);
    let mut pending: Vec<NodeIndex> = tree.top().to_vec();
    while let Some(node) = pending.pop() {
        let retained = view.retained(node);
        // A class has its methods to itself; that is code, and no suspect.
        if view.heap.is_class(node) {
            continue;
        }
        let is_place = view.heap.is_module(node)
            || view.heap.is_module_namespace(node)
            || view.heap.type_name(node) == "frame";
        if is_place && retained >= worth {
            pending.extend_from_slice(tree.children(node));
        } else if retained >= worth {
            singles.push(node);
        } else if !is_furniture(view, node) {
            let group = groups
                .entry(view.heap.snapshot.node_types[node as usize])
                .or_default();
            group.0.push(node);
            group.1 = group.1.saturating_add(retained);
        }
    }
    singles.sort_by_key(|&node| (std::cmp::Reverse(view.retained(node)), node));
    let suspects = singles.partition_point(|&node| view.retained(node) >= floor);
    singles.truncate(suspects.max(LARGEST));
    let mut groups: Vec<Group> = groups
        .into_iter()
        .filter(|(_, (_, retained))| *retained >= floor)
        .map(|(kind, (members, retained))| (kind, members, retained))
        .collect();
    groups.sort_by_key(|(kind, _, retained)| (std::cmp::Reverse(*retained), *kind));
    (singles, groups)
}

/// What every program has much of: code, and the namespaces of modules and classes.
fn is_furniture(view: &View<'_>, node: NodeIndex) -> bool {
    view.heap.is_module(node)
        || view.heap.is_namespace(node)
        || view.heap.type_of(node).is_some_and(|info| {
            let name = info.name.as_str();
            info.module == "builtins"
                && matches!(name, "function" | "code" | "module" | "type" | "str")
        })
}

/// Down the largest child while it has nearly all of its parent.
fn sentence(
    view: &View<'_>,
    tree: &DominatorTree,
    point: NodeIndex,
    frames: &dyn Fn(unfreed_recording::ids::StackId) -> Vec<Frame>,
) -> String {
    let children = tree.children(point);
    let mut said = format!(
        "One {} keeps {} alive",
        view.heap.type_name(point),
        bytes(view.retained(point) as f64)
    );
    let parts = by_type(view, children);
    if !parts.is_empty() {
        let named: Vec<String> = parts
            .iter()
            .take(NAMED)
            .map(|(name, objects, retained)| {
                if *objects == 1
                    && let Some(path) = alone(view, children, name)
                {
                    return format!("{path} (a {name}, {})", bytes(*retained as f64));
                }
                format!(
                    "{} {name} ({})",
                    count(*objects as i64),
                    bytes(*retained as f64)
                )
            })
            .collect();
        said.push_str(&format!(", most of it in {}", named.join(", ")));
    }
    if let Some(made) = made_at(view, children, frames) {
        said.push_str(&format!("; made at {made}"));
    }
    said.push('.');
    said
}

/// The path of the only child of a type.
fn alone(view: &View<'_>, children: &[NodeIndex], type_name: &str) -> Option<String> {
    let mut of_type = children
        .iter()
        .filter(|&&child| view.heap.type_name(child) == type_name);
    let child = *of_type.next()?;
    view.survey()
        .paths
        .reached(child)
        .then(|| view.place(child))
}

/// Children by type: name, objects, retained bytes; largest first.
fn by_type(view: &View<'_>, children: &[NodeIndex]) -> Vec<(String, u64, u64)> {
    let mut sums: Map<u32, (u64, u64)> = Map::default();
    for &child in children {
        let sum = sums
            .entry(view.heap.snapshot.node_types[child as usize])
            .or_default();
        sum.0 += 1;
        sum.1 = sum.1.saturating_add(view.retained(child));
    }
    let mut parts: Vec<(String, u64, u64)> = sums
        .into_iter()
        .map(|(kind, (objects, retained))| {
            let info = view.heap.snapshot.types.get(kind as usize);
            (
                info.map_or_else(String::new, crate::heap::full_name),
                objects,
                retained,
            )
        })
        .collect();
    parts.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    parts
}

/// The line that most sampled bytes among the objects come from.
fn made_at(
    view: &View<'_>,
    nodes: &[NodeIndex],
    frames: &dyn Fn(unfreed_recording::ids::StackId) -> Vec<Frame>,
) -> Option<String> {
    let among: crate::seeded::Set<NodeIndex> = nodes.iter().copied().collect();
    let mut sums: Map<unfreed_recording::ids::StackId, u64> = Map::default();
    for sample in view
        .heap
        .snapshot
        .samples
        .iter()
        .filter(|sample| among.contains(&sample.node))
    {
        let sum = sums.entry(sample.stack).or_default();
        *sum = sum.saturating_add(sample.bytes);
    }
    let (&stack, _) = sums
        .iter()
        .max_by_key(|&(stack, bytes)| (*bytes, std::cmp::Reverse(stack.0)))?;
    let stack = frames(stack);
    let frame = super::telling(&stack)?;
    Some(format!(
        "{}:{} in {}()",
        frame.file, frame.line, frame.function
    ))
}

/// What most members of a group have in common: the shape of their path.
fn group_sentence(view: &View<'_>, members: &[NodeIndex]) -> String {
    let mut shapes: Map<u32, u64> = Map::default();
    for &node in members {
        if let Some(&shape) = view.survey().shape_of.get(node as usize) {
            *shapes.entry(shape).or_default() += 1;
        }
    }
    let Some((&shape, &same)) = shapes
        .iter()
        .max_by_key(|&(shape, same)| (*same, std::cmp::Reverse(*shape)))
    else {
        return "Each is small, all together are not.".to_owned();
    };
    format!(
        "Each is small, all together are not; {} of them are at {}.",
        count(same as i64),
        crate::paths::shape_in_short(view.forest(), shape)
    )
}
