//! Cycles that nothing reaches and nothing frees, told as findings: who is in them, which reference
//! closes them, and why the collector does not come.

mod ring;

use crate::advice::{self, Cut, Waiting};
use crate::findings::{Filling, Finding, Growth, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::garbage::Cycles;
use crate::heap::{Heap, short_name};
use crate::ownership::{Owner, Ownership};
use crate::paths::reference;
use crate::shapes::TOP;
use crate::sites::{allocated_at, gained_samples};
use crate::study::Study;
use crate::suspects::SECONDS;
use crate::trend::{Judgement, Reading, judge, slope};
use crate::wording::{bytes, count, cut, is_or_are};
use unfreed_graph::Edge;
use unfreed_recording::snapshot::{Label, NodeIndex, RootKind};

/// Gain that is a finding when nothing will ever free it: bytes or objects.
const LEAST: (i64, u64) = (16 << 10, 50);
/// The same where every object was counted at the end of every round.
const EXACT: (i64, u64) = (1, 1);
/// Part of the heap that waits, from which it is said although the collector runs.
const PART: f64 = 0.05;
/// Bytes below which it is not said.
const WORTH: u64 = 1 << 20;
/// Most findings about cycles.
const FINDINGS: usize = 3;
const SURE: f64 = 0.6;
/// Names that say: this reference leads back.
const BACKWARDS: [&str; 10] = [
    "parent", "owner", "prev", "previous", "back", "root", "manager", "context", "child_of",
    "outer",
];

/// Findings about cycles.
#[must_use]
pub fn findings(study: &Study<'_>, whole: f64) -> Vec<Finding> {
    let Some(last) = study.taken.last() else {
        return Vec::new();
    };
    let waiting = waiting(study);
    let (from, to) = study.window();
    if to - from < SECONDS {
        return Vec::new();
    }
    last.garbage
        .kinds
        .iter()
        .filter_map(|kind| finding(study, kind, &waiting, whole))
        .take(FINDINGS)
        .collect()
}

/// Why cycles wait, as the readings of the window say.
fn waiting(study: &Study<'_>) -> Waiting {
    let readings = study.readings();
    let disabled = readings
        .iter()
        .filter(|reading| reading.gc_enabled == Some(false))
        .count();
    if disabled * 2 > readings.len() {
        return Waiting::Disabled;
    }
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
        return Waiting::Enabled;
    };
    let mut frozen = readings.iter().filter_map(|reading| reading.gc_frozen);
    if let Some(early) = frozen.next()
        && frozen.next_back().is_some_and(|late| late > early)
    {
        return Waiting::Frozen;
    }
    let known = !last.gc_collections.is_empty() && readings.len() > 2;
    if known && last.gc_collections == first.gc_collections {
        return Waiting::NeverRuns;
    }
    Waiting::Enabled
}

fn finding(study: &Study<'_>, kind: &Cycles, waiting: &Waiting, whole: f64) -> Option<Finding> {
    let unseen = kind.unseen.clone().map(Waiting::Unseen);
    let waiting = unseen.as_ref().unwrap_or(waiting);
    let series = Series::new(study, kind);
    let judged = judge(&series.bytes, 0.0);
    let severity = severity(study, kind, &series, &judged, waiting)?;
    let told = study
        .latest
        .as_ref()
        .and_then(|latest| describe(&latest.heap, &study.ownership, &kind.example));
    let since = study
        .taken
        .get(study.from)
        .map_or_else(Default::default, |taken| taken.epoch);
    let samples = gained_samples(study, since, |sample| sample.shape == TOP);
    let names = kind
        .types
        .iter()
        .map(|name| short_name(name))
        .collect::<Vec<_>>()
        .join(", ");
    let gained = series.gained();
    Some(Finding {
        id: fingerprint(
            Kind::Cycle,
            "",
            &kind.types.iter().map(String::as_str).collect::<Vec<_>>(),
        ),
        severity,
        kind: Kind::Cycle,
        title: match severity {
            Severity::Leak => format!("reference cycles of {names} that nothing frees"),
            _ => format!("reference cycles of {names} that wait for the collector"),
        },
        summary: summary(study, &names, kind, &series, waiting, told.as_ref()),
        growth: Growth {
            bytes: gained.0,
            bytes_per_second: judged.slope,
            objects: gained.1,
            objects_per_second: slope(&series.objects),
            share: gains::share(gained.0 as f64, whole),
            series: series
                .bytes
                .iter()
                .zip(&series.objects)
                .map(|(bytes, objects)| (bytes.at, objects.level as u64, bytes.level as u64))
                .collect(),
            ..gains::shape(&judged)
        },
        held_by: None,
        filled_with: fillings(study, kind),
        allocated_at: allocated_at(study.source, &study.ownership, samples.iter()),
        advice: advice::cycle(waiting, told.as_ref().and_then(|told| told.cut.as_ref())),
        ..Finding::default()
    })
}

