//! Holders that grew and stopped, said so that nobody chases them: caches at their bound, and single
//! large loads.

use crate::findings::{Finding, Growth, Kind, Severity, Trend};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::growth::Candidate;
use crate::heap::short_name;
use crate::ownership::Owner;
use crate::paths::{Chain, stable_text, subject, wrapper_of};
use crate::representative::representative;
use crate::roots::Flavour;
use crate::study::{Latest, Study};
use crate::wording::{bytes, count};

/// Notes about holders that grew and stopped: caches at their bound, and single large loads.
#[must_use]
pub fn notes(study: &Study<'_>, known: &[Finding]) -> Vec<Finding> {
    let Some(latest) = &study.latest else {
        return Vec::new();
    };
    let all = crate::growth::find(&study.levels, &study.forest, 0);
    let mut stopped: Vec<&Candidate> = all
        .candidates
        .iter()
        .filter(|candidate| is_note(study, candidate))
        .collect();
    stopped.sort_by_key(|candidate| (std::cmp::Reverse(candidate.bytes_gained()), candidate.shape));
    let mut notes: Vec<Finding> = Vec::new();
    for candidate in stopped {
        let note = note(study, latest, candidate);
        let told = known
            .iter()
            .chain(&notes)
            .any(|other| other.title == note.title);
        let alike = notes.iter().filter(|other| other.kind == note.kind).count();
        if !told && alike < NOTES {
            notes.push(note);
        }
    }
    notes
}

/// Types that people fill; names of a module or attributes of an object are not worth a note.
const CONTAINERS: [&str; 7] = [
    "dict",
    "list",
    "set",
    "deque",
    "OrderedDict",
    "defaultdict",
    "Counter",
];

/// Most notes of a kind.
const NOTES: usize = 3;
/// What a cache and a load have to weigh to be noted.
const NOTED: (i64, i64) = (64 << 10, 1 << 20);

fn is_note(study: &Study<'_>, candidate: &Candidate) -> bool {
    let root = study.forest.shapes.root_of(candidate.shape);
    let module = study.forest.roots.get(&root).is_some_and(|root| {
        matches!(root.flavour, Flavour::Module | Flavour::Frame)
            && matches!(root.owner, Owner::Own | Owner::ThirdParty)
    });
    let least = match candidate.judgement.trend {
        Trend::Plateau if candidate.by_count => NOTED.0,
        Trend::Step => NOTED.1,
        _ => return false,
    };
    let shape = study.forest.shapes.get(candidate.shape);
    let container = CONTAINERS.contains(&short_name(study.forest.names.text(shape.type_name)));
    // A cache is told by its table, which counts entries, and is a small part of what it holds.
    let inside = wrapper_of(&study.forest, candidate.shape).is_some();
    let table = study.forest.names.text(shape.type_name) == "dict";
    let least = if inside { least / 8 } else { least };
    let gained = candidate.bytes_gained() >= least && !candidate.entering.is_empty();
    module && container && gained && (table || !inside)
}

fn note(study: &Study<'_>, latest: &Latest<'_>, candidate: &Candidate) -> Finding {
    let name = subject(&study.forest, candidate.shape);
    let gain = candidate.bytes_gained();
    let last = candidate.count.last().copied().unwrap_or(0);
    let kind = if candidate.judgement.trend == Trend::Plateau {
        Kind::Cache
    } else {
        Kind::WarmUp
    };
    let size = bytes(gain as f64);
    let (title, summary) = match kind {
        Kind::Cache => (
            format!("{name} grew to {} entries and stopped", count(last as i64)),
            format!(
                "{name} grew to {} entries ({size}) and stopped.",
                count(last as i64)
            ),
        ),
        _ => (
            format!("one-off load of {name}"),
            format!("{name} was filled once ({size}) and did not grow since."),
        ),
    };
    let picked = representative(latest, study, candidate);
    let chain = Chain {
        heap: &latest.heap,
        survey: &latest.survey,
        forest: &study.forest,
    };
    let times = study.levels.times().iter();
    Finding {
        id: fingerprint(kind, &stable_text(&study.forest, candidate.shape), &[]),
        severity: Severity::Note,
        kind,
        title,
        summary,
        growth: Growth {
            bytes: gain,
            objects: candidate.count_gained(),
            series: times
                .zip(candidate.count.iter().zip(&candidate.bytes))
                .map(|(&at, (&count, &bytes))| (at, count, bytes))
                .collect(),
            ..gains::shape(&candidate.judgement)
        },
        held_by: picked.map(|(node, on)| chain.held_by(node, &on, candidate.shape)),
        filled_with: Vec::new(),
        ..Finding::default()
    }
}
