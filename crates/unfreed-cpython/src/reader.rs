//! Raw reads of interpreter memory. All of the crate's pointer dereferences outside the hooks are
//! here, behind one obligation that is taken on when a [`Reader`] is made.

/// Permission to read interpreter structures.
///
/// Whoever makes one promises, for as long as it is used: the GIL is held by this thread, the layout
/// table was verified against this interpreter ([`crate::Runtime`]), and every address passed in
/// comes from a live object or interpreter structure plus an offset of that table. Under the GIL no
/// object can die or move, so such an address stays valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader(());

impl Reader {
    /// # Safety
    /// The promise above.
    pub(crate) unsafe fn new() -> Self {
        Reader(())
    }

    /// Asks for the memory at `address` before it is read; any address will do.
    #[inline]
    pub(crate) fn prefetch(self, address: usize) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a hint to the processor, which ignores addresses that cannot be read.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(address as *const i8);
        }
    }

    pub(crate) fn word(self, address: usize) -> usize {
        // SAFETY: the promise made in `new`; structures hold words at aligned offsets.
        unsafe { (address as *const usize).read_unaligned() }
    }

    pub(crate) fn u32(self, address: usize) -> u32 {
        // SAFETY: as above.
        unsafe { (address as *const u32).read_unaligned() }
    }

    pub(crate) fn int(self, address: usize) -> i32 {
        self.u32(address).cast_signed()
    }

    pub(crate) fn byte(self, address: usize) -> u8 {
        // SAFETY: as above.
        unsafe { (address as *const u8).read() }
    }

    /// `len` bytes at `address`, borrowed only until the GIL may be released.
    pub(crate) fn bytes<'a>(self, address: usize, len: usize) -> &'a [u8] {
        // SAFETY: as above; the callers pass the length that the object itself states, and use the
        // bytes before they release the GIL.
        unsafe { std::slice::from_raw_parts(address as *const u8, len) }
    }

    /// The bytes of a C string, at most `limit` of them.
    pub(crate) fn c_string<'a>(self, address: usize, limit: usize) -> &'a [u8] {
        let len = (0..limit)
            .find(|&i| self.byte(address + i) == 0)
            .unwrap_or(limit);
        self.bytes(address, len)
    }
}
