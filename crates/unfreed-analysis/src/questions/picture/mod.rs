//! Part of a heap as a graph small enough to draw: who holds an object and what it holds, many alike
//! folded into one node. How it looks is the renderer's.

mod gather;
mod neighbours;

use super::{Selection, View};
use crate::findings::Over;
use crate::heap::short_name;
use crate::inspectors::{Inspection, Inspectors};
use crate::seeded::Map;
use crate::wording::{count, several};
use gather::Gathered;
use neighbours::Neighbours;
use unfreed_graph::{Csr, NodeSet, components};
use unfreed_recording::snapshot::{NodeIndex, RootKind};

/// Different labels of one edge that are told apart.
const LABELS: usize = 3;
/// What an object keeps that it does not show is a suspect from so many bytes on.
const LARGE: u64 = 64 * 1024;
/// Letters of a name.
const NAME: usize = 34;
/// Letters of the label of a reference.
const LABEL: usize = 26;

/// Which way the picture goes from the selected objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To those that hold them.
    Referrers,
    /// To what they hold.
    Referents,
    /// Both.
    Both,
}

/// A graph to draw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// What it shows, in one sentence.
    pub title: String,
    /// Its nodes; the selected objects first.
    pub nodes: Vec<Node>,
    /// References between them.
    pub edges: Vec<Edge>,
}

/// An object, or many alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// `Session#12`, `module app`, `Session`.
    pub name: String,
    /// How many objects.
    pub objects: u64,
    /// Their own bytes.
    pub own: u64,
    /// Bytes that would be freed with them.
    pub retained: u64,
    /// What inspectors know of it, as the rest of a sentence. Empty as a rule.
    pub reason: String,
    /// Whether its life is over.
    pub over: Over,
    /// What it is in the picture.
    pub role: Role,
    /// Neighbours that are not drawn, in the directions of the picture.
    pub more: u64,
    /// Whether it is in a cycle of the picture.
    pub in_cycle: bool,
}

/// What a node is in a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// What was asked for.
    Focus,
    /// A module or running frame: held for itself.
    Root,
    /// Any other.
    #[default]
    Other,
}

/// References from one node to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    /// Index of the node that refers.
    pub from: usize,
    /// Index of the node that is referred to.
    pub to: usize,
    /// `.payload`, `['f3a9']`, `[*]`.
    pub label: String,
    /// How many references.
    pub count: u64,
    /// Whether it ought to be gone: it leads to something that is over, or keeps what it does not show.
    pub suspect: bool,
    /// Whether it is part of a cycle of the picture.
    pub in_cycle: bool,
}

/// The surroundings of the selected objects, up to `depth` references away, in at most `most` nodes.
#[must_use]
pub fn picture(
    view: &View<'_>,
    selection: &Selection,
    direction: Direction,
    depth: usize,
    most: usize,
) -> Picture {
    let neighbours = Neighbours::new(view);
    let gathered = Gathered::new(view, &neighbours, selection.nodes(), direction, depth, most);
    let inspectors = Inspectors::new(&view.heap);
    let mut nodes: Vec<Node> = gathered
        .units
        .iter()
        .enumerate()
        .map(|(index, members)| node(view, &inspectors, members, index, &gathered))
        .collect();
    let mut edges = edges(&gathered, &neighbours);
    mark_suspects(&inspectors, &gathered, &nodes, &mut edges);
    mark_cycles(&mut nodes, &mut edges);
    Picture {
        title: title(view, selection, direction, &nodes),
        nodes,
        edges,
    }
}

fn title(view: &View<'_>, selection: &Selection, direction: Direction, nodes: &[Node]) -> String {
    let what = match selection {
        Selection::Object(node) => format!("{}, {}", view.name(*node), view.place(*node)),
        Selection::Type(name, nodes) => {
            format!("{} of {name}", several(nodes.len() as i64, "object"))
        }
        Selection::Given(nodes) => several(nodes.len() as i64, "object"),
    };
    let shown = match direction {
        Direction::Referrers => "who holds it",
        Direction::Referents => "what it holds",
        Direction::Both => "who holds it and what it holds",
    };
    let objects: u64 = nodes.iter().map(|node| node.objects).sum();
    format!(
        "{what}: {shown} · {} in {}",
        several(objects as i64, "object"),
        several(nodes.len() as i64, "node")
    )
}

