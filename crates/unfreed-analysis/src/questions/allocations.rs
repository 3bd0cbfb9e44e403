//! What each stack allocated and still holds, whole: for tables, flame graphs and other programs' profiles.
//! Estimates from samples, as the recording has them, and how far they may be off; nothing is judged here.

use crate::findings::Frame;
use crate::seeded::Map;
use crate::sites::deviations;
use crate::source::EvidenceSource;
use unfreed_recording::ids::{EpochId, RunTime, StackId};
use unfreed_recording::sites::{Epoch, Site, SiteDeviation};

/// Parts of the run that births are counted in.
pub const PARTS: usize = 4;
/// The mean bytes between two samples with which every block is one.
pub const EVERY_BLOCK: u64 = 1;

/// All stacks that allocated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allocations {
    /// Largest first, by what is live.
    pub stacks: Vec<Stacked>,
    /// Whether every block was followed: figures are no estimates then.
    pub exact: bool,
    /// Whether the recording tells how far estimates may be off.
    pub has_margins: bool,
    /// Mean bytes between two samples at the end.
    pub sample_bytes: u64,
    /// Seconds since the start at which the most was live: where every block was followed the moment itself, else that
    /// of the times which the recording keeps.
    pub peak_seconds: f64,
    /// Wall-clock start, nanoseconds since the Unix epoch.
    pub started_unix_ns: u64,
    /// Length of the run, seconds.
    pub seconds: f64,
}

/// What one stack did. Bytes and blocks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stacked {
    /// The stack, innermost frame first; empty where no frame was known.
    pub frames: Vec<Frame>,
    /// Live at the end.
    pub live: Amount,
    /// Allocated since the start.
    pub allocated: Amount,
    /// Freed since the start, bytes: what came and went.
    pub freed_bytes: u64,
    /// Live when the most was.
    pub peak: Amount,
    /// How far what is live at the end may be off.
    pub live_variance: Variance,
    /// How far what was live at the peak may be off.
    pub peak_variance: Variance,
    /// How far what was freed may be off.
    pub freed_variance: Variance,
    /// Bytes live at the end, by the part of the run in which they were allocated.
    pub born_bytes: [u64; PARTS],
}

/// Bytes in so many blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Bytes.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
}

/// How far sums of bytes and of blocks may be off, as variances: those of several stacks add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Variance {
    /// Of bytes, in square bytes.
    pub bytes: f64,
    /// Of blocks.
    pub blocks: f64,
}

impl Variance {
    fn of(bytes: u64, blocks: u64) -> Self {
        Self {
            bytes: (bytes as f64).powi(2),
            blocks: (blocks as f64).powi(2),
        }
    }
}

/// Gathers the stacks of a recording.
#[must_use]
pub fn allocations(source: &dyn EvidenceSource) -> Allocations {
    let epochs = source.epochs();
    let Some(last) = epochs.last() else {
        return Allocations::default();
    };
    let peak = epochs
        .iter()
        .max_by_key(|epoch| total(epoch))
        .unwrap_or(last);
    let (peak_at, mut at_peak) = at_peak(source, peak);
    let deviations = deviations(source, last.id);
    let peak_deviations = deviations_at_peak(source, peak, peak_at);
    let seconds = last.at.seconds();
    let part_of = |born: EpochId| {
        // Old epochs are thinned: the next that is there ends later, but never in a wrong order.
        let ended = epochs.iter().find(|epoch| epoch.id >= born);
        let at = ended.map_or(seconds, |epoch| epoch.at.seconds());
        ((at / seconds.max(f64::MIN_POSITIVE) * PARTS as f64).ceil() as usize).clamp(1, PARTS) - 1
    };
    let mut stacks: Vec<Stacked> = last
        .sites
        .iter()
        .map(|site| {
            let mut born_bytes = [0_u64; PARTS];
            for survivors in &site.survivors {
                let part = &mut born_bytes[part_of(survivors.born)];
                *part = part.saturating_add(survivors.bytes);
            }
            Stacked {
                frames: source.frames(site.stack),
                live: live(site),
                allocated: Amount {
                    bytes: site.allocated_bytes,
                    blocks: site.allocated_blocks,
                },
                freed_bytes: site.freed_bytes,
                peak: at_peak.remove(&site.stack).unwrap_or_default(),
                live_variance: live_variance(deviations.get(&site.stack).copied()),
                peak_variance: live_variance(peak_deviations.get(&site.stack).copied()),
                freed_variance: deviations
                    .get(&site.stack)
                    .map_or_else(Variance::default, |site| {
                        Variance::of(site.freed_bytes, site.freed_blocks)
                    }),
                born_bytes,
            }
        })
        .collect();
    // What was live at a peak after the last epoch, and was first allocated there.
    stacks.extend(at_peak.into_iter().map(|(stack, peak)| Stacked {
        frames: source.frames(stack),
        allocated: peak,
        peak,
        ..Stacked::default()
    }));
    stacks.sort_by_key(|one| std::cmp::Reverse((one.live.bytes, one.allocated.bytes)));
    Allocations {
        stacks,
        exact: last.sample_bytes == EVERY_BLOCK,
        has_margins: !deviations.is_empty(),
        sample_bytes: last.sample_bytes,
        peak_seconds: peak_at.seconds(),
        started_unix_ns: source.process().started_unix_ns,
        seconds,
    }
}

fn live(site: &Site) -> Amount {
    let mut sum = Amount::default();
    for survivors in &site.survivors {
        sum.bytes = sum.bytes.saturating_add(survivors.bytes);
        sum.blocks = sum.blocks.saturating_add(survivors.blocks);
    }
    sum
}

fn total(epoch: &Epoch) -> u64 {
    epoch
        .sites
        .iter()
        .fold(0, |sum, site| sum.saturating_add(live(site).bytes))
}

/// What was live when the most was, and when that was: at the exact peak where the recording has it, else at the end of
/// the epoch nearest to it.
fn at_peak(source: &dyn EvidenceSource, epoch: &Epoch) -> (RunTime, Map<StackId, Amount>) {
    let exact = source.peak().filter(|peak| {
        let bytes = peak.sites.iter();
        let bytes = bytes.fold(0_u64, |sum, site| sum.saturating_add(site.bytes));
        bytes > total(epoch)
    });
    if let Some(peak) = exact {
        let sites = peak.sites.iter().map(|site| {
            let amount = Amount {
                bytes: site.bytes,
                blocks: site.blocks,
            };
            (site.stack, amount)
        });
        return (peak.at, sites.collect());
    }
    let sites = epoch.sites.iter();
    (
        epoch.at,
        sites
            .map(|site| (site.stack, live(site)))
            .filter(|(_, amount)| amount.blocks > 0)
            .collect(),
    )
}

fn deviations_at_peak<'s>(
    source: &'s dyn EvidenceSource,
    epoch: &Epoch,
    at: RunTime,
) -> Map<StackId, &'s SiteDeviation> {
    if at == epoch.at {
        deviations(source, epoch.id)
    } else {
        Map::default()
    }
}

fn live_variance(site: Option<&SiteDeviation>) -> Variance {
    let mut sum = Variance::default();
    for one in site.into_iter().flat_map(|site| &site.survivors) {
        let each = Variance::of(one.bytes, one.blocks);
        sum.bytes += each.bytes;
        sum.blocks += each.blocks;
    }
    sum
}
