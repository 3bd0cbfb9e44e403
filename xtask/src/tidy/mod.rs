//! `cargo xtask tidy`: the rules that the compiler does not know. Each rule gives problems as text;
//! all of them are printed, so that one run shows everything.

mod licences;
mod rooms;
mod sources;

use crate::terminal::say;
use anyhow::{Result, bail};
use cargo_metadata::MetadataCommand;
use std::path::Path;

/// Checks every rule.
pub fn tidy(root: &Path) -> Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .exec()?;
    let mut problems = rooms::problems(&metadata);
    problems.extend(licences::problems(&metadata));
    problems.extend(sources::problems(root)?);
    problems.sort();
    for problem in &problems {
        say(problem);
    }
    match problems.len() {
        0 => Ok(()),
        1 => bail!("tidy found 1 problem"),
        count => bail!("tidy found {count} problems"),
    }
}
