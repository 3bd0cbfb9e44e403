//! What the formats for continuous integration share: which findings they tell of, where each is, and how
//! its file is named from the root of the checkout. Renders nothing.

use crate::place;
use unfreed_analysis::findings::{AllocatedAt, Finding, Frame, Report, Severity};

/// One process as these formats take it.
#[derive(Clone, Copy, Debug)]
pub struct Process<'a> {
    /// What was found in it.
    pub report: &'a Report,
    /// Its working folder; what its relative paths start from.
    pub folder: &'a str,
}

/// How to render for continuous integration.
#[derive(Clone, Copy, Debug)]
pub struct CiOptions<'a> {
    /// The root of the checkout, which paths are told from; absolute.
    pub root: &'a str,
    /// The least severity that is a failure.
    pub fails: Severity,
}

/// Leaks and warnings; notes are not for machines that fail builds.
pub fn serious(report: &Report) -> impl Iterator<Item = &Finding> {
    report
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note)
}

/// The line to show a finding at: the first place's frame that is in the checkout, else the one it names.
pub fn line_of<'a>(finding: &'a Finding, folder: &str, root: &str) -> Option<&'a Frame> {
    let place = finding.allocated_at.first()?;
    let is_own = |frame: &&Frame| {
        frame.library.is_empty()
            && !place::is_library(&frame.file)
            && !path_from(&frame.file, folder, root).starts_with('/')
    };
    [&place.frame]
        .into_iter()
        .chain(&place.stack)
        .find(is_own)
        .or_else(|| has_file(place).then_some(&place.frame))
}

fn has_file(place: &AllocatedAt) -> bool {
    !place.frame.file.is_empty() && place.frame.library.is_empty()
}

/// The path from the root of the checkout, or absolute where it is elsewhere.
pub fn path_from(file: &str, folder: &str, root: &str) -> String {
    let file = file.strip_prefix("./").unwrap_or(file);
    let absolute = if file.starts_with('/') || file.starts_with('<') {
        file.to_owned()
    } else {
        format!("{}/{file}", folder.trim_end_matches('/'))
    };
    match absolute.strip_prefix(root.trim_end_matches('/')) {
        Some(inside) if inside.starts_with('/') => inside[1..].to_owned(),
        _ => absolute,
    }
}

/// What to say of a finding in a few lines: the summary, who holds it, what was known, what to do.
pub fn message(finding: &Finding) -> String {
    let mut lines = vec![finding.summary.clone()];
    if let Some(held) = &finding.held_by {
        lines.push(format!("Held by {}.", held.path));
    }
    if !finding.known.upstream.is_empty() {
        lines.push(format!("It {}.", finding.known.upstream));
    }
    lines.push(finding.advice.text.clone());
    lines.retain(|line| !line.trim().is_empty());
    if lines.is_empty() {
        lines.push(finding.title.clone());
    }
    lines.join("\n")
}