fn severity(
    study: &Study<'_>,
    kind: &Cycles,
    series: &Series,
    judged: &Judgement,
    waiting: &Waiting,
) -> Option<Severity> {
    let (bytes_gained, objects_gained) = series.gained();
    let steady = judged.trend == Trend::Steady;
    let least = if study.is_exact() { EXACT } else { LEAST };
    let material = bytes_gained >= least.0 || objects_gained >= least.1 as i64;
    if *waiting != Waiting::Enabled && steady && material {
        let sure = judged.confidence >= SURE;
        return Some(if sure {
            Severity::Leak
        } else {
            Severity::Warning
        });
    }
    if study.is_exact() {
        return (steady && material).then_some(Severity::Warning);
    }
    let heap = study.taken.last().map_or(0, |taken| taken.bytes);
    let large = kind.bytes >= WORTH && kind.bytes as f64 >= PART * heap as f64;
    match (large, steady) {
        (true, true) => Some(Severity::Warning),
        (true, false) => Some(Severity::Note),
        _ => None,
    }
}

/// What waits at each judged snapshot.
struct Series {
    bytes: Vec<Reading>,
    objects: Vec<Reading>,
    cycles: Vec<Reading>,
}

impl Series {
    fn new(study: &Study<'_>, kind: &Cycles) -> Self {
        let level = |value: fn(&Cycles) -> u64| -> Vec<Reading> {
            let judged = study.taken.iter().skip(study.from);
            judged
                .map(|taken| {
                    let same = taken
                        .garbage
                        .kinds
                        .iter()
                        .find(|other| other.types == kind.types);
                    Reading {
                        at: taken.at,
                        level: same.map_or(0, value) as f64,
                    }
                })
                .collect()
        };
        Self {
            bytes: level(|kind| kind.bytes),
            objects: level(|kind| kind.objects),
            cycles: level(|kind| kind.count),
        }
    }

    fn gained(&self) -> (i64, i64) {
        let gain = |series: &[Reading]| match series {
            [first, .., last] => (last.level - first.level) as i64,
            _ => 0,
        };
        (gain(&self.bytes), gain(&self.objects))
    }
}

fn summary(
    study: &Study<'_>,
    names: &str,
    kind: &Cycles,
    series: &Series,
    waiting: &Waiting,
    told: Option<&Told>,
) -> String {
    let (cycles, unit) = study
        .pace()
        .rate_of(slope(&series.cycles), "cycle", "cycles");
    let (go, wait) = if cycles.starts_with("1 ") {
        ("goes", "waits")
    } else {
        ("go", "wait")
    };
    let why = match waiting {
        Waiting::Unseen(type_name) => &format!(
            "{} does not show the garbage collector what it holds",
            short_name(type_name)
        ),
        Waiting::Disabled => "the garbage collector is disabled",
        Waiting::NeverRuns => "the garbage collector never runs",
        Waiting::Frozen => "gc.freeze() hides them from the garbage collector",
        Waiting::Enabled => "the garbage collector has not come to them yet",
    };
    let total = count(i64::try_from(kind.count).unwrap_or(i64::MAX));
    let size = bytes(kind.bytes as f64);
    let mut text = match waiting {
        Waiting::Enabled if study.is_exact() => format!(
            "{cycles} of {names} {unit} {go} out of use and {wait} for the garbage collector: {} \
             that only it frees.",
            study.pace().byte_rate(slope(&series.bytes))
        ),
        Waiting::Enabled => {
            format!("{total} cycles of {names} ({size}) are out of use and wait: {why}.")
        }
        _ => format!(
            "{cycles} of {names} {unit} {go} out of use and {} never freed, because {why}; {total} \
             wait ({size}).",
            is_or_are(&cycles)
        ),
    };
    if let Some(told) = told {
        text.push_str(&format!(" Each closes itself: {}.", told.text));
    }
    text
}

