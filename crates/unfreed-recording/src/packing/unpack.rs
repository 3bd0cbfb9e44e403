//! Reads a snapshot's columns back. Trusts no count: room is made for what the bytes that are there
//! can hold. Whether indexes are in range is checked afterwards, in `validate`.

use super::bytes::{Bytes, unzigzag};
use super::predict::{AS_GUESSED, Labels, LastOfType, Targets, has_value, join};
use super::{ADDRESS_SHIFT, MAX_TEXT, SnapshotHeader};
use crate::error::Fault;
use crate::frame::MAX_BLOCK;
use crate::ids::{EpochId, StackId};
use crate::snapshot::{CollectorState, Root, RootKind, SampledNode, Snapshot, TypeIndex, TypeInfo};

/// Reads a snapshot. The result is consistent in its lengths, and not validated otherwise.
pub(crate) fn unpack(payload: &[u8]) -> Result<Snapshot, Fault> {
    let mut bytes = Bytes::new(payload);
    let head: SnapshotHeader = bytes.model()?;
    let mut heap = Snapshot {
        epoch: head.epoch,
        at: head.at,
        pause_ns: head.pause_ns,
        tracked: head.tracked,
        ..Snapshot::default()
    };
    nodes(&mut bytes, head, &mut heap)?;
    heap.edge_targets = targets(&mut bytes, head, &heap)?;
    labels(&mut bytes, &mut heap)?;
    heap.types = list(&mut bytes, head.types, type_info)?;
    heap.texts = list(&mut bytes, head.texts, |bytes| bytes.text(MAX_TEXT))?;
    heap.node_texts = pairs(&mut bytes, head.node_texts)?;
    heap.roots = list(&mut bytes, head.roots, root)?;
    let mut last = 0;
    heap.samples = list(&mut bytes, head.samples, |bytes| {
        last = bytes.step32(last)?;
        Ok(SampledNode {
            node: last,
            stack: StackId(bytes.number32()?),
            born: EpochId(bytes.number32()?),
            bytes: bytes.number64()?,
            reused: false,
        })
    })?;
    heap.node_states = counted_pairs(&mut bytes)?;
    if bytes.left() > 0 {
        reused(&mut bytes, &mut heap.samples)?;
    }
    heap.equal_contents = counted_pairs(&mut bytes)?;
    heap.spare_bytes = counted_pairs(&mut bytes)?;
    if bytes.left() > 0 {
        heap.node_addresses = addresses(&mut bytes, &heap)?;
    }
    if bytes.left() > 0 {
        heap.collector = Some(Box::new(collector(&mut bytes, head)?));
    }
    Ok(heap)
}

/// Which samples may be of an earlier object.
fn reused(bytes: &mut Bytes<'_>, samples: &mut [SampledNode]) -> Result<(), Fault> {
    let count = bytes.number32()?;
    let mut last = 0;
    for index in list(bytes, count, |bytes| {
        last = bytes.step32(last)?;
        Ok(last)
    })? {
        // One that is not there says nothing of those that are.
        if let Some(sample) = samples.get_mut(index as usize) {
            sample.reused = true;
        }
    }
    Ok(())
}

/// One for each node, or none.
fn addresses(bytes: &mut Bytes<'_>, heap: &Snapshot) -> Result<Vec<u64>, Fault> {
    let count = bytes.number32()?;
    let mut addresses = Vec::with_capacity(room(bytes, count)?);
    let mut last = LastOfType::new();
    for of_type in heap.node_types.iter().take(count as usize) {
        let last = last.of(*of_type);
        *last = bytes.step64(*last)?;
        addresses.push(*last << ADDRESS_SHIFT);
    }
    if addresses.len() == count as usize {
        Ok(addresses)
    } else {
        Err(Fault::new("only nodes have an address", addresses.len()))
    }
}

fn collector(bytes: &mut Bytes<'_>, head: SnapshotHeader) -> Result<CollectorState, Fault> {
    let enabled = bytes.byte()? != 0;
    let (threshold, count) = (bytes.number64()?, bytes.number64()?);
    let lists = list(bytes, head.nodes, Bytes::byte)?;
    let types = list(bytes, head.types, Bytes::byte)?;
    let having = |bit: u8| types.iter().map(|flags| flags & bit != 0).collect();
    Ok(CollectorState {
        enabled,
        threshold,
        count,
        lists,
        unseen: having(1),
        uncleared: having(2),
    })
}

/// Pairs with their count before them; none where the payload ends.
fn counted_pairs(bytes: &mut Bytes<'_>) -> Result<Vec<(u32, u32)>, Fault> {
    if bytes.left() == 0 {
        return Ok(Vec::new());
    }
    let count = bytes.number32()?;
    pairs(bytes, count)
}

/// Pairs of a node and a text or number.
fn pairs(bytes: &mut Bytes<'_>, count: u32) -> Result<Vec<(u32, u32)>, Fault> {
    let mut last = (0, 0);
    list(bytes, count, |bytes| {
        last = (bytes.step32(last.0)?, bytes.step32(last.1)?);
        Ok(last)
    })
}

/// A list whose entries take at least a byte each.
fn list<'a, T>(
    bytes: &mut Bytes<'a>,
    count: u32,
    mut entry: impl FnMut(&mut Bytes<'a>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut entries = Vec::with_capacity(room(bytes, count)?);
    for _ in 0..count {
        entries.push(entry(bytes)?);
    }
    Ok(entries)
}

