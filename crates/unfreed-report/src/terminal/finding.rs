//! One finding of the terminal report: the line with its figures, the summary, then its rows. Aligns the
//! findings with one another; finds none.

use std::io;

use anstyle::Style;
use unfreed_analysis::findings::{Finding, Kind, Per};

use super::rows::Rows;
use super::{TerminalOptions, palette};
use crate::page::Page;
use crate::quantity;
use crate::styled::Text;

/// The columns in which findings line up.
pub struct Columns {
    number: usize,
    severity: usize,
    figures: [usize; 3],
    per: Per,
}

impl Columns {
    /// Wide enough for all of them.
    pub fn over(findings: &[&Finding], per: Per) -> Self {
        let mut figures_width = [0; 3];
        let mut severity = 0;
        for finding in findings {
            severity = severity.max(palette::severity(finding.severity).0.len());
            for (width, figure) in figures_width.iter_mut().zip(figures(finding, per)) {
                *width = (*width).max(figure.chars().count());
            }
        }
        Self {
            number: findings.len().to_string().len(),
            severity,
            figures: figures_width,
            per,
        }
    }

    fn indent(&self) -> usize {
        self.number + 2
    }
}

pub fn render(
    finding: &Finding,
    number: usize,
    columns: &Columns,
    options: &TerminalOptions,
    page: &mut Page<'_>,
) -> io::Result<()> {
    first_line(finding, number, columns, page)?;
    let indent = columns.indent();
    if !finding.summary.is_empty() {
        page.hanging(
            &Text::plain(&" ".repeat(indent)),
            &Text::plain(&finding.summary),
        )?;
    }
    Rows {
        indent,
        options,
        page,
    }
    .render(finding)
}

/// `1  LEAK  growing container STORE      +412 MiB   +2.1 MiB/s   97 % of growth`; the figures go on a
/// line of their own where the title leaves no room.
fn first_line(
    finding: &Finding,
    number: usize,
    columns: &Columns,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let (word, style) = palette::severity(finding.severity);
    let mut lead = Text::plain(&format!("{number:>width$}  ", width = columns.number));
    lead.push(word, style);
    lead.push(
        &" ".repeat(columns.severity.saturating_sub(word.len()) + 2),
        Style::new(),
    );
    let title = Text::styled(&finding.title, palette::STRONG);
    let figures = figures_text(finding, columns);
    let mut left = lead.clone();
    left.append(&title);
    if figures.is_empty() || left.width() + 3 + figures.width() <= page.width() {
        if left.width() <= page.width() {
            return page.ends(&left, &figures);
        }
        return page.hanging(&lead, &title);
    }
    page.hanging(&lead, &title)?;
    page.ends(&Text::default(), &figures)
}

fn figures_text(finding: &Finding, columns: &Columns) -> Text {
    let figures = figures(finding, columns.per);
    if figures.iter().all(String::is_empty) {
        return Text::default();
    }
    let padded: Vec<String> = figures
        .iter()
        .zip(columns.figures)
        .filter(|(_, width)| *width > 0)
        .map(|(figure, width)| format!("{figure:>width$}"))
        .collect();
    Text::styled(&padded.join("   "), palette::STRONG)
}

/// What it gained, how fast, and its share of the whole growth; empty where there is nothing to say.
fn figures(finding: &Finding, per: Per) -> [String; 3] {
    let growth = &finding.growth;
    let (gained, rate) = if counts_matter(finding) {
        let speed = growth.objects_per_second;
        let rate = match per {
            Per::Second => quantity::count_rate(speed),
            Per::Call => quantity::count_a_call(speed),
        };
        (quantity::signed_count(growth.objects), rate)
    } else {
        let speed = growth.bytes_per_second;
        let rate = match per {
            Per::Second => quantity::byte_rate(speed),
            Per::Call => quantity::bytes_a_call(speed),
        };
        let gained = quantity::signed_bytes_within(growth.bytes, growth.bytes_margin);
        (gained, rate)
    };
    let share = if growth.share > 0.0 {
        format!("{} of growth", quantity::share(growth.share))
    } else {
        String::new()
    };
    let nothing = growth.bytes == 0 && growth.objects == 0;
    [if nothing { String::new() } else { gained }, rate, share]
}

/// Descriptors and threads are counted, and so is what has no size.
fn counts_matter(finding: &Finding) -> bool {
    finding.kind == Kind::Resource || (finding.growth.bytes == 0 && finding.growth.objects != 0)
}
