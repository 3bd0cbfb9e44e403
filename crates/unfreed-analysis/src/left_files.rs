//! Files that each call of a checked function leaves on disk.

use crate::findings::{Finding, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::openings;
use crate::resources::floors;
use crate::study::Study;
use crate::trend::{Reading, judge};
use crate::wording::{count, cut, is_or_are};
use crate::{advice, alike};
use unfreed_recording::counters::Started;

/// Files that have to be left.
const LEAST: u32 = 3;
/// Confidence from which growth is a leak.
const SURE: f64 = 0.6;
/// Folders of what is temporary; a file left elsewhere may be what the function is for.
const TEMPORARY: [&str; 4] = ["/tmp/", "/var/tmp/", "/dev/shm/", "/run/"];
/// Names that a sentence tells, and columns of each.
const NAMED: usize = 3;
const WIDTH: usize = 60;

/// The finding, where files are left.
#[must_use]
pub fn finding(study: &Study<'_>) -> Option<Finding> {
    let all = study.source.started().iter();
    let taken: Vec<&Started> = all.filter(|taken| taken.what == Started::FILE).collect();
    let last = *taken.last()?;
    let mut series = vec![Reading {
        at: 0.0,
        level: 0.0,
    }];
    series.extend(taken.iter().map(|taken| Reading {
        at: taken.calls as f64,
        level: f64::from(left(taken)),
    }));
    let series = floors(&series);
    let judged = judge(&series, 0.0);
    let number = left(last);
    if judged.trend != Trend::Steady || number < LEAST {
        return None;
    }
    let (files, unit) = study.pace().rate_of(judged.slope, "file", "files");
    let mut names: Vec<String> = Vec::new();
    let paths = last
        .places
        .iter()
        .map(|place| (place.name.clone(), i64::from(place.count)));
    for (name, count) in alike::joined(paths.collect()).into_iter().take(NAMED) {
        names.push(format!("{} (+{count})", cut(&name, WIDTH)));
    }
    let is_temporary = |name: &str| TEMPORARY.iter().any(|folder| name.starts_with(folder));
    let temporary = last.places.iter().all(|place| is_temporary(&place.name));
    let places = openings::of_started(study, Started::FILE);
    let by = places
        .first()
        .and_then(|place| openings::library(study, place));
    let by = by.map_or_else(String::new, |by| format!(" They are made by {by}."));
    Some(Finding {
        id: fingerprint(Kind::Resource, "files left on disk", &[]),
        severity: if temporary && judged.confidence >= SURE {
            Severity::Leak
        } else {
            Severity::Warning
        },
        kind: Kind::Resource,
        title: "growing number of files left on disk".to_owned(),
        summary: format!(
            "{files} {unit} {} left on disk, and nothing removes them: {} in {} calls. Most are {}.{by}",
            is_or_are(&files),
            count(i64::from(number)),
            count(last.calls as i64),
            names.join(", ")
        ),
        growth: gains::in_number(&judged, f64::from(number), &series),
        allocated_at: places,
        advice: advice::resource(advice::LEFT_FILE, None),
        ..Finding::default()
    })
}

fn left(taken: &Started) -> u32 {
    let counts = taken.places.iter().map(|place| place.count);
    counts.fold(0, u32::saturating_add)
}
