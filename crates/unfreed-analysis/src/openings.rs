//! Where resources that grow come from: the stacks that opened descriptors which are still open, those that started the
//! threads and children which still run, and those that made the objects of threads.

use crate::findings::{AllocatedAt, Frame};
use crate::ownership::Owner;
use crate::resources::in_package;
use crate::roots;
use crate::seeded::Map;
use crate::sites::{NAMED, allocated_at, named_frame};
use crate::study::Study;
use crate::suspects::Suspect;
use crate::{companions, containers};
use std::cmp::Reverse;
use unfreed_recording::counters::{Opened, StartedAt, StartedFrame};
use unfreed_recording::ids::StackId;

/// Most places of a recording, and most frames of each, that are read.
const MOST_READ: usize = 300;
const DEPTH: usize = 64;

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

/// Where was started what outlives its calls, most first. Empty where nobody followed that.
#[must_use]
pub fn of_started(study: &Study<'_>, what: &str) -> Vec<AllocatedAt> {
    of_started_named(study, what, |_| true)
}

/// The same for what has a name that is `wanted`.
#[must_use]
pub fn of_started_named(
    study: &Study<'_>,
    what: &str,
    wanted: impl Fn(&str) -> bool,
) -> Vec<AllocatedAt> {
    let mut newest = study.source.started().iter().rev();
    let taken = newest.find(|taken| taken.what == what);
    let wanted: Vec<&StartedAt> = taken
        .into_iter()
        .flat_map(|taken| &taken.places)
        .filter(|place| wanted(&place.name))
        .take(MOST_READ)
        .collect();
    let counts = wanted.iter().map(|place| place.count);
    let total = counts.fold(0, u32::saturating_add);
    let mut places: Vec<AllocatedAt> = Vec::new();
    for started in wanted {
        let stack: Vec<Frame> = started.frames.iter().take(DEPTH).map(line_of).collect();
        if let Some(known) = places.iter_mut().find(|place| place.stack == stack) {
            known.samples = known.samples.saturating_add(started.count);
        } else if let Some(frame) = named_frame(&stack, &study.ownership).cloned() {
            places.push(AllocatedAt {
                stack,
                frame,
                samples: started.count,
                ..AllocatedAt::default()
            });
        }
    }
    places.sort_by_key(|place| Reverse(place.samples));
    places.truncate(NAMED);
    for place in &mut places {
        place.share = f64::from(place.samples) / f64::from(total.max(1));
    }
    places
}

fn line_of(frame: &StartedFrame) -> Frame {
    if frame.line == 0 {
        return Frame {
            function: frame.function.clone(),
            library: frame.file.clone(),
            ..Frame::default()
        };
    }
    Frame {
        file: frame.file.clone(),
        line: frame.line,
        function: frame.function.clone(),
        source: frame.source.clone(),
        library: String::new(),
    }
}

/// The innermost function of a package on the way to a place, where no line of the person's is further in.
#[must_use]
pub fn library(study: &Study<'_>, place: &AllocatedAt) -> Option<String> {
    let mut of_python = place.stack.iter().filter(|frame| frame.library.is_empty());
    let frame = of_python.find(|frame| study.ownership.of_file(&frame.file) != Owner::Stdlib)?;
    let owner = study.ownership.of_file(&frame.file);
    if owner != Owner::ThirdParty {
        return None;
    }
    let (file, called) = (
        in_package(&frame.file, owner),
        roots::called(&frame.function),
    );
    Some(format!("{called} at {file}:{}", frame.line))
}
