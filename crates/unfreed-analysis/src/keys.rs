//! Keys and attributes as Python would write them: `['it\'s']`, `[7]`, `[(1, 'a')]`, `.name`. A key whose value is not
//! known says its type.

use crate::heap::{Heap, short_name};
use crate::wording::cut;
use unfreed_recording::snapshot::NodeIndex;

/// Longest text that is printed whole, in characters.
const TEXT: usize = 24;
/// Most items of a tuple that are printed.
const ITEMS: usize = 4;
/// How deep tuples in tuples are printed.
const DEPTH: usize = 2;

/// A text in quotes, cut where it is long.
#[must_use]
pub fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut written = String::from(quote);
    for letter in cut(text, TEXT).chars() {
        match letter {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            letter if letter == quote => {
                written.push('\\');
                written.push(letter);
            }
            letter if letter.is_control() => {
                written.push_str(&format!("\\x{:02x}", u32::from(letter)));
            }
            letter => written.push(letter),
        }
    }
    written.push(quote);
    written
}

/// Whether an object is a `str`, whose text is its content.
#[must_use]
pub fn is_text(heap: &Heap<'_>, node: NodeIndex) -> bool {
    heap.type_of(node)
        .is_some_and(|info| info.module == "builtins" && info.name == "str")
}

/// A dict's key: `'name'`, `7`, `(1, 'a')`, `Session …`.
#[must_use]
pub fn key(heap: &Heap<'_>, node: NodeIndex) -> String {
    value(heap, node, DEPTH).unwrap_or_else(|| format!("{} …", short_name(&heap.type_name(node))))
}

/// What an object is, where that is known.
fn value(heap: &Heap<'_>, node: NodeIndex, depth: usize) -> Option<String> {
    let info = heap.type_of(node)?;
    if let Some(text) = heap.node_text(node) {
        // Subclasses of str print as such, and are equal to what they print as.
        let is_number = info.module == "builtins"
            && matches!(info.name.as_str(), "int" | "float" | "bool" | "bytes");
        return Some(if is_number {
            text.to_owned()
        } else {
            quoted(text)
        });
    }
    if info.module != "builtins" {
        return None;
    }
    match info.name.as_str() {
        "NoneType" => Some("None".to_owned()),
        "tuple" => {
            let items = heap.graph.targets_of(node);
            let few = depth > 0 && !items.is_empty() && items.len() <= ITEMS;
            let written: Option<Vec<String>> = items
                .iter()
                .filter(|_| few)
                .map(|&item| value(heap, item, depth - 1))
                .collect();
            match written?.as_slice() {
                [] => None,
                [one] => Some(format!("({one},)")),
                some => Some(format!("({})", some.join(", "))),
            }
        }
        _ => None,
    }
}

/// A step to an attribute: `.name`, or through the namespace where that is no name.
#[must_use]
pub fn attribute(name: &str) -> String {
    let mut letters = name.chars();
    let begins = letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_' || first == '*');
    if begins && letters.all(|letter| letter.is_alphanumeric() || "_.$<>*…".contains(letter)) {
        format!(".{name}")
    } else {
        format!(".__dict__[{}]", quoted(name))
    }
}

/// A path with the keys in it quoted as [`quoted`] does, whatever quotes were used.
#[must_use]
pub fn with_our_quotes(path: &str) -> String {
    let mut written = String::new();
    let mut rest = path;
    while let Some(start) = rest.find("[\"") {
        let (before, after) = rest.split_at(start);
        let Some(end) = after.find("\"]") else {
            break;
        };
        written.push_str(before);
        written.push('[');
        written.push_str(&quoted(&after[2..end]));
        written.push(']');
        rest = &after[end + 2..];
    }
    written.push_str(rest);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_python_does() {
        assert_eq!(quoted("k7"), "'k7'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("it's \"so\""), "'it\\'s \"so\"'");
        assert_eq!(quoted("a\nb\\\u{1}"), "'a\\nb\\\\\\x01'");
        assert_eq!(quoted(&"x".repeat(40)), format!("'{}…'", "x".repeat(23)));
    }

    #[test]
    fn attributes_that_are_no_names_go_through_the_namespace() {
        assert_eq!(attribute("name"), ".name");
        assert_eq!(attribute("*"), ".*");
        assert_eq!(attribute("weird name"), ".__dict__['weird name']");
        assert_eq!(attribute("1st"), ".__dict__['1st']");
    }

    #[test]
    fn either_kind_of_quotes_is_understood() {
        assert_eq!(
            with_our_quotes("app.C[\"k7\"].x[\"it's\"]"),
            "app.C['k7'].x[\"it's\"]"
        );
        assert_eq!(with_our_quotes("app.C['k7'][7]"), "app.C['k7'][7]");
        assert_eq!(with_our_quotes("app.C[\"k7"), "app.C[\"k7");
    }
}
