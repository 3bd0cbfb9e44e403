//! Reference cycles of one snapshot: those that nothing reaches (garbage that waits for the
//! collector), with what hangs on them and why they wait, and those that a root reaches (to be freed
//! only by the collector, once let go).

use super::answer::{Cell, number, text};
use super::collector::{Reason, finaliser};
use super::{Answer, Unit, View};
use crate::cycles::describe;
use crate::garbage::{Cycles, grouped, is_cycle, type_set, unreached};
use crate::seeded::Map;
use crate::wording::bytes;
use unfreed_graph::{NodeSet, components, reach};
use unfreed_recording::snapshot::{NodeIndex, RootKind};

/// Why cycles are where they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum State {
    Waits(Reason),
    /// The list `gc.garbage` holds them and nothing else does.
    Kept,
    InUse,
}

type Kinds = Vec<(State, Vec<String>, Cycles)>;

/// Cycles by the types in them: waiting ones first, then by bytes.
#[must_use]
pub fn cycles(view: &View<'_>, most: usize) -> Answer {
    let mut kinds = out_of_use(view);
    let kept = kept(view);
    kinds.extend(in_use(view, &kept));
    kinds.extend(of_gc_garbage(view, &kept));
    answer(view, kinds, most)
}

/// Those cycles alone that nobody uses: they wait, or only `gc.garbage` holds them.
#[must_use]
pub fn garbage(view: &View<'_>, most: usize) -> Answer {
    let mut kinds = out_of_use(view);
    kinds.extend(of_gc_garbage(view, &kept(view)));
    answer(view, kinds, most)
}

fn out_of_use(view: &View<'_>) -> Kinds {
    let garbage = unreached(&view.heap, &view.in_degrees);
    let found = grouped(&view.heap, &garbage, |members| {
        let reason = view.collector.reason(&view.heap, members);
        (reason, type_set(&view.heap, members))
    });
    let found = found.into_iter();
    found
        .map(|((reason, types), cycles)| (State::Waits(reason), types, cycles))
        .collect()
}

fn of_gc_garbage(view: &View<'_>, kept: &NodeSet) -> Kinds {
    let found = grouped(&view.heap, kept, |members| type_set(&view.heap, members));
    let found = found.into_iter();
    found
        .map(|(types, cycles)| (State::Kept, types, cycles))
        .collect()
}

fn in_use(view: &View<'_>, kept: &NodeSet) -> Kinds {
    let found = components(view.heap.graph, |node| {
        !is_furniture(view, node) && view.dominators().is_reached(node) && !kept.contains(node)
    });
    let mut kinds: Map<Vec<String>, Cycles> = Map::default();
    for members in found.members() {
        if !is_cycle(&view.heap, &members) {
            continue;
        }
        let kind = kinds.entry(type_set(&view.heap, &members)).or_default();
        kind.count += 1;
        kind.objects += members.len() as u64;
        kind.bytes = members.iter().fold(kind.bytes, |sum, &node| {
            sum.saturating_add(view.heap.size(node))
        });
        if kind.example.is_empty() || members.len() < kind.example.len() {
            kind.example = members;
        }
    }
    let kinds = kinds.into_iter();
    kinds
        .map(|(types, cycles)| (State::InUse, types, cycles))
        .collect()
}

/// What is reached through the list `gc.garbage` and not otherwise.
fn kept(view: &View<'_>) -> NodeSet {
    let mut kept = NodeSet::new(view.heap.graph.node_count());
    let Some(list) = garbage_list(view) else {
        return kept;
    };
    let mut walls = NodeSet::new(view.heap.graph.node_count());
    walls.insert(list);
    let used = reach(view.heap.graph, view.roots(), &walls, |_| true);
    let is_kept = |&node: &NodeIndex| {
        node != list && view.dominators().is_reached(node) && !used.contains(node)
    };
    for node in view.nodes().filter(is_kept) {
        kept.insert(node);
    }
    kept
}

