//! The functions that hand out file descriptors: each calls the original and tells the observer what it returned. Who
//! closes what is not asked: what is open can be read at any time, and a number that was closed is handed out again.

use super::functions::tell;
use super::slots::Replacement;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

// Variadic in C: open, openat and fcntl. On the machines that we support their arguments are passed alike.
super::originals::functions! {
    open = c"open": fn(*const c_char, c_int, c_uint) -> c_int;
    open64 = c"open64": fn(*const c_char, c_int, c_uint) -> c_int;
    openat = c"openat": fn(c_int, *const c_char, c_int, c_uint) -> c_int;
    openat64 = c"openat64": fn(c_int, *const c_char, c_int, c_uint) -> c_int;
    fopen = c"fopen": fn(*const c_char, *const c_char) -> *mut c_void;
    fopen64 = c"fopen64": fn(*const c_char, *const c_char) -> *mut c_void;
    opendir = c"opendir": fn(*const c_char) -> *mut c_void;
    mkostemp = c"mkostemp": fn(*mut c_char, c_int) -> c_int;
    mkstemp = c"mkstemp": fn(*mut c_char) -> c_int;
    dup = c"dup": fn(c_int) -> c_int;
    dup2 = c"dup2": fn(c_int, c_int) -> c_int;
    dup3 = c"dup3": fn(c_int, c_int, c_int) -> c_int;
    fcntl = c"fcntl": fn(c_int, c_int, usize) -> c_int;
    fcntl64 = c"fcntl64": fn(c_int, c_int, usize) -> c_int;
    pipe = c"pipe": fn(*mut [c_int; 2]) -> c_int;
    pipe2 = c"pipe2": fn(*mut [c_int; 2], c_int) -> c_int;
    socket = c"socket": fn(c_int, c_int, c_int) -> c_int;
    socketpair = c"socketpair": fn(c_int, c_int, c_int, *mut [c_int; 2]) -> c_int;
    accept = c"accept": fn(c_int, *mut c_void, *mut c_void) -> c_int;
    accept4 = c"accept4": fn(c_int, *mut c_void, *mut c_void, c_int) -> c_int;
    epoll_create = c"epoll_create": fn(c_int) -> c_int;
    epoll_create1 = c"epoll_create1": fn(c_int) -> c_int;
    eventfd = c"eventfd": fn(c_uint, c_int) -> c_int;
    inotify_init = c"inotify_init": fn() -> c_int;
    inotify_init1 = c"inotify_init1": fn(c_int) -> c_int;
    memfd_create = c"memfd_create": fn(*const c_char, c_uint) -> c_int;
    timerfd_create = c"timerfd_create": fn(c_int, c_int) -> c_int;
    signalfd = c"signalfd": fn(c_int, *const c_void, c_int) -> c_int;
}

fn told(descriptor: c_int) -> c_int {
    if descriptor >= 0 {
        tell(|observer| observer.opened(descriptor));
    }
    descriptor
}

/// Two at once, where the call succeeded.
fn told_both(result: c_int, pair: *const [c_int; 2]) -> c_int {
    if result == 0 {
        // SAFETY: on success the original has written both there.
        for descriptor in unsafe { *pair } {
            told(descriptor);
        }
    }
    result
}

extern "C" fn our_open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    told(original::open()(path, flags, mode))
}

extern "C" fn our_open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    told(original::open64()(path, flags, mode))
}

extern "C" fn our_openat(at: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    told(original::openat()(at, path, flags, mode))
}

extern "C" fn our_openat64(at: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    told(original::openat64()(at, path, flags, mode))
}

/// The descriptor of a stream or a directory.
fn of_stream(
    stream: *mut c_void,
    number: unsafe extern "C" fn(*mut c_void) -> c_int,
) -> *mut c_void {
    if !stream.is_null() {
        // SAFETY: the original has just made it, and nobody else knows it yet.
        told(unsafe { number(stream) });
    }
    stream
}

unsafe extern "C" fn of_file(stream: *mut c_void) -> c_int {
    // SAFETY: the caller passes a stream that is open.
    unsafe { libc::fileno(stream.cast()) }
}

unsafe extern "C" fn of_folder(stream: *mut c_void) -> c_int {
    // SAFETY: the caller passes a directory that is open.
    unsafe { libc::dirfd(stream.cast()) }
}

extern "C" fn our_fopen(path: *const c_char, mode: *const c_char) -> *mut c_void {
    of_stream(original::fopen()(path, mode), of_file)
}

extern "C" fn our_fopen64(path: *const c_char, mode: *const c_char) -> *mut c_void {
    of_stream(original::fopen64()(path, mode), of_file)
}

extern "C" fn our_opendir(path: *const c_char) -> *mut c_void {
    of_stream(original::opendir()(path), of_folder)
}

extern "C" fn our_mkostemp(template: *mut c_char, flags: c_int) -> c_int {
    told(original::mkostemp()(template, flags))
}

extern "C" fn our_mkstemp(template: *mut c_char) -> c_int {
    told(original::mkstemp()(template))
}

extern "C" fn our_dup(old: c_int) -> c_int {
    told(original::dup()(old))
}

