//! Findings as JUnit XML in the shape that CI servers read: a suite for each process, a test case for each
//! finding, a passed one where there is none. What a baseline or a suppression lets pass is skipped.

use crate::ci::{self, CiOptions, Process};
use crate::xml::escaped;
use std::io;
use unfreed_analysis::findings::{Finding, KnownStatus, Status};

/// Writes the document.
///
/// # Errors
/// Those of `out`.
pub fn render(
    processes: &[Process<'_>],
    options: CiOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let suites: Vec<Suite> = processes
        .iter()
        .map(|process| Suite::of(*process, options))
        .collect();
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
    let seconds: f64 = suites.iter().map(|suite| suite.seconds).sum();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="unfreed" tests="{}" failures="{}" errors="0" skipped="{}" time="{seconds:.3}">"#,
        sum(|suite| suite.tests),
        sum(|suite| suite.failures),
        sum(|suite| suite.skipped),
    )?;
    for suite in &suites {
        writeln!(
            out,
            r#"  <testsuite name="{}" tests="{}" failures="{}" errors="0" skipped="{}" time="{:.3}">"#,
            escaped(&suite.name),
            suite.tests,
            suite.failures,
            suite.skipped,
            suite.seconds,
        )?;
        out.write_all(suite.cases.as_bytes())?;
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

struct Suite {
    name: String,
    seconds: f64,
    tests: usize,
    failures: usize,
    skipped: usize,
    cases: String,
}

impl Suite {
    fn of(process: Process<'_>, options: CiOptions<'_>) -> Self {
        let program = &process.report.program;
        let mut suite = Self {
            name: program.name.clone(),
            seconds: program.seconds,
            tests: 0,
            failures: 0,
            skipped: 0,
            cases: String::new(),
        };
        for finding in ci::serious(process.report) {
            suite.add(finding, process, options);
        }
        if suite.tests == 0 {
            suite.add_verdict(process);
        }
        suite
    }

    fn add(&mut self, finding: &Finding, process: Process<'_>, options: CiOptions<'_>) {
        let name = format!("{} ({})", finding.title, finding.id);
        let place = ci::line_of(finding, process.folder, options.root).map(|frame| {
            let file = ci::path_from(&frame.file, process.folder, options.root);
            format!(r#" file="{}" line="{}""#, escaped(&file), frame.line)
        });
        let body = match finding.known.status {
            KnownStatus::Suppressed => {
                self.skipped += 1;
                let reason = format!("suppressed: {}", finding.known.reason);
                format!(r#"<skipped message="{}"/>"#, escaped(&reason))
            }
            KnownStatus::Known => {
                self.skipped += 1;
                r#"<skipped message="known to the baseline"/>"#.to_owned()
            }
            _ if finding.severity <= options.fails => {
                self.failures += 1;
                let severity = format!("{:?}", finding.severity).to_lowercase();
                format!(
                    r#"<failure message="{}" type="{severity}">{}</failure>"#,
                    escaped(&finding.title),
                    escaped(&ci::message(finding))
                )
            }
            _ => format!(
                "<system-out>{}</system-out>",
                escaped(&ci::message(finding))
            ),
        };
        self.case(&name, &place.unwrap_or_default(), &body);
    }

    /// The one case of a process without findings; not judged is skipped, not passed.
    fn add_verdict(&mut self, process: Process<'_>) {
        let verdict = &process.report.verdict;
        let mut body = String::new();
        if verdict.status == Status::NotEnoughEvidence {
            self.skipped += 1;
            body = format!(r#"<skipped message="{}"/>"#, escaped(&verdict.sentence));
        }
        self.case("no leak", "", &body);
    }

    fn case(&mut self, name: &str, place: &str, body: &str) {
        self.tests += 1;
        let (name, class) = (escaped(name), escaped(&self.name));
        let seconds = if self.tests == 1 { self.seconds } else { 0.0 };
        self.cases += &format!(
            "    <testcase name=\"{name}\" classname=\"{class}\"{place} time=\"{seconds:.3}\">{body}</testcase>\n"
        );
    }
}
