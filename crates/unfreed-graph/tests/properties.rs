//! The algorithms against petgraph and against the plainest thing that could be right.

#![allow(clippy::unwrap_used)]

use petgraph::graph::DiGraph;
use proptest::prelude::*;
use std::collections::BTreeSet;
use unfreed_graph::{Csr, Explorer, NodeSet, UNREACHED, components, dominators, reach, spread};

#[derive(Clone, Debug)]
struct Case {
    starts: Vec<u32>,
    targets: Vec<u32>,
    edge_classes: Vec<Option<u8>>,
    roots: Vec<(u32, u8)>,
    walls: Vec<bool>,
}

impl Case {
    fn graph(&self) -> Csr<'_> {
        Csr::new(&self.starts, &self.targets).unwrap()
    }

    fn nodes(&self) -> usize {
        self.walls.len()
    }

    fn wall_set(&self) -> NodeSet {
        let mut walls = NodeSet::new(self.nodes());
        for (node, _) in self.walls.iter().enumerate().filter(|(_, wall)| **wall) {
            walls.insert(node as u32);
        }
        walls
    }
}

fn case() -> impl Strategy<Value = Case> {
    (1_usize..24).prop_flat_map(|nodes| {
        let rows = prop::collection::vec(
            prop::collection::vec(
                (0..nodes as u32, prop::option::weighted(0.9, 0_u8..4)),
                0..5,
            ),
            nodes,
        );
        let roots = prop::collection::vec((0..nodes as u32, 0_u8..4), 0..5);
        let walls = prop::collection::vec(prop::bool::weighted(0.2), nodes);
        (rows, roots, walls).prop_map(|(rows, roots, walls)| {
            let mut starts = vec![0];
            let (mut targets, mut edge_classes) = (Vec::new(), Vec::new());
            for row in rows {
                for (target, class) in row {
                    targets.push(target);
                    edge_classes.push(class);
                }
                starts.push(targets.len() as u32);
            }
            Case {
                starts,
                targets,
                edge_classes,
                roots,
                walls,
            }
        })
    })
}

/// Best (class, length) of any path to each node, by relaxation until nothing changes: first the
/// best class of any path, then, among paths whose every prefix is of the best class of its node,
/// the shortest.
fn best_paths(case: &Case) -> Vec<Option<(u8, u32)>> {
    let mut best: Vec<Option<u8>> = vec![None; case.nodes()];
    for &(root, class) in &case.roots {
        let held = &mut best[root as usize];
        *held = Some(held.map_or(class, |old| old.min(class)));
    }
    relax(case, |source, target, class| {
        let offered = best[source].map(|held| held.max(class));
        let better = offered.is_some_and(|new| best[target].is_none_or(|old| new < old));
        if better {
            best[target] = offered;
        }
        better
    });
    let mut lengths: Vec<Option<u32>> = vec![None; case.nodes()];
    for &(root, class) in &case.roots {
        if best[root as usize] == Some(class) {
            lengths[root as usize] = Some(0);
        }
    }
    relax(case, |source, target, class| {
        if best[source].map(|held| held.max(class)) != best[target] {
            return false;
        }
        // A node reached in a better class is expanded before the worse class starts, and the
        // worse class counts steps from there.
        let crossing = best[source] != best[target];
        let offered = lengths[source].map(|length| if crossing { 1 } else { length + 1 });
        let better = offered.is_some_and(|new| lengths[target].is_none_or(|old| new < old));
        if better {
            lengths[target] = offered;
        }
        better
    });
    best.iter()
        .zip(&lengths)
        .map(|(class, length)| Some(((*class)?, (*length)?)))
        .collect()
}

fn relax(case: &Case, mut step: impl FnMut(usize, usize, u8) -> bool) {
    let graph = case.graph();
    loop {
        let mut changed = false;
        for node in 0..case.nodes() as u32 {
            for edge in graph.edges(node) {
                if let Some(class) = case.edge_classes[edge.index as usize] {
                    changed |= step(node as usize, edge.target as usize, class);
                }
            }
        }
        if !changed {
            return;
        }
    }
}