fn node(
    view: &View<'_>,
    inspectors: &Inspectors<'_, '_>,
    members: &[NodeIndex],
    index: usize,
    gathered: &Gathered,
) -> Node {
    let sum = |of: &dyn Fn(NodeIndex) -> u64| {
        let each = members.iter().map(|&node| of(node));
        each.fold(0, u64::saturating_add)
    };
    let first = members.first().copied().unwrap_or_default();
    let inspection = inspected(inspectors, members);
    let is_root = view.heap.is_module(first) || is_frame(view, first);
    Node {
        name: name(view, members),
        objects: members.len() as u64,
        own: sum(&|node| view.heap.size(node)),
        retained: together(view, members),
        over: inspection
            .as_ref()
            .map_or(Over::Unknown, |known| known.over),
        reason: inspection
            .filter(|known| known.over == Over::Yes || known.keeps)
            .map_or_else(String::new, |known| known.reason),
        role: match index {
            0 => Role::Focus,
            _ if is_root => Role::Root,
            _ => Role::Other,
        },
        more: gathered.more.get(index).copied().unwrap_or(0),
        in_cycle: false,
    }
}

/// What is known of an object, or of all of a folded node.
fn inspected(inspectors: &Inspectors<'_, '_>, members: &[NodeIndex]) -> Option<Inspection> {
    let known = inspectors.inspect(*members.first()?)?;
    if members.len() == 1 {
        return Some(known);
    }
    let mut others = members.iter();
    let alike = known.over == Over::Yes
        && others.all(|&member| inspectors.inspect(member).as_ref() == Some(&known));
    alike.then(|| Inspection {
        reason: format!("each {}", known.reason),
        ..known
    })
}

/// What objects keep alive together: what one of them keeps of another is not counted twice.
fn together(view: &View<'_>, members: &[NodeIndex]) -> u64 {
    if let [one] = members {
        return view.retained(*one);
    }
    let mut of_members = NodeSet::new(view.heap.graph.node_count());
    for &member in members {
        of_members.insert(member);
    }
    let mut below = NodeSet::new(view.heap.graph.node_count());
    let mut clear = NodeSet::new(view.heap.graph.node_count());
    let mut sum = 0_u64;
    for &member in members {
        let mut way = Vec::new();
        let mut at = view.dominators().immediate(member);
        let is_below = loop {
            match at {
                Some(node) if of_members.contains(node) || below.contains(node) => break true,
                Some(node) if !clear.contains(node) => {
                    way.push(node);
                    at = view.dominators().immediate(node);
                }
                _ => break false,
            }
        };
        let known = if is_below { &mut below } else { &mut clear };
        for node in way {
            known.insert(node);
        }
        if !is_below {
            sum = sum.saturating_add(view.retained(member));
        }
    }
    sum
}

fn is_frame(view: &View<'_>, node: NodeIndex) -> bool {
    let roots = view.heap.snapshot.roots.iter();
    roots
        .filter(|root| matches!(root.kind, RootKind::Frame { .. }))
        .any(|root| root.node == node)
}

fn name(view: &View<'_>, members: &[NodeIndex]) -> String {
    let first = members.first().copied().unwrap_or_default();
    let full = view.heap.type_name(first);
    let short = short_name(&full);
    if members.len() > 1 {
        return crate::wording::cut(short, NAME);
    }
    let frame = view
        .heap
        .snapshot
        .roots
        .iter()
        .find_map(|root| match root.kind {
            RootKind::Frame { function, .. } if root.node == first => {
                Some(format!("frame {}()", view.heap.text(function)))
            }
            _ => None,
        });
    let class = || {
        let info = view.heap.class_info(first)?;
        Some(format!("class {}", info.name))
    };
    let named = frame.or_else(class).or_else(|| {
        let text = view.heap.node_text(first)?;
        Some(match short {
            "function" => format!("{}()", short_name(text)),
            "module" => format!("module {text}"),
            "str" | "int" => format!("{short} {text}"),
            _ => format!("{short} {}", short_name(text)),
        })
    });
    let named = named.unwrap_or_else(|| format!("{short}#{first}"));
    crate::wording::cut(&named, NAME)
}

