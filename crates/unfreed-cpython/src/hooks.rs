//! Hooks into Python's allocators (RAW, MEM, OBJ) and into the arena allocator. The hooks decide in
//! a few instructions whether an observer wants a block; they take no lock that can block, use no
//! heap and call no Python.

use crate::api::{Api, ArenaAllocator, MemAllocator};
use crate::gil::Gil;
use crate::runtime::Runtime;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Whether an allocation function is of the RAW domain, which may be called without the GIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// `PyMem_RawMalloc` and friends.
    AnyThread,
    /// `PyMem_Malloc`, `PyObject_Malloc` and friends: one thread at a time.
    WithGil,
}

/// Who is told about blocks. Every method runs inside an allocator hook: no blocking lock, no heap,
/// no Python, and as few instructions as can be in the first two.
pub trait Observer: Sync + 'static {
    /// Whether to be told of an allocation of `size` bytes; counts down to the next sample.
    fn wants(&self, caller: Caller, size: usize) -> bool;
    /// Whether `block` may be one that [`Observer::allocated`] was told of. May err towards yes.
    fn may_know(&self, block: usize) -> bool;
    /// A wanted block was allocated. `gil` is the proof when the thread holds the GIL.
    fn allocated(&self, runtime: &'static Runtime, gil: Option<&Gil>, block: usize, size: usize);
    /// A block is about to be freed, by whom its allocator lets.
    fn freed(&self, caller: Caller, block: usize);
}

/// Domains of `pymem.h`.
const RAW: u8 = 0;
const MEM: u8 = 1;
const OBJECT: u8 = 2;

/// Blocks up to this size are pymalloc's own; larger ones it asks of the RAW domain, where they
/// are counted, so the outer hook must not count them too.
const PYMALLOC_MAX: usize = 512;

struct Hook<O: 'static> {
    original: MemAllocator,
    observer: &'static O,
    /// Largest block counted here: [`PYMALLOC_MAX`], or any size where larger blocks do not pass
    /// the RAW hook (`PYTHONMALLOC=malloc`).
    largest: AtomicUsize,
    runtime: &'static Runtime,
}

// SAFETY: the allocator's context pointer is CPython's own and usable from any thread that may
// call the allocator; everything else in a Hook is Sync.
unsafe impl<O: Observer> Sync for Hook<O> {}

/// What a thread is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum At {
    /// The program.
    Program,
    /// Work for unfreed, whose blocks are none of the program's.
    OwnWork,
    /// A hook.
    Hook,
}

thread_local! {
    // Const-initialised and without a destructor: usable while a thread starts or ends.
    static PLACE: Cell<At> = const { Cell::new(At::Program) };
    static NEWEST: Cell<usize> = const { Cell::new(0) };
}

/// Whether `object` is in the block that an observer was told of last in this thread, `before` bytes or less from its
/// start. Says so once: the next object in the block comes from a free list.
pub(crate) fn is_in_newest_block(object: usize, before: usize) -> bool {
    NEWEST.with(|newest| {
        let is_in = object.wrapping_sub(newest.get()) <= before;
        if is_in {
            newest.set(0);
        }
        is_in
    })
}

/// Runs `work` as a hook, if this thread is at `most` or outside of it.
pub(crate) fn guarded(most: At, work: impl FnOnce()) {
    PLACE.with(|place| {
        let before = place.get();
        if before <= most {
            place.set(At::Hook);
            work();
            place.set(before);
        }
    });
}

/// Runs `work` with no observer told of what this thread allocates in it; of what it frees they are.
/// Finalizers that run meanwhile go unobserved, too.
pub fn unobserved<T>(work: impl FnOnce() -> T) -> T {
    struct Back(At);
    impl Drop for Back {
        fn drop(&mut self) {
            PLACE.with(|place| place.set(self.0));
        }
    }
    let _back = Back(PLACE.with(|place| {
        let before = place.get();
        place.set(before.max(At::OwnWork));
        before
    }));
    work()
}

impl<O: Observer> Hook<O> {
    #[inline]
    fn counts<const DOMAIN: u8>(&self, size: usize) -> bool {
        (DOMAIN == RAW || size <= self.largest.load(Ordering::Relaxed))
            && self.observer.wants(caller_of(DOMAIN), size)
    }

