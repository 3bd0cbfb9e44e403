//! What is in the heap by the line that made it, as far as the objects' blocks were sampled.

use super::answer::{Cell, number, text};
use super::{Answer, Unit, View};
use crate::findings::Frame;
use crate::seeded::Map;
use crate::wording::{bytes, count};
use unfreed_recording::ids::StackId;
use unfreed_recording::snapshot::{NodeIndex, TypeIndex};

#[derive(Default)]
struct Line {
    samples: u64,
    bytes: u64,
    types: Map<TypeIndex, u64>,
    example: NodeIndex,
}

/// Gives a stack's frames, innermost first.
pub type Frames<'f> = &'f dyn Fn(StackId) -> Vec<Frame>;

/// How many of the objects have a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// A sample: bytes are estimates, and count the objects' own blocks only.
    Samples,
    /// All since they are followed, with all their bytes.
    EveryObject,
}

/// The lines whose objects are alive in the snapshot; the `most` largest.
#[must_use]
pub fn sites(view: &View<'_>, frames: Frames<'_>, coverage: Coverage, most: usize) -> Answer {
    let mut lines: Map<String, Line> = Map::default();
    let mut names: Map<StackId, String> = Map::default();
    for sample in &view.heap.snapshot.samples {
        let name = names
            .entry(sample.stack)
            .or_insert_with(|| name(&frames(sample.stack)));
        let line = lines.entry(name.clone()).or_default();
        line.samples += 1;
        line.bytes = line.bytes.saturating_add(sample.bytes);
        line.example = sample.node;
        if let Some(&kind) = view.heap.snapshot.node_types.get(sample.node as usize) {
            *line.types.entry(kind).or_default() += sample.bytes;
        }
    }
    let mut lines: Vec<(String, Line)> = lines.into_iter().collect();
    lines.sort_by(|(name, a), (other, b)| b.bytes.cmp(&a.bytes).then_with(|| name.cmp(other)));
    let total = lines
        .iter()
        .fold(0_u64, |sum, (_, line)| sum.saturating_add(line.bytes));
    let known = count(view.heap.snapshot.samples.len() as i64);
    let of = bytes(total as f64);
    let (heading, counted) = match coverage {
        Coverage::Samples => (
            format!(
                "{known} samples stand for {of} of objects that are alive; what was made before the recording began, \
                 or small and never sampled, is not among them."
            ),
            "samples",
        ),
        Coverage::EveryObject => (
            format!(
                "{known} objects of {of} are alive that were made since allocations are followed; older ones are \
                 not among them."
            ),
            "objects",
        ),
    };
    let mut answer = Answer::new(
        "census",
        heading,
        &[
            ("site", Unit::Text),
            (counted, Unit::Count),
            ("bytes", Unit::Bytes),
            ("share", Unit::Share),
            ("mostly", Unit::Text),
            ("example", Unit::Text),
        ],
    );
    for (name, line) in lines {
        answer.rows.push(vec![
            text(name),
            Cell::Number(line.samples),
            Cell::Number(line.bytes),
            Cell::Share(line.bytes as f64 / total.max(1) as f64),
            text(most_of(view, &line)),
            text(view.name(line.example)),
        ]);
    }
    answer.keep(most, |row| number(row.get(2)));
    answer
}

fn most_of(view: &View<'_>, line: &Line) -> String {
    let most = line
        .types
        .iter()
        .max_by_key(|&(kind, bytes)| (*bytes, std::cmp::Reverse(*kind)));
    most.and_then(|(kind, _)| view.heap.snapshot.types.get(*kind as usize))
        .map_or_else(String::new, crate::heap::full_name)
}

/// Samples and bytes of each line, without the nodes of `left_out`.
pub(super) fn by_line(
    view: &View<'_>,
    frames: Frames<'_>,
    left_out: &[NodeIndex],
) -> Map<String, (u64, u64)> {
    let mut sums: Map<StackId, (u64, u64)> = Map::default();
    for sample in &view.heap.snapshot.samples {
        if left_out.binary_search(&sample.node).is_err() {
            let sum = sums.entry(sample.stack).or_default();
            *sum = (sum.0 + 1, sum.1.saturating_add(sample.bytes));
        }
    }
    let mut lines: Map<String, (u64, u64)> = Map::default();
    for (stack, (samples, bytes)) in sums {
        let line = lines.entry(name(&frames(stack))).or_default();
        *line = (line.0 + samples, line.1.saturating_add(bytes));
    }
    lines
}

/// The line that people look for in a stack.
fn name(stack: &[Frame]) -> String {
    super::telling(stack).map_or_else(
        || "no Python frame".to_owned(),
        |frame| format!("{}:{} in {}()", frame.file, frame.line, frame.function),
    )
}
