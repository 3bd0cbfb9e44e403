//! `unfreed heap`: questions to one snapshot of a recording.

mod picture;

use crate::arguments::heap::{By, DiffBy, Heap, Question};
use crate::commands::opened::{parse, pick, read};
use crate::exit::ExitCode;
use crate::live::differing_sites;
use crate::messages::{self, reason};
use crate::{naming, progress, rendering};
use std::io;
use std::path::Path;
use unfreed_analysis::findings::Frame;
use unfreed_analysis::questions::{self, Answer, Collector, Coverage, GroupBy, Selection, View};
use unfreed_analysis::source::EvidenceSource;

/// Answers the question, or says why not.
pub fn heap(typed: &Heap) -> ExitCode {
    let what = format!("Reading {}", typed.path.display());
    match progress::during(&what, || answer(typed)) {
        Ok(Said::Text(text)) => written(rendering::write(text.as_bytes(), Path::new("-"))),
        Ok(Said::Picture(drawn)) => written(drawn.write()),
        Ok(Said::Answer(answer, facts)) => {
            let file = typed.path.display().to_string();
            let place = typed.json.as_deref();
            written(rendering::answer(&answer, &facts, &file, place))
        }
        Err(error) => {
            messages::error(error);
            ExitCode::FAILED
        }
    }
}

enum Said {
    Answer(Answer, questions::HeapFacts),
    /// Already in the form that was asked for.
    Text(String),
    Picture(picture::Drawn),
}

fn written(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // `| head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            messages::error(format_args!("cannot write the answer: {}", reason(&error)));
            ExitCode::FAILED
        }
    }
}

fn answer(typed: &Heap) -> Result<Said, String> {
    let bytes = read(&typed.path)?;
    let recording = parse(&typed.path, &bytes)?;
    let snapshot = pick(&typed.path, &recording, typed.snapshot)?;
    let collector = Collector::of_snapshot(&snapshot, &recording.counters);
    let view = View::new(&snapshot, &recording.process)?.with_collector(collector);
    let most = typed.limit;
    let select = |objects: &[String]| {
        let names = objects.iter().map(String::as_str);
        Selection::find_all(&view, names).map_err(|error| error.to_string())
    };
    let evidence = naming::named(&recording);
    let frames = |stack| -> Vec<Frame> { EvidenceSource::frames(&evidence, stack) };
    let answer = match typed.question.as_ref().unwrap_or(&Question::Suspects) {
        Question::Suspects => questions::suspects(&view, &frames),
        Question::Census { by } => match group(*by) {
            Some(by) => questions::census(&view, by, most),
            None => questions::sites(&view, &frames, Coverage::Samples, most),
        },
        Question::Path { objects } => questions::paths(&view, &select(objects)?, most),
        Question::Retained { objects } => questions::retained(&view, &select(objects)?, most),
        Question::Referrers { objects } => questions::referrers(&view, &select(objects)?, most),
        Question::Referents { objects } => questions::referents(&view, &select(objects)?, most),
        Question::Picture(asked) => {
            let selection = select(&asked.objects)?;
            return picture::draw(&view, &selection, asked).map(Said::Picture);
        }
        Question::Dominators {
            folded: true,
            least,
        } => {
            return Ok(Said::Text(questions::folded(
                &view,
                f64::from(*least) / 100.0,
            )));
        }
        Question::Dominators {
            folded: false,
            least,
        } => questions::dominators(&view, most, f64::from(*least) / 100.0),
        Question::Cycles => questions::cycles(&view, most),
        Question::Waste => questions::waste(&view, most),
        Question::Unexplained => questions::unexplained(&view, most),
        Question::Diff {
            other,
            other_snapshot,
            by,
        } => {
            let bytes = read(other)?;
            let recording = parse(other, &bytes)?;
            let snapshot = pick(other, &recording, *other_snapshot)?;
            let after = View::new(&snapshot, &recording.process)?;
            let named = naming::named(&recording);
            let sides = ((&view, &evidence, &*typed.path), (&after, &named, &**other));
            match by {
                DiffBy::Type => questions::difference(&view, &after, GroupBy::Type, most),
                DiffBy::Path => questions::difference(&view, &after, GroupBy::Path, most),
                DiffBy::Site => differing_sites(sides.0, sides.1, most)?,
            }
        }
    };
    let facts = view.facts();
    Ok(Said::Answer(answer, facts))
}

/// How a census of objects groups; `None` for the lines that made them.
fn group(by: By) -> Option<GroupBy> {
    match by {
        By::Type => Some(GroupBy::Type),
        By::Module => Some(GroupBy::Module),
        By::Root => Some(GroupBy::Root),
        By::Path => Some(GroupBy::Path),
        By::Site => None,
    }
}
