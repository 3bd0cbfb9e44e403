//! Memory of our own for when the program has used up all it may have. Rust code ends the process when it gets no
//! memory, and that process is the program's: it would die of a limit that it may be able to live with.
//!
//! It is never given back to the system while it is short: the program would take it before we can.

use crate::blocks::Blocks;
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Takes address space, which counts against a limit of it (RLIMIT_AS), and memory only once used.
const SIZE: usize = 16 * 1024 * 1024;
/// Whoever holds the lock is done after some instructions. In a fork's child there may be no such thread any more, and no
/// memory is better than no end.
const MOST_TRIES: u32 = 100_000;

/// Where it begins; 0: there is none.
static START: AtomicUsize = AtomicUsize::new(0);
static RESERVE: Reserve = Reserve {
    locked: AtomicBool::new(false),
    blocks: UnsafeCell::new(Blocks::new()),
};

struct Reserve {
    locked: AtomicBool,
    blocks: UnsafeCell<Blocks>,
}

// SAFETY: the blocks are only touched by the thread that has set `locked`.
unsafe impl Sync for Reserve {}

/// Sets the memory aside, if none is.
pub fn keep() {
    if is_kept() {
        return;
    }
    let with_blocks = |blocks: &mut Blocks| {
        if is_kept() {
            return;
        }
        let start = crate::alloc::map_unseen(SIZE);
        // SAFETY: a mapping of this size, just made and never given back.
        if !start.is_null() && unsafe { blocks.add_region(start, SIZE) } {
            START.store(start as usize, Ordering::Release);
        }
    };
    locked(with_blocks);
}

fn is_kept() -> bool {
    START.load(Ordering::Acquire) != 0
}

/// Whether a block is of the reserve.
#[inline]
pub(crate) fn holds(block: *mut u8) -> bool {
    let start = START.load(Ordering::Relaxed);
    // Without a reserve no address is that small.
    (block as usize).wrapping_sub(start) < SIZE && start != 0
}

/// A block; null when there is no reserve, or none is left.
#[cold]
pub(crate) fn alloc(layout: Layout) -> *mut u8 {
    if !is_kept() {
        return null_mut();
    }
    locked(|blocks| blocks.alloc(layout)).unwrap_or(null_mut())
}

/// # Safety
/// A block of this layout that the reserve [`holds`] and that is not used any more.
#[cold]
pub(crate) unsafe fn dealloc(block: *mut u8, layout: Layout) {
    // SAFETY: passed on as it is.
    locked(|blocks| unsafe { blocks.dealloc(block, layout) });
}

fn locked<T>(action: impl FnOnce(&mut Blocks) -> T) -> Option<T> {
    let mut tries = 0;
    while RESERVE.locked.swap(true, Ordering::Acquire) {
        tries += 1;
        if tries == MOST_TRIES {
            return None;
        }
        std::thread::yield_now();
    }
    // SAFETY: this thread has the lock, and the reference ends before it is given up.
    let done = action(unsafe { &mut *RESERVE.blocks.get() });
    RESERVE.locked.store(false, Ordering::Release);
    Some(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn blocks_of_all_sizes_are_whole_for_each_of_several_threads() {
        keep();
        keep();
        let work = |mark: u8| {
            for round in 0..200_usize {
                let held: Vec<(*mut u8, Layout)> = (0..12)
                    .map(|power| {
                        let layout = Layout::from_size_align((16 << power) + round, 8);
                        let layout = layout.expect("layout");
                        (alloc(layout), layout)
                    })
                    .collect();
                for &(block, layout) in &held {
                    assert!(holds(block), "{layout:?}");
                    // SAFETY: a block of this size of our own.
                    unsafe { block.write_bytes(mark, layout.size()) };
                }
                for (block, layout) in held {
                    // SAFETY: as above; it is given back once.
                    unsafe {
                        let bytes = std::slice::from_raw_parts(block, layout.size());
                        assert!(bytes.iter().all(|&byte| byte == mark));
                        dealloc(block, layout);
                    }
                }
            }
        };
        thread::scope(|scope| {
            for mark in 1..4 {
                scope.spawn(move || work(mark));
            }
        });
        let too_large = Layout::from_size_align(SIZE + 1, 8).expect("layout");
        assert!(alloc(too_large).is_null());
        assert!(!holds(null_mut()) && !holds((&raw const too_large).cast_mut().cast()));
    }
}
