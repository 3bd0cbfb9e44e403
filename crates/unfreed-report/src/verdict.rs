//! The verdict in two parts, for pages that set the first one off: the opening, and what the analysis's sentence says
//! beyond it. Changes no word of either.

use unfreed_analysis::findings::{Report, Severity, Status};

use crate::quantity;

/// What the sentences of the analysis begin with where an opening has said it already, down to the count of warnings.
const SAID: [&str; 3] = ["not enough evidence yet", "no leak: ", "no certain leak, "];

/// The opening, and the rest of the sentence with what joins it: `: nothing grew …`, ` (3 snapshots …`; empty when
/// nothing is left to say.
pub fn in_two(report: &Report) -> (String, String) {
    let opening = match report.verdict.status {
        Status::Leak => "It leaks".to_owned(),
        Status::Warning => format!("No leak found, but {}", warnings(report)),
        Status::Clean => "No leak found".to_owned(),
        Status::NotEnoughEvidence => "Not enough evidence yet".to_owned(),
    };
    let rest = unsaid(&report.verdict.sentence);
    let joined = match rest.chars().next() {
        None => String::new(),
        Some('(') => format!(" {rest}"),
        Some(_) => format!(": {rest}"),
    };
    (opening, joined)
}

fn unsaid(sentence: &str) -> &str {
    let Some(said) = SAID.iter().find(|said| sentence.starts_with(*said)) else {
        return sentence;
    };
    let rest = &sentence[said.len()..];
    if rest.ends_with(" to look at") {
        return "";
    }
    rest.trim_start_matches([':', ',', ' '])
}

fn warnings(report: &Report) -> String {
    let warnings = report.findings.iter();
    let count = warnings
        .filter(|one| one.severity == Severity::Warning)
        .count();
    quantity::counted(count as u64, "warning", "warnings")
}