    fn allocated(&self, block: *mut c_void, size: usize) -> *mut c_void {
        if !block.is_null() {
            NEWEST.with(|newest| newest.set(block as usize));
            tell_allocated(self.runtime, self.observer, block, size);
        }
        block
    }

    fn freed<const DOMAIN: u8>(&self, block: *mut c_void) {
        tell_freed(self.observer, caller_of(DOMAIN), block);
    }
}

fn tell_allocated<O: Observer>(
    runtime: &'static Runtime,
    observer: &O,
    block: *mut c_void,
    size: usize,
) {
    guarded(At::Program, || {
        let gil = Gil::held(runtime);
        observer.allocated(runtime, gil.as_ref(), block as usize, size);
    });
}

fn tell_freed<O: Observer>(observer: &O, caller: Caller, block: *mut c_void) {
    guarded(At::OwnWork, || observer.freed(caller, block as usize));
}

const fn caller_of(domain: u8) -> Caller {
    if domain == RAW {
        Caller::AnyThread
    } else {
        Caller::WithGil
    }
}

/// # Safety
/// `ctx` is the pointer to the leaked `Hook<O>` that was installed with these functions.
unsafe fn hook<'a, O: Observer>(ctx: *mut c_void) -> &'a Hook<O> {
    // SAFETY: the caller's promise; the hook is never freed.
    unsafe { &*ctx.cast::<Hook<O>>() }
}

// Each hook decides and then jumps: to the original, or to its `observed` twin, which does the whole
// of the work. So the common case saves no register and returns no value of its own; that it looks
// like the twin's first lines is the price.

extern "C" fn malloc<O: Observer, const DOMAIN: u8>(ctx: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: installed together with its context.
    let hook = unsafe { hook::<O>(ctx) };
    if hook.counts::<DOMAIN>(size) {
        return observed_malloc::<O>(ctx, size);
    }
    (hook.original.malloc)(hook.original.ctx, size)
}

#[cold]
#[inline(never)]
extern "C" fn observed_malloc<O: Observer>(ctx: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the hook passes its context on.
    let hook = unsafe { hook::<O>(ctx) };
    hook.allocated((hook.original.malloc)(hook.original.ctx, size), size)
}

extern "C" fn calloc<O: Observer, const DOMAIN: u8>(
    ctx: *mut c_void,
    count: usize,
    each: usize,
) -> *mut c_void {
    // SAFETY: installed together with its context.
    let hook = unsafe { hook::<O>(ctx) };
    if hook.counts::<DOMAIN>(count.saturating_mul(each)) {
        return observed_calloc::<O>(ctx, count, each);
    }
    (hook.original.calloc)(hook.original.ctx, count, each)
}

#[cold]
#[inline(never)]
extern "C" fn observed_calloc<O: Observer>(
    ctx: *mut c_void,
    count: usize,
    each: usize,
) -> *mut c_void {
    // SAFETY: the hook passes its context on.
    let hook = unsafe { hook::<O>(ctx) };
    let block = (hook.original.calloc)(hook.original.ctx, count, each);
    hook.allocated(block, count.saturating_mul(each))
}

extern "C" fn realloc<O: Observer, const DOMAIN: u8>(
    ctx: *mut c_void,
    old: *mut c_void,
    size: usize,
) -> *mut c_void {
    // SAFETY: installed together with its context.
    let hook = unsafe { hook::<O>(ctx) };
    let known = hook.observer.may_know(old as usize);
    if hook.counts::<DOMAIN>(size) {
        return observed_realloc::<O, DOMAIN>(ctx, old, size);
    }
    if known {
        return forgotten_realloc::<O, DOMAIN>(ctx, old, size);
    }
    (hook.original.realloc)(hook.original.ctx, old, size)
}

#[cold]
#[inline(never)]
extern "C" fn observed_realloc<O: Observer, const DOMAIN: u8>(
    ctx: *mut c_void,
    old: *mut c_void,
    size: usize,
) -> *mut c_void {
    // SAFETY: the hook passes its context on.
    let hook = unsafe { hook::<O>(ctx) };
    hook.allocated(forgotten_realloc::<O, DOMAIN>(ctx, old, size), size)
}

