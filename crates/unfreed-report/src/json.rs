//! The report as JSON, for programs: the findings model as it is, nothing added or left out. The
//! fields are documented in `docs/json.md` and `docs/report.schema.json`.

use std::io;

use unfreed_analysis::findings::Report;

/// Writes the report as indented JSON with a newline at the end.
///
/// # Errors
/// Those of `out`.
pub fn render(report: &Report, out: &mut impl io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