fn fillings(study: &Study<'_>, kind: &Cycles) -> Vec<Filling> {
    let Some(latest) = &study.latest else {
        return Vec::new();
    };
    let mut types: Vec<(String, i64, i64)> = Vec::new();
    for &node in &kind.example {
        let (name, size) = (latest.heap.type_name(node), latest.heap.size(node) as i64);
        match types.iter_mut().find(|(known, _, _)| *known == name) {
            Some(known) => {
                known.1 += 1;
                known.2 += size;
            }
            None => types.push((name, 1, size)),
        }
    }
    let times = i64::try_from(kind.count).unwrap_or(i64::MAX);
    let mut fillings: Vec<Filling> = types
        .into_iter()
        .map(|(type_name, objects, bytes)| Filling {
            type_name,
            objects: objects.saturating_mul(times),
            bytes: bytes.saturating_mul(times),
        })
        .collect();
    fillings.sort_by(|a, b| {
        b.bytes
            .cmp(&a.bytes)
            .then_with(|| a.type_name.cmp(&b.type_name))
    });
    fillings.truncate(8);
    fillings
}

/// Whether it can stand in a program as it is.
fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// Whether a name says: this reference leads back. Leading underlines, and the class in a private name, say nothing.
fn is_backwards(attribute: &str) -> bool {
    let name = attribute.rsplit("__").next().unwrap_or(attribute);
    BACKWARDS.contains(&name.trim_start_matches('_'))
}

/// A cycle in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `Node.children[*] → Node.parent → the first Node`.
    pub text: String,
    /// Where to break it.
    pub cut: Option<Cut>,
}

/// Describes the shortest cycle through one of the most telling members of a component: an instance of a written class,
/// where there is one. (The shortest of all may be a closure that refers to itself somewhere below.)
///
/// The reference to cut is none of a builtin type or of the standard library: nobody can change those.
#[must_use]
pub fn describe(heap: &Heap<'_>, ownership: &Ownership, members: &[NodeIndex]) -> Option<Told> {
    let least = members.iter().map(|&node| dullness(heap, node)).min()?;
    let telling: Vec<NodeIndex> = members
        .iter()
        .copied()
        .filter(|&node| dullness(heap, node) == least)
        .collect();
    let cycle = ring::shortest(heap, members, &telling)?;
    let start = cycle.first()?.source;
    let mut segments: Vec<String> = Vec::new();
    let mut owner_node = start;
    let mut current = called(heap, start);
    let mut cuts: Vec<(bool, String)> = Vec::new();
    for edge in &cycle {
        let text = reference(heap, *edge, true);
        current.push_str(&text);
        if let Some(attribute) = text
            .strip_prefix('.')
            .filter(|name| !name.contains(['.', '[']))
        {
            let owner = current.trim_end_matches(&text);
            let is_to_an_instance = dullness(heap, edge.target) == 0;
            if is_to_an_instance
                && can_be_changed(heap, ownership, owner_node)
                && is_name(owner)
                && is_name(attribute)
            {
                cuts.push((is_backwards(attribute), format!("{owner}.{attribute}")));
            }
        }
        if edge.target == start || dullness(heap, edge.target) < DULL {
            segments.push(std::mem::take(&mut current));
            current = called(heap, edge.target);
            owner_node = edge.target;
        }
    }
    segments.push(format!("the first {}", short_name(&heap.type_name(start))));
    let attribute = |cut: &(bool, String)| Cut::Attribute(cut.1.clone());
    let backwards = cuts.iter().rev().find(|(backwards, _)| *backwards);
    let cut = backwards
        .map(attribute)
        .or_else(|| bound_method(heap, &cycle))
        .or_else(|| cuts.last().map(attribute))
        .or_else(|| inner_function(heap, &cycle));
    Some(Told {
        text: in_short(segments).join(" → "),
        cut: kept_exception(heap, &cycle).or(cut),
    })
}

/// `Node`; a function or a method by its name, for there are many.
fn called(heap: &Heap<'_>, node: NodeIndex) -> String {
    let short = short_name(&heap.type_name(node)).to_owned();
    let function = match short.as_str() {
        "function" => Some(node),
        "method" => function_of(heap, node),
        _ => None,
    };
    match function.and_then(|function| heap.node_text(function)) {
        Some(text) => format!("{}()", cut(text, FUNCTION)),
        None => short,
    }
}

fn function_of(heap: &Heap<'_>, method: NodeIndex) -> Option<NodeIndex> {
    heap.labelled(
        method,
        |label| matches!(label, Label::Internal(text) if heap.text(text) == "__func__"),
    )
}

