//! Which growing holders are worth a finding: enough gained, over enough time, by somebody whose
//! growth is not expected.

use crate::findings::Trend;
use crate::floor::contradicts;
use crate::growth::Candidate;
use crate::ownership::Owner;
use crate::roots::Flavour;
use crate::share::{Group, MOST, groups};
use crate::study::Study;

/// Seconds below which a window is too short to call anything a leak.
pub const SECONDS: f64 = 3.0;
/// Gain that is a finding in the person's code or a package: bytes, or this many objects.
const OWN: (i64, i64) = (16 << 10, 50);
/// In Python's own modules and in what C code holds.
const OTHERS: (i64, i64) = (64 << 10, 200);
/// In the modules that fill tables while a program warms up.
const TABLES: (i64, i64) = (1 << 20, 5000);
/// Intervals that objects held by C code need: the number of unexplained references is noisy.
const NATIVE_INTERVALS: u32 = 5;

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
#[derive(Debug)]
pub struct Suspect<'g> {
    /// The holder to name first, then others that hold the same.
    pub holders: Vec<&'g Candidate>,
    /// Part of the bytes that is its own.
    pub own_part: f64,
}

/// The growing holders, grouped.
#[must_use]
pub fn suspects<'g>(study: &'g Study<'_>) -> Vec<Suspect<'g>> {
    let Some(latest) = &study.latest else {
        return Vec::new();
    };
    let mut growing: Vec<&Candidate> = study
        .growth
        .candidates
        .iter()
        .filter(|&candidate| is_suspect(study, candidate))
        .collect();
    growing.sort_by_key(|candidate| (std::cmp::Reverse(candidate.bytes_gained()), candidate.shape));
    growing.truncate(MOST);
    groups(&latest.heap, &latest.survey, &study.growth, &growing)
        .into_iter()
        .map(|Group { members, own_part }| Suspect {
            holders: members.into_iter().map(|member| growing[member]).collect(),
            own_part,
        })
        .collect()
}

fn is_suspect(study: &Study<'_>, candidate: &Candidate) -> bool {
    let times = study.levels.times();
    let window = (times.get(candidate.first), times.last());
    let (Some(&from), Some(&to)) = window else {
        return false;
    };
    candidate.judgement.trend == Trend::Steady
        && to - from >= SECONDS
        && is_material(study, candidate)
        && !contradicts(study.source.counters(), from, to, candidate.bytes_gained())
}

/// Whether the gain is worth a word.
#[must_use]
pub fn is_material(study: &Study<'_>, candidate: &Candidate) -> bool {
    let root = study.forest.shapes.root_of(candidate.shape);
    let Some(root) = study.forest.roots.get(&root) else {
        return false;
    };
    if root.flavour == Flavour::Native && candidate.judgement.intervals < NATIVE_INTERVALS {
        return false;
    }
    let package = root.prefix.split('.').next().unwrap_or("");
    let (bytes, objects) = match (root.flavour, root.owner) {
        (Flavour::Module, _) if TABLE_MODULES.contains(&package) => TABLES,
        (Flavour::Module | Flavour::Frame, Owner::Own | Owner::ThirdParty) => OWN,
        (Flavour::Class, Owner::Own) => OWN,
        _ => OTHERS,
    };
    let by_bytes = candidate.bytes_gained() >= bytes;
    by_bytes
        || (candidate.by_count
            && candidate.count_gained() >= objects
            && candidate.bytes_gained() > 0)
}
