//! Allocation stacks as a table in CSV (RFC 4180): a row for each stack, innermost frame first.

use super::{MEASURES, label};
use std::io;
use unfreed_analysis::questions::Allocations;

/// Writes the table with its header.
///
/// # Errors
/// Those of `out`.
pub fn render(allocations: &Allocations, out: &mut impl io::Write) -> io::Result<()> {
    let mut names = vec!["function", "file", "line", "library"];
    names.extend(MEASURES.iter().map(|measure| measure.name));
    names.push("stack");
    writeln!(out, "{}", names.join(","))?;
    for stack in &allocations.stacks {
        let frame = stack.frames.first().cloned().unwrap_or_default();
        let mut cells = vec![
            quoted(&frame.function),
            quoted(&frame.file),
            frame.line.to_string(),
            quoted(&frame.library),
        ];
        cells.extend(
            MEASURES
                .iter()
                .map(|measure| (measure.of)(stack).to_string()),
        );
        let frames: Vec<String> = stack.frames.iter().map(label).collect();
        cells.push(quoted(&frames.join(" ← ")));
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

/// A text in quotes. A spreadsheet must not take a name for a formula.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
