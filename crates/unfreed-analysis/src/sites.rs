//! Allocation sites: where the objects of a finding were made, and sites whose blocks survive from
//! ever more epochs. A leak has survivors of many epochs, a cache or warm-up of one or two (the
//! surviving generations of the NetBeans profiler).

use crate::findings::{AllocatedAt, Frame, Trend};
use crate::ownership::{Owner, Ownership};
use crate::seeded::{Map, Set};
use crate::source::EvidenceSource;
use crate::study::Study;
use crate::survey::ShapedSample;
use crate::trend::{Judgement, Reading, judge};
use std::cmp::Reverse;
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_recording::sites::{Site, SiteDeviation};

/// Most sites that a finding names.
pub const NAMED: usize = 5;
/// Epochs of birth that the survivors of a leaking site come from.
const GENERATIONS: usize = 4;
/// Sampled blocks that a site needs to be judged.
const SAMPLES: u32 = 8;
/// First part of the run, not judged.
const WARM_UP: f64 = 0.1;
/// How far what a line gained may be from what a finding gained to be taken for its cause.
const ALIKE: (f64, f64) = (0.5, 1.6);

/// Part of all bytes from which a place that is certain goes before larger ones that may be of earlier objects.
const CERTAIN: u64 = 64;

/// Groups samples by stack, largest first; those that are certain before larger ones that are not.
#[must_use]
pub fn allocated_at<'s>(
    source: &dyn EvidenceSource,
    ownership: &Ownership,
    samples: impl Iterator<Item = &'s ShapedSample>,
) -> Vec<AllocatedAt> {
    let mut by_stack: Map<StackId, Made> = Map::default();
    let mut total = 0_u64;
    for sample in samples.filter(|sample| sample.stack != StackId(0)) {
        by_stack.entry(sample.stack).or_default().add(sample);
        total = total.saturating_add(sample.bytes);
    }
    let mut stacks: Vec<(StackId, Made)> = by_stack.into_iter().collect();
    let goes_first = |made: &Made| made.certain && made.bytes >= total / CERTAIN;
    stacks.sort_by_key(|&(stack, made)| (Reverse(goes_first(&made)), Reverse(made.bytes), stack));
    let found: Vec<AllocatedAt> = stacks
        .into_iter()
        .filter_map(|(stack, made)| {
            let stack = source.frames(stack);
            let frame = named_frame(&stack, ownership)?.clone();
            let share = if total == 0 {
                0.0
            } else {
                made.bytes as f64 / total as f64
            };
            Some(AllocatedAt {
                stack,
                frame,
                share,
                bytes: made.bytes,
                samples: made.samples,
                may_be_reused: !made.certain,
            })
        })
        .collect();
    let mut found = without_strangers(found, ownership);
    found.truncate(NAMED);
    found
}

/// What samples of one stack add up to.
#[derive(Clone, Copy, Default)]
struct Made {
    bytes: u64,
    samples: u32,
    /// Whether one of them is of a block that no free list hands on.
    certain: bool,
}

impl Made {
    fn add(&mut self, sample: &ShapedSample) {
        self.bytes = self.bytes.saturating_add(sample.bytes);
        self.samples += 1;
        self.certain |= !sample.reused;
    }
}

/// Where a line of the person's is known, a place that may be of an earlier object and has none is left out: the earlier
/// one is mostly of whoever calls the function, or of the library.
fn without_strangers(mut found: Vec<AllocatedAt>, ownership: &Ownership) -> Vec<AllocatedAt> {
    let is_own = |at: &AllocatedAt| ownership.of_file(&at.frame.file) == Owner::Own;
    if !found.iter().any(is_own) {
        return found;
    }
    found.retain(|at| is_own(at) || !at.may_be_reused);
    let total: f64 = found.iter().map(|at| at.share).sum();
    for at in &mut found {
        at.share /= total.max(f64::MIN_POSITIVE);
    }
    found
}

/// The frame to name: the innermost of the person's own code, else the innermost that is not ours.
#[must_use]
pub fn named_frame<'f>(stack: &'f [Frame], ownership: &Ownership) -> Option<&'f Frame> {
    let of = |owner: Owner| {
        let of_python = stack.iter().filter(|frame| frame.library.is_empty());
        let mut of_python = of_python.filter(|frame| !frame.file.is_empty());
        of_python.find(|frame| ownership.of_file(&frame.file) == owner)
    };
    of(Owner::Own)
        .or_else(|| of(Owner::ThirdParty))
        .or_else(|| of(Owner::Stdlib))
        .or(stack.first())
}

