//! What lived when the most did: a copy of the figures, taken in the allocator's hook just before that moment is
//! over. Growth costs a comparison at each free; a copy is taken again when the peak is a thirty-second part
//! higher, so some 400 times on the way from 64 KiB to 16 GiB, at 3 ns a record.

use super::{ALLOCATED_BLOCKS, ALLOCATED_BYTES, FREED_BLOCKS, FREED_BYTES, Ledger, RECORDS};
use std::collections::BTreeMap;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::time::{Duration, Instant};
use unfreed_recording::sites::LiveSite;
use unfreed_sys::atomics::{reset, zeroed};

/// The part of the peak by which it has to rise before another copy is taken, and by which less may live when one is.
const PART: u64 = 32;
/// A peak below this is not worth a copy, bytes.
const LEAST: u64 = 64 << 10;
/// Figures of a record: bytes and blocks.
const FIGURES: usize = 2;

/// What lived when the most did.
#[derive(Debug)]
pub(crate) struct Highest {
    /// When the sites were read.
    pub at: Instant,
    /// The most bytes that ever lived.
    pub bytes: u64,
    /// What lived.
    pub sites: Vec<LiveSite>,
}

/// The copy.
#[derive(Debug)]
pub(super) struct AtPeak {
    /// Bytes and blocks that lived, by record.
    figures: &'static [AtomicU64],
    /// How many records are copied.
    records: AtomicU32,
    /// A peak above this is worth another copy; no peak is while none is asked for.
    threshold: AtomicU64,
    /// When it was taken, nanoseconds since `base`.
    at_ns: AtomicU64,
    base: Instant,
    /// Whether it was taken since it was last read.
    is_new: AtomicBool,
    /// Whether somebody takes or reads it. Never waited for in a hook.
    in_use: AtomicBool,
}

impl AtPeak {
    pub(super) fn new() -> Option<Self> {
        Some(AtPeak {
            figures: zeroed(RECORDS * FIGURES)?,
            records: AtomicU32::new(0),
            threshold: AtomicU64::new(u64::MAX),
            at_ns: AtomicU64::new(0),
            base: Instant::now(),
            is_new: AtomicBool::new(false),
            in_use: AtomicBool::new(false),
        })
    }

    /// Back to the beginning. Only while nothing is followed.
    pub(super) fn clear(&self) {
        reset(self.figures);
        self.records.store(0, Relaxed);
        self.threshold.store(u64::MAX, Relaxed);
        self.is_new.store(false, Relaxed);
        // A fork may have left it in use.
        self.in_use.store(false, Release);
    }

    /// Does something with it, unless somebody else does.
    fn use_alone<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        if self.in_use.swap(true, Acquire) {
            return None;
        }
        let done = work();
        self.in_use.store(false, Release);
        Some(done)
    }
}

impl Ledger {
    /// Keeps what lived when the most did, from here on.
    pub(crate) fn keep_peak(&self) {
        self.at_peak.threshold.store(LEAST, Relaxed);
    }

    /// Told before a block of so many bytes goes: if that ends a peak, keeps what lived.
    #[inline]
    pub(super) fn before_loss(&self, bytes: u64) {
        let peak = self.peak_bytes.load(Relaxed);
        if peak > self.at_peak.threshold.load(Relaxed)
            && self.live().saturating_sub(bytes) < peak - peak / PART
        {
            self.copy_peak(peak);
        }
    }

    #[cold]
    fn copy_peak(&self, peak: u64) {
        let copy = &self.at_peak;
        copy.use_alone(|| {
            copy.threshold.store(peak + peak / PART, Relaxed);
            let records = self.records_in_use();
            for record in 0..records {
                let figures = self.figures_of(record);
                let start = record as usize * FIGURES;
                let bytes = figures[ALLOCATED_BYTES].saturating_sub(figures[FREED_BYTES]);
                let blocks = figures[ALLOCATED_BLOCKS].saturating_sub(figures[FREED_BLOCKS]);
                copy.figures[start].store(bytes, Relaxed);
                copy.figures[start + 1].store(blocks, Relaxed);
            }
            copy.records.store(records, Relaxed);
            let at = copy.base.elapsed().as_nanos();
            copy.at_ns.store(at as u64, Relaxed);
            copy.is_new.store(true, Relaxed);
        });
    }

