//! Which growing holders are worth a finding: enough gained, over enough time, by somebody whose
//! growth is not expected.

use crate::companions;
use crate::findings::Trend;
use crate::floor::contradicts;
use crate::growth::Candidate;
use crate::names::NameId;
use crate::ownership::Owner;
use crate::paths::{are_siblings, sibling_text, wrapper_of};
use crate::roots::Flavour;
use crate::shapes::ShapeId;
use crate::share::{Group, MOST, groups};
use crate::sites::named_frame;
use crate::study::Study;
use crate::trend::{Judgement, MIN_INTERVALS, judge};
use std::cmp::Reverse;

/// Seconds below which a window is too short to call anything a leak.
pub const SECONDS: f64 = 3.0;
/// Gain that is a finding in the person's code or a package: bytes, or this many objects.
const OWN: (i64, i64) = (16 << 10, 50);
/// In Python's own modules and in what C code holds.
const OTHERS: (i64, i64) = (64 << 10, 200);
/// In the modules that fill tables while a program warms up.
const TABLES: (i64, i64) = (1 << 20, 5000);
/// Objects a round that are a finding where every object was counted after every round.
const EXACT: f64 = 0.5;
/// Intervals that objects held by C code need: the number of unexplained references is noisy.
const NATIVE_INTERVALS: u32 = 5;

/// Part of a candidate's sampled bytes that has to come from leaking lines,
const CORROBORATED: f64 = 0.5;
/// and what their confidence counts then.
const SECOND_HAND: f64 = 0.8;

/// Modules whose tables fill in every program and then stop.
const TABLE_MODULES: [&str; 18] = [
    "linecache",
    "re",
    "sre_compile",
    "sre_parse",
    "_sre",
    "importlib",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "encodings",
    "codecs",
    "abc",
    "_abc",
    "_py_abc",
    "typing",
    "copyreg",
    "tokenize",
    "warnings",
    "sys",
];

/// One leak: the holders that are it, and where growth enters them.
#[derive(Clone, Debug)]
pub struct Suspect<'g> {
    /// The holder to name, with the series of all its siblings.
    pub first: Candidate,
    /// What to call it when it stands for siblings: `READINGS[*]['rows']`.
    pub name: Option<Vec<String>>,
    /// All holders that are part of it.
    pub members: Vec<&'g Candidate>,
    /// Others that hold the same objects.
    pub same: Vec<ShapeId>,
    /// Others that grow with it, because of it.
    pub companions: Vec<ShapeId>,
    /// Part of the bytes that is its own.
    pub own_part: f64,
}

/// The growing holders, grouped; most bytes first.
#[must_use]
pub fn suspects<'g>(study: &'g Study<'_>) -> Vec<Suspect<'g>> {
    let Some(latest) = &study.latest else {
        return Vec::new();
    };
    let mut growing: Vec<(&Candidate, Judgement)> = study
        .growth
        .candidates
        .iter()
        .filter_map(|candidate| Some((candidate, suspicion(study, candidate)?)))
        .collect();
    growing.sort_by_key(|(candidate, _)| (Reverse(candidate.bytes_gained()), candidate.shape));
    growing.truncate(MOST);
    let candidates: Vec<&Candidate> = growing.iter().map(|(candidate, _)| *candidate).collect();
    let grouped = groups(&latest.heap, &latest.survey, &study.growth, &candidates);
    let alone = grouped
        .into_iter()
        .filter_map(|Group { members, own_part }| {
            let (first, judgement) = *growing.get(*members.first()?)?;
            let members: Vec<&Candidate> =
                members.iter().map(|&member| growing[member].0).collect();
            Some(Suspect {
                first: Candidate {
                    judgement,
                    ..first.clone()
                },
                name: None,
                same: members[1..].iter().map(|member| member.shape).collect(),
                members,
                companions: Vec::new(),
                own_part,
            })
        });
    let mut suspects = merge_siblings(study, merge_caches(study, alone.collect()));
    suspects.sort_by_key(|suspect| (Reverse(suspect.first.bytes_gained()), suspect.first.shape));
    companions::absorb(study, suspects)
}

/// How a candidate grows, if it is suspect.
fn suspicion(study: &Study<'_>, candidate: &Candidate) -> Option<Judgement> {
    let times = study.levels.times();
    let (&from, &to) = (times.get(candidate.first)?, times.last()?);
    let judgement = match candidate.judgement.trend {
        Trend::Steady => candidate.judgement,
        Trend::NotEnoughEvidence => corroborated(study, candidate)?,
        _ => return None,
    };
    let long = to - from >= SECONDS;
    let material = is_material(study, candidate, judgement.intervals);
    let freed = contradicts(study.source.counters(), from, to, candidate.bytes_gained());
    (long && material && !freed).then_some(judgement)
}

