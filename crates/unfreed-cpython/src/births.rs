//! Objects that come to be in a block of a free list, for which no allocator is asked. CPython tells of every object
//! that begins from 3.13 on (`PyRefTracer_SetTracer`, `object.h`); before, nobody does. No heap, no blocking lock, no
//! Python in here, as in the allocator hooks.

use crate::gil::Gil;
use crate::hooks::{At, guarded, is_in_newest_block};
use crate::runtime::Runtime;
use std::ffi::{c_int, c_void};
use std::num::NonZeroUsize;
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
const TPFLAGS_HEAP_TYPE: usize = 1 << 9;
const TPFLAGS_HAVE_GC: usize = 1 << 14;
/// `PyRefTracer_CREATE`.
const CREATE: c_int = 0;

type Tracer = extern "C" fn(usize, c_int, *mut c_void) -> c_int;

struct Watch<O: 'static> {
    runtime: &'static Runtime,
    observer: &'static O,
}

impl<O: Births> Watch<O> {
    fn born(&self, object: usize) {
        // An object in the block that was just allocated is what the allocator's hook was told of.
        if is_in_newest_block(object, BEFORE_OBJECT) || !self.observer.are_wanted() {
            return;
        }
        let Some(gil) = Gil::held(self.runtime) else {
            return;
        };
        let objects = self.runtime.objects(&gil);
        let type_ = objects.type_of(object);
        let flags = objects.reader.word(type_ + objects.layout.tp_flags);
        // Only types of the interpreter's own have free lists.
        if flags & TPFLAGS_HEAP_TYPE == 0 {
            let links = if flags & TPFLAGS_HAVE_GC == 0 {
                0
            } else {
                LINKS
            };
            self.observer.handed_on(&gil, object - links);
        }
    }
}

extern "C" fn trace<O: Births>(object: usize, event: c_int, data: *mut c_void) -> c_int {
    if event == CREATE {
        // SAFETY: the pointer is the leaked `Watch<O>` that was set together with this function.
        let watch = unsafe { &*data.cast::<Watch<O>>() };
        guarded(At::Program, || watch.born(object));
    }
    0
}

/// Has `observer` told of births until [`unfollow`]; `false` where the interpreter cannot tell, or tells somebody else
/// already.
pub fn follow<O: Births>(runtime: &'static Runtime, _gil: &Gil, observer: &'static O) -> bool {
    let Some((get, set)) = functions() else {
        return false;
    };
    let mut data = std::ptr::null_mut();
    if get(&raw mut data) != 0 {
        return false;
    }
    // Made anew for each session: a few bytes that are never freed, since a tracer may be running.
    let watch = Box::leak(Box::new(Watch { runtime, observer }));
    set(
        trace::<O> as *const () as usize,
        std::ptr::from_ref(watch).cast_mut().cast(),
    ) == 0
}

/// Ends it, if nobody else has taken over.
pub fn unfollow<O: Births>(_gil: &Gil) {
    let Some((get, set)) = functions() else {
        return;
    };
    let mut data = std::ptr::null_mut();
    let ours: Tracer = trace::<O>;
    if get(&raw mut data) == ours as *const () as usize {
        set(0, std::ptr::null_mut());
    }
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
