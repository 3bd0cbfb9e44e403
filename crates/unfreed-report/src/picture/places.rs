//! Where everything stands: each column as wide as its widest box, each box as near as can be to the
//! middle of its neighbours, none on another.

use super::layers::{Layers, Vertex};

/// Space between two boxes, and between a box and a bend.
const GAP: f32 = 14.0;
/// Times that the columns are adjusted to each other.
const ROUNDS: usize = 12;

/// Upper edges of all vertices, of these heights.
pub fn tops(layers: &Layers, heights: &[f32]) -> Vec<f32> {
    let mut neighbours: Vec<Vec<Vertex>> = vec![Vec::new(); heights.len()];
    for run in &layers.runs {
        for pair in run.through.windows(2) {
            neighbours[pair[0]].push(pair[1]);
            neighbours[pair[1]].push(pair[0]);
        }
    }
    let mut middle = stacked(layers, heights);
    let count = layers.columns.len();
    for round in 0..ROUNDS {
        for step in 0..count {
            let index = if round % 2 == 0 {
                step
            } else {
                count - 1 - step
            };
            let column = &layers.columns[index];
            // First by the side that the sweep comes from, in the last rounds by both.
            let wanted: Vec<f32> = column
                .iter()
                .map(|&vertex| {
                    let one_side = |other: &&Vertex| {
                        let is_left = layers.column_of[**other] < index;
                        round + 4 >= ROUNDS || is_left == (round % 2 == 0)
                    };
                    let beside = neighbours[vertex].iter().filter(one_side);
                    let places: Vec<f32> = beside.map(|&other| middle[other]).collect();
                    if places.is_empty() {
                        middle[vertex]
                    } else {
                        places.iter().sum::<f32>() / places.len() as f32
                    }
                })
                .collect();
            for (&vertex, place) in column.iter().zip(apart(column, heights, &wanted)) {
                middle[vertex] = place;
            }
        }
    }
    let tops = |vertex: usize| middle[vertex] - heights[vertex] / 2.0;
    let highest = (0..heights.len()).map(tops).fold(f32::INFINITY, f32::min);
    (0..heights.len())
        .map(|vertex| tops(vertex) - highest)
        .collect()
}

/// The first places: one below the other, all columns around one middle.
fn stacked(layers: &Layers, heights: &[f32]) -> Vec<f32> {
    let mut middle = vec![0.0; heights.len()];
    for column in &layers.columns {
        let whole: f32 = column.iter().map(|&vertex| heights[vertex] + GAP).sum();
        let mut top = -whole / 2.0;
        for &vertex in column {
            middle[vertex] = top + heights[vertex] / 2.0;
            top += heights[vertex] + GAP;
        }
    }
    middle
}

/// Places in the given order, none on another, and as near to those wanted as can be: neighbours that
/// want the same room share it (pool adjacent violators: least squares, in linear time).
fn apart(column: &[Vertex], heights: &[f32], wanted: &[f32]) -> Vec<f32> {
    let mut offsets = Vec::with_capacity(column.len());
    let mut offset = 0.0;
    for (index, &vertex) in column.iter().enumerate() {
        if index > 0 {
            offset += (heights[column[index - 1]] + heights[vertex]) / 2.0 + GAP;
        }
        offsets.push(offset);
    }
    // Each block: sum of what its members want, and how many they are.
    let mut blocks: Vec<(f32, usize)> = Vec::new();
    for (wanted, offset) in wanted.iter().zip(&offsets) {
        blocks.push((wanted - offset, 1));
        while let [.., (upper, uppers), (lower, lowers)] = blocks.as_slice()
            && upper / *uppers as f32 > lower / *lowers as f32
        {
            let joined = (upper + lower, uppers + lowers);
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let starts = blocks
        .iter()
        .flat_map(|&(sum, members)| std::iter::repeat_n(sum / members as f32, members));
    starts
        .zip(&offsets)
        .map(|(start, offset)| start + offset)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_stands_on_another(
            edges in prop::collection::vec((0..20_usize, 0..20_usize), 0..60),
            height in 10.0_f32..80.0,
        ) {
            let mut layers = Layers::new(20, &edges);
            super::super::order::order(&mut layers);
            let heights: Vec<f32> = (0..layers.column_of.len())
                .map(|vertex| if vertex < 20 { height } else { 12.0 })
                .collect();
            let tops = tops(&layers, &heights);
            for column in &layers.columns {
                for pair in column.windows(2) {
                    prop_assert!(tops[pair[0]] + heights[pair[0]] <= tops[pair[1]]);
                }
            }
        }
    }
}
