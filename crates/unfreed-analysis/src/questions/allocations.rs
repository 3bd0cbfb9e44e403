//! What each stack allocated and still holds, whole: for flame graphs and for other programs' profiles.
//! Estimates from samples, as the recording has them; nothing is judged here.

use crate::findings::Frame;
use crate::seeded::Map;
use crate::source::EvidenceSource;
use unfreed_recording::ids::StackId;
use unfreed_recording::sites::{Epoch, Site};

/// Parts of the run that births are counted in.
pub const PARTS: usize = 4;

/// All stacks that allocated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allocations {
    /// Largest first, by what is live.
    pub stacks: Vec<Stacked>,
    /// Mean bytes between two samples at the end.
    pub sample_bytes: u64,
    /// Seconds since the start at which the most was live, of the times that the recording keeps.
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
    let mut at_peak: Map<StackId, Amount> = Map::default();
    for site in &peak.sites {
        at_peak.insert(site.stack, live(site));
    }
    let seconds = last.at.seconds();
    let part_of = |born: unfreed_recording::ids::EpochId| {
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
                peak: at_peak.get(&site.stack).copied().unwrap_or_default(),
                born_bytes,
            }
        })
        .collect();
    stacks.sort_by_key(|one| std::cmp::Reverse((one.live.bytes, one.allocated.bytes)));
    Allocations {
        stacks,
        sample_bytes: last.sample_bytes,
        peak_seconds: peak.at.seconds(),
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
