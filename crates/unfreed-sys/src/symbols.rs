//! Symbols of the running process by name.

use std::ffi::CStr;
use std::num::NonZeroUsize;

/// The address of `name` in the global scope of the process; `None` when nothing exports it.
#[must_use]
pub fn find(name: &CStr) -> Option<NonZeroUsize> {
    // SAFETY: dlsym with RTLD_DEFAULT and a NUL-terminated name has no other precondition.
    NonZeroUsize::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) } as usize)
}
