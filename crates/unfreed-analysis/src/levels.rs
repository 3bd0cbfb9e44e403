//! What each shape held at each snapshot: the series that growth is judged by.

use crate::shapes::{ShapeId, Shapes};
use crate::survey::Tally;
use crate::trend::Reading;

/// Tallies by snapshot (oldest first) and shape.
#[derive(Debug, Default)]
pub struct Levels {
    times: Vec<f64>,
    tallies: Vec<Vec<Tally>>,
    below: Vec<Vec<u64>>,
}

impl Levels {
    /// Puts surveys in order of time and sums up what hangs below each shape.
    #[must_use]
    pub fn new(mut surveys: Vec<(f64, Vec<Tally>)>, shapes: &Shapes) -> Self {
        surveys.sort_by(|a, b| a.0.total_cmp(&b.0));
        surveys.dedup_by(|later, earlier| later.0 <= earlier.0);
        let mut levels = Self::default();
        for (time, mut tallies) in surveys {
            tallies.resize(shapes.len(), Tally::default());
            let mut below: Vec<u64> = tallies.iter().map(|tally| tally.bytes).collect();
            // A parent's id is less than its children's.
            for shape in (1..shapes.len()).rev() {
                let parent = shapes.get(shape as ShapeId).parent as usize;
                below[parent] = below[parent].saturating_add(below[shape]);
            }
            levels.times.push(time);
            levels.tallies.push(tallies);
            levels.below.push(below);
        }
        levels
    }

    /// When the snapshots were taken, seconds since the start.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// How many snapshots there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no snapshot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// What a shape held at one snapshot.
    #[must_use]
    pub fn tally(&self, snapshot: usize, shape: ShapeId) -> Tally {
        let row = self.tallies.get(snapshot);
        row.and_then(|row| row.get(shape as usize))
            .copied()
            .unwrap_or_default()
    }

    /// Bytes of a shape and all below it.
    #[must_use]
    pub fn below(&self, snapshot: usize, shape: ShapeId) -> u64 {
        let row = self.below.get(snapshot);
        row.and_then(|row| row.get(shape as usize))
            .copied()
            .unwrap_or_default()
    }

    /// The first snapshot not before `from` in which the shape has objects.
    #[must_use]
    pub fn born(&self, shape: ShapeId, from: usize) -> Option<usize> {
        (from..self.len()).find(|&snapshot| self.tally(snapshot, shape).objects > 0)
    }

    /// A series of levels, one for each snapshot, from snapshot `from` on.
    #[must_use]
    pub fn readings(&self, series: &[u64], from: usize) -> Vec<Reading> {
        let points = self.times.iter().zip(series).skip(from);
        points
            .map(|(&at, &level)| Reading {
                at,
                level: level as f64,
            })
            .collect()
    }

    /// The snapshot from which growth is judged: imports and first requests come before it. A tenth
    /// of the run, at least the first snapshot, as long as three intervals and more remain.
    #[must_use]
    pub fn after_warm_up(&self) -> usize {
        let (Some(&first), Some(&last)) = (self.times.first(), self.times.last()) else {
            return 0;
        };
        if self.len() < 5 {
            return 0;
        }
        let warm = first.max(last * 0.1);
        let by_time = self.times.iter().filter(|&&time| time <= warm).count();
        by_time.clamp(1, self.len() - 4)
    }
}
