//! Small blocks of memory in a snapshot's child ([`crate::child_process`]): there malloc may be locked for ever by a
//! thread that does not exist, so these come from mappings of our own. One thread only, and no mapping is given back.

use crate::blocks::Blocks;
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

/// The first mapping; each further one is twice as large.
const FIRST_CHUNK: usize = 1 << 20;

static IN_USE: AtomicBool = AtomicBool::new(false);
static HEAP: Heap = Heap(UnsafeCell::new(Blocks::new()));

struct Heap(UnsafeCell<Blocks>);

// SAFETY: the blocks are only touched while `IN_USE`, which is set in a process of one thread.
unsafe impl Sync for Heap {}

/// Has all small blocks of this process come from here. Only in a process of one thread that never uses malloc again.
pub(crate) fn use_from_now_on() {
    IN_USE.store(true, Ordering::Relaxed);
}

#[inline]
pub(crate) fn is_in_use() -> bool {
    IN_USE.load(Ordering::Relaxed)
}

/// A block; null when there is no memory.
///
/// # Safety
/// Only while [`is_in_use`].
pub(crate) unsafe fn alloc(layout: Layout) -> *mut u8 {
    // SAFETY: there is one thread, and no reference to the blocks outlives a function of this file.
    let blocks = unsafe { &mut *HEAP.0.get() };
    let block = blocks.alloc(layout);
    if block.is_null() && add_chunk(blocks, layout.size() + layout.align()) {
        return blocks.alloc(layout);
    }
    block
}

/// Takes a block back. One that malloc made before the fork stays as it is: nobody else can use it.
///
/// # Safety
/// Only while [`is_in_use`], for a block of this layout that is not used any more.
pub(crate) unsafe fn dealloc(block: *mut u8, layout: Layout) {
    // SAFETY: as in `alloc`.
    let blocks = unsafe { &mut *HEAP.0.get() };
    if blocks.holds(block) {
        // SAFETY: it is of these blocks, and the caller gave it up.
        unsafe { blocks.dealloc(block, layout) };
    }
}

fn add_chunk(blocks: &mut Blocks, least: usize) -> bool {
    let size = (FIRST_CHUNK << blocks.region_count()).max(least.next_power_of_two());
    let start = crate::alloc::map(size);
    // SAFETY: a mapping of this size, just made and never given back.
    !start.is_null() && unsafe { blocks.add_region(start, size) }
}
