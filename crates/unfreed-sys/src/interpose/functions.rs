//! The functions that take the place of malloc and its kin. Each calls the original and tells the
//! observer; neither changes `errno` nor what the caller gets.

use super::originals::original_of;
use super::slots::Replacement;
use super::{Observer, descriptors};
use crate::symbols;
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

static OBSERVER: OnceLock<&'static dyn Observer> = OnceLock::new();

thread_local! {
    // Const-initialised and without a destructor: usable while a thread starts or ends.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Tells the observer, unless this thread is telling it already; keeps `errno`.
#[cold]
#[inline(never)]
pub(super) fn tell(work: impl FnOnce(&'static dyn Observer)) {
    let Some(observer) = OBSERVER.get() else {
        return;
    };
    INSIDE.with(|inside| {
        if !inside.replace(true) {
            // SAFETY: the location of this thread's `errno` is always valid.
            let errno = unsafe { *libc::__errno_location() };
            work(*observer);
            // SAFETY: as above.
            unsafe { *libc::__errno_location() = errno };
            inside.set(false);
        }
    });
}

#[inline]
fn allocated(block: *mut c_void, size: usize) -> *mut c_void {
    if let Some(observer) = OBSERVER.get()
        && observer.wants(size)
        && !block.is_null()
    {
        tell(|observer| observer.allocated(block as usize, size));
    }
    block
}

/// Before the call that frees: afterwards another thread may own the address.
#[inline]
fn freed(block: *mut c_void) {
    if let Some(observer) = OBSERVER.get()
        && observer.may_know(block as usize)
        && !block.is_null()
    {
        tell(|observer| observer.freed(block as usize));
    }
}

super::originals::functions! {
    malloc = c"malloc": fn(usize) -> *mut c_void;
    calloc = c"calloc": fn(usize, usize) -> *mut c_void;
    realloc = c"realloc": fn(*mut c_void, usize) -> *mut c_void;
    reallocarray = c"reallocarray": fn(*mut c_void, usize, usize) -> *mut c_void;
    aligned_alloc = c"aligned_alloc": fn(usize, usize) -> *mut c_void;
    posix_memalign = c"posix_memalign": fn(*mut *mut c_void, usize, usize) -> c_int;
    memalign = c"memalign": fn(usize, usize) -> *mut c_void;
    valloc = c"valloc": fn(usize) -> *mut c_void;
    free = c"free": fn(*mut c_void) -> ();
    free_sized = c"free_sized": fn(*mut c_void, usize) -> ();
    mmap = c"mmap": fn(*mut c_void, usize, c_int, c_int, c_int, i64) -> *mut c_void;
    mmap64 = c"mmap64": fn(*mut c_void, usize, c_int, c_int, c_int, i64) -> *mut c_void;
    munmap = c"munmap": fn(*mut c_void, usize) -> c_int;
    mremap = c"mremap": fn(*mut c_void, usize, usize, c_int, *mut c_void) -> *mut c_void;
    sbrk = c"sbrk": fn(isize) -> *mut c_void;
    dlopen = c"dlopen": fn(*const c_char, c_int) -> *mut c_void;
    dlsym = c"dlsym": fn(*mut c_void, *const c_char) -> *mut c_void;
}

extern "C" fn our_malloc(size: usize) -> *mut c_void {
    allocated(original::malloc()(size), size)
}

extern "C" fn our_calloc(count: usize, each: usize) -> *mut c_void {
    allocated(original::calloc()(count, each), count.saturating_mul(each))
}

extern "C" fn our_realloc(old: *mut c_void, size: usize) -> *mut c_void {
    // When the call fails the block lives on unobserved.
    freed(old);
    allocated(original::realloc()(old, size), size)
}

/// For the interpreter, whose allocations are observed elsewhere.
extern "C" fn only_freeing_realloc(old: *mut c_void, size: usize) -> *mut c_void {
    freed(old);
    original::realloc()(old, size)
}

extern "C" fn our_reallocarray(old: *mut c_void, count: usize, each: usize) -> *mut c_void {
    freed(old);
    allocated(
        original::reallocarray()(old, count, each),
        count.saturating_mul(each),
    )
}

extern "C" fn our_aligned_alloc(align: usize, size: usize) -> *mut c_void {
    allocated(original::aligned_alloc()(align, size), size)
}

extern "C" fn our_posix_memalign(into: *mut *mut c_void, align: usize, size: usize) -> c_int {
    let result = original::posix_memalign()(into, align, size);
    if result == 0 {
        // SAFETY: on success the original has written the block there.
        allocated(unsafe { *into }, size);
    }
    result
}

extern "C" fn our_memalign(align: usize, size: usize) -> *mut c_void {
    allocated(original::memalign()(align, size), size)
}

extern "C" fn our_valloc(size: usize) -> *mut c_void {
    allocated(original::valloc()(size), size)
}

extern "C" fn our_free(block: *mut c_void) {
    freed(block);
    original::free()(block);
}

extern "C" fn our_free_sized(block: *mut c_void, size: usize) {
    freed(block);
    original::free_sized()(block, size);
}

extern "C" fn our_mmap(
    at: *mut c_void,
    len: usize,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: i64,
) -> *mut c_void {
    mapped(
        original::mmap()(at, len, protection, flags, file, offset),
        len,
        protection,
    )
}

extern "C" fn our_mmap64(
    at: *mut c_void,
    len: usize,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: i64,
) -> *mut c_void {
    mapped(
        original::mmap64()(at, len, protection, flags, file, offset),
        len,
        protection,
    )
}

fn mapped(region: *mut c_void, len: usize, protection: c_int) -> *mut c_void {
    // What nobody may read is reserved, not used.
    if region != libc::MAP_FAILED && protection != libc::PROT_NONE {
        allocated(region, len);
    }
    region
}

/// A region is forgotten as a whole when its start is unmapped.
extern "C" fn our_munmap(region: *mut c_void, len: usize) -> c_int {
    freed(region);
    original::munmap()(region, len)
}

/// Variadic in C; on the machines that we support the fifth argument is passed alike.
extern "C" fn our_mremap(
    old: *mut c_void,
    old_len: usize,
    len: usize,
    flags: c_int,
    wanted: *mut c_void,
) -> *mut c_void {
    let region = original::mremap()(old, old_len, len, flags, wanted);
    if region != libc::MAP_FAILED {
        freed(old);
        allocated(region, len);
    }
    region
}

extern "C" fn our_sbrk(increment: isize) -> *mut c_void {
    let before = original::sbrk()(increment);
    if before as isize != -1 && increment > 0 {
        allocated(before, increment.unsigned_abs());
    }
    before
}

/// The function of ours for one that is looked up; 0 for all others. With `RTLD_NEXT`, an allocator
/// that wraps another asks for the other: never ours, which calls the former.
extern "C" fn looked_up(handle: *mut c_void, name: *const c_char) -> usize {
    if name.is_null() || handle == libc::RTLD_NEXT {
        return 0;
    }
    // SAFETY: whoever calls dlsym passes a NUL-terminated name.
    let name = unsafe { CStr::from_ptr(name) };
    let answer = || original::dlsym()(handle, name.as_ptr()) as usize;
    instead_of(&OURS, name, answer)
        .or_else(|| descriptors::looked_up(name, answer))
        .unwrap_or(0)
}

/// `dlsym` for pointers that are called directly (ctypes, cffi). All names but ours are looked up by
/// the original, which is jumped to: what it answers depends on who called, and that must not be us.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
extern "C" fn our_dlsym() {
    std::arch::naked_asm!(
        "push rdi",
        "push rsi",
        "sub rsp, 8",
        "call {looked_up}",
        "add rsp, 8",
        "pop rsi",
        "pop rdi",
        "test rax, rax",
        "jne 2f",
        "mov rax, [rip + {original}]",
        "jmp rax",
        "2: ret",
        looked_up = sym looked_up,
        original = sym ORIGINAL_DLSYM,
    )
}

#[cfg(target_arch = "x86_64")]
static ORIGINAL_DLSYM: AtomicUsize = AtomicUsize::new(0);

/// Loads by path, as the interpreter does, and tells of it. By name is left to the original, which is
/// jumped to: where it looks depends on who called.
extern "C" fn opened(path: *const c_char, flags: c_int) -> *mut c_void {
    let handle = original::dlopen()(path, flags);
    if let Some(observer) = OBSERVER.get() {
        observer.loaded();
    }
    super::divert_new_objects();
    handle
}

extern "C" fn is_path(name: *const c_char) -> bool {
    // SAFETY: whoever calls dlopen passes NULL or a NUL-terminated name.
    !name.is_null() && unsafe { CStr::from_ptr(name) }.to_bytes().contains(&b'/')
}

#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
extern "C" fn our_dlopen() {
    std::arch::naked_asm!(
        "push rdi",
        "push rsi",
        "sub rsp, 8",
        "call {is_path}",
        "add rsp, 8",
        "pop rsi",
        "pop rdi",
        "test al, al",
        "jne {opened}",
        "mov rax, [rip + {original}]",
        "jmp rax",
        is_path = sym is_path,
        opened = sym opened,
        original = sym ORIGINAL_DLOPEN,
    )
}

#[cfg(target_arch = "x86_64")]
static ORIGINAL_DLOPEN: AtomicUsize = AtomicUsize::new(0);

/// Ours by name, but for `dlsym`.
const OURS: [(Name, *const ()); 15] = [
    (Name::malloc, our_malloc as *const ()),
    (Name::calloc, our_calloc as *const ()),
    (Name::realloc, our_realloc as *const ()),
    (Name::reallocarray, our_reallocarray as *const ()),
    (Name::aligned_alloc, our_aligned_alloc as *const ()),
    (Name::posix_memalign, our_posix_memalign as *const ()),
    (Name::memalign, our_memalign as *const ()),
    (Name::valloc, our_valloc as *const ()),
    (Name::free, our_free as *const ()),
    (Name::free_sized, our_free_sized as *const ()),
    (Name::mmap, our_mmap as *const ()),
    (Name::mmap64, our_mmap64 as *const ()),
    (Name::munmap, our_munmap as *const ()),
    (Name::mremap, our_mremap as *const ()),
    (Name::sbrk, our_sbrk as *const ()),
];

/// Finds the originals. `false` when the process has no malloc to find.
pub(super) fn prepare(observer: &'static dyn Observer) -> bool {
    find_originals();
    let has = |name: Name| ORIGINALS[name as usize].load(Ordering::Relaxed) != 0;
    has(Name::malloc) && has(Name::free) && has(Name::realloc) && OBSERVER.set(observer).is_ok()
}

/// Finds the originals, wherever slots may lead by now.
pub(super) fn find_originals() {
    find();
    #[cfg(target_arch = "x86_64")]
    for (jumped_to, name) in [
        (&ORIGINAL_DLSYM, Name::dlsym),
        (&ORIGINAL_DLOPEN, Name::dlopen),
    ] {
        let original = ORIGINALS[name as usize].load(Ordering::Relaxed);
        jumped_to.store(original, Ordering::Relaxed);
    }
}

/// Replacements of functions of other names, which are found in the process.
pub(super) fn diversions(functions: &[(&'static CStr, usize)]) -> Vec<Replacement> {
    let found = functions.iter().map(|&(name, ours)| Replacement {
        name,
        original: original_of(name),
        stub: symbols::find(name).map_or(0, std::num::NonZeroUsize::get),
        ours,
    });
    found.filter(|one| one.original != 0).collect()
}

/// What is replaced in every object but the interpreter's.
pub(super) fn everywhere() -> Vec<Replacement> {
    OURS.iter()
        .filter_map(|&(name, ours)| replacement(name, ours as usize))
        .chain(dlsym())
        .collect()
}

/// What is replaced in the interpreter: what it frees may come from elsewhere.
pub(super) fn in_interpreter() -> Vec<Replacement> {
    let freeing = [
        (Name::free, our_free as *const ()),
        (Name::realloc, only_freeing_realloc as *const ()),
    ];
    freeing
        .into_iter()
        .filter_map(|(name, ours)| replacement(name, ours as usize))
        .chain(dlsym())
        .chain(dlopen())
        .collect()
}

#[cfg(target_arch = "x86_64")]
pub(super) fn dlopen() -> Option<Replacement> {
    replacement(Name::dlopen, our_dlopen as *const () as usize)
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn dlopen() -> Option<Replacement> {
    None
}

#[cfg(target_arch = "x86_64")]
fn dlsym() -> Option<Replacement> {
    replacement(Name::dlsym, our_dlsym as *const () as usize)
}

#[cfg(not(target_arch = "x86_64"))]
fn dlsym() -> Option<Replacement> {
    None
}
