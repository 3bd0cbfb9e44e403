//! Allocation stacks in the forms of other tools.

use crate::arguments::export::Export;
use crate::commands::opened::{parse, read};
use crate::messages::reason;
use crate::{naming, rendering};
use std::io;
use std::path::Path;
use unfreed_analysis::questions::allocations;
use unfreed_report::profile;

/// Writes the forms that were asked for; gives what was written, in words.
pub fn write(typed: &Export) -> Result<Vec<String>, String> {
    let forms = [
        &typed.pprof,
        &typed.collapsed,
        &typed.speedscope,
        &typed.csv,
    ];
    if forms.iter().all(|form| form.is_none()) {
        return Ok(Vec::new());
    }
    let bytes = read(&typed.path)?;
    let recording = parse(&typed.path, &bytes)?;
    let found = allocations(&naming::named(&recording));
    if found.stacks.is_empty() {
        return Err(format!(
            "{} has no allocation stacks (the program ended before the first)",
            typed.path.display()
        ));
    }
    let name = typed.path.to_string_lossy();
    let mut written = Vec::new();
    let mut put = |place: &Option<_>, render: &dyn Fn(&mut Vec<u8>) -> io::Result<()>| {
        let Some(place) = place else {
            return Ok(());
        };
        let place: &std::path::PathBuf = place;
        to(place, render)?;
        if place != Path::new("-") {
            written.push(format!(
                "{}: {} stacks",
                place.display(),
                found.stacks.len()
            ));
        }
        Ok::<(), String>(())
    };
    put(&typed.pprof, &|out| profile::render_pprof(&found, out))?;
    put(&typed.collapsed, &|out| {
        profile::render_collapsed(&found, out)
    })?;
    put(&typed.speedscope, &|out| {
        profile::render_speedscope(&found, &name, out)
    })?;
    put(&typed.csv, &|out| profile::render_csv(&found, out))?;
    Ok(written)
}

fn to(place: &Path, render: &dyn Fn(&mut Vec<u8>) -> io::Result<()>) -> Result<(), String> {
    let mut document = Vec::new();
    render(&mut document)
        .and_then(|()| rendering::write(&document, place))
        .map_err(|error| format!("cannot write {}: {}", place.display(), reason(&error)))
}
