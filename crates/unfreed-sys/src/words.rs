//! A word for every sixteenth address of the process: what is known of the block that starts there, at
//! the price of two loads. Written inside allocator hooks: no lock, no heap; tables are mapped when the
//! first block of their region comes.

use crate::atomics::zeroed;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// Blocks start at multiples of this.
const GRANULE_BITS: u32 = 4;
/// Bytes of addresses that one table is for: 16 MiB, half of which the table takes where it is touched.
const REGION_BITS: u32 = 24;
/// Bits of an address of a process.
const ADDRESS_BITS: u32 = 47;
const REGIONS: usize = 1 << (ADDRESS_BITS - REGION_BITS);
const WORDS: usize = 1 << (REGION_BITS - GRANULE_BITS);
/// Words of a page of 4 KiB.
const PAGE_WORDS: usize = 512;
/// Most tables: a terabyte of blocks.
const MOST_TABLES: usize = 1 << 16;

/// The words, all 0 at first. Never unmapped.
#[derive(Debug)]
pub struct Words {
    /// Addresses of tables by region; 0 where there is none yet.
    regions: &'static [AtomicUsize],
    /// Regions that have a table, plus one, in order of their first block.
    made: &'static [AtomicUsize],
    made_count: AtomicUsize,
}

impl Words {
    /// `None` when the system refuses the address space: 64 MiB, of which what is touched takes memory.
    #[must_use]
    pub fn new() -> Option<Self> {
        Some(Self {
            regions: zeroed(REGIONS)?,
            made: zeroed(MOST_TABLES)?,
            made_count: AtomicUsize::new(0),
        })
    }

    /// The word of an address; `None` while its region has no table.
    #[inline]
    #[must_use]
    pub fn find(&self, address: usize) -> Option<&'static AtomicU64> {
        let table = self.regions.get(address >> REGION_BITS)?.load(Acquire);
        if table == 0 {
            return None;
        }
        table_at(table).get((address >> GRANULE_BITS) & (WORDS - 1))
    }

    /// The same, with a table made where there is none; `None` when the system refuses it.
    #[inline]
    #[must_use]
    pub fn find_or_make(&self, address: usize) -> Option<&'static AtomicU64> {
        match self.find(address) {
            Some(word) => Some(word),
            None => self.make(address),
        }
    }

    #[cold]
    fn make(&self, address: usize) -> Option<&'static AtomicU64> {
        let region = address >> REGION_BITS;
        let slot = self.regions.get(region)?;
        if slot.load(Acquire) == 0 && self.made_count.load(Relaxed) < MOST_TABLES {
            let table: &'static [AtomicU64] = zeroed(WORDS)?;
            let address = table.as_ptr() as usize;
            // Whoever loses the race leaves 8 MiB of address space behind, and no memory.
            if slot.compare_exchange(0, address, AcqRel, Acquire).is_ok() {
                let index = self.made_count.fetch_add(1, AcqRel);
                if let Some(made) = self.made.get(index) {
                    made.store(region + 1, Release);
                }
            }
        }
        self.find(address)
    }

    /// Calls `visit` with each address whose word is not 0, and the word.
    pub fn each(&self, mut visit: impl FnMut(usize, u64)) {
        let count = self.made_count.load(Acquire);
        for made in self.made.iter().take(count) {
            let Some(region) = made.load(Acquire).checked_sub(1) else {
                continue;
            };
            let table = self.regions[region].load(Acquire);
            if table == 0 {
                continue;
            }
            for (index, word) in table_at(table).iter().enumerate() {
                let word = word.load(Acquire);
                if word != 0 {
                    visit((region << REGION_BITS) + (index << GRANULE_BITS), word);
                }
            }
        }
    }

    /// Bytes of the pages that have a word which is not 0.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        let count = self.made_count.load(Acquire);
        let regions = self.made.iter().take(count);
        let used = regions.map(|made| {
            let region = made.load(Acquire).checked_sub(1);
            let table = region.map_or(0, |region| self.regions[region].load(Acquire));
            if table == 0 {
                return 0;
            }
            let is_used = |page: &&[AtomicU64]| page.iter().any(|word| word.load(Relaxed) != 0);
            table_at(table).chunks(PAGE_WORDS).filter(is_used).count()
        });
        used.sum::<usize>() * PAGE_WORDS * size_of::<u64>()
    }

    /// Sets all words back to 0. Only while nobody writes.
    pub fn clear(&self) {
        let count = self.made_count.load(Acquire);
        for made in self.made.iter().take(count) {
            if let Some(region) = made.load(Acquire).checked_sub(1) {
                let table = self.regions[region].load(Acquire);
                if table != 0 {
                    crate::atomics::reset(table_at(table));
                }
            }
        }
    }
}

#[inline]
fn table_at(table: usize) -> &'static [AtomicU64] {
    // SAFETY: the address of a whole zeroed table of atomics that `make` got from `zeroed` and published
    // with release; such tables are never unmapped.
    unsafe { std::slice::from_raw_parts(table as *const AtomicU64, WORDS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_granule_has_a_word_of_its_own() {
        let words = Words::new().expect("address space");
        assert!(words.find(0x7f00_0000_1000).is_none());
        for address in [0x10, 0x7f00_0000_1000, 0x7f00_0000_1010, 0x7fff_ffff_fff0] {
            let word = words.find_or_make(address).expect("a table");
            word.store(address as u64, Relaxed);
        }
        assert_eq!(words.used_bytes(), 3 * 4096);
        let mut seen = Vec::new();
        words.each(|address, word| {
            assert_eq!(address as u64, word);
            seen.push(address);
        });
        seen.sort_unstable();
        assert_eq!(
            seen,
            [0x10, 0x7f00_0000_1000, 0x7f00_0000_1010, 0x7fff_ffff_fff0]
        );
        assert!(
            words.find_or_make(1 << 60).is_none(),
            "no address of a process"
        );
        words.clear();
        assert_eq!(words.used_bytes(), 0);
        words.each(|_, _| panic!("nothing is left"));
    }
}
