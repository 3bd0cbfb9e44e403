//! What nothing reaches: no root, and no object that something outside the snapshot refers to. Only
//! the cyclic collector can free it. Counted for each snapshot, by the types of the cycles.

use crate::heap::Heap;
use crate::retained::roots;
use crate::seeded::{Map, Set};
use std::hash::Hash;
use unfreed_graph::{NodeSet, components, reach, spread};
use unfreed_recording::snapshot::{HIDDEN_FIELD, Label, NodeIndex};

/// Most types in the name of a kind of cycle.
const NAMED_TYPES: usize = 4;

/// Garbage that waits, in one snapshot.
#[derive(Clone, Debug, Default)]
pub struct Garbage {
    /// Kinds of cycles, most bytes first.
    pub kinds: Vec<Cycles>,
}

/// Cycles of one kind: of the same types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cycles {
    /// The types of the members, sorted, each once: `app.Node, dict`.
    pub types: Vec<String>,
    /// How many there are.
    pub count: u64,
    /// Objects in them and hanging from them.
    pub objects: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// The type of a member that holds another and does not show it to the collector, which never frees these.
    pub unseen: Option<String>,
    /// Members of the smallest, for the last snapshot to describe.
    pub example: Vec<NodeIndex>,
}

/// What nothing reaches in a snapshot.
#[must_use]
pub fn unreached(heap: &Heap<'_>, in_degrees: &[u32]) -> NodeSet {
    let roots = roots(heap, in_degrees);
    let reached = reach(heap.graph, roots, &NodeSet::default(), |_| true);
    let mut rest = NodeSet::new(heap.graph.node_count());
    for node in 0..heap.graph.node_count() as NodeIndex {
        if !reached.contains(node) {
            rest.insert(node);
        }
    }
    rest
}

/// Counts the garbage of a snapshot by kind of cycle.
#[must_use]
pub fn census(heap: &Heap<'_>, in_degrees: &[u32]) -> Garbage {
    let garbage = unreached(heap, in_degrees);
    let found = grouped(heap, &garbage, |members| type_set(heap, members));
    let mut kinds: Vec<Cycles> = found
        .into_iter()
        .map(|(types, cycles)| Cycles {
            types,
            unseen: unseen(heap, &cycles.example),
            ..cycles
        })
        .collect();
    kinds.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.types.cmp(&b.types)));
    Garbage { kinds }
}

fn unseen(heap: &Heap<'_>, members: &[NodeIndex]) -> Option<String> {
    let within: Set<NodeIndex> = members.iter().copied().collect();
    let is_hidden =
        |label| matches!(label, Label::Internal(text) if heap.text(text) == HIDDEN_FIELD);
    let hides = |&&node: &&NodeIndex| {
        let mut edges = heap.graph.edges(node);
        edges.any(|edge| is_hidden(heap.label(edge.index)) && within.contains(&edge.target))
    };
    let node = members.iter().find(hides)?;
    Some(heap.type_name(*node))
}

/// The cycles among `garbage`, with all of it that hangs from them, by what `key` says of a cycle's members. What hangs
/// from several is counted once, with the one nearest the outside. `types` stays empty.
pub(crate) fn grouped<K: Eq + Hash>(
    heap: &Heap<'_>,
    garbage: &NodeSet,
    mut key: impl FnMut(&[NodeIndex]) -> K,
) -> Map<K, Cycles> {
    let mut kinds: Map<K, Cycles> = Map::default();
    if garbage.is_empty() {
        return kinds;
    }
    let found = components(heap.graph, |node| garbage.contains(node));
    let mut cycles: Vec<Vec<NodeIndex>> = found
        .members()
        .into_iter()
        .filter(|members| is_cycle(heap, members))
        .collect();
    // Components come with what they lead to before them; whoever is nearest the outside goes
    // first and takes what hangs from it.
    cycles.reverse();
    let mut counted = NodeSet::new(heap.graph.node_count());
    for members in cycles {
        let hanging = spread(
            heap.graph,
            members.iter().copied(),
            &NodeSet::default(),
            &mut counted,
            |edge| garbage.contains(edge.target),
        );
        if hanging.is_empty() {
            continue;
        }
        let kind = kinds.entry(key(&members)).or_default();
        kind.count += 1;
        kind.objects += hanging.len() as u64;
        for &node in &hanging {
            kind.bytes = kind.bytes.saturating_add(heap.size(node));
        }
        if kind.example.is_empty() || members.len() < kind.example.len() {
            kind.example = members;
        }
    }
    kinds
}

pub(crate) fn is_cycle(heap: &Heap<'_>, members: &[NodeIndex]) -> bool {
    match members {
        [] => false,
        [node] => heap.graph.targets_of(*node).contains(node),
        _ => true,
    }
}

/// The types that name a kind of cycle: what people wrote, else whatever there is.
pub(crate) fn type_set(heap: &Heap<'_>, members: &[NodeIndex]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for &node in members.iter().take(10_000) {
        if !heap.is_namespace(node) {
            all.push(heap.type_name(node));
        }
    }
    all.sort();
    all.dedup();
    let own: Vec<String> = all
        .iter()
        .filter(|name| name.contains('.'))
        .cloned()
        .collect();
    let mut named = if own.is_empty() { all } else { own };
    named.truncate(NAMED_TYPES);
    named
}
