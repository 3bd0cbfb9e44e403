//! The agent's own memory: large blocks come straight from `mmap`, so that a snapshot's buffers
//! neither fragment nor inflate the heap of the program that is being watched.

use crate::{child_heap, reserve};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Blocks of at least this many bytes are mapped. Below it the program's malloc serves us: those
/// blocks are few and short-lived.
const MAP_FROM: usize = 64 * 1024;
const PAGE: usize = 4096;
/// From this size on huge pages are asked for: the columns of a snapshot are written from end to end,
/// and their page faults took a sixth of the pause. Costs up to 2 MiB for each.
const HUGE_FROM: usize = 4 * 1024 * 1024;

static MAPPED: AtomicUsize = AtomicUsize::new(0);

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

// SAFETY: a block of the reserve is known by its address. Of the others, those of at least MAP_FROM bytes are whole
// private mappings, everything else is the system allocator's, or in a snapshot's child its own heap's, which knows its
// blocks. Which of the two owns a block follows from its layout alone, and callers must pass the same layout back.
unsafe impl GlobalAlloc for MappedAlloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = if is_mapped(layout) {
            map(pages(layout.size()))
        } else if child_heap::is_in_use() {
            // SAFETY: it is in use.
            unsafe { child_heap::alloc(layout) }
        } else {
            // SAFETY: forwarded with the caller's layout.
            unsafe { System.alloc(layout) }
        };
        if block.is_null() {
            return reserve::alloc(layout);
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let block = if is_mapped(layout) {
            // A fresh mapping is zero already, and stays untouched until used.
            map(pages(layout.size()))
        } else if child_heap::is_in_use() {
            std::ptr::null_mut()
        } else {
            // SAFETY: forwarded with the caller's layout.
            unsafe { System.alloc_zeroed(layout) }
        };
        if !block.is_null() {
            return block;
        }
        // SAFETY: forwarded with the caller's layout; a block has the size that was asked for.
        unsafe {
            let block = self.alloc(layout);
            if !block.is_null() {
                block.write_bytes(0, layout.size());
            }
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from whoever it is given back to with this layout: a mapping is `size` bytes made by `map`
        // or `remap`, and what System made before a fork is only freed by System.
        unsafe {
            if reserve::holds(block) {
                reserve::dealloc(block, layout);
            } else if is_mapped(layout) {
                let size = pages(layout.size());
                libc::munmap(block.cast(), size);
                MAPPED.fetch_sub(size, Ordering::Relaxed);
            } else if child_heap::is_in_use() {
                child_heap::dealloc(block, layout);
            } else {
                System.dealloc(block, layout);
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else {
            return std::ptr::null_mut();
        };
        let moved = match (is_mapped(layout), is_mapped(new_layout)) {
            _ if reserve::holds(block) => std::ptr::null_mut(),
            // SAFETY: forwarded; `block` came from System with this layout, and is the caller's still when that fails.
            (false, false) if !child_heap::is_in_use() => unsafe {
                System.realloc(block, layout, new_size)
            },
            (true, true) => remap(block, pages(layout.size()), pages(new_size)),
            _ => std::ptr::null_mut(),
        };
        if !moved.is_null() {
            return moved;
        }
        // SAFETY: a new block of the new layout; the old one is valid for its size and is released with its own layout.
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

pub(crate) fn map(size: usize) -> *mut u8 {
    let block = map_unseen(size);
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

/// A new mapping that [`mapped_bytes`] does not count; null when the system refuses it.
pub(crate) fn map_unseen(size: usize) -> *mut u8 {
    // SAFETY: an anonymous private mapping at an address of the kernel's choice touches no memory
    // that exists.
    let block = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
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

/// Null when the system refuses it: the block stays where and what it is.
fn remap(block: *mut u8, old: usize, new: usize) -> *mut u8 {
    if old == new {
        return block;
    }
    // SAFETY: `block` is a mapping of `old` bytes owned by the caller, who gives it up; it stays where that fails.
    let moved = unsafe { libc::mremap(block.cast(), old, new, libc::MREMAP_MAYMOVE) };
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

    #[test]
    fn a_block_of_the_reserve_grows_and_is_given_back() {
        reserve::keep();
        let layout = Layout::array::<u8>(100_000).expect("layout");
        let grown = Layout::array::<u8>(200_000).expect("layout");
        let block = reserve::alloc(layout);
        // SAFETY: each block is used within its layout and freed with the layout it has then.
        unsafe {
            block.write_bytes(7, 100_000);
            // There is memory elsewhere now.
            let moved = MappedAlloc.realloc(block, layout, 200_000);
            assert_eq!((*moved, *moved.add(99_999)), (7, 7));
            assert!(!reserve::holds(moved));
            MappedAlloc.dealloc(moved, grown);
            let kept = reserve::alloc(layout);
            MappedAlloc.dealloc(kept, layout);
        }
    }
}
