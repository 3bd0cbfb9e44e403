//! The head of the terminal report: what ran, how its memory went, and the answer. Repeats the words of
//! the verdict and judges nothing.

use std::io;

use anstyle::Style;
use unfreed_analysis::findings::{Memory, Report, Status};

use super::palette;
use crate::page::Page;
use crate::styled::Text;
use crate::wrap::{Separator, flow};
use crate::{quantity, verdict};

/// Spaces by which a second line of the head is indented.
const INDENT: usize = 2;
/// How far above both ends a peak is worth telling.
const MUCH_HIGHER: f64 = 1.1;

pub fn render(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    page.hanging_by(&Text::default(), INDENT, &head(report))?;
    if let Some(answer) = answer(report) {
        page.hanging(&Text::default(), &answer)?;
    }
    if !report.program.ended {
        page.hanging(&Text::default(), &cut_off(report))?;
    }
    Ok(())
}

/// `unfreed 0.1 · app.py · python 3.12 · 3 m 12 s · RSS 84 → 612 MiB · growth is steady …`
fn head(report: &Report) -> Text {
    let program = &report.program;
    let mut items = vec![
        Text::styled(
            &format!("unfreed {}", two_parts(&report.unfreed_version)),
            palette::QUIET,
        ),
        Text::styled(&program.name, palette::STRONG),
    ];
    if !program.python.is_empty() {
        items.push(Text::plain(&format!(
            "python {}",
            two_parts(&program.python)
        )));
    }
    items.push(Text::plain(&quantity::duration(program.seconds)));
    items.extend(resident(&report.memory));
    if report.verdict.status == Status::Leak {
        items.push(Text::plain(&report.verdict.sentence));
    }
    flow(items, Separator::Trailing("·"))
}

/// `RSS 84 → 612 MiB`, with the peak where it was much higher than the end.
fn resident(memory: &Memory) -> Option<Text> {
    if memory.rss_last == 0 {
        return None;
    }
    let mut text = format!(
        "RSS {}",
        quantity::byte_range(memory.rss_first, memory.rss_last)
    );
    let ends = memory.rss_first.max(memory.rss_last);
    if memory.rss_peak as f64 > MUCH_HIGHER * ends as f64 {
        text += &format!(" (peak {})", quantity::bytes(memory.rss_peak));
    }
    Some(Text::plain(&text))
}

/// The verdict where no finding of severity leak speaks for itself.
fn answer(report: &Report) -> Option<Text> {
    let style = match report.verdict.status {
        Status::Leak => return None,
        Status::Clean => palette::GOOD,
        Status::Warning | Status::NotEnoughEvidence => palette::CAREFUL,
    };
    let (opening, rest) = verdict::in_two(report);
    let mut text = Text::styled(&opening, style);
    text.push(&rest, Style::new());
    if !rest.ends_with(['.', '!', '?']) {
        text.push(".", Style::new());
    }
    let says_how_long = report.verdict.sentence.contains("run ");
    if report.verdict.status == Status::NotEnoughEvidence && !says_how_long {
        text.push(
            " Run it for longer, under the load that makes it grow.",
            Style::new(),
        );
    }
    Some(text)
}

fn cut_off(report: &Report) -> Text {
    let after = quantity::duration(report.program.seconds);
    let mut text = Text::styled("Cut off", palette::CAREFUL);
    let rest = format!(
        ": the recording stops after {after} without an end; {} was killed or is still running. \
         Everything up to then counts.",
        report.program.name
    );
    text.push(&rest, Style::new());
    text
}

/// `3.12` of `3.12.1`.
fn two_parts(version: &str) -> String {
    version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}
