//! All snapshots of a recording, surveyed: what the judges of growth look at.

use crate::garbage::{self, Garbage};
use crate::growth::{Growth, find};
use crate::heap::Heap;
use crate::levels::Levels;
use crate::ownership::Ownership;
use crate::references::{self, References};
use crate::rounds;
use crate::sites::{Line, lines};
use crate::source::EvidenceSource;
use crate::standing::{Census, Standing, census};
use crate::survey::{Forest, ShapedSample, Survey, Tally, survey};
use crate::wording::Pace;
use unfreed_recording::counters::Counters;
use unfreed_recording::ids::{EpochId, RunTime};
use unfreed_recording::retention::thin;
use unfreed_recording::snapshot::Snapshot;

/// Most snapshots that are surveyed. A collector keeps fewer.
const SURVEYED: usize = 16;

/// Seconds that the end of an epoch may be from its snapshot.
const BESIDE: f64 = 0.2;

/// The largest block that pymalloc serves.
const PYMALLOC: u64 = 512;

/// What is remembered of one snapshot.
#[derive(Debug)]
pub struct Taken {
    /// Seconds since the start.
    pub at: f64,
    /// The epoch at whose end it was taken.
    pub epoch: EpochId,
    /// How long the program stood still, nanoseconds.
    pub pause_ns: u64,
    /// Objects in it.
    pub objects: u64,
    /// Shallow bytes of all objects in it.
    pub bytes: u64,
    /// The part of it in blocks that `malloc` serves: pymalloc takes those of up to 512 bytes.
    pub large_bytes: u64,
    /// Sampled objects and their shapes.
    pub samples: Vec<ShapedSample>,
    /// What nothing reaches.
    pub garbage: Garbage,
    /// References that nobody in it holds.
    pub references: References,
}

/// The last snapshot, kept whole.
#[derive(Debug)]
pub struct Latest<'a> {
    /// The snapshot.
    pub heap: Heap<'a>,
    /// Its shapes and paths.
    pub survey: Survey<'a>,
    /// In-edges of its nodes.
    pub in_degrees: Vec<u32>,
}

/// The snapshots of one recording, surveyed.
pub struct Study<'a> {
    /// Where it comes from.
    pub source: &'a dyn EvidenceSource,
    /// Whose code is whose.
    pub ownership: Ownership,
    /// Frames and coroutines that are there in all snapshots.
    pub standing: Standing,
    /// Path shapes of all snapshots.
    pub forest: Forest,
    /// What each shape held when.
    pub levels: Levels,
    /// Snapshots in order of time.
    pub taken: Vec<Taken>,
    /// The first snapshot that is judged.
    pub from: usize,
    /// Where growth entered since.
    pub growth: Growth,
    /// What each line keeps alive.
    pub lines: Vec<Line>,
    /// The last snapshot; absent when none could be read.
    pub latest: Option<Latest<'a>>,
    /// What could not be read.
    pub troubles: Vec<String>,
}

/// The snapshots before the newest that are surveyed: all, or as many as are worth the time, evenly
/// spread.
fn picked(source: &dyn EvidenceSource, newest: usize) -> Vec<usize> {
    let times: Vec<RunTime> = (0..=newest)
        .map(|index| source.snapshot_time(index).unwrap_or_default())
        .collect();
    let dropped = thin(&times, SURVEYED);
    (0..newest)
        .filter(|index| !dropped.contains(index))
        .collect()
}

/// Bytes in all.
pub fn total<'s>(sizes: impl Iterator<Item = &'s u64>) -> u64 {
    sizes.fold(0, |sum, size| sum.saturating_add(*size))
}

/// Looks at the frames of all snapshots before any is surveyed: who stands still is known only then.
/// The price is to decode each twice.
fn standing(source: &dyn EvidenceSource, picked: &[usize], newest: &Snapshot) -> Standing {
    let of = |snapshot: &Snapshot| Heap::new(snapshot).map(|heap| census(&heap));
    let mut censuses: Vec<Census> = picked
        .iter()
        .filter_map(|&index| {
            source
                .snapshot(index)
                .and_then(|snapshot| of(&snapshot))
                .ok()
        })
        .collect();
    censuses.extend(of(newest));
    Standing::new(&censuses)
}

