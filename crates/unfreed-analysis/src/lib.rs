//! From a recording to findings: growth by path shape, who holds it and where it was made, cycles,
//! resources, C memory, accounting, verdict and advice. Plain data in, plain data out: nothing here
//! prints, reads files or knows a renderer.

pub mod breakdown;
pub mod compare;
pub mod findings;
mod finished;
mod keys;
pub mod known;
mod left_files;
pub mod questions;
pub mod source;

mod accounting;
mod advice;
mod alike;
mod caches;
mod companions;
mod containers;
mod cycles;
mod evidence;
mod extensions;
mod fingerprint;
mod floor;
mod follow;
mod gains;
mod garbage;
mod growth;
mod heap;
mod inspectors;
mod largest;
mod levels;
mod libraries;
mod losers;
mod mapped;
mod names;
mod native;
mod newest;
mod notes;
mod openings;
mod ownership;
mod paths;
mod refcounts;
mod references;
mod representative;
mod resources;
mod retained;
mod roots;
mod rounds;
mod seeded;
mod shapes;
mod share;
mod sites;
mod source_of_recording;
mod standing;
mod stopped;
mod strays;
mod study;
mod subject;
mod survey;
mod suspects;
mod trend;
mod unowned;
mod verdict;
mod watched;
mod wording;

use findings::{Finding, Kind, Report, SCHEMA_VERSION};
use source::EvidenceSource;
pub use source_of_recording::{NativeName, Recorded};
use study::Study;
use unfreed_recording::process::ProcessInfo;
use wording::Pace;

/// Judges one recording.
#[must_use]
pub fn analyse(source: &dyn EvidenceSource) -> Report {
    if source.rounds().is_empty() {
        judge(source)
    } else {
        judge(&rounds::ByCalls::new(source))
    }
}

/// What was allocated in a process, told apart by each of `by`.
#[must_use]
pub fn break_down(
    allocations: &questions::Allocations,
    process: &ProcessInfo,
    by: &[breakdown::By],
) -> Vec<breakdown::Breakdown> {
    let ownership = ownership::Ownership::new(process);
    let told = by.iter();
    told.map(|&by| breakdown::breakdown(allocations, &ownership, by))
        .collect()
}

fn judge(source: &dyn EvidenceSource) -> Report {
    let (newest, troubles) = newest::newest(source);
    let looks_end = newest.as_ref().map(|(index, _)| *index);
    let study = Study::new(source, newest.as_ref(), troubles);
    let findings = find(&study);
    let mut report = Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        unfreed_version: env!("CARGO_PKG_VERSION").to_owned(),
        program: evidence::program(&study),
        verdict: verdict::verdict(&study, &findings),
        memory: accounting::memory(&study),
        findings,
        per: match study.pace() {
            Pace::Time => findings::Per::Second,
            Pace::Calls => findings::Per::Call,
        },
        accounting: accounting::accounting(&study),
        evidence: evidence::evidence(&study),
        watched: watched::watched(source, &study.ownership, looks_end),
        allocations: Vec::new(),
        baseline: findings::Baseline::default(),
    };
    known::label(&mut report);
    report
}

/// All findings, most important first.
fn find(study: &Study<'_>) -> Vec<Finding> {
    let whole = evidence::whole_growth(study);
    let (suspects, resources) = resources::findings(study, suspects::suspects(study));
    let mut found: Vec<Finding> = suspects
        .iter()
        .filter_map(|suspect| containers::finding(study, suspect, whole))
        .collect();
    found.extend(refcounts::findings(study, &found));
    found.extend(cycles::findings(study, whole));
    let told = [found.as_slice(), &resources].concat();
    found.extend(unowned::findings(study, &told, whole));
    found.extend(strays::findings(study, &found, whole));
    found.extend(resources);
    found.extend(left_files::finding(study));
    found.extend(native::finding(study, &found, whole));
    found.extend(mapped::finding(study, &found, whole));
    found.extend(stopped::notes(study, &found));
    found.extend(notes::warm_up(study));
    found.extend(notes::retention(study));
    found.sort_by(|a, b| {
        let rank = |finding: &Finding| {
            (
                finding.severity,
                // What the process runs out of first; what holds descriptors grows with them.
                finding.kind != Kind::Resource,
                std::cmp::Reverse(finding.growth.bytes),
                is_note_of_all(finding),
            )
        };
        rank(a).cmp(&rank(b)).then_with(|| a.id.cmp(&b.id))
    });
    found
}

/// Notes about the whole process come after those that name something.
fn is_note_of_all(finding: &Finding) -> bool {
    matches!(finding.kind, Kind::WarmUp | Kind::Retention)
}
