//! The Python tests against the installed wheel: for each Python a clean virtual environment, two Pythons at a time. A
//! suite begins with programs that run side by side and goes on with tests that run one after the other, so that one
//! alone leaves half of a machine with two cores idle for half of its time.

use crate::terminal::{Step, say};
use crate::tools::run as run_command;
use crate::wheels::Wheel;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Lines of a failed log that are shown.
const TAIL: usize = 400;

/// Seconds after which a suite that takes ten minutes is ended: one test that waits for ever should cost CI the
/// answer of one Python, not of all.
const LIMIT: &str = "2400";

/// Suites at a time.
const AT_ONCE: usize = 2;

/// Programs that each of them runs side by side.
const PROGRAMS: &str = "3";

/// Seconds after which pytest prints where a test stands that has not ended.
const PATIENCE: &str = "faulthandler_timeout=240";

/// What one process of pytest runs. The tests of `compat` look at the heap of their own process, often with the original
/// packages, which takes ten times as long where other tests have run before.
const PARTS: [(&str, &[&str]); 2] = [
    ("unfreed", &["tests", "--ignore=tests/compat"]),
    ("compat", &["tests/compat"]),
];

/// Runs the suite for each wheel; fails after the last if one has failed.
pub fn run(root: &Path, wheels: &[Wheel]) -> Result<()> {
    let step = Step::begin("tests of the installed package");
    let left = Mutex::new(longest_first(wheels).into_iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(wheel) = next() {
                    if let Err(error) = one(root, wheel) {
                        say(&format!("   CPython {}: {error:#}", wheel.python.version));
                        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                        failed.push(wheel.python.version.clone());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    step.end();
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("failed on CPython {}", failed.join(", "))
    }
}

/// The first, the one in between and the last run everything (`tests/programs/pythons.py`): begun last, one of them would
/// have the machine to itself for most of its time.
fn longest_first(wheels: &[Wheel]) -> Vec<&Wheel> {
    let whole = [0, wheels.len() / 2, wheels.len().saturating_sub(1)];
    let (mut long, short): (Vec<_>, Vec<_>) = wheels
        .iter()
        .enumerate()
        .partition(|(place, _)| whole.contains(place));
    long.extend(short);
    long.into_iter().map(|(_, wheel)| wheel).collect()
}

fn one(root: &Path, wheel: &Wheel) -> Result<()> {
    let version = &wheel.python.version;
    let folder = root.join("target/pythons");
    let log = folder.join(format!("{version}.log"));
    let venv = folder.join(version);
    let python = Venv::make(root, wheel, &venv, &log)?;
    let mut passed = Ok(());
    for (part, chosen) in PARTS {
        let log = folder.join(format!("{version}-{part}.log"));
        let mut pytest = wheel.python.command(root, Path::new("timeout"));
        pytest.env("UNFREED_TESTS_AT_ONCE", PROGRAMS);
        pytest
            .args(["--kill-after=10", LIMIT])
            .arg(python.executable());
        pytest.args(["-m", "pytest", "-q", "-o", PATIENCE, "-p"]);
        pytest
            .args(["no:cacheprovider", "--durations=5"])
            .args(chosen);
        let result = logged(&mut pytest, &log);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        if result.is_err() {
            show_tail(version, &text);
        }
        say(&format!("CPython {version}, {part}: {}", outcome(&text)));
        passed = passed.and(result);
    }
    passed
}

/// The line that counts what passed; programs that end may have printed after it.
fn outcome(text: &str) -> &str {
    text.lines()
        .rev()
        .find(|line| line.contains(" passed") || line.contains(" failed"))
        .or_else(|| text.lines().last())
        .unwrap_or("it printed nothing")
}

/// An environment with the wheel and what the tests need.
struct Venv<'a> {
    wheel: &'a Wheel,
    folder: PathBuf,
}

impl<'a> Venv<'a> {
    fn make(root: &Path, wheel: &'a Wheel, folder: &Path, log: &Path) -> Result<Self> {
        let step = format!("environment for CPython {}", wheel.python.version);
        let mut make = wheel.python.interpreter(root);
        make.args(["-m", "venv", "--clear"]).arg(folder);
        logged(&mut make, log).context(step.clone())?;
        let venv = Self {
            wheel,
            folder: folder.to_owned(),
        };
        let mut install = venv.command(root);
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        install
            .arg(&wheel.path)
            .args(["-r", "tests/requirements.txt"]);
        logged(&mut install, log).context(step)?;
        Ok(venv)
    }

    /// A command of the environment's Python.
    fn command(&self, root: &Path) -> Command {
        self.wheel.python.command(root, &self.executable())
    }

    fn executable(&self) -> PathBuf {
        self.folder.join("bin/python")
    }
}

/// Runs a command whose output goes to a log of its own.
fn logged(command: &mut Command, log: &Path) -> Result<()> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    run_command(
        command
            .stdout(file.try_clone()?)
            .stderr(file)
            .stdin(std::process::Stdio::null()),
    )
    .with_context(|| format!("see {}", log.display()))
}

fn show_tail(version: &str, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines[lines.len().saturating_sub(TAIL)..] {
        say(&format!("{version} | {line}"));
    }
}
