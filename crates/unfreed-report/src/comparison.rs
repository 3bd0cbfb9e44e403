//! A comparison of two recordings for a terminal or, as it is, in JSON.

use crate::quantity;
use std::io;
use unfreed_analysis::compare::{Change, Changed, Comparison};
use unfreed_analysis::findings::Per;

/// Writes it for people.
///
/// # Errors
/// Those of `out`.
pub fn render(comparison: &Comparison, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "{}: {}", word(comparison.verdict), comparison.sentence)?;
    for changed in &comparison.changes {
        let title = crate::styled::Text::plain(&changed.title);
        write!(out, "  {:<8} ", word(changed.change))?;
        title.write(out)?;
        writeln!(out, " ({})", changed.id)?;
        let sure = quantity::share(changed.confidence);
        writeln!(
            out,
            "           {} → {} · {sure} sure",
            rate(changed, changed.rate_before, comparison.per),
            rate(changed, changed.rate_after, comparison.per),
        )?;
    }
    Ok(())
}

/// Writes it for programs.
///
/// # Errors
/// Those of `out`.
pub fn render_json(comparison: &Comparison, out: &mut impl io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, comparison)?;
    out.write_all(b"\n")
}

fn word(change: Change) -> &'static str {
    match change {
        Change::New => "new",
        Change::Worse => "worse",
        Change::Unknown => "unknown",
        Change::Same => "same",
        Change::Better => "better",
        Change::Gone => "gone",
    }
}

fn rate(changed: &Changed, rate: f64, per: Per) -> String {
    if rate == 0.0 {
        return "nothing".to_owned();
    }
    match (changed.counts_objects, per) {
        (false, Per::Second) => quantity::byte_rate(rate),
        (true, Per::Second) => quantity::count_rate(rate),
        (false, Per::Call) => quantity::bytes_a_call(rate),
        (true, Per::Call) => quantity::count_a_call(rate),
    }
}
