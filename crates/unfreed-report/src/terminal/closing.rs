//! The end of the terminal report: where the memory is, what is no leak, what the collector noted, what
//! was saved and how far the evidence reaches. Adds nothing to the findings.

use std::io;

use anstyle::Style;
use unfreed_analysis::findings::{Accounting, Evidence, Finding, KnownStatus, Report, Severity};

use super::{TerminalOptions, palette};
use crate::page::Page;
use crate::quantity;
use crate::styled::Text;
use crate::wrap::{Separator, flow};

/// Free memory of malloc that is worth a word, bytes.
const WORTH_TRIMMING: u64 = 8 << 20;
/// Notes shown when not verbose.
const FEW_NOTES: usize = 6;

pub fn render(report: &Report, options: &TerminalOptions, page: &mut Page<'_>) -> io::Result<()> {
    let_pass(report, options, page)?;
    accounting(&report.accounting, page)?;
    let notes = report
        .findings
        .iter()
        .filter(|one| one.severity == Severity::Note);
    not_leaks(&notes.collect::<Vec<_>>(), options, page)?;
    for note in &report.evidence.notes {
        page.hanging(&Text::styled("Note: ", palette::LABEL), &Text::plain(note))?;
    }
    children(&report.evidence.children, page)?;
    evidence(&report.evidence, options, page)
}

/// What a baseline or a suppression lets pass, and what of a baseline is gone.
fn let_pass(report: &Report, options: &TerminalOptions, page: &mut Page<'_>) -> io::Result<()> {
    if !options.verbose {
        for finding in report.findings.iter().filter(|one| !one.counts()) {
            let named = format!("{} (id {})", finding.title, finding.id);
            match finding.known.status {
                KnownStatus::Suppressed => {
                    let text = format!("{named}: {}", finding.known.reason);
                    labelled("Suppressed: ", &Text::plain(&text), page)?;
                }
                _ => labelled("Known: ", &Text::plain(&named), page)?,
            }
        }
    }
    for gone in &report.baseline.fixed {
        let text = format!("{} (id {}) is gone", gone.title, gone.id);
        labelled("Fixed: ", &Text::plain(&text), page)?;
    }
    Ok(())
}

/// `Where the 612 MiB are: Python objects 431 · native blocks in use 92 · …`
fn accounting(accounting: &Accounting, page: &mut Page<'_>) -> io::Result<()> {
    if accounting.rss == 0 {
        return Ok(());
    }
    let named = [
        ("Python objects", accounting.python_objects),
        ("native blocks in use", accounting.native_in_use),
        ("allocator holds but free", accounting.allocator_free),
        ("code and files", accounting.code_and_files),
        ("other mappings", accounting.other_mappings),
        ("unfreed itself", accounting.own),
    ];
    let (total, numbers) = quantity::parts(accounting.rss, &named.map(|(_, bytes)| bytes));
    let items = named
        .iter()
        .zip(numbers)
        .filter(|(_, number)| !number.is_empty())
        .map(|((name, _), number)| Text::plain(&format!("{name} {number}")))
        .collect();
    let mut items: Vec<Text> = items;
    if accounting.malloc_free >= WORTH_TRIMMING {
        let free = quantity::bytes(accounting.malloc_free);
        items.push(Text::plain(&format!(
            "malloc_trim might return up to {free}"
        )));
    }
    let label = format!("Where the {total} are: ");
    labelled(&label, &flow(items, Separator::Trailing("·")), page)
}

/// On one line where two fit there, else one line each.
fn not_leaks(notes: &[&Finding], options: &TerminalOptions, page: &mut Page<'_>) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    let label = "Not leaks: ";
    if options.verbose {
        page.hanging(&Text::default(), &Text::styled(label, palette::LABEL))?;
        return notes.iter().try_for_each(|note| {
            let said = if note.summary.is_empty() {
                &note.title
            } else {
                &note.summary
            };
            let text = format!("{said} (id {})", note.id);
            page.hanging_by(&Text::plain("  "), 4, &Text::plain(&text))
        });
    }
    let short: Vec<Text> = notes
        .iter()
        .take(FEW_NOTES)
        .map(|note| condensed(note))
        .collect();
    let row = flow(short.clone(), Separator::Trailing("·"));
    if notes.len() == 1 || label.len() + row.width() <= page.width() {
        return labelled(label, &row, page);
    }
    page.hanging(&Text::default(), &Text::styled(label, palette::LABEL))?;
    for text in short {
        let room = page.width() - 2;
        page.hanging(&Text::plain("  "), &cut(text, room))?;
    }
    match notes.len().saturating_sub(FEW_NOTES) {
        0 => Ok(()),
        more => page.hanging(
            &Text::plain("  "),
            &Text::plain(&format!("and {more} more")),
        ),
    }
}

