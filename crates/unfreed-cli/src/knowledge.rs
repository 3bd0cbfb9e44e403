//! What is known before a report is made: the baseline that was named, and the suppressions of the nearest
//! `pyproject.toml`. Reads both; what they mean is the analysis's.

use crate::judgement::Judged;
use crate::messages::{self, reason};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use unfreed_analysis::findings::Report;
use unfreed_analysis::known::{Baseline, Suppression, suppress};

/// The version of baselines that this version reads.
const MAJOR: &str = "1.";

/// What is known.
#[derive(Debug, Default)]
pub struct Knowledge {
    baseline: Option<Baseline>,
    suppressions: Vec<Suppression>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    tool: Tools,
}

#[derive(Default, Deserialize)]
struct Tools {
    #[serde(default)]
    unfreed: Settings,
}

/// `[tool.unfreed]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    suppress: Vec<Suppression>,
}

impl Knowledge {
    /// Reads the baseline at `baseline` and the suppressions of the project that the current folder is in.
    /// An error is a sentence.
    pub fn load(baseline: Option<&Path>) -> Result<Self, String> {
        Ok(Self {
            baseline: baseline.map(read_baseline).transpose()?,
            suppressions: match project() {
                Some(path) => read_suppressions(&path)?,
                None => Vec::new(),
            },
        })
    }

    /// Marks the findings of a family.
    pub fn mark(&self, judged: &mut [Judged]) {
        let mut reports: Vec<&mut Report> = judged.iter_mut().map(|one| &mut one.report).collect();
        for report in &mut reports {
            suppress(report, &self.suppressions);
        }
        if let Some(baseline) = &self.baseline {
            baseline.mark(&mut reports);
        }
    }
}

fn read_baseline(path: &Path) -> Result<Baseline, String> {
    let cannot = |why: String| format!("cannot use the baseline {}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| cannot(reason(&error)))?;
    let baseline: Baseline =
        serde_json::from_str(&text).map_err(|error| cannot(error.to_string()))?;
    if !baseline.baseline_version.starts_with(MAJOR) {
        return Err(cannot(format!(
            "its version is {}",
            baseline.baseline_version
        )));
    }
    Ok(baseline)
}

/// The nearest `pyproject.toml` above the current folder.
fn project() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut places = here.ancestors().map(|folder| folder.join("pyproject.toml"));
    places.find(|path| path.is_file())
}

/// A file that is no TOML is somebody else's trouble; what is wrong with our part is ours.
fn read_suppressions(path: &Path) -> Result<Vec<Suppression>, String> {
    let cannot = |why: String| format!("cannot use [tool.unfreed] of {}: {why}", path.display());
    let Ok(text) = std::fs::read_to_string(path) else {
        return Ok(Vec::new());
    };
    if !text.contains("unfreed") {
        return Ok(Vec::new());
    }
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            let why = error.message();
            messages::notice(format_args!(
                "{} is no TOML ({why}); its suppressions are not known",
                path.display()
            ));
            return Ok(Vec::new());
        }
    };
    let project: Project = table
        .try_into()
        .map_err(|error: toml::de::Error| cannot(error.message().to_owned()))?;
    let suppressions = project.tool.unfreed.suppress;
    for (index, suppression) in suppressions.iter().enumerate() {
        if let Some(fault) = suppression.fault() {
            return Err(cannot(format!("suppression {} {fault}", index + 1)));
        }
    }
    Ok(suppressions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Suppression>, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().join("pyproject.toml");
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
        read_suppressions(&path)
    }

    #[test]
    fn suppressions_are_read() {
        let text = "[project]\nname = \"shop\"\n[tool.other]\nx = 1\n\
            [[tool.unfreed.suppress]]\nkind = \"container\"\nmatches = \"*CACHE\"\nreason = \"bounded\"\n\
            [[tool.unfreed.suppress]]\nid = \"592d321a3b8f\"\nreason = \"#12\"\n";
        let suppressions = read(text).unwrap_or_default();
        assert_eq!(suppressions.len(), 2);
        assert_eq!(suppressions[1].id.as_deref(), Some("592d321a3b8f"));
    }

    #[test]
    fn a_reason_is_a_must() {
        let text = "[[tool.unfreed.suppress]]\nid = \"592d321a3b8f\"\n";
        assert!(read(text).is_err_and(|error| error.contains("reason")));
        let text = "[[tool.unfreed.suppress]]\nid = \"592d321a3b8f\"\nreason = \" \"\n";
        assert!(read(text).is_err_and(|error| error.contains("suppression 1 needs a reason")));
    }

    #[test]
    fn a_typing_error_is_not_silent() {
        let text = "[tool.unfreed]\nsupress = []\n";
        assert!(read(text).is_err_and(|error| error.contains("supress")));
    }

    #[test]
    fn a_project_without_us_is_fine() {
        assert_eq!(read("[tool.black]\nline-length = 100\n"), Ok(Vec::new()));
        assert_eq!(read("this is no TOML, unfreed or not"), Ok(Vec::new()));
    }
}
