//! Wheels: one for each CPython, all from one cargo target folder, so that only the thin binding is
//! compiled again from one to the next.

use crate::pythons::Python;
use crate::terminal::Step;
use crate::tools::{run, works};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The newest that pyproject.toml allows is not always the one that was tried.
const MATURIN: &str = "maturin==1.16.0";

/// A wheel and the Python it is for.
pub struct Wheel {
    /// The Python.
    pub python: Python,
    /// The file.
    pub path: PathBuf,
}

/// Builds a wheel for each Python into `dist/`, with a cargo profile.
pub fn build(root: &Path, pythons: &[Python], profile: &str) -> Result<Vec<Wheel>> {
    let maturin = maturin(root, pythons)?;
    let dist = root.join("dist");
    pythons
        .iter()
        .map(|python| build_one(root, &maturin, python, profile, &dist))
        .collect()
}

/// A maturin of the project's own.
fn maturin(root: &Path, pythons: &[Python]) -> Result<PathBuf> {
    let venv = root.join("target/pythons/maturin");
    let maturin = venv.join("bin/maturin");
    let wanted = MATURIN.replace("==", " ");
    let there = crate::tools::ask(Command::new(&maturin).arg("--version"));
    if !there.is_ok_and(|said| said == wanted) {
        let step = Step::begin("maturin");
        let python = pythons.iter().find(|python| !python.is_in_tree());
        let python = python.map_or(Path::new("python3"), |python| &python.executable);
        run(Command::new(python)
            .args(["-m", "venv", "--clear"])
            .arg(&venv))?;
        let pip = venv.join("bin/python");
        run(Command::new(pip).args(["-m", "pip", "install", "--quiet", MATURIN]))?;
        step.end();
    }
    Ok(maturin)
}

fn build_one(
    root: &Path,
    maturin: &Path,
    python: &Python,
    profile: &str,
    dist: &Path,
) -> Result<Wheel> {
    let step = Step::begin(format!("wheel for CPython {}", python.version));
    let into = dist.join(profile).join(&python.version);
    let _ = std::fs::remove_dir_all(&into);
    run(Command::new(maturin)
        .current_dir(root)
        .args([
            "build",
            "--quiet",
            "--profile",
            profile,
            "--compatibility",
            "linux",
            "--interpreter",
        ])
        .arg(&python.executable)
        .arg("--out")
        .arg(&into))?;
    let path = only_file(&into)?;
    step.end();
    Ok(Wheel {
        python: python.clone(),
        path,
    })
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let mut entries = std::fs::read_dir(folder)?;
    let entry = entries.next().context("maturin built no wheel")??;
    Ok(entry.path())
}

/// Whether a clean virtual environment can be made with this Python (Debian splits that off).
pub fn makes_venvs(root: &Path, python: &Python) -> bool {
    works(
        python
            .interpreter(root)
            .args(["-c", "import venv, ensurepip"]),
    )
}
