//! Addresses in executables and libraries to functions, files and lines, from the files themselves:
//! symbol tables, and debugging information where there is some. Touches no process; what it finds
//! them with does not show in its types.

use blazesym::symbolize::source::{Elf, Source};
use blazesym::symbolize::{CodeInfo, Input, Symbolized, Symbolizer};
use std::path::Path;

/// What an address is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbol {
    /// The function, demangled, without the parameters that C++ writes behind its name.
    pub function: String,
    /// Its source file; empty when unknown.
    pub file: String,
    /// The line in it; 0 when unknown.
    pub line: u32,
}

/// Finds names; keeps what it has read of a file for the next question.
#[derive(Debug)]
pub struct Symbols(Symbolizer);

impl Default for Symbols {
    fn default() -> Self {
        Self(Symbolizer::new())
    }
}

impl Symbols {
    /// The names of `addresses`, which are as the object's file states them. Of an address in a
    /// function that was inlined, the innermost one's. All are `None` when the file cannot be read or
    /// is another build than `build_id` says; an empty one fits any.
    #[must_use]
    pub fn of_object(
        &self,
        object: &Path,
        build_id: &[u8],
        addresses: &[u64],
    ) -> Vec<Option<Symbol>> {
        let nothing = || vec![None; addresses.len()];
        if !is_same_build(object, build_id) {
            return nothing();
        }
        let source = Source::Elf(Elf::new(object));
        match self.0.symbolize(&source, Input::VirtOffset(addresses)) {
            Ok(found) => found.iter().map(symbol).collect(),
            Err(_) => nothing(),
        }
    }
}

fn is_same_build(object: &Path, build_id: &[u8]) -> bool {
    if build_id.is_empty() {
        return object.is_file();
    }
    let found = blazesym::helper::read_elf_build_id(object);
    found.is_ok_and(|found| found.is_some_and(|found| *found == *build_id))
}

fn symbol(found: &Symbolized<'_>) -> Option<Symbol> {
    let found = found.as_sym()?;
    let innermost = found.inlined.last();
    let name = innermost.map_or(&found.name, |inlined| &inlined.name);
    let code = match innermost {
        Some(inlined) => inlined.code_info.as_ref(),
        None => found.code_info.as_deref(),
    };
    Some(Symbol {
        function: without_parameters(name).to_owned(),
        file: code.map(path).unwrap_or_default(),
        line: code.and_then(|code| code.line).unwrap_or(0),
    })
}

/// `app::Cache<int>::put` of `app::Cache<int>::put(int, std::string const&) const`. What begins with a parenthesis is part
/// of a name: `(anonymous namespace)::put`, `operator()`.
fn without_parameters(name: &str) -> &str {
    let mut depth = 0_u32;
    for (at, letter) in name.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            '(' if depth == 0 && is_end_of_name(&name[..at]) => return &name[..at],
            _ => {}
        }
    }
    name
}

fn is_end_of_name(before: &str) -> bool {
    let operator = before.ends_with("operator");
    !operator
        && before
            .chars()
            .next_back()
            .is_some_and(|letter| letter.is_alphanumeric() || "_>)~=+-*/%^&|!<[]".contains(letter))
}

fn path(code: &CodeInfo<'_>) -> String {
    code.to_path().display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_functions_end_before_their_parameters() {
        let cases = [
            ("thumbnail_open", "thumbnail_open"),
            (
                "greenlet::User::inner(greenlet::Owned<_object, &check(void*)>&, void*)",
                "greenlet::User::inner",
            ),
            (
                "app::Cache<int (*)(int)>::put(int) const",
                "app::Cache<int (*)(int)>::put",
            ),
            (
                "(anonymous namespace)::put(int)",
                "(anonymous namespace)::put",
            ),
            (
                "app::(anonymous namespace)::put(int)",
                "app::(anonymous namespace)::put",
            ),
            ("Less::operator()(int, int) const", "Less::operator()"),
            ("operator new(unsigned long)", "operator new"),
            (
                "core::ptr::drop_in_place<alloc::vec::Vec<u8>>",
                "core::ptr::drop_in_place<alloc::vec::Vec<u8>>",
            ),
        ];
        for (name, short) in cases {
            assert_eq!(without_parameters(name), short, "{name}");
        }
    }
}