/// References between drawn nodes, those of one pair as one edge.
fn edges(gathered: &Gathered, neighbours: &Neighbours<'_, '_>) -> Vec<Edge> {
    let mut found: Map<(usize, usize), (u64, Vec<String>)> = Map::default();
    for (from, members) in gathered.units.iter().enumerate() {
        for &member in members {
            neighbours.onward(member, |target, way| {
                let Some(&to) = gathered.unit_of.get(&target) else {
                    return;
                };
                let (count, labels) = found.entry((from, to)).or_default();
                *count += 1;
                if labels.len() < LABELS {
                    let label = neighbours.label(way);
                    if !labels.contains(&label) {
                        labels.push(label);
                    }
                }
            });
        }
    }
    let mut edges: Vec<Edge> = found
        .into_iter()
        .map(|((from, to), (count, labels))| Edge {
            from,
            to,
            label: label(&labels, count),
            count,
            suspect: false,
            in_cycle: false,
        })
        .collect();
    edges.sort_by_key(|edge| (edge.from, edge.to));
    edges
}

/// Whether a label is an item by its key or index, and nothing more.
fn is_item(label: &str) -> bool {
    label.starts_with('[') && label.ends_with(']') && !label.contains("].")
}

fn label(labels: &[String], references: u64) -> String {
    let text = match labels {
        [one] => one.clone(),
        many if many.iter().all(|label| is_item(label)) => "[*]".to_owned(),
        [first, second] if references == 2 => format!("{first} {second}"),
        [first, ..] => format!("{first} and {} more", count(references as i64 - 1)),
        [] => String::new(),
    };
    // The type of what it leads to stands in its box; a variable needs no sign.
    let text = match text.trim_start().strip_prefix('→') {
        Some(" cache") => "cache".to_owned(),
        Some(_) => String::new(),
        None => text.replace(" › ", ""),
    };
    crate::wording::cut(&text, LABEL)
}

/// The references by which an object that is over is held, and those by which one keeps more than it
/// shows.
fn mark_suspects(
    inspectors: &Inspectors<'_, '_>,
    gathered: &Gathered,
    nodes: &[Node],
    edges: &mut [Edge],
) {
    const KEEPING: [&str; 5] = [
        ".__self__",
        ".base",
        ".__traceback__",
        "._mock_mock_calls",
        "._mgr",
    ];
    for edge in edges {
        let is_over = |index: usize| nodes[index].over == Over::Yes;
        let keeps = || {
            let member = gathered.units[edge.from].first();
            let known = member.and_then(|&member| inspectors.inspect(member));
            let is_worth_a_word =
                edge.from == 0 || edge.to == 0 || nodes[edge.to].retained >= LARGE;
            is_worth_a_word && known.is_some_and(|known| known.keeps)
        };
        edge.suspect = (is_over(edge.to) && !is_over(edge.from))
            || (KEEPING.contains(&edge.label.as_str()) && keeps());
    }
}

fn mark_cycles(nodes: &mut [Node], edges: &mut [Edge]) {
    let mut starts = vec![0_u32];
    let mut targets = Vec::new();
    for from in 0..nodes.len() {
        let own = edges.iter().filter(|edge| edge.from == from);
        targets.extend(own.map(|edge| edge.to as u32));
        starts.push(targets.len() as u32);
    }
    let Ok(graph) = Csr::new(&starts, &targets) else {
        return;
    };
    let found = components(graph, |_| true);
    let mut sizes = vec![0_u32; found.count as usize];
    for &component in &found.of_node {
        sizes[component as usize] += 1;
    }
    for edge in edges {
        let component = found.of_node[edge.from];
        // A folded node that refers to itself is a chain of its members as a rule.
        let own_loop = edge.from == edge.to && nodes[edge.from].objects == 1;
        edge.in_cycle = own_loop
            || (edge.from != edge.to
                && component == found.of_node[edge.to]
                && sizes[component as usize] > 1);
        if edge.in_cycle {
            nodes[edge.from].in_cycle = true;
            nodes[edge.to].in_cycle = true;
        }
    }
}
