//! Whether what a growing holder gains is already over: closed sessions, done tasks, exited threads that
//! nobody took out. Then there is a moment at which each should have gone, and advice can name it.

use crate::findings::Over;
use crate::growth::Candidate;
use crate::inspectors::Inspectors;
use crate::seeded::Map;
use crate::shapes::{ShapeId, Step};
use crate::study::{Latest, Study};
use unfreed_recording::snapshot::NodeIndex;

/// Most elements that are looked at.
const MOST: usize = 200;

/// What was seen of a holder's elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How many were looked at.
    pub looked_at: usize,
    /// How many of these are over.
    pub over: usize,
    /// Why most of them are, as the rest of a sentence that begins with `each`: `is a closed file`.
    pub reason: String,
}

/// What there is to say of the elements of a holder; `None` unless most are over.
#[must_use]
pub fn finished(latest: &Latest<'_>, study: &Study<'_>, candidate: &Candidate) -> Option<Finished> {
    let shapes = &study.forest.shapes;
    let is_element = |shape: &ShapeId| {
        candidate.entering.contains(shape) && shapes.get(*shape).step != Step::KeyObject
    };
    let nodes = latest.survey.shape_of.iter().enumerate();
    let elements = nodes
        .filter(|(_, shape)| is_element(shape))
        .map(|(node, _)| node as NodeIndex);
    let inspectors = Inspectors::new(&latest.heap);
    let mut reasons: Map<String, usize> = Map::default();
    let mut looked_at = 0;
    for node in elements.take(MOST) {
        looked_at += 1;
        let known = inspectors.inspect(node);
        if let Some(known) = known.filter(|known| known.over == Over::Yes) {
            *reasons.entry(known.reason).or_default() += 1;
        }
    }
    let over = reasons.values().sum();
    let (_, reason) = reasons
        .into_iter()
        .map(|(reason, count)| (count, reason))
        .max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)))?;
    (over * 2 > looked_at).then_some(Finished {
        looked_at,
        over,
        reason,
    })
}
