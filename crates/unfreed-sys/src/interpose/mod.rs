//! Being told of what C code allocates and frees: the slots of every loaded object that lead to
//! malloc and its kin lead to functions here, which call the originals. So do those to what hands out
//! file descriptors.
//!
//! Works in a process that runs, and forwards to whichever allocator it has (glibc's, jemalloc and
//! mimalloc preloaded). Not seen: calls inside an allocator, and calls of a program that has none
//! but its own, linked statically.

mod descriptors;
mod functions;
mod originals;
mod slots;

use crate::loaded::{self, LoadedObject};
use slots::Replacement;
use std::ffi::CStr;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Who is told about blocks. Every method runs inside an allocation function: no blocking lock, no
/// heap, and as few instructions as can be in the first two.
pub trait Observer: Sync {
    /// Whether to be told of an allocation of `size` bytes.
    fn wants(&self, size: usize) -> bool;
    /// Whether `block` may be one that [`Observer::allocated`] was told of. May err towards yes.
    fn may_know(&self, block: usize) -> bool;
    /// A wanted block was allocated, or a region mapped.
    fn allocated(&self, block: usize, size: usize);
    /// A block is about to be freed, or a region unmapped.
    fn freed(&self, block: usize);
    /// A file descriptor was handed out.
    fn opened(&self, descriptor: i32);
    /// The interpreter has loaded an object. Outside allocation functions: may allocate and wait.
    fn loaded(&self);
}

/// Slots that are written, in what is loaded and in what will be.
struct Installed {
    /// An address in the interpreter, which allocates through allocators of its own: those are observed
    /// by other means.
    interpreter: usize,
    everywhere: Vec<Replacement>,
    in_interpreter: Vec<Replacement>,
    generation: u64,
}

static INSTALLED: OnceLock<Mutex<Installed>> = OnceLock::new();
static DIVERTED: OnceLock<Mutex<Installed>> = OnceLock::new();

/// Leads the calls of every loaded object to `observer`, for the rest of the process: taking them
/// back would race with threads inside. `interpreter` is an address in the interpreter's object, from
/// where only what it frees is observed.
///
/// Returns how many slots were written; 0 when this was done before.
pub fn install(interpreter: usize, observer: &'static dyn Observer) -> usize {
    if INSTALLED.get().is_some() || !functions::prepare(observer) {
        return 0;
    }
    let descriptors = descriptors::replacements();
    let with_descriptors = |of_memory: Vec<Replacement>| {
        let all = of_memory.into_iter().chain(descriptors.iter().copied());
        all.collect()
    };
    let installed = Installed {
        interpreter,
        everywhere: with_descriptors(functions::everywhere()),
        in_interpreter: with_descriptors(functions::in_interpreter()),
        generation: u64::MAX,
    };
    let _ = INSTALLED.set(Mutex::new(installed));
    reach_new_objects()
}

/// Does the same for objects that were loaded since; returns how many slots were written. Cheap when
/// there are none. Of the interpreter's own loading [`Observer::loaded`] tells at once.
pub fn reach_new_objects() -> usize {
    INSTALLED.get().map_or(0, reach)
}

/// Leads the calls of functions of the interpreter that other objects make to functions of ours, for the
/// rest of the process: names of the functions, and addresses of ours. `interpreter` is an address in the
/// interpreter's object.
///
/// Returns how many slots were written; 0 when this was done before.
pub fn divert(interpreter: usize, functions: &[(&'static CStr, usize)]) -> usize {
    if DIVERTED.get().is_some() {
        return 0;
    }
    functions::find_originals();
    let diverted = Installed {
        interpreter,
        everywhere: functions::diversions(functions),
        in_interpreter: functions::dlopen().into_iter().collect(),
        generation: u64::MAX,
    };
    let _ = DIVERTED.set(Mutex::new(diverted));
    divert_new_objects()
}

/// Does the same for objects that were loaded since, which on x86-64 is done when the interpreter loads one;
/// returns how many slots were written. Cheap when there are none.
pub fn divert_new_objects() -> usize {
    DIVERTED.get().map_or(0, reach)
}

fn reach(installed: &Mutex<Installed>) -> usize {
    let mut installed = installed.lock().unwrap_or_else(PoisonError::into_inner);
    let generation = loaded::generation();
    if generation == installed.generation {
        return 0;
    }
    let Some(objects) = loaded::settled_objects() else {
        return 0;
    };
    installed.generation = generation;
    let (own, allocator) = (own_address(), allocator());
    objects
        .iter()
        .filter(|object| !object.range.contains(&own) && !is_loader(object))
        .filter(|object| !is_allocator(object, allocator))
        .map(|object| {
            if object.range.contains(&installed.interpreter) {
                slots::replace(object, &installed.in_interpreter)
            } else {
                slots::replace(object, &installed.everywhere)
            }
        })
        .sum()
}

/// Where malloc is, if it is an allocator's that took the place of the C library's.
fn allocator() -> Option<usize> {
    let malloc = originals::original_of(c"malloc");
    let of_c_library = crate::symbols::find_in_c_library(c"malloc")?.get();
    (malloc != of_c_library).then_some(malloc)
}

/// What an allocator maps for itself is nobody's block, and it does so under its own locks: the first call of a hook in a
/// thread makes the loader allocate, and would wait for them for ever.
fn is_allocator(object: &LoadedObject, allocator: Option<usize>) -> bool {
    allocator.is_some_and(|malloc| object.range.contains(&malloc))
}

/// The loader allocates with a malloc of its own while it links, and the kernel's object is no file.
fn is_loader(object: &LoadedObject) -> bool {
    let name = object.path.file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    name.starts_with("ld-linux") || name.starts_with("linux-vdso") || name.starts_with("ld-musl")
}

/// An address in the object that this code is linked into.
pub(crate) fn own_address() -> usize {
    own_address as *const () as usize
}
