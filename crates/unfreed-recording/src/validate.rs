//! The rules that a block's content keeps, checked by writer and reader alike, so that whoever
//! holds decoded content may index and add without fear. Checks only; nothing is repaired here.

use crate::block::BlockRef;
use crate::error::Fault;
use crate::ids::StackId;
use crate::process::ProcessInfo;
use crate::sites::{Epoch, Peak, Site, Stacks, Uncertainty};
use crate::snapshot::{Label, Root, RootKind, Snapshot, TypeInfo};

/// Sums of byte figures stay below this, so that adding them up cannot overflow.
const MAX_SUM: u64 = 1 << 62;

/// Checks the rules of any block.
pub(crate) fn block(block: BlockRef<'_>) -> Result<(), Fault> {
    match block {
        BlockRef::Process(process) => process_info(process),
        BlockRef::Stacks(block) => stacks(block),
        BlockRef::Epoch(block) => epoch(block),
        BlockRef::Snapshot(block) => snapshot(block),
        BlockRef::Uncertainty(block) => uncertainty(block),
        BlockRef::Peak(block) => peak(block),
        BlockRef::Counters(_)
        | BlockRef::Resources(_)
        | BlockRef::Note(_)
        | BlockRef::Child(_)
        | BlockRef::End(_)
        | BlockRef::Round(_)
        | BlockRef::Sources(_)
        | BlockRef::Natives(_)
        | BlockRef::Processes(_)
        | BlockRef::Mark(_)
        | BlockRef::Watched(_)
        | BlockRef::Opened(_)
        | BlockRef::Started(_) => Ok(()),
    }
}

fn need(holds: bool, rule: &'static str, item: usize) -> Result<(), Fault> {
    if holds {
        Ok(())
    } else {
        Err(Fault::new(rule, item))
    }
}

fn process_info(process: &ProcessInfo) -> Result<(), Fault> {
    need(
        process.snapshot_budget_percent.is_finite(),
        "the snapshot budget is a number",
        0,
    )
}

fn stacks(block: &Stacks) -> Result<(), Fault> {
    for (item, node) in block.nodes.iter().enumerate() {
        need(
            node.id != StackId(0),
            "stack 0 is the empty stack and never defined",
            item,
        )?;
        need(
            node.parent < node.id,
            "a stack's id is greater than its parent's",
            item,
        )?;
    }
    Ok(())
}

fn epoch(block: &Epoch) -> Result<(), Fault> {
    let mut sums = [0_u64; 4];
    for (item, site) in block.sites.iter().enumerate() {
        for (sum, figure) in sums.iter_mut().zip(site_figures(site)) {
            *sum = sum.saturating_add(figure);
            need(
                *sum < MAX_SUM,
                "an epoch's figures add up to less than 2^62",
                item,
            )?;
        }
        let ascending = site.survivors.is_sorted_by(|a, b| a.born < b.born);
        need(
            ascending,
            "survivors are sorted by epoch of birth, one entry for each",
            item,
        )?;
        let newest = site.survivors.last().map(|survivors| survivors.born);
        need(
            newest.is_none_or(|born| born <= block.id),
            "survivors are born by now",
            item,
        )?;
    }
    Ok(())
}

fn uncertainty(block: &Uncertainty) -> Result<(), Fault> {
    let rule = "deviations are less than 2^62";
    for (item, site) in block.sites.iter().enumerate() {
        need(
            site.freed_bytes.max(site.freed_blocks) < MAX_SUM,
            rule,
            item,
        )?;
        let survivors = site.survivors.iter();
        need(
            survivors
                .clone()
                .all(|one| one.bytes.max(one.blocks) < MAX_SUM),
            rule,
            item,
        )?;
    }
    Ok(())
}

fn peak(block: &Peak) -> Result<(), Fault> {
    let mut sums = [0_u64; 2];
    for (item, site) in block.sites.iter().enumerate() {
        sums = [
            sums[0].saturating_add(site.bytes),
            sums[1].saturating_add(site.blocks),
        ];
        need(
            sums[0].max(sums[1]) < MAX_SUM,
            "what was live at the peak adds up to less than 2^62",
            item,
        )?;
    }
    Ok(())
}

/// Allocated bytes and blocks, freed bytes, and the greater of live bytes and blocks.
fn site_figures(site: &Site) -> [u64; 4] {
    let (mut bytes, mut blocks) = (0_u64, 0_u64);
    for survivors in &site.survivors {
        bytes = bytes.saturating_add(survivors.bytes);
        blocks = blocks.saturating_add(survivors.blocks);
    }
    [
        site.allocated_bytes,
        site.allocated_blocks,
        site.freed_bytes,
        bytes.max(blocks),
    ]
}

/// The rules of a snapshot: about 5 ns an object on top of reading it, paid on both sides.
fn snapshot(heap: &Snapshot) -> Result<(), Fault> {
    columns(heap)?;
    nodes(heap)?;
    edges(heap)?;
    let (nodes, texts) = (heap.node_types.len(), heap.texts.len());
    for (item, info) in heap.types.iter().enumerate() {
        type_info(info, nodes, item)?;
    }
    node_texts(&heap.node_texts, nodes, texts)?;
    node_texts(&heap.node_states, nodes, texts)?;
    numbered_nodes(&heap.equal_contents, nodes)?;
    numbered_nodes(&heap.spare_bytes, nodes)?;
    let addresses = heap.node_addresses.len();
    need(
        addresses == 0 || addresses == nodes,
        "all nodes have an address or none",
        addresses,
    )?;
    if let Some(state) = &heap.collector {
        let fits = state.lists.len() == nodes
            && state.unseen.len() == heap.types.len()
            && state.uncleared.len() == heap.types.len();
        need(
            fits,
            "the collector's state has an entry for each node and type",
            0,
        )?;
    }
    for (item, root) in heap.roots.iter().enumerate() {
        need(
            root_in_range(root, nodes, texts),
            "a root's node and texts exist",
            item,
        )?;
    }
    samples(heap)
}

