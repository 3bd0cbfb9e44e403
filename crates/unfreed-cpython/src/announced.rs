//! Blocks that C code takes from elsewhere and announces to the interpreter, as numpy does with the data of
//! its arrays: calls of `PyTraceMalloc_Track` and `PyTraceMalloc_Untrack`. They reach the interpreter, too.

use crate::gil::{self, Gil};
use crate::runtime::Runtime;
use std::ffi::{CStr, c_int, c_uint};
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use unfreed_sys::{interpose, symbols};

/// Who is told about such blocks.
pub trait Listener: Sync + 'static {
    /// Whether it listens now.
    fn listens(&self) -> bool;
    /// A block of a domain (a number that its allocator chose) was allocated.
    fn announced(&self, gil: &Gil, domain: u32, block: usize, size: usize);
    /// It is about to be freed. Without the GIL, maybe.
    fn withdrawn(&self, domain: u32, block: usize);
}

struct Listening {
    runtime: &'static Runtime,
    listener: &'static dyn Listener,
    track: NonZeroUsize,
    untrack: NonZeroUsize,
}

static LISTENING: OnceLock<Listening> = OnceLock::new();

const TRACK: &CStr = c"PyTraceMalloc_Track";
const UNTRACK: &CStr = c"PyTraceMalloc_Untrack";

/// Tells `listener` of such blocks, for the rest of the process; later calls see to what was loaded since.
pub fn listen(runtime: &'static Runtime, listener: &'static dyn Listener) {
    let (Some(track), Some(untrack)) = (symbols::find(TRACK), symbols::find(UNTRACK)) else {
        return;
    };
    LISTENING.get_or_init(|| Listening {
        runtime,
        listener,
        track,
        untrack,
    });
    let ours = [
        (TRACK, our_track as *const () as usize),
        (UNTRACK, our_untrack as *const () as usize),
    ];
    interpose::divert(runtime.for_unwinding().address, &ours);
    reach_new_objects();
}

/// Sees to what was loaded since [`listen`], where nothing tells of it at once. Cheap when there is nothing.
pub fn reach_new_objects() {
    interpose::divert_new_objects();
}

extern "C" fn our_track(domain: c_uint, block: usize, size: usize) -> c_int {
    let Some(listening) = LISTENING.get() else {
        return NOT_TRACING;
    };
    // SAFETY: found by this name in the process; the type is the one of `tracemalloc.h`.
    let track: extern "C" fn(c_uint, usize, usize) -> c_int =
        unsafe { std::mem::transmute(listening.track) };
    let result = track(domain, block, size);
    if !listening.listener.listens() {
        return result;
    }
    // As the original does, which may be called without the GIL.
    gil::with_gil(listening.runtime, |gil| {
        listening.listener.announced(gil, domain, block, size);
    });
    0
}

extern "C" fn our_untrack(domain: c_uint, block: usize) -> c_int {
    let Some(listening) = LISTENING.get() else {
        return NOT_TRACING;
    };
    // SAFETY: as above.
    let untrack: extern "C" fn(c_uint, usize) -> c_int =
        unsafe { std::mem::transmute(listening.untrack) };
    let result = untrack(domain, block);
    if !listening.listener.listens() {
        return result;
    }
    listening.listener.withdrawn(domain, block);
    0
}

/// What the originals answer while nobody listens.
const NOT_TRACING: c_int = -2;
