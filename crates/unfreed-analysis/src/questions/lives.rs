//! Whether an object of a path should be there still, in words for a table: what the inspectors know of
//! it and of those that hold it, and which reference is the suspect.

use super::View;
use crate::findings::{HeldBy, Over, Step};
use crate::heap::short_name;
use crate::inspectors::Inspectors;
use crate::paths::Chain;
use crate::shapes::ShapeId;
use unfreed_recording::snapshot::NodeIndex;

/// No shape of a survey: one snapshot knows nothing that grows.
const NONE: ShapeId = ShapeId::MAX;

/// What is known of the life of one object.
pub(super) struct Life {
    /// `yes`, `no`, `unknown`; `-` where no inspector knows the type.
    pub over: &'static str,
    /// What is known of it and its holders, in sentences. Empty when nothing is.
    pub why: String,
}

impl Life {
    pub(super) fn new(view: &View<'_>, inspectors: &Inspectors<'_, '_>, node: NodeIndex) -> Self {
        let chain = Chain {
            heap: &view.heap,
            survey: view.survey(),
            forest: view.forest(),
        };
        let held = chain.inspected(node, &[], NONE, inspectors);
        let own = held.steps.last();
        let over = match own {
            Some(step) if !step.reason.is_empty() => word(step.over),
            _ => "-",
        };
        let mut said: Vec<String> = own.into_iter().filter_map(sentence).collect();
        let holders = held.steps.iter().rev().skip(1);
        let telling = holders.filter(|step| step.over != Over::No);
        said.extend(telling.filter_map(sentence));
        said.extend(suspect(&held));
        Self {
            over,
            why: said.join(" "),
        }
    }
}

fn word(over: Over) -> &'static str {
    match over {
        Over::Yes => "yes",
        Over::No => "no",
        Over::Unknown => "unknown",
    }
}

fn sentence(step: &Step) -> Option<String> {
    let said = !step.reason.is_empty();
    said.then(|| format!("{} {}.", short_name(&step.type_name), step.reason))
}

/// The reference that ought to be gone.
fn suspect(held: &HeldBy) -> Option<String> {
    let at = held.steps.iter().position(|step| step.suspect)?;
    let (holder, held) = (held.steps.get(at)?, held.steps.get(at + 1)?);
    Some(format!(
        "Suspect reference: {}{} to {}.",
        short_name(&holder.type_name),
        holder.reference,
        short_name(&held.type_name)
    ))
}
