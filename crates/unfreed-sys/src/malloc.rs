//! What malloc holds: in use and free, and what it gives back when asked. glibc only; another libc has neither.

use crate::symbols;

/// Figures of malloc over all arenas, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MallocFigures {
    /// In blocks that the program has not freed, mapped blocks included.
    pub used: u64,
    /// Held from the system but in no block.
    pub free: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Mallinfo2 {
    arena: usize,
    ordblks: usize,
    smblks: usize,
    hblks: usize,
    hblkhd: usize,
    usmblks: usize,
    fsmblks: usize,
    uordblks: usize,
    fordblks: usize,
    keepcost: usize,
}

/// Reads the figures; `None` where the C library has no `mallinfo2` (glibc before 2.33, musl).
/// Takes malloc's locks, so never from a hook.
#[must_use]
pub fn figures() -> Option<MallocFigures> {
    let address = symbols::find(c"mallinfo2")?;
    // SAFETY: `mallinfo2` has this signature in every glibc that has the symbol (since 2.33).
    let mallinfo2: extern "C" fn() -> Mallinfo2 = unsafe { std::mem::transmute(address.get()) };
    let info = mallinfo2();
    Some(MallocFigures {
        used: (info.uordblks + info.hblkhd) as u64,
        free: info.fordblks as u64,
    })
}

/// Has malloc give what it can of its free memory back to the system. `false` where the C library has no `malloc_trim`.
/// Takes malloc's locks, so never from a hook, and milliseconds for each GiB.
pub fn trim() -> bool {
    let Some(address) = symbols::find(c"malloc_trim") else {
        return false;
    };
    // SAFETY: `malloc_trim` has this signature in every C library that has the symbol (glibc since 2.0).
    let malloc_trim: extern "C" fn(usize) -> std::ffi::c_int =
        unsafe { std::mem::transmute(address.get()) };
    malloc_trim(0);
    true
}