/// Forgotten before the call: afterwards another thread may own the address. When the call fails the
/// block lives on unobserved, which costs one sample.
#[cold]
#[inline(never)]
extern "C" fn forgotten_realloc<O: Observer, const DOMAIN: u8>(
    ctx: *mut c_void,
    old: *mut c_void,
    size: usize,
) -> *mut c_void {
    // SAFETY: the hook passes its context on.
    let hook = unsafe { hook::<O>(ctx) };
    if hook.observer.may_know(old as usize) {
        hook.freed::<DOMAIN>(old);
    }
    (hook.original.realloc)(hook.original.ctx, old, size)
}

extern "C" fn free<O: Observer, const DOMAIN: u8>(ctx: *mut c_void, block: *mut c_void) {
    // SAFETY: installed together with its context.
    let hook = unsafe { hook::<O>(ctx) };
    if hook.observer.may_know(block as usize) {
        return observed_free::<O, DOMAIN>(ctx, block);
    }
    (hook.original.free)(hook.original.ctx, block);
}

#[cold]
#[inline(never)]
extern "C" fn observed_free<O: Observer, const DOMAIN: u8>(ctx: *mut c_void, block: *mut c_void) {
    // SAFETY: the hook passes its context on.
    let hook = unsafe { hook::<O>(ctx) };
    hook.freed::<DOMAIN>(block);
    (hook.original.free)(hook.original.ctx, block);
}

fn prepare<O: Observer>(
    runtime: &'static Runtime,
    observer: &'static O,
    domain: u8,
) -> &'static Hook<O> {
    let mut original = std::mem::MaybeUninit::<MemAllocator>::uninit();
    (runtime.api().functions.get_allocator)(c_int::from(domain), original.as_mut_ptr());
    // SAFETY: PyMem_GetAllocator fills the struct for the three domains.
    let original = unsafe { original.assume_init() };
    Box::leak(Box::new(Hook {
        original,
        observer,
        largest: AtomicUsize::new(usize::MAX),
        runtime,
    }))
}

fn set<O: Observer, const DOMAIN: u8>(hook: &'static Hook<O>) {
    let ours = MemAllocator {
        ctx: std::ptr::from_ref(hook).cast_mut().cast(),
        malloc: malloc::<O, DOMAIN>,
        calloc: calloc::<O, DOMAIN>,
        realloc: realloc::<O, DOMAIN>,
        free: free::<O, DOMAIN>,
    };
    (hook.runtime.api().functions.set_allocator)(c_int::from(DOMAIN), &raw const ours);
}

/// Installs the hooks for all three domains, for the rest of the process: other tools may stack
/// their own on top, so they are never taken out, only told to want nothing.
pub fn install<O: Observer>(runtime: &'static Runtime, _gil: &Gil, observer: &'static O) {
    install_for_arenas(runtime, observer);
    let [raw, mem, object] = [RAW, MEM, OBJECT].map(|domain| prepare(runtime, observer, domain));
    set::<O, RAW>(raw);
    set::<O, MEM>(mem);
    set::<O, OBJECT>(object);
    if large_blocks_reach_raw(runtime.api()) {
        mem.largest.store(PYMALLOC_MAX, Ordering::Relaxed);
        object.largest.store(PYMALLOC_MAX, Ordering::Relaxed);
    }
}

/// Whether our hooks are still the ones in force; another tool that was there before us takes ours
/// out when it stops.
#[must_use]
pub fn are_installed<O: Observer>(runtime: &Runtime, _gil: &Gil) -> bool {
    let mut current = std::mem::MaybeUninit::<MemAllocator>::uninit();
    (runtime.api().functions.get_allocator)(c_int::from(OBJECT), current.as_mut_ptr());
    // SAFETY: PyMem_GetAllocator fills the struct for this domain.
    let current = unsafe { current.assume_init() };
    std::ptr::fn_addr_eq(
        current.free,
        free::<O, OBJECT> as extern "C" fn(*mut c_void, *mut c_void),
    )
}

static RAW_PROBE: AtomicU64 = AtomicU64::new(0);

