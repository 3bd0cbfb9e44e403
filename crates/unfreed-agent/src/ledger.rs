//! Every live block and what each site did, where every block is followed: a word for each block says
//! whose it is, and figures add up as blocks come and go, so an epoch's end reads sums and no list.

mod lines;
mod peak;

use crate::live::Block;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
pub(crate) use lines::LineLevel;
use lines::Lines;
use peak::AtPeak;
pub(crate) use peak::Highest;
use std::collections::BTreeMap;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_recording::sites::{Site, Survivors};
use unfreed_sys::atomics::{reset, zeroed};
use unfreed_sys::words::Words;

/// Stacks that have figures; a later one counts at the empty stack.
pub(crate) const STACKS: usize = 1 << 20;
/// Records: one for each stack and epoch in which it allocated. What finds none counts at the first.
const RECORDS: usize = 1 << 20;
/// Figures of a record.
const FIGURES: usize = 4;
const ALLOCATED_BYTES: usize = 0;
const ALLOCATED_BLOCKS: usize = 1;
const FREED_BYTES: usize = 2;
const FREED_BLOCKS: usize = 3;
const ALLOCATED: [usize; 2] = [ALLOCATED_BYTES, ALLOCATED_BLOCKS];
const FREED: [usize; 2] = [FREED_BYTES, FREED_BLOCKS];
/// Marks a block that holds a code object which a table of stacks knows by its address.
const WATCHED: u64 = 1 << 63;
/// Marks a size that is told in pages, rounded up.
const IN_PAGES: u64 = 1 << 31;
const PAGE_BITS: u32 = 12;

/// What became of a block that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is in the ledger.
    Kept,
    /// It was already: an allocator that asks another for the block makes it known twice.
    Known,
    /// The system refuses memory, or the address is none of a process.
    Refused,
}

/// Who may write figures at the same time. Every figure is kept twice and read as a sum: an atomic addition takes
/// twenty times as long as a plain one, and a block that comes and goes needs six.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writers {
    /// Whoever holds the only GIL of the process.
    One,
    /// Any thread.
    Any,
}

/// Live blocks of a stack that were born in the same epoch and have the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LiveAlike {
    pub stack: StackId,
    pub born: EpochId,
    /// Bytes of each.
    pub size: u64,
    /// How many.
    pub blocks: u64,
}

/// The ledger. Written by hooks of any thread without a lock.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Record and size of the block at each address.
    blocks: Words,
    /// By [`Writers`], then by record.
    figures: [&'static [AtomicU64]; 2],
    stack_of: &'static [AtomicU32],
    born_of: &'static [AtomicU32],
    /// The newest record of each stack.
    newest: &'static [AtomicU32],
    records: AtomicU32,
    /// By [`Writers`]; either may be below 0 by itself, and wraps.
    live_bytes: [AtomicU64; 2],
    peak_bytes: AtomicU64,
    at_peak: AtPeak,
    lines: Lines,
}

impl Ledger {
    pub(crate) fn new() -> Option<Self> {
        Some(Ledger {
            blocks: Words::new()?,
            figures: [zeroed(RECORDS * FIGURES)?, zeroed(RECORDS * FIGURES)?],
            stack_of: zeroed(RECORDS)?,
            born_of: zeroed(RECORDS)?,
            newest: zeroed(STACKS)?,
            records: AtomicU32::new(1),
            live_bytes: [AtomicU64::new(0), AtomicU64::new(0)],
            peak_bytes: AtomicU64::new(0),
            at_peak: AtPeak::new()?,
            lines: Lines::new()?,
        })
    }

    #[inline]
    pub(crate) fn holds(&self, address: usize) -> bool {
        self.blocks
            .find(address)
            .is_some_and(|word| word.load(Relaxed) != 0)
    }

    /// Adds a block.
    #[inline]
    pub(crate) fn add(
        &self,
        writers: Writers,
        address: usize,
        size: usize,
        (stack, born): (StackId, EpochId),
    ) -> Added {
        let Some(word) = self.blocks.find_or_make(address) else {
            return Added::Refused;
        };
        // Until a block is freed its address is its thread's alone, so nobody else writes this word. One that is
        // still watched was freed past us.
        if word.load(Relaxed) & !WATCHED != 0 {
            return Added::Known;
        }
        let record = self.record(stack, born);
        let (told, bytes) = told_size(size);
        // Records are numbered from 0, and a word of 0 is no block.
        word.store((u64::from(record) + 1) << 32 | told, Release);
        self.count(writers, record, ALLOCATED, bytes);
        self.weigh(writers, bytes);
        if self.lines.is_on() {
            self.lines.add(writers, self.stack_of(record).0, bytes);
        }
        Added::Kept
    }

