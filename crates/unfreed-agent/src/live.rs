//! Live sampled blocks by address: a fixed table of atomics that hooks write without a lock.

use std::sync::atomic::{
    AtomicU8, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_sys::atomics::{reset, zeroed};

const WAYS: usize = 16;
/// Slots for each counter in front of the table, one byte each: a free of an unknown block costs one
/// load.
const SLOTS_A_COUNTER: usize = 4;

/// A power of two: places are found by masks. 65,536 blocks in all, 32 GiB live at the largest mean.
const BUCKETS: usize = 1 << 12;
const SLOTS: usize = BUCKETS * WAYS;
/// A slot that is being written or read out.
const BUSY: usize = 1;

/// What is kept of a sampled block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub address: usize,
    pub stack: StackId,
    pub born: EpochId,
    /// Its own size in bytes.
    pub size: usize,
    /// Bytes and blocks that it stands for.
    pub bytes: u64,
    pub blocks: u32,
}

impl Block {
    /// What it adds to the variance of sums of bytes and of blocks that it stands for a part of: the estimate of the
    /// variance from the sample itself (Horvitz and Thompson), (1 − p) / p² for each, with p = size / bytes.
    pub(crate) fn variance(&self) -> (f64, f64) {
        let (size, bytes) = (self.size.max(1) as f64, self.bytes as f64);
        let weight = (bytes / size).max(1.0);
        (bytes * (bytes - size).max(0.0), weight * (weight - 1.0))
    }
}

/// What became of a block that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It is in the table.
    Kept,
    /// It was already: an allocator that asks another for the block (a `realloc` from large to small)
    /// makes it known twice.
    Known,
    /// Its bucket is full.
    Full,
}

/// The table. More blocks than it has room for are counted as lost.
#[derive(Debug)]
pub(crate) struct LiveBlocks {
    addresses: &'static [AtomicUsize],
    sizes: &'static [AtomicUsize],
    bytes: &'static [AtomicU64],
    blocks: &'static [AtomicU32],
    stacks: &'static [AtomicU32],
    born: &'static [AtomicU32],
    filter: &'static [AtomicU8],
}

