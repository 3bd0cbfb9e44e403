//! Zeroed arrays of atomics that live for the whole process and cost memory only where touched:
//! what an allocator hook may read and write without a lock and without the heap.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize};

mod sealed {
    pub trait Zeroable {}
}

/// An atomic integer, for which all-zero bytes are a valid value.
pub trait Atomic: sealed::Zeroable + Sync + 'static {}

macro_rules! atomic {
    ($($t:ty),*) => { $(impl sealed::Zeroable for $t {} impl Atomic for $t {})* };
}
atomic!(AtomicU8, AtomicU32, AtomicU64, AtomicUsize);

/// An array of `len` zeros, mapped lazily and never unmapped; `None` when the system refuses.
#[must_use]
pub fn zeroed<T: Atomic>(len: usize) -> Option<&'static [T]> {
    let bytes = len.checked_mul(size_of::<T>())?;
    // SAFETY: an anonymous private mapping at an address of the kernel's choice.
    let block = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes.max(1),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if block == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the mapping is zeroed, page-aligned, `len` elements long and never unmapped; zero is a
    // valid value of an atomic integer (the trait is sealed over those).
    Some(unsafe { std::slice::from_raw_parts(block.cast::<T>(), len) })
}

/// Sets a whole array back to zero by giving its pages back. Only when no other thread depends on it:
/// in a forked child before its agent starts, or while hooks want nothing.
pub fn reset<T: Atomic>(array: &'static [T]) {
    // SAFETY: private anonymous pages read as zero after MADV_DONTNEED; the elements are atomics,
    // so concurrent access would be a race in meaning but not undefined.
    unsafe {
        libc::madvise(
            array.as_ptr().cast_mut().cast(),
            size_of_val(array),
            libc::MADV_DONTNEED,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn an_array_is_zero_at_first_and_after_a_reset() {
        let array = zeroed::<AtomicU32>(100_000).expect("mapping");
        assert!(array.iter().all(|a| a.load(Ordering::Relaxed) == 0));
        array[5].store(9, Ordering::Relaxed);
        reset(array);
        assert_eq!(array[5].load(Ordering::Relaxed), 0);
    }
}
