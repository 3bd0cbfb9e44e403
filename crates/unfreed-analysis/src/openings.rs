//! Where resources that grow come from: the stacks that opened descriptors which are still open, and those that made the
//! threads which still run.

use crate::findings::AllocatedAt;
use crate::seeded::Map;
use crate::sites::{NAMED, allocated_at, named_frame};
use crate::study::Study;
use crate::suspects::Suspect;
use crate::{companions, containers};
use std::cmp::Reverse;
use unfreed_recording::counters::Opened;
use unfreed_recording::ids::StackId;

/// Stacks that opened more and more of the descriptors whose targets are `wanted`, most first; shares are of those
/// gained. Empty where nobody followed that.
#[must_use]
pub fn of_descriptors(study: &Study<'_>, wanted: impl Fn(&str) -> bool) -> Vec<AllocatedAt> {
    let (from, to) = study.window();
    let in_window = |taken: &&Opened| (from..=to).contains(&taken.at.seconds());
    let all = study.source.opened();
    let (Some(first), Some(last)) = (all.iter().find(in_window), all.iter().rev().find(in_window))
    else {
        return Vec::new();
    };
    let mut gained: Map<StackId, i64> = Map::default();
    for (taken, sign) in [(last, 1), (first, -1)] {
        for place in taken.descriptors.iter().filter(|one| wanted(&one.target)) {
            *gained.entry(place.stack).or_default() += sign * i64::from(place.count);
        }
    }
    gained.retain(|_, gain| *gain > 0);
    let total: i64 = gained.values().sum();
    let mut gained: Vec<(StackId, i64)> = gained.into_iter().collect();
    gained.sort_by_key(|&(stack, gain)| (Reverse(gain), stack));
    let places = gained.into_iter().filter_map(|(stack, gain)| {
        let stack = study.source.frames(stack);
        let frame = named_frame(&stack, &study.ownership)?.clone();
        Some(AllocatedAt {
            stack,
            frame,
            share: gain as f64 / total as f64,
            samples: u32::try_from(gain).unwrap_or(u32::MAX),
            ..AllocatedAt::default()
        })
    });
    places.take(NAMED).collect()
}

/// Where the objects were made that threads leave behind: the threads themselves where they are among them.
#[must_use]
pub fn of_threads(study: &Study<'_>, left_behind: &[Suspect<'_>]) -> Vec<AllocatedAt> {
    let holds = |suspect: &&Suspect<'_>| companions::holds_threads(study, &suspect.first);
    let threads: Vec<&Suspect<'_>> = left_behind.iter().filter(holds).collect();
    let asked = if threads.is_empty() {
        left_behind.iter().collect()
    } else {
        threads
    };
    let samples: Vec<_> = asked
        .into_iter()
        .flat_map(|suspect| containers::samples(study, suspect))
        .collect();
    allocated_at(study.source, &study.ownership, samples.iter())
}