/// Samples of the objects that some shapes gained: those of the last snapshot that were born since
/// `since`; where there are none, all of the last; where there are none, those of earlier ones.
#[must_use]
pub fn gained_samples(
    study: &Study<'_>,
    since: EpochId,
    gained: impl Fn(&ShapedSample) -> bool,
) -> Vec<ShapedSample> {
    for taken in study.taken.iter().rev() {
        let all: Vec<ShapedSample> = taken
            .samples
            .iter()
            .filter(|sample| gained(sample))
            .copied()
            .collect();
        let young: Vec<ShapedSample> = all
            .iter()
            .filter(|sample| sample.born > since)
            .copied()
            .collect();
        if !young.is_empty() {
            return young;
        }
        if !all.is_empty() {
            return all;
        }
    }
    Vec::new()
}

/// The line that gained about as much as a finding whose objects were never sampled: a block that a
/// buffer moved to is no object.
#[must_use]
pub fn likely_line(study: &Study<'_>, gained: f64) -> Option<AllocatedAt> {
    let alike = |line: &&Line| {
        (ALIKE.0 * gained..=ALIKE.1 * gained).contains(&line.gained)
            && matches!(
                line.judgement.trend,
                Trend::Steady | Trend::NotEnoughEvidence
            )
    };
    let line = study.lines.iter().find(alike)?;
    Some(AllocatedAt {
        stack: study.source.frames(line.stack),
        frame: line.frame.clone(),
        share: (line.gained / gained).min(1.0),
        bytes: line.gained as u64,
        samples: line.samples,
        may_be_reused: false,
    })
}

/// A line and what it keeps alive.
#[derive(Clone, Debug)]
pub struct Line {
    /// The line.
    pub frame: Frame,
    /// The largest of its stacks.
    pub stack: StackId,
    /// Live bytes at the end of each epoch after the warm-up.
    pub live: Vec<Reading>,
    /// Bytes gained since.
    pub gained: f64,
    /// How far the bytes gained may be off, as a variance; 0 where that is not known.
    pub variance: f64,
    /// Blocks gained since.
    pub blocks: f64,
    /// Sampled blocks alive at the end.
    pub samples: u32,
    /// Epochs that its survivors were born in.
    pub generations: usize,
    /// How it grows.
    pub judgement: Judgement,
}

impl Line {
    /// Whether it grows as a leak does: steadily, with survivors of many epochs, seen often enough.
    #[must_use]
    pub fn leaks(&self) -> bool {
        self.judgement.trend == Trend::Steady
            && self.samples >= SAMPLES
            && self.generations >= GENERATIONS
    }
}

/// All lines that keep something alive at the end of the epochs up to `until`, most gained bytes first.
#[must_use]
pub fn lines(
    source: &dyn EvidenceSource,
    ownership: &Ownership,
    seconds: f64,
    until: f64,
) -> Vec<Line> {
    let warm = seconds * WARM_UP;
    let epochs: Vec<_> = source
        .epochs()
        .iter()
        .filter(|epoch| epoch.at.seconds() > warm && epoch.at.seconds() <= until)
        .collect();
    let mut frames: Map<StackId, Option<Frame>> = Map::default();
    let mut sums: Map<Frame, Sum> = Map::default();
    let ends = epochs.first().zip(epochs.last());
    let off = ends.map(|(first, last)| {
        let of = |epoch| deviations(source, epoch);
        (first.id, of(first.id), of(last.id))
    });
    for (index, epoch) in epochs.iter().enumerate() {
        for site in &epoch.sites {
            let frame = frames
                .entry(site.stack)
                .or_insert_with(|| named_frame(&source.frames(site.stack), ownership).cloned());
            if let Some(frame) = frame {
                let sum = sums
                    .entry(frame.clone())
                    .or_insert_with(|| Sum::new(epochs.len()));
                let is_last = index + 1 == epochs.len();
                sum.add(index, is_last, site);
                if let Some((first, at_first, at_last)) = off.as_ref().filter(|_| is_last) {
                    let [before, after] =
                        [at_first, at_last].map(|all| all.get(&site.stack).copied());
                    sum.variance += gain_variance(*first, before, after);
                }
            }
        }
    }
    let times: Vec<f64> = epochs.iter().map(|epoch| epoch.at.seconds()).collect();
    let mut lines: Vec<Line> = sums
        .into_iter()
        .map(|(frame, sum)| sum.judge(frame, &times))
        .collect();
    lines.sort_by(|a, b| {
        let place = |line: &Line| {
            (
                line.frame.file.clone(),
                line.frame.line,
                line.frame.function.clone(),
            )
        };
        b.gained
            .total_cmp(&a.gained)
            .then_with(|| place(a).cmp(&place(b)))
    });
    lines
}

