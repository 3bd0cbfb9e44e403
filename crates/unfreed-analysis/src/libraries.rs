//! Functions of libraries in stacks: which of them a person has to look at.

use crate::findings::Frame;
use std::fmt;

/// Libraries that allocate on behalf of whoever called them.
const ON_BEHALF: [&str; 10] = [
    "libc.so",
    "libc-",
    "libstdc++.so",
    "libc++.so",
    "libgcc_s.so",
    "libjemalloc",
    "libmimalloc",
    "libffi",
    "_ctypes.",
    "ld-linux",
];

/// A function of a library that keeps memory; displays as a part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeper {
    /// The library's file, without its folder.
    pub library: String,
    /// The function; empty when unknown.
    pub function: String,
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.function.is_empty() {
            f.write_str(&self.library)
        } else {
            write!(f, "{}() in {}", self.function, self.library)
        }
    }
}

/// Ends of names of functions that allocate on behalf of the rest of their library, whatever stands before them.
const WRAPPERS: [&str; 9] = [
    "alloc",
    "alloc0",
    "allocate",
    "reallocate",
    "allocarray",
    "memdup",
    "strdup",
    "strndup",
    "operator new",
];

/// The innermost function of a stack that allocates for itself: not one of the C library, say, that a
/// call went through, nor what its own library allocates with. `None` when Python code allocates.
#[must_use]
pub fn keeper(stack: &[Frame]) -> Option<Keeper> {
    let natives = stack.iter().take_while(|frame| !frame.library.is_empty());
    let mut own = natives.filter(is_own).peekable();
    while let Some(frame) = own.next_if(|frame| is_wrapper(&frame.function)) {
        // The only one that is known of its library.
        if own.peek().is_none_or(|next| next.library != frame.library) {
            return Some(named(frame));
        }
    }
    own.next().map(named)
}

/// The function that Python code called and that led to the keeper, if that is another one: what a maintainer knows.
#[must_use]
pub fn entry(stack: &[Frame], keeper: &Keeper) -> Option<Keeper> {
    let natives = stack.iter().take_while(|frame| !frame.library.is_empty());
    let entry = natives.filter(is_own).last().map(named)?;
    (entry != *keeper && !entry.function.is_empty()).then_some(entry)
}

fn is_own(frame: &&Frame) -> bool {
    let name = file_name(&frame.library);
    !ON_BEHALF.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a function is one of those that `malloc` is called by instead of by who needs memory.
fn is_wrapper(function: &str) -> bool {
    let name = function.split(['(', '<']).next().unwrap_or(function);
    let name = name.trim_end_matches('_').to_ascii_lowercase();
    WRAPPERS.iter().any(|end| name.ends_with(end))
}

fn named(frame: &Frame) -> Keeper {
    Keeper {
        library: file_name(&frame.library).to_owned(),
        function: frame.function.clone(),
    }
}

/// The file of a path.
#[must_use]
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(library: &str, function: &str) -> Frame {
        Frame {
            function: function.to_owned(),
            library: library.to_owned(),
            ..Frame::default()
        }
    }

    #[test]
    fn the_c_library_keeps_nothing_for_itself() {
        let python = Frame {
            file: "/srv/app.py".to_owned(),
            ..Frame::default()
        };
        let stack = [
            native("/lib/x86_64-linux-gnu/libc.so.6", "strdup"),
            native("/venv/thumb.so", "thumb_open"),
            native("/venv/thumb.so", "py_open"),
            python.clone(),
        ];
        let keeper = keeper(&stack).expect("a keeper");
        assert_eq!(keeper.to_string(), "thumb_open() in thumb.so");
        assert_eq!(super::keeper(&stack[3..]), None);
        let wrapped = [
            native("/venv/thumb.so", "thumb_zalloc"),
            native("/venv/thumb.so", "CRYPTO_realloc"),
            native("/venv/thumb.so", "thumb_open"),
        ];
        let keeper = super::keeper(&wrapped).expect("a keeper");
        assert_eq!(keeper.function, "thumb_open");
        let keeper = super::keeper(&wrapped[..2]).expect("a keeper");
        assert_eq!(keeper.function, "CRYPTO_realloc");
        assert_eq!(entry(&wrapped[..2], &keeper), None);
        let entered = entry(&stack, &super::keeper(&stack).expect("a keeper"));
        assert_eq!(entered.expect("an entry").function, "py_open");
        let through = [native("/lib/libffi.so.8", "ffi_call"), python];
        assert_eq!(super::keeper(&through), None);
    }
}
