//! What was allocated, by site, function and library: tables that a click on a column's name sorts.

use crate::breakdown::{Measure, cells, name, ordered, remarks};
use crate::quantity;
use crate::xml::escaped;
use std::io;
use unfreed_analysis::breakdown::{Breakdown, By, Estimate, Figures, Row};

/// Rows that are told of each column: a page has to open.
const MOST: usize = 100;
/// Letters of a name.
const LETTERS: usize = 160;
const MEASURES: [(Measure, &str); 3] = [
    (Measure::Live, "live at the end"),
    (Measure::Peak, "at the peak"),
    (Measure::Temporary, "freed again"),
];

/// Writes the tables that have rows.
pub(super) fn render(
    tables: &[Breakdown],
    directory: &str,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut tables = tables
        .iter()
        .filter(|table| !table.rows.is_empty())
        .peekable();
    let Some(first) = tables.peek() else {
        return Ok(());
    };
    let remarks = remarks(first);
    writeln!(
        out,
        "<h2>What was allocated</h2><p class=\"facts\">{} A click on a column\u{2019}s name sorts by it.</p><div class=\"tables\">",
        escaped(&remarks)
    )?;
    for table in tables {
        one(table, directory, out)?;
    }
    writeln!(out, "</div>")
}

fn one(table: &Breakdown, directory: &str, out: &mut impl io::Write) -> io::Result<()> {
    let (heading, first) = match table.by {
        By::Site => ("By site", "site"),
        By::Function => (
            "By function: what it allocates itself, and with all that it calls",
            "function",
        ),
        By::Library => (
            "By library: what it allocates itself, and with all that it calls",
            "library",
        ),
    };
    let has_totals = table.by != By::Site;
    writeln!(
        out,
        "<h3>{heading}</h3><div class=\"rows\"><table><thead><tr><th>{first}"
    )?;
    for (index, (_, name)) in MEASURES.iter().enumerate() {
        let sorted = if index == 0 {
            " aria-sort=\"descending\""
        } else {
            ""
        };
        writeln!(out, "<th{sorted}>{name}")?;
        if has_totals {
            writeln!(out, "<th>with callees")?;
        }
    }
    writeln!(out, "</tr></thead><tbody>")?;
    // Whatever column is asked for, its largest are there.
    let all = ordered(table, Measure::Allocated);
    let mut told: Vec<&Row> = Vec::new();
    for (measure, _) in MEASURES {
        for row in ordered(table, measure).into_iter().take(MOST) {
            if !told.iter().any(|known| std::ptr::eq(*known, row)) {
                told.push(row);
            }
        }
    }
    let left_out = all.len().saturating_sub(told.len());
    for row in &told {
        let name = escaped(&name(row, table.by, directory, LETTERS));
        write!(out, "<tr><td data-value=\"{name}\">{name}")?;
        if !row.frame.source.is_empty() {
            let line = quantity::cut(&row.frame.source, LETTERS);
            write!(out, "<small><code>{}</code></small>", escaped(&line))?;
        }
        figures(&row.own, &row.total, has_totals, out)?;
    }
    writeln!(out, "</tbody><tfoot><tr><td>all")?;
    let whole = &table.whole;
    figures(whole, whole, has_totals, out)?;
    writeln!(out, "</tfoot></table></div>")?;
    if left_out > 0 {
        let count = quantity::count(left_out as u64);
        writeln!(
            out,
            "<p class=\"facts\">… and {count} more, which the JSON report has (--by).</p>"
        )?;
    }
    Ok(())
}

fn figures(
    own: &Figures,
    total: &Figures,
    has_totals: bool,
    out: &mut impl io::Write,
) -> io::Result<()> {
    for (measure, _) in MEASURES {
        cell(measure.of(own), out)?;
        if has_totals {
            cell(measure.of(total), out)?;
        }
    }
    writeln!(out, "</tr>")
}

fn cell(estimate: Estimate, out: &mut impl io::Write) -> io::Result<()> {
    let [bytes, _] = cells(estimate);
    let blocks = quantity::counted(estimate.blocks, "block", "blocks");
    let value = estimate.bytes;
    if value == 0 && estimate.blocks == 0 {
        return write!(out, "<td data-value=\"0\">");
    }
    write!(
        out,
        "<td data-value=\"{value}\">{bytes}<small>{blocks}</small>"
    )
}
