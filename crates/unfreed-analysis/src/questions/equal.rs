//! `str` and `bytes` objects that say the same: all copies but one could be saved.

use super::View;
use super::waste::{Sum, shape};
use crate::seeded::Map;
use crate::wording::{bytes, cut};
use unfreed_graph::NO_NODE;
use unfreed_recording::snapshot::NodeIndex;

/// Longest preview of a text.
const PREVIEW: usize = 40;

/// What there is several times, with what it is called and its copies.
pub(super) fn equal(view: &View<'_>) -> Vec<((&'static str, String), Sum)> {
    let mut copies: Map<u32, Vec<NodeIndex>> = Map::default();
    for &(node, content) in view.equal_contents() {
        if !is_of_code(view, node) {
            copies.entry(content).or_default().push(node);
        }
    }
    let copies = copies.into_values().filter(|copies| copies.len() > 1);
    copies
        .filter_map(|copies| {
            let first = *copies.first()?;
            let sizes = copies.iter().map(|&copy| view.heap.size(copy));
            let bytes = sizes.clone().fold(0, u64::saturating_add);
            let sum = Sum {
                objects: copies.len() as u64,
                bytes,
                // Sizes differ where one has been asked for its UTF-8.
                saved: bytes.saturating_sub(sizes.max().unwrap_or(0)),
                example: first,
            };
            let what = match view.heap.type_name(first).as_str() {
                "bytes" => "equal bytes",
                _ => "equal str",
            };
            Some(((what, called(view, &copies)), sum))
        })
        .collect()
}

/// The beginning of a text; where the snapshot does not have it, size and place of the first copy.
fn called(view: &View<'_>, copies: &[NodeIndex]) -> String {
    let text = copies.iter().find_map(|&copy| view.heap.node_text(copy));
    let first = copies.first().copied().unwrap_or(NO_NODE);
    text.map_or_else(
        || {
            let size = bytes(view.heap.size(first) as f64);
            format!("{size} at {}", shape(view, first))
        },
        |text| format!("'{}'", cut(text, PREVIEW)),
    )
}

/// Tables of lines and exceptions, constants: nobody can have code share them.
fn is_of_code(view: &View<'_>, node: NodeIndex) -> bool {
    let holder = view.survey().paths.parent(node);
    holder != NO_NODE && view.heap.type_name(holder) == "code"
}
