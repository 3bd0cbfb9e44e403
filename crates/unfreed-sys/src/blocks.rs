//! Blocks of memory carved out of regions that are given to it, for where malloc cannot be asked: size classes with
//! lists of what was freed. No locks and no system calls; whoever owns it sees to both.

use std::alloc::Layout;
use std::ptr::null_mut;

/// Sizes up to here are rounded up to a multiple of [`STEP`], larger ones to a power of two.
const FINE: usize = 1024;
const STEP: usize = 16;
const FINE_CLASSES: usize = FINE / STEP;
/// Of the powers of two from 2 KiB to 4 MiB.
const CLASSES: usize = FINE_CLASSES + 12;
const LARGEST: usize = 4 << 20;
const MOST_REGIONS: usize = 32;

pub(crate) struct Blocks {
    /// Start and end of each region.
    regions: [(usize, usize); MOST_REGIONS],
    region_count: usize,
    /// Where the unused part of the last one begins.
    next: usize,
    /// By size class: blocks that were freed, each with the address of the next in its first word.
    free: [*mut u8; CLASSES],
}

impl Blocks {
    pub(crate) const fn new() -> Self {
        Self {
            regions: [(0, 0); MOST_REGIONS],
            region_count: 0,
            next: 0,
            free: [null_mut(); CLASSES],
        }
    }

    pub(crate) const fn region_count(&self) -> usize {
        self.region_count
    }

    /// Has blocks come from here from now on; what is left of the region before is given up. `false`: there are too many.
    ///
    /// # Safety
    /// Writable memory that is used for nothing else, for as long as blocks are.
    pub(crate) unsafe fn add_region(&mut self, start: *mut u8, size: usize) -> bool {
        if self.region_count == MOST_REGIONS {
            return false;
        }
        let start = start as usize;
        self.regions[self.region_count] = (start, start + size);
        self.region_count += 1;
        self.next = start;
        true
    }

    /// A block; null when the last region has no room for it.
    pub(crate) fn alloc(&mut self, layout: Layout) -> *mut u8 {
        let Some(class) = class_of(layout) else {
            return self.carve(layout.size(), layout.align());
        };
        let block = self.free[class];
        if block.is_null() {
            return self.carve(size_of_class(class), layout.align().max(STEP));
        }
        // SAFETY: a block in this list was freed here and holds the address of the next one.
        self.free[class] = unsafe { block.cast::<*mut u8>().read() };
        block
    }

    pub(crate) fn holds(&self, block: *mut u8) -> bool {
        let address = block as usize;
        self.regions[..self.region_count]
            .iter()
            .rev()
            .any(|&(start, end)| (start..end).contains(&address))
    }

    /// Takes a block back; one of a special alignment is not used again.
    ///
    /// # Safety
    /// A block of this layout that these regions [hold](Self::holds) and that is not used any more.
    pub(crate) unsafe fn dealloc(&mut self, block: *mut u8, layout: Layout) {
        if let Some(class) = class_of(layout) {
            // SAFETY: the block has at least 16 bytes, is aligned for a word, and the caller gave it up.
            unsafe { block.cast::<*mut u8>().write(self.free[class]) };
            self.free[class] = block;
        }
    }

    /// A part of the last region that was never used.
    fn carve(&mut self, size: usize, align: usize) -> *mut u8 {
        let end = match self.region_count {
            0 => 0,
            count => self.regions[count - 1].1,
        };
        let start = self.next.next_multiple_of(align);
        if start + size > end {
            return null_mut();
        }
        self.next = start + size;
        start as *mut u8
    }
}

/// The size class; `None` for the few blocks that need a special alignment, or are larger than any class.
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
