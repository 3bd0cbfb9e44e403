//! The rows of a finding: who holds it, who made it, what fills it, what to do. Orders and words facts,
//! and shows fewer of them where the page asks for that; finds none.

use std::io;

use anstyle::Style;
use unfreed_analysis::findings::{
    Advice, AllocatedAt, Filling, Finding, Frame, Growth, Kind, Known, KnownStatus, Severity, Trend,
};

use super::{TerminalOptions, held_by, palette};
use crate::page::Page;
use crate::styled::Text;
use crate::wrap::{Separator, flow};
use crate::{place, quantity};

/// Width of a row's name, with the space after it.
const LABEL: usize = 13;
/// Places, callers, types and holders' lives shown when not verbose.
const FEW_LIVES: usize = 2;
const FEW_PLACES: usize = 2;
const FEW_CALLERS: usize = 2;
/// Share from which a place that is sure is the answer.
const CLEAR: f64 = 0.5;
/// Calls in C code that are shown.
const FEW_NATIVES: usize = 2;
const FEW_TYPES: usize = 3;

/// The rows below the summary.
pub struct Rows<'a, 'b> {
    /// Columns before a row's name.
    pub indent: usize,
    /// What to show.
    pub options: &'a TerminalOptions,
    /// Where to.
    pub page: &'a mut Page<'b>,
}

impl Rows<'_, '_> {
    /// All rows that have something to say.
    pub fn render(mut self, finding: &Finding) -> io::Result<()> {
        if self.options.verbose {
            self.growth(finding)?;
        }
        self.held_by(finding)?;
        self.made_at(place::label(finding), &finding.allocated_at)?;
        self.filled_with(&finding.filled_with)?;
        self.known(&finding.known)?;
        self.advice(&finding.advice)
    }

    fn known(&mut self, known: &Known) -> io::Result<()> {
        let mut items = match known.status {
            KnownStatus::Unmarked => Vec::new(),
            KnownStatus::New => vec![Text::plain("new: not in the baseline")],
            KnownStatus::Known => vec![Text::plain("in the baseline")],
            KnownStatus::Suppressed => vec![Text::plain(&format!("suppressed: {}", known.reason))],
        };
        if !known.upstream.is_empty() {
            items.push(Text::plain(&known.upstream));
        }
        if items.is_empty() {
            return Ok(());
        }
        self.row(
            "known",
            palette::LABEL,
            &flow(items, Separator::Trailing("·")),
        )
    }

    /// Columns for what a row says.
    fn room(&self) -> usize {
        self.page.width() - self.indent - LABEL
    }

    fn row(&mut self, label: &str, style: Style, text: &Text) -> io::Result<()> {
        let mut lead = Text::plain(&" ".repeat(self.indent));
        lead.push(&format!("{label:<LABEL$}"), style);
        self.page.hanging(&lead, text)
    }

    fn growth(&mut self, finding: &Finding) -> io::Result<()> {
        let growth = &finding.growth;
        let items = vec![
            Text::plain(trend(growth.trend)),
            Text::plain(&intervals(growth)),
            Text::plain(&format!("{} sure", quantity::share(growth.confidence))),
            Text::plain(&format!("id {}", finding.id)),
        ];
        self.row(
            "growth",
            palette::LABEL,
            &flow(items, Separator::Trailing("·")),
        )
    }

    fn held_by(&mut self, finding: &Finding) -> io::Result<()> {
        let Some(held) = &finding.held_by else {
            if finding.kind == Kind::Cycle && finding.severity != Severity::Note {
                let text = "nothing but itself: its objects hold one another";
                return self.row("held by", palette::LABEL, &Text::plain(text));
            }
            return Ok(());
        };
        let most = if self.options.verbose {
            usize::MAX
        } else {
            2 * self.room()
        };
        self.row("held by", palette::LABEL, &held_by::path(held, most))?;
        if let Some(root) = held_by::root(held) {
            self.row("", palette::LABEL, &root)?;
        }
        let most = if self.options.verbose {
            usize::MAX
        } else {
            FEW_LIVES
        };
        for life in held_by::lives(held, most) {
            self.row("", palette::LABEL, &life)?;
        }
        Ok(())
    }

