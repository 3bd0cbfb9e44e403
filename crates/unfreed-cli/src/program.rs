//! What a Python command line runs. Only used for names and hints: Python gets every word as typed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The program in a Python command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A script, a folder or zip file with a `__main__.py`.
    Script(PathBuf),
    /// `-m module`.
    Module(String),
    /// `-c code`, standard input or the interactive prompt.
    Nameless,
}

/// A Python command line, understood as far as names and hints need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// What it runs.
    pub program: Program,
    /// Whether `-S` keeps Python from importing `site`, and with it from starting the agent.
    pub without_site: bool,
}

/// Reads a Python command line as CPython's own option parser does.
pub fn understand(words: &[OsString]) -> CommandLine {
    let mut without_site = false;
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let text = word.to_string_lossy();
        if text == "--check-hash-based-pycs" {
            rest.next();
            continue;
        }
        let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            let program = if text == "-" {
                Program::Nameless
            } else {
                script(word)
            };
            return CommandLine {
                program,
                without_site,
            };
        };
        match cluster(letters) {
            Cluster::Flags { no_site } => without_site |= no_site,
            Cluster::TakesNext { no_site } => {
                without_site |= no_site;
                rest.next();
            }
            Cluster::Program { no_site, program } => {
                without_site |= no_site;
                let program = program.unwrap_or_else(|| module(rest.next()));
                return CommandLine {
                    program,
                    without_site,
                };
            }
        }
    }
    CommandLine {
        program: Program::Nameless,
        without_site,
    }
}

enum Cluster {
    Flags {
        no_site: bool,
    },
    TakesNext {
        no_site: bool,
    },
    /// `None`: the module's name is the next word.
    Program {
        no_site: bool,
        program: Option<Program>,
    },
}

/// Reads the letters of one word such as `-uBm` or `-Wignore`.
fn cluster(letters: &str) -> Cluster {
    let mut no_site = false;
    for (at, letter) in letters.char_indices() {
        let attached = &letters[at + letter.len_utf8()..];
        match letter {
            'S' => no_site = true,
            'c' => {
                return Cluster::Program {
                    no_site,
                    program: Some(Program::Nameless),
                };
            }
            'm' if attached.is_empty() => {
                return Cluster::Program {
                    no_site,
                    program: None,
                };
            }
            'm' => {
                let program = Some(Program::Module(attached.to_owned()));
                return Cluster::Program { no_site, program };
            }
            'W' | 'X' if attached.is_empty() => return Cluster::TakesNext { no_site },
            'W' | 'X' | '-' => return Cluster::Flags { no_site },
            _ => {}
        }
    }
    Cluster::Flags { no_site }
}

fn script(word: &OsStr) -> Program {
    Program::Script(PathBuf::from(word))
}

fn module(word: Option<&OsString>) -> Program {
    word.map_or(Program::Nameless, |name| {
        Program::Module(name.to_string_lossy().into_owned())
    })
}

impl Program {
    /// The name that its recording gets, without extension.
    pub fn stem(&self) -> OsString {
        let stem = match self {
            Self::Script(path) => script_stem(path),
            Self::Module(name) => Some(OsString::from(name)),
            Self::Nameless => None,
        };
        stem.filter(|stem| !stem.is_empty())
            .unwrap_or_else(|| "python".into())
    }
}

fn script_stem(path: &Path) -> Option<OsString> {
    let stem = path.file_stem().map(OsStr::to_os_string);
    stem.or_else(|| {
        path.canonicalize()
            .ok()?
            .file_stem()
            .map(OsStr::to_os_string)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, program: Program, without_site: bool, stem: &str) {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let understood = understand(&words);
        assert_eq!(
            understood,
            CommandLine {
                program,
                without_site
            },
            "{line}"
        );
        assert_eq!(understood.program.stem(), stem, "{line}");
    }

    fn script(path: &str) -> Program {
        Program::Script(path.into())
    }

    fn module(name: &str) -> Program {
        Program::Module(name.into())
    }

    #[test]
    fn finds_the_program_behind_flags() {
        check("app.py -m x", script("app.py"), false, "app");
        check(
            "-u -O dir/my.app.py",
            script("dir/my.app.py"),
            false,
            "my.app",
        );
        check("-X dev -W error app", script("app"), false, "app");
        check("-Xdev -Wignore app.py", script("app.py"), false, "app");
        check(
            "-m http.server 80",
            module("http.server"),
            false,
            "http.server",
        );
        check("-uBm pkg -S", module("pkg"), false, "pkg");
        check("-mpkg", module("pkg"), false, "pkg");
        check("-c pass -S", Program::Nameless, false, "python");
        check("- x", Program::Nameless, false, "python");
        check("-i", Program::Nameless, false, "python");
        check("-m", Program::Nameless, false, "python");
        check(
            "--check-hash-based-pycs always a.py",
            script("a.py"),
            false,
            "a",
        );
        check("-uW error a.py", script("a.py"), false, "a");
    }

    #[test]
    fn sees_that_site_is_left_out() {
        check("-S a.py", script("a.py"), true, "a");
        check("-IS -m pkg", module("pkg"), true, "pkg");
        check("-Sc pass", Program::Nameless, true, "python");
        check("-WS a.py", script("a.py"), false, "a");
    }
}
