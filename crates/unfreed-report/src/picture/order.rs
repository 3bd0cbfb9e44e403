//! The order of each column, so that few references cross: medians of the neighbours, from the left and
//! from the right by turns, and swaps of neighbours where that saves crossings (E. Gansner et al., "A
//! technique for drawing directed graphs", 1993).

use super::layers::{Layers, Vertex};

/// Sweeps over all columns.
const SWEEPS: usize = 24;

/// Neighbours of each vertex in the columns beside its own.
struct Beside {
    left: Vec<Vec<Vertex>>,
    right: Vec<Vec<Vertex>>,
}

/// Orders the columns.
pub fn order(layers: &mut Layers) {
    let mut beside = Beside {
        left: vec![Vec::new(); layers.column_of.len()],
        right: vec![Vec::new(); layers.column_of.len()],
    };
    for run in &layers.runs {
        for pair in run.through.windows(2) {
            beside.right[pair[0]].push(pair[1]);
            beside.left[pair[1]].push(pair[0]);
        }
    }
    begin(layers, &beside);
    let mut best = layers.columns.clone();
    let mut fewest = crossings(&layers.columns, &beside);
    for sweep in 0..SWEEPS {
        if fewest == 0 {
            break;
        }
        by_medians(&mut layers.columns, &beside, sweep % 2 == 0);
        swap(&mut layers.columns, &beside);
        let now = crossings(&layers.columns, &beside);
        if now < fewest {
            fewest = now;
            best.clone_from(&layers.columns);
        }
    }
    layers.columns = best;
}

/// The first order: as a walk from the left meets them, so that trees have no crossings at all.
fn begin(layers: &mut Layers, beside: &Beside) {
    let mut seen = vec![false; layers.column_of.len()];
    let mut columns = vec![Vec::new(); layers.columns.len()];
    let starts: Vec<Vertex> = layers.columns.iter().flatten().copied().collect();
    for start in starts {
        let mut stack = vec![start];
        while let Some(vertex) = stack.pop() {
            if !std::mem::replace(&mut seen[vertex], true) {
                columns[layers.column_of[vertex]].push(vertex);
                stack.extend(beside.right[vertex].iter().rev());
            }
        }
    }
    layers.columns = columns;
}

fn positions(columns: &[Vec<Vertex>], count: usize) -> Vec<usize> {
    let mut at = vec![0; count];
    for column in columns {
        for (position, &vertex) in column.iter().enumerate() {
            at[vertex] = position;
        }
    }
    at
}

fn by_medians(columns: &mut [Vec<Vertex>], beside: &Beside, rightwards: bool) {
    let mut at = positions(columns, beside.left.len());
    let count = columns.len();
    for step in 1..count {
        let index = if rightwards { step } else { count - 1 - step };
        let neighbours = if rightwards {
            &beside.left
        } else {
            &beside.right
        };
        let column = &mut columns[index];
        let mut keyed: Vec<(Option<f32>, Vertex)> = column
            .iter()
            .map(|&vertex| (median(&neighbours[vertex], &at), vertex))
            .collect();
        place(&mut keyed);
        for (position, &(_, vertex)) in keyed.iter().enumerate() {
            column[position] = vertex;
            at[vertex] = position;
        }
    }
}

/// Sorts by median; a vertex without neighbours there keeps its place.
fn place(keyed: &mut [(Option<f32>, Vertex)]) {
    let mut sorted: Vec<(f32, Vertex)> = keyed
        .iter()
        .filter_map(|&(median, vertex)| Some((median?, vertex)))
        .collect();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut next = sorted.into_iter();
    for slot in keyed.iter_mut().filter(|slot| slot.0.is_some()) {
        if let Some((median, vertex)) = next.next() {
            *slot = (Some(median), vertex);
        }
    }
}

fn median(neighbours: &[Vertex], at: &[usize]) -> Option<f32> {
    let mut places: Vec<usize> = neighbours.iter().map(|&vertex| at[vertex]).collect();
    places.sort_unstable();
    let middle = places.len() / 2;
    match places.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(places[middle] as f32),
        _ => Some((places[middle - 1] + places[middle]) as f32 / 2.0),
    }
}

/// Swaps neighbours in a column as long as that saves crossings.
fn swap(columns: &mut [Vec<Vertex>], beside: &Beside) {
    let at = &mut positions(columns, beside.left.len());
    for _ in 0..4 {
        let mut better = false;
        for column in columns.iter_mut() {
            for upper in 0..column.len().saturating_sub(1) {
                let (one, other) = (column[upper], column[upper + 1]);
                let between = |one: Vertex, other: Vertex| {
                    inversions(&beside.left[one], &beside.left[other], at)
                        + inversions(&beside.right[one], &beside.right[other], at)
                };
                if between(other, one) < between(one, other) {
                    column.swap(upper, upper + 1);
                    (at[one], at[other]) = (upper + 1, upper);
                    better = true;
                }
            }
        }
        if !better {
            break;
        }
    }
}

/// Crossings between the references of two neighbours, `upper` above `lower`.
fn inversions(upper: &[Vertex], lower: &[Vertex], at: &[usize]) -> usize {
    let pairs = upper
        .iter()
        .flat_map(|one| lower.iter().map(move |other| (one, other)));
    pairs.filter(|(one, other)| at[**one] > at[**other]).count()
}

/// All crossings.
fn crossings(columns: &[Vec<Vertex>], beside: &Beside) -> usize {
    let at = positions(columns, beside.left.len());
    let mut found = 0;
    for column in columns {
        let mut ends: Vec<(usize, usize)> = Vec::new();
        for (position, &vertex) in column.iter().enumerate() {
            ends.extend(
                beside.right[vertex]
                    .iter()
                    .map(|&right| (position, at[right])),
            );
        }
        ends.sort_unstable();
        for (index, one) in ends.iter().enumerate() {
            let after = ends[index + 1..].iter();
            found += after
                .filter(|other| other.0 > one.0 && other.1 < one.1)
                .count();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_that_can_be_avoided_are() {
        let mut layers = Layers::new(6, &[(0, 5), (1, 4), (2, 3), (0, 4)]);
        order(&mut layers);
        let mut beside = Beside {
            left: vec![Vec::new(); 6],
            right: vec![Vec::new(); 6],
        };
        for run in &layers.runs {
            beside.right[run.through[0]].push(run.through[1]);
        }
        assert_eq!(crossings(&layers.columns, &beside), 0);
    }
}
