//! Findings as workflow commands, which GitHub shows as annotations at the lines of a change. One line for
//! each finding that counts: an error where it fails the run, else a warning.

use crate::ci::{self, CiOptions, Process};
use std::io;

/// Writes the annotations.
///
/// # Errors
/// Those of `out`.
pub fn render(
    processes: &[Process<'_>],
    options: CiOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    for process in processes {
        for finding in ci::serious(process.report).filter(|finding| finding.counts()) {
            let command = if finding.severity <= options.fails {
                "error"
            } else {
                "warning"
            };
            let mut properties = Vec::new();
            if let Some(frame) = ci::line_of(finding, process.folder, options.root) {
                let file = ci::path_from(&frame.file, process.folder, options.root);
                properties.push(format!("file={}", property(&file)));
                if frame.line > 0 {
                    properties.push(format!("line={}", frame.line));
                }
            }
            let title = format!("unfreed: {} ({})", finding.title, finding.id);
            properties.push(format!("title={}", property(&title)));
            let message = data(&ci::message(finding));
            writeln!(out, "::{command} {}::{message}", properties.join(","))?;
        }
    }
    Ok(())
}

/// The text of a command, which ends at a line's end.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value among properties, which also end at commas and colons.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
