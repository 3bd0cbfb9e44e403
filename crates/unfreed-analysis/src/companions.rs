//! Holders that grow only because another does: registries of weak references, the bookkeeping of
//! Python's own modules, what each lost thread leaves behind. They are named with their cause.

use crate::growth::{Candidate, gained};
use crate::ownership::Owner;
use crate::roots::Flavour;
use crate::shapes::Step;
use crate::study::Study;
use crate::suspects::Suspect;

/// How far two rates may be apart to be one: what one of them gains over what the other does.
const RATE: (f64, f64) = (0.75, 1.34);
/// Threads hold one, two or a few objects of a kind each.
const PER_THREAD: u32 = 4;
/// Gain below which rates are not compared.
const LEAST: i64 = 10;

/// Takes what follows another suspect into it.
#[must_use]
pub fn absorb<'g>(study: &Study<'_>, suspects: Vec<Suspect<'g>>) -> Vec<Suspect<'g>> {
    let mut kept: Vec<Suspect<'g>> = Vec::new();
    // Most bytes first: whoever comes later can only follow.
    for suspect in suspects {
        let leader = kept.iter_mut().find(|leader| {
            !is_secondary(study, &leader.first)
                && is_secondary(study, &suspect.first)
                && same_rate(leader.first.count_gained(), suspect.first.count_gained(), 1)
        });
        match leader {
            Some(leader) => leader.companions.push(suspect.first.shape),
            None => kept.push(suspect),
        }
    }
    kept
}

/// Splits off the suspects that are what lost threads leave behind.
#[must_use]
pub fn of_threads<'g>(
    study: &Study<'_>,
    suspects: Vec<Suspect<'g>>,
    threads: i64,
) -> (Vec<Suspect<'g>>, Vec<Suspect<'g>>) {
    suspects.into_iter().partition(|suspect| {
        let first = &suspect.first;
        let times = (1..=PER_THREAD).any(|n| same_rate(threads, first.count_gained(), n));
        !(times && (is_secondary(study, first) || holds_threads(study, first)))
    })
}

fn same_rate(leader: i64, follower: i64, times: u32) -> bool {
    if leader < LEAST || follower < LEAST {
        return false;
    }
    let ratio = follower as f64 / (leader as f64 * f64::from(times));
    (RATE.0..=RATE.1).contains(&ratio)
}

/// Whether a holder is bookkeeping: of weak references, of Python's own modules, of C code.
fn is_secondary(study: &Study<'_>, candidate: &Candidate) -> bool {
    let shapes = &study.forest.shapes;
    let root = study.forest.roots.get(&shapes.root_of(candidate.shape));
    let bookkeeper =
        root.is_some_and(|root| root.owner == Owner::Stdlib || root.flavour == Flavour::Native);
    let internal = matches!(shapes.get(candidate.shape).step, Step::Internal(name)
        if study.forest.names.text(name) == "__subclasses__");
    bookkeeper || internal || gains_only(study, candidate, &WEAK)
}

const WEAK: [&str; 4] = ["ReferenceType", "weakref", "KeyedRef", "weakproxy"];
const OF_THREADS: [&str; 5] = ["Thread", "Timer", "lock", "RLock", "_MainThread"];

pub(crate) fn holds_threads(study: &Study<'_>, candidate: &Candidate) -> bool {
    gains_only(study, candidate, &OF_THREADS)
}

/// Whether what enters is of one of some types, by the last part of their names.
fn gains_only(study: &Study<'_>, candidate: &Candidate, types: &[&str]) -> bool {
    let entering = candidate.entering.iter().filter(|&&id| {
        let child = study.forest.shapes.get(id);
        let levels = &study.levels;
        let counts: Vec<u64> = (0..levels.len())
            .map(|at| levels.tally(at, id).objects)
            .collect();
        child.step != Step::KeyObject && gained(&counts, candidate.first) > 0
    });
    let mut any = false;
    for &id in entering {
        let name = study
            .forest
            .names
            .text(study.forest.shapes.get(id).type_name);
        any = true;
        if !types.contains(&crate::heap::short_name(name)) {
            return false;
        }
    }
    any
}
