//! What was known of findings before: those of a baseline, those that somebody lets pass with a reason,
//! and leaks of libraries that are known upstream. Marks findings; finds none, and reads no files.

mod upstream;

use crate::findings::{Finding, Fixed, Kind, KnownStatus, Report, Severity, Status};
use serde::{Deserialize, Serialize};

pub(crate) use upstream::label;

/// Version of the baseline file: `major.minor`, as that of the report.
pub const BASELINE_VERSION: &str = "1.0";

/// Findings that are known, as `unfreed baseline` writes them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// [`BASELINE_VERSION`].
    pub baseline_version: String,
    /// By program and id.
    pub findings: Vec<Entry>,
}

/// A finding of a baseline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// Name of the program that showed it; says whether a later run could have.
    #[serde(default)]
    pub program: String,
    /// Fingerprint.
    pub id: String,
    /// Title, for whoever reads the file.
    #[serde(default)]
    pub title: String,
}

impl Baseline {
    /// The leaks and warnings of the reports, each once.
    #[must_use]
    pub fn of(reports: &[&Report]) -> Self {
        let mut findings: Vec<Entry> = Vec::new();
        for report in reports {
            findings.extend(serious(report).map(|finding| Entry {
                program: report.program.name.clone(),
                id: finding.id.clone(),
                title: finding.title.clone(),
            }));
        }
        findings.sort();
        findings.dedup_by(|a, b| a.id == b.id && a.program == b.program);
        Self {
            baseline_version: BASELINE_VERSION.to_owned(),
            findings,
        }
    }

    /// Marks what it lists as known and the rest as new, and notes in each report what is gone: entries
    /// of its program that none of the `reports` shows. A report without enough evidence says nothing of that.
    pub fn mark(&self, reports: &mut [&mut Report]) {
        let shown: Vec<String> = reports
            .iter()
            .flat_map(|report| serious(report).map(|finding| finding.id.clone()))
            .collect();
        for report in reports {
            let Report {
                findings,
                baseline,
                program,
                verdict,
                ..
            } = &mut **report;
            for finding in findings
                .iter_mut()
                .filter(|one| one.severity != Severity::Note && one.counts())
            {
                let listed = self.findings.iter().any(|entry| entry.id == finding.id);
                finding.known.status = if listed {
                    KnownStatus::Known
                } else {
                    KnownStatus::New
                };
            }
            baseline.compared = true;
            if verdict.status == Status::NotEnoughEvidence {
                continue;
            }
            let gone = self
                .findings
                .iter()
                .filter(|entry| entry.program == program.name && !shown.contains(&entry.id));
            baseline.fixed = gone
                .map(|entry| Fixed {
                    id: entry.id.clone(),
                    title: entry.title.clone(),
                })
                .collect();
        }
    }
}

fn serious(report: &Report) -> impl Iterator<Item = &Finding> {
    report
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note)
}

/// A finding, or a group of them, that somebody lets pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// The fingerprint that it is for.
    #[serde(default)]
    pub id: Option<String>,
    /// The kind that it is for.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// A pattern with `*` and `?` that has to match the whole title, path, a file, a function or a library.
    #[serde(default)]
    pub matches: Option<String>,
    /// Why it may pass.
    pub reason: String,
}

impl Suppression {
    /// What is wrong with it, as the end of a sentence; `None` when nothing is.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        if self.reason.trim().is_empty() {
            return Some("needs a reason that is not empty");
        }
        match (&self.id, self.kind, &self.matches) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => None,
            (None, _, None) | (None, None, Some(_)) => Some("needs an id, or a kind and matches"),
            (Some(_), _, _) => Some("has an id, and so takes neither kind nor matches"),
        }
    }

    fn is_for(&self, finding: &Finding) -> bool {
        if let Some(id) = &self.id {
            return *id == finding.id;
        }
        let (Some(kind), Some(pattern)) = (self.kind, &self.matches) else {
            return false;
        };
        kind == finding.kind && texts(finding).any(|text| matches(pattern, text))
    }
}