/// The list `gc.garbage`, where there is something in it.
fn garbage_list(view: &View<'_>) -> Option<NodeIndex> {
    let heap = &view.heap;
    let mut modules = heap.snapshot.roots.iter();
    let gc = modules.find(|root| match root.kind {
        RootKind::Module { name, .. } => heap.text(name) == "gc",
        _ => false,
    })?;
    let list = heap.attribute(gc.node, "garbage")?;
    let is_list = heap.type_name(list) == "list";
    (is_list && !heap.graph.targets_of(list).is_empty()).then_some(list)
}

/// Classes, modules and their functions are in cycles by nature.
fn is_furniture(view: &View<'_>, node: NodeIndex) -> bool {
    view.heap.is_class(node) || view.heap.is_module(node) || view.heap.is_module_namespace(node)
}

fn answer(view: &View<'_>, mut kinds: Kinds, most: usize) -> Answer {
    let rank = |state: &State| match state {
        State::Waits(_) => 0,
        State::Kept => 1,
        State::InUse => 2,
    };
    kinds.sort_by(|(state, types, one), (other_state, other_types, other)| {
        (rank(state), other.bytes)
            .cmp(&(rank(other_state), one.bytes))
            .then_with(|| (types, state).cmp(&(other_types, other_state)))
    });
    let mut answer = Answer::new(
        "cycles",
        heading(view, &kinds),
        &[
            ("state", Unit::Text),
            ("types", Unit::Text),
            ("cycles", Unit::Count),
            ("objects", Unit::Count),
            ("bytes", Unit::Bytes),
            ("shortest", Unit::Prose),
            ("why", Unit::Prose),
        ],
    );
    for (number, (state, types, kind)) in kinds.iter().enumerate() {
        // To find the shortest cycle takes time: for those that are shown.
        let shown = number < most;
        let told = shown
            .then(|| describe(&view.heap, &view.ownership, &kind.example))
            .flatten();
        answer.rows.push(vec![
            text(if matches!(state, State::Waits(_)) {
                "waits"
            } else {
                "in use"
            }),
            text(types.join(", ")),
            Cell::Number(kind.count),
            Cell::Number(kind.objects),
            Cell::Number(kind.bytes),
            text(told.map_or_else(String::new, |told| told.text)),
            text(if shown {
                why(view, state, kind)
            } else {
                String::new()
            }),
        ]);
    }
    answer.keep(most, |row| number(row.get(4)));
    answer
}

fn heading(view: &View<'_>, kinds: &Kinds) -> String {
    let of = |wanted: fn(&State) -> bool| {
        let kinds = kinds.iter().filter(move |(state, _, _)| wanted(state));
        kinds.fold(0_u64, |sum, (_, _, kind)| sum.saturating_add(kind.bytes))
    };
    let waiting = of(|state| matches!(state, State::Waits(_)));
    let kept = of(|state| *state == State::Kept);
    let mut said = if waiting == 0 {
        "No cycles wait.".to_owned()
    } else {
        format!("{} in cycles that nothing reaches", bytes(waiting as f64))
    };
    match the_reason(kinds) {
        _ if waiting == 0 => {}
        Some(reason) => said.push_str(&format!(". {}", reason.text())),
        None => said.push_str(&view.collector.heading()),
    }
    if kept > 0 {
        said.push_str(&format!(
            " {} in cycles that only gc.garbage holds.",
            bytes(kept as f64)
        ));
    }
    said
}

/// The reason that all cycles share which wait.
fn the_reason(kinds: &Kinds) -> Option<&Reason> {
    let mut reasons = kinds.iter().filter_map(|(state, _, _)| match state {
        State::Waits(reason) => Some(reason),
        _ => None,
    });
    let first = reasons
        .next()
        .filter(|&reason| *reason != Reason::Unknown)?;
    reasons.all(|reason| reason == first).then_some(first)
}

/// Why cycles are not freed; empty where there is nothing to say.
fn why(view: &View<'_>, state: &State, kind: &Cycles) -> String {
    let reason = match state {
        State::InUse => return String::new(),
        State::Kept => "Only gc.garbage holds them.".to_owned(),
        State::Waits(reason) => reason.text(),
    };
    let finaliser = finaliser(&view.heap, &kind.example).map(|type_| {
        format!("{type_}.__del__ runs before they are freed, and may bring them back.")
    });
    let said = [reason, finaliser.unwrap_or_default()];
    said.join(" ").trim().to_owned()
}
