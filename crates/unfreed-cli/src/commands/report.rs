//! `unfreed report`: the same verdict again, from the recording alone.

use crate::arguments::{FailOn, FlameOf, Report};
use crate::ci_outputs;
use crate::commands::pages;
use crate::exit::ExitCode;
use crate::family;
use crate::judgement::{self, Judged};
use crate::knowledge::Knowledge;
use crate::messages::{self, reason};
use crate::rendering::{self, Shown};
use std::io;
use std::path::{Path, PathBuf};

/// Renders the recording, or every recording of the folder.
pub fn report(typed: &Report) -> ExitCode {
    if let Some((wrong, hint)) = typed.contradiction() {
        messages::error(wrong);
        messages::hint(hint);
        return ExitCode::USAGE;
    }
    let tables = typed.tables();
    let paths = match recordings(&typed.path) {
        Ok(paths) => paths,
        Err(error) => return refuse(&typed.path, &error),
    };
    let knowledge = match Knowledge::load(typed.ci.baseline.as_deref()) {
        Ok(knowledge) => knowledge,
        Err(error) => {
            messages::error(error);
            return ExitCode::FAILED;
        }
    };
    let mut judged = Vec::new();
    let mut complete = true;
    for path in &paths {
        match judgement::judge_as_asked(path, &typed.watch, &tables) {
            Ok(one) => {
                if let Some(damage) = &one.damage {
                    messages::notice(format_args!("{}: {damage}", path.display()));
                }
                judged.push(one);
            }
            Err(error) => {
                messages::error(error);
                complete = false;
            }
        }
    }
    knowledge.mark(&mut judged);
    let least = typed.fail_on.unwrap_or(FailOn::Leak);
    complete &= ci_outputs::write(&typed.ci, &judged, least.into());
    if typed.draws() {
        complete &= draw(typed, &judged);
    }
    if let Err(error) = show(typed, &judged) {
        messages::error(format_args!("cannot write the report: {}", reason(&error)));
        complete = false;
    }
    let found = typed
        .fail_on
        .is_some_and(|least| judged.iter().any(|one| one.has(least.into())));
    match (complete, found) {
        (false, _) => ExitCode::FAILED,
        (true, true) => ExitCode::FOUND,
        (true, false) => ExitCode::SUCCESS,
    }
}

fn recordings(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let found = family::recordings_in(path)?;
    if found.is_empty() {
        return Err(io::Error::other("no recording (*.unfreed) is in it"));
    }
    Ok(found)
}

fn show(typed: &Report, judged: &[Judged]) -> io::Result<()> {
    match (&typed.json, judged) {
        (_, []) => Ok(()),
        (Some(place), _) if typed.path.is_dir() => rendering::write_folder_json(judged, place),
        (Some(place), [one, ..]) => rendering::write_json(one, place),
        (None, _) if !typed.tables().is_empty() => {
            let measure = typed.of.unwrap_or(FlameOf::Live).measure();
            rendering::tables_to_stdout(judged, measure.unwrap_or_default(), typed.limit)
        }
        (None, _) if typed.draws() => Ok(()),
        // Whoever asked for annotations on stdout reads them there.
        (None, _) if typed.ci.has_stdout() => Ok(()),
        (None, _) => {
            let shown = Shown {
                saved: false,
                verbose: typed.verbose,
                every_page: true,
            };
            rendering::family_to_stdout(judged, shown)
        }
    }
}

/// Pages and pictures are of one recording.
fn draw(typed: &Report, judged: &[Judged]) -> bool {
    let [one] = judged else {
        messages::error("pages and pictures are of one recording");
        messages::hint(format_args!(
            "unfreed report {}/NAME.unfreed --html FILE",
            typed.path.display()
        ));
        return false;
    };
    match pages::write(typed, one) {
        Ok(written) => {
            for line in written {
                messages::notice(line);
            }
            true
        }
        Err(error) => {
            messages::error(error);
            false
        }
    }
}

fn refuse(path: &Path, error: &io::Error) -> ExitCode {
    messages::error(format_args!(
        "cannot read {}: {}",
        path.display(),
        reason(error)
    ));
    ExitCode::FAILED
}
