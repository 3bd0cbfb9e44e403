//! `unfreed baseline`: the findings of recordings as a file that later reports are compared with.

use crate::arguments::baseline::Baseline as Typed;
use crate::exit::ExitCode;
use crate::family;
use crate::judgement;
use crate::messages::{self, reason};
use crate::rendering;
use std::path::PathBuf;
use unfreed_analysis::findings::Report;
use unfreed_analysis::known::Baseline;

/// Writes the baseline, or says why not.
pub fn baseline(typed: &Typed) -> ExitCode {
    match write(typed) {
        Ok(count) => {
            let (one, place) = (count == 1, typed.output.display());
            let findings = if one { "finding" } else { "findings" };
            messages::notice(format_args!("{place}: {count} known {findings}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            messages::error(error);
            ExitCode::FAILED
        }
    }
}

fn write(typed: &Typed) -> Result<usize, String> {
    let mut judged = Vec::new();
    for path in recordings(&typed.paths)? {
        judged.push(judgement::judge(&path).map_err(|error| error.to_string())?);
    }
    let reports: Vec<&Report> = judged.iter().map(|one| &one.report).collect();
    let baseline = Baseline::of(&reports);
    let cannot = |why: String| format!("cannot write {}: {why}", typed.output.display());
    let mut document =
        serde_json::to_vec_pretty(&baseline).map_err(|error| cannot(error.to_string()))?;
    document.push(b'\n');
    rendering::write(&document, &typed.output).map_err(|error| cannot(reason(&error)))?;
    Ok(baseline.findings.len())
}

fn recordings(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = family::recordings_in(path)
                .map_err(|error| format!("cannot read {}: {}", path.display(), reason(&error)))?;
            all.extend(found);
        } else {
            all.push(path.clone());
        }
    }
    Ok(all)
}
