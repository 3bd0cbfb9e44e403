//! What of a heap is there on unfreed's own account: answers that the program keeps, and what only they hold. Tables of
//! growth leave it out: to look must not look like a leak.

use unfreed_recording::snapshot::{IMMORTAL, NodeIndex, SYNTHETIC, Snapshot, TypeInfo};

const PACKAGE: &str = "unfreed";
/// Types that describe code, which leads to everything.
const DEFINITIONS: [&str; 4] = ["module", "type", "function", "code"];

/// Instances of unfreed's classes and what is held by nothing else, as references and reference counts tell: sorted.
/// A snapshot of these instances and what they lead to is enough.
#[must_use]
pub fn held_by_unfreed(snapshot: &Snapshot) -> Vec<NodeIndex> {
    let below = Below::new(snapshot);
    let mut is_kept = vec![false; below.nodes.len()];
    let mut waiting: Vec<usize> = Vec::new();
    for (place, &node) in below.nodes.iter().enumerate() {
        if below.is_held_elsewhere(place) && !below.is_own(node) {
            is_kept[place] = true;
            waiting.push(place);
        }
    }
    while let Some(place) = waiting.pop() {
        for target in below.targets(below.nodes[place]) {
            if let Some(next) = below.place(target)
                && !is_kept[next]
                && !below.is_own(target)
            {
                is_kept[next] = true;
                waiting.push(next);
            }
        }
    }
    let nodes = below.nodes.iter().zip(&is_kept);
    nodes
        .filter(|&(_, is_kept)| !is_kept)
        .map(|(&node, _)| node)
        .collect()
}

/// What the instances lead to, without classes and code.
struct Below<'a> {
    snapshot: &'a Snapshot,
    /// By type: whether it is unfreed's.
    is_own_type: Vec<bool>,
    /// Sorted.
    nodes: Vec<NodeIndex>,
    /// By place in `nodes`: references from them.
    seen: Vec<u32>,
}

impl<'a> Below<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut below = Self {
            snapshot,
            is_own_type: snapshot.types.iter().map(is_own).collect(),
            nodes: Vec::new(),
            seen: Vec::new(),
        };
        let mut is_met = vec![false; snapshot.node_types.len()];
        for class in snapshot.types.iter().filter_map(|info| info.node) {
            // Never met, so never counted.
            if let Some(met) = is_met.get_mut(class as usize) {
                *met = true;
            }
        }
        let is_definition: Vec<bool> = snapshot.types.iter().map(describes_code).collect();
        let all = 0..snapshot.node_types.len() as NodeIndex;
        let mut waiting: Vec<NodeIndex> = all.filter(|&node| below.is_own(node)).collect();
        while let Some(node) = waiting.pop() {
            let Some(met) = is_met.get_mut(node as usize) else {
                continue;
            };
            let type_ = snapshot.node_types[node as usize] as usize;
            if std::mem::replace(met, true) || is_definition.get(type_) == Some(&true) {
                continue;
            }
            below.nodes.push(node);
            waiting.extend(below.targets(node));
        }
        below.nodes.sort_unstable();
        below.seen = vec![0; below.nodes.len()];
        for place in 0..below.nodes.len() {
            for target in below.targets(below.nodes[place]) {
                if let Some(place) = below.place(target) {
                    below.seen[place] += 1;
                }
            }
        }
        below
    }

    fn is_own(&self, node: NodeIndex) -> bool {
        let type_ = self.snapshot.node_types.get(node as usize);
        type_.is_some_and(|&type_| self.is_own_type.get(type_ as usize) == Some(&true))
    }

    fn targets(&self, node: NodeIndex) -> impl Iterator<Item = NodeIndex> + use<'a> {
        let starts = &self.snapshot.edge_starts;
        let at = |index: usize| starts.get(index).map_or(0, |&start| start as usize);
        let range = at(node as usize)..at(node as usize + 1);
        let targets = self.snapshot.edge_targets.get(range).unwrap_or_default();
        targets.iter().copied()
    }

    fn place(&self, node: NodeIndex) -> Option<usize> {
        self.nodes.binary_search(&node).ok()
    }

    fn is_held_elsewhere(&self, place: usize) -> bool {
        let node = self.nodes[place] as usize;
        match self.snapshot.node_refcounts.get(node) {
            None | Some(&IMMORTAL | &SYNTHETIC) => true,
            Some(&count) => count > self.seen[place],
        }
    }
}

fn is_own(info: &TypeInfo) -> bool {
    let rest = info.module.strip_prefix(PACKAGE);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn describes_code(info: &TypeInfo) -> bool {
    info.module == "builtins" && DEFINITIONS.contains(&info.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes are (type, count of references, targets); types: 0 is the program's, 1 unfreed's, 2 a module.
    fn heap(nodes: &[(u32, u32, &[u32])]) -> Snapshot {
        let type_ = |module: &str, name: &str| TypeInfo {
            module: module.to_owned(),
            name: name.to_owned(),
            heap: true,
            node: None,
        };
        let mut edge_starts = vec![0];
        for (_, _, targets) in nodes {
            edge_starts.push(edge_starts[edge_starts.len() - 1] + targets.len() as u32);
        }
        Snapshot {
            types: vec![
                type_("app", "Thing"),
                type_("unfreed._answers", "Answer"),
                type_("builtins", "module"),
                type_("unfreedom", "Thing"),
            ],
            node_types: nodes.iter().map(|node| node.0).collect(),
            node_refcounts: nodes.iter().map(|node| node.1).collect(),
            edge_targets: nodes.iter().flat_map(|node| node.2).copied().collect(),
            edge_starts,
            ..Snapshot::default()
        }
    }

    #[test]
    fn what_only_answers_hold_is_theirs_and_what_others_hold_is_not() {
        let heap = heap(&[
            (1, 1, &[1, 2]),
            (0, 1, &[3]),
            // Also held by something else, with what it leads to.
            (0, 2, &[4]),
            // Two answers hold it together.
            (0, 2, &[]),
            (0, 2, &[]),
            (1, 1, &[3, 4, 6]),
            (2, 1, &[7]),
            (0, 1, &[]),
            (3, 1, &[]),
        ]);
        assert_eq!(held_by_unfreed(&heap), [0, 1, 3, 5]);
    }

    #[test]
    fn a_cycle_through_answers_is_theirs_and_hostile_columns_end_in_nothing() {
        let cycle = heap(&[(1, 2, &[1]), (0, 1, &[0]), (0, IMMORTAL, &[])]);
        assert_eq!(held_by_unfreed(&cycle), [0, 1]);
        let mut hostile = heap(&[(1, 1, &[9])]);
        hostile.edge_starts = vec![0, 7];
        assert_eq!(held_by_unfreed(&hostile), [0]);
    }
}
