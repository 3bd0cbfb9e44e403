//! Writes a snapshot's columns. The snapshot has been validated, but nothing here panics on one
//! that was not: it would only make a block that the reader refuses.

use super::bytes::{Columns, zigzag};
use super::predict::{AS_GUESSED, Labels, LastOfType, Targets, has_value, split};
use super::{ADDRESS_SHIFT, MAX_TEXT};
use crate::snapshot::{CollectorState, Root, RootKind, Snapshot, TypeIndex};
use std::io::Write;
use std::ops::Range;

/// Writes the whole snapshot to `out`.
pub(crate) fn pack<W: Write>(heap: &Snapshot, out: &mut Columns<W>) {
    header(heap, out);
    nodes(heap, out);
    targets(heap, out);
    labels(heap, out);
    for info in &heap.types {
        out.text(&info.module);
        out.text(&info.name);
        out.byte(u8::from(info.heap));
        optional(info.node, out);
    }
    for text in &heap.texts {
        out.text(cut(text));
    }
    pairs(&heap.node_texts, out);
    for root in &heap.roots {
        pack_root(root, out);
    }
    samples(heap, out);
    later_parts(heap, out);
}

/// The text without what is beyond its limit. A collector that cuts at 200 characters instead of
/// bytes must not cost the whole snapshot.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn header<W: Write>(heap: &Snapshot, out: &mut Columns<W>) {
    out.number(u64::from(heap.epoch.0));
    out.number(heap.at.0);
    out.number(heap.pause_ns);
    out.number(heap.tracked);
    let counts = [
        heap.node_types.len(),
        heap.edge_targets.len(),
        heap.types.len(),
        heap.texts.len(),
        heap.node_texts.len(),
        heap.roots.len(),
        heap.samples.len(),
    ];
    for count in counts {
        out.number(count as u64);
    }
}

fn nodes<W: Write>(heap: &Snapshot, out: &mut Columns<W>) {
    for of_type in &heap.node_types {
        out.number(u64::from(*of_type));
    }
    let mut last = LastOfType::new();
    for (of_type, size) in heap.node_types.iter().zip(&heap.node_sizes) {
        let last = last.of(*of_type);
        out.step64(*size, *last);
        *last = *size;
    }
    // Two up, so that the two special values at the top of the range wrap to one byte.
    for refcount in &heap.node_refcounts {
        out.number(u64::from(refcount.wrapping_add(2)));
    }
    let mut last = LastOfType::new();
    for (of_type, edges) in edges_of_nodes(heap) {
        let last = last.of(of_type);
        out.step32(edges.len() as u32, *last);
        *last = edges.len() as u32;
    }
}

/// Each node's type and the range of its edges.
fn edges_of_nodes(heap: &Snapshot) -> impl Iterator<Item = (TypeIndex, Range<usize>)> + '_ {
    let ends = heap.edge_starts.iter().skip(1);
    let ranges = heap.edge_starts.iter().zip(ends);
    heap.node_types
        .iter()
        .zip(ranges)
        .map(|(of_type, (start, end))| (*of_type, *start as usize..*end as usize))
}

fn targets<W: Write>(heap: &Snapshot, out: &mut Columns<W>) {
    let mut guesses = Targets::new();
    for (of_type, edges) in edges_of_nodes(heap) {
        for (slot, target) in heap
            .edge_targets
            .get(edges)
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            if *target == guesses.next_new() {
                out.byte(0);
            } else {
                out.number(1 + zigzag(*target, guesses.guess(of_type, slot)));
            }
            guesses.saw(of_type, slot, *target);
        }
    }
}

fn labels<W: Write>(heap: &Snapshot, out: &mut Columns<W>) {
    let mut guesses = Labels::new();
    for (of_type, edges) in edges_of_nodes(heap) {
        guesses.start(of_type);
        let targets = heap.edge_targets.get(edges.clone()).unwrap_or_default();
        let labels = heap.edge_labels.get(edges).unwrap_or_default();
        for (label, target) in labels.iter().zip(targets) {
            let (kind, value) = split(*label);
            if has_value(kind) {
                let guess = guesses.guess(kind);
                if guess == value {
                    out.byte(kind | AS_GUESSED);
                } else {
                    out.byte(kind);
                    out.step32(value, guess);
                }
            } else {
                out.byte(kind);
            }
            guesses.saw(kind, value, *target);
        }
    }
}

