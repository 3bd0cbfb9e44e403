//! `unfreed compare`: whether a change made leaks better or worse.

use crate::arguments::compare::Compare;
use crate::exit::ExitCode;
use crate::judgement;
use crate::messages::{self, reason};
use crate::rendering;
use std::path::Path;
use unfreed_analysis::compare::{Change, Comparison, compare as compared};
use unfreed_report::comparison;

/// Compares, or says why not.
pub fn compare(typed: &Compare) -> ExitCode {
    match comparison_of(typed) {
        Ok(comparison) => match comparison.verdict {
            Change::New | Change::Worse => ExitCode::FOUND,
            Change::Unknown => ExitCode::FAILED,
            Change::Same | Change::Better | Change::Gone => ExitCode::SUCCESS,
        },
        Err(error) => {
            messages::error(error);
            ExitCode::FAILED
        }
    }
}

fn comparison_of(typed: &Compare) -> Result<Comparison, String> {
    let judge = |path: &Path| judgement::judge(path).map_err(|error| error.to_string());
    let (before, after) = (judge(&typed.before)?, judge(&typed.after)?);
    if before.report.per != after.report.per {
        return Err("one recording counts by time and the other by calls".to_owned());
    }
    let comparison = compared(&before.report, &after.report);
    let mut document = Vec::new();
    let place = typed.json.as_deref();
    let rendered = match place {
        Some(_) => comparison::render_json(&comparison, &mut document),
        None => comparison::render(&comparison, &mut document),
    };
    let place = place.unwrap_or(Path::new("-"));
    rendered
        .and_then(|()| rendering::write(&document, place))
        .map_err(|error| format!("cannot write {}: {}", place.display(), reason(&error)))?;
    Ok(comparison)
}
