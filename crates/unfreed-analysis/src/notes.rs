//! What is said so that nobody chases it: warm-up, and memory that the allocator holds but no object
//! uses.

use crate::advice;
use crate::findings::{Finding, Growth, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::study::Study;
use crate::wording::bytes;

/// Growth in the warm-up that is worth a word.
const WARM_UP: u64 = 8 << 20;
/// Free memory that is worth a word: bytes, and part of the resident set.
const FREE: (u64, f64) = (16 << 20, 0.25);

/// What the process grew by before it was judged.
#[must_use]
pub fn warm_up(study: &Study<'_>) -> Option<Finding> {
    let (from, _) = study.window();
    let first = study.source.counters().first()?;
    let judged = study.readings();
    let start = judged.first()?;
    let gained = start.rss.saturating_sub(first.rss);
    if study.from == 0 || gained < WARM_UP {
        return None;
    }
    Some(Finding {
        id: fingerprint(Kind::WarmUp, "process", &[]),
        severity: Severity::Note,
        kind: Kind::WarmUp,
        title: format!("warm-up {}", bytes(gained as f64)),
        summary: format!(
            "The process grew by {} in its first {} (imports, first use); that is not counted as \
             growth.",
            bytes(gained as f64),
            study.pace().span(from)
        ),
        growth: Growth {
            bytes: gained as i64,
            trend: Trend::Step,
            ..Growth::default()
        },
        ..Finding::default()
    })
}

/// What the allocators hold and nobody uses.
#[must_use]
pub fn retention(study: &Study<'_>) -> Option<Finding> {
    let last = study.source.counters().last()?;
    let pools = last.pymalloc_held?.saturating_sub(last.pymalloc_used?);
    let lists = last.malloc_free.unwrap_or(0);
    let free = pools.saturating_add(lists);
    if free < FREE.0 || (free as f64) < FREE.1 * last.rss as f64 {
        return None;
    }
    let by_malloc = lists > pools;
    let who = if by_malloc {
        "malloc"
    } else {
        "Python's allocator"
    };
    let size = bytes(free as f64);
    let returnable = if by_malloc {
        format!(
            " malloc_trim might return up to {} of them.",
            bytes(lists as f64)
        )
    } else {
        String::new()
    };
    Some(Finding {
        id: fingerprint(Kind::Retention, who, &[]),
        severity: Severity::Note,
        kind: Kind::Retention,
        title: format!("{who} holds {size} that no object uses"),
        summary: format!(
            "{size} of the resident memory are free but still held, most by {who}: what a peak \
             left behind, not a leak.{returnable}"
        ),
        growth: Growth {
            bytes: free as i64,
            trend: Trend::Flat,
            ..Growth::default()
        },
        advice: advice::retention(by_malloc),
        ..Finding::default()
    })
}
