//! Objects that come to be in a block of a free list, for which no allocator is asked. CPython tells of every object
//! that begins from 3.13 on (`PyRefTracer_SetTracer`, `object.h`); before, nobody does. No heap, no blocking lock, no
//! Python in here, as in the allocator hooks.

use crate::gil::Gil;
use crate::hooks::{At, guarded, is_in_newest_block};
use crate::layout::{TPFLAGS_HAVE_GC, TPFLAGS_HEAPTYPE};
use crate::runtime::Runtime;
use std::ffi::{c_int, c_void};
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use unfreed_sys::symbols;

/// Who is told of blocks that are handed on.
pub trait Births: Sync + 'static {
    /// Whether to be told at all.
    fn are_wanted(&self) -> bool;
    /// An object began in `block`, which may be one that the observer knows from before.
    fn handed_on(&self, gil: &Gil, block: usize);
}

/// Most bytes that lie between a block and its object: the collector's links and a managed dict's slots.
const BEFORE_OBJECT: usize = 32;
/// The collector's links.
const LINKS: usize = 16;
/// `PyRefTracer_CREATE`.
const CREATE: c_int = 0;

/// Who is told, for the rest of the process: a tracer may be running while another session begins.
static WATCH: OnceLock<Watch> = OnceLock::new();

struct Watch {
    runtime: &'static Runtime,
    observer: &'static dyn Births,
}

impl Watch {
    fn born(&self, object: usize) {
        // An object in the block that was just allocated is what the allocator's hook was told of.
        if is_in_newest_block(object, BEFORE_OBJECT) || !self.observer.are_wanted() {
            return;
        }
        let Some(gil) = Gil::held(self.runtime) else {
            return;
        };
        let objects = self.runtime.objects(&gil);
        let flags = objects.type_flags(objects.type_of(object));
        // Only types of the interpreter's own have free lists.
        if flags & TPFLAGS_HEAPTYPE as usize == 0 {
            let has_links = flags & TPFLAGS_HAVE_GC as usize != 0;
            let links = if has_links { LINKS } else { 0 };
            self.observer.handed_on(&gil, object - links);
        }
    }
}

extern "C" fn trace(object: usize, event: c_int, _: *mut c_void) -> c_int {
    if event == CREATE
        && let Some(watch) = WATCH.get()
    {
        guarded(At::Program, || watch.born(object));
    }
    0
}

/// Has `observer` told of births until [`unfollow`]; `false` where the interpreter cannot tell, or tells somebody else
/// already. There is one observer in a process.
pub fn follow(runtime: &'static Runtime, _gil: &Gil, observer: &'static dyn Births) -> bool {
    let Some((get, set)) = functions() else {
        return false;
    };
    let mut data = std::ptr::null_mut();
    let present = get(&raw mut data);
    if present != 0 {
        return present == address();
    }
    WATCH.get_or_init(|| Watch { runtime, observer });
    set(address(), std::ptr::null_mut()) == 0
}

/// Ends it, if nobody else has taken over.
pub fn unfollow(_gil: &Gil) {
    let Some((get, set)) = functions() else {
        return;
    };
    let mut data = std::ptr::null_mut();
    if get(&raw mut data) == address() {
        set(0, std::ptr::null_mut());
    }
}

fn address() -> usize {
    let tracer: extern "C" fn(usize, c_int, *mut c_void) -> c_int = trace;
    tracer as usize
}

type GetTracer = extern "C" fn(*mut *mut c_void) -> usize;
type SetTracer = extern "C" fn(usize, *mut c_void) -> c_int;

fn functions() -> Option<(GetTracer, SetTracer)> {
    let find = |name| symbols::find(name).map(NonZeroUsize::get);
    let (get, set) = (
        find(c"PyRefTracer_GetTracer")?,
        find(c"PyRefTracer_SetTracer")?,
    );
    // SAFETY: the symbols are the functions of these names, whose signatures are these in 3.13 to 3.15; a function
    // pointer is passed as the address that it is.
    unsafe {
        Some((
            std::mem::transmute::<usize, GetTracer>(get),
            std::mem::transmute::<usize, SetTracer>(set),
        ))
    }
}
