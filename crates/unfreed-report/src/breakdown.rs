//! What was allocated, by site, function or library: tables for the terminal and for the page. A row names its place
//! first, since places are long; its figures stand below, in columns.

use std::cmp::Reverse;
use std::io;

use unfreed_analysis::breakdown::{Breakdown, By, Estimate, Figures, Row, Whose};
use unfreed_analysis::findings::Report;

use crate::page::Page;
use crate::styled::Text;
use crate::terminal::palette;
use crate::{place, quantity};

/// Columns before a figure.
const LEAD: usize = 14;
/// Space between two groups of figures.
const GAP: usize = 3;
/// Narrower pages than this are not tried.
const LEAST_WIDTH: usize = 40;

/// What a table is ordered by and its shares are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Live at the end.
    #[default]
    Live,
    /// Live at the peak.
    Peak,
    /// Freed again.
    Temporary,
    /// Allocated since the start.
    Allocated,
}

impl Measure {
    /// Its estimate.
    #[must_use]
    pub fn of(self, figures: &Figures) -> Estimate {
        match self {
            Self::Live => figures.live,
            Self::Peak => figures.peak,
            Self::Temporary => figures.temporary,
            Self::Allocated => figures.allocated,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Live => "live at the end",
            Self::Peak => "live at the peak",
            Self::Temporary => "freed again",
            Self::Allocated => "allocated",
        }
    }
}

/// How tables are shown.
#[derive(Clone, Debug)]
pub struct Options {
    /// Columns that no line exceeds; at least 40.
    pub width: u16,
    /// Files below it are told from there.
    pub directory: String,
    /// What rows go by.
    pub measure: Measure,
    /// Most rows of a table.
    pub most: usize,
}

/// Writes the tables that a report has.
///
/// # Errors
/// Those of `out`.
pub fn render(report: &Report, options: &Options, out: &mut impl io::Write) -> io::Result<()> {
    let width = usize::from(options.width).max(LEAST_WIDTH);
    let mut page = Page::new(out, width);
    for (index, breakdown) in report.allocations.iter().enumerate() {
        if index > 0 {
            page.blank()?;
        }
        table(&report.program.name, breakdown, options, &mut page)?;
    }
    Ok(())
}

/// Rows in the order of a measure, without those that have nothing of it themselves or by what they call.
pub(crate) fn ordered(breakdown: &Breakdown, measure: Measure) -> Vec<&Row> {
    let bytes = |figures: &Figures| measure.of(figures).bytes;
    let rows = breakdown.rows.iter();
    let mut rows: Vec<&Row> = rows.filter(|row| bytes(&row.total) > 0).collect();
    rows.sort_by_key(|row| Reverse((bytes(&row.own), bytes(&row.total))));
    rows
}

/// What a row is called.
pub(crate) fn name(row: &Row, by: By, directory: &str, most: usize) -> String {
    if row.whose == Whose::Unknown {
        return "(no call is known)".to_owned();
    }
    match by {
        By::Library => match row.whose {
            Whose::StandardLibrary => format!("{} (standard library)", row.library),
            Whose::Native => format!("{} (C code)", row.library),
            _ => row.library.clone(),
        },
        _ if row.native.is_empty() => place::frame(&row.frame, directory, most),
        _ => format!(
            "{}  ←  {}",
            row.native,
            place::frame(&row.frame, directory, most)
        ),
    }
}

/// What the figures of a table are worth, in sentences.
pub(crate) fn remarks(breakdown: &Breakdown) -> String {
    let worth = match (breakdown.exact, breakdown.has_margins) {
        (true, _) => "Every block was followed: figures are exact.".to_owned(),
        (false, true) => format!(
            "Estimates from samples, one in {} on average; ± is how far they may be off in 95 of 100 cases.",
            quantity::bytes(breakdown.sample_bytes)
        ),
        (false, false) => {
            "Estimates from samples; this recording does not tell how far they may be off."
                .to_owned()
        }
    };
    let peak = quantity::duration(breakdown.peak_seconds);
    let columns = match breakdown.by {
        By::Site => "",
        _ => " Total is with all that it calls.",
    };
    format!("{worth} The peak was after {peak}.{columns}")
}

fn table(
    program: &str,
    breakdown: &Breakdown,
    options: &Options,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let (what, many) = match breakdown.by {
        By::Site => ("site", "sites"),
        By::Function => ("function", "functions"),
        By::Library => ("library", "libraries"),
    };
    let measure = options.measure;
    let heading = format!(
        "{program}: allocations by {what}, most {} first",
        measure.name()
    );
    page.hanging(&Text::default(), &Text::styled(&heading, palette::STRONG))?;
    let all = ordered(breakdown, measure);
    let (shown, left_out) = all.split_at(options.most.min(all.len()));
    if all.is_empty() {
        let none = Text::plain("Nothing was seen.");
        page.hanging(&Text::default(), &none)?;
    } else {
        page.blank()?;
        let whole = ("all", &breakdown.whole, &breakdown.whole);
        let named: Vec<(String, &Row)> = shown
            .iter()
            .map(|row| {
                let room = page.width().saturating_sub(8);
                (name(row, breakdown.by, &options.directory, room), *row)
            })
            .collect();
        let rows = named
            .iter()
            .map(|(name, row)| (name.as_str(), &row.own, &row.total));
        let rows: Vec<_> = [whole].into_iter().chain(rows).collect();
        Columns::over(&rows, measure, page.width()).render(&rows, &breakdown.whole, page)?;
    }
    if !left_out.is_empty() {
        let bytes = left_out.iter().fold(0_u64, |sum, row| {
            sum.saturating_add(measure.of(&row.own).bytes)
        });
        let count = quantity::count(left_out.len() as u64);
        let said = format!(
            "… and {count} more {} ({} {}); --limit N shows more, --json FILE has all",
            if left_out.len() == 1 { what } else { many },
            quantity::bytes(bytes),
            measure.name(),
        );
        page.hanging(&Text::default(), &Text::styled(&said, palette::QUIET))?;
    }
    page.blank()?;
    let remarks = remarks(breakdown);
    page.hanging(&Text::default(), &Text::styled(&remarks, palette::QUIET))
}