    /// What lived when the most did, if that is not known since the last time. `is_last`: nothing is going to be
    /// freed any more, so a peak that is not over is one as well.
    pub(crate) fn new_peak(&self, is_last: bool) -> Option<Highest> {
        let copy = &self.at_peak;
        let (_, peak) = self.live_and_peak();
        if is_last && peak > copy.threshold.load(Relaxed) {
            self.copy_peak(peak);
        }
        if !copy.is_new.load(Relaxed) {
            return None;
        }
        copy.use_alone(|| {
            copy.is_new.store(false, Relaxed);
            let mut sites: BTreeMap<u32, LiveSite> = BTreeMap::new();
            for record in 0..copy.records.load(Relaxed) {
                let start = record as usize * FIGURES;
                let blocks = copy.figures[start + 1].load(Relaxed);
                if blocks > 0 {
                    let stack = self.stack_of(record);
                    let site = sites.entry(stack.0).or_default();
                    site.stack = stack;
                    site.bytes += copy.figures[start].load(Relaxed);
                    site.blocks += blocks;
                }
            }
            Highest {
                at: copy.base + Duration::from_nanos(copy.at_ns.load(Relaxed)),
                bytes: peak,
                sites: sites.into_values().collect(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Writers;
    use super::*;
    use unfreed_recording::ids::{EpochId, StackId};

    const KIB: usize = 1 << 10;

    fn add(ledger: &Ledger, number: usize, size: usize, stack: u32) {
        let at = (StackId(stack), EpochId(1));
        ledger.add(Writers::One, number << 20, size, at);
    }

    fn sites(ledger: &Ledger, is_last: bool) -> Vec<(u32, u64, u64)> {
        let highest = ledger.new_peak(is_last);
        let sites = highest.into_iter().flat_map(|highest| highest.sites);
        sites
            .map(|site| (site.stack.0, site.bytes, site.blocks))
            .collect()
    }

    #[test]
    fn what_lived_at_the_peak_is_known_after_it_is_gone() {
        let ledger = Ledger::new().expect("tables");
        ledger.keep_peak();
        for number in 1..=100 {
            add(&ledger, number, 10 * KIB, 7);
        }
        add(&ledger, 200, 5000 * KIB, 8);
        assert!(sites(&ledger, false).is_empty(), "it is not over");
        // One block that is most of all: what lived before it went is what lived at the peak.
        ledger.remove(Writers::One, 200 << 20);
        for number in 1..=100 {
            ledger.remove(Writers::One, number << 20);
        }
        add(&ledger, 300, 100 * KIB, 9);
        let all = [(7, 1000 << 10, 100), (8, 5000 << 10, 1)];
        assert_eq!(sites(&ledger, false), all);
        assert!(sites(&ledger, false).is_empty(), "it was told");
        // A lower one is none; a higher one is.
        ledger.remove(Writers::One, 300 << 20);
        assert!(sites(&ledger, true).is_empty());
        add(&ledger, 400, 7000 * KIB, 9);
        assert!(sites(&ledger, false).is_empty());
        assert_eq!(sites(&ledger, true), [(9, 7000 << 10, 1)]);
    }

    #[test]
    fn what_is_kept_is_within_a_sixteenth_of_the_peak() {
        let ledger = Ledger::new().expect("tables");
        ledger.keep_peak();
        for number in 1..=1000 {
            add(&ledger, number, KIB, 7);
            // Something comes and goes all the time.
            add(&ledger, 5000, 3 * KIB, 8);
            ledger.remove(Writers::One, 5000 << 20);
        }
        for number in 1..=1000 {
            ledger.remove(Writers::One, number << 20);
        }
        let highest = ledger.new_peak(false).expect("a peak");
        assert_eq!(highest.bytes, 1003 << 10);
        let kept: u64 = highest.sites.iter().map(|site| site.bytes).sum();
        assert!(kept <= highest.bytes && kept >= highest.bytes - highest.bytes / 16);
    }

    #[test]
    fn where_nobody_asks_nothing_is_kept() {
        let ledger = Ledger::new().expect("tables");
        add(&ledger, 1, 5000 * KIB, 7);
        ledger.remove(Writers::One, 1 << 20);
        assert!(ledger.new_peak(true).is_none());
        ledger.keep_peak();
        add(&ledger, 1, 9000 * KIB, 7);
        ledger.clear();
        assert!(ledger.new_peak(true).is_none());
    }
}