/// Marks the findings that suppressions are for, with the reason of the first that is.
pub fn suppress(report: &mut Report, suppressions: &[Suppression]) {
    let serious = |one: &&mut Finding| one.severity != Severity::Note;
    for finding in report.findings.iter_mut().filter(serious) {
        if let Some(found) = suppressions.iter().find(|one| one.is_for(finding)) {
            finding.known.status = KnownStatus::Suppressed;
            finding.known.reason.clone_from(&found.reason);
        }
    }
}

/// The texts of a finding that name things, not those that explain.
fn texts(finding: &Finding) -> impl Iterator<Item = &str> {
    let held = finding.held_by.iter();
    let frames = finding.allocated_at.iter().flat_map(|place| &place.stack);
    [finding.title.as_str()]
        .into_iter()
        .chain(held.flat_map(|held| [held.path.as_str(), held.shape.as_str()]))
        .chain(frames.flat_map(|frame| {
            [
                frame.file.as_str(),
                frame.function.as_str(),
                frame.library.as_str(),
            ]
        }))
}

/// Whether the whole text matches the pattern, in which `*` stands for anything and `?` for one character.
/// Goes back to the last `*` only, so its time is bounded by the product of the lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    let mut star = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(&one) if one == '?' || one == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((back, taken)) = star else {
                    return false;
                };
                star = Some((back, taken + 1));
                at = back + 1;
                read = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|one| *one == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        assert!(matches("*shop.STORE*", "growing container shop.STORE"));
        assert!(matches("a?c*", "abc"));
        assert!(matches("*a*b", "xaxxbab"));
        assert!(!matches("shop", "shop.STORE"));
        assert!(!matches("*b", "abc"));
        assert!(matches("**", ""));
    }

    fn report(ids: &[&str]) -> Report {
        let finding = |id: &&str| Finding {
            id: (*id).to_owned(),
            severity: Severity::Leak,
            title: format!("growing container {id}"),
            ..Finding::default()
        };
        let mut report = Report {
            findings: ids.iter().map(finding).collect(),
            ..Report::default()
        };
        report.verdict.status = Status::Leak;
        report.program.name = "app.py".to_owned();
        report
    }

    #[test]
    fn a_baseline_tells_new_known_and_fixed() {
        let baseline = Baseline::of(&[&report(&["a", "b"])]);
        let mut now = report(&["b", "c"]);
        baseline.mark(&mut [&mut now]);
        let words: Vec<KnownStatus> = now.findings.iter().map(|one| one.known.status).collect();
        assert_eq!(words, [KnownStatus::Known, KnownStatus::New]);
        assert_eq!(now.baseline.fixed.len(), 1);
        assert_eq!(now.baseline.fixed[0].id, "a");
        assert!(!now.findings[0].counts() && now.findings[1].counts());
    }

    #[test]
    fn nothing_is_fixed_that_could_not_have_been_seen() {
        let baseline = Baseline::of(&[&report(&["a"])]);
        let mut short = report(&[]);
        short.verdict.status = Status::NotEnoughEvidence;
        let mut other = report(&[]);
        other.program.name = "other.py".to_owned();
        baseline.mark(&mut [&mut short, &mut other]);
        assert!(short.baseline.fixed.is_empty() && other.baseline.fixed.is_empty());
    }

    #[test]
    fn a_suppression_stays_one_whatever_the_baseline_says() {
        let mut now = report(&["a", "b"]);
        let suppression = Suppression {
            kind: Some(Kind::Container),
            matches: Some("*container a".to_owned()),
            reason: "grows to its bound within a day".to_owned(),
            ..Suppression::default()
        };
        assert_eq!(suppression.fault(), None);
        suppress(&mut now, &[suppression]);
        Baseline::default().mark(&mut [&mut now]);
        assert_eq!(now.findings[0].known.status, KnownStatus::Suppressed);
        assert_eq!(now.findings[1].known.status, KnownStatus::New);
    }

    #[test]
    fn suppressions_say_why_and_what() {
        let faulty = Suppression {
            id: Some("a".to_owned()),
            ..Suppression::default()
        };
        assert!(faulty.fault().is_some_and(|why| why.contains("reason")));
        let everything = Suppression {
            matches: Some("*".to_owned()),
            reason: "so".to_owned(),
            ..Suppression::default()
        };
        assert!(everything.fault().is_some_and(|why| why.contains("kind")));
    }
}
