//! The audit of reference counts: objects that gain references which nobody holds (a missing
//! `Py_DECREF`), or lose references that somebody still holds (a borrowed reference given back).
//!
//! What is lost with the objects themselves (each call forgets a new one) grows in number and is
//! told with the containers; here are the references to objects that stay.

use crate::advice;
use crate::extensions::{Extension, Extensions, Suspected};
use crate::findings::{Finding, HeldBy, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::heap::{full_name, short_name};
use crate::losers::{self, Loser};
use crate::paths::Chain;
use crate::references::{References, Unexplained};
use crate::study::Study;
use crate::trend::{Judgement, Reading, judge};
use crate::wording::{count, is_or_are};
use unfreed_recording::snapshot::NodeIndex;

/// References that have to be gained.
const LEAST: f64 = 50.0;
/// The same where every reference was counted after every round.
const EXACT: f64 = 4.0;
/// Intervals that have to be judged: the number of unexplained references is noisy.
const INTERVALS: u32 = 5;
/// Confidence from which growth is called a leak.
const SURE: f64 = 0.6;
/// Objects that hide their references and gain this part of what a type gains may hold it.
const HIDDEN: f64 = 0.3;
/// New objects that explain this part of the new references: each brings its own.
const BROUGHT: f64 = 0.5;
/// Most findings.
const FINDINGS: usize = 4;

/// Which way the count goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// References are taken and never given back.
    Lost,
    /// References are given back that were never taken.
    GivenBackTwice,
}

/// Types of objects that are made once and stay: a lost reference to one costs no memory. Extensions
/// that forget the reference from an instance to its class are many.
const STAY: [&str; 8] = [
    "type", "ABCMeta", "EnumMeta", "EnumType", "module", "NoneType", "bool", "ellipsis",
];

/// Types of which there is one object, or two.
const ONE: [&str; 3] = ["NoneType", "bool", "ellipsis"];

