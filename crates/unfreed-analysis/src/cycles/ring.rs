//! The shortest cycle in a component: breadth first from its members back to each of them.

use crate::heap::Heap;
use crate::seeded::Map;
use std::collections::VecDeque;
use unfreed_graph::{Edge, NodeSet};
use unfreed_recording::snapshot::{Label, NodeIndex};

/// Most members that a search starts from. All of them in smaller components; in larger ones they are spread evenly, and
/// a cycle that passes none of them is not found.
const STARTS: usize = 512;
/// References looked at from the second start on, all searches together: some ten milliseconds.
const LOOKS: usize = 1 << 20;

/// The shortest cycle through one of `starts` that was found, which begins and ends there; the first of equal ones.
///
/// `starts` are members. An instance's way back over its class is no cycle of the instance's.
pub(super) fn shortest(
    heap: &Heap<'_>,
    members: &[NodeIndex],
    starts: &[NodeIndex],
) -> Option<Vec<Edge>> {
    let mut inside = NodeSet::new(heap.graph.node_count());
    for &member in members {
        inside.insert(member);
    }
    let mut best: Option<Vec<Edge>> = None;
    let mut looks = LOOKS;
    let apart = starts.len().div_ceil(STARTS).max(1);
    for (number, &start) in starts.iter().step_by(apart).enumerate() {
        let most = best.as_ref().map_or(usize::MAX, |cycle| cycle.len() - 1);
        // The first search has to find something.
        let mut free = usize::MAX;
        let budget = if number == 0 { &mut free } else { &mut looks };
        best = back(heap, &inside, start, most, budget).or(best);
        if looks == 0 || best.as_ref().is_some_and(|cycle| cycle.len() == 1) {
            break;
        }
    }
    best
}

/// From a member back to itself in at most so many steps; `looks` pays for each reference that is looked at.
fn back(
    heap: &Heap<'_>,
    inside: &NodeSet,
    start: NodeIndex,
    most: usize,
    looks: &mut usize,
) -> Option<Vec<Edge>> {
    let mut seen: Map<NodeIndex, Edge> = Map::default();
    let mut queue = VecDeque::from([(start, 1)]);
    while let Some((node, steps)) = queue.pop_front() {
        if steps > most {
            return None;
        }
        for edge in heap.graph.edges(node) {
            *looks = looks.checked_sub(1)?;
            if !inside.contains(edge.target) || heap.label(edge.index) == Label::Class {
                continue;
            }
            if edge.target == start {
                return Some(path(start, edge, &seen));
            }
            if !seen.contains_key(&edge.target) {
                seen.insert(edge.target, edge);
                queue.push_back((edge.target, steps + 1));
            }
        }
    }
    None
}

fn path(start: NodeIndex, last: Edge, seen: &Map<NodeIndex, Edge>) -> Vec<Edge> {
    let mut cycle = vec![last];
    let mut at = last.source;
    while at != start {
        let Some(edge) = seen.get(&at) else { break };
        cycle.push(*edge);
        at = edge.source;
    }
    cycle.reverse();
    cycle
}