proptest! {
    #[test]
    fn components_are_those_of_petgraph(case in case()) {
        let mut other = DiGraph::<(), ()>::new();
        let ids: Vec<_> = (0..case.nodes()).map(|_| other.add_node(())).collect();
        for node in 0..case.nodes() as u32 {
            for &target in case.graph().targets_of(node) {
                other.add_edge(ids[node as usize], ids[target as usize], ());
            }
        }
        let theirs: BTreeSet<BTreeSet<u32>> = petgraph::algo::tarjan_scc(&other)
            .into_iter()
            .map(|members| members.into_iter().map(|id| id.index() as u32).collect())
            .collect();
        let found = components(case.graph(), |_| true);
        let ours: BTreeSet<BTreeSet<u32>> =
            found.members().into_iter().map(|members| members.into_iter().collect()).collect();
        prop_assert_eq!(ours, theirs);
        for node in 0..case.nodes() as u32 {
            for &target in case.graph().targets_of(node) {
                prop_assert!(found.of_node[target as usize] <= found.of_node[node as usize]);
            }
        }
    }

    #[test]
    fn components_of_a_part_ignore_the_rest(case in case()) {
        let part = |node: u32| !case.walls[node as usize];
        let found = components(case.graph(), part);
        let pairs = (0..case.nodes() as u32).flat_map(|a| (0..case.nodes() as u32).map(move |b| (a, b)));
        let reaches: Vec<NodeSet> = (0..case.nodes() as u32)
            .map(|node| reach(case.graph(), [node], &case.wall_set(), |_| true))
            .collect();
        for (a, b) in pairs.filter(|&(a, b)| part(a) && part(b)) {
            let same = reaches[a as usize].contains(b) && reaches[b as usize].contains(a);
            prop_assert_eq!(same, found.of_node[a as usize] == found.of_node[b as usize]);
        }
    }

    #[test]
    fn reach_stops_at_walls(case in case()) {
        let walls = case.wall_set();
        let roots: Vec<u32> = case.roots.iter().map(|root| root.0).collect();
        let ours = reach(case.graph(), roots.clone(), &walls, |edge| {
            case.edge_classes[edge.index as usize].is_some()
        });
        let mut plain: BTreeSet<u32> =
            roots.into_iter().filter(|&root| !walls.contains(root)).collect();
        relax(&case, |source, target, _| {
            plain.contains(&(source as u32))
                && !case.walls[target]
                && plain.insert(target as u32)
        });
        prop_assert_eq!(ours.len(), plain.len());
        prop_assert!(plain.iter().all(|&node| ours.contains(node)));
    }

    #[test]
    fn spread_shares_nodes_among_root_sets(case in case()) {
        let walls = NodeSet::new(case.nodes());
        let mut reached = NodeSet::new(case.nodes());
        let mut seen = Vec::new();
        for &(root, _) in &case.roots {
            seen.extend(spread(case.graph(), [root], &walls, &mut reached, |_| true));
        }
        let distinct: BTreeSet<u32> = seen.iter().copied().collect();
        prop_assert_eq!(distinct.len(), seen.len());
        prop_assert_eq!(distinct.len(), reached.len());
    }

    #[test]
    fn exploring_finds_the_best_class_and_in_it_the_shortest_path(case in case()) {
        let mut explorer = Explorer::new(case.graph());
        for &(root, class) in &case.roots {
            explorer.add_root(root, class);
        }
        explorer.run(|edge| case.edge_classes[edge.index as usize]);
        let best = best_paths(&case);
        let mut steps = vec![0_u32; case.nodes()];
        for &node in explorer.order() {
            let parent = explorer.parent(node);
            steps[node as usize] = if parent == u32::MAX {
                0
            } else if explorer.class(parent) == explorer.class(node) {
                steps[parent as usize] + 1
            } else {
                1
            };
            prop_assert_eq!(best[node as usize], Some((explorer.class(node), steps[node as usize])));
        }
        for node in 0..case.nodes() as u32 {
            prop_assert_eq!(best[node as usize].is_none(), explorer.class(node) == UNREACHED);
            let path = explorer.path(node);
            prop_assert!(path.windows(2).all(|pair| pair[0].target == pair[1].source));
            prop_assert!(path.last().is_none_or(|edge| edge.target == node));
        }
    }

    #[test]
    fn the_reverse_holds_every_edge_once(case in case()) {
        let graph = case.graph();
        let reverse = graph.reverse();
        let mut seen = vec![false; graph.edge_count()];
        for node in 0..case.nodes() as u32 {
            prop_assert_eq!(reverse.edges(node).count(), graph.in_degrees()[node as usize] as usize);
            for edge in reverse.edges(node) {
                prop_assert_eq!(graph.target(edge.index), node);
                prop_assert_eq!(graph.source(edge.index), edge.source);
                prop_assert!(!std::mem::replace(&mut seen[edge.index as usize], true));
            }
        }
        prop_assert!(seen.into_iter().all(|edge| edge));
    }
}

