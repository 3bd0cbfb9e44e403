//! Memory of C code: what the allocators have in use and no Python object accounts for.

use crate::advice;
use crate::findings::{Finding, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::study::Study;
use crate::suspects::SECONDS;
use crate::trend::{Judgement, Reading, judge};
use std::fmt::Write;
use unfreed_recording::counters::Counters;
use unfreed_recording::snapshot::RootKind;

/// Gain that is a finding.
const LEAST: f64 = 1024.0 * 1024.0;
/// Part of the growth of memory in use that nothing accounts for.
const PART: f64 = 0.2;
/// Part of the growth of Python objects that may be wrong sizes and rounding.
const ROUNDING: f64 = 0.3;
/// Part of the growth that a line of Python must explain for it not to be told again here.
const TOLD: f64 = 0.5;
/// Intervals from which it is called a leak.
const INTERVALS: u32 = 5;
/// Confidence from which it is called a leak.
const SURE: f64 = 0.6;

/// The finding about memory of C code, if there is one.
#[must_use]
pub fn finding(study: &Study<'_>, known: &[Finding], whole: f64) -> Option<Finding> {
    if study.is_exact() {
        // Every block is followed: `unowned` tells, and does not guess.
        return None;
    }
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
    let material =
        gained >= LEAST && used >= LEAST && gained >= PART * used && gained >= ROUNDING * objects;
    if judged.trend != Trend::Steady || !material || to - from < SECONDS {
        return None;
    }
    if is_told(known, gained) {
        return None;
    }
    let owners = owners(study, known);
    let sure = is_sure(&judged) && owners.is_none();
    let mut summary = format!(
        "Memory in use from malloc grows by {} and no Python object accounts for it.",
        study.pace().byte_rate(judged.slope)
    );
    if let Some((type_name, title)) = owners {
        let _ = write!(
            summary,
            " It may be what {type_name} objects keep in C: those grow too ({title})."
        );
    }
    Some(Finding {
        id: fingerprint(Kind::Native, "malloc", &[]),
        severity: if sure {
            Severity::Leak
        } else {
            Severity::Warning
        },
        kind: Kind::Native,
        title: "native memory grows".to_owned(),
        summary,
        growth: gains::in_bytes(&judged, gained, whole, &unexplained),
        advice: advice::native(!study.source.opened().is_empty()),
        ..Finding::default()
    })
}

/// Whether findings about lines and functions explain most of a gain.
pub(crate) fn is_told(known: &[Finding], gained: f64) -> bool {
    let told: f64 = known
        .iter()
        .filter(|finding| matches!(finding.kind, Kind::Site | Kind::Native))
        .map(|finding| finding.growth.bytes as f64)
        .sum();
    told >= TOLD * gained
}

/// Whether growth that nobody is seen to cause is to be called a leak.
pub(crate) fn is_sure(judged: &Judgement) -> bool {
    judged.intervals >= INTERVALS && judged.confidence >= SURE
}

struct Point {
    at: f64,
    used: f64,
    objects: f64,
}

/// Memory in use from malloc, and the bytes of Python objects in it, at each judged snapshot.
fn points(study: &Study<'_>) -> Vec<Point> {
    let judged = study.taken.iter().skip(study.from);
    judged
        .filter_map(|taken| {
            let reading = nearest(study.source.counters(), taken.at)?;
            // Without pymalloc (`PYTHONMALLOC=malloc`) small objects are malloc's too.
            let all = reading.pymalloc_held == Some(0);
            let objects = if all { taken.bytes } else { taken.large_bytes };
            Some(Point {
                at: taken.at,
                used: reading.malloc_used? as f64,
                objects: objects as f64,
            })
        })
        .collect()
}

/// The C types that a known leak gains objects of: their memory may be what grows.
fn owners(study: &Study<'_>, known: &[Finding]) -> Option<(String, String)> {
    let leaks = known
        .iter()
        .filter(|finding| finding.severity == Severity::Leak);
    for finding in leaks {
        for filling in &finding.filled_with {
            if filling.objects > 0 && is_of_c_module(study, &filling.type_name) {
                return Some((filling.type_name.clone(), finding.title.clone()));
            }
        }
    }
    None
}

/// Whether a type is neither builtin nor written in Python: its class has no module file ending in
/// `.py` among the roots. Types of C modules keep memory that their size does not tell.
fn is_of_c_module(study: &Study<'_>, type_name: &str) -> bool {
    let Some((module, _)) = type_name.rsplit_once('.') else {
        return false;
    };
    let heap_like = [
        "collections",
        "functools",
        "itertools",
        "_thread",
        "weakref",
        "re",
        "_asyncio",
    ];
    let Some(latest) = study.latest.as_ref() else {
        return false;
    };
    let heap = &latest.heap;
    let file = heap.snapshot.roots.iter().find_map(|root| match root.kind {
        RootKind::Module { name, file } if heap.text(name) == module => {
            Some(file.map_or("", |file| heap.text(file)))
        }
        _ => None,
    });
    let python = file.is_some_and(|file| file.ends_with(".py") && !STAND_FOR_C.contains(&module));
    !python && !heap_like.contains(&module) && module != "__main__"
}

/// Packages in Python whose types are C's all the same.
const STAND_FOR_C: [&str; 5] = ["sqlite3", "numpy", "pandas", "lxml", "ssl"];

/// Bytes in use from malloc and held by pymalloc at a time; 0 where nobody counted them.
#[must_use]
pub fn in_use(study: &Study<'_>, at: f64) -> f64 {
    nearest(study.source.counters(), at).map_or(0.0, |reading| {
        reading.malloc_used.unwrap_or(0) as f64 + reading.pymalloc_held.unwrap_or(0) as f64
    })
}

/// The reading nearest to a time, if any is within two seconds or a tenth of it.
fn nearest(counters: &[Counters], at: f64) -> Option<&Counters> {
    let distance = |reading: &Counters| (reading.at.seconds() - at).abs();
    counters
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .filter(|reading| distance(reading) <= f64::max(2.0, at * 0.1))
}