/// A heap that is costly to look at has few snapshots. Where they rise all the same, the epochs can
/// say the rest: most of what was sampled of the gained objects comes from lines whose survivors
/// grow steadily.
fn corroborated(study: &Study<'_>, candidate: &Candidate) -> Option<Judgement> {
    let series = if candidate.by_count {
        &candidate.count
    } else {
        &candidate.bytes
    };
    let judged = series.get(candidate.first..)?;
    let rises = judged.len() > 1 && judged.windows(2).all(|pair| pair[0] < pair[1]);
    let few = candidate.judgement.intervals < MIN_INTERVALS as u32;
    if !rises || !few {
        return None;
    }
    let owner = |shape: ShapeId| study.growth.owner.get(shape as usize).copied();
    let newest = study.taken.last()?;
    let (mut all, mut leaking) = (0_u64, 0_u64);
    let mut best: Option<Judgement> = None;
    for sample in newest
        .samples
        .iter()
        .filter(|s| owner(s.shape) == Some(candidate.shape))
    {
        all = all.saturating_add(sample.bytes);
        let stack = study.source.frames(sample.stack);
        let frame = named_frame(&stack, &study.ownership);
        let line = study.lines.iter().find(|line| Some(&line.frame) == frame);
        if let Some(line) = line.filter(|line| line.leaks()) {
            leaking = leaking.saturating_add(sample.bytes);
            if best.is_none_or(|best| line.judgement.confidence > best.confidence) {
                best = Some(line.judgement);
            }
        }
    }
    let mostly = all > 0 && leaking as f64 >= CORROBORATED * all as f64;
    let slope = candidate.judgement.slope;
    best.filter(|_| mostly).map(|best| Judgement {
        slope,
        confidence: best.confidence * SECOND_HAND,
        ..best
    })
}

/// One cache has several shapes inside: its table, its list.
fn merge_caches<'g>(study: &Study<'_>, suspects: Vec<Suspect<'g>>) -> Vec<Suspect<'g>> {
    let mut merged: Vec<(Option<ShapeId>, Suspect<'g>)> = Vec::new();
    for suspect in suspects {
        let wrapper = wrapper_of(&study.forest, suspect.first.shape);
        let known = merged
            .iter_mut()
            .find(|(known, _)| wrapper.is_some() && *known == wrapper);
        let Some((_, known)) = known else {
            merged.push((wrapper, suspect));
            continue;
        };
        known.members.extend(suspect.members);
        // Entries are counted in the table.
        if is_dict(study, suspect.first.shape) && !is_dict(study, known.first.shape) {
            known.first = suspect.first;
        }
    }
    merged.into_iter().map(|(_, suspect)| suspect).collect()
}

fn is_dict(study: &Study<'_>, shape: ShapeId) -> bool {
    study
        .forest
        .names
        .text(study.forest.shapes.get(shape).type_name)
        == "dict"
}

/// Values of one dict that each grow are one leak: their keys are masked where they differ.
fn merge_siblings<'g>(study: &Study<'_>, suspects: Vec<Suspect<'g>>) -> Vec<Suspect<'g>> {
    let mut merged: Vec<Suspect<'g>> = Vec::new();
    for suspect in suspects {
        let known = merged.iter_mut().find(|known| {
            gains(study, &known.first) == gains(study, &suspect.first)
                && are_siblings(&study.forest, known.first.shape, suspect.first.shape)
        });
        match known {
            Some(known) => known.take(study, suspect),
            None => merged.push(suspect),
        }
    }
    merged
}

/// What a candidate gains: the type of what enters, none where it only becomes larger.
fn gains(study: &Study<'_>, candidate: &Candidate) -> (bool, Option<NameId>) {
    let entering = candidate.entering.first();
    (
        candidate.by_count,
        entering.map(|&id| study.forest.shapes.get(id).type_name),
    )
}

impl<'g> Suspect<'g> {
    fn take(&mut self, study: &Study<'_>, other: Suspect<'g>) {
        let add = |sum: &mut [u64], more: &[u64]| {
            for (sum, more) in sum.iter_mut().zip(more) {
                *sum = sum.saturating_add(*more);
            }
        };
        let own = self.first.bytes_gained().max(1) as f64;
        let others = other.first.bytes_gained().max(1) as f64;
        self.own_part = (self.own_part * own + other.own_part * others) / (own + others);
        self.name = Some(sibling_text(
            &study.forest,
            self.first.shape,
            other.first.shape,
            self.name.as_deref(),
        ));
        add(&mut self.first.bytes, &other.first.bytes);
        add(&mut self.first.count, &other.first.count);
        self.first.first = self.first.first.min(other.first.first);
        let series = if self.first.by_count {
            &self.first.count
        } else {
            &self.first.bytes
        };
        let judged = judge(&study.levels.readings(series, self.first.first), 0.0);
        if judged.trend == Trend::Steady {
            self.first.judgement = judged;
        }
        self.members.extend(other.members);
        self.same.extend(other.same);
    }
}

/// Whether the gain is worth a word.
#[must_use]
pub fn is_material(study: &Study<'_>, candidate: &Candidate, intervals: u32) -> bool {
    let root = study.forest.shapes.root_of(candidate.shape);
    let Some(root) = study.forest.roots.get(&root) else {
        return false;
    };
    if root.flavour == Flavour::Native && intervals < NATIVE_INTERVALS {
        return false;
    }
    let package = root.prefix.split('.').next().unwrap_or("");
    let (bytes, objects) = match (root.flavour, root.owner) {
        (Flavour::Module, _) if TABLE_MODULES.contains(&package) => TABLES,
        (Flavour::Module | Flavour::Frame, Owner::Own | Owner::ThirdParty) => OWN,
        (Flavour::Class, Owner::Own) => OWN,
        _ => OTHERS,
    };
    if study.is_exact() {
        let each = f64::from(intervals) * EXACT;
        return candidate.bytes_gained() > 0
            && (!candidate.by_count || candidate.count_gained() as f64 >= each);
    }
    let by_bytes = candidate.bytes_gained() >= bytes;
    by_bytes
        || (candidate.by_count
            && candidate.count_gained() >= objects
            && candidate.bytes_gained() > 0)
}
