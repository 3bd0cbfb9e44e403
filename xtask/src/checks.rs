//! `cargo xtask test`: everything that CI checks, in the order in which mistakes are cheapest.

use crate::pythons::Python;
use crate::terminal::{Step, say};
use crate::tools::{cargo, run, works};
use crate::{pythons, suites, tidy, wheels};
use anyhow::{Result, bail};
use std::path::Path;

/// Cargo profile of the wheels that are tested: optimised like a release, linked faster.
const PROFILE: &str = "tested";

/// Checks everything, with the Pythons of the named versions, or all.
pub fn test(root: &Path, versions: &[String]) -> Result<()> {
    // First, since what is missing on the machine should be known before the first minute is over.
    let pythons = usable_pythons(root, versions)?;
    rust(root)?;
    package(root, &pythons)?;
    say("everything passed");
    Ok(())
}

/// Checks the installed package only.
pub fn test_package(root: &Path, versions: &[String]) -> Result<()> {
    package(root, &usable_pythons(root, versions)?)
}

fn usable_pythons(root: &Path, versions: &[String]) -> Result<Vec<Python>> {
    let step = Step::begin("Pythons");
    let pythons = pythons::chosen(root, versions)?;
    if let Some(python) = pythons
        .iter()
        .find(|python| !wheels::makes_venvs(root, python))
    {
        bail!(
            "CPython {0} cannot make virtual environments; on Debian: apt install python{0}-venv",
            python.version
        );
    }
    step.end();
    Ok(pythons)
}

fn package(root: &Path, pythons: &[Python]) -> Result<()> {
    suites::run(root, &wheels::build(root, pythons, PROFILE)?)
}

/// Checks all that needs no Python.
pub fn rust(root: &Path) -> Result<()> {
    let all = ["--workspace", "--all-targets", "--quiet"];
    cargo_step(root, "formatting", &["fmt", "--all", "--check"], &[])?;
    cargo_step(
        root,
        "lints",
        &["clippy"],
        &[&all[..], &["--", "-D", "warnings"]].concat(),
    )?;
    if works(cargo().args(["nextest", "--version"])) {
        let options = [
            "nextest",
            "run",
            "--workspace",
            "--status-level",
            "fail",
            "--no-fail-fast",
        ];
        cargo_step(root, "Rust tests", &options, &[])?;
        cargo_step(
            root,
            "Rust examples in documents",
            &["test", "--doc", "--workspace", "--quiet"],
            &[],
        )?;
    } else {
        cargo_step(root, "Rust tests", &["test", "--workspace", "--quiet"], &[])?;
    }
    let step = Step::begin("tidy");
    tidy::tidy(root)?;
    step.end();
    Ok(())
}

fn cargo_step(root: &Path, name: &str, words: &[&str], more: &[&str]) -> Result<()> {
    let step = Step::begin(name);
    run(cargo().current_dir(root).args(words).args(more))?;
    step.end();
    Ok(())
}
