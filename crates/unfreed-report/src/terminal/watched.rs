//! Watched classes in the terminal report: how many live, who made them, how old they are. Words what the model has.

use std::io;

use unfreed_analysis::findings::{Age, Watched};

use super::{TerminalOptions, palette};
use crate::page::Page;
use crate::styled::Text;
use crate::wrap::{Separator, flow};
use crate::{place, plot, quantity};

/// Places shown when not verbose.
const FEW_PLACES: usize = 3;
/// Looks drawn.
const DRAWN: usize = 40;
/// Width of a row's name, with the space after it.
const LABEL: usize = 13;
const INDENT: usize = 3;

pub fn render(
    watched: &[Watched],
    options: &TerminalOptions,
    page: &mut Page<'_>,
) -> io::Result<()> {
    for one in watched {
        page.blank()?;
        let label = format!("Watched {}: ", one.class);
        let text = Text::plain(&summary(one));
        page.hanging_by(&Text::styled(&label, palette::STRONG), INDENT, &text)?;
        rows(one, options, page)?;
    }
    Ok(())
}

/// `1204 alive (94 KiB) · +960 since the first of 12 looks: 1000 born, 40 died`.
pub fn summary(one: &Watched) -> String {
    let (Some(first), Some(last)) = (one.looks.first(), one.looks.last()) else {
        return "no look at the heap was taken".to_owned();
    };
    let sum = |of: fn(&unfreed_analysis::findings::Look) -> u64| {
        one.looks
            .iter()
            .skip(1)
            .map(of)
            .fold(0, u64::saturating_add)
    };
    let (born, died) = (sum(|look| look.born), sum(|look| look.died));
    if one.looks.iter().all(|look| look.alive == 0) {
        let looks = quantity::counted(one.looks.len() as u64, "look", "looks");
        return format!("no instance at {looks}");
    }
    let about = if one.exact { "" } else { "about " };
    format!(
        "{} alive ({}) · {} since the first of {}: {about}{} born, {about}{} died",
        quantity::count(last.alive),
        quantity::bytes(one.bytes),
        quantity::signed_count(last.alive as i64 - first.alive as i64),
        quantity::counted(one.looks.len() as u64, "look", "looks"),
        quantity::count(born),
        quantity::count(died),
    )
}

/// `0: 3 · 1: 12 · 2 to 3: 40`, in epochs.
pub fn ages(ages: &[Age]) -> Vec<String> {
    let told = ages.iter().map(|age| {
        let count = quantity::count(age.alive);
        if age.epochs_from == age.epochs_to {
            format!("{}: {count}", age.epochs_from)
        } else {
            format!("{} to {}: {count}", age.epochs_from, age.epochs_to)
        }
    });
    told.collect()
}

fn rows(one: &Watched, options: &TerminalOptions, page: &mut Page<'_>) -> io::Result<()> {
    let levels: Vec<u64> = one.looks.iter().map(|look| look.alive).collect();
    if levels.len() > 1 && levels.iter().any(|&alive| alive > 0) {
        row("alive", &Text::plain(&plot::levels(&levels, DRAWN)), page)?;
    }
    if !one.ages.is_empty() {
        let items = ages(&one.ages).iter().map(|age| Text::plain(age)).collect();
        row("age, epochs", &flow(items, Separator::Trailing("·")), page)?;
    }
    let most = if options.verbose {
        usize::MAX
    } else {
        FEW_PLACES
    };
    for (index, origin) in one.origins.iter().take(most).enumerate() {
        let label = if index == 0 { "made at" } else { "" };
        let room = page.width().saturating_sub(INDENT + LABEL + 12);
        let told = if origin.stack.is_empty() {
            "no line of Python".to_owned()
        } else {
            place::frame(&origin.frame, &options.directory, room)
        };
        let text = format!("{} {told}", quantity::count(origin.alive));
        row(label, &Text::plain(&text), page)?;
        if options.verbose {
            for frame in origin.stack.iter().skip(1) {
                let caller = format!("  ← {}", place::frame(frame, &options.directory, room));
                row("", &Text::plain(&caller), page)?;
            }
        }
    }
    let left_out = one.origins.len().saturating_sub(most);
    if left_out > 0 {
        let text = quantity::counted(left_out as u64, "more place", "more places");
        row("", &Text::plain(&text), page)?;
    }
    if one.unknown > 0 {
        let text = format!(
            "{} of which no birth was seen",
            quantity::count(one.unknown)
        );
        row("", &Text::plain(&text), page)?;
    }
    Ok(())
}

fn row(label: &str, text: &Text, page: &mut Page<'_>) -> io::Result<()> {
    let mut lead = Text::plain(&" ".repeat(INDENT));
    lead.push(&format!("{label:<LABEL$}"), palette::LABEL);
    page.hanging(&lead, text)
}
