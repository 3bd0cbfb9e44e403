//! What each allocation site allocated and freed, in atomics by stack number.

use crate::live::Block;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use unfreed_recording::ids::StackId;
use unfreed_recording::sites::{Site, Survivors};
use unfreed_sys::atomics::{reset, zeroed};

/// Stacks that have figures; a later one counts at the empty stack.
pub(crate) const STACKS: usize = 1 << 18;

/// Cumulative figures by stack.
#[derive(Debug)]
pub(crate) struct SiteFigures {
    allocated_bytes: &'static [AtomicU64],
    allocated_blocks: &'static [AtomicU64],
    freed_bytes: &'static [AtomicU64],
}

impl SiteFigures {
    pub(crate) fn new() -> Option<Self> {
        Some(SiteFigures {
            allocated_bytes: zeroed(STACKS)?,
            allocated_blocks: zeroed(STACKS)?,
            freed_bytes: zeroed(STACKS)?,
        })
    }

    pub(crate) fn allocated(&self, block: &Block) {
        let stack = slot(block.stack);
        self.allocated_bytes[stack].fetch_add(block.bytes, Relaxed);
        self.allocated_blocks[stack].fetch_add(u64::from(block.blocks), Relaxed);
    }

    pub(crate) fn freed(&self, block: &Block) {
        self.freed_bytes[slot(block.stack)].fetch_add(block.bytes, Relaxed);
    }

    /// The figures of the first `stacks` stacks, with what is live of each by epoch of birth.
    pub(crate) fn sites(&self, stacks: usize, live: &[Block]) -> Vec<Site> {
        let mut survivors: BTreeMap<(usize, u32), Survivors> = BTreeMap::new();
        for block in live {
            let entry = survivors
                .entry((slot(block.stack), block.born.0))
                .or_default();
            entry.born = block.born;
            entry.bytes += block.bytes;
            entry.blocks += u64::from(block.blocks);
            entry.samples += 1;
        }
        (0..stacks.min(STACKS))
            .filter(|&stack| self.allocated_bytes[stack].load(Relaxed) > 0)
            .map(|stack| Site {
                stack: StackId(stack as u32),
                allocated_bytes: self.allocated_bytes[stack].load(Relaxed),
                allocated_blocks: self.allocated_blocks[stack].load(Relaxed),
                freed_bytes: self.freed_bytes[stack].load(Relaxed),
                survivors: survivors
                    .range((stack, 0)..=(stack, u32::MAX))
                    .map(|(_, survivors)| *survivors)
                    .collect(),
            })
            .collect()
    }

    /// Back to zero. Only while nothing is followed.
    pub(crate) fn clear(&self) {
        reset(self.allocated_bytes);
        reset(self.allocated_blocks);
        reset(self.freed_bytes);
    }
}

fn slot(stack: StackId) -> usize {
    let stack = stack.0 as usize;
    if stack < STACKS { stack } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unfreed_recording::ids::EpochId;

    fn block(stack: u32, born: u32) -> Block {
        Block {
            address: 16,
            stack: StackId(stack),
            born: EpochId(born),
            size: 10,
            bytes: 10,
            blocks: 1,
        }
    }

    #[test]
    fn survivors_are_told_by_epoch_of_birth() {
        let figures = SiteFigures::new().expect("tables");
        for born in [1, 1, 2] {
            figures.allocated(&block(5, born));
        }
        figures.freed(&block(5, 1));
        let sites = figures.sites(10, &[block(5, 1), block(5, 2)]);
        assert_eq!(sites.len(), 1);
        assert_eq!((sites[0].allocated_bytes, sites[0].freed_bytes), (30, 10));
        let born: Vec<_> = sites[0]
            .survivors
            .iter()
            .map(|s| (s.born.0, s.bytes))
            .collect();
        assert_eq!(born, [(1, 10), (2, 10)]);
    }
}
