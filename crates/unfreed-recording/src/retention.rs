//! What a long recording keeps: few snapshots, evenly spaced; few epochs, dense towards the end;
//! thinned counters. Says which bytes to copy into a smaller file; copies and opens nothing.

use crate::block::Kind;
use crate::error::ReadError;
use crate::frame::FILE_HEADER_LEN;
use crate::ids::{EpochId, RunTime};
use crate::reader::{RawFrame, RawFrames};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Range;

/// Epochs that stay.
pub const KEPT_EPOCHS: usize = 64;
/// Readings of descriptors and threads that stay.
pub const KEPT_RESOURCES: usize = 64;
/// Readings of counters from which on they are thinned: more than an hour of seconds.
pub const MAX_COUNTERS: usize = 4000;
/// Newest readings of counters that thinning leaves alone.
pub const RECENT_COUNTERS: usize = 1000;
/// Readings of counters that stay when they are thinned. Well below [`MAX_COUNTERS`], so that the
/// next thinning is a while off.
pub const KEPT_COUNTERS: usize = 2500;

/// Which snapshots to drop (indexes, ascending) so that at most `keep` stay, spread evenly over the
/// run. `times` ascend. First and last always stay, so `keep` counts as 2 at least.
///
/// Drops again and again the one whose neighbours are closest together, the oldest among equals.
/// Called after each new snapshot, it makes the spacing double as the run goes on.
#[must_use]
pub fn thin(times: &[RunTime], keep: usize) -> Vec<usize> {
    let kept = kept(times, keep, |_| false, |gap, _| u128::from(gap));
    (0..times.len()).filter(|index| !kept[*index]).collect()
}

/// Which of `times` stay when those go, one by one, that cost least to drop. `cost` is told the gap
/// that dropping would leave and the age at the last of the times. First, last and pinned ones stay
/// even when that makes more than `keep`. Takes O(n log n).
fn kept(
    times: &[RunTime],
    keep: usize,
    pinned: impl Fn(usize) -> bool,
    cost: impl Fn(u64, u64) -> u128,
) -> Vec<bool> {
    let count = times.len();
    let mut kept = vec![true; count];
    let Some(end) = times.last() else { return kept };
    let mut before: Vec<usize> = (0..count).map(|index| index.saturating_sub(1)).collect();
    let mut after: Vec<usize> = (1..=count).collect();
    let cost_now = |index: usize, before: &[usize], after: &[usize]| {
        let gap = times[after[index]].0.saturating_sub(times[before[index]].0);
        cost(gap, end.0.saturating_sub(times[index].0))
    };
    let may_go = |index: usize| index > 0 && index + 1 < count && !pinned(index);
    let mut cheapest: BinaryHeap<_> = (0..count)
        .filter(|index| may_go(*index))
        .map(|index| Reverse((cost_now(index, &before, &after), index)))
        .collect();
    let mut left = count;
    while left > keep.max(2) {
        let Some(Reverse((price, index))) = cheapest.pop() else {
            break;
        };
        // Prices only rise, and a risen one is in the heap as well: this entry is then stale.
        if !kept[index] || price != cost_now(index, &before, &after) {
            continue;
        }
        kept[index] = false;
        left -= 1;
        let (previous, next) = (before[index], after[index]);
        after[previous] = next;
        before[next] = previous;
        for neighbour in [previous, next] {
            if may_go(neighbour) {
                cheapest.push(Reverse((cost_now(neighbour, &before, &after), neighbour)));
            }
        }
    }
    kept
}

/// What must be known of a block to decide whether it stays. A collector may note these facts while
/// it writes, and then need not read its file again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What the block holds.
    pub kind: Kind,
    /// The block's bytes in the file, header included.
    pub range: Range<usize>,
    /// The time that it tells; 0 for kinds that tell none.
    pub at: RunTime,
    /// For epochs and snapshots: which epoch.
    pub epoch: Option<EpochId>,
}

/// The parts of the old file that make up the new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// Ranges of the old file to copy one after the other, the file's header first.
    pub pieces: Vec<Range<usize>>,
}