    fn made_at(&mut self, name: &str, places: &[AllocatedAt]) -> io::Result<()> {
        let most = if self.options.verbose {
            places.len()
        } else {
            FEW_PLACES
        };
        let told = self.worth_telling(places);
        for (index, place) in told.iter().take(most).enumerate() {
            let label = if index == 0 { name } else { "" };
            let mut text = Text::default();
            if told.len() > 1 {
                text.push(
                    &format!("{:>4}  ", quantity::share(place.share)),
                    Style::new(),
                );
            }
            if place.may_be_reused {
                text.push("perhaps ", palette::QUIET);
            }
            let lead = text.width();
            text = text.glued();
            if self.options.verbose && place.stack.len() > 1 {
                self.whole_stack(label, &text, &place.stack)?;
            } else {
                text.append(&self.short_stack(place, self.room().saturating_sub(lead)));
                self.row(label, palette::LABEL, &text)?;
            }
            if !place.frame.source.is_empty() {
                let line = quantity::cut(&place.frame.source, self.room().saturating_sub(lead));
                let mut text = Text::plain(&" ".repeat(lead)).glued();
                text.append(&Text::styled(&line, palette::QUIET).glued());
                self.row("", palette::LABEL, &text)?;
            }
        }
        if told.iter().take(most).any(|place| place.may_be_reused) {
            self.row(
                "",
                palette::LABEL,
                &Text::styled(place::REUSED, palette::QUIET),
            )?;
        }
        Ok(())
    }

    /// Where a place that is sure has most of the bytes, those that are not say nothing more. Places whose lines are the
    /// same to the reader are one.
    fn worth_telling(&self, places: &[AllocatedAt]) -> Vec<AllocatedAt> {
        let is_clear = !self.options.verbose
            && places
                .first()
                .is_some_and(|first| !first.may_be_reused && first.share >= CLEAR);
        let mut told: Vec<AllocatedAt> = Vec::new();
        for place in places
            .iter()
            .filter(|place| !is_clear || !place.may_be_reused)
        {
            let is_alike = |known: &&mut AllocatedAt| {
                known.frame == place.frame
                    && known.may_be_reused == place.may_be_reused
                    && place::within(known).eq(place::within(place))
                    && natives(known) == natives(place)
            };
            match told.iter_mut().find(is_alike) {
                Some(known) if !self.options.verbose => known.share += place.share,
                _ => told.push(place.clone()),
            }
        }
        told
    }

    fn whole_stack(&mut self, label: &str, lead: &Text, stack: &[Frame]) -> io::Result<()> {
        for (depth, frame) in stack.iter().enumerate() {
            let mut text = lead.clone();
            if depth > 0 {
                text = Text::plain(&" ".repeat(lead.width())).glued();
                text.push("←\u{a0}\u{a0}", Style::new());
            }
            let place = place::frame(frame, &self.options.directory, self.room());
            text.append(&Text::plain(&place).glued());
            self.row(if depth == 0 { label } else { "" }, palette::LABEL, &text)?;
        }
        Ok(())
    }

    /// C code that allocated, the lines of packages that lead to it, the frame to name, and those that called that, the
    /// person's own code before libraries.
    fn short_stack(&self, place: &AllocatedAt, room: usize) -> Text {
        let directory = &self.options.directory;
        let shown = |frame: &Frame| Text::plain(&place::frame(frame, directory, room));
        let mut items: Vec<Text> = natives(place).into_iter().map(shown).collect();
        items.extend(place::within(place).map(shown));
        items.push(shown(&place.frame));
        let lead = items.len() - 1;
        let start = place.stack.iter().position(|frame| *frame == place.frame);
        let callers = start.map_or(&[][..], |named| &place.stack[named + 1..]);
        let own = callers.iter().any(|frame| !place::is_library(&frame.file));
        let mut skipped = false;
        for frame in callers {
            if items.len() > lead + FEW_CALLERS {
                break;
            }
            if own && place::is_library(&frame.file) {
                skipped = true;
                continue;
            }
            let mark = if skipped { "…  ←  " } else { "" };
            let shown = place::frame(frame, directory, room.saturating_sub(9));
            items.push(Text::plain(&format!("{mark}{shown}")));
            skipped = false;
        }
        flow(items, Separator::Leading("←"))
    }

