//! Text with a style for each character, made safe to show: what a program named (keys, files, types)
//! may hold control characters, which must never reach a terminal. Knows nothing of reports.

use std::io;

use anstyle::Style;
use unicode_width::UnicodeWidthChar;

/// Stands for a space at which a line may not be broken; shown as a plain space.
pub const GLUE: char = '\u{a0}';

/// A run of characters with styles, without line ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    pub(crate) characters: Vec<(char, Style)>,
}

impl Text {
    /// Unstyled text.
    pub fn plain(text: &str) -> Self {
        Self::styled(text, Style::new())
    }

    /// Text in one style.
    pub fn styled(text: &str, style: Style) -> Self {
        let mut whole = Self::default();
        whole.push(text, style);
        whole
    }

    /// Appends text in a style; characters that would act on a terminal are written as escapes.
    pub fn push(&mut self, text: &str, style: Style) {
        for character in text.chars() {
            match character {
                '\t' | '\n' | '\r' => self.characters.push((' ', style)),
                '\u{fe0e}' | '\u{fe0f}' => {}
                _ if acts_on_terminal(character) => {
                    let escape = character.escape_unicode();
                    self.characters.extend(escape.map(|part| (part, style)));
                }
                _ => self.characters.push((character, style)),
            }
        }
    }

    /// Appends other text with its styles.
    pub fn append(&mut self, other: &Text) {
        self.characters.extend_from_slice(&other.characters);
    }

    /// The same with every space made unbreakable.
    pub fn glued(mut self) -> Self {
        for (character, _) in &mut self.characters {
            if *character == ' ' {
                *character = GLUE;
            }
        }
        self
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        self.characters
            .iter()
            .map(|(character, _)| columns(*character))
            .sum()
    }

    /// Whether it holds no characters.
    pub fn is_empty(&self) -> bool {
        self.characters.is_empty()
    }

    /// Cuts the middle out so that it takes at most `most` columns; `…` stands for what is gone.
    pub fn elided(self, most: usize) -> Self {
        if self.width() <= most {
            return self;
        }
        let kept = most.saturating_sub(1);
        let head = fitting(self.characters.iter(), kept / 2);
        let tail = fitting(self.characters.iter().rev(), kept - kept / 2);
        let mut short = Self {
            characters: self.characters[..head].to_vec(),
        };
        short.push("…", Style::new());
        short
            .characters
            .extend_from_slice(&self.characters[self.characters.len() - tail..]);
        short
    }

    /// Writes it with its colour codes.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        for run in self.characters.chunk_by(|(_, one), (_, next)| one == next) {
            let style = run[0].1;
            let text: String = run
                .iter()
                .map(|(character, _)| unglued(*character))
                .collect();
            write!(out, "{style}{text}{style:#}")?;
        }
        Ok(())
    }
}

/// How many of the characters fit into `most` columns.
pub fn fitting<'a>(characters: impl Iterator<Item = &'a (char, Style)>, most: usize) -> usize {
    let mut used = 0;
    characters
        .take_while(|(character, _)| {
            used += columns(*character);
            used <= most
        })
        .count()
}

fn columns(character: char) -> usize {
    character.width().unwrap_or(0)
}

fn unglued(character: char) -> char {
    if character == GLUE { ' ' } else { character }
}

/// Control characters, and those that turn the direction of writing or hide what stands there.
fn acts_on_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &Text) -> String {
        let mut out = Vec::new();
        text.write(&mut out).expect("a Vec takes everything");
        String::from_utf8(out).expect("text is UTF-8")
    }

    #[test]
    fn control_characters_become_escapes() {
        assert_eq!(
            written(&Text::plain("a\x1b[2Jb\u{202e}c\nd")),
            "a\\u{1b}[2Jb\\u{202e}c d"
        );
    }

    #[test]
    fn the_middle_goes_first() {
        assert_eq!(written(&Text::plain("abcdefghij").elided(7)), "abc…hij");
        assert_eq!(written(&Text::plain("長い名前です").elided(8)), "長…です");
        assert_eq!(written(&Text::plain("short").elided(5)), "short");
    }

    #[test]
    fn styles_are_written_once_a_run() {
        let mut text = Text::styled("ab", Style::new().bold());
        text.push("c d", Style::new());
        assert_eq!(written(&text.glued()), "\u{1b}[1mab\u{1b}[0mc d");
    }
}
