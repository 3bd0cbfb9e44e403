//! Two recordings, before and after a change: what grows faster, slower, not at all any more, or is new.
//! Compares findings by fingerprint; finds none itself.

use crate::findings::{Finding, Kind, Per, Report, Severity, Status};
use serde::Serialize;

/// Version of the comparison as JSON.
pub const COMPARISON_VERSION: &str = "1.0";
/// A rate within this part of the other is the same.
const SAME: f64 = 0.1;
/// A difference less sure than this is none.
const SURE: f64 = 0.9;

/// What changed between two recordings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// [`COMPARISON_VERSION`].
    pub comparison_version: String,
    /// What rates are counted by.
    pub per: Per,
    /// The answer in one word: the worst change of a leak, else the best.
    pub verdict: Change,
    /// The answer in one sentence.
    pub sentence: String,
    /// Change by finding: the worst first.
    pub changes: Vec<Changed>,
}

/// What became of a finding, the worst first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was not there before.
    New,
    /// It grows faster.
    Worse,
    /// One of the recordings is too short to tell.
    Unknown,
    /// It grows as it did, or nobody can tell the difference.
    #[default]
    Same,
    /// It grows more slowly.
    Better,
    /// It does not grow any more.
    Gone,
}

/// One finding before and after.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Changed {
    /// Fingerprint.
    pub id: String,
    /// Title.
    pub title: String,
    /// How bad it is, or was.
    pub severity: Severity,
    /// What became of it.
    pub change: Change,
    /// Whether rates are of objects (descriptors, threads); else of bytes.
    pub counts_objects: bool,
    /// Growth a second or call before; 0 when it was not there.
    pub rate_before: f64,
    /// The same after.
    pub rate_after: f64,
    /// 0 to 1: how sure the change is.
    pub confidence: f64,
}

/// Compares the reports. Both have to count rates by the same.
#[must_use]
pub fn compare(before: &Report, after: &Report) -> Comparison {
    let serious = |report: &'_ Report| -> Vec<Finding> {
        let all = report.findings.iter();
        all.filter(|one| one.severity != Severity::Note)
            .cloned()
            .collect()
    };
    let (old, new) = (serious(before), serious(after));
    let short = |report: &Report| report.verdict.status == Status::NotEnoughEvidence;
    let mut changes = Vec::new();
    for finding in &old {
        let there = new.iter().find(|one| one.id == finding.id);
        changes.push(match there {
            Some(now) => both(finding, now),
            None => one_sided(finding, Change::Gone, short(after)),
        });
    }
    let is_new = |one: &&Finding| !old.iter().any(|before| before.id == one.id);
    for finding in new.iter().filter(is_new) {
        changes.push(one_sided(finding, Change::New, short(before)));
    }
    changes.sort_by(|a, b| (a.change, a.severity, &a.id).cmp(&(b.change, b.severity, &b.id)));
    let verdict = verdict(&changes, short(before) || short(after));
    Comparison {
        comparison_version: COMPARISON_VERSION.to_owned(),
        per: after.per,
        verdict,
        sentence: sentence(&changes, verdict),
        changes,
    }
}

fn one_sided(finding: &Finding, change: Change, short: bool) -> Changed {
    let rate = rate(finding);
    let (rate_before, rate_after) = if change == Change::Gone {
        (rate, 0.0)
    } else {
        (0.0, rate)
    };
    Changed {
        id: finding.id.clone(),
        title: finding.title.clone(),
        severity: finding.severity,
        change: if short { Change::Unknown } else { change },
        counts_objects: counts_objects(finding),
        rate_before,
        rate_after,
        confidence: if short {
            0.0
        } else {
            finding.growth.confidence
        },
    }
}

fn both(before: &Finding, after: &Finding) -> Changed {
    let (old, new) = (rate(before), rate(after));
    let sooner = larger(&gains(after), &gains(before));
    let (word, confidence) = if new > old {
        (Change::Worse, sooner)
    } else {
        (Change::Better, 1.0 - sooner)
    };
    let near = (new - old).abs() <= SAME * old.abs().max(new.abs());
    let change = if near || confidence < SURE {
        Change::Same
    } else {
        word
    };
    Changed {
        id: after.id.clone(),
        title: after.title.clone(),
        severity: after.severity.min(before.severity),
        change,
        counts_objects: counts_objects(after),
        rate_before: old,
        rate_after: new,
        confidence,
    }
}

fn counts_objects(finding: &Finding) -> bool {
    finding.kind == Kind::Resource
}

fn rate(finding: &Finding) -> f64 {
    let growth = &finding.growth;
    if counts_objects(finding) {
        growth.objects_per_second
    } else {
        growth.bytes_per_second
    }
}