    fn filled_with(&mut self, fillings: &[Filling]) -> io::Result<()> {
        if fillings.is_empty() {
            return Ok(());
        }
        let most = if self.options.verbose {
            fillings.len()
        } else {
            FEW_TYPES
        };
        let mut items: Vec<Text> = fillings.iter().take(most).map(filling).collect();
        if let Some(more @ 1..) = fillings.len().checked_sub(most) {
            let more = quantity::counted(more as u64, "more type", "more types");
            items.push(Text::plain(&more));
        }
        self.row(
            "filled with",
            palette::LABEL,
            &flow(items, Separator::Trailing("·")),
        )
    }

    fn advice(&mut self, advice: &Advice) -> io::Result<()> {
        if !advice.text.is_empty() {
            self.row("do this", palette::REMEDY, &Text::plain(&advice.text))?;
        }
        for line in advice.snippet.trim_end().lines() {
            let line = line.replace('\t', "    ");
            let code = line.trim_start();
            if code.is_empty() {
                self.page.blank()?;
            } else {
                let depth = line.len() - code.len();
                let code = Text::plain(code);
                self.page.code(self.indent + LABEL + 2, &code, depth)?;
            }
        }
        Ok(())
    }
}

/// The functions of C code that allocated, and the one that Python code called.
fn natives(place: &AllocatedAt) -> Vec<&Frame> {
    let natives = place.stack.iter();
    let mut shown: Vec<&Frame> = natives
        .take_while(|frame| !frame.library.is_empty())
        .collect();
    if shown.len() > FEW_NATIVES {
        shown.drain(FEW_NATIVES..shown.len() - 1);
    }
    shown
}

/// `app.models.Session +36,864 (310 MiB)`.
fn filling(filling: &Filling) -> Text {
    let objects = quantity::signed_count(filling.objects);
    let mut text = format!("{} {objects}", filling.type_name);
    if filling.bytes != 0 {
        text += &format!(" ({})", quantity::bytes(filling.bytes.unsigned_abs()));
    }
    Text::plain(&text)
}

fn intervals(growth: &Growth) -> String {
    let judged = quantity::counted(u64::from(growth.intervals), "interval", "intervals");
    format!("grew in {} of {judged}", growth.intervals_grown)
}

fn trend(trend: Trend) -> &'static str {
    match trend {
        Trend::Steady => "steady",
        Trend::Plateau => "grew and stopped",
        Trend::SawTooth => "grows and falls back",
        Trend::Step => "grew once",
        Trend::Flat => "does not grow",
        Trend::Falling => "shrinks",
        Trend::NotEnoughEvidence => "too few readings",
    }
}

#[cfg(test)]
mod tests {
    use super::{AllocatedAt, Frame, natives};

    #[test]
    fn the_function_that_python_called_is_shown_however_deep_it_lies() {
        let shown = |depth: u32| -> Vec<u32> {
            let native = |line| Frame {
                library: "/v/thumb.so".to_owned(),
                line,
                ..Frame::default()
            };
            let mut stack: Vec<Frame> = (1..=depth).map(native).collect();
            stack.push(Frame::default());
            let place = AllocatedAt {
                stack,
                ..AllocatedAt::default()
            };
            natives(&place).iter().map(|frame| frame.line).collect()
        };
        assert_eq!(shown(0), [0; 0]);
        assert_eq!(shown(2), [1, 2]);
        assert_eq!(shown(3), [1, 2, 3]);
        assert_eq!(shown(9), [1, 2, 9]);
    }
}
