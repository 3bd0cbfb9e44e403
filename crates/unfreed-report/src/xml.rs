//! Texts inside XML, SVG and HTML. Programs choose names, so nothing of them may become markup.

/// The text as it stands in an element or a quoted attribute; characters that XML cannot hold become `?`.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(character),
            '\u{fffe}' | '\u{ffff}' => safe.push('?'),
            _ if character.is_control() => safe.push('?'),
            _ => safe.push(character),
        }
    }
    safe
}

/// The same for one line: ends of lines become `?` too.
pub fn escaped_line(text: &str) -> String {
    escaped(text).replace(['\n', '\t'], "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            escaped("<a b='c\"'>&\u{1b}\n"),
            "&lt;a b=&#39;c&quot;&#39;&gt;&amp;?\n"
        );
    }
}
