//! What keeps most of the memory at the last look, said where there is too little evidence for more: of a program that ended
//! or ran out of memory soon, that is the answer.

use crate::paths::Chain;
use crate::retained::Retained;
use crate::study::{Latest, Study};
use crate::wording::bytes;
use unfreed_recording::snapshot::NodeIndex;

/// What is worth a word: bytes, and part of the heap.
const WORTH: (u64, f64) = (8 << 20, 0.3);

/// `at the last look app.STORE kept 475 MiB of the 480 MiB of objects`.
#[must_use]
pub fn sentence(study: &Study<'_>) -> Option<String> {
    let latest = study.latest.as_ref()?;
    let (node, kept) = largest(latest)?;
    let sizes = latest.heap.snapshot.node_sizes.iter();
    let all = sizes.fold(0_u64, |sum, size| sum.saturating_add(*size));
    if kept < WORTH.0 || (kept as f64) < WORTH.1 * all as f64 {
        return None;
    }
    let shape = *latest.survey.shape_of.get(node as usize)?;
    let chain = Chain {
        heap: &latest.heap,
        survey: &latest.survey,
        forest: &study.forest,
    };
    let path = chain.held_by(node, &[], shape).path;
    (!path.is_empty()).then(|| {
        format!(
            "at the last look {path} kept {} of the {} of objects",
            bytes(kept as f64),
            bytes(all as f64)
        )
    })
}

/// The object where most memory comes together, and what would be freed with it.
fn largest(latest: &Latest<'_>) -> Option<(NodeIndex, u64)> {
    let retained = Retained::new(&latest.heap, &latest.in_degrees);
    let dominators = &retained.dominators;
    let top = (0..latest.heap.graph.node_count() as NodeIndex)
        .filter(|&node| dominators.is_reached(node) && dominators.immediate(node).is_none())
        .max_by_key(|&node| retained.of(node))?;
    let point = retained.accumulation_point(&dominators.children(), top);
    Some((point, retained.of(point)))
}
