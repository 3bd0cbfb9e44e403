//! The CPythons that unfreed supports, and where they are on this machine.

use crate::terminal::say;
use crate::tools::{ask, run, works};
use anyhow::{Context, Result, bail};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every minor version that is supported. `requires-python` in pyproject.toml says the same.
pub const SUPPORTED: [&str; 7] = ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"];

/// Prints the version, and fails for what is not a plain CPython with its headers' build data.
const PROBE: &str = "import sys, sysconfig; \
    assert sys.implementation.name == 'cpython' and not sysconfig.get_config_var('Py_GIL_DISABLED'); \
    print('%d.%d' % sys.version_info[:2])";

/// A CPython that can be run.
#[derive(Clone, Debug)]
pub struct Python {
    /// `3.12`.
    pub version: String,
    /// A program that acts as this Python for a build, and says that it is itself.
    pub executable: PathBuf,
    /// The script that enters the tree it is in, if it is in one of its own.
    enter: Option<PathBuf>,
}

impl Python {
    /// Runs `program` where this Python is, in the project's folder.
    pub fn command(&self, root: &Path, program: &Path) -> Command {
        let mut command = match &self.enter {
            Some(enter) => Command::new(enter),
            None => Command::new(program),
        };
        if self.enter.is_some() {
            command.arg(root).arg(program);
        }
        command.current_dir(root);
        command
    }

    /// Whether it is in a tree of its own, so that what it installs runs only there.
    pub fn is_in_tree(&self) -> bool {
        self.enter.is_some()
    }

    /// Runs the Python itself.
    pub fn interpreter(&self, root: &Path) -> Command {
        match self.enter {
            Some(_) => self.command(root, Path::new(&format!("python{}", self.version))),
            None => self.command(root, &self.executable),
        }
    }
}

/// The Pythons whose versions are `wanted`, all that are here if none is. Names those that are
/// missing; in CI, a missing one is a failure.
pub fn chosen(root: &Path, wanted: &[String]) -> Result<Vec<Python>> {
    if let Some(unknown) = wanted
        .iter()
        .find(|each| !SUPPORTED.contains(&each.as_str()))
    {
        bail!(
            "{unknown} is not supported; it is one of {}",
            SUPPORTED.join(", ")
        );
    }
    let is_wanted = |version: &&str| wanted.is_empty() || wanted.iter().any(|each| each == version);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for version in SUPPORTED.into_iter().filter(is_wanted) {
        match find(root, version)? {
            Some(python) => found.push(python),
            None => missing.push(version),
        }
    }
    for python in &found {
        say(&format!(
            "   CPython {}: {}",
            python.version,
            python.executable.display()
        ));
    }
    if !missing.is_empty() {
        let names = missing.join(", ");
        if in_ci() || !wanted.is_empty() {
            bail!("no CPython {names} on this machine");
        }
        say(&format!(
            "   not on this machine, so not tested: CPython {names}"
        ));
    }
    if found.is_empty() {
        bail!(
            "no CPython from {} to {} on this machine",
            SUPPORTED[0],
            SUPPORTED[6]
        );
    }
    Ok(found)
}

/// Whether this is CI, which insists on every version.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn find(root: &Path, version: &str) -> Result<Option<Python>> {
    let candidates = of_pyenv(version).into_iter().chain(on_path(version));
    for executable in candidates {
        if is_version(&executable, version) {
            return Ok(Some(Python {
                version: version.to_owned(),
                executable,
                enter: None,
            }));
        }
    }
    in_tree(root, version)
}

fn is_version(executable: &Path, version: &str) -> bool {
    ask(Command::new(executable).args(["-c", PROBE])).is_ok_and(|said| said == version)
}

/// `python3.X`, and `python3` in case it is one, without the shims of pyenv: those run whatever
/// the folder they are called in says.
fn on_path(version: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path)
        .filter(|folder| !folder.ends_with(".pyenv/shims"))
        .collect();
    let names = [format!("python{version}"), "python3".to_owned()];
    let all = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.filter(|executable| executable.exists()).collect()
}

fn of_pyenv(version: &str) -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").unwrap_or_default();
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let versions = pyenv
        .unwrap_or_else(|| Path::new(&home).join(".pyenv"))
        .join("versions");
    let entries = std::fs::read_dir(versions).into_iter().flatten().flatten();
    let prefix = format!("{version}.");
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path().join("bin/python3"))
        .collect();
    found.sort();
    found
}

/// A Debian tree with the newest Pythons, where the workplace has a script that makes one. Nobody
/// else's clone has it; they install what they want tested.
fn in_tree(root: &Path, version: &str) -> Result<Option<Python>> {
    let Some(enter) = tree(root)? else {
        return Ok(None);
    };
    let python = format!("python{version}");
    if !works(Command::new(&enter).arg(root).args([&python, "--version"])) {
        return Ok(None);
    }
    let executable = wrapper(root, &enter, &python)?;
    Ok(Some(Python {
        version: version.to_owned(),
        executable,
        enter: Some(enter),
    }))
}

/// The script that runs a command in the tree, which is made now if this is CI.
fn tree(root: &Path) -> Result<Option<PathBuf>> {
    let script = root.join("../shared/tools/newer-pythons.sh");
    let home = std::env::var_os("HOME").unwrap_or_default();
    let enter = Path::new(&home).join(".cache/unfreed/forky/enter");
    if !enter.exists() {
        if !(in_ci() && script.exists()) {
            return Ok(None);
        }
        say("   making a tree with the newest Pythons");
        run(Command::new("bash").arg(&script).stdout(std::io::stderr()))
            .context("the newest Pythons could not be had")?;
    }
    Ok(Some(enter))
}

/// A program that is the tree's Python for whoever runs it. Builds ask a Python where it is and then
/// call that; so it says that it is this program.
fn wrapper(root: &Path, enter: &Path, python: &str) -> Result<PathBuf> {
    let folder = root.join("target/pythons/bin");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(python);
    let (root, enter, own) = (root.display(), enter.display(), path.display());
    let script = format!(
        "#!/bin/sh\nexec '{enter}' '{root}' bash -c 'exec -a {own} {python} \"$@\"' {python} \"$@\"\n"
    );
    std::fs::write(&path, script)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pyproject_supports_the_same_versions() -> Result<()> {
        let pyproject = std::fs::read_to_string(crate::root().join("pyproject.toml"))?;
        assert!(pyproject.contains("requires-python = \">=3.9,<3.16\""));
        for version in SUPPORTED {
            let classifier = format!("\"Programming Language :: Python :: {version}\"");
            assert!(pyproject.contains(&classifier), "{classifier}");
        }
        Ok(())
    }

    #[test]
    fn an_unsupported_version_is_refused() {
        let error = chosen(crate::root(), &["3.8".to_owned()]).err();
        assert!(error.is_some_and(|error| error.to_string().contains("3.8 is not supported")));
    }
}