/// Findings about references of objects that stay, most references first.
#[must_use]
pub fn findings(study: &Study<'_>, known: &[Finding]) -> Vec<Finding> {
    let audited = study.taken.get(study.from..).unwrap_or_default();
    let (Some(first), Some(last)) = (audited.first(), audited.last()) else {
        return Vec::new();
    };
    let mut found: Vec<(f64, Finding)> = Vec::new();
    for (name, end) in &last.references.by_type {
        // What is there but once is referred to by everybody, threads that come and go among them.
        let is_one = ONE.contains(&short_name(name));
        let least = if study.is_exact() && !is_one {
            EXACT
        } else {
            LEAST
        };
        for way in [Way::Lost, Way::GivenBackTwice] {
            let series = series(study, name, way);
            let gained = match series.as_slice() {
                [first, .., last] => last.level - first.level,
                _ => 0.0,
            };
            let judged = judge(&series, 0.0);
            let grows = judged.trend == Trend::Steady
                && judged.intervals >= INTERVALS
                && gained >= least
                && last.at - first.at >= crate::suspects::SECONDS;
            if !grows
                || is_brought(&first.references, name, *end, gained)
                || is_hidden(&first.references, &last.references, gained)
                || is_told(name, known)
            {
                continue;
            }
            found.push((gained, tell(study, name, *end, way, judged, &series)));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    found.truncate(FINDINGS);
    found.into_iter().map(|(_, finding)| finding).collect()
}

fn series(study: &Study<'_>, name: &str, way: Way) -> Vec<Reading> {
    let taken = study.taken.iter().skip(study.from);
    taken
        .map(|taken| {
            let sum = taken
                .references
                .by_type
                .get(name)
                .copied()
                .unwrap_or_default();
            Reading {
                at: taken.at,
                level: match way {
                    Way::Lost => sum.more as f64,
                    Way::GivenBackTwice => sum.fewer as f64,
                },
            }
        })
        .collect()
}

/// Whether there are as many more objects: each may have come with a reference of C code's.
fn is_brought(first: &References, name: &str, end: Unexplained, gained: f64) -> bool {
    let before = first.by_type.get(name).map_or(0, |sum| sum.objects);
    end.objects.saturating_sub(before) as f64 >= BROUGHT * gained
}

/// Whether objects that do not show what they refer to have become more by about as many.
fn is_hidden(first: &References, last: &References, gained: f64) -> bool {
    let more: u64 = last
        .opaque
        .iter()
        .map(|(name, &now)| now.saturating_sub(first.opaque.get(name).copied().unwrap_or(0)))
        .sum();
    more as f64 >= HIDDEN * gained
}

/// Whether a leak of objects of this type was told: their references come with them.
fn is_told(name: &str, known: &[Finding]) -> bool {
    known.iter().any(|finding| {
        finding.severity == Severity::Leak
            && finding
                .filled_with
                .iter()
                .any(|filling| filling.type_name == name)
    })
}

fn tell(
    study: &Study<'_>,
    name: &str,
    end: Unexplained,
    way: Way,
    judged: Judgement,
    series: &[Reading],
) -> Finding {
    let short = short_name(name);
    let gained = series.last().map_or(0.0, |last| last.level) - series[0].level;
    let seconds = series.last().map_or(0.0, |last| last.at) - series[0].at;
    let pace = study.pace();
    let (references, unit) = pace.rate_of(judged.slope, "reference", "references");
    let loser = losers::of(study, name);
    let function = loser.as_ref().and_then(Loser::function);
    let likely = function.map_or_else(|| likely(study, name), |one| vec![one].into());
    let by = loser.as_ref().map_or_else(
        || sentence(&likely),
        |loser| {
            let verb = match way {
                Way::Lost => "loses them",
                Way::GivenBackTwice => "gives them back",
            };
            let others = loser
                .function()
                .map_or_else(|| sentence(&likely), |_| String::new());
            format!("{}{others}", loser.sentence(verb))
        },
    );
    let class = end.most.and_then(|node| class_name(study, node));
    let to = match &class {
        Some(class) => format!("the class {class}"),
        None => format!("{short} objects"),
    };
    let (title, what) = match way {
        Way::Lost => (
            format!("references to {to} are lost in C"),
            format!(
                "{references} {unit} to {to} {} taken and never given back, and no Python \
                 object or frame holds them: {} in {}.",
                is_or_are(&references),
                count(gained as i64),
                study.pace().span(seconds)
            ),
        ),
        Way::GivenBackTwice => (
            format!("references to {to} are given back twice in C"),
            format!(
                "{references} {unit} to {to} {} given back though somebody still holds \
                 them: {} in {}. When the count reaches zero the object is freed while it is in use, \
                 and the program crashes.",
                is_or_are(&references),
                count(gained as i64),
                study.pace().span(seconds)
            ),
        ),
    };
    let rule = match way {
        Way::Lost if class.is_some() => "missing_class_decref",
        Way::Lost => "missing_decref",
        Way::GivenBackTwice => "missing_incref",
    };
    Finding {
        id: fingerprint(Kind::Refcount, name, &[rule]),
        severity: if judged.confidence >= SURE
            && !(way == Way::Lost && stays(study, short, end.most))
        {
            Severity::Leak
        } else {
            Severity::Warning
        },
        kind: Kind::Refcount,
        title,
        summary: format!("{what}{by}"),
        growth: gains::in_number(&judged, gained, series),
        held_by: held_by(study, end.most),
        allocated_at: loser.map(|loser| loser.place).into_iter().collect(),
        advice: advice::refcount(rule, short, &likely),
        ..Finding::default()
    }
}

/// The full name of the class that an object is, if it is one.
fn class_name(study: &Study<'_>, node: NodeIndex) -> Option<String> {
    let latest = study.latest.as_ref()?;
    let heap = &latest.heap;
    if !heap.is_class(node) {
        return None;
    }
    let of_instances = heap.class_info(node).map(full_name);
    of_instances.or_else(|| held_by(study, Some(node)).map(|held| held.path))
}

/// Whether what the references are to is there for the whole of the run: objects of a type of [`STAY`], and classes,
/// whatever their metaclass.
fn stays(study: &Study<'_>, short: &str, most: Option<NodeIndex>) -> bool {
    let is_class = |node| {
        let latest = study.latest.as_ref();
        latest.is_some_and(|latest| latest.heap.is_class(node))
    };
    STAY.contains(&short) || most.is_some_and(is_class)
}

/// Where the object with most of the references is, for it is still in use.
fn held_by(study: &Study<'_>, node: Option<NodeIndex>) -> Option<HeldBy> {
    let latest = study.latest.as_ref()?;
    let node = node?;
    let shape = *latest.survey.shape_of.get(node as usize)?;
    let chain = Chain {
        heap: &latest.heap,
        survey: &latest.survey,
        forest: &study.forest,
    };
    Some(chain.held_by(node, &[], shape))
}

/// The extensions that may lose references to a type: its own, else all that are loaded.
fn likely(study: &Study<'_>, type_name: &str) -> Suspected {
    let Some(latest) = &study.latest else {
        return Suspected::default();
    };
    let extensions = Extensions::new(&latest.heap, &study.ownership);
    match extensions.of_type(type_name) {
        Some(own) => vec![own].into(),
        None => extensions.loaded(),
    }
}

/// Names the likely owners: ` Likely by references (references.so).`
#[must_use]
pub fn sentence(likely: &Suspected) -> String {
    const NAMED: usize = 3;
    let all = &likely.extensions;
    let names: Vec<String> = all.iter().take(NAMED).map(Extension::named).collect();
    let more = match all.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more extensions"),
    };
    let listed = format!("{}{more}", names.join(", "));
    match (names.as_slice(), likely.only_loaded) {
        ([], _) => String::new(),
        (_, true) => format!(
            " By which C code is not known; beside Python's own, {listed} {} loaded.",
            if all.len() == 1 { "is" } else { "are" }
        ),
        ([one], false) => format!(" Likely by {one}."),
        (_, false) => format!(" Likely by one of {listed}."),
    }
}