fn node_texts(pairs: &[(u32, u32)], nodes: usize, texts: usize) -> Result<(), Fault> {
    for (item, &(node, text)) in pairs.iter().enumerate() {
        need(in_range(node, nodes), "a node text's node exists", item)?;
        need(in_range(text, texts), "a node text's text exists", item)?;
    }
    need(
        pairs.is_sorted_by(|a, b| a.0 < b.0),
        "node texts are sorted by node",
        0,
    )
}

/// Nodes with a number each, that of a content or of bytes.
fn numbered_nodes(pairs: &[(u32, u32)], nodes: usize) -> Result<(), Fault> {
    let exists = |&(node, _): &(u32, u32)| in_range(node, nodes);
    if let Some(item) = pairs.iter().position(|pair| !exists(pair)) {
        return Err(Fault::new("a numbered node exists", item));
    }
    need(
        pairs.is_sorted_by(|a, b| a.0 < b.0),
        "numbered nodes are sorted by node",
        0,
    )
}

fn in_range(index: u32, len: usize) -> bool {
    (index as usize) < len
}

fn columns(heap: &Snapshot) -> Result<(), Fault> {
    let (nodes, edges) = (heap.node_types.len(), heap.edge_targets.len());
    let limit = u32::MAX as usize;
    need(
        nodes < limit && edges < limit,
        "nodes and edges are fewer than 2^32 - 1",
        0,
    )?;
    let counts = [
        heap.types.len(),
        heap.texts.len(),
        heap.roots.len(),
        heap.samples.len(),
    ];
    need(
        counts.iter().all(|count| *count < limit),
        "no list has 2^32 - 1 entries",
        0,
    )?;
    need(
        heap.node_sizes.len() == nodes,
        "there is a size for each node",
        0,
    )?;
    need(
        heap.node_refcounts.len() == nodes,
        "there is a refcount for each node",
        0,
    )?;
    need(
        heap.edge_labels.len() == edges,
        "there is a label for each edge",
        0,
    )?;
    need(
        heap.edge_starts.len() == nodes + 1,
        "there is one edge start more than nodes",
        0,
    )?;
    need(
        heap.edge_starts.first() == Some(&0),
        "edge starts begin with 0",
        0,
    )?;
    let end = heap.edge_starts.last().map(|end| *end as usize);
    need(
        end == Some(edges),
        "edge starts end with the number of edges",
        0,
    )?;
    need(
        heap.edge_starts.is_sorted(),
        "edge starts never decrease",
        0,
    )
}

fn nodes(heap: &Snapshot) -> Result<(), Fault> {
    let types = heap.types.len();
    if let Some(item) = heap
        .node_types
        .iter()
        .position(|index| !in_range(*index, types))
    {
        return Err(Fault::new("a node's type exists", item));
    }
    let mut sum = 0_u64;
    for (item, size) in heap.node_sizes.iter().enumerate() {
        sum = sum.saturating_add(*size);
        need(sum < MAX_SUM, "sizes add up to less than 2^62", item)?;
    }
    Ok(())
}

fn edges(heap: &Snapshot) -> Result<(), Fault> {
    let (nodes, texts) = (heap.node_types.len(), heap.texts.len());
    if let Some(item) = heap
        .edge_targets
        .iter()
        .position(|target| !in_range(*target, nodes))
    {
        return Err(Fault::new("an edge's target exists", item));
    }
    let in_range = |label: &Label| match *label {
        Label::Attribute(text) | Label::Cell(text) | Label::Local(text) | Label::Internal(text) => {
            in_range(text, texts)
        }
        Label::Key(node) => in_range(node, nodes),
        _ => true,
    };
    match heap.edge_labels.iter().position(|label| !in_range(label)) {
        Some(item) => Err(Fault::new("a label's text or key exists", item)),
        None => Ok(()),
    }
}

fn type_info(info: &TypeInfo, nodes: usize, item: usize) -> Result<(), Fault> {
    let exists = info.node.is_none_or(|node| in_range(node, nodes));
    need(exists, "a type's node exists", item)
}

fn root_in_range(root: &Root, nodes: usize, texts: usize) -> bool {
    let text = |index: u32| in_range(index, texts);
    in_range(root.node, nodes)
        && match root.kind {
            RootKind::Module { name, file } => text(name) && file.is_none_or(text),
            RootKind::Type => true,
            RootKind::Frame {
                thread,
                function,
                file,
                ..
            } => text(thread) && text(function) && text(file),
            RootKind::Thread { thread, what } => text(thread) && text(what),
            RootKind::Interpreter { what } => text(what),
        }
}

fn samples(heap: &Snapshot) -> Result<(), Fault> {
    let mut sum = 0_u64;
    for (item, sample) in heap.samples.iter().enumerate() {
        need(
            in_range(sample.node, heap.node_types.len()),
            "a sample's node exists",
            item,
        )?;
        sum = sum.saturating_add(sample.bytes);
        need(sum < MAX_SUM, "samples add up to less than 2^62", item)?;
    }
    Ok(())
}
