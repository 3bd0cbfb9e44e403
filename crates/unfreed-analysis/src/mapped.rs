//! Resident memory that neither Python's allocator nor malloc holds and that grows: what code maps by itself, allocators of
//! its own, stacks. Nobody follows it in a sample, but a program that grows by it must not be called clean.

use crate::advice;
use crate::findings::{Finding, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::native::{is_sure, is_told};
use crate::resources::floors;
use crate::study::Study;
use crate::suspects::SECONDS;
use crate::trend::{Reading, judge};
use unfreed_recording::counters::Counters;

/// Gain that is a finding.
const LEAST: f64 = 8.0 * 1024.0 * 1024.0;
/// Part of the growth of the resident set: below, it may be pages that are touched for the first time.
const PART: f64 = 0.3;

/// The finding, if there is one.
#[must_use]
pub fn finding(study: &Study<'_>, known: &[Finding], whole: f64) -> Option<Finding> {
    if study.is_exact() {
        // Every mapping is followed.
        return None;
    }
    let readings = study.readings();
    let series: Option<Vec<Reading>> = readings.iter().map(|reading| unheld(reading)).collect();
    let floors = floors(&series?);
    let judged = judge(&floors, LEAST / 4.0);
    let gained = floors.last()?.level - floors.first()?.level;
    let resident = readings.last()?.rss as f64 - readings.first()?.rss as f64;
    let (from, to) = study.window();
    if judged.trend != Trend::Steady
        || gained < LEAST
        || gained < PART * resident
        || to - from < SECONDS
    {
        return None;
    }
    if is_told(known, gained) {
        return None;
    }
    // What leaks may be what this belongs to.
    let is_alone = !known.iter().any(|one| one.severity == Severity::Leak);
    Some(Finding {
        id: fingerprint(Kind::Native, "mapped", &[]),
        severity: if is_sure(&judged) && is_alone {
            Severity::Leak
        } else {
            Severity::Warning
        },
        kind: Kind::Native,
        title: "memory outside of malloc grows".to_owned(),
        summary: format!(
            "Resident memory grows by {} that neither Python's allocator nor malloc holds: mappings \
             that code makes by itself, an allocator of its own, or stacks.",
            study.pace().byte_rate(judged.slope)
        ),
        growth: gains::in_bytes(&judged, gained, whole, &floors),
        advice: advice::native(!study.source.opened().is_empty()),
        ..Finding::default()
    })
}

/// Anonymous memory beyond what the allocators hold, touched or not; nothing is said where one of them was not counted.
/// Never below zero: what an allocator holds and nobody has touched yet is no credit for later.
fn unheld(reading: &Counters) -> Option<Reading> {
    let anonymous = reading.rss_anon? as f64;
    let by_malloc = reading.malloc_used? as f64 + reading.malloc_free? as f64;
    let held = by_malloc + reading.pymalloc_held.unwrap_or(0) as f64 + reading.own as f64;
    Some(Reading {
        at: reading.at.seconds(),
        level: (anonymous - held).max(0.0),
    })
}
