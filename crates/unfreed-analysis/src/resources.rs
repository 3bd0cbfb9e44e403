//! Descriptors, threads and children that are opened and never closed: the growth test of memory,
//! over the readings of every second or so.

use crate::companions::of_threads;
use crate::findings::{AllocatedAt, Finding, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::heap::Heap;
use crate::openings;
use crate::ownership::Owner;
use crate::paths::subject;
use crate::roots::mask_digits;
use crate::study::Study;
use crate::suspects::Suspect;
use crate::trend::{Reading, judge};
use crate::wording::{Pace, cut};
use crate::{advice, alike};
use std::fmt::Write;
use unfreed_recording::counters::{Counters, Resources, Started};
use unfreed_recording::snapshot::RootKind;

/// Gain below which nothing is said.
const LEAST: f64 = 5.0;
/// The same where every round ended with a reading.
const EXACT: f64 = 3.0;
/// Stretches that the window is divided into; each counts with its lowest reading, because what
/// leaks is still there when what is merely in use is not.
const STRETCHES: usize = 10;
/// Seconds below which a run is too short to judge.
const SECONDS: f64 = 3.0;
/// Confidence from which growth is a leak.
const SURE: f64 = 0.6;

/// The rule about threads.
pub const THREADS: &str = "unjoined_thread";

/// The rule about running children.
const CHILDREN: &str = "running_child";

/// The rule about those that ended.
const UNREAPED: &str = "unreaped_child";

/// One kind of resource.
struct Resource {
    plural: &'static str,
    rule: &'static str,
    /// How many a reading tells; children that run are read with snapshots only.
    count: fn(&Counters) -> u32,
}

const RESOURCES: [Resource; 7] = [
    Resource {
        plural: "open files",
        rule: "unclosed_file",
        count: |c| c.fds.files,
    },
    Resource {
        plural: "open sockets",
        rule: "unclosed_socket",
        count: |c| c.fds.sockets,
    },
    Resource {
        plural: "open pipes",
        rule: "unclosed_pipe",
        count: |c| c.fds.pipes,
    },
    Resource {
        plural: "other open descriptors",
        rule: "unclosed_descriptor",
        count: |c| c.fds.other,
    },
    Resource {
        plural: "threads",
        rule: THREADS,
        count: |c| c.threads,
    },
    Resource {
        plural: "zombie processes",
        rule: UNREAPED,
        count: |c| c.zombies,
    },
    Resource {
        plural: "child processes",
        rule: CHILDREN,
        count: |_| 0,
    },
];

/// Findings about resources, and the suspects that they do not explain: lost threads leave objects
/// behind in many places, and the threads are the story.
#[must_use]
pub fn findings<'g>(
    study: &Study<'_>,
    suspects: Vec<Suspect<'g>>,
) -> (Vec<Suspect<'g>>, Vec<Finding>) {
    let mut kept = suspects;
    let mut found = Vec::new();
    for resource in &RESOURCES {
        let Some(mut finding) = finding(study, resource) else {
            continue;
        };
        if resource.rule == THREADS {
            let (others, explained) = of_threads(study, kept, finding.growth.objects);
            kept = others;
            take(study, &mut finding, &explained);
            if finding.allocated_at.is_empty() {
                finding.allocated_at = openings::of_threads(study, &explained);
            }
        }
        found.push(finding);
    }
    (kept, found)
}

/// Adds what threads leave behind to the finding about them.
fn take(study: &Study<'_>, finding: &mut Finding, explained: &[Suspect<'_>]) {
    let bytes: i64 = explained
        .iter()
        .map(|suspect| suspect.first.bytes_gained().max(0))
        .sum();
    finding.growth.bytes = finding.growth.bytes.saturating_add(bytes);
    let mut names: Vec<String> = explained
        .iter()
        .map(|suspect| subject(&study.forest, suspect.first.shape))
        .collect();
    names.retain(|name| !name.starts_with("C code"));
    names.truncate(3);
    if !names.is_empty() {
        let verb = if names.len() == 1 { "grows" } else { "grow" };
        let _ = write!(
            finding.summary,
            " {} {verb} with them.",
            names.join(" and ")
        );
    }
}

