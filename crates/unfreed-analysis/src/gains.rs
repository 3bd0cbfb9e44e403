//! From a judged series to the growth that a finding tells: one place for what findings of every kind have in common.

use crate::findings::Growth;
use crate::trend::{Judgement, Reading};

/// The part that a gain has in the growth of the `whole` process; 0 where that did not grow.
#[must_use]
pub fn share(gained: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        (gained / whole).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// The shape of the growth, without its size.
#[must_use]
pub fn shape(judged: &Judgement) -> Growth {
    Growth {
        trend: judged.trend,
        intervals_grown: judged.grown,
        intervals: judged.intervals,
        confidence: judged.confidence,
        ..Growth::default()
    }
}

/// Growth in number: of `series`, whose levels are counts.
#[must_use]
pub fn in_number(judged: &Judgement, gained: f64, series: &[Reading]) -> Growth {
    Growth {
        objects: gained as i64,
        objects_per_second: judged.slope,
        series: series
            .iter()
            .map(|point| (point.at, point.level as u64, 0))
            .collect(),
        ..shape(judged)
    }
}

/// Growth of memory that is no object's: of `series`, whose levels are bytes.
#[must_use]
pub fn in_bytes(judged: &Judgement, gained: f64, whole: f64, series: &[Reading]) -> Growth {
    Growth {
        bytes: gained as i64,
        bytes_per_second: judged.slope,
        share: share(gained, whole),
        series: series
            .iter()
            .map(|point| (point.at, 0, point.level.max(0.0) as u64))
            .collect(),
        ..shape(judged)
    }
}