    /// Counts a block among what a record allocated or freed.
    #[inline]
    fn count(&self, writers: Writers, record: u32, [of_bytes, of_blocks]: [usize; 2], bytes: u64) {
        let start = record as usize * FIGURES;
        let figures = &self.figures[writers as usize][start..start + FIGURES];
        increase(writers, &figures[of_bytes], bytes);
        increase(writers, &figures[of_blocks], 1);
    }

    /// Counts bytes as live, of a block here or of one that is kept elsewhere.
    #[inline]
    pub(crate) fn weigh(&self, writers: Writers, bytes: u64) {
        increase(writers, &self.live_bytes[writers as usize], bytes);
        let live = self.live();
        if live > self.peak_bytes.load(Relaxed) {
            self.peak_bytes.fetch_max(live, Relaxed);
        }
    }

    /// Takes back what [`Ledger::weigh`] counted.
    #[inline]
    pub(crate) fn unweigh(&self, writers: Writers, bytes: u64) {
        let live = &self.live_bytes[writers as usize];
        increase(writers, live, bytes.wrapping_neg());
    }

    /// Bytes that live. Between the two loads a block may go that the first was still told of: then less than
    /// nothing lives.
    fn live(&self) -> u64 {
        let [one, any] = &self.live_bytes;
        let live = one.load(Relaxed).wrapping_add(any.load(Relaxed));
        if live > i64::MAX as u64 { 0 } else { live }
    }

    /// Gives a block that it knows to another stack, without a pass by the allocator: freed where it was made, and
    /// allocated here.
    pub(crate) fn hand_on(
        &self,
        writers: Writers,
        address: usize,
        (stack, born): (StackId, EpochId),
    ) {
        let Some(word) = self.blocks.find(address) else {
            return;
        };
        let was = word.load(Acquire);
        let Some((before, bytes)) = read(was) else {
            return;
        };
        let after = self.record(stack, born);
        let kept = was & (WATCHED | u64::from(u32::MAX));
        let is = kept | (u64::from(after) + 1) << 32;
        if word.compare_exchange(was, is, Release, Relaxed).is_ok() {
            self.count(writers, before, FREED, bytes);
            self.count(writers, after, ALLOCATED, bytes);
            if self.lines.is_on() {
                let [before, after] = [before, after].map(|record| self.stack_of(record).0);
                self.lines.add(writers, before, bytes.wrapping_neg());
                self.lines.add(writers, after, bytes);
            }
        }
    }

    /// Takes a block out, if it is there; `true` when it was watched.
    #[inline]
    pub(crate) fn remove(&self, writers: Writers, address: usize) -> bool {
        let Some(word) = self.blocks.find(address) else {
            return false;
        };
        let was = word.load(Acquire);
        if was == 0 {
            return false;
        }
        word.store(0, Release);
        if let Some((record, bytes)) = read(was) {
            self.before_loss(bytes);
            self.count(writers, record, FREED, bytes);
            self.unweigh(writers, bytes);
            if self.lines.is_on() {
                let stack = self.stack_of(record).0;
                self.lines.add(writers, stack, bytes.wrapping_neg());
            }
        }
        was & WATCHED != 0
    }

    /// Has [`Ledger::remove`] tell when the block at an address goes, whether it is in the ledger or is
    /// older.
    pub(crate) fn watch(&self, address: usize) {
        if let Some(word) = self.blocks.find_or_make(address) {
            word.fetch_or(WATCHED, Relaxed);
        }
    }

    /// The record of a stack and an epoch.
    #[inline]
    fn record(&self, stack: StackId, born: EpochId) -> u32 {
        let stack = if (stack.0 as usize) < STACKS {
            stack.0
        } else {
            0
        };
        let newest = &self.newest[stack as usize];
        let known = newest.load(Acquire);
        if known != 0 && self.born_of[known as usize].load(Relaxed) == born.0 {
            return known;
        }
        self.new_record(stack, born, known)
    }

