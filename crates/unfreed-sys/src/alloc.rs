//! The agent's own memory: large blocks come straight from `mmap`, so that a snapshot's buffers
//! neither fragment nor inflate the heap of the program that is being watched.

use crate::child_heap;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Blocks of at least this many bytes are mapped. Below it the program's malloc serves us: those
/// blocks are few and short-lived.
const MAP_FROM: usize = 64 * 1024;
const PAGE: usize = 4096;
/// From this size on huge pages are asked for: the columns of a snapshot are written from end to end,
/// and their page faults took a sixth of the pause. Costs up to 2 MiB for each.
const HUGE_FROM: usize = 4 * 1024 * 1024;

/// Address space that is kept for when the program has used up all it may have. Rust code ends the process when it gets
/// no memory, and that process is the program's: it would die of a limit that it may be able to live with.
const RESERVE: usize = 16 * 1024 * 1024;
static RESERVED: AtomicUsize = AtomicUsize::new(0);

static MAPPED: AtomicUsize = AtomicUsize::new(0);

/// Sets address space aside, if none is, for allocations that fail. Takes no memory; counts against a limit of the address
/// space (RLIMIT_AS).
pub fn keep_reserve() {
    if RESERVED.load(Ordering::Relaxed) == 0 {
        let reserve = map_with(RESERVE, libc::PROT_NONE);
        if !reserve.is_null()
            && RESERVED
                .compare_exchange(0, reserve as usize, Ordering::AcqRel, Ordering::Relaxed)
                .is_err()
        {
            // SAFETY: a mapping of this size, just made and known to nobody.
            unsafe { libc::munmap(reserve.cast(), RESERVE) };
        }
    }
}

/// Whether the reserve was there and is given up: what failed may be tried again, once.
#[cold]
fn give_up_reserve() -> bool {
    let reserve = RESERVED.swap(0, Ordering::AcqRel);
    // SAFETY: a mapping of this size that whoever swaps it out owns alone; nothing was ever written to it.
    reserve != 0 && unsafe { libc::munmap(reserve as *mut libc::c_void, RESERVE) } == 0
}

/// Bytes that unfreed has mapped for itself and not given back (reserved, not all resident).
#[must_use]
pub fn mapped_bytes() -> usize {
    MAPPED.load(Ordering::Relaxed)
}

/// A global allocator that maps large blocks and leaves small ones to the system's malloc, or in a snapshot's
/// child to a heap of its own.
///
/// glibc would also map large blocks, but raises its threshold each time one is freed and then
/// serves ours from the program's heap; growing a `Vec` here is one `mremap`.
#[derive(Debug)]
pub struct MappedAlloc;

fn is_mapped(layout: Layout) -> bool {
    layout.size() >= MAP_FROM && layout.align() <= PAGE
}

fn pages(size: usize) -> usize {
    size.next_multiple_of(PAGE)
}

// SAFETY: blocks of at least MAP_FROM bytes are whole private mappings, everything else is the
// system allocator's, or in a snapshot's child its own heap's, which knows its blocks. Which of the
// two owns a block follows from its layout alone, and callers must pass the same layout back.
unsafe impl GlobalAlloc for MappedAlloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_mapped(layout) {
            // SAFETY: forwarded with the caller's layout.
            return unsafe { alloc_small(layout) };
        }
        map(pages(layout.size()))
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_mapped(layout) {
            // SAFETY: forwarded with the caller's layout; a block has the size that was asked for.
            return unsafe {
                if !child_heap::is_in_use() {
                    return System.alloc_zeroed(layout);
                }
                let block = child_heap::alloc(layout);
                if !block.is_null() {
                    block.write_bytes(0, layout.size());
                }
                block
            };
        }
        // A fresh mapping is zero already, and stays untouched until used.
        map(pages(layout.size()))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !is_mapped(layout) {
            // SAFETY: forwarded; `block` came from one of the two with this layout.
            return unsafe { dealloc_small(block, layout) };
        }
        let size = pages(layout.size());
        // SAFETY: `block` is a mapping of `size` bytes made by `map` or `mremap` below.
        unsafe { libc::munmap(block.cast(), size) };
        MAPPED.fetch_sub(size, Ordering::Relaxed);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else {
            return std::ptr::null_mut();
        };
        match (is_mapped(layout), is_mapped(new_layout)) {
            // SAFETY: forwarded; `block` came from System with this layout, and is the caller's still when that fails.
            (false, false) if !child_heap::is_in_use() => unsafe {
                let moved = System.realloc(block, layout, new_size);
                if moved.is_null() && give_up_reserve() {
                    System.realloc(block, layout, new_size)
                } else {
                    moved
                }
            },
            (true, true) => remap(block, pages(layout.size()), pages(new_size)),
            _ => {
                // SAFETY: a new block of the new layout; the old one is valid for its size and is
                // released with its own layout.
                unsafe {
                    let new = self.alloc(new_layout);
                    if !new.is_null() {
                        new.copy_from_nonoverlapping(block, layout.size().min(new_size));
                        self.dealloc(block, layout);
                    }
                    new
                }
            }
        }
    }
}

