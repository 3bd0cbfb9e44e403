//! The functions that ours take the place of: their names, where they are, and how they are called.

use crate::{loaded, symbols};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;

/// The function itself: a stub of the executable's would lead through a slot that we write. Behind that is the first object
/// in the order of loading that has one: a preloaded allocator's comes before the C library's.
pub(super) fn original_of(name: &CStr) -> usize {
    let address = |found: Option<std::num::NonZeroUsize>| found.map_or(0, |found| found.get());
    let found = address(symbols::find(name));
    let objects = loaded::objects();
    let in_executable = objects
        .first()
        .is_some_and(|executable| executable.range.contains(&found));
    if in_executable && loaded::exported_at(found).is_none() {
        let behind = objects[1..].iter().find_map(|object| {
            let path = CString::new(object.path.as_os_str().as_bytes()).ok()?;
            let there = symbols::find_in(&path, name)?.get();
            object.range.contains(&there).then_some(there)
        });
        return behind.unwrap_or(found);
    }
    found
}

/// Declares functions by name and type: `Name`, which of them there are; `NAMES`; `ORIGINALS` and `STUBS` by position
/// in it, which `find` fills; `original`, how each is called; `replacement`, what is written into slots.
macro_rules! functions {
    ($($name:ident = $text:literal : fn($($type:ty),*) -> $result:ty;)*) => {
        #[allow(non_camel_case_types, reason = "each is named as the function it stands for")]
        #[derive(Clone, Copy)]
        enum Name { $($name),* }

        const NAMES: [&CStr; [$($text),*].len()] = [$($text),*];

        /// The originals by position in [`NAMES`].
        static ORIGINALS: [AtomicUsize; NAMES.len()] = [const { AtomicUsize::new(0) }; NAMES.len()];

        /// Stubs of the originals, where the executable has some: see [`Replacement::stub`].
        static STUBS: [AtomicUsize; NAMES.len()] = [const { AtomicUsize::new(0) }; NAMES.len()];

        /// Types of the originals.
        mod original {
            #[allow(clippy::wildcard_imports, reason = "the types that the caller names")]
            use super::*;
            $(
                #[inline]
                pub(super) fn $name() -> extern "C" fn($($type),*) -> $result {
                    let address = ORIGINALS[Name::$name as usize].load(Ordering::Relaxed);
                    debug_assert_ne!(address, 0, "{:?}", NAMES[Name::$name as usize]);
                    // SAFETY: found by this name in the process, and only called by the function
                    // that took its place; the type is the one of the C standard or the manual.
                    unsafe { std::mem::transmute(address) }
                }
            )*
        }

        fn find() {
            for (index, name) in NAMES.iter().enumerate() {
                ORIGINALS[index].store(super::originals::original_of(name), Ordering::Relaxed);
                let stub = $crate::symbols::find(name).map_or(0, std::num::NonZeroUsize::get);
                STUBS[index].store(stub, Ordering::Relaxed);
            }
        }

        /// The function of ours, among `ours`, for one that was looked up by name and found at `answer`.
        fn instead_of(ours: &[(Name, *const ())], name: &CStr, answer: impl Fn() -> usize) -> Option<usize> {
            let &(known, ours) = ours.iter().find(|(known, _)| NAMES[*known as usize] == name)?;
            let original = ORIGINALS[known as usize].load(Ordering::Relaxed);
            let answer = answer();
            let is_original = answer == original || answer == STUBS[known as usize].load(Ordering::Relaxed);
            (is_original && original != 0).then_some(ours as usize)
        }

        fn replacement(name: Name, ours: usize) -> Option<Replacement> {
            let original = ORIGINALS[name as usize].load(Ordering::Relaxed);
            (original != 0).then_some(Replacement {
                name: NAMES[name as usize],
                original,
                stub: STUBS[name as usize].load(Ordering::Relaxed),
                ours,
            })
        }
    };
}

pub(super) use functions;
