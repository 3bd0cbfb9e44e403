//! Memory of C code: what the allocators have in use and no Python object accounts for.

use crate::advice;
use crate::findings::{Finding, Growth, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::study::Study;
use crate::suspects::SECONDS;
use crate::trend::{Reading, judge};
use crate::wording::byte_rate;
use unfreed_recording::counters::Counters;

/// Gain that is a finding.
const LEAST: f64 = 1024.0 * 1024.0;
/// Part of the growth of memory in use that nothing accounts for.
const PART: f64 = 0.2;
/// Part of the growth of Python objects that may be wrong sizes and rounding.
const ROUNDING: f64 = 0.3;
/// Intervals from which it is called a leak.
const INTERVALS: u32 = 5;
/// Confidence from which it is called a leak.
const SURE: f64 = 0.6;

/// The finding about memory of C code, if there is one.
#[must_use]
pub fn finding(study: &Study<'_>, whole: f64) -> Option<Finding> {
    let (from, to) = study.window();
    let points = points(study);
    let unexplained: Vec<Reading> = points
        .iter()
        .map(|point| Reading {
            at: point.at,
            level: point.used - point.objects,
        })
        .collect();
    let judged = judge(&unexplained, LEAST / 4.0);
    let gain = |level: fn(&Point) -> f64| match points.as_slice() {
        [first, .., last] => level(last) - level(first),
        _ => 0.0,
    };
    let (used, objects) = (
        gain(|point| point.used),
        gain(|point| point.objects).max(0.0),
    );
    let gained = used - gain(|point| point.objects);
    let material = gained >= LEAST && gained >= PART * used && gained >= ROUNDING * objects;
    if judged.trend != Trend::Steady || !material || to - from < SECONDS {
        return None;
    }
    let sure = judged.intervals >= INTERVALS && judged.confidence >= SURE;
    Some(Finding {
        id: fingerprint(Kind::Native, "malloc", &[]),
        severity: if sure {
            Severity::Leak
        } else {
            Severity::Warning
        },
        kind: Kind::Native,
        title: "native memory grows".to_owned(),
        summary: format!(
            "Memory in use from malloc grows by {} and no Python object accounts for it.",
            byte_rate(judged.slope)
        ),
        growth: Growth {
            bytes: gained as i64,
            bytes_per_second: judged.slope,
            share: if whole > 0.0 {
                (gained / whole).clamp(0.0, 1.0)
            } else {
                0.0
            },
            trend: judged.trend,
            intervals_grown: judged.grown,
            intervals: judged.intervals,
            confidence: judged.confidence,
            series: unexplained
                .iter()
                .map(|point| (point.at, 0, point.level.max(0.0) as u64))
                .collect(),
            ..Growth::default()
        },
        advice: advice::native(),
        ..Finding::default()
    })
}

struct Point {
    at: f64,
    used: f64,
    objects: f64,
}

/// Memory in use and bytes of Python objects at each judged snapshot.
fn points(study: &Study<'_>) -> Vec<Point> {
    let judged = study.taken.iter().skip(study.from);
    judged
        .filter_map(|taken| {
            let reading = nearest(study.source.counters(), taken.at)?;
            // What the agent holds comes from malloc too; pymalloc's part may be unknown, and then
            // Python objects explain more than their share: the cautious side.
            let used = reading
                .malloc_used?
                .saturating_add(reading.pymalloc_used.unwrap_or(0));
            let used = used.saturating_sub(reading.own) as f64;
            Some(Point {
                at: taken.at,
                used,
                objects: taken.bytes as f64,
            })
        })
        .collect()
}

/// The reading nearest to a time, if any is within two seconds or a tenth of it.
fn nearest(counters: &[Counters], at: f64) -> Option<&Counters> {
    let distance = |reading: &Counters| (reading.at.seconds() - at).abs();
    counters
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .filter(|reading| distance(reading) <= f64::max(2.0, at * 0.1))
}
