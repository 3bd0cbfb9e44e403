//! What each allocation site allocated and freed, in atomics by stack number.

use crate::live::Block;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_recording::sites::{Deviation, Site, SiteDeviation, Survivors};
use unfreed_sys::atomics::{reset, zeroed};

/// Stacks that have figures; a later one counts at the empty stack.
pub(crate) const STACKS: usize = 1 << 18;

/// Cumulative figures by stack.
#[derive(Debug)]
pub(crate) struct SiteFigures {
    allocated_bytes: &'static [AtomicU64],
    allocated_blocks: &'static [AtomicU64],
    freed_bytes: &'static [AtomicU64],
    /// Variance of what was freed: of its bytes in 1024 square bytes, and of its blocks in sixteenths.
    freed_variance: [&'static [AtomicU64]; 2],
}

const SQUARE_BYTES: f64 = 1024.0;
const SQUARE_BLOCKS: f64 = 1.0 / 16.0;

impl SiteFigures {
    pub(crate) fn new() -> Option<Self> {
        Some(SiteFigures {
            allocated_bytes: zeroed(STACKS)?,
            allocated_blocks: zeroed(STACKS)?,
            freed_bytes: zeroed(STACKS)?,
            freed_variance: [zeroed(STACKS)?, zeroed(STACKS)?],
        })
    }

    pub(crate) fn allocated(&self, block: &Block) {
        let stack = slot(block.stack);
        self.allocated_bytes[stack].fetch_add(block.bytes, Relaxed);
        self.allocated_blocks[stack].fetch_add(u64::from(block.blocks), Relaxed);
    }

    pub(crate) fn freed(&self, block: &Block) {
        let stack = slot(block.stack);
        self.freed_bytes[stack].fetch_add(block.bytes, Relaxed);
        let (bytes, blocks) = block.variance();
        let [of_bytes, of_blocks] = &self.freed_variance;
        of_bytes[stack].fetch_add((bytes / SQUARE_BYTES) as u64, Relaxed);
        of_blocks[stack].fetch_add((blocks / SQUARE_BLOCKS) as u64, Relaxed);
    }

    /// How far the figures of the first `stacks` stacks may be off.
    pub(crate) fn deviations(&self, stacks: usize, live: &[Block]) -> Vec<SiteDeviation> {
        let mut variances: BTreeMap<(usize, u32), (f64, f64)> = BTreeMap::new();
        for block in live {
            let sum = variances
                .entry((slot(block.stack), block.born.0))
                .or_default();
            let (bytes, blocks) = block.variance();
            sum.0 += bytes;
            sum.1 += blocks;
        }
        let root = |figures: &[AtomicU64], stack: usize, unit: f64| {
            (figures[stack].load(Relaxed) as f64 * unit).sqrt() as u64
        };
        let [of_bytes, of_blocks] = &self.freed_variance;
        (0..stacks.min(STACKS))
            .filter(|&stack| self.allocated_bytes[stack].load(Relaxed) > 0)
            .map(|stack| SiteDeviation {
                stack: StackId(stack as u32),
                freed_bytes: root(of_bytes, stack, SQUARE_BYTES),
                freed_blocks: root(of_blocks, stack, SQUARE_BLOCKS),
                survivors: variances
                    .range((stack, 0)..=(stack, u32::MAX))
                    .map(|(&(_, born), (bytes, blocks))| Deviation {
                        born: EpochId(born),
                        bytes: bytes.sqrt().round() as u64,
                        blocks: blocks.sqrt().round() as u64,
                    })
                    .collect(),
            })
            .collect()
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
        for variance in self.freed_variance {
            reset(variance);
        }
    }
}

fn slot(stack: StackId) -> usize {
    let stack = stack.0 as usize;
    if stack < STACKS { stack } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::Sampler;

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

    /// A run of a program: what sampling makes of it, and what was.
    fn simulated(sampler: &Sampler, figures: &SiteFigures) -> ([f64; 4], Site, SiteDeviation) {
        figures.clear();
        let mut live = Vec::new();
        let mut truth = [0.0; 4];
        for number in 0..40_000_usize {
            // Small blocks, some around the mean, few above it.
            let size = match number % 100 {
                0 => 200_000,
                1..4 => 30_000,
                rest => 16 + rest * 8,
            };
            let freed = number % 5 == 0;
            truth[if freed { 2 } else { 0 }] += size as f64;
            truth[if freed { 3 } else { 1 }] += 1.0;
            if !sampler.is_due(false, size) {
                continue;
            }
            sampler.rearm();
            let weight = sampler.weight(size);
            let block = Block {
                address: number,
                stack: StackId(1),
                born: EpochId(0),
                size,
                bytes: (weight * size as f64) as u64,
                blocks: sampler.whole(weight),
            };
            figures.allocated(&block);
            if freed {
                figures.freed(&block);
            } else {
                live.push(block);
            }
        }
        let site = figures.sites(2, &live).remove(0);
        (truth, site, figures.deviations(2, &live).remove(0))
    }

    #[test]
    fn the_interval_of_an_estimate_has_the_truth_in_it_as_often_as_it_says() {
        const RUNS: u32 = 600;
        let sampler = Sampler::new();
        sampler.set_mean(64 << 10);
        let figures = SiteFigures::new().expect("tables");
        // Live bytes and blocks, freed bytes.
        let mut covered = [0; 3];
        let mut errors = [0.0; 3];
        for _ in 0..RUNS {
            let (truth, site, deviation) = simulated(&sampler, &figures);
            let (live, off) = (site.survivors[0], deviation.survivors[0]);
            let told = [
                (live.bytes, off.bytes, truth[0]),
                (live.blocks, off.blocks, truth[1]),
                (site.freed_bytes, deviation.freed_bytes, truth[2]),
            ];
            for (index, (estimate, deviation, truth)) in told.into_iter().enumerate() {
                let error = estimate as f64 - truth;
                errors[index] += error / truth / f64::from(RUNS);
                covered[index] += u32::from(error.abs() <= 1.96 * deviation as f64);
            }
        }
        for covered in covered {
            let share = f64::from(covered) / f64::from(RUNS);
            assert!((0.92..0.98).contains(&share), "{share} of 95 %");
        }
        assert!(errors.iter().all(|error| error.abs() < 0.01), "{errors:?}");
    }
}
