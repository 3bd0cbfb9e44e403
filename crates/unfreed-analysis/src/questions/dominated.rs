//! The dominator tree: what would be freed with what. As a table of its largest branches, and as
//! folded lines for flame graphs.

use super::answer::{Cell, text};
use super::{Answer, LeftOut, Unit, View};
use crate::wording::{bytes, count};
use std::fmt::Write;
use unfreed_graph::DominatorTree;
use unfreed_recording::snapshot::NodeIndex;

/// Deepest level that is shown or folded.
const DEEPEST: u64 = 40;
/// Children looked at below one node.
const WIDEST: usize = 10_000;

/// The largest branches: at most `most` rows, none smaller than `least` of the heap.
#[must_use]
pub fn dominators(view: &View<'_>, most: usize, least: f64) -> Answer {
    let total = view.bytes();
    let floor = (total as f64 * least.clamp(0.0, 1.0)) as u64;
    let tree = view.dominators().children();
    let mut answer = Answer::new(
        "dominators",
        format!(
            "Each object with the bytes that only it keeps alive, of {}; below it, those among them.",
            bytes(total as f64)
        ),
        &[
            ("depth", Unit::Depth),
            ("object", Unit::Text),
            ("retained", Unit::Bytes),
            ("share", Unit::Share),
            ("own", Unit::Bytes),
            ("path", Unit::Text),
        ],
    );
    let mut stack: Vec<(NodeIndex, u64)> = Vec::new();
    let mut left = LeftOut::default();
    push(view, tree.top(), 0, floor, &mut stack, &mut left);
    while let Some((node, depth)) = stack.pop() {
        if answer.rows.len() >= most {
            left.rows += 1;
            continue;
        }
        answer.rows.push(vec![
            Cell::Number(depth),
            text(view.described(node)),
            Cell::Number(view.retained(node)),
            Cell::Share(view.retained(node) as f64 / total.max(1) as f64),
            Cell::Number(view.heap.size(node)),
            text(view.place(node)),
        ]);
        if depth < DEEPEST {
            push(
                view,
                tree.children(node),
                depth + 1,
                floor,
                &mut stack,
                &mut left,
            );
        }
    }
    if left.rows > 0 {
        answer.left_out = Some(left);
    }
    answer
}

/// Puts the children that are large enough on the stack, largest on top.
fn push(
    view: &View<'_>,
    children: &[NodeIndex],
    depth: u64,
    floor: u64,
    stack: &mut Vec<(NodeIndex, u64)>,
    left: &mut LeftOut,
) {
    let mut large: Vec<NodeIndex> = Vec::new();
    for &child in children {
        if view.retained(child) >= floor.max(1) {
            large.push(child);
        } else {
            left.rows += 1;
            left.bytes = left.bytes.saturating_add(view.retained(child));
        }
    }
    large.sort_by_key(|&child| (view.retained(child), std::cmp::Reverse(child)));
    if large.len() > WIDEST {
        left.rows += (large.len() - WIDEST) as u64;
        large.drain(..large.len() - WIDEST);
    }
    stack.extend(large.into_iter().map(|child| (child, depth)));
}

/// One line for each branch, `module app;app.STORE;dict;Session 1234`, in bytes of their own: what
/// flame graph tools read. Branches below `least` of the heap are folded into their parent's line.
#[must_use]
pub fn folded(view: &View<'_>, least: f64) -> String {
    let floor = ((view.bytes() as f64 * least.clamp(0.0, 1.0)) as u64).max(1);
    let tree = view.dominators().children();
    let mut lines = String::new();
    let mut stack: Vec<(NodeIndex, String, u64)> = Vec::new();
    let mut small = 0_u64;
    for &node in tree.top() {
        if view.retained(node) >= floor {
            stack.push((node, frame(view, node, true), 0));
        } else {
            small = small.saturating_add(view.retained(node));
        }
    }
    while let Some((node, trail, depth)) = stack.pop() {
        let own = fold_children(view, &tree, (node, &trail, depth), floor, &mut stack);
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{trail} {own}");
    }
    if small > 0 {
        let _ = writeln!(
            lines,
            "({} smaller) {small}",
            count(tree.top().len() as i64)
        );
    }
    lines
}

/// Stacks the large children of a node; returns the bytes that stay with it.
fn fold_children(
    view: &View<'_>,
    tree: &DominatorTree,
    (node, trail, depth): (NodeIndex, &str, u64),
    floor: u64,
    stack: &mut Vec<(NodeIndex, String, u64)>,
) -> u64 {
    let mut own = view.retained(node);
    if depth >= DEEPEST {
        return own;
    }
    for &child in tree.children(node) {
        let retained = view.retained(child);
        if retained >= floor {
            own = own.saturating_sub(retained);
            stack.push((
                child,
                format!("{trail};{}", frame(view, child, false)),
                depth + 1,
            ));
        }
    }
    own
}

/// A frame's name must hold no `;` and no line end.
fn frame(view: &View<'_>, node: NodeIndex, top: bool) -> String {
    let name = if top {
        view.place(node)
    } else {
        view.heap.type_name(node)
    };
    name.chars()
        .map(|letter| {
            if letter == ';' || letter.is_control() {
                '_'
            } else {
                letter
            }
        })
        .collect()
}