fn finding(study: &Study<'_>, resource: &Resource) -> Option<Finding> {
    let (from, to) = study.window();
    let series = series(study, resource);
    let floors = floors(&series);
    let judged = judge(&floors, 0.0);
    let least = if study.is_exact() { EXACT } else { LEAST };
    let gained = floors.last()?.level - floors.first()?.level;
    if judged.trend != Trend::Steady || gained < least || to - from < SECONDS {
        return None;
    }
    // What came free at once at some time was in use, not lost.
    if deepest_fall(&series) >= gained {
        return None;
    }
    let names = grown_names(study, resource);
    let mut summary = sentence(study.pace(), resource, judged.slope);
    if !names.is_empty() {
        let _ = write!(summary, " Most are {}.", names.join(", "));
    }
    if let Some(runs) = runs(study).filter(|_| resource.rule == THREADS) {
        let _ = write!(summary, " They run {runs}.");
    }
    let places = places(study, resource);
    if let Some(by) = places
        .first()
        .and_then(|place| openings::library(study, place))
    {
        let verb = if is_descriptor_rule(resource.rule) {
            "opened"
        } else {
            "started"
        };
        let _ = write!(summary, " They are {verb} by {by}.");
    }
    Some(Finding {
        id: fingerprint(Kind::Resource, resource.plural, &[]),
        severity: if judged.confidence >= SURE {
            Severity::Leak
        } else {
            Severity::Warning
        },
        kind: Kind::Resource,
        title: format!("growing number of {}", resource.plural),
        summary,
        growth: gains::in_number(&judged, gained, &floors),
        allocated_at: places,
        advice: advice::resource(resource.rule, names.first().map(String::as_str)),
        ..Finding::default()
    })
}

/// Where what a resource counts was opened or started, as far as that was followed.
fn places(study: &Study<'_>, resource: &Resource) -> Vec<AllocatedAt> {
    match resource.rule {
        THREADS => openings::of_started(study, Started::THREAD),
        CHILDREN | UNREAPED => openings::of_started(study, Started::CHILD),
        rule => openings::of_descriptors(study, |target| is_descriptor(rule, target)),
    }
}

fn is_descriptor_rule(rule: &str) -> bool {
    !matches!(rule, THREADS | CHILDREN | UNREAPED)
}

fn series(study: &Study<'_>, resource: &Resource) -> Vec<Reading> {
    if resource.rule == CHILDREN {
        let (from, to) = study.window();
        let taken = study.source.processes().iter();
        return taken
            .map(|taken| Reading {
                at: taken.at.seconds(),
                level: taken.running.iter().map(|(_, n)| f64::from(*n)).sum(),
            })
            .filter(|reading| (from..=to).contains(&reading.at))
            .collect();
    }
    let readings = study.readings();
    let points = readings.iter().map(|reading| Reading {
        at: reading.at.seconds(),
        level: f64::from((resource.count)(reading)),
    });
    points.collect()
}

fn sentence(pace: Pace, resource: &Resource, slope: f64) -> String {
    let more = resource.plural;
    let one = more.strip_suffix("es").filter(|one| one.ends_with("ss"));
    let one = one.or_else(|| more.strip_suffix('s')).unwrap_or(more);
    let (gained, unit) = pace.rate_of(slope, one, more);
    match resource.rule {
        THREADS | CHILDREN => format!("The process gains {gained} {unit} and none of them ends."),
        UNREAPED => {
            let (number, unit) = pace.rate(slope);
            format!("Child processes end, {number} {unit}, and nobody waits for them.")
        }
        _ => format!("The process gains {gained} {unit} and closes none of them."),
    }
}

fn deepest_fall(series: &[Reading]) -> f64 {
    let mut peak = f64::NEG_INFINITY;
    series.iter().fold(0.0, |deepest: f64, point| {
        peak = peak.max(point.level);
        deepest.max(peak - point.level)
    })
}

/// The lowest reading of each stretch.
pub(crate) fn floors(series: &[Reading]) -> Vec<Reading> {
    let size = series.len().div_ceil(STRETCHES).max(1);
    series
        .chunks(size)
        .filter_map(|chunk| {
            let low = chunk
                .iter()
                .map(|point| point.level)
                .fold(f64::INFINITY, f64::min);
            chunk.last().map(|last| Reading {
                at: last.at,
                level: low,
            })
        })
        .collect()
}