impl Rewrite {
    /// Length of the new file, bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether nothing stays; never so for a recording.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Decides what stays of a recording when the snapshots `drop_snapshots` (counted from 0) go.
/// Besides, readings of counters and resources and old epochs are thinned where there are many.
/// A cut or damaged end is left out.
///
/// # Errors
/// When it is not a recording that this version reads.
pub fn rewrite(bytes: &[u8], drop_snapshots: &[usize]) -> Result<Rewrite, ReadError> {
    let mut pieces = Vec::new();
    for frame in RawFrames::new(bytes)? {
        let Ok(piece) = frame.and_then(|frame| piece(&frame)) else {
            break;
        };
        pieces.push(piece);
    }
    Ok(plan(&pieces, drop_snapshots))
}

/// The facts about one block; decompresses only its start.
fn piece(frame: &RawFrame<'_>) -> Result<Piece, ReadError> {
    let entry = frame.entry();
    let (at, epoch) = if frame.is_known() {
        match entry.kind {
            Kind::Epoch | Kind::Uncertainty => {
                let (id, at): (EpochId, RunTime) = frame.start()?;
                (at, Some(id))
            }
            Kind::Snapshot => {
                let header = frame.snapshot_header()?;
                (header.at, Some(header.epoch))
            }
            Kind::Process
            | Kind::Stacks
            | Kind::Sources
            | Kind::Natives
            | Kind::Watched
            | Kind::Unknown(_) => (RunTime(0), None),
            Kind::Counters
            | Kind::Resources
            | Kind::Processes
            | Kind::Opened
            | Kind::Started
            | Kind::Peak
            | Kind::Note
            | Kind::Mark
            | Kind::Child
            | Kind::End
            | Kind::Round => (frame.start()?, None),
        }
    } else {
        (RunTime(0), None)
    };
    Ok(Piece {
        kind: entry.kind,
        range: entry.range(),
        at,
        epoch,
    })
}

/// [`rewrite`] for a collector that knows its blocks: `pieces` are all blocks, in order.
#[must_use]
pub fn plan(pieces: &[Piece], drop_snapshots: &[usize]) -> Rewrite {
    let mut stays = vec![true; pieces.len()];
    let mut joined = Vec::new();
    for (number, place) in of_kind(pieces, Kind::Snapshot).into_iter().enumerate() {
        stays[place] = !drop_snapshots.contains(&number);
        if stays[place] {
            joined.extend(pieces[place].epoch);
        }
    }
    joined.sort_unstable();
    thin_counters(pieces, &mut stays);
    thin_resources(pieces, Kind::Resources, &mut stays);
    thin_resources(pieces, Kind::Opened, &mut stays);
    thin_epochs(pieces, &joined, &mut stays);
    follow_epochs(pieces, &mut stays);
    keep_last(pieces, Kind::Peak, &mut stays);

    let mut ranges = Vec::new();
    ranges.push(0..FILE_HEADER_LEN);
    for (piece, _) in pieces.iter().zip(&stays).filter(|(_, stays)| **stays) {
        match ranges.last_mut() {
            Some(last) if last.end == piece.range.start => last.end = piece.range.end,
            _ => ranges.push(piece.range.clone()),
        }
    }
    Rewrite { pieces: ranges }
}

fn of_kind(pieces: &[Piece], kind: Kind) -> Vec<usize> {
    (0..pieces.len())
        .filter(|place| pieces[*place].kind == kind)
        .collect()
}

fn times(pieces: &[Piece], places: &[usize]) -> Vec<RunTime> {
    places.iter().map(|place| pieces[*place].at).collect()
}

/// The newest stay as they are; the older ones are spread evenly over the time before.
fn thin_counters(pieces: &[Piece], stays: &mut [bool]) {
    let places = of_kind(pieces, Kind::Counters);
    if places.len() <= MAX_COUNTERS {
        return;
    }
    let recent = places.len() - RECENT_COUNTERS;
    let times = times(pieces, &places);
    let kept = kept(
        &times,
        KEPT_COUNTERS,
        |index| index >= recent,
        |gap, _| u128::from(gap),
    );
    places
        .iter()
        .zip(kept)
        .for_each(|(place, kept)| stays[*place] = kept);
}

fn thin_resources(pieces: &[Piece], kind: Kind, stays: &mut [bool]) {
    let places = of_kind(pieces, kind);
    let kept = kept(
        &times(pieces, &places),
        KEPT_RESOURCES,
        |_| false,
        |gap, _| u128::from(gap),
    );
    places
        .iter()
        .zip(kept)
        .for_each(|(place, kept)| stays[*place] = kept);
}

/// The older, the sparser: a gap costs in proportion to the age. Epochs are cumulative and carry
/// their survivors by birth, so a dropped one loses only resolution. Those that end with a snapshot
/// stay, for the analysis joins the two.
fn thin_epochs(pieces: &[Piece], joined: &[EpochId], stays: &mut [bool]) {
    let places = of_kind(pieces, Kind::Epoch);
    let pinned = |index: usize| {
        let epoch: Option<EpochId> = pieces[places[index]].epoch;
        epoch.is_some_and(|epoch| joined.binary_search(&epoch).is_ok())
    };
    let cost = |gap: u64, age: u64| (u128::from(gap) << 32) / (u128::from(age) + 1);
    let kept = kept(&times(pieces, &places), KEPT_EPOCHS, pinned, cost);
    places
        .iter()
        .zip(kept)
        .for_each(|(place, kept)| stays[*place] = kept);
}

/// How far the estimates of an epoch may be off goes with it.
fn follow_epochs(pieces: &[Piece], stays: &mut [bool]) {
    let kept: BTreeSet<EpochId> = of_kind(pieces, Kind::Epoch)
        .into_iter()
        .filter(|place| stays[*place])
        .filter_map(|place| pieces[place].epoch)
        .collect();
    for place in of_kind(pieces, Kind::Uncertainty) {
        stays[place] = pieces[place]
            .epoch
            .is_some_and(|epoch| kept.contains(&epoch));
    }
}

/// Of blocks of which the last counts, it alone stays.
fn keep_last(pieces: &[Piece], kind: Kind, stays: &mut [bool]) {
    let places = of_kind(pieces, kind);
    for place in places.iter().rev().skip(1) {
        stays[*place] = false;
    }
}