/// The parts that later minor versions added: up to the last one with something in it, so that a snapshot without any is
/// as it was in format 1.0.
fn later_parts<W: Write>(heap: &Snapshot, out: &mut Columns<W>) {
    let has_reused = heap.samples.iter().any(|sample| sample.reused);
    let there = [
        !heap.node_states.is_empty(),
        has_reused,
        !heap.equal_contents.is_empty(),
        !heap.spare_bytes.is_empty(),
        !heap.node_addresses.is_empty(),
        heap.collector.is_some(),
    ];
    let parts = there
        .iter()
        .rposition(|&there| there)
        .map_or(0, |last| last + 1);
    if parts > 0 {
        counted_pairs(&heap.node_states, out);
    }
    if parts > 1 {
        reused(heap, out);
    }
    if parts > 2 {
        counted_pairs(&heap.equal_contents, out);
    }
    if parts > 3 {
        counted_pairs(&heap.spare_bytes, out);
    }
    if parts > 4 {
        addresses(heap, out);
    }
    if let Some(state) = &heap.collector {
        collector(state, out);
    }
}

/// In words of eight bytes, at which every object begins: a bit or two less for each.
fn addresses<W: Write>(heap: &Snapshot, out: &mut Columns<W>) {
    out.number(heap.node_addresses.len() as u64);
    let mut last = LastOfType::new();
    for (of_type, address) in heap.node_types.iter().zip(&heap.node_addresses) {
        let last = last.of(*of_type);
        let words = address >> ADDRESS_SHIFT;
        out.step64(words, *last);
        *last = words;
    }
}

fn collector<W: Write>(state: &CollectorState, out: &mut Columns<W>) {
    out.byte(u8::from(state.enabled));
    out.number(state.threshold);
    out.number(state.count);
    for list in &state.lists {
        out.byte(*list);
    }
    for (&unseen, &uncleared) in state.unseen.iter().zip(&state.uncleared) {
        out.byte(u8::from(unseen) | u8::from(uncleared) << 1);
    }
}

fn counted_pairs<W: Write>(list: &[(u32, u32)], out: &mut Columns<W>) {
    out.number(list.len() as u64);
    pairs(list, out);
}

fn reused<W: Write>(heap: &Snapshot, out: &mut Columns<W>) {
    let samples = (0_u32..).zip(&heap.samples);
    let reused: Vec<u32> = samples
        .filter_map(|(index, sample)| sample.reused.then_some(index))
        .collect();
    out.number(reused.len() as u64);
    let mut last = 0;
    for index in reused {
        out.step32(index, last);
        last = index;
    }
}

fn pairs<W: Write>(pairs: &[(u32, u32)], out: &mut Columns<W>) {
    let mut last = (0, 0);
    for &(node, text) in pairs {
        out.step32(node, last.0);
        out.step32(text, last.1);
        last = (node, text);
    }
}

fn samples<W: Write>(heap: &Snapshot, out: &mut Columns<W>) {
    let mut last = 0;
    for sample in &heap.samples {
        out.step32(sample.node, last);
        out.number(u64::from(sample.stack.0));
        out.number(u64::from(sample.born.0));
        out.number(sample.bytes);
        last = sample.node;
    }
}

/// 0 for none, one more than the value otherwise.
fn optional<W: Write>(value: Option<u32>, out: &mut Columns<W>) {
    out.number(value.map_or(0, |value| u64::from(value) + 1));
}

fn pack_root<W: Write>(root: &Root, out: &mut Columns<W>) {
    out.number(u64::from(root.node));
    let (kind, fields): (u8, &[u32]) = match root.kind {
        RootKind::Module { name, file } => {
            out.byte(0);
            out.number(u64::from(name));
            return optional(file, out);
        }
        RootKind::Type => (1, &[]),
        RootKind::Frame {
            thread,
            function,
            file,
            line,
            depth,
        } => (2, &[thread, function, file, line, depth]),
        RootKind::Thread { thread, what } => (3, &[thread, what]),
        RootKind::Interpreter { what } => (4, &[what]),
    };
    out.byte(kind);
    for field in fields {
        out.number(u64::from(*field));
    }
}
