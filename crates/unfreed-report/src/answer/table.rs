//! An answer on a terminal: the sentence first, then the table, then what the table leaves out and
//! what to ask next. Numbers stand to the right; a text that is too long is cut in its middle.

use std::io;

use unfreed_analysis::questions::{Answer, Cell, Column, HeapFacts, Unit};

use crate::page::Page;
use crate::quantity;
use crate::styled::Text;
use crate::terminal::palette;

/// Space between two columns.
const GAP: usize = 2;
/// Least width of a text column that still says something.
const LEAST: usize = 12;
/// Indent of what stands below a row.
const INDENT: usize = 4;
/// Spaces for each level of a tree.
const LEVEL: usize = 2;

/// Writes the answer, in lines of at most `width` columns. `file` is what `unfreed heap` was given.
///
/// # Errors
/// Those of `out`.
pub fn render(
    answer: &Answer,
    facts: &HeapFacts,
    file: &str,
    width: usize,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(out, width);
    page.hanging(
        &Text::default(),
        &Text::styled(&answer.heading, palette::STRONG),
    )?;
    if !answer.rows.is_empty() {
        page.blank()?;
        Table::new(answer, width).render(answer, &mut page)?;
    }
    if let Some(left) = &answer.left_out {
        let mut said = format!("… and {} more", quantity::count(left.rows));
        if left.bytes > 0 {
            said.push_str(&format!(" ({})", quantity::bytes(left.bytes)));
        }
        said.push_str("; --limit N shows more");
        page.hanging(&Text::default(), &Text::styled(&said, palette::QUIET))?;
    }
    page.blank()?;
    page.hanging(
        &Text::default(),
        &Text::styled(&footer(facts), palette::QUIET),
    )?;
    for next in &answer.next {
        let ask = format!("unfreed heap {file} {next}");
        page.hanging(&Text::styled("next: ", palette::LABEL), &Text::plain(&ask))?;
    }
    Ok(())
}

fn footer(facts: &HeapFacts) -> String {
    let mut said = format!(
        "{} objects, {} references, {} · coverage: {} of references explained",
        quantity::count(facts.objects),
        quantity::count(facts.references),
        quantity::bytes(facts.bytes),
        quantity::share(facts.coverage),
    );
    if facts.pause_seconds > 0.0 {
        said.push_str(&format!(
            " · pause {}",
            quantity::pause(facts.pause_seconds * 1e3)
        ));
    }
    said
}

/// Columns as they are laid out: a depth column is the indent of the text after it.
struct Table {
    widths: Vec<usize>,
    cells: Vec<Vec<String>>,
}

impl Table {
    fn new(answer: &Answer, width: usize) -> Self {
        let mut cells = vec![names(&answer.columns)];
        cells.extend(answer.rows.iter().map(|row| texts(&answer.columns, row)));
        let units = shown(&answer.columns);
        let mut widths: Vec<usize> = (0..units.len())
            .map(|index| {
                cells
                    .iter()
                    .map(|row| columns_of(&row[index]))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let room = width.saturating_sub(GAP * units.len().saturating_sub(1));
        // The widest text column gives until all fit.
        while widths.iter().sum::<usize>() > room {
            let widest = (0..units.len())
                .filter(|&index| units[index] == Unit::Text && widths[index] > LEAST)
                .max_by_key(|&index| widths[index]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
        }
        Self { widths, cells }
    }

    fn render(&self, answer: &Answer, page: &mut Page<'_>) -> io::Result<()> {
        let units = shown(&answer.columns);
        for (number, row) in self.cells.iter().enumerate() {
            let mut line = Text::default();
            for (index, cell) in row.iter().enumerate() {
                let text = Text::styled(
                    cell,
                    if number == 0 {
                        palette::LABEL
                    } else {
                        Default::default()
                    },
                );
                let text = text.elided(self.widths[index]);
                let space = " ".repeat(self.widths[index].saturating_sub(text.width()));
                let last = index + 1 == row.len();
                if units[index] == Unit::Text {
                    line.append(&text);
                    line.push(if last { "" } else { &space }, Default::default());
                } else {
                    line.push(&space, Default::default());
                    line.append(&text);
                }
                if !last {
                    line.push(&" ".repeat(GAP), Default::default());
                }
            }
            page.ends(&line, &Text::default())?;
            if let Some(row) = number
                .checked_sub(1)
                .and_then(|index| answer.rows.get(index))
            {
                prose(&answer.columns, row, page)?;
            }
        }
        Ok(())
    }
}

/// What stands below a row.
fn prose(columns: &[Column], row: &[Cell], page: &mut Page<'_>) -> io::Result<()> {
    for (column, cell) in columns.iter().zip(row) {
        if column.unit == Unit::Prose
            && let Some(text) = cell.text()
            && !text.is_empty()
        {
            let lead = Text::plain(&" ".repeat(INDENT));
            page.hanging(&lead, &Text::styled(text, palette::QUIET))?;
        }
    }
    Ok(())
}

fn columns_of(cell: &str) -> usize {
    Text::plain(cell).width()
}

/// Units of the columns that are shown in the row itself.
fn shown(columns: &[Column]) -> Vec<Unit> {
    let units = columns.iter().map(|column| column.unit);
    units
        .filter(|unit| !matches!(unit, Unit::Depth | Unit::Prose))
        .collect()
}

fn names(columns: &[Column]) -> Vec<String> {
    let shown = columns
        .iter()
        .filter(|column| !matches!(column.unit, Unit::Depth | Unit::Prose));
    shown.map(|column| column.name.replace('_', " ")).collect()
}

fn texts(columns: &[Column], row: &[Cell]) -> Vec<String> {
    let mut indent = 0;
    let mut shown = Vec::new();
    for (column, cell) in columns.iter().zip(row) {
        match (column.unit, cell) {
            (Unit::Depth, Cell::Number(depth)) => indent = *depth as usize * LEVEL,
            (Unit::Prose, _) => {}
            (_, Cell::Text(_) | Cell::Path(_)) => {
                let text = cell.text().unwrap_or_default();
                shown.push(format!("{:1$}{text}", "", std::mem::take(&mut indent)));
            }
            (Unit::Bytes, Cell::Number(number)) => shown.push(quantity::bytes(*number)),
            (_, Cell::Number(number)) => shown.push(quantity::count(*number)),
            (Unit::ByteChange, Cell::Change(change)) => shown.push(quantity::signed_bytes(*change)),
            (_, Cell::Change(change)) => shown.push(quantity::signed_count(*change)),
            (_, Cell::Share(share)) => shown.push(quantity::share(*share)),
        }
    }
    shown
}
