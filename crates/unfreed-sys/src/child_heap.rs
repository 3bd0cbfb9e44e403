//! Small blocks of memory in a snapshot's child ([`crate::child_process`]): there malloc may be locked for ever by a
//! thread that does not exist, so these come from mappings of our own. One thread only, and nothing is given back.

use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sizes up to here are rounded up to a multiple of [`STEP`], larger ones to a power of two.
const FINE: usize = 1024;
const STEP: usize = 16;
const FINE_CLASSES: usize = FINE / STEP;
/// Of the powers of two from 2 KiB to 64 KiB; above that blocks are mappings ([`crate::alloc`]).
const CLASSES: usize = FINE_CLASSES + 6;
const LARGEST: usize = 64 * 1024;
/// The first mapping; each further one is twice as large.
const FIRST_CHUNK: usize = 1 << 20;
const MOST_CHUNKS: usize = 32;

static IN_USE: AtomicBool = AtomicBool::new(false);
static HEAP: Heap = Heap(UnsafeCell::new(State {
    chunks: [(0, 0); MOST_CHUNKS],
    chunk_count: 0,
    next: 0,
    free: [null_mut(); CLASSES],
}));

struct Heap(UnsafeCell<State>);

// SAFETY: the state is only touched while `IN_USE`, which is set in a process of one thread.
unsafe impl Sync for Heap {}

struct State {
    /// Start and end of each mapping.
    chunks: [(usize, usize); MOST_CHUNKS],
    chunk_count: usize,
    /// Where the unused part of the last one begins.
    next: usize,
    /// By size class: blocks that were freed, each with the address of the next in its first word.
    free: [*mut u8; CLASSES],
}

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
    // SAFETY: there is one thread, and no reference to the state outlives a function of this file.
    let state = unsafe { &mut *HEAP.0.get() };
    let Some(class) = class_of(layout) else {
        return state.carve(layout.size(), layout.align());
    };
    let block = state.free[class];
    if block.is_null() {
        return state.carve(size_of_class(class), STEP);
    }
    // SAFETY: a block in this list was freed here and holds the address of the next one.
    state.free[class] = unsafe { block.cast::<*mut u8>().read() };
    block
}

/// Takes a block back. One that malloc made before the fork stays as it is: nobody else can use it.
///
/// # Safety
/// Only while [`is_in_use`], for a block of this layout that is not used any more.
pub(crate) unsafe fn dealloc(block: *mut u8, layout: Layout) {
    // SAFETY: as in `alloc`.
    let state = unsafe { &mut *HEAP.0.get() };
    let address = block as usize;
    let is_ours = state.chunks[..state.chunk_count]
        .iter()
        .rev()
        .any(|&(start, end)| (start..end).contains(&address));
    if let Some(class) = class_of(layout).filter(|_| is_ours) {
        // SAFETY: the block has at least 16 bytes, is aligned for a word, and the caller gave it up.
        unsafe { block.cast::<*mut u8>().write(state.free[class]) };
        state.free[class] = block;
    }
}

/// The size class; `None` for the few blocks that need a special alignment, which are not used twice.
fn class_of(layout: Layout) -> Option<usize> {
    let size = layout.size().max(1);
    if layout.align() > STEP || size > LARGEST {
        return None;
    }
    if size <= FINE {
        return Some(size.div_ceil(STEP) - 1);
    }
    let above = size.next_power_of_two().trailing_zeros() - FINE.trailing_zeros();
    Some(FINE_CLASSES + above as usize - 1)
}

fn size_of_class(class: usize) -> usize {
    match class.checked_sub(FINE_CLASSES) {
        None => (class + 1) * STEP,
        Some(above) => FINE << (above + 1),
    }
}

impl State {
    /// A part of the last mapping that was never used.
    fn carve(&mut self, size: usize, align: usize) -> *mut u8 {
        let end = |state: &State| match state.chunk_count {
            0 => 0,
            count => state.chunks[count - 1].1,
        };
        let mut start = self.next.next_multiple_of(align);
        if start + size > end(self) {
            if !self.add_chunk(size + align) {
                return null_mut();
            }
            start = self.next.next_multiple_of(align);
        }
        self.next = start + size;
        start as *mut u8
    }

    fn add_chunk(&mut self, least: usize) -> bool {
        if self.chunk_count == MOST_CHUNKS {
            return false;
        }
        let size = (FIRST_CHUNK << self.chunk_count).max(least.next_power_of_two());
        let start = crate::alloc::map(size) as usize;
        if start == 0 {
            return false;
        }
        self.chunks[self.chunk_count] = (start, start + size);
        self.chunk_count += 1;
        self.next = start;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_a_class_that_holds_it() {
        let mut last = 0;
        for size in 1..=LARGEST {
            let layout = Layout::from_size_align(size, 8).expect("layout");
            let class = class_of(layout).expect("class");
            assert!(class < CLASSES && size_of_class(class) >= size, "{size}");
            assert!(class == last || class == last + 1, "{size}");
            last = class;
        }
        assert_eq!(last, CLASSES - 1);
        assert_eq!(
            class_of(Layout::from_size_align(32, 64).expect("layout")),
            None
        );
    }
}
