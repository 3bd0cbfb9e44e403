//! Where our options end and the command line for Python begins: at the first word that is not one
//! of ours. The options and whether they take a value are read off the clap definition, so that
//! there is one list.

use clap::{ArgAction, Command};
use std::ffi::OsString;

/// Splits `words` into ours and Python's. A `--` between them belongs to neither.
pub fn split<'a>(words: &'a [OsString], command: &Command) -> (&'a [OsString], &'a [OsString]) {
    let mut next = 0;
    while let Some(word) = words.get(next).map(|word| word.to_string_lossy()) {
        if word == "--" {
            return (&words[..next], &words[next + 1..]);
        }
        match classify(&word, command) {
            Word::Ours { takes_next } => next += 1 + usize::from(takes_next),
            // Left to clap, which says what is wrong with it and names the nearest option.
            Word::Unknown => return (words, &[]),
            Word::Pythons => break,
        }
    }
    words.split_at(next.min(words.len()))
}

enum Word {
    Ours { takes_next: bool },
    Unknown,
    Pythons,
}

fn classify(word: &str, command: &Command) -> Word {
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = long
            .split_once('=')
            .map_or((long, None), |(n, v)| (n, Some(v)));
        return match find_long(name, command) {
            Some(takes_value) => Word::Ours {
                takes_next: takes_value && value.is_none(),
            },
            None if is_pythons(name) => Word::Pythons,
            None => Word::Unknown,
        };
    }
    let Some(letter) = word.strip_prefix('-').and_then(|rest| rest.chars().next()) else {
        return Word::Pythons;
    };
    match find_short(letter, command) {
        Some(takes_value) => Word::Ours {
            takes_next: takes_value && word.len() == 2,
        },
        None => Word::Pythons,
    }
}

fn find_long(name: &str, command: &Command) -> Option<bool> {
    if name == "help" {
        return Some(false);
    }
    let option = command
        .get_opts()
        .find(|option| option.get_long() == Some(name))?;
    Some(takes_value(option))
}

fn find_short(letter: char, command: &Command) -> Option<bool> {
    if letter == 'h' {
        return Some(false);
    }
    let option = command
        .get_opts()
        .find(|option| option.get_short() == Some(letter))?;
    Some(takes_value(option))
}

fn takes_value(option: &clap::Arg) -> bool {
    matches!(option.get_action(), ArgAction::Set | ArgAction::Append)
}

/// The long options that CPython itself knows (`python --help-all`).
fn is_pythons(name: &str) -> bool {
    matches!(
        name,
        "check-hash-based-pycs" | "help-env" | "help-xoptions" | "help-all" | "version"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;

    fn check(line: &str, ours: &str, pythons: &str) {
        let command = Command::new("run")
            .arg(Arg::new("output").short('o').long("output"))
            .arg(
                Arg::new("quiet")
                    .short('q')
                    .long("quiet")
                    .action(ArgAction::SetTrue),
            );
        let words = |line: &str| {
            line.split_whitespace()
                .map(OsString::from)
                .collect::<Vec<_>>()
        };
        let line = words(line);
        let (left, right) = split(&line, &command);
        assert_eq!((left, right), (&words(ours)[..], &words(pythons)[..]));
    }

    #[test]
    fn ends_at_the_first_word_that_is_not_ours() {
        check("app.py -o x", "", "app.py -o x");
        check("-o x app.py -q", "-o x", "app.py -q");
        check("-ox --quiet app.py", "-ox --quiet", "app.py");
        check("--output=x -m app", "--output=x", "-m app");
        check("--output x -c pass", "--output x", "-c pass");
        check("-O -o x app.py", "", "-O -o x app.py");
        check("- a", "", "- a");
        check(
            "--check-hash-based-pycs always a.py",
            "",
            "--check-hash-based-pycs always a.py",
        );
    }

    #[test]
    fn a_separator_is_neither() {
        check("-q -- -o", "-q", "-o");
        check("--", "", "");
    }

    #[test]
    fn what_is_unknown_or_cut_short_is_left_to_clap() {
        check("--quite app.py", "--quite app.py", "");
        check("-o", "-o", "");
    }
}
