//! Poisson sampling over allocated bytes: each byte is the start of a sample with the same small
//! probability, so a block of `size` bytes is sampled with p = 1 − exp(−size / mean) and stands for
//! 1/p blocks. Source: the heap profiler of tcmalloc; estimates are unbiased at any mean, even when
//! the mean changes.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// The mean when it adapts: never above this, the goal for steady programs …
pub(crate) const LARGEST_MEAN: u64 = 512 * 1024;
/// … and never below this.
pub(crate) const SMALLEST_MEAN: u64 = 8 * 1024;
/// Samples a second to aim for: at about 2 µs each that is 0.1 % of a core.
const WANTED_PER_SECOND: f64 = 500.0;

/// The mean with which every block is sampled, whatever its size: figures are exact.
pub(crate) const EVERY_BLOCK: u64 = 1;

/// Counts bytes down to the next sample.
#[derive(Debug)]
pub(crate) struct Sampler {
    /// Bytes left in domains used under the GIL: plain load and store, one writer at a time.
    with_gil: AtomicI64,
    /// Bytes left in the RAW domain, which threads without the GIL use too.
    raw: AtomicI64,
    mean: AtomicU64,
    state: AtomicU64,
    taken: AtomicU64,
}

impl Sampler {
    pub(crate) const fn new() -> Self {
        Sampler {
            with_gil: AtomicI64::new(i64::MAX),
            raw: AtomicI64::new(i64::MAX),
            mean: AtomicU64::new(0),
            state: AtomicU64::new(0x9e37_79b9_7f4a_7c15),
            taken: AtomicU64::new(0),
        }
    }

    /// Counts `size` down; `true` when a sample is due.
    #[inline]
    pub(crate) fn is_due(&self, raw: bool, size: usize) -> bool {
        if raw {
            return self.raw.fetch_sub(size as i64, Relaxed) < size as i64;
        }
        let left = self.with_gil.load(Relaxed) - size as i64;
        self.with_gil.store(left, Relaxed);
        left < 0
    }

    /// Begins the countdown to the next sample; with a mean of 0 there is none.
    pub(crate) fn rearm(&self) {
        let mean = self.mean.load(Relaxed);
        for counter in [&self.with_gil, &self.raw] {
            if counter.load(Relaxed) < 0 || mean == 0 {
                counter.store(self.distance(mean), Relaxed);
            }
        }
    }

    /// Bytes to the next sample, exponentially distributed.
    fn distance(&self, mean: u64) -> i64 {
        match mean {
            0 => return i64::MAX,
            EVERY_BLOCK => return 0,
            _ => {}
        }
        ((-(1.0 - self.unit()).ln() * mean as f64) as i64).max(1)
    }

    /// A number from 0 to 1, but never 1.
    fn unit(&self) -> f64 {
        // xorshift64*; two threads that race here draw the same number, which does no harm.
        let mut x = self.state.load(Relaxed);
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.state.store(x, Relaxed);
        (x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Blocks that a sampled block of `size` bytes stands for.
    pub(crate) fn weight(&self, size: usize) -> f64 {
        let mean = self.mean.load(Relaxed).max(1);
        if mean == EVERY_BLOCK {
            return 1.0;
        }
        let mean = mean as f64;
        let probability = -(-(size.max(1) as f64) / mean).exp_m1();
        1.0 / probability.max(1e-12)
    }

    /// A weight as a whole number of blocks, up or down by chance so that sums of them are not biased.
    pub(crate) fn whole(&self, weight: f64) -> u32 {
        let up = self.unit() < weight.fract();
        (weight.floor() + f64::from(up)).clamp(1.0, f64::from(u32::MAX)) as u32
    }

    pub(crate) fn count(&self) {
        self.taken.fetch_add(1, Relaxed);
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Relaxed)
    }

    pub(crate) fn mean(&self) -> u64 {
        self.mean.load(Relaxed)
    }

    /// Sets the mean and restarts both countdowns; 0 stops sampling.
    pub(crate) fn set_mean(&self, mean: u64) {
        self.mean.store(mean, Relaxed);
        self.with_gil.store(self.distance(mean), Relaxed);
        self.raw.store(self.distance(mean), Relaxed);
    }
}

/// The mean for the next second, after one in which `samples` were taken at `mean`. Halves or
/// doubles at most, so that one busy second does not blind the next.
pub(crate) fn adapted(mean: u64, samples: u64, seconds: f64) -> u64 {
    let rate = samples as f64 / seconds.max(1e-3);
    let factor = (rate / WANTED_PER_SECOND).clamp(0.5, 4.0);
    ((mean as f64 * factor) as u64).clamp(SMALLEST_MEAN, LARGEST_MEAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_unbiased_for_small_and_large_blocks() {
        for size in [64usize, 4096, 100_000, 5_000_000] {
            let sampler = Sampler::new();
            sampler.set_mean(64 * 1024);
            let blocks = (400_000_000 / size).clamp(200, 2_000_000);
            let mut estimate = 0.0;
            for _ in 0..blocks {
                if sampler.is_due(false, size) {
                    estimate += sampler.weight(size);
                    sampler.rearm();
                }
            }
            let error = estimate / blocks as f64 - 1.0;
            assert!(error.abs() < 0.08, "size {size}: {error:+.3}");
        }
    }

    #[test]
    fn every_block_is_taken_and_counts_once() {
        let sampler = Sampler::new();
        sampler.set_mean(EVERY_BLOCK);
        for size in [1usize, 16, 100_000] {
            for raw in [true, false] {
                assert!(sampler.is_due(raw, size));
                assert_eq!(sampler.weight(size), 1.0);
                sampler.rearm();
            }
        }
    }

    #[test]
    fn a_mean_of_zero_takes_no_sample() {
        let sampler = Sampler::new();
        sampler.set_mean(0);
        assert!(
            !(0..1000).any(|_| sampler.is_due(false, 1 << 30) || sampler.is_due(true, 1 << 30))
        );
    }

    #[test]
    fn the_mean_follows_the_rate_within_its_bounds() {
        assert_eq!(adapted(64 * 1024, 500, 1.0), 64 * 1024);
        assert_eq!(adapted(64 * 1024, 0, 1.0), 32 * 1024);
        assert_eq!(adapted(64 * 1024, 1_000_000, 1.0), 256 * 1024);
        assert_eq!(adapted(LARGEST_MEAN, 1_000_000, 1.0), LARGEST_MEAN);
        assert_eq!(adapted(SMALLEST_MEAN, 0, 1.0), SMALLEST_MEAN);
    }
}
