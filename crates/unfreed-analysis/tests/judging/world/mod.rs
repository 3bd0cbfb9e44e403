//! A heap made by hand: objects, references and roots as a Python program would have them, changed
//! second by second and recorded. For tests only.
#![allow(dead_code)]

pub mod heap;
pub mod run;

pub use heap::{Id, World};
pub use run::{Run, every_second};

use unfreed_analysis::findings::{Finding, Kind, Report, Severity};

/// Findings of severity `leak`.
pub fn leaks(report: &Report) -> Vec<&Finding> {
    report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Leak)
        .collect()
}

/// Findings of a kind.
pub fn of_kind(report: &Report, kind: Kind) -> Vec<&Finding> {
    report
        .findings
        .iter()
        .filter(|finding| finding.kind == kind)
        .collect()
}

/// The one leak that there has to be.
pub fn the_leak(report: &Report) -> &Finding {
    let leaks = leaks(report);
    assert_eq!(leaks.len(), 1, "{}", told(report));
    leaks[0]
}

/// All findings, one a line, for failures.
pub fn told(report: &Report) -> String {
    let line = |f: &Finding| {
        format!(
            "{:?} {:?}: {} | {} | {:+} bytes {:+} objects {:?} {:.2} ({}/{}) | {} | {}\n",
            f.severity,
            f.kind,
            f.title,
            f.summary,
            f.growth.bytes,
            f.growth.objects,
            f.growth.trend,
            f.growth.confidence,
            f.growth.intervals_grown,
            f.growth.intervals,
            f.held_by.as_ref().map_or("", |held| held.path.as_str()),
            f.advice.rule,
        )
    };
    format!(
        "{}\n{}",
        report.verdict.sentence,
        report.findings.iter().map(line).collect::<String>()
    )
}