/// Finds out by trying: asks the OBJ domain for a block over pymalloc's limit and looks whether a
/// RAW allocation passes by.
fn large_blocks_reach_raw(api: &Api) -> bool {
    let functions = &api.functions;
    let mut before = std::mem::MaybeUninit::<MemAllocator>::uninit();
    (functions.get_allocator)(c_int::from(RAW), before.as_mut_ptr());
    // SAFETY: PyMem_GetAllocator fills the struct for this domain.
    let before = unsafe { before.assume_init() };
    let probe = Box::new(before);
    let ours = MemAllocator {
        ctx: (&raw const *probe).cast_mut().cast(),
        malloc: probe_malloc,
        calloc: probe_calloc,
        realloc: probe_realloc,
        free: probe_free,
    };
    RAW_PROBE.store(0, Ordering::Relaxed);
    (functions.set_allocator)(c_int::from(RAW), &raw const ours);
    let block = (functions.object_malloc)(PYMALLOC_MAX * 2);
    (functions.set_allocator)(c_int::from(RAW), &raw const before);
    (functions.object_free)(block);
    // Another thread could still be inside the probe with its context: leave that one block.
    Box::leak(probe);
    RAW_PROBE.load(Ordering::Relaxed) > 0
}

fn probed<'a>(ctx: *mut c_void) -> &'a MemAllocator {
    // SAFETY: the context is the leaked allocator that the probe was installed with.
    unsafe { &*ctx.cast::<MemAllocator>() }
}

extern "C" fn probe_malloc(ctx: *mut c_void, size: usize) -> *mut c_void {
    RAW_PROBE.fetch_add(1, Ordering::Relaxed);
    (probed(ctx).malloc)(probed(ctx).ctx, size)
}

extern "C" fn probe_calloc(ctx: *mut c_void, count: usize, each: usize) -> *mut c_void {
    (probed(ctx).calloc)(probed(ctx).ctx, count, each)
}

extern "C" fn probe_realloc(ctx: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    (probed(ctx).realloc)(probed(ctx).ctx, block, size)
}

extern "C" fn probe_free(ctx: *mut c_void, block: *mut c_void) {
    (probed(ctx).free)(probed(ctx).ctx, block);
}

static ARENA_BYTES: AtomicU64 = AtomicU64::new(0);

/// Arenas of pymalloc have this size at least, in every version. What is smaller comes from 3.11 on: pieces of the stacks of
/// Python frames, one for each thread and greenlet at least.
const SMALLEST_ARENA: usize = 256 << 10;

struct ArenaHook<O: 'static> {
    original: ArenaAllocator,
    observer: &'static O,
    runtime: &'static Runtime,
}

extern "C" fn arena_alloc<O: Observer>(ctx: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the context is the leaked hook that was installed with this function.
    let hook = unsafe { &*ctx.cast::<ArenaHook<O>>() };
    let arena = (hook.original.alloc)(hook.original.ctx, size);
    if arena.is_null() {
        return arena;
    }
    if size >= SMALLEST_ARENA {
        ARENA_BYTES.fetch_add(size as u64, Ordering::Relaxed);
    } else if hook.observer.wants(Caller::AnyThread, size) {
        tell_allocated(hook.runtime, hook.observer, arena, size);
    }
    arena
}

extern "C" fn arena_free<O: Observer>(ctx: *mut c_void, arena: *mut c_void, size: usize) {
    // SAFETY: the context is the leaked hook that was installed with this function.
    let hook = unsafe { &*ctx.cast::<ArenaHook<O>>() };
    if size >= SMALLEST_ARENA {
        // Arenas from before our hook are freed here too: never below zero.
        let _ = ARENA_BYTES.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            Some(held.saturating_sub(size as u64))
        });
    } else if hook.observer.may_know(arena as usize) {
        tell_freed(hook.observer, Caller::AnyThread, arena);
    }
    (hook.original.free)(hook.original.ctx, arena, size);
}

/// Counts arenas from now on, what pymalloc holds, used and free; of stacks of frames the observer is told.
fn install_for_arenas<O: Observer>(runtime: &'static Runtime, observer: &'static O) {
    let mut original = std::mem::MaybeUninit::<ArenaAllocator>::uninit();
    (runtime.api().functions.get_arena_allocator)(original.as_mut_ptr());
    let hook = Box::leak(Box::new(ArenaHook {
        // SAFETY: PyObject_GetArenaAllocator fills the struct.
        original: unsafe { original.assume_init() },
        observer,
        runtime,
    }));
    let ours = ArenaAllocator {
        ctx: std::ptr::from_mut(hook).cast(),
        alloc: arena_alloc::<O>,
        free: arena_free::<O>,
    };
    (runtime.api().functions.set_arena_allocator)(&raw const ours);
}

/// Bytes of arenas mapped since the hooks were installed.
#[must_use]
pub fn arena_bytes() -> u64 {
    ARENA_BYTES.load(Ordering::Relaxed)
}
