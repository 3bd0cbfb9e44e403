//! Breaks text into lines: at spaces, but never between a number and its unit; a word longer than a
//! line is broken after punctuation if it can be. Knows widths only, not what the text says.

use anstyle::Style;

use crate::styled::{GLUE, Text, fitting};

/// Words that belong to the number before them.
const UNITS: [&str; 13] = [
    "B", "KiB", "MiB", "GiB", "TiB", "%", "ms", "s", "m", "h", "d", "seconds", "minutes",
];

/// Where a separator goes when a line ends at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// At the end of the line: `one · two ·`.
    Trailing(&'static str),
    /// At the start of the next: `←  three`.
    Leading(&'static str),
}

/// Lines of at most `width` columns.
pub fn wrap(text: &Text, width: usize) -> Vec<Text> {
    let mut lines = Vec::new();
    let mut rest = trim_start(&text.characters);
    while !rest.is_empty() {
        let fits = fitting(rest.iter(), width).max(1);
        let end = if fits == rest.len() {
            fits
        } else {
            break_point(rest, fits)
        };
        lines.push(Text {
            characters: trim_end(&rest[..end]).to_vec(),
        });
        rest = trim_start(&rest[end..]);
    }
    lines
}

/// Items in a row, each kept whole where it fits on a line.
pub fn flow(items: Vec<Text>, separator: Separator) -> Text {
    let mut row = Text::default();
    for item in items.into_iter().filter(|item| !item.is_empty()) {
        if !row.is_empty() {
            row.push(&between(separator), Style::new());
        }
        row.append(&item.glued());
    }
    row
}

fn between(separator: Separator) -> String {
    match separator {
        Separator::Trailing(sign) => format!("{GLUE}{sign} "),
        Separator::Leading(sign) => format!("  {sign}{GLUE}{GLUE}"),
    }
}

/// Where to end the line, given how many characters fit on it.
fn break_point(rest: &[(char, Style)], fits: usize) -> usize {
    (1..=fits)
        .rev()
        .find(|&end| rest[end].0 == ' ' && !joins_number_and_unit(rest, end))
        .or_else(|| {
            (fits / 2..=fits)
                .rev()
                .find(|&end| end > 0 && may_break_after(rest[end - 1].0))
        })
        .unwrap_or(fits)
}

fn may_break_after(character: char) -> bool {
    matches!(character, '/' | '.' | ',' | ';' | ']' | ')' | GLUE)
}

fn joins_number_and_unit(rest: &[(char, Style)], space: usize) -> bool {
    if !rest[space - 1].0.is_ascii_digit() {
        return false;
    }
    let word: String = rest[space + 1..]
        .iter()
        .map(|(character, _)| *character)
        .take_while(|character| character.is_alphabetic() || *character == '%')
        .collect();
    UNITS.contains(&word.as_str())
}

fn trim_start(characters: &[(char, Style)]) -> &[(char, Style)] {
    let spaces = characters
        .iter()
        .take_while(|(character, _)| *character == ' ')
        .count();
    &characters[spaces..]
}

fn trim_end(characters: &[(char, Style)]) -> &[(char, Style)] {
    let blank = |(character, _): &&(char, Style)| matches!(*character, ' ' | GLUE);
    let spaces = characters.iter().rev().take_while(blank).count();
    &characters[..characters.len() - spaces]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &Text, width: usize) -> Vec<String> {
        let shown = |line: &Text| {
            let mut out = Vec::new();
            line.write(&mut out).expect("a Vec takes everything");
            String::from_utf8(out).expect("text is UTF-8")
        };
        wrap(text, width).iter().map(shown).collect()
    }

    #[test]
    fn breaks_at_spaces_but_not_before_a_unit() {
        let text = Text::plain("it keeps 6.0 KiB for each");
        assert_eq!(lines(&text, 13), ["it keeps", "6.0 KiB for", "each"]);
    }

    #[test]
    fn long_words_break_after_punctuation() {
        let text = Text::plain("package.module.STORE['key'] grows");
        assert_eq!(lines(&text, 20), ["package.module.", "STORE['key'] grows"]);
        assert_eq!(lines(&Text::plain("abcdefghij"), 4), ["abcd", "efgh", "ij"]);
    }

    #[test]
    fn items_stay_whole_and_separators_know_their_side() {
        let items = || ["one two", "three", "four five"].map(Text::plain).to_vec();
        let dots = flow(items(), Separator::Trailing("·"));
        assert_eq!(lines(&dots, 18), ["one two · three ·", "four five"]);
        let arrows = flow(items(), Separator::Leading("←"));
        assert_eq!(lines(&arrows, 18), ["one two  ←  three", "←  four five"]);
    }

    #[test]
    fn wide_characters_count_double() {
        assert_eq!(
            lines(&Text::plain("長い名前 です"), 8),
            ["長い名前", "です"]
        );
    }
}
