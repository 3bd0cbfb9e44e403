//! The formats for continuous integration: SARIF against its schema, JUnit in the common shape, and
//! annotations line by line.

mod samples;

use serde_json::Value;
use unfreed_analysis::findings::{KnownStatus, Report, Severity};
use unfreed_report::ci::{CiOptions, Process};
use unfreed_report::{github, junit, sarif};

const OPTIONS: CiOptions<'_> = CiOptions {
    root: "/srv/shop",
    fails: Severity::Leak,
};

fn processes(reports: &[Report]) -> Vec<Process<'_>> {
    let of = |report| Process {
        report,
        folder: "/srv/shop",
    };
    reports.iter().map(of).collect()
}

fn text(render: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    render(&mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("text is UTF-8")
}

fn sarif_of(reports: &[Report]) -> Value {
    let text = text(|out| sarif::render(&processes(reports), OPTIONS, out));
    serde_json::from_str(&text).expect("the log is JSON")
}

#[test]
fn sarif_is_valid() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/schemas/sarif-schema-2.1.0.json"
    );
    let schema = std::fs::read_to_string(path).expect("the schema is there");
    let schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
    let validator = jsonschema::draft4::new(&schema).expect("a valid schema");
    let mut all: Vec<Report> = samples::all()
        .into_iter()
        .map(|(_, report)| report)
        .collect();
    all.push(marked());
    let log = sarif_of(&all);
    let errors: Vec<String> = validator
        .iter_errors(&log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut wrong = log;
    wrong["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&wrong), "the schema looks at nothing");
}

/// A new finding, a known one and a suppressed one.
fn marked() -> Report {
    let mut report = samples::two_leaks_and_a_warning();
    let words = [
        KnownStatus::New,
        KnownStatus::Known,
        KnownStatus::Suppressed,
    ];
    for (finding, word) in report.findings.iter_mut().zip(words) {
        finding.known.status = word;
    }
    report.findings[2].known.reason = "collected nightly, <by cron>".to_owned();
    report
}

#[test]
fn sarif_names_the_line_from_the_root_of_the_checkout() {
    let log = sarif_of(&[samples::leak()]);
    let result = &log["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "app/login.py");
    assert_eq!(place["artifactLocation"]["uriBaseId"], "SRCROOT");
    assert_eq!(place["region"]["startLine"], 42);
    assert_eq!(result["ruleId"], "container");
}

#[test]
fn sarif_tells_what_was_known() {
    let results = &sarif_of(&[marked()])["runs"][0]["results"];
    assert_eq!(results[0]["baselineState"], "new");
    assert_eq!(results[1]["baselineState"], "unchanged");
    assert_eq!(
        results[2]["suppressions"][0]["justification"],
        "collected nightly, <by cron>"
    );
}

#[test]
fn annotations_are_one_line_each_and_only_of_what_counts() {
    let text = text(|out| github::render(&processes(&[marked()]), OPTIONS, out));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.starts_with("::error file=app/login.py,line=42,title=unfreed%3A growing container"),
        "{text}"
    );
}

#[test]
fn a_warning_is_no_error() {
    let text = text(|out| github::render(&processes(&[samples::warning_only()]), OPTIONS, out));
    assert!(text.starts_with("::warning "), "{text}");
}

#[test]
fn junit_counts_what_it_holds() {
    let reports = [
        marked(),
        samples::clean_with_notes(),
        samples::not_enough_evidence(),
    ];
    let text = text(|out| junit::render(&processes(&reports), OPTIONS, out));
    let count = |part: &str| text.matches(part).count();
    assert_eq!(
        (
            count("<testsuite "),
            count("<testcase "),
            count("<failure "),
            count("<skipped ")
        ),
        (3, 5, 1, 3)
    );
    assert!(
        text.contains(r#"tests="5" failures="1" errors="0" skipped="3""#),
        "{text}"
    );
    assert!(
        text.contains("suppressed: collected nightly, &lt;by cron&gt;"),
        "{text}"
    );
}