/// What most of the gained ones are called, at most three, with their gain.
fn grown_names(study: &Study<'_>, resource: &Resource) -> Vec<String> {
    let (from, _) = study.window();
    let names: Vec<(f64, Vec<(String, u32)>)> = if resource.rule == CHILDREN {
        let all = study.source.processes().iter();
        all.map(|taken| (taken.at.seconds(), taken.running.clone()))
            .collect()
    } else {
        let all = study.source.resources().iter();
        all.map(|taken| (taken.at.seconds(), names_of(taken, resource.rule)))
            .collect()
    };
    let Some(last) = names.last() else {
        return Vec::new();
    };
    let first = names.iter().find(|(at, _)| *at >= from).unwrap_or(last);
    let mut gains: Vec<(String, i64)> = Vec::new();
    for (name, count) in last.1.iter().cloned() {
        let masked = mask_digits(&name);
        match gains.iter_mut().find(|(known, _)| *known == masked) {
            Some(known) => known.1 += i64::from(count),
            None => gains.push((masked, i64::from(count))),
        }
    }
    for (name, count) in &first.1 {
        let masked = mask_digits(name);
        if let Some(known) = gains.iter_mut().find(|(known, _)| *known == masked) {
            known.1 -= i64::from(*count);
        }
    }
    gains.retain(|(_, gain)| *gain > 0);
    let mut gains = alike::joined(gains);
    gains.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    gains
        .into_iter()
        .take(3)
        .map(|(name, gain)| format!("{} (+{gain})", cut(&name, 60)))
        .collect()
}

/// Descriptors or threads of a resource's kind.
fn names_of(taken: &Resources, rule: &str) -> Vec<(String, u32)> {
    let names = if rule == THREADS {
        &taken.threads
    } else {
        &taken.fds
    };
    let wanted = names
        .iter()
        .filter(|(name, _)| is_of(rule, name) && !name.starts_with("python"));
    wanted.cloned().collect()
}

/// Whether a descriptor's or thread's name is of a resource's kind.
fn is_of(rule: &str, name: &str) -> bool {
    rule == THREADS || is_descriptor(rule, name)
}

/// Whether a descriptor's target is of a resource's kind.
fn is_descriptor(rule: &str, target: &str) -> bool {
    match rule {
        "unclosed_socket" => target.starts_with("socket"),
        "unclosed_pipe" => target.starts_with("pipe"),
        "unclosed_file" => target.starts_with('/') && !target.starts_with("/dev/"),
        "unclosed_descriptor" => target.starts_with("anon_inode") || target.starts_with("/dev/"),
        _ => false,
    }
}

/// The function that most threads run, the person's own before libraries': `app.worker()`.
fn runs(study: &Study<'_>) -> Option<String> {
    [Owner::Own, Owner::ThirdParty]
        .into_iter()
        .find_map(|owner| run_by(study, owner))
}

fn run_by(study: &Study<'_>, owner: Owner) -> Option<String> {
    let heap: &Heap<'_> = &study.latest.as_ref()?.heap;
    let mut counts: Vec<(String, u32)> = Vec::new();
    for root in &heap.snapshot.roots {
        let RootKind::Frame {
            thread,
            function,
            file,
            line,
            ..
        } = root.kind
        else {
            continue;
        };
        let file = heap.text(file);
        if study.ownership.of_file(file) != owner || heap.text(thread) == "MainThread" {
            continue;
        }
        let called = crate::roots::called(heap.text(function));
        let name = format!("{called} at {}:{line}", in_package(file, owner));
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 += 1,
            None => counts.push((name, 1)),
        }
    }
    counts
        .into_iter()
        .max_by_key(|(name, count)| (*count, std::cmp::Reverse(name.clone())))
        .map(|c| c.0)
}

/// The person's files by their names, those of packages from the package on.
pub(crate) fn in_package(file: &str, owner: Owner) -> &str {
    let folders = ["/site-packages/", "/dist-packages/"];
    let inside = folders.iter().find_map(|folder| file.rsplit_once(folder));
    match inside {
        Some((_, inside)) if owner == Owner::ThirdParty => inside,
        _ => file.rsplit('/').next().unwrap_or(file),
    }
}