impl<'a> Study<'a> {
    /// Surveys all snapshots up to the newest.
    #[must_use]
    pub fn new(
        source: &'a dyn EvidenceSource,
        newest: Option<&'a (usize, Snapshot)>,
        troubles: Vec<String>,
    ) -> Self {
        let mut study = Self {
            source,
            ownership: Ownership::new(source.process()),
            standing: Standing::default(),
            forest: Forest::default(),
            levels: Levels::default(),
            taken: Vec::new(),
            from: 0,
            growth: Growth::default(),
            lines: Vec::new(),
            latest: None,
            troubles,
        };
        if let Some((index, snapshot)) = newest {
            study.survey_all(*index, snapshot);
        }
        let until = study.window().1 + BESIDE;
        let torn = newest.is_some_and(|(index, _)| index + 1 < source.snapshot_count());
        let until = if torn { until } else { f64::INFINITY };
        study.lines = lines(source, &study.ownership, study.seconds(), until);
        study
    }

    fn survey_all(&mut self, newest: usize, snapshot: &'a Snapshot) {
        let mut surveys = Vec::new();
        let picked = picked(self.source, newest);
        self.standing = standing(self.source, &picked, snapshot);
        // The newest goes first: what is large at the end is masked in all. It goes twice, because
        // a dict that is large may be met after a small one of its shape.
        match self.look(snapshot) {
            Ok(_) => {}
            Err(trouble) => return self.troubles.push(trouble),
        }
        if let Ok((taken, tallies, latest)) = self.look(snapshot) {
            surveys.push((taken.at, tallies));
            self.taken.push(taken);
            self.latest = Some(latest);
        }
        for index in picked {
            let looked = self.source.snapshot(index).and_then(|earlier| {
                self.look(&earlier)
                    .map(|(taken, tallies, _)| (taken, tallies))
            });
            match looked {
                Ok((taken, tallies)) if taken.at < snapshot.at.seconds() => {
                    surveys.push((taken.at, tallies));
                    self.taken.push(taken);
                }
                Ok(_) => self
                    .troubles
                    .push(format!("snapshot {index} is out of order")),
                Err(trouble) => {
                    self.troubles
                        .push(format!("snapshot {index} could not be read: {trouble}"));
                }
            }
        }
        self.taken.sort_by(|a, b| a.at.total_cmp(&b.at));
        self.taken.dedup_by(|later, earlier| later.at <= earlier.at);
        if self.is_exact() {
            rounds::accumulate(self.taken.iter_mut().map(|taken| &mut taken.garbage));
        }
        self.levels = Levels::new(surveys, &self.forest.shapes);
        self.from = self.levels.after_warm_up();
        self.growth = find(&self.levels, &self.forest, self.from);
    }

    fn look<'s>(
        &mut self,
        snapshot: &'s Snapshot,
    ) -> Result<(Taken, Vec<Tally>, Latest<'s>), String> {
        let heap = Heap::new(snapshot)?;
        let in_degrees = heap.in_degrees();
        let mut survey = survey(
            &heap,
            &self.ownership,
            &self.standing,
            &in_degrees,
            &mut self.forest,
        );
        let taken = Taken {
            at: snapshot.at.seconds(),
            epoch: snapshot.epoch,
            pause_ns: snapshot.pause_ns,
            objects: heap.graph.node_count() as u64,
            bytes: total(snapshot.node_sizes.iter()),
            large_bytes: total(snapshot.node_sizes.iter().filter(|size| **size > PYMALLOC)),
            samples: std::mem::take(&mut survey.samples),
            garbage: garbage::census(&heap, &in_degrees),
            references: references::census(&heap, &in_degrees),
        };
        let tallies = std::mem::take(&mut survey.tallies);
        Ok((
            taken,
            tallies,
            Latest {
                heap,
                survey,
                in_degrees,
            },
        ))
    }

    /// What times and rates are counted by.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.source.pace()
    }

    /// Whether every object and block was counted at the end of every round: then one more in each
    /// round is a fact, where between two looks at a running program it is noise.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.pace() == Pace::Calls
    }

    /// When the judged window begins and ends, seconds. Without snapshots: the readings without
    /// their first tenth.
    #[must_use]
    pub fn window(&self) -> (f64, f64) {
        let times = self.levels.times();
        if let (Some(&from), Some(&to)) = (times.get(self.from), times.last()) {
            return (from, to);
        }
        let last = self
            .source
            .counters()
            .last()
            .map_or(0.0, |reading| reading.at.seconds());
        (last * 0.1, last)
    }

    /// Readings of the judged window.
    #[must_use]
    pub fn readings(&self) -> Vec<&'a Counters> {
        let (from, to) = self.window();
        let all = self.source.counters().iter();
        all.filter(|reading| (from..=to).contains(&reading.at.seconds()))
            .collect()
    }

    /// Seconds recorded.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        let end = self.source.end().map_or(0.0, |end| end.seconds());
        let read = self
            .source
            .counters()
            .last()
            .map_or(0.0, |reading| reading.at.seconds());
        let taken = self.taken.last().map_or(0.0, |taken| taken.at);
        end.max(read).max(taken)
    }
}