#[test]
fn a_chain_of_a_million_nodes_needs_no_stack() {
    let nodes = 1_000_000_u32;
    let starts: Vec<u32> = (0..=nodes).collect();
    let targets: Vec<u32> = (0..nodes).map(|node| (node + 1) % nodes).collect();
    let graph = Csr::new(&starts, &targets).unwrap();
    assert_eq!(components(graph, |_| true).count, 1);
    let mut explorer = Explorer::new(graph);
    explorer.add_root(0, 0);
    explorer.run(|_| Some(0));
    assert_eq!(explorer.path(nodes - 1).len(), nodes as usize - 1);
}

proptest! {
    #[test]
    fn dominators_are_those_of_petgraph(case in case()) {
        let graph = case.graph();
        let roots: Vec<u32> = case.roots.iter().map(|(root, _)| *root).collect();
        let found = dominators(graph, roots.iter().copied());
        // petgraph knows one root: a node of its own before all roots.
        let mut other = DiGraph::<(), ()>::new();
        let nodes: Vec<_> = (0..case.nodes()).map(|_| other.add_node(())).collect();
        let top = other.add_node(());
        for node in 0..case.nodes() as u32 {
            for edge in graph.edges(node) {
                other.add_edge(nodes[node as usize], nodes[edge.target as usize], ());
            }
        }
        for root in &roots {
            other.add_edge(top, nodes[*root as usize], ());
        }
        let expected = petgraph::algo::dominators::simple_fast(&other, top);
        for node in 0..case.nodes() as u32 {
            let owner = expected.immediate_dominator(nodes[node as usize]);
            prop_assert_eq!(found.is_reached(node), owner.is_some());
            let owner = owner.filter(|owner| *owner != top).map(|owner| owner.index() as u32);
            prop_assert_eq!(found.immediate(node), owner);
        }
    }

    #[test]
    fn retained_is_what_is_lost_without_the_node(case in case()) {
        let graph = case.graph();
        let roots: Vec<u32> = case.roots.iter().map(|(root, _)| *root).collect();
        let sizes: Vec<u64> = (0..case.nodes() as u64).map(|node| 1 << (2 * node)).collect();
        let found = dominators(graph, roots.iter().copied());
        let retained = found.retained(&sizes);
        let sum = |reached: &NodeSet| -> u64 {
            (0..case.nodes() as u32).filter(|node| reached.contains(*node)).map(|node| sizes[node as usize]).sum()
        };
        let whole = sum(&reach(graph, roots.iter().copied(), &NodeSet::default(), |_| true));
        for node in 0..case.nodes() as u32 {
            let mut wall = NodeSet::new(case.nodes());
            wall.insert(node);
            let without = sum(&reach(graph, roots.iter().copied(), &wall, |_| true));
            prop_assert_eq!(retained[node as usize], whole - without);
        }
        // The tree holds every reached node once, below its dominator.
        let tree = found.children();
        let mut seen: Vec<u32> = tree.top().to_vec();
        for node in 0..case.nodes() as u32 {
            for &child in tree.children(node) {
                prop_assert_eq!(found.immediate(child), Some(node));
                seen.push(child);
            }
        }
        seen.sort_unstable();
        let reached: Vec<u32> = (0..case.nodes() as u32).filter(|node| found.is_reached(*node)).collect();
        prop_assert_eq!(seen, reached);
    }
}