fn hash(address: usize) -> usize {
    (address >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl LiveBlocks {
    pub(crate) fn new() -> Option<Self> {
        Some(LiveBlocks {
            addresses: zeroed(SLOTS)?,
            sizes: zeroed(SLOTS)?,
            bytes: zeroed(SLOTS)?,
            blocks: zeroed(SLOTS)?,
            stacks: zeroed(SLOTS)?,
            born: zeroed(SLOTS)?,
            filter: zeroed(SLOTS / SLOTS_A_COUNTER)?,
        })
    }

    /// The first slot of the bucket of an address.
    fn bucket(&self, address: usize) -> usize {
        ((hash(address) >> 40) & (BUCKETS - 1)) * WAYS
    }

    fn filter_slot(&self, address: usize) -> usize {
        // The hook's fast path: a mask. Blocks at equal distances share a slot at worst.
        (address >> 4) & (SLOTS / SLOTS_A_COUNTER - 1)
    }

    #[inline]
    pub(crate) fn may_hold(&self, address: usize) -> bool {
        // `get`, since a panic on a path that is never taken would cost the hook its frame.
        let count = self.filter.get(self.filter_slot(address));
        count.is_none_or(|count| count.load(Relaxed) != 0)
    }

    /// Adds a block.
    pub(crate) fn insert(&self, block: Block) -> Inserted {
        let start = self.bucket(block.address);
        let bucket = &self.addresses[start..start + WAYS];
        if bucket
            .iter()
            .any(|known| known.load(Relaxed) == block.address)
        {
            return Inserted::Known;
        }
        for slot in start..start + WAYS {
            let free = self.addresses[slot].compare_exchange(0, BUSY, Acquire, Relaxed);
            if free.is_err() {
                continue;
            }
            self.sizes[slot].store(block.size, Relaxed);
            self.bytes[slot].store(block.bytes, Relaxed);
            self.blocks[slot].store(block.blocks, Relaxed);
            self.stacks[slot].store(block.stack.0, Relaxed);
            self.born[slot].store(block.born.0, Relaxed);
            let count = &self.filter[self.filter_slot(block.address)];
            // A counter at its top stays there: it only costs some useless look-ups.
            let _ = count.fetch_update(Relaxed, Relaxed, |n| n.checked_add(1));
            self.addresses[slot].store(block.address, Release);
            return Inserted::Kept;
        }
        Inserted::Full
    }

    /// Takes a block out.
    pub(crate) fn remove(&self, address: usize) -> Option<Block> {
        let start = self.bucket(address);
        for slot in start..start + WAYS {
            if self.addresses[slot].load(Relaxed) != address {
                continue;
            }
            let ours = self.addresses[slot].compare_exchange(address, BUSY, AcqRel, Relaxed);
            if ours.is_ok() {
                let block = self.read(slot, address);
                let count = &self.filter[self.filter_slot(address)];
                let _ = count.fetch_update(Relaxed, Relaxed, |n| match n {
                    0 | u8::MAX => None,
                    n => Some(n - 1),
                });
                self.addresses[slot].store(0, Release);
                return Some(block);
            }
        }
        None
    }

    fn read(&self, slot: usize, address: usize) -> Block {
        Block {
            address,
            stack: StackId(self.stacks[slot].load(Relaxed)),
            born: EpochId(self.born[slot].load(Relaxed)),
            size: self.sizes[slot].load(Relaxed),
            bytes: self.bytes[slot].load(Relaxed),
            blocks: self.blocks[slot].load(Relaxed),
        }
    }

    /// All blocks now. A block that is freed meanwhile may be there or not.
    pub(crate) fn all(&self) -> Vec<Block> {
        let live = |slot: usize| {
            let address = self.addresses[slot].load(Acquire);
            (address > BUSY).then(|| self.read(slot, address))
        };
        (0..self.addresses.len()).filter_map(live).collect()
    }

    /// Empties the table. Only while nothing is followed.
    pub(crate) fn clear(&self) {
        reset(self.addresses);
        reset(self.filter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(address: usize, stack: u32) -> Block {
        Block {
            address,
            stack: StackId(stack),
            born: EpochId(3),
            size: 50,
            bytes: 100,
            blocks: 2,
        }
    }

    #[test]
    fn a_block_is_known_until_it_is_freed_and_its_address_can_be_used_again() {
        let live = LiveBlocks::new().expect("tables");
        assert!(!live.may_hold(0x1000));
        assert_eq!(live.insert(block(0x1000, 7)), Inserted::Kept);
        assert!(live.may_hold(0x1000));
        assert_eq!(live.all(), [block(0x1000, 7)]);
        assert_eq!(live.remove(0x1000), Some(block(0x1000, 7)));
        assert_eq!(live.remove(0x1000), None);
        assert!(!live.may_hold(0x1000));
        assert_eq!(live.insert(block(0x1000, 8)), Inserted::Kept);
        assert_eq!(live.remove(0x1000).map(|b| b.stack), Some(StackId(8)));
    }

    #[test]
    fn a_full_bucket_refuses_and_loses_nothing_else() {
        let live = LiveBlocks::new().expect("tables");
        let same: Vec<usize> = (1..)
            .map(|i| i * 16)
            .filter(|&a| live.bucket(a) == live.bucket(16))
            .take(WAYS + 1)
            .collect();
        let kept = |address: &usize| live.insert(block(*address, 1)) == Inserted::Kept;
        assert!(same[..WAYS].iter().all(kept));
        assert_eq!(live.insert(block(same[0], 1)), Inserted::Known);
        assert_eq!(live.insert(block(same[WAYS], 1)), Inserted::Full);
        assert!(live.remove(same[3]).is_some());
        assert_eq!(live.insert(block(same[WAYS], 1)), Inserted::Kept);
    }

    #[test]
    fn threads_insert_and_remove_without_losing_a_block() {
        let live = LiveBlocks::new().expect("tables");
        std::thread::scope(|scope| {
            for thread in 0..4usize {
                let live = &live;
                scope.spawn(move || {
                    for round in 0..20_000usize {
                        let address = (thread * 1_000_000 + round % 500 + 1) * 16;
                        assert_eq!(live.insert(block(address, 1)), Inserted::Kept);
                        assert!(live.remove(address).is_some());
                    }
                });
            }
        });
        assert!(live.all().is_empty());
    }
}