/// How far the estimates of an epoch may be off, by site; empty where that is not known.
#[must_use]
pub fn deviations(source: &dyn EvidenceSource, epoch: EpochId) -> Map<StackId, &SiteDeviation> {
    let known = source.uncertainty(epoch);
    let sites = known.into_iter().flat_map(|one| &one.sites);
    sites.map(|site| (site.stack, site)).collect()
}

/// How far what a site gained since the end of an epoch may be off, as a variance: what was there before and still is
/// is in both figures, and off by the same.
#[must_use]
pub fn gain_variance(
    since: EpochId,
    before: Option<&SiteDeviation>,
    after: Option<&SiteDeviation>,
) -> f64 {
    let square = |bytes: u64| (bytes as f64).powi(2);
    let sum = |site: Option<&SiteDeviation>, is_wanted: &dyn Fn(EpochId) -> bool| -> f64 {
        let survivors = site.into_iter().flat_map(|site| &site.survivors);
        let wanted = survivors.filter(|one| is_wanted(one.born));
        wanted.map(|one| square(one.bytes)).sum()
    };
    let born = sum(after, &|epoch| epoch > since);
    let gone = sum(before, &|_| true) - sum(after, &|epoch| epoch <= since);
    born + gone.max(0.0)
}

/// The sites of one line, summed.
struct Sum {
    bytes: Vec<u64>,
    blocks: Vec<u64>,
    samples: u32,
    births: Set<EpochId>,
    largest: (u64, StackId),
    variance: f64,
}

impl Sum {
    fn new(epochs: usize) -> Self {
        Self {
            bytes: vec![0; epochs],
            blocks: vec![0; epochs],
            samples: 0,
            births: Set::default(),
            largest: (0, StackId(0)),
            variance: 0.0,
        }
    }

    fn add(&mut self, index: usize, last: bool, site: &Site) {
        let mut live = 0_u64;
        for survivors in &site.survivors {
            live = live.saturating_add(survivors.bytes);
            self.blocks[index] = self.blocks[index].saturating_add(survivors.blocks);
            if last {
                self.samples = self.samples.saturating_add(survivors.samples);
                self.births.insert(survivors.born);
            }
        }
        self.bytes[index] = self.bytes[index].saturating_add(live);
        if last && live >= self.largest.0 {
            self.largest = (live, site.stack);
        }
    }

    fn judge(self, frame: Frame, times: &[f64]) -> Line {
        let live: Vec<Reading> = times
            .iter()
            .zip(&self.bytes)
            .map(|(&at, &level)| Reading {
                at,
                level: level as f64,
            })
            .collect();
        let gain = |levels: &[u64]| match levels {
            [first, .., last] => *last as f64 - *first as f64,
            _ => 0.0,
        };
        Line {
            frame,
            stack: self.largest.1,
            gained: gain(&self.bytes),
            variance: self.variance,
            blocks: gain(&self.blocks),
            samples: self.samples,
            generations: self.births.len(),
            judgement: judge(&live, 0.0),
            live,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::gain_variance;
    use unfreed_recording::ids::EpochId;
    use unfreed_recording::sites::{Deviation, SiteDeviation};

    #[test]
    fn what_lives_on_makes_a_gain_no_less_certain() {
        let site = |survivors: &[(u32, u64)]| SiteDeviation {
            survivors: survivors
                .iter()
                .map(|&(born, bytes)| Deviation {
                    born: EpochId(born),
                    bytes,
                    blocks: 0,
                })
                .collect(),
            ..SiteDeviation::default()
        };
        let variance = |before: &[(u32, u64)], after: &[(u32, u64)]| {
            gain_variance(EpochId(2), Some(&site(before)), Some(&site(after)))
        };
        let off = |left: f64, right: f64| (left - right).abs();
        // All that was there lives on: only what was born since is uncertain.
        assert!(
            off(
                variance(&[(1, 100), (2, 50)], &[(1, 100), (2, 50), (3, 7)]),
                49.0
            ) < 1e-9
        );
        // A part of it is gone.
        assert!(off(variance(&[(1, 100)], &[(1, 60), (3, 7)]), 6400.0 + 49.0) < 1e-9);
        assert!(gain_variance(EpochId(2), None, None).abs() < 1e-9);
    }
}