/// The first sentence of the summary, without its full stop.
fn condensed(note: &Finding) -> Text {
    let summary = note.summary.trim();
    if summary.is_empty() {
        return Text::plain(&note.title);
    }
    let first = summary.find(". ").map_or(summary, |end| &summary[..end]);
    Text::plain(first.strip_suffix('.').unwrap_or(first))
}

/// Cut at the end, as a sentence is read from its start.
fn cut(text: Text, most: usize) -> Text {
    if text.width() <= most {
        return text;
    }
    let fits = crate::styled::fitting(text.characters.iter(), most.saturating_sub(1));
    let mut short = Text {
        characters: text.characters[..fits].to_vec(),
    };
    short.push("…", Style::new());
    short
}

/// More children than this are counted, not named.
const MOST_CHILDREN: usize = 8;

fn children(children: &[u32], page: &mut Page<'_>) -> io::Result<()> {
    if children.is_empty() {
        return Ok(());
    }
    let pids = children
        .iter()
        .take(MOST_CHILDREN)
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let text = match children.len() {
        1 => format!("process {pids} has a recording of its own"),
        2..=MOST_CHILDREN => format!("processes {pids} have recordings of their own"),
        count => format!("{count} processes ({pids}, …) have recordings of their own"),
    };
    labelled("Children: ", &Text::plain(&text), page)
}

/// `Saved app.unfreed (8.1 MiB) · … · coverage: 99.1 % of references explained · …`
fn evidence(evidence: &Evidence, options: &TerminalOptions, page: &mut Page<'_>) -> io::Result<()> {
    let mut items = Vec::new();
    if let Some(saved) = &options.saved_as {
        let path = shell_word(&saved.path);
        items.push(Text::plain(&format!(
            "Saved {path} ({})",
            quantity::bytes(saved.bytes)
        )));
        items.push(Text::plain(&format!(
            "unfreed report {path} shows this again"
        )));
    }
    if evidence.snapshots > 0 && evidence.coverage > 0.0 {
        let covered = quantity::percent(evidence.coverage * 100.0);
        items.push(Text::plain(&format!(
            "coverage: {covered} of references explained"
        )));
    }
    items.extend(pauses(evidence));
    if options.verbose {
        let objects = quantity::counted(evidence.objects, "object", "objects");
        items.push(Text::plain(&format!("{objects} in the last snapshot")));
        items.push(Text::plain(&sampled(evidence)));
    }
    let mut row = flow(items, Separator::Trailing("·"));
    for (_, style) in &mut row.characters {
        *style = palette::QUIET;
    }
    page.hanging_by(&Text::default(), 2, &row)
}

/// How many blocks stand behind what is said of allocations.
pub fn sampled(evidence: &Evidence) -> String {
    if evidence.exact {
        let blocks = quantity::counted(evidence.samples, "live block", "live blocks");
        return format!("every block followed, {blocks} at the end");
    }
    let samples = quantity::counted(evidence.samples, "sample", "samples");
    format!("{samples} of live allocations")
}

/// `7 snapshots, longest pause 42 ms`, `all pauses 0.8 % of the run`.
fn pauses(evidence: &Evidence) -> Vec<Text> {
    let snapshots = quantity::counted(u64::from(evidence.snapshots), "snapshot", "snapshots");
    let longest = quantity::pause(evidence.longest_pause_ms);
    let percent = quantity::percent(evidence.pause_percent);
    let items = match evidence.snapshots {
        0 => vec![snapshots],
        1 => vec![format!(
            "{snapshots}, pause {longest} ({percent} of the run)"
        )],
        _ => vec![
            format!("{snapshots}, longest pause {longest}"),
            format!("all pauses {percent} of the run"),
        ],
    };
    items.iter().map(|item| Text::plain(item)).collect()
}

fn labelled(label: &str, text: &Text, page: &mut Page<'_>) -> io::Result<()> {
    page.hanging_by(&Text::styled(label, palette::LABEL), 2, text)
}

/// The path as it can be typed.
fn shell_word(path: &str) -> String {
    let plain = |one: char| one.is_alphanumeric() || "/._-+=:@%,".contains(one);
    if !path.is_empty() && path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}