/// Figures of a table as columns, or as lines where the page is too narrow for them.
struct Columns {
    measure: Measure,
    shown: Vec<Measure>,
    /// Width of bytes and of blocks, by measure.
    widths: Vec<[usize; 2]>,
    is_wide: bool,
}

impl Columns {
    fn over(rows: &[(&str, &Figures, &Figures)], measure: Measure, width: usize) -> Self {
        let mut shown = vec![Measure::Live, Measure::Peak, Measure::Temporary];
        if measure == Measure::Allocated {
            shown.push(Measure::Allocated);
        }
        let widths: Vec<[usize; 2]> = shown
            .iter()
            .map(|measure| {
                let figures = rows.iter().flat_map(|(_, own, total)| [*own, *total]);
                let mut widths = ["bytes".len(), "blocks".len()];
                for figures in figures {
                    let cells = cells(measure.of(figures));
                    for (width, cell) in widths.iter_mut().zip(cells) {
                        *width = (*width).max(cell.chars().count());
                    }
                }
                // The name of the group stands over both.
                let missing = measure
                    .name()
                    .len()
                    .saturating_sub(widths[0] + widths[1] + 2);
                [widths[0] + missing, widths[1]]
            })
            .collect();
        let groups: usize = widths
            .iter()
            .map(|[bytes, blocks]| bytes + 2 + blocks)
            .sum();
        let is_wide = LEAD + groups + GAP * (shown.len() - 1) <= width;
        Self {
            measure,
            shown,
            widths,
            is_wide,
        }
    }

    fn render(
        &self,
        rows: &[(&str, &Figures, &Figures)],
        whole: &Figures,
        page: &mut Page<'_>,
    ) -> io::Result<()> {
        if self.is_wide {
            self.heading(page)?;
        }
        let all = self.measure.of(whole).bytes.max(1) as f64;
        for (name, own, total) in rows {
            // Where a row has nothing of its own, its share is that of what it calls.
            let told = if self.measure.of(own).bytes > 0 {
                own
            } else {
                total
            };
            let share = quantity::share(self.measure.of(told).bytes as f64 / all);
            let lead = format!("{share:>5}  ");
            let title =
                Text::styled(name, palette::STRONG).elided(page.width() - lead.chars().count());
            let mut line = Text::plain(&lead);
            line.append(&title);
            page.ends(&line, &Text::default())?;
            if own == total {
                self.figures("", own, page)?;
            } else {
                if self.measure.of(own).bytes > 0 {
                    self.figures("self", own, page)?;
                }
                self.figures("total", total, page)?;
            }
        }
        Ok(())
    }

    fn heading(&self, page: &mut Page<'_>) -> io::Result<()> {
        let groups = self.shown.iter().zip(&self.widths);
        let names = groups.clone().map(|(measure, [bytes, blocks])| {
            format!("{:>1$}", measure.name(), bytes + 2 + blocks)
        });
        let units = groups
            .map(|(_, &[bytes, blocks])| format!("{:>bytes$}  {:>blocks$}", "bytes", "blocks"));
        for line in [names.collect::<Vec<_>>(), units.collect()] {
            let text = format!("{:LEAD$}{}", "", line.join(&" ".repeat(GAP)));
            page.ends(&Text::styled(&text, palette::LABEL), &Text::default())?;
        }
        Ok(())
    }

    fn figures(&self, label: &str, figures: &Figures, page: &mut Page<'_>) -> io::Result<()> {
        let groups: Vec<(&Measure, String)> = self
            .shown
            .iter()
            .zip(&self.widths)
            .map(|(measure, &[bytes, blocks])| {
                let [of_bytes, of_blocks] = cells(measure.of(figures));
                (measure, format!("{of_bytes:>bytes$}  {of_blocks:>blocks$}"))
            })
            .collect();
        let mut line = Text::styled(&format!("       {label:<7}"), palette::LABEL);
        if self.is_wide {
            let groups: Vec<String> = groups.into_iter().map(|(_, group)| group).collect();
            line.push(&groups.join(&" ".repeat(GAP)), Default::default());
            return page.ends(&line, &Text::default());
        }
        for (index, (measure, _)) in groups.into_iter().enumerate() {
            let [bytes, blocks] = cells(measure.of(figures));
            let text = format!("{} {bytes} in {blocks} blocks", measure.name());
            let lead = if index == 0 {
                line.clone()
            } else {
                Text::plain(&" ".repeat(LEAD))
            };
            page.hanging(&lead, &Text::plain(&text))?;
        }
        Ok(())
    }
}

/// `12.3 MiB ± 0.8` and `45,210`. Of how far counts may be off the JSON tells.
pub(crate) fn cells(estimate: Estimate) -> [String; 2] {
    [
        quantity::bytes_within(estimate.bytes, estimate.bytes_margin),
        quantity::count(estimate.blocks),
    ]
}
