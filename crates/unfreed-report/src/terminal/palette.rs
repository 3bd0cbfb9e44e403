//! The colours of the terminal report. Sixteen colours only, so that a person's own theme decides;
//! nothing is said by colour that words do not say.

use anstyle::{AnsiColor, Color, Style};
use unfreed_analysis::findings::Severity;

/// What a person reads first.
pub const STRONG: Style = Style::new().bold();
/// What a person may skip.
pub const QUIET: Style = Style::new().dimmed();
/// The names of rows.
pub const LABEL: Style = coloured(AnsiColor::Cyan);
/// The name of the row that says what to do.
pub const REMEDY: Style = coloured(AnsiColor::Green).bold();
/// The reference that should not be there.
pub const SUSPECT: Style = coloured(AnsiColor::Red).bold();
/// A good answer.
pub const GOOD: Style = coloured(AnsiColor::Green).bold();
/// An answer that asks for care.
pub const CAREFUL: Style = coloured(AnsiColor::Yellow).bold();

/// The word and the style of a severity.
pub fn severity(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Leak => ("LEAK", SUSPECT),
        Severity::Warning => ("WARNING", CAREFUL),
        Severity::Note => ("NOTE", QUIET),
    }
}

const fn coloured(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}
