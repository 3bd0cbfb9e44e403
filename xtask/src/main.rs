//! `cargo xtask COMMAND`: what developers and CI run besides cargo itself.

mod checks;
mod pythons;
mod suites;
mod terminal;
mod tidy;
mod tools;
mod wheels;

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND
  test [3.X]...     everything that CI checks: `rust`, then `package`
  rust              formatting, lints, Rust tests, and tidy
  package [3.X]...  the tests of the installed package, on every CPython found here or on those named
  tidy              what the compiler does not check: rooms, unsafe, licences, files
  wheels [3.X]...   a release wheel for every CPython found here or for those named, into dist/";

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = words
        .split_first()
        .map_or(("", &[][..]), |(c, rest)| (c, rest));
    match command {
        "tidy" => tidy::tidy(root()),
        "wheels" => wheels::build(root(), &pythons::chosen(root(), rest)?, "release").map(drop),
        "test" => checks::test(root(), rest),
        "rust" => checks::rust(root()),
        "package" => checks::test_package(root(), rest),
        _ => bail!("no such command\n{USAGE}"),
    }
}

/// The project's folder.
fn root() -> &'static Path {
    static ROOT: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    ROOT.get_or_init(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        manifest.parent().unwrap_or(manifest).to_path_buf()
    })
}