/// What each interval gained a second or call.
fn gains(finding: &Finding) -> Vec<f64> {
    let level = |point: &(f64, u64, u64)| {
        if counts_objects(finding) {
            point.1 as f64
        } else {
            point.2 as f64
        }
    };
    let intervals = finding.growth.series.windows(2);
    intervals
        .filter(|pair| pair[1].0 > pair[0].0)
        .map(|pair| (level(&pair[1]) - level(&pair[0])) / (pair[1].0 - pair[0].0))
        .collect()
}

/// How sure it is that gains of `a` are larger than those of `b`: the rank test of Mann and Whitney, with
/// the logistic curve for the normal one, which is right to a hundredth.
fn larger(a: &[f64], b: &[f64]) -> f64 {
    let (n, m) = (a.len() as f64, b.len() as f64);
    if a.is_empty() || b.is_empty() {
        return 0.5;
    }
    let mut wins = 0.0;
    for one in a {
        for other in b {
            wins += match one.total_cmp(other) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    let z = (wins - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt();
    1.0 / (1.0 + (-1.702 * z).exp())
}

fn verdict(changes: &[Changed], short: bool) -> Change {
    let leaks: Vec<Change> = changes
        .iter()
        .filter(|one| one.severity == Severity::Leak)
        .map(|one| one.change)
        .collect();
    let worst = leaks.iter().min().copied();
    match worst {
        Some(word @ (Change::New | Change::Worse)) => word,
        _ if short => Change::Unknown,
        Some(Change::Gone) => Change::Gone,
        Some(_) if leaks.contains(&Change::Better) || leaks.contains(&Change::Gone) => {
            Change::Better
        }
        _ => Change::Same,
    }
}

fn sentence(changes: &[Changed], verdict: Change) -> String {
    let count = |wanted: Change| changes.iter().filter(|one| one.change == wanted).count();
    let words = [
        (Change::New, "new"),
        (Change::Worse, "worse"),
        (Change::Same, "the same"),
        (Change::Better, "better"),
        (Change::Gone, "gone"),
    ];
    let told: Vec<String> = words
        .iter()
        .filter(|(change, _)| count(*change) > 0)
        .map(|(change, word)| format!("{} {word}", count(*change)))
        .collect();
    match (verdict, told.is_empty()) {
        (Change::Unknown, _) => {
            "one of the recordings has not enough evidence; record it for longer".to_owned()
        }
        (_, true) => "nothing leaks in either".to_owned(),
        _ => told.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Growth;

    fn report(findings: &[(&str, f64)]) -> Report {
        let finding = |(id, rate): &(&str, f64)| Finding {
            id: (*id).to_owned(),
            severity: Severity::Leak,
            growth: Growth {
                bytes_per_second: *rate,
                confidence: 0.97,
                series: (0..7)
                    .map(|at| {
                        (
                            f64::from(at),
                            0,
                            (f64::from(at) * rate) as u64 + at as u64 % 3,
                        )
                    })
                    .collect(),
                ..Growth::default()
            },
            ..Finding::default()
        };
        let mut report = Report {
            findings: findings.iter().map(finding).collect(),
            ..Report::default()
        };
        report.verdict.status = Status::Leak;
        report
    }

    fn words(before: &Report, after: &Report) -> (Change, Vec<Change>) {
        let comparison = compare(before, after);
        let changes = comparison.changes.iter().map(|one| one.change);
        (comparison.verdict, changes.collect())
    }

    #[test]
    fn a_fix_is_seen() {
        assert_eq!(
            words(&report(&[("a", 900.0)]), &report(&[])),
            (Change::Gone, vec![Change::Gone])
        );
        let halved = words(&report(&[("a", 900.0)]), &report(&[("a", 400.0)]));
        assert_eq!(halved, (Change::Better, vec![Change::Better]));
    }

    #[test]
    fn a_new_leak_outweighs_a_fix() {
        let (verdict, changes) = words(&report(&[("a", 900.0)]), &report(&[("b", 9.0)]));
        assert_eq!(verdict, Change::New);
        assert_eq!(changes, [Change::New, Change::Gone]);
        let doubled = words(&report(&[("a", 900.0)]), &report(&[("a", 1900.0)]));
        assert_eq!(doubled.0, Change::Worse);
    }

    #[test]
    fn noise_is_no_change() {
        let (verdict, _) = words(&report(&[("a", 900.0)]), &report(&[("a", 930.0)]));
        assert_eq!(verdict, Change::Same);
    }

    #[test]
    fn a_short_run_proves_no_fix() {
        let mut short = report(&[]);
        short.verdict.status = Status::NotEnoughEvidence;
        assert_eq!(
            words(&report(&[("a", 900.0)]), &short),
            (Change::Unknown, vec![Change::Unknown])
        );
    }
}
