//! Where the memory was over time: the resident set by compartment, for plots. Readings as they were taken.

use crate::accounting::marks;
use crate::findings::Mark;
use crate::source::EvidenceSource;

/// Most points of a timeline.
const MOST: usize = 240;

/// The readings of a run, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// At most 240 points, the first and the last reading among them.
    pub points: Vec<Moment>,
    /// Moments that the program named, oldest first.
    pub marks: Vec<Mark>,
}

/// One reading, bytes. The compartments add up to `rss`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// Seconds since the start.
    pub seconds: f64,
    /// Resident set.
    pub rss: u64,
    /// Blocks of Python's own allocator in use.
    pub python: u64,
    /// Blocks of malloc in use: C code, and Python's large objects.
    pub native: u64,
    /// Held by allocators, but free.
    pub free: u64,
    /// Code, files, stacks, and what is not told apart.
    pub other: u64,
}

/// Gathers the readings of a recording.
#[must_use]
pub fn timeline(source: &dyn EvidenceSource) -> Timeline {
    let all = source.counters();
    let kept = all.len().min(MOST);
    let index = |point: usize| match kept {
        0 | 1 => 0,
        _ => point * (all.len() - 1) / (kept - 1),
    };
    let points = (0..kept).map(|point| {
        let reading = &all[index(point)];
        let mut left = reading.rss;
        let mut take = |wanted: u64| {
            let taken = wanted.min(left);
            left -= taken;
            taken
        };
        let held = reading.pymalloc_held.unwrap_or(0);
        let used = reading.pymalloc_used.unwrap_or(held);
        let python = take(used);
        let native = take(reading.malloc_used.unwrap_or(0));
        let free = held
            .saturating_sub(used)
            .saturating_add(reading.malloc_free.unwrap_or(0));
        let free = take(free);
        Moment {
            seconds: reading.at.seconds(),
            rss: reading.rss,
            python,
            native,
            free,
            other: left,
        }
    });
    Timeline {
        points: points.collect(),
        marks: marks(source),
    }
}
