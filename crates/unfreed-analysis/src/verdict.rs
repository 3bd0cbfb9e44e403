//! The answer in one line.

use crate::findings::{Finding, Severity, Status, Trend, Verdict};
use crate::largest;
use crate::study::Study;
use crate::suspects::SECONDS;
use crate::trend::MIN_INTERVALS;
use crate::wording::{Pace, count, several};

/// Snapshots that make a verdict certain enough to ask for.
const WANTED: f64 = 6.0;
/// The shortest run that is recommended, seconds.
const SHORTEST: f64 = 10.0;

/// The verdict over the findings, most important first.
#[must_use]
pub fn verdict(study: &Study<'_>, findings: &[Finding]) -> Verdict {
    let status = status(study, findings);
    let one_in_calls = one_in_calls(study);
    let sentence = match status {
        Status::Leak => grows(findings.first()),
        Status::Warning => {
            let warnings = findings
                .iter()
                .filter(|f| f.severity == Severity::Warning)
                .count();
            format!(
                "no certain leak, {} to look at",
                several(warnings as i64, "thing")
            )
        }
        Status::Clean if one_in_calls > 1 => format!(
            "no leak: nothing grew steadily over {}; what happens in fewer than one call in {} would not have shown",
            several(
                study.source.rounds().len().saturating_sub(1) as i64,
                "round"
            ),
            count(one_in_calls as i64)
        ),
        Status::Clean => {
            let intervals = study.levels.len().saturating_sub(study.from + 1);
            format!("no leak: nothing grew steadily over {intervals} intervals")
        }
        Status::NotEnoughEvidence => too_little(study),
    };
    Verdict {
        status,
        sentence,
        one_in_calls,
    }
}

/// Growth is steady when nearly every round adds to it, whatever the size: what a round of calls may do without is not
/// seen. 0 where nothing is called.
fn one_in_calls(study: &Study<'_>) -> u64 {
    let rounds = study.source.rounds();
    match rounds {
        [first, .., last] => last.calls.saturating_sub(first.calls) / (rounds.len() as u64 - 1),
        _ => 0,
    }
}

fn status(study: &Study<'_>, findings: &[Finding]) -> Status {
    match findings.first().map(|finding| finding.severity) {
        Some(Severity::Leak) => Status::Leak,
        Some(Severity::Warning) => Status::Warning,
        _ if is_enough(study) => Status::Clean,
        _ => Status::NotEnoughEvidence,
    }
}

fn is_enough(study: &Study<'_>) -> bool {
    let (from, to) = study.window();
    study.levels.len() > study.from + MIN_INTERVALS && to - from >= SECONDS
}

fn grows(first: Option<&Finding>) -> String {
    let Some(growth) = first.map(|finding| &finding.growth) else {
        return String::new();
    };
    let shape = if growth.trend == Trend::Steady {
        "steady"
    } else {
        "going on"
    };
    format!(
        "growth is {shape} ({} of {} intervals)",
        growth.intervals_grown, growth.intervals
    )
}

/// How much there is and how much longer to run.
fn too_little(study: &Study<'_>) -> String {
    let (snapshots, seconds) = (study.levels.len(), study.seconds());
    let mean = if snapshots == 0 {
        0.0
    } else {
        seconds / snapshots as f64
    };
    let wanted = (mean * WANTED).max(SHORTEST).max(seconds * 1.5);
    let pace = study.pace();
    if pace == Pace::Calls {
        return format!(
            "not enough evidence yet ({}): ask for more with --rounds",
            several(snapshots.saturating_sub(1) as i64, "round")
        );
    }
    let so_far = largest::sentence(study).map_or_else(String::new, |said| format!("; {said}"));
    format!(
        "not enough evidence yet ({} in {}); run for at least {}{so_far}",
        several(snapshots as i64, "snapshot"),
        pace.span(seconds),
        pace.span(wanted)
    )
}