/// # Safety
/// As for [`GlobalAlloc::alloc`].
unsafe fn alloc_small(layout: Layout) -> *mut u8 {
    if child_heap::is_in_use() {
        // SAFETY: it is in use.
        unsafe { child_heap::alloc(layout) }
    } else {
        // SAFETY: forwarded with the caller's layout.
        unsafe {
            let block = System.alloc(layout);
            if block.is_null() && give_up_reserve() {
                System.alloc(layout)
            } else {
                block
            }
        }
    }
}

/// # Safety
/// As for [`GlobalAlloc::dealloc`].
unsafe fn dealloc_small(block: *mut u8, layout: Layout) {
    if child_heap::is_in_use() {
        // SAFETY: it is in use, and the caller gives the block up.
        unsafe { child_heap::dealloc(block, layout) }
    } else {
        // SAFETY: forwarded; what System made before a fork is only freed by System.
        unsafe { System.dealloc(block, layout) }
    }
}

pub(crate) fn map(size: usize) -> *mut u8 {
    let mut block = map_with(size, libc::PROT_READ | libc::PROT_WRITE);
    if block.is_null() && give_up_reserve() {
        block = map_with(size, libc::PROT_READ | libc::PROT_WRITE);
    }
    if block.is_null() {
        return block;
    }
    MAPPED.fetch_add(size, Ordering::Relaxed);
    if size >= HUGE_FROM {
        // SAFETY: advice about the mapping just made; where it is refused nothing changes.
        unsafe { libc::madvise(block.cast(), size, libc::MADV_HUGEPAGE) };
    }
    block
}

/// A new mapping; null when the system refuses it.
fn map_with(size: usize, protection: libc::c_int) -> *mut u8 {
    // SAFETY: an anonymous private mapping at an address of the kernel's choice touches no memory
    // that exists.
    let block = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size,
            protection,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if block == libc::MAP_FAILED {
        std::ptr::null_mut()
    } else {
        block.cast()
    }
}

fn remap(block: *mut u8, old: usize, new: usize) -> *mut u8 {
    if old == new {
        return block;
    }
    // SAFETY: `block` is a mapping of `old` bytes owned by the caller, who gives it up; it stays where that fails.
    let again = || unsafe { libc::mremap(block.cast(), old, new, libc::MREMAP_MAYMOVE) };
    let mut moved = again();
    if moved == libc::MAP_FAILED && give_up_reserve() {
        moved = again();
    }
    if moved == libc::MAP_FAILED {
        return std::ptr::null_mut();
    }
    MAPPED.fetch_add(new, Ordering::Relaxed);
    MAPPED.fetch_sub(old, Ordering::Relaxed);
    moved.cast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_given_up_once_and_kept_again() {
        keep_reserve();
        keep_reserve();
        assert!(give_up_reserve());
        assert!(!give_up_reserve());
        keep_reserve();
        assert!(give_up_reserve());
    }

    #[test]
    fn a_block_keeps_its_content_across_the_threshold() {
        let small = Layout::array::<u8>(1000).expect("layout");
        let large = Layout::array::<u8>(1_000_000).expect("layout");
        // SAFETY: each block is used within its layout and freed with the layout it has then.
        unsafe {
            let block = MappedAlloc.alloc(small);
            block.write_bytes(7, 1000);
            let block = MappedAlloc.realloc(block, small, 1_000_000);
            assert_eq!((*block, *block.add(999)), (7, 7));
            let grown = MappedAlloc.realloc(block, large, 4_000_000);
            assert_eq!(*grown.add(999), 7);
            let huge = Layout::array::<u8>(4_000_000).expect("layout");
            let back = MappedAlloc.realloc(grown, huge, 10);
            assert_eq!(*back.add(9), 7);
            MappedAlloc.dealloc(back, Layout::array::<u8>(10).expect("layout"));
        }
    }
}
