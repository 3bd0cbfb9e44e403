//! Objects that keep more alive than they show: a view keeps its base, a bound method its instance, an
//! exception the frames of its traceback, a mock the arguments of its calls.

use super::{Inspection, Inspectors};
use crate::wording::{bytes, several};
use unfreed_recording::snapshot::{Label, NodeIndex};

/// A base below this is not worth a word.
const LARGE: u64 = 64 * 1024;
/// Most links of a chain (of tracebacks, of bases) that are followed.
const LINKS: usize = 10_000;
/// Most objects of a data frame that are looked through for its arrays.
const PARTS: usize = 4_000;

impl Inspectors<'_, '_> {
    /// What an object of no particular class keeps.
    pub(super) fn keeper(&self, node: NodeIndex) -> Option<Inspection> {
        let info = self.heap.type_of(node)?;
        match (info.module.as_str(), info.name.as_str()) {
            ("builtins", "method") => self.bound_method(node),
            ("builtins", "frame") => self.frame(node),
            ("builtins", "traceback") => self.traceback(node),
            ("builtins", "memoryview") => self.memory_view(node),
            _ => self.exception(node).or_else(|| self.array_view(node)),
        }
    }

    fn bound_method(&self, node: NodeIndex) -> Option<Inspection> {
        let instance = self.part(node, "__self__")?;
        Inspection::keeps(format!(
            "is a bound method that keeps its {} alive",
            self.short_type(instance)
        ))
    }

    fn frame(&self, node: NodeIndex) -> Option<Inspection> {
        use unfreed_recording::snapshot::SYNTHETIC;
        let count = self.heap.snapshot.node_refcounts.get(node as usize)?;
        if *count == SYNTHETIC {
            Inspection::in_use("is a function that runs")
        } else {
            Inspection::unknown("is a frame: it keeps its variables alive")
        }
    }

    fn traceback(&self, node: NodeIndex) -> Option<Inspection> {
        Inspection::keeps(format!(
            "keeps the variables of {} alive",
            several(self.frames_of(node), "frame")
        ))
    }

    fn exception(&self, node: NodeIndex) -> Option<Inspection> {
        let traceback = self.part(node, "__traceback__")?;
        if self.is_none(traceback) {
            return None;
        }
        Inspection::keeps(format!(
            "is an exception whose traceback keeps the variables of {} alive",
            several(self.frames_of(traceback), "frame")
        ))
    }

    fn frames_of(&self, traceback: NodeIndex) -> i64 {
        let mut count = 1;
        let mut at = traceback;
        for _ in 0..LINKS {
            match self.part(at, "tb_next") {
                Some(next) if !self.is_none(next) => at = next,
                _ => break,
            }
            count += 1;
        }
        count
    }

    fn memory_view(&self, node: NodeIndex) -> Option<Inspection> {
        // Between a view and the object is the buffer that views share.
        let mut base = self.first_target(node)?;
        if self.heap.type_name(base) == "managedbuffer" {
            base = self.first_target(base)?;
        }
        self.kept_base(node, base, "memoryview")
    }

    fn first_target(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.heap.labelled(node, |label| label != Label::Class)
    }

    /// An array that has a base: a view, or one that was made of somebody's buffer.
    fn array_view(&self, node: NodeIndex) -> Option<Inspection> {
        let base = self.part(node, "base")?;
        self.part(node, "dtype")?;
        self.kept_base(node, base, "view")
    }

    fn kept_base(&self, node: NodeIndex, base: NodeIndex, what: &str) -> Option<Inspection> {
        let size = self.weight(self.innermost(base));
        if self.is_none(base) || size < LARGE || base == node {
            return None;
        }
        Inspection::keeps(format!(
            "is a {what} that keeps its whole base of {} alive",
            bytes(size as f64)
        ))
    }

    /// Bytes of an object with its memory, which since 3.15 a bytearray has in an object of its own.
    fn weight(&self, node: NodeIndex) -> u64 {
        let beside = match self.heap.type_name(node).as_str() {
            "bytearray" => self
                .first_target(node)
                .map_or(0, |buffer| self.heap.size(buffer)),
            _ => 0,
        };
        self.heap.size(node).saturating_add(beside)
    }

    /// The array that owns the memory of a view of a view.
    fn innermost(&self, base: NodeIndex) -> NodeIndex {
        let mut at = base;
        for _ in 0..LINKS {
            match self.part(at, "base") {
                Some(next) if !self.is_none(next) => at = next,
                _ => break,
            }
        }
        at
    }

    /// A data frame or series: whether its arrays are views of larger ones.
    pub(super) fn pandas_view(&self, node: NodeIndex) -> Option<Inspection> {
        let manager = self.attribute(node, "_mgr")?;
        let mut found = vec![manager];
        let mut next = 0;
        let mut kept = 0_u64;
        while let Some(&at) = found.get(next) {
            next += 1;
            if let (Some(base), Some(_)) = (self.part(at, "base"), self.part(at, "dtype")) {
                kept = kept.max(self.heap.size(self.innermost(base)));
                continue;
            }
            if self.is_part_of_frame(at) {
                for edge in self.heap.graph.edges(at) {
                    let is_class = self.heap.label(edge.index) == Label::Class;
                    if !is_class && found.len() < PARTS && !found.contains(&edge.target) {
                        found.push(edge.target);
                    }
                }
            }
        }
        if kept < LARGE {
            return None;
        }
        Inspection::keeps(format!(
            "has columns that are views: they keep a base of {} alive",
            bytes(kept as f64)
        ))
    }

    /// Whether the arrays of a frame lie behind an object: the manager, its blocks, tuples of them.
    fn is_part_of_frame(&self, node: NodeIndex) -> bool {
        self.heap.type_of(node).is_some_and(|info| {
            let manages = info.name.contains("Manager") || info.name.ends_with("Block");
            (info.module.starts_with("pandas.") && manages)
                || (info.module == "builtins" && matches!(info.name.as_str(), "tuple" | "list"))
        })
    }

    pub(super) fn mock(&self, node: NodeIndex) -> Option<Inspection> {
        let calls = ["_mock_mock_calls", "_mock_call_args_list"];
        let count = calls
            .iter()
            .filter_map(|name| self.attribute(node, name))
            .map(|list| {
                let edges = self.heap.graph.edges(list);
                let items =
                    edges.filter(|edge| matches!(self.heap.label(edge.index), Label::Index(_)));
                items.count()
            })
            .max()?;
        if count == 0 {
            return None;
        }
        Inspection::keeps(format!(
            "is a mock that keeps the arguments of {} alive",
            several(count as i64, "call")
        ))
    }
}
