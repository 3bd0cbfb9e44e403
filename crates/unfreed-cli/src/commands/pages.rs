//! What `unfreed report` draws of one recording: the page, the flame graph and the plot over time.

use crate::arguments::{FlameOf, Report as Typed};
use crate::commands::opened::{parse, read};
use crate::judgement::Judged;
use crate::messages::reason;
use crate::{naming, rendering};
use std::path::Path;
use unfreed_analysis::break_down;
use unfreed_analysis::breakdown::By;
use unfreed_analysis::questions::{allocations, timeline};
use unfreed_report::flame::Split;
use unfreed_report::{flame, html, plot};

/// Characters of the plot in the terminal.
const SHORT: usize = 60;

/// Writes what was asked for; says which files.
pub fn write(typed: &Typed, judged: &Judged) -> Result<Vec<String>, String> {
    let bytes = read(&judged.path)?;
    let recording = parse(&judged.path, &bytes)?;
    let source = naming::named(&recording);
    let stacks = allocations(&source);
    let tree = |split: Split| flame::tree(&stacks, &judged.report, split);
    let line = timeline(&source);
    let mut written = Vec::new();
    let mut put = |place: &Path, document: Vec<u8>| {
        rendering::write(&document, place)
            .map_err(|error| format!("cannot write {}: {}", place.display(), reason(&error)))?;
        written.push(format!("{}: {} bytes", place.display(), document.len()));
        Ok::<(), String>(())
    };
    let told = |error: std::io::Error| error.to_string();
    if let Some(place) = &typed.html {
        let pictures = html::Pictures {
            flame: &tree(Split::Merged),
            by_thread: &tree(Split::Thread),
            timeline: &line,
            tables: &break_down(
                &stacks,
                &recording.process,
                &[By::Site, By::Function, By::Library],
            ),
        };
        let mut page = Vec::new();
        html::render(&judged.report, &pictures, &judged.folder, &mut page).map_err(told)?;
        put(place, page)?;
    }
    if let Some(place) = &typed.flame {
        let mut picture = Vec::new();
        let root = tree(typed.split());
        let of = typed.of.unwrap_or(FlameOf::Live);
        flame::render_svg(&root, of.index(), &mut picture).map_err(told)?;
        put(place, picture)?;
    }
    if let Some(place) = &typed.plot {
        put(place, plotted(&line, place)?)?;
        written.push(format!("resident set {}", plot::line(&line, SHORT)));
        let marks = plot::mark_lines(&line, SHORT);
        written.extend(marks.iter().map(|row| format!("             {row}")));
    }
    Ok(written)
}

fn plotted(line: &unfreed_analysis::questions::Timeline, place: &Path) -> Result<Vec<u8>, String> {
    let ending = place.extension().and_then(|ending| ending.to_str());
    let mut picture = Vec::new();
    match ending {
        Some("png") => plot::render_png(line).map_err(|error| error.to_string()),
        Some("svg") => {
            plot::render_svg(line, &mut picture).map_err(|error| error.to_string())?;
            Ok(picture)
        }
        _ => Err(format!(
            "cannot tell the form of the plot from the name {}; it may end in .svg or .png",
            place.display()
        )),
    }
}