    #[cold]
    fn new_record(&self, stack: u32, born: EpochId, known: u32) -> u32 {
        if self.records.load(Relaxed) as usize >= RECORDS {
            // Blocks are then older than they are said to be, and not lost.
            return known;
        }
        let record = self.records.fetch_add(1, Relaxed);
        if record as usize >= RECORDS {
            return known;
        }
        self.stack_of[record as usize].store(stack, Relaxed);
        self.born_of[record as usize].store(born.0, Relaxed);
        self.newest[stack as usize].store(record, Release);
        record
    }

    /// The figures of a record, of all writers.
    fn figures_of(&self, record: u32) -> [u64; FIGURES] {
        let start = record as usize * FIGURES;
        let [one, any] = &self.figures;
        std::array::from_fn(|figure| {
            one[start + figure].load(Relaxed) + any[start + figure].load(Relaxed)
        })
    }

    /// Bytes that live now, and the most that ever did.
    pub(crate) fn live_and_peak(&self) -> (u64, u64) {
        let live = self.live();
        (live, self.peak_bytes.load(Relaxed).max(live))
    }

    /// The most bytes that ever lived are counted anew from here on.
    pub(crate) fn reset_peak(&self) {
        self.peak_bytes.store(self.live(), Relaxed);
    }

    /// The block that starts at an address.
    pub(crate) fn block_at(&self, address: usize) -> Option<LiveAlike> {
        let (record, size) = read(self.blocks.find(address)?.load(Acquire))?;
        Some(LiveAlike {
            stack: self.stack_of(record),
            born: self.born_of(record),
            size,
            blocks: 1,
        })
    }

    /// Live blocks by stack, epoch of birth and size, once each pair of stack and size or more often.
    pub(crate) fn live_alike(&self) -> Vec<LiveAlike> {
        let mut counts: HashMap<(u32, u64), u64, FixedState> = HashMap::default();
        self.blocks.each(|_, word| {
            if let Some((record, bytes)) = read(word) {
                *counts.entry((record, bytes)).or_default() += 1;
            }
        });
        let counts = counts.into_iter();
        counts
            .map(|((record, size), blocks)| LiveAlike {
                stack: self.stack_of(record),
                born: self.born_of(record),
                size,
                blocks,
            })
            .collect()
    }

    /// Bytes of memory that the tables use for what is in them.
    pub(crate) fn used_bytes(&self) -> usize {
        let records = self.records_in_use() as usize - 1;
        let a_record = 2 * FIGURES * size_of::<u64>() + 3 * size_of::<u32>();
        self.blocks.used_bytes() + records * a_record
    }

    /// How many records there are, the first, which is none, included.
    fn records_in_use(&self) -> u32 {
        self.records.load(Relaxed).min(RECORDS as u32)
    }

    fn born_of(&self, record: u32) -> EpochId {
        EpochId(self.born_of[record as usize].load(Relaxed))
    }

    fn stack_of(&self, record: u32) -> StackId {
        StackId(self.stack_of[record as usize].load(Relaxed))
    }

    /// All blocks now. A block that is freed meanwhile may be there or not.
    pub(crate) fn all(&self) -> Vec<Block> {
        let mut all = Vec::new();
        self.blocks.each(|address, word| {
            if let Some((record, bytes)) = read(word) {
                all.push(Block {
                    address,
                    stack: self.stack_of(record),
                    born: self.born_of(record),
                    size: bytes as usize,
                    bytes,
                    blocks: 1,
                });
            }
        });
        all
    }

    /// The figures of all stacks, with what is live of each by epoch of birth.
    pub(crate) fn sites(&self) -> Vec<Site> {
        let mut sites: BTreeMap<u32, Site> = BTreeMap::new();
        for record in 0..self.records_in_use() {
            let [allocated, blocks, freed, freed_blocks] = self.figures_of(record);
            if blocks == 0 {
                continue;
            }
            let stack = self.stack_of[record as usize].load(Relaxed);
            let site = sites.entry(stack).or_default();
            site.stack = StackId(stack);
            site.allocated_bytes += allocated;
            site.allocated_blocks += blocks;
            site.freed_bytes += freed.min(allocated);
            let live = blocks.saturating_sub(freed_blocks);
            if live > 0 {
                site.survivors.push(Survivors {
                    born: self.born_of(record),
                    bytes: allocated.saturating_sub(freed),
                    blocks: live,
                    samples: u32::try_from(live).unwrap_or(u32::MAX),
                });
            }
        }
        let mut sites: Vec<Site> = sites.into_values().collect();
        for site in &mut sites {
            site.survivors.sort_by_key(|survivors| survivors.born);
            // Two threads that begin a record at the same time make two.
            site.survivors.dedup_by(|later, earlier| {
                let same = later.born == earlier.born;
                if same {
                    earlier.bytes += later.bytes;
                    earlier.blocks += later.blocks;
                    earlier.samples = earlier.samples.saturating_add(later.samples);
                }
                same
            });
        }
        sites
    }

