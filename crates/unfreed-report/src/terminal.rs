//! The report for a terminal: what leaks first, then how sure that is and what was kept. Writes colour
//! codes always (the caller strips them where nobody sees colour) and says nothing by colour alone.

pub(crate) mod closing;
mod finding;
mod held_by;
mod opening;
pub(crate) mod palette;
mod rows;
pub(crate) mod watched;

use std::io;

use unfreed_analysis::findings::{Finding, Report, Severity};

use crate::page::Page;
use crate::quantity::counted;
use crate::styled::Text;

/// Narrower pages than this are not tried.
const LEAST_WIDTH: u16 = 40;

/// How to show a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Columns that no line exceeds; at least 40.
    pub width: u16,
    /// Working directory: files below it are shown relative to it. Empty when unknown.
    pub directory: String,
    /// The recording that was written; `None` when an existing one is shown.
    pub saved_as: Option<Saved>,
    /// Everything: all findings, whole stacks, how sure each growth is, ids for baselines.
    pub verbose: bool,
    /// Leaks and warnings shown when not verbose; the others are counted.
    pub most_findings: usize,
}

/// A recording on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Where, as to be typed.
    pub path: String,
    /// How large.
    pub bytes: u64,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        Self {
            width: 100,
            directory: String::new(),
            saved_as: None,
            verbose: false,
            most_findings: 10,
        }
    }
}

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn render(
    report: &Report,
    options: &TerminalOptions,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(out, usize::from(options.width.max(LEAST_WIDTH)));
    opening::render(report, &mut page)?;
    findings(report, options, &mut page)?;
    watched::render(&report.watched, options, &mut page)?;
    page.blank()?;
    closing::render(report, options, &mut page)
}

/// Writes one finding as it stands in the report, with its number there.
///
/// # Errors
/// Those of `out`.
pub fn render_finding(
    report: &Report,
    finding: &Finding,
    number: usize,
    options: &TerminalOptions,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(out, usize::from(options.width.max(LEAST_WIDTH)));
    let columns = finding::Columns::over(&[finding], report.per);
    finding::render(finding, number, &columns, options, &mut page)
}

/// Leaks and warnings, numbered.
fn findings(report: &Report, options: &TerminalOptions, page: &mut Page<'_>) -> io::Result<()> {
    let all: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note)
        // What is let pass gets a line below, unless everything is wanted.
        .filter(|finding| options.verbose || finding.counts())
        .collect();
    let most = if options.verbose {
        all.len()
    } else {
        options.most_findings.min(all.len())
    };
    let (shown, left_out) = all.split_at(most);
    let columns = finding::Columns::over(shown, report.per);
    let shares: f64 = all.iter().map(|finding| finding.growth.share).sum();
    for (index, finding) in shown.iter().enumerate() {
        page.blank()?;
        finding::render(finding, index + 1, &columns, options, page)?;
    }
    if (shares * 100.0).round() > 100.0 && shown.len() > 1 {
        page.blank()?;
        let text = "Shares add up to more than 100 %: each is of the growth that was left when other memory had been freed, \
             and findings may count the same bytes.";
        page.hanging(&Text::default(), &Text::plain(text))?;
    }
    if !left_out.is_empty() {
        let count = counted(left_out.len() as u64, "more finding", "more findings");
        page.blank()?;
        let text = format!("{count}, not shown here; the JSON report has all.");
        page.hanging(&Text::default(), &Text::plain(&text))?;
    }
    Ok(())
}
