//! Which frames and coroutines stand still over the snapshots. A frame that happens to run while one
//! snapshot is taken would take over what its locals lead to, for that snapshot only, and growth
//! would come and go with it: such frames are asked last.

use crate::heap::Heap;
use crate::roots::{frame_key, mask_digits};
use crate::seeded::{Map, Set};
use unfreed_recording::snapshot::{Label, NodeIndex, RootKind};

/// What one snapshot has: keys of running frames, and how many coroutines of each name.
#[derive(Debug, Default)]
pub struct Census {
    frames: Set<String>,
    coroutines: Map<String, u32>,
}

/// What stands still in all snapshots.
#[derive(Debug, Default)]
pub struct Standing {
    frames: Set<String>,
    coroutines: Set<String>,
}

/// Counts the frames and coroutines of a snapshot.
#[must_use]
pub fn census(heap: &Heap<'_>) -> Census {
    let mut found = Census::default();
    for root in &heap.snapshot.roots {
        if let RootKind::Frame {
            thread,
            function,
            file,
            ..
        } = root.kind
        {
            let function = heap.text(function);
            found
                .frames
                .insert(frame_key(heap.text(thread), function, heap.text(file)));
        }
    }
    for node in 0..heap.graph.node_count() as NodeIndex {
        if let Some(name) = coroutine_name(heap, node) {
            *found.coroutines.entry(coroutine_key(name)).or_default() += 1;
        }
    }
    found
}

/// The qualified name of a suspended coroutine or asynchronous generator.
#[must_use]
pub fn coroutine_name<'a>(heap: &Heap<'a>, node: NodeIndex) -> Option<&'a str> {
    let info = heap.type_of(node)?;
    let suspended = matches!(info.name.as_str(), "coroutine" | "async_generator");
    if suspended && info.module == "builtins" {
        heap.node_text(node)
    } else {
        None
    }
}

/// The frame object of a suspended coroutine: before 3.11 that holds its variables, since then the
/// coroutine itself does.
#[must_use]
pub fn coroutine_frame(heap: &Heap<'_>, node: NodeIndex) -> Option<NodeIndex> {
    internal(heap, node, "gi_frame")
}

/// The namespace of the module that a coroutine's code is from: `function.__globals__`, or its
/// frame's.
#[must_use]
pub fn coroutine_globals(heap: &Heap<'_>, node: NodeIndex) -> Option<NodeIndex> {
    if let Some(frame) = coroutine_frame(heap, node) {
        return internal(heap, frame, "__globals__");
    }
    let function = heap
        .graph
        .targets_of(node)
        .iter()
        .copied()
        .find(|&target| {
            heap.type_of(target)
                .is_some_and(|info| info.name == "function")
        })?;
    internal(heap, function, "__globals__")
}

/// The target of the reference of that name.
fn internal(heap: &Heap<'_>, node: NodeIndex, name: &str) -> Option<NodeIndex> {
    let edge = heap.graph.edges(node).find(
        |edge| matches!(heap.label(edge.index), Label::Internal(text) if heap.text(text) == name),
    )?;
    Some(edge.target)
}

fn coroutine_key(name: &str) -> String {
    mask_digits(name)
}

impl Standing {
    /// From the censuses of all snapshots, oldest first: what is in each from its first appearance
    /// on, and in more than the last alone. Of coroutines exactly one: those that multiply are held
    /// by whatever multiplies them.
    #[must_use]
    pub fn new(censuses: &[Census]) -> Self {
        let Some(last) = censuses.last() else {
            return Self::default();
        };
        let stands = |has: &dyn Fn(&Census) -> bool| {
            let first = censuses.iter().position(has);
            first.is_some_and(|first| {
                let long = first + 1 < censuses.len() || censuses.len() == 1;
                long && censuses[first..].iter().all(has)
            })
        };
        let frames = last.frames.iter();
        let coroutines = last.coroutines.keys();
        Self {
            frames: frames
                .filter(|key| stands(&|census| census.frames.contains(*key)))
                .cloned()
                .collect(),
            coroutines: coroutines
                .filter(|key| stands(&|census| census.coroutines.get(*key) == Some(&1)))
                .cloned()
                .collect(),
        }
    }

    /// Whether a frame of this key stands still.
    #[must_use]
    pub fn has_frame(&self, key: &str) -> bool {
        self.frames.contains(key)
    }

    /// Whether there is one coroutine of this name, and always was.
    #[must_use]
    pub fn has_coroutine(&self, name: &str) -> bool {
        self.coroutines.contains(&coroutine_key(name))
    }
}