    /// Empties it. Only while nothing is followed.
    pub(crate) fn clear(&self) {
        self.blocks.clear();
        self.figures.iter().for_each(|figures| reset(figures));
        reset(self.stack_of);
        reset(self.born_of);
        reset(self.newest);
        self.records.store(1, Relaxed);
        for live in &self.live_bytes {
            live.store(0, Relaxed);
        }
        self.peak_bytes.store(0, Relaxed);
        self.at_peak.clear();
        self.lines.clear();
    }
}

/// Adds to a figure, wrapping.
#[inline]
fn increase(writers: Writers, figure: &AtomicU64, by: u64) {
    match writers {
        Writers::One => figure.store(figure.load(Relaxed).wrapping_add(by), Relaxed),
        Writers::Any => {
            figure.fetch_add(by, Relaxed);
        }
    }
}

/// How a size is told in 32 bits, and the bytes that it then stands for: exact below 2 GiB, from there
/// rounded up to pages.
fn told_size(size: usize) -> (u64, u64) {
    let size = size as u64;
    if size < IN_PAGES {
        return (size, size);
    }
    let pages = size.div_ceil(1 << PAGE_BITS).min(IN_PAGES - 1);
    (IN_PAGES | pages, pages << PAGE_BITS)
}

/// Record and bytes of a word; `None` for no block.
fn read(word: u64) -> Option<(u32, u64)> {
    let record = ((word & !WATCHED) >> 32).checked_sub(1)? as u32;
    let told = word & u64::from(u32::MAX);
    let bytes = if told & IN_PAGES == 0 {
        told
    } else {
        (told & !IN_PAGES) << PAGE_BITS
    };
    Some((record, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(ledger: &Ledger, address: usize, size: usize, stack: u32, born: u32) -> Added {
        let at = (StackId(stack), EpochId(born));
        ledger.add(Writers::One, address, size, at)
    }

    #[test]
    fn figures_follow_blocks_by_stack_and_epoch() {
        let ledger = Ledger::new().expect("tables");
        assert_eq!(add(&ledger, 0x1000, 10, 7, 1), Added::Kept);
        assert_eq!(add(&ledger, 0x1010, 20, 7, 1), Added::Kept);
        assert_eq!(add(&ledger, 0x1020, 40, 7, 2), Added::Kept);
        assert_eq!(add(&ledger, 0x1030, 5 << 30, 9, 2), Added::Kept);
        assert_eq!(add(&ledger, 0x1020, 99, 8, 2), Added::Known);
        assert_eq!(ledger.live_and_peak().0, 70 + (5 << 30));
        assert!(!ledger.remove(Writers::One, 0x1010));
        assert!(!ledger.remove(Writers::One, 0x1010));
        assert!(!ledger.remove(Writers::One, 0x1030));
        assert!(ledger.holds(0x1000) && !ledger.holds(0x1010) && !ledger.holds(0x5000_0000));
        let sites = ledger.sites();
        let figures: Vec<_> = sites
            .iter()
            .map(|site| {
                (
                    site.stack.0,
                    site.allocated_bytes,
                    site.allocated_blocks,
                    site.freed_bytes,
                )
            })
            .collect();
        assert_eq!(figures, [(7, 70, 3, 20), (9, 5 << 30, 1, 5 << 30)]);
        let survivors: Vec<_> = sites[0]
            .survivors
            .iter()
            .map(|one| (one.born.0, one.bytes, one.blocks))
            .collect();
        assert_eq!(survivors, [(1, 10, 1), (2, 40, 1)]);
        let live: Vec<_> = ledger
            .all()
            .iter()
            .map(|block| (block.address, block.size))
            .collect();
        assert_eq!(live, [(0x1000, 10), (0x1020, 40)]);
        assert_eq!(ledger.live_and_peak(), (50, 70 + (5 << 30)));
        ledger.reset_peak();
        assert_eq!(ledger.live_and_peak(), (50, 50));
        assert_eq!(add(&ledger, 0x1040, 40, 7, 3), Added::Kept);
        assert_eq!(add(&ledger, 0x1050, 5, 0, 3), Added::Kept);
        let mut live: Vec<_> = ledger
            .live_alike()
            .iter()
            .map(|alike| (alike.stack.0, alike.born.0, alike.size, alike.blocks))
            .collect();
        live.sort_unstable();
        let expected = [(0, 3, 5, 1), (7, 1, 10, 1), (7, 2, 40, 1), (7, 3, 40, 1)];
        assert_eq!(live, expected);
        let found = ledger.block_at(0x1040).expect("it lives");
        assert_eq!((found.stack, found.born.0, found.size), (StackId(7), 3, 40));
        assert_eq!(ledger.block_at(0x1010), None);
        ledger.weigh(Writers::Any, 1000);
        ledger.unweigh(Writers::One, 900);
        assert_eq!(ledger.live_and_peak(), (195, 1095));
        assert!(ledger.used_bytes() > 4096);
        ledger.clear();
        assert!(ledger.all().is_empty() && ledger.sites().is_empty());
        assert_eq!(ledger.used_bytes(), 0);
    }

    #[test]
    fn a_block_that_is_handed_on_is_of_its_new_stack() {
        let ledger = Ledger::new().expect("tables");
        assert_eq!(add(&ledger, 0x1000, 24, 7, 1), Added::Kept);
        ledger.hand_on(Writers::One, 0x1000, (StackId(8), EpochId(2)));
        ledger.hand_on(Writers::One, 0x2000, (StackId(8), EpochId(2)));
        assert_eq!(ledger.live_and_peak(), (24, 24));
        let block = &ledger.all()[0];
        assert_eq!(
            (block.stack, block.born, block.size),
            (StackId(8), EpochId(2), 24)
        );
        let figures: Vec<_> = ledger
            .sites()
            .iter()
            .map(|site| {
                (
                    site.stack.0,
                    site.allocated_bytes,
                    site.freed_bytes,
                    site.survivors.len(),
                )
            })
            .collect();
        assert_eq!(figures, [(7, 24, 24, 0), (8, 24, 0, 1)]);
        ledger.remove(Writers::One, 0x1000);
        assert_eq!(ledger.live_and_peak().0, 0);
    }

    #[test]
    fn the_end_of_a_watched_block_is_told() {
        let ledger = Ledger::new().expect("tables");
        assert_eq!(add(&ledger, 0x1000, 10, 7, 1), Added::Kept);
        for address in [0x1000, 0x2000] {
            ledger.watch(address);
            assert!(ledger.holds(address));
        }
        assert_eq!(ledger.all().len(), 1);
        assert_eq!(add(&ledger, 0x2000, 30, 7, 1), Added::Kept);
        ledger.watch(0x3000);
        assert!(ledger.remove(Writers::One, 0x1000) && ledger.remove(Writers::One, 0x3000));
        assert!(!ledger.remove(Writers::One, 0x2000) && !ledger.holds(0x1000));
    }

    #[test]
    fn figures_of_all_writers_add_up() {
        let ledger = Ledger::new().expect("tables");
        let at = (StackId(7), EpochId(1));
        assert_eq!(ledger.add(Writers::Any, 0x1000, 100, at), Added::Kept);
        assert_eq!(ledger.add(Writers::One, 0x2000, 20, at), Added::Kept);
        assert!(!ledger.remove(Writers::One, 0x1000));
        assert_eq!(ledger.live_and_peak(), (20, 120));
        let site = &ledger.sites()[0];
        assert_eq!(
            (
                site.allocated_bytes,
                site.allocated_blocks,
                site.freed_bytes
            ),
            (120, 2, 100)
        );
        assert_eq!(site.survivors[0].blocks, 1);
    }

    #[test]
    fn a_stack_without_room_counts_at_the_empty_one() {
        let ledger = Ledger::new().expect("tables");
        assert_eq!(add(&ledger, 0x1000, 10, STACKS as u32 + 5, 1), Added::Kept);
        assert_eq!(ledger.sites()[0].stack, StackId(0));
    }
}
