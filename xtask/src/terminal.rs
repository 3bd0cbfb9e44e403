//! The one place where xtask prints: progress and problems, on stderr; stdout stays cargo's.

use std::io::Write;
use std::time::Instant;

/// Prints a line.
pub fn say(line: &str) {
    // Nobody is left to read it when the terminal is gone.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// A step that is named when it begins, and timed when it ends.
pub struct Step {
    name: String,
    begin: Instant,
}

impl Step {
    /// Names the step.
    pub fn begin(name: impl Into<String>) -> Self {
        let name = name.into();
        say(&format!("── {name}"));
        Self {
            name,
            begin: Instant::now(),
        }
    }

    /// Says how long it took.
    pub fn end(self) {
        say(&format!(
            "   {}: {:.0} s",
            self.name,
            self.begin.elapsed().as_secs_f64()
        ));
    }
}