/// How much room to make for `count` entries of a byte or more.
fn room(bytes: &Bytes<'_>, count: u32) -> Result<usize, Fault> {
    let count = count as usize;
    if count > bytes.left() {
        return Err(Fault::new("a block holds all that it announces", count));
    }
    Ok(count)
}

fn nodes(bytes: &mut Bytes<'_>, head: SnapshotHeader, heap: &mut Snapshot) -> Result<(), Fault> {
    heap.node_types = list(bytes, head.nodes, Bytes::number32)?;
    room(bytes, head.nodes)?;
    let mut last = LastOfType::new();
    heap.node_sizes = Vec::with_capacity(heap.node_types.len());
    for of_type in &heap.node_types {
        let last = last.of(*of_type);
        *last = bytes.step64(*last)?;
        heap.node_sizes.push(*last);
    }
    heap.node_refcounts = list(bytes, head.nodes, |bytes| {
        Ok(bytes.number32()?.wrapping_sub(2))
    })?;
    let mut last = LastOfType::new();
    let mut end = 0_u32;
    room(bytes, head.nodes)?;
    heap.edge_starts = Vec::with_capacity(heap.node_types.len() + 1);
    heap.edge_starts.push(0);
    for (node, of_type) in heap.node_types.iter().enumerate() {
        let last = last.of(*of_type);
        *last = bytes.step32(*last)?;
        end = end
            .checked_add(*last)
            .filter(|end| *end <= head.edges)
            .ok_or(Fault::new(
                "nodes have as many edges together as announced",
                node,
            ))?;
        heap.edge_starts.push(end);
    }
    if end == head.edges {
        Ok(())
    } else {
        Err(Fault::new(
            "nodes have as many edges together as announced",
            0,
        ))
    }
}

/// Each node's type and how many edges it has.
fn degrees(heap: &Snapshot) -> impl Iterator<Item = (TypeIndex, usize)> + '_ {
    let ends = heap.edge_starts.iter().skip(1);
    let degrees = heap
        .edge_starts
        .iter()
        .zip(ends)
        .map(|(start, end)| end.saturating_sub(*start));
    heap.node_types
        .iter()
        .zip(degrees)
        .map(|(of_type, degree)| (*of_type, degree as usize))
}

fn targets(
    bytes: &mut Bytes<'_>,
    head: SnapshotHeader,
    heap: &Snapshot,
) -> Result<Vec<u32>, Fault> {
    let mut targets = Vec::with_capacity(room(bytes, head.edges)?);
    let mut guesses = Targets::new();
    for (of_type, degree) in degrees(heap) {
        for slot in 0..degree {
            let target = match bytes.number64()?.checked_sub(1) {
                None => guesses.next_new(),
                Some(step) => unzigzag(step, guesses.guess(of_type, slot))?,
            };
            guesses.saw(of_type, slot, target);
            targets.push(target);
        }
    }
    Ok(targets)
}

fn labels(bytes: &mut Bytes<'_>, heap: &mut Snapshot) -> Result<(), Fault> {
    room(bytes, heap.edge_targets.len() as u32)?;
    let mut labels = Vec::with_capacity(heap.edge_targets.len());
    let mut guesses = Labels::new();
    let mut targets = heap.edge_targets.iter();
    for (of_type, degree) in degrees(heap) {
        guesses.start(of_type);
        for target in targets.by_ref().take(degree) {
            let coded = bytes.byte()?;
            let kind = coded & !AS_GUESSED;
            let value = match (has_value(kind), coded & AS_GUESSED != 0) {
                (true, true) => guesses.guess(kind),
                (true, false) => bytes.step32(guesses.guess(kind))?,
                (false, _) => 0,
            };
            let label = join(kind, value).ok_or(Fault::new(
                "a label's kind is one of this version",
                labels.len(),
            ))?;
            labels.push(label);
            guesses.saw(kind, value, *target);
        }
    }
    heap.edge_labels = labels;
    Ok(())
}

fn type_info(bytes: &mut Bytes<'_>) -> Result<TypeInfo, Fault> {
    let limit = MAX_BLOCK as usize;
    Ok(TypeInfo {
        module: bytes.text(limit)?,
        name: bytes.text(limit)?,
        heap: bytes.byte()? != 0,
        node: optional(bytes)?,
    })
}

/// 0 for none, one more than the value otherwise.
fn optional(bytes: &mut Bytes<'_>) -> Result<Option<u32>, Fault> {
    match bytes.number64()?.checked_sub(1) {
        None => Ok(None),
        Some(value) => {
            let value = u32::try_from(value);
            value
                .map(Some)
                .map_err(|_| Fault::new("a number fits its field", 0))
        }
    }
}

fn root(bytes: &mut Bytes<'_>) -> Result<Root, Fault> {
    let node = bytes.number32()?;
    let kind = match bytes.byte()? {
        0 => RootKind::Module {
            name: bytes.number32()?,
            file: optional(bytes)?,
        },
        1 => RootKind::Type,
        2 => RootKind::Frame {
            thread: bytes.number32()?,
            function: bytes.number32()?,
            file: bytes.number32()?,
            line: bytes.number32()?,
            depth: bytes.number32()?,
        },
        3 => RootKind::Thread {
            thread: bytes.number32()?,
            what: bytes.number32()?,
        },
        4 => RootKind::Interpreter {
            what: bytes.number32()?,
        },
        _ => {
            return Err(Fault::new(
                "a root's kind is one of this version",
                node as usize,
            ));
        }
    };
    Ok(Root { node, kind })
}
