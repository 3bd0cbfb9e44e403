//! A suspect in the words of people: its path, its kind, what it gains.

use crate::advice::{Holder, Subject};
use crate::caches::Bound;
use crate::findings::Filling;
use crate::finished::finished;
use crate::growth::Candidate;
use crate::ownership::Owner;
use crate::paths::{is_queue, subject};
use crate::roots::Flavour;
use crate::shapes::{ShapeId, Step, TOP};
use crate::study::{Study, Taken};
use crate::suspects::Suspect;

/// Samples that have to be found to say how old the content of a deque is.
const SAMPLES: usize = 4;
/// Part of the window by which the oldest content has to have moved on.
const MOVED_ON: f64 = 0.25;

/// What the rules of advice and the sentences know of a suspect.
#[must_use]
pub fn tell_subject(
    study: &Study<'_>,
    suspect: &Suspect<'_>,
    fillings: &[Filling],
    cache: Option<Bound>,
) -> Subject {
    let candidate = &suspect.first;
    let forest = &study.forest;
    let shapes = forest.shapes.path(candidate.shape);
    let root = shapes.first().and_then(|root| forest.roots.get(root));
    let path: Vec<Holder> = shapes.iter().map(|&id| holder(study, id)).collect();
    let values = candidate
        .entering
        .iter()
        .find(|&&id| forest.shapes.get(id).step != Step::KeyObject);
    let entering = values.or(candidate.entering.first());
    let element = match entering {
        _ if candidate.rootless => holder(study, candidate.shape).type_name,
        Some(&id) => forest
            .names
            .text(forest.shapes.get(id).type_name)
            .to_owned(),
        None => String::new(),
    };
    let backlog = path
        .iter()
        .rev()
        .take(2)
        .any(|holder| is_queue(&holder.type_name))
        || (path
            .last()
            .is_some_and(|holder| holder.type_name == "collections.deque")
            && is_consumed(study, candidate));
    Subject {
        name: suspect
            .name
            .as_ref()
            .map_or_else(|| subject(forest, candidate.shape), |n| n.concat()),
        path,
        flavour: root.map_or(Flavour::Interpreter, |root| root.flavour),
        root: root.map_or_else(String::new, |root| root.prefix.clone()),
        owner: root.map_or(Owner::Own, |root| root.owner),
        element,
        gained: fillings
            .iter()
            .map(|filling| filling.type_name.clone())
            .collect(),
        by_count: candidate.by_count,
        keys_only: values.is_none() && entering.is_some(),
        backlog,
        finished: study
            .latest
            .as_ref()
            .and_then(|latest| finished(latest, study, candidate)),
        cache,
    }
}

fn holder(study: &Study<'_>, id: ShapeId) -> Holder {
    let shape = study.forest.shapes.get(id);
    let names = &study.forest.names;
    let name = match shape.step {
        Step::Attribute(name)
        | Step::Item(name)
        | Step::Local(name)
        | Step::Cell(name)
        | Step::Internal(name) => names.text(name),
        _ => "",
    };
    Holder {
        name: if name == "cell_contents" {
            String::new()
        } else {
            name.to_owned()
        },
        type_name: names.text(shape.type_name).to_owned(),
        local: matches!(shape.step, Step::Local(_)),
        closure: matches!(shape.step, Step::Cell(_)),
    }
}

/// Whether the oldest content of a holder is younger at the end than it was at the start: someone
/// takes out at the other end, only too slowly.
fn is_consumed(study: &Study<'_>, candidate: &Candidate) -> bool {
    let owner = |shape: ShapeId| {
        study
            .growth
            .owner
            .get(shape as usize)
            .copied()
            .unwrap_or(TOP)
    };
    let oldest = |taken: &Taken| {
        let born: Vec<u32> = taken
            .samples
            .iter()
            .filter(|sample| {
                owner(sample.shape) == candidate.shape && sample.shape != candidate.shape
            })
            .map(|sample| sample.born.0)
            .collect();
        if born.len() < SAMPLES {
            None
        } else {
            born.into_iter().min()
        }
    };
    let judged = study.taken.get(candidate.first..).unwrap_or_default();
    let mut ages = judged
        .iter()
        .filter_map(|taken| Some((oldest(taken)?, taken.epoch.0)));
    let (Some(first), Some(last)) = (ages.next(), ages.next_back()) else {
        return false;
    };
    let moved = f64::from(last.0.saturating_sub(first.0));
    let passed = f64::from(last.1.saturating_sub(first.1));
    passed > 0.0 && moved >= MOVED_ON * passed
}
