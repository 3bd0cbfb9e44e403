//! One object to show for a growing holder: the newest that it gained, and what that mostly is.

use crate::growth::Candidate;
use crate::shapes::{ShapeId, Step, TOP};
use crate::study::{Latest, Study};
use unfreed_graph::{Edge, NO_NODE};
use unfreed_recording::snapshot::NodeIndex;

/// Steps that lead on from the object.
const ON: usize = 3;
/// Part of a shape's bytes that one below it has to have to be shown.
const MOSTLY: f64 = 0.5;

/// An object that the holder gained, and the edges on to what it consists of. The holder itself
/// where it gained size only.
#[must_use]
pub fn representative(
    latest: &Latest<'_>,
    study: &Study<'_>,
    candidate: &Candidate,
) -> Option<(NodeIndex, Vec<Edge>)> {
    let shapes = &study.forest.shapes;
    let values = candidate
        .entering
        .iter()
        .find(|&&id| shapes.get(id).step != Step::KeyObject);
    let child = values.or(candidate.entering.first()).copied();
    let node = match child {
        Some(child) => {
            newest_below(latest, candidate.shape, child).or_else(|| largest(latest, child))?
        }
        None => largest(latest, candidate.shape)?,
    };
    Some((node, leading_on(latest, study, node)))
}

/// The object of shape `child` that an object of shape `holder` refers to last: containers keep the
/// order in which they were filled.
fn newest_below(latest: &Latest<'_>, holder: ShapeId, child: ShapeId) -> Option<NodeIndex> {
    let survey = &latest.survey;
    let found = survey
        .shape_of
        .iter()
        .enumerate()
        .filter(|&(node, &shape)| {
            let parent = survey.paths.parent(node as NodeIndex);
            shape == child && parent != NO_NODE && survey.shape_of[parent as usize] == holder
        });
    found
        .map(|(node, _)| node as NodeIndex)
        .max_by_key(|&node| (survey.paths.parent_edge(node), node))
}

fn largest(latest: &Latest<'_>, shape: ShapeId) -> Option<NodeIndex> {
    let of_shape = latest
        .survey
        .shape_of
        .iter()
        .enumerate()
        .filter(|(_, s)| **s == shape);
    of_shape
        .map(|(node, _)| node as NodeIndex)
        .max_by_key(|&node| (latest.heap.size(node), std::cmp::Reverse(node)))
}

fn leading_on(latest: &Latest<'_>, study: &Study<'_>, from: NodeIndex) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    let mut node = from;
    for _ in 0..ON {
        let Some(next) = heaviest(latest, study, node) else {
            break;
        };
        node = next.last().map_or(node, |edge| edge.target);
        edges.extend(next);
    }
    edges
}

/// The way to the heaviest child of a node, through its namespace if need be.
fn heaviest(latest: &Latest<'_>, study: &Study<'_>, node: NodeIndex) -> Option<Vec<Edge>> {
    let last = study.levels.len().checked_sub(1)?;
    let shape_of = |node: NodeIndex| {
        latest
            .survey
            .shape_of
            .get(node as usize)
            .copied()
            .unwrap_or(TOP)
    };
    let paths = &latest.survey.paths;
    let children = |node: NodeIndex| {
        let edges: Vec<Edge> = latest
            .heap
            .graph
            .edges(node)
            .filter(|edge| paths.parent_edge(edge.target) == edge.index)
            .collect();
        edges
    };
    let whole = study.levels.below(last, shape_of(node)) as f64;
    let mut ways: Vec<Vec<Edge>> = Vec::new();
    for edge in children(node) {
        if shape_of(edge.target) == shape_of(node) {
            ways.extend(
                children(edge.target)
                    .into_iter()
                    .map(|inner| vec![edge, inner]),
            );
        } else {
            ways.push(vec![edge]);
        }
    }
    let end = |way: &[Edge]| way.last().map_or(TOP, |edge| shape_of(edge.target));
    ways.into_iter()
        .filter(|way| end(way) != shape_of(node))
        .filter(|way| study.levels.below(last, end(way)) as f64 >= MOSTLY * whole)
        .max_by_key(|way| {
            (
                study.levels.below(last, end(way)),
                std::cmp::Reverse(end(way)),
            )
        })
}