extern "C" fn our_dup2(old: c_int, new: c_int) -> c_int {
    told(original::dup2()(old, new))
}

extern "C" fn our_dup3(old: c_int, new: c_int, flags: c_int) -> c_int {
    told(original::dup3()(old, new, flags))
}

/// Only the two commands that duplicate return a descriptor.
fn duplicated(command: c_int, result: c_int) -> c_int {
    match command {
        libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => told(result),
        _ => result,
    }
}

extern "C" fn our_fcntl(descriptor: c_int, command: c_int, argument: usize) -> c_int {
    duplicated(command, original::fcntl()(descriptor, command, argument))
}

extern "C" fn our_fcntl64(descriptor: c_int, command: c_int, argument: usize) -> c_int {
    duplicated(command, original::fcntl64()(descriptor, command, argument))
}

extern "C" fn our_pipe(pair: *mut [c_int; 2]) -> c_int {
    told_both(original::pipe()(pair), pair)
}

extern "C" fn our_pipe2(pair: *mut [c_int; 2], flags: c_int) -> c_int {
    told_both(original::pipe2()(pair, flags), pair)
}

extern "C" fn our_socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    told(original::socket()(domain, kind, protocol))
}

extern "C" fn our_socketpair(
    domain: c_int,
    kind: c_int,
    protocol: c_int,
    pair: *mut [c_int; 2],
) -> c_int {
    let result = original::socketpair()(domain, kind, protocol, pair);
    told_both(result, pair)
}

extern "C" fn our_accept(at: c_int, address: *mut c_void, length: *mut c_void) -> c_int {
    told(original::accept()(at, address, length))
}

extern "C" fn our_accept4(
    at: c_int,
    address: *mut c_void,
    length: *mut c_void,
    flags: c_int,
) -> c_int {
    told(original::accept4()(at, address, length, flags))
}

extern "C" fn our_epoll_create(size: c_int) -> c_int {
    told(original::epoll_create()(size))
}

extern "C" fn our_epoll_create1(flags: c_int) -> c_int {
    told(original::epoll_create1()(flags))
}

extern "C" fn our_eventfd(initial: c_uint, flags: c_int) -> c_int {
    told(original::eventfd()(initial, flags))
}

extern "C" fn our_inotify_init() -> c_int {
    told(original::inotify_init()())
}

extern "C" fn our_inotify_init1(flags: c_int) -> c_int {
    told(original::inotify_init1()(flags))
}

extern "C" fn our_memfd_create(name: *const c_char, flags: c_uint) -> c_int {
    told(original::memfd_create()(name, flags))
}

extern "C" fn our_timerfd_create(clock: c_int, flags: c_int) -> c_int {
    told(original::timerfd_create()(clock, flags))
}

extern "C" fn our_signalfd(descriptor: c_int, mask: *const c_void, flags: c_int) -> c_int {
    told(original::signalfd()(descriptor, mask, flags))
}

/// Ours by name.
const OURS: [(Name, *const ()); NAMES.len()] = [
    (Name::open, our_open as *const ()),
    (Name::open64, our_open64 as *const ()),
    (Name::openat, our_openat as *const ()),
    (Name::openat64, our_openat64 as *const ()),
    (Name::fopen, our_fopen as *const ()),
    (Name::fopen64, our_fopen64 as *const ()),
    (Name::opendir, our_opendir as *const ()),
    (Name::mkostemp, our_mkostemp as *const ()),
    (Name::mkstemp, our_mkstemp as *const ()),
    (Name::dup, our_dup as *const ()),
    (Name::dup2, our_dup2 as *const ()),
    (Name::dup3, our_dup3 as *const ()),
    (Name::fcntl, our_fcntl as *const ()),
    (Name::fcntl64, our_fcntl64 as *const ()),
    (Name::pipe, our_pipe as *const ()),
    (Name::pipe2, our_pipe2 as *const ()),
    (Name::socket, our_socket as *const ()),
    (Name::socketpair, our_socketpair as *const ()),
    (Name::accept, our_accept as *const ()),
    (Name::accept4, our_accept4 as *const ()),
    (Name::epoll_create, our_epoll_create as *const ()),
    (Name::epoll_create1, our_epoll_create1 as *const ()),
    (Name::eventfd, our_eventfd as *const ()),
    (Name::inotify_init, our_inotify_init as *const ()),
    (Name::inotify_init1, our_inotify_init1 as *const ()),
    (Name::memfd_create, our_memfd_create as *const ()),
    (Name::timerfd_create, our_timerfd_create as *const ()),
    (Name::signalfd, our_signalfd as *const ()),
];

/// The function of ours for one that was looked up by name (ctypes, cffi).
pub(super) fn looked_up(name: &CStr, answer: impl Fn() -> usize) -> Option<usize> {
    instead_of(&OURS, name, answer)
}

/// What is replaced in every object.
pub(super) fn replacements() -> Vec<Replacement> {
    find();
    OURS.into_iter()
        .filter_map(|(name, ours)| replacement(name, ours as usize))
        .collect()
}
