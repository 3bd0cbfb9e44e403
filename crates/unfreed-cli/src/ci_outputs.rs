//! What a run writes for continuous integration, beside its report.

use crate::arguments::ci::Ci;
use crate::judgement::Judged;
use crate::messages::{self, reason};
use crate::rendering;
use std::io;
use std::path::Path;
use unfreed_analysis::findings::Severity;
use unfreed_report::ci::{CiOptions, Process};
use unfreed_report::{github, junit, sarif};

/// Writes what was asked for. Whether all of it could be; what could not is said.
pub fn write(ci: &Ci, judged: &[Judged], fails: Severity) -> bool {
    let processes: Vec<Process<'_>> = judged
        .iter()
        .map(|one| Process {
            report: &one.report,
            folder: &one.folder,
        })
        .collect();
    let root = root();
    let options = CiOptions { root: &root, fails };
    let mut complete = true;
    if let Some(path) = &ci.junit {
        complete &= to(path, |out| junit::render(&processes, options, out));
    }
    if let Some(path) = &ci.sarif {
        complete &= to(path, |out| sarif::render(&processes, options, out));
    }
    if ci.github {
        complete &= to(Path::new("-"), |out| {
            github::render(&processes, options, out)
        });
    }
    complete
}

/// The checkout: GitHub says which folder it is, elsewhere it is where the command was typed.
fn root() -> String {
    let named = std::env::var("GITHUB_WORKSPACE")
        .ok()
        .filter(|path| path.starts_with('/'));
    named.unwrap_or_else(|| {
        let here = std::env::current_dir().unwrap_or_default();
        here.to_string_lossy().into_owned()
    })
}

fn to(path: &Path, render: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> bool {
    let mut document = Vec::new();
    let written = render(&mut document).and_then(|()| rendering::write(&document, path));
    match written {
        Ok(()) => true,
        Err(error) => {
            let (path, why) = (path.display(), reason(&error));
            messages::error(format_args!("cannot write {path}: {why}"));
            false
        }
    }
}
