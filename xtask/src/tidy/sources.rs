//! Rules about source files: what each begins with, how long it is, what it is called, and what may
//! stand in which room.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Folders with sources of ours.
const FOLDERS: [&str; 7] = [
    "crates",
    "xtask",
    "python",
    "tests",
    "examples",
    "benchmarks",
    "fixtures",
];
/// Longer files want to be two.
const MOST_LINES: usize = 600;
/// Files that may be longer, as they are tables of facts and not code.
const TABLES: [&str; 3] = [
    "crates/unfreed-cpython/src/layout/tables.rs",
    // One struct that mirrors CPython's headers, a documented field for each, and its check.
    "crates/unfreed-cpython/src/layout/mod.rs",
    "crates/unfreed-cpython/layouts/check.py",
];
/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "util", "utils", "helper", "helpers", "common", "manager", "misc", "stuff",
];
/// The two rooms that may hold `unsafe`.
const UNSAFE_ROOMS: [&str; 2] = ["crates/unfreed-sys/", "crates/unfreed-cpython/"];

/// Text that may not stand in the code of a room, and what the room would be doing with it.
struct Absent {
    room: &'static str,
    text: &'static str,
    why: &'static str,
}

const fn absent(room: &'static str, text: &'static str, why: &'static str) -> Absent {
    Absent { room, text, why }
}

const ABSENT: [Absent; 13] = [
    absent("crates/unfreed-recording/src/", "std::fs", "opens no files"),
    absent(
        "crates/unfreed-recording/src/",
        "std::thread",
        "starts no threads",
    ),
    absent(
        "crates/unfreed-recording/src/",
        "Instant::now",
        "reads no clock",
    ),
    absent(
        "crates/unfreed-recording/src/",
        "SystemTime",
        "reads no clock",
    ),
    absent("crates/unfreed-graph/src/", "String", "knows no texts"),
    absent("crates/unfreed-graph/src/", "std::fs", "opens no files"),
    absent("crates/unfreed-analysis/src/", "std::fs", "reads no files"),
    absent(
        "crates/unfreed-analysis/src/",
        "std::env::",
        "is the same on every machine",
    ),
    absent("crates/unfreed-report/src/", "std::fs", "opens no files"),
    absent(
        "crates/unfreed-report/src/",
        "std::env::",
        "is the same on every machine",
    ),
    absent("crates/unfreed-sys/src/", "Python", "does not know Python"),
    absent("crates/unfreed-cpython/src/", "std::fs", "opens no files"),
    absent(
        "crates/",
        "#[ignore",
        "runs all its tests: assert the wrong answer instead",
    ),
];

/// What breaks a rule, as `path:line: what`.
pub fn problems(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for folder in FOLDERS.map(|folder| root.join(folder)) {
        for path in sources_in(&folder)? {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            problems.extend(problems_of(&name, &text));
        }
    }
    Ok(problems)
}

/// Rust and Python files in `folder` and below, by name.
fn sources_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') && name != "__pycache__" {
                found.extend(sources_in(&path)?);
            }
        } else if name.ends_with(".rs") || name.ends_with(".py") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What breaks a rule in the file `name`.
fn problems_of(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut problem = |line: usize, what: String| problems.push(format!("{name}:{line}: {what}"));
    if is_empty_name(name) {
        problem(1, "name the file after what is inside".to_owned());
    }
    let lines = text.lines().count();
    if lines > MOST_LINES && !TABLES.contains(&name) {
        problem(
            lines,
            format!("{lines} lines, more than {MOST_LINES}: two files want to be here"),
        );
    }
    if name.ends_with(".rs") {
        if !text.starts_with("//!") {
            problem(
                1,
                "begin with a `//!` line that says what the file is for".to_owned(),
            );
        }
        for (number, line) in code_lines(text) {
            for what in problems_of_line(name, line) {
                problem(number, what);
            }
        }
    }
    problems
}

fn is_empty_name(name: &str) -> bool {
    let stem = Path::new(name)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let folder = Path::new(name)
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default();
    EMPTY_NAMES.contains(&stem.trim_start_matches('_'))
        || EMPTY_NAMES.contains(&folder.to_string_lossy().as_ref())
}

/// Numbered lines up to the unit tests, without comments.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text
        .lines()
        .take_while(|line| line.trim() != "#[cfg(test)]");
    let numbered = code.enumerate().map(|(index, line)| (index + 1, line));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn problems_of_line(name: &str, line: &str) -> Vec<String> {
    let here = |rule: &&Absent| name.starts_with(rule.room) && line.contains(rule.text);
    let mut problems: Vec<String> = ABSENT
        .iter()
        .filter(here)
        .map(|rule| format!("`{}` in a room that {}", rule.text, rule.why))
        .collect();
    if !UNSAFE_ROOMS.iter().any(|room| name.starts_with(room)) && has_unsafe(line) {
        problems.push(format!(
            "unsafe outside its rooms ({})",
            UNSAFE_ROOMS.join(", ")
        ));
    }
    problems
}

/// Whether `unsafe` stands in the line as a keyword.
fn has_unsafe(line: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices("unsafe").any(|(at, word)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].trim_start();
        !before.is_some_and(|c| is_word(c) || c == '"')
            && ["{", "fn ", "impl ", "extern ", "trait "]
                .iter()
                .any(|next| after.starts_with(next))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, expected: &[&str]) {
        let problems = problems_of(name, text);
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        check("crates/unfreed-cli/src/a.rs", "//! Something.\n", &[]);
        check(
            "crates/unfreed-cli/src/a.rs",
            "// Something.\n",
            &["a.rs:1: begin with a `//!`"],
        );
        check("tests/test_a.py", "import os\n", &[]);
    }

    #[test]
    fn a_file_is_not_too_long() {
        let text = format!("//! Long.\n{}", "fn f() {}\n".repeat(MOST_LINES));
        check("crates/unfreed-cli/src/a.rs", &text, &["601 lines"]);
    }

    #[test]
    fn a_file_has_a_name() {
        check(
            "crates/unfreed-cli/src/utils.rs",
            "//! U.\n",
            &["name the file"],
        );
        check(
            "crates/unfreed-cli/src/common/a.rs",
            "//! U.\n",
            &["name the file"],
        );
        check("python/unfreed/_helpers.py", "", &["name the file"]);
    }

    #[test]
    fn unsafe_stays_in_its_rooms() {
        let text = "//! A.\nfn f() { unsafe { g() } }\n#![forbid(unsafe_code)]\n// unsafe {\n";
        check(
            "crates/unfreed-agent/src/a.rs",
            text,
            &["a.rs:2: unsafe outside"],
        );
        check("crates/unfreed-sys/src/a.rs", text, &[]);
    }

    #[test]
    fn rooms_lack_what_they_should() {
        let text = "//! A.\nuse std::fs::File;\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        check(
            "crates/unfreed-analysis/src/a.rs",
            text,
            &["a.rs:2: `std::fs` in a room that"],
        );
        check("crates/unfreed-cli/src/a.rs", text, &[]);
    }
}