/// The variable that holds an exception whose traceback holds the variable's frame.
fn kept_exception(heap: &Heap<'_>, cycle: &[Edge]) -> Option<Cut> {
    let is = |node: NodeIndex, name: &str| heap.type_of(node).is_some_and(|info| info.name == name);
    cycle.iter().find(|edge| is(edge.source, "traceback"))?;
    cycle.iter().find_map(|edge| match heap.label(edge.index) {
        Label::Local(text) if is(edge.source, "frame") => {
            Some(Cut::Variable(heap.text(text).to_owned()))
        }
        _ => None,
    })
}

/// The last part of a function's name.
fn function_name(heap: &Heap<'_>, function: NodeIndex) -> Option<String> {
    let name = heap.node_text(function)?.rsplit('.').next()?;
    Some(name.to_owned())
}

/// The method in a cycle that is bound to an instance of a written class.
fn bound_method(heap: &Heap<'_>, cycle: &[Edge]) -> Option<Cut> {
    let edge = cycle.iter().find(|edge| {
        let is_bound = |text| heap.text(text) == "__self__";
        heap.type_of(edge.source)
            .is_some_and(|info| info.name == "method")
            && matches!(heap.label(edge.index), Label::Internal(text) if is_bound(text))
            && dullness(heap, edge.target) == 0
    })?;
    function_name(heap, function_of(heap, edge.source)?).map(Cut::Callback)
}

/// The function that a cycle is made of, with nothing but its own variables.
fn inner_function(heap: &Heap<'_>, cycle: &[Edge]) -> Option<Cut> {
    let is = |node: NodeIndex, name: &str| heap.type_of(node).is_some_and(|info| info.name == name);
    let mut functions = cycle
        .iter()
        .map(|edge| edge.source)
        .filter(|&node| is(node, "function"));
    let function = functions.next()?;
    let is_own = |node: NodeIndex| node == function || heap.is_closure(node) || is(node, "cell");
    let is_alone = cycle.iter().all(|edge| is_own(edge.source));
    function_name(heap, function)
        .filter(|_| is_alone)
        .map(Cut::InnerFunction)
}

/// Whether an object is of a class that somebody can change: written in Python, as far as can be told from here, and not of
/// the standard library.
fn can_be_changed(heap: &Heap<'_>, ownership: &Ownership, node: NodeIndex) -> bool {
    let Some(info) = heap.type_of(node) else {
        return false;
    };
    if !info.heap || info.module == "builtins" || info.module.starts_with('_') {
        return info.module == "__main__";
    }
    let file = heap.snapshot.roots.iter().find_map(|root| match root.kind {
        RootKind::Module { name, file } if heap.text(name) == info.module => file,
        _ => None,
    });
    let owner = ownership.of_module(&info.module, file.map(|file| heap.text(file)));
    owner != Owner::Stdlib
}

/// Most steps of a cycle that are told.
const STEPS: usize = 8;
/// Of a longer one, this many from the front,
const FIRST: usize = 4;
/// and this many from the end, the way back to the first counted.
const LAST: usize = 3;
/// Longest name of a function.
const FUNCTION: usize = 60;
/// From here on a node is only a part of the one before it.
const DULL: u8 = 2;

/// How little a node tells people: instances of written classes first, containers last.
fn dullness(heap: &Heap<'_>, node: NodeIndex) -> u8 {
    let Some(info) = heap.type_of(node) else {
        return 4;
    };
    if heap.is_namespace(node) || heap.is_closure(node) || info.name == "cell" {
        return 4;
    }
    let builtin = info.module.is_empty() || info.module == "builtins";
    match info.name.as_str() {
        _ if !builtin => 0,
        "function" | "method" | "generator" | "coroutine" | "frame" | "traceback" | "type" => 1,
        "list" | "dict" | "tuple" | "set" | "frozenset" => 3,
        _ => 1,
    }
}

/// A cycle of many steps: its first, its last, and how many there are between.
fn in_short(mut segments: Vec<String>) -> Vec<String> {
    if segments.len() > STEPS + 1 {
        let between = FIRST..segments.len() - LAST;
        let left_out = format!("… ({} more)", between.len());
        segments.splice(between, [left_out]);
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::{is_backwards, is_name};

    #[test]
    fn private_names_lead_back_as_others_do() {
        assert!(
            ["parent", "_parent", "_ModNS__parent"]
                .into_iter()
                .all(is_backwards)
        );
        assert!(
            !["children", "apparent", "__parent__"]
                .into_iter()
                .any(is_backwards)
        );
    }

    #[test]
    fn what_no_program_can_say_is_no_name() {
        assert!(is_name("Node") && is_name("_größe2"));
        assert!(
            !["", "2d", "Iterator → dict", "a.b"]
                .into_iter()
                .any(is_name)
        );
    }
}
