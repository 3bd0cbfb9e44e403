//! What the commands say besides their data: always on stderr, in one voice. First what happened
//! and why, then a hint that can be followed. Colour only on a terminal, and never needed.

use anstyle::{AnsiColor, Style};
use std::fmt::Display;
use std::io::{self, Write};

/// A command cannot go on.
pub fn error(text: impl Display) {
    labelled(AnsiColor::Red.on_default().bold(), "error", text);
}

/// Something is off, and the program runs all the same.
pub fn notice(text: impl Display) {
    labelled(Style::new().bold(), "unfreed", text);
}

/// What can be done about the message before it.
pub fn hint(text: impl Display) {
    labelled(AnsiColor::Cyan.on_default().bold(), "hint", text);
}

/// Why the system refused, without the number that Rust adds.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error ").unwrap_or(text.len());
    text[..end].to_owned()
}

fn labelled(style: Style, label: &str, text: impl Display) {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(anstream::stderr().lock(), "{style}{label}{style:#}: {text}");
}
