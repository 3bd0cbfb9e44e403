//! Blocks that no object of the snapshots owns: what C code allocated and lost; and blocks that one
//! object has ever more of, which no size of an object tells.
//!
//! Of a function that is called round by round every block counts. Of a program that runs, only blocks
//! that C code asked for do, where those were followed: Python's own are judged by who holds them.

use crate::advice;
use crate::breakdown::margin;
use crate::extensions::{Extension, Extensions};
use crate::findings::{AllocatedAt, Finding, Frame, Growth, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::libraries::{self, Keeper, file_name};
use crate::paths::subject;
use crate::resources;
use crate::seeded::{Map, Set};
use crate::shapes::{ShapeId, TOP};
use crate::sites::{deviations, gain_variance, named_frame};
use crate::study::Study;
use crate::suspects::SECONDS;
use crate::trend::{Judgement, Reading, judge, slope};
use crate::wording::is_or_are;
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_recording::snapshot::NodeIndex;

/// Blocks a round that have to be gained.
const LEAST: f64 = 0.5;
/// Confidence from which growth is called a leak.
const SURE: f64 = 0.7;
/// What a running program has to gain: bytes,
const LEAST_BYTES: f64 = 512.0 * 1024.0;
/// and part of its growth.
const PART: f64 = 0.05;
/// Blocks seen and epochs that they were born in, from which its growth is called a leak.
const SEEN: u32 = 8;
const GENERATIONS: usize = 4;
/// Or bytes of a block of which none is missed: one that grows is always the youngest.
const LARGE: f64 = 1024.0 * 1024.0;
/// Intervals from which it is.
const INTERVALS: u32 = 5;
/// One look in so many may fall into such a moment.
const FEW_GAPS: usize = 4;
/// Most findings.
const FINDINGS: usize = 3;
/// Blocks from one stack that are more than an object of any kind has for itself: a buffer or two, the
/// tables of a dict.
const HOARD: u32 = 8;

/// Blocks and bytes of one line that nobody owns, by round.
struct Line {
    blocks: Vec<f64>,
    bytes: Vec<f64>,
    /// The stack with most bytes in the last round.
    largest: (f64, StackId),
    /// Where the object is that has most of the blocks in the last round, if any has.
    hoarder: Option<ShapeId>,
    /// Blocks seen in the last round, and the epochs that they were born in.
    seen: u32,
    births: Set<EpochId>,
    /// The stacks, each with the part of its bytes in the last round that nobody owns.
    parts: Vec<(StackId, f64)>,
}

impl Line {
    fn new(rounds: usize, stack: StackId) -> Self {
        Line {
            blocks: vec![0.0; rounds],
            bytes: vec![0.0; rounds],
            largest: (f64::NEG_INFINITY, stack),
            hoarder: None,
            seen: 0,
            births: Set::default(),
            parts: Vec::new(),
        }
    }

    fn add(&mut self, round: usize, stack: StackId, sum: Sum) {
        self.blocks[round] += sum.blocks;
        self.bytes[round] += sum.bytes;
        if round + 1 == self.blocks.len() {
            self.seen = self.seen.saturating_add(sum.seen);
            self.births.extend(sum.births);
            self.parts.push((stack, sum.part));
            if sum.bytes > self.largest.0 {
                self.largest = (sum.bytes, stack);
                self.hoarder = sum.hoarder.map(|(_, shape)| shape);
            }
        }
    }
}

/// Blocks and bytes from one stack, and the object that has most of them.
#[derive(Default)]
struct Sum {
    blocks: f64,
    bytes: f64,
    hoarder: Option<(u32, ShapeId)>,
    seen: u32,
    births: Vec<EpochId>,
    /// The part of the stack's bytes that this is.
    part: f64,
}

/// Findings about blocks that nobody owns; none unless blocks of C code were followed. `whole` is the
/// growth of the process.
#[must_use]
pub fn findings(study: &Study<'_>, known: &[Finding], whole: f64) -> Vec<Finding> {
    let (from, to) = study.window();
    if !study.is_exact() && to - from < SECONDS {
        return Vec::new();
    }
    // A thread that does not end keeps blocks that no object shows: its state, its data.
    let with_threads = known
        .iter()
        .any(|finding| finding.advice.rule == resources::THREADS);
    let rounds = study.taken.len().saturating_sub(study.from);
    let mut lines: Map<Frame, Line> = Map::default();
    let mut frames: Map<StackId, Option<Frame>> = Map::default();
    for round in 0..rounds {
        for (stack, sum) in unowned(study, study.from + round) {
            let frame = frames
                .entry(stack)
                .or_insert_with(|| judged_frame(study, stack));
            let Some(frame) = frame else { continue };
            let line = lines
                .entry(frame.clone())
                .or_insert_with(|| Line::new(rounds, stack));
            line.add(round, stack, sum);
        }
    }
    let mut found: Vec<Finding> = lines
        .into_iter()
        .filter(|(frame, _)| !is_told(frame, known))
        .filter_map(|(frame, line)| finding(study, frame, &line, with_threads, whole))
        .collect();
    found.sort_by(|a, b| {
        b.growth
            .bytes
            .cmp(&a.growth.bytes)
            .then_with(|| a.id.cmp(&b.id))
    });
    found.truncate(FINDINGS);
    found
}

/// The frame to name for a stack whose blocks are judged.
fn judged_frame(study: &Study<'_>, stack: StackId) -> Option<Frame> {
    let stack = study.source.frames(stack);
    let is_native = stack.first().is_some_and(|frame| !frame.library.is_empty());
    let frame = named_frame(&stack, &study.ownership)?;
    (is_native || study.is_exact()).then(|| frame.clone())
}

/// Blocks and bytes that live at the end of a round and belong to no object, or to one that has many, by
/// stack.
fn unowned(study: &Study<'_>, round: usize) -> Map<StackId, Sum> {
    let taken = &study.taken[round];
    let mut sums: Map<StackId, Sum> = Map::default();
    let epochs = study.source.epochs();
    let Some(epoch) = epochs.iter().find(|epoch| epoch.id == taken.epoch) else {
        return sums;
    };
    for site in &epoch.sites {
        let sum = sums.entry(site.stack).or_default();
        for survivors in &site.survivors {
            sum.blocks += survivors.blocks as f64;
            sum.bytes += survivors.bytes as f64;
            sum.seen = sum.seen.saturating_add(survivors.samples);
            sum.births.push(survivors.born);
        }
    }
    let in_all: Map<StackId, (f64, f64)> = sums
        .iter()
        .map(|(&stack, sum)| (stack, (sum.blocks, sum.bytes)))
        .collect();
    let mut owned: Map<(StackId, NodeIndex), u32> = Map::default();
    for sample in &taken.samples {
        *owned.entry((sample.stack, sample.node)).or_default() += 1;
    }
    for sample in &taken.samples {
        let Some(sum) = sums.get_mut(&sample.stack) else {
            continue;
        };
        let has = owned[&(sample.stack, sample.node)];
        if has < HOARD || !study.is_exact() {
            sum.blocks -= 1.0;
            sum.bytes -= sample.bytes as f64;
            sum.seen = sum.seen.saturating_sub(1);
        } else if sum.hoarder.is_none_or(|(most, _)| has > most) {
            sum.hoarder = Some((has, sample.shape));
        }
    }
    if !study.is_exact() {
        // A sample stands for more blocks than one, in the proportion of the bytes.
        for (stack, sum) in &mut sums {
            let (blocks, bytes) = in_all[stack];
            sum.part = (sum.bytes / bytes.max(1.0)).max(0.0);
            sum.blocks = blocks * sum.part;
        }
    }
    sums
}

/// Whether a leak names the line: what its objects own is a part of it.
fn is_told(frame: &Frame, known: &[Finding]) -> bool {
    known
        .iter()
        .filter(|finding| finding.severity == Severity::Leak)
        .flat_map(|finding| &finding.allocated_at)
        .any(|at| at.frame == *frame)
}

fn finding(
    study: &Study<'_>,
    frame: Frame,
    line: &Line,
    with_threads: bool,
    whole: f64,
) -> Option<Finding> {
    let gained = |series: &[f64]| series.last().unwrap_or(&0.0) - series.first().unwrap_or(&0.0);
    let (judged, enough) = if study.is_exact() {
        let judged = judge(&readings(study, &line.blocks), 0.0);
        let enough = gained(&line.blocks) >= LEAST * f64::from(judged.intervals);
        (judged, enough)
    } else {
        let bytes = gained(&line.bytes);
        let level = without_gaps(&line.bytes);
        let judged = judge(&readings(study, &level), LEAST_BYTES / 4.0);
        (judged, bytes >= LEAST_BYTES && bytes >= PART * whole)
    };
    if judged.trend != Trend::Steady || !enough || gained(&line.bytes) <= 0.0 {
        return None;
    }
    if line
        .hoarder
        .is_some_and(|shape| turns_over(study, shape, line))
    {
        return None;
    }
    let likely = match &study.latest {
        Some(latest) => Extensions::new(&latest.heap, &study.ownership).used_by(&frame.file),
        None => Vec::new(),
    };
    Some(tell(
        study,
        frame,
        line,
        judged,
        &likely,
        with_threads,
        whole,
    ))
}

/// How far the gained bytes may be off; 0 where every block was followed. Owned blocks are thought to be off as others are.
fn variance(study: &Study<'_>, parts: &[(StackId, f64)]) -> f64 {
    let judged = study.taken.get(study.from..).unwrap_or_default();
    let [first, .., last] = judged else {
        return 0.0;
    };
    let [before, after] = [first, last].map(|taken| deviations(study.source, taken.epoch));
    let of = |&(stack, part): &(StackId, f64)| {
        let [before, after] = [&before, &after].map(|all| all.get(&stack).copied());
        part * gain_variance(first.epoch, before, after)
    };
    parts.iter().map(of).sum()
}

/// Whether a holder of constant length keeps a block of the line for each element at most: then those that it had
/// before blocks were followed go, unseen, as new ones come, until all were seen.
fn turns_over(study: &Study<'_>, holder: ShapeId, line: &Line) -> bool {
    let shapes = &study.forest.shapes;
    let elements: Vec<ShapeId> = (0..shapes.len() as ShapeId)
        .filter(|&id| id != TOP && shapes.get(id).parent == holder)
        .collect();
    let length = |at: usize| -> u64 {
        let tallies = elements
            .iter()
            .map(|&id| study.levels.tally(at, id).objects);
        tallies.sum()
    };
    let (first, last) = (
        length(study.from),
        length(study.levels.len().saturating_sub(1)),
    );
    let kept = line.blocks.last().copied().unwrap_or(0.0);
    last <= first && last as f64 >= kept
}

/// Levels without the dips of moments in which a block is between two hands: `mremap` has not returned, or a call
/// under way has a pointer to it that passes for an owner. Each ends at the next look, no lower than it began; where
/// there are more than a few, they are what the program does.
fn without_gaps(levels: &[f64]) -> Vec<f64> {
    let is_gap = |at: &usize| {
        let (before, here, after) = (levels[at - 1], levels[*at], levels[at + 1]);
        here < before && after >= before
    };
    let gaps: Vec<usize> = (1..levels.len().saturating_sub(1)).filter(is_gap).collect();
    let mut filled = levels.to_vec();
    if gaps.len() * FEW_GAPS <= levels.len() {
        for at in gaps {
            filled[at] = f64::midpoint(levels[at - 1], levels[at + 1]);
        }
    }
    filled
}

fn readings(study: &Study<'_>, series: &[f64]) -> Vec<Reading> {
    let taken = study.taken.iter().skip(study.from);
    let points = taken.zip(series);
    points
        .map(|(taken, &level)| Reading {
            at: taken.at,
            level,
        })
        .collect()
}

/// What is said where no line is known.
const UNKNOWN_PLACE: &str = "C code that no line of Python is known to call";

/// `app.py:8 in load()`; `None` when the frame is one of C code.
fn place_of(frame: &Frame) -> Option<String> {
    let is_python = frame.library.is_empty() && !frame.file.is_empty();
    let called = crate::roots::called(&frame.function);
    is_python.then(|| format!("{}:{} in {called}", file_name(&frame.file), frame.line))
}

/// `, called by py_open() in thumb.so at app.py:8 in load(),`
fn called_by(entry: Option<&Keeper>, place: Option<&str>) -> String {
    match (entry, place) {
        (Some(entry), Some(place)) => format!(", called by {entry} at {place},"),
        (Some(entry), None) => format!(", called by {entry},"),
        (None, Some(place)) => format!(", called by {place},"),
        (None, None) => String::new(),
    }
}

fn tell(
    study: &Study<'_>,
    frame: Frame,
    line: &Line,
    judged: Judgement,
    likely: &[Extension],
    with_threads: bool,
    whole: f64,
) -> Finding {
    let known_place = place_of(&frame);
    let is_known = known_place.is_some();
    let place = known_place
        .clone()
        .unwrap_or_else(|| UNKNOWN_PLACE.to_owned());
    let bytes = readings(study, &line.bytes);
    let blocks = readings(study, &line.blocks);
    let last = line.bytes.last().copied().unwrap_or(0.0);
    let is_seen = line.seen >= SEEN && line.births.len() >= GENERATIONS
        || last >= LARGE * f64::from(line.seen.max(1));
    let is_seen = is_seen && judged.intervals >= INTERVALS;
    let sure = judged.confidence >= SURE && !with_threads && (study.is_exact() || is_seen);
    let block_rate = slope(&readings(study, &line.blocks));
    let stack = study.source.frames(line.largest.1);
    let (lost, unit) = study.pace().rate_of(block_rate, "block", "blocks");
    let byte_rate = study.pace().byte_rate(slope(&bytes));
    let keeper = libraries::keeper(&stack);
    let entry = keeper
        .as_ref()
        .and_then(|keeper| libraries::entry(&stack, keeper));
    let called_by = called_by(entry.as_ref(), known_place.as_deref());
    let hoarder = line.hoarder.filter(|&shape| shape != TOP);
    let hoarder = hoarder.map(|shape| subject(&study.forest, shape));
    let owner = match &hoarder {
        Some(hoarder) => format!("all belong to {hoarder}"),
        None => "no Python object owns what is lost".to_owned(),
    };
    let loses = if hoarder.is_some() {
        "keeps more and more"
    } else {
        "loses"
    };
    let (kind, title, summary) = match &keeper {
        Some(keeper) => (
            Kind::Native,
            format!("{keeper} {loses} memory"),
            format!(
                "{keeper}{called_by} allocates {lost} {unit} ({byte_rate}) that {} never freed; \
                 {owner}.",
                is_or_are(&lost)
            ),
        ),
        None => (
            if study.is_exact() {
                Kind::Site
            } else {
                Kind::Native
            },
            if hoarder.is_some() {
                format!("blocks from {place} pile up")
            } else if !study.is_exact() {
                format!("native memory from {place} is lost")
            } else {
                format!("blocks from {place} are lost")
            },
            if line.seen <= 1 && !study.is_exact() {
                format!(
                    "A block that {place} allocates grows by {byte_rate} and is never freed; {owner}."
                )
            } else {
                format!(
                    "{lost} {unit} ({byte_rate}) that {place} allocates {} never freed; {owner}.{}",
                    is_or_are(&lost),
                    crate::refcounts::sentence(&likely.to_vec().into())
                )
            },
        ),
    };
    let named = match &keeper {
        Some(keeper) if !is_known => keeper.to_string(),
        _ => format!("{} {}", file_name(&frame.file), frame.function),
    };
    let gain = |points: &[Reading]| match points {
        [first, .., last] => last.level - first.level,
        _ => 0.0,
    };
    Finding {
        id: fingerprint(kind, &named, &["unowned"]),
        severity: if sure {
            Severity::Leak
        } else {
            Severity::Warning
        },
        kind,
        title,
        summary,
        growth: Growth {
            bytes: gain(&bytes) as i64,
            bytes_margin: margin(variance(study, &line.parts)),
            bytes_per_second: slope(&bytes),
            objects: gain(&blocks) as i64,
            share: if whole > 0.0 && !study.is_exact() {
                (gain(&bytes) / whole).clamp(0.0, 1.0)
            } else {
                0.0
            },
            objects_per_second: block_rate,
            series: blocks
                .iter()
                .zip(&bytes)
                .map(|(blocks, bytes)| {
                    let count = |level: f64| level.max(0.0) as u64;
                    (blocks.at, count(blocks.level), count(bytes.level))
                })
                .collect(),
            ..gains::shape(&judged)
        },
        advice: match &keeper {
            Some(keeper) => advice::lost_in_library(keeper, entry.as_ref(), &place),
            None => advice::site(&place, likely),
        },
        allocated_at: vec![AllocatedAt {
            stack,
            frame,
            share: 1.0,
            bytes: gain(&bytes).max(0.0) as u64,
            samples: gain(&blocks).max(0.0) as u32,
            may_be_reused: false,
        }],
        ..Finding::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{place_of, without_gaps};
    use crate::findings::Frame;

    #[test]
    fn c_code_is_no_place_that_calls_it() {
        let of = |file: &str, library: &str| {
            place_of(&Frame {
                file: file.to_owned(),
                library: library.to_owned(),
                function: "load".to_owned(),
                line: 8,
                ..Frame::default()
            })
        };
        assert_eq!(of("/srv/app.py", ""), Some("app.py:8 in load()".to_owned()));
        assert_eq!(of("/lib/libffi.so.8", "/lib/libffi.so.8"), None);
        assert_eq!(of("", ""), None);
    }

    #[test]
    fn a_moment_between_two_hands_is_no_loss() {
        let grows = [2.0, 3.0, 4.0, 0.0, 6.0, 7.0, 8.0, 9.0];
        assert_eq!(
            without_gaps(&grows),
            [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
        );
        // What begins anew was freed.
        let freed = [2.0, 3.0, 4.0, 0.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!(without_gaps(&freed), freed);
        let flushed = [2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0];
        assert_eq!(without_gaps(&flushed), flushed);
        assert!(without_gaps(&[]).is_empty());
    }
}
