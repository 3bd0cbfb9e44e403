//! Symbols of the running process by name.

use std::ffi::CStr;
use std::num::NonZeroUsize;

/// The address of `name` as the C library has it; `None` when that is not glibc.
#[must_use]
pub fn find_in_c_library(name: &CStr) -> Option<NonZeroUsize> {
    find_in(c"libc.so.6", name)
}

/// The same as `object` or something it needs has it, if that is loaded.
pub(crate) fn find_in(object: &CStr, name: &CStr) -> Option<NonZeroUsize> {
    // SAFETY: RTLD_NOLOAD loads nothing; what is asked for is an object that stays loaded, so the handle may be given
    // back before the address is used.
    unsafe {
        let handle = libc::dlopen(object.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD);
        if handle.is_null() {
            return None;
        }
        let found = libc::dlsym(handle, name.as_ptr());
        libc::dlclose(handle);
        NonZeroUsize::new(found as usize)
    }
}

/// The address of `name` in the global scope of the process; `None` when nothing exports it.
#[must_use]
pub fn find(name: &CStr) -> Option<NonZeroUsize> {
    // SAFETY: dlsym with RTLD_DEFAULT and a NUL-terminated name has no other precondition.
    NonZeroUsize::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) } as usize)
}
