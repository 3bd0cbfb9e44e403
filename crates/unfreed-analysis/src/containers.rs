//! Growing holders told as findings: who grows, what it gains, who holds it, where that was made.

use crate::advice::{self, Holder, Subject};
use crate::caches::{Bound, bound, wrapper_above};
use crate::findings::{AllocatedAt, Filling, Finding, Growth, HeldBy, Kind, Severity};
use crate::fingerprint::fingerprint;
use crate::growth::{Candidate, gained};
use crate::heap::short_name;
use crate::paths::{Chain, is_queue, stable_text, subject};
use crate::representative::representative;
use crate::roots::Flavour;
use crate::shapes::{ShapeId, Step, TOP};
use crate::sites::{allocated_at, gained_samples};
use crate::study::{Latest, Study};
use crate::suspects::Suspect;
use crate::trend::slope;
use crate::wording::{byte_rate, count, duration, rate};

/// Confidence from which growth is called a leak.
const SURE: f64 = 0.6;
/// Most types that a finding lists.
const FILLINGS: usize = 8;
/// Part of what is allocated that has to be freed again for a deque to be a queue with consumers.
const CONSUMED: f64 = 0.2;
const MANY_HOLDERS: usize = 3;

/// Tells a suspect. `whole` is the growth of the process in bytes, for shares.
#[must_use]
pub fn finding(study: &Study<'_>, suspect: &Suspect<'_>, whole: f64) -> Option<Finding> {
    let latest = study.latest.as_ref()?;
    let first = *suspect.holders.first()?;
    let told = Told::new(study, latest, suspect, first);
    Some(told.finding(whole))
}

struct Told<'t, 'a> {
    study: &'t Study<'a>,
    suspect: &'t Suspect<'t>,
    first: &'t Candidate,
    subject: Subject,
    fillings: Vec<Filling>,
    allocated_at: Vec<AllocatedAt>,
    held_by: Option<HeldBy>,
}

impl<'t, 'a> Told<'t, 'a> {
    fn new(
        study: &'t Study<'a>,
        latest: &'t Latest<'a>,
        suspect: &'t Suspect<'t>,
        first: &'t Candidate,
    ) -> Self {
        let shapes: Vec<ShapeId> = suspect.holders.iter().map(|holder| holder.shape).collect();
        let since = study
            .taken
            .get(first.first)
            .map_or_else(Default::default, |taken| taken.epoch);
        let owner = |shape: ShapeId| {
            study
                .growth
                .owner
                .get(shape as usize)
                .copied()
                .unwrap_or(TOP)
        };
        let samples = gained_samples(study, since, |sample| shapes.contains(&owner(sample.shape)));
        let allocated_at = allocated_at(study.source, &study.ownership, samples.iter());
        let fillings = fillings(study, &suspect.holders);
        let picked = representative(latest, study, first);
        let chain = Chain {
            heap: &latest.heap,
            survey: &latest.survey,
            forest: &study.forest,
        };
        let held_by = picked
            .as_ref()
            .map(|(node, on)| chain.held_by(*node, on, first.shape));
        let cache = picked
            .and_then(|(node, _)| wrapper_above(&latest.heap, &latest.survey.paths, node))
            .filter(|_| passes_wrapper(study, first.shape))
            .map(|wrapper| bound(&latest.heap, wrapper));
        let subject = tell_subject(study, first, &fillings, cache, &allocated_at);
        Self {
            study,
            suspect,
            first,
            subject,
            fillings,
            allocated_at,
            held_by,
        }
    }

    fn finding(self, whole: f64) -> Finding {
        let kind = self.kind();
        let growth = self.growth(whole);
        let severity = match kind {
            Kind::Cache => Severity::Note,
            _ if growth.confidence >= SURE => Severity::Leak,
            _ => Severity::Warning,
        };
        let path = stable_text(&self.study.forest, self.first.shape);
        Finding {
            id: fingerprint(kind, &path, &[self.subject.element.as_str()]),
            severity,
            kind,
            title: self.title(kind),
            summary: self.summary(kind, &growth),
            advice: if kind == Kind::Cache {
                Default::default()
            } else {
                advice::container(&self.subject)
            },
            growth,
            held_by: self.held_by,
            filled_with: self.fillings,
            allocated_at: self.allocated_at,
        }
    }

    fn kind(&self) -> Kind {
        match self.subject.cache {
            Some(Bound::Bounded(_)) => Kind::Cache,
            _ if self.subject.backlog => Kind::Backlog,
            _ => Kind::Container,
        }
    }

    fn growth(&self, whole: f64) -> Growth {
        let levels = &self.study.levels;
        let own = |bytes: u64| bytes as f64 * self.suspect.own_part;
        let sum: Vec<u64> = (0..levels.len())
            .map(|at| {
                self.suspect
                    .holders
                    .iter()
                    .filter_map(|holder| holder.bytes.get(at))
                    .fold(0, |sum: u64, &bytes| sum.saturating_add(bytes))
            })
            .collect();
        let bytes = gained(&sum, self.first.first) as f64 * self.suspect.own_part;
        let judged = &self.first.judgement;
        let series = levels.times().iter().zip(self.first.count.iter().zip(&sum));
        let counted = levels.readings(&self.first.count, self.first.first);
        let objects = if self.first.by_count {
            self.first.count_gained()
        } else {
            0
        };
        Growth {
            bytes: bytes as i64,
            bytes_per_second: slope(&levels.readings(&sum, self.first.first))
                * self.suspect.own_part,
            objects,
            objects_per_second: if objects == 0 { 0.0 } else { slope(&counted) },
            share: if whole > 0.0 {
                (bytes / whole).clamp(0.0, 1.0)
            } else {
                0.0
            },
            trend: judged.trend,
            intervals_grown: judged.grown,
            intervals: judged.intervals,
            confidence: judged.confidence,
            series: series
                .map(|(&at, (&count, &bytes))| (at, count, own(bytes) as u64))
                .collect(),
        }
    }

    fn title(&self, kind: Kind) -> String {
        let name = &self.subject.name;
        let element = self.subject.element_short();
        match (kind, self.subject.flavour) {
            (Kind::Backlog, _) => format!("queue {name} fills faster than it drains"),
            (Kind::Cache, _) => format!("{name} fills up to its bound"),
            (_, Flavour::Native) if self.first.rootless => {
                format!("{element} objects that only C code holds")
            }
            (_, Flavour::Class) if self.first.rootless => {
                format!("classes made and never freed: {name}")
            }
            _ if name.starts_with("functools cache") => format!("unbounded {name}"),
            _ if !self.first.by_count => {
                format!("growing {} {name}", short_name(self.subject.holder()))
            }
            _ => format!("growing container {name}"),
        }
    }

    fn summary(&self, kind: Kind, growth: &Growth) -> String {
        let mut text = if self.first.by_count {
            self.gains(kind, growth)
        } else {
            format!(
                "{} grows by {} and never shrinks.",
                self.subject.name,
                byte_rate(growth.bytes_per_second)
            )
        };
        text.push_str(&self.others());
        text
    }

    fn gains(&self, kind: Kind, growth: &Growth) -> String {
        let name = &self.subject.name;
        let (number, unit) = rate(growth.objects_per_second);
        let one = number == "1";
        let what = match self.subject.element_short() {
            _ if self.subject.keys_only => if one { "key" } else { "keys" }.to_owned(),
            "object" | "…" | "NoneType" => if one { "entry" } else { "entries" }.to_owned(),
            element => format!("{element} object{}", if one { "" } else { "s" }),
        };
        let (from, to) = self.ends();
        let (first, last) = (count(from.1), count(to.1));
        let time = duration(to.0 - from.0);
        match (kind, self.subject.flavour) {
            (Kind::Cache, _) => {
                let bound = match self.subject.cache {
                    Some(Bound::Bounded(Some(bound))) => format!(" of {}", count(bound as i64)),
                    _ => String::new(),
                };
                format!(
                    "{name} holds {last} entries and still fills; it stops at its bound{bound}."
                )
            }
            (Kind::Backlog, _) => format!(
                "{name} gains {number} {what} {unit} more than are taken out: {first} became {last} in {time}."
            ),
            (_, Flavour::Native) if self.first.rootless => format!(
                "{number} {what} {unit} more are alive, and no Python object refers to them: {first} became {last} in {time}."
            ),
            (_, Flavour::Class) if self.first.rootless => format!(
                "{number} classes {unit} named {name} are made and never freed: {first} became {last} in {time}."
            ),
            _ => {
                let never = if self.loses() {
                    "loses few of them"
                } else {
                    "never loses one"
                };
                format!(
                    "{name} gains {number} {what} {unit} and {never}: {first} became {last} in {time}."
                )
            }
        }
    }

    /// Seconds and counts at both ends of the judged window.
    fn ends(&self) -> ((f64, i64), (f64, i64)) {
        let times = self.study.levels.times();
        let at = |index: usize| {
            let level = self.first.count.get(index).copied().unwrap_or(0);
            (
                times.get(index).copied().unwrap_or(0.0),
                i64::try_from(level).unwrap_or(i64::MAX),
            )
        };
        (at(self.first.first), at(times.len().saturating_sub(1)))
    }

    fn loses(&self) -> bool {
        self.first.count[self.first.first.min(self.first.count.len())..]
            .windows(2)
            .any(|pair| pair[1] < pair[0])
    }

    fn others(&self) -> String {
        let name = |holder: &&Candidate| subject(&self.study.forest, holder.shape);
        let others = &self.suspect.holders[1..];
        match others {
            [] => String::new(),
            [one] => format!(" {} holds the same objects.", name(one)),
            _ => {
                let mut names: Vec<String> = others.iter().take(MANY_HOLDERS).map(name).collect();
                if others.len() > MANY_HOLDERS {
                    names.push(format!("{} more", others.len() - MANY_HOLDERS));
                }
                let last = names.pop().unwrap_or_default();
                format!(" {} and {last} hold the same objects.", names.join(", "))
            }
        }
    }
}

/// Types gained by all holders of a leak, most bytes first.
fn fillings(study: &Study<'_>, holders: &[&Candidate]) -> Vec<Filling> {
    let levels = &study.levels;
    let Some(last) = levels.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut by_type: crate::seeded::Map<u32, (i64, i64)> = Default::default();
    for shape in 1..study.forest.shapes.len() as ShapeId {
        let owner = study
            .growth
            .owner
            .get(shape as usize)
            .copied()
            .unwrap_or(TOP);
        let Some(holder) = holders.iter().find(|holder| holder.shape == owner) else {
            continue;
        };
        let (before, after) = (levels.tally(holder.first, shape), levels.tally(last, shape));
        let slot = by_type
            .entry(study.forest.shapes.get(shape).type_name)
            .or_default();
        slot.0 += after.objects as i64 - before.objects as i64;
        slot.1 = slot
            .1
            .saturating_add(after.bytes as i64)
            .saturating_sub(before.bytes as i64);
    }
    let mut fillings: Vec<Filling> = by_type
        .into_iter()
        .filter(|(_, (objects, bytes))| *bytes > 0 && *objects >= 0)
        .map(|(name, (objects, bytes))| Filling {
            type_name: study.forest.names.text(name).to_owned(),
            objects,
            bytes,
        })
        .collect();
    fillings.sort_by(|a, b| {
        b.bytes
            .cmp(&a.bytes)
            .then_with(|| a.type_name.cmp(&b.type_name))
    });
    fillings.truncate(FILLINGS);
    fillings
}

fn passes_wrapper(study: &Study<'_>, shape: ShapeId) -> bool {
    study.forest.shapes.path(shape).iter().any(|&id| {
        let type_name = study.forest.shapes.get(id).type_name;
        study.forest.names.text(type_name) == crate::paths::LRU_WRAPPER
    })
}

fn tell_subject(
    study: &Study<'_>,
    candidate: &Candidate,
    fillings: &[Filling],
    cache: Option<Bound>,
    allocated_at: &[AllocatedAt],
) -> Subject {
    let forest = &study.forest;
    let shapes = forest.shapes.path(candidate.shape);
    let root = shapes.first().and_then(|root| forest.roots.get(root));
    let path: Vec<Holder> = shapes.iter().map(|&id| holder(study, id)).collect();
    let values = candidate
        .entering
        .iter()
        .find(|&&id| forest.shapes.get(id).step != Step::KeyObject);
    let entering = values.or(candidate.entering.first());
    let element = match entering {
        _ if candidate.rootless => holder(study, candidate.shape).type_name,
        Some(&id) => forest
            .names
            .text(forest.shapes.get(id).type_name)
            .to_owned(),
        None => String::new(),
    };
    let backlog = path
        .iter()
        .rev()
        .take(2)
        .any(|holder| is_queue(&holder.type_name))
        || (path
            .last()
            .is_some_and(|holder| holder.type_name == "collections.deque")
            && is_consumed(study, allocated_at));
    Subject {
        name: subject(forest, candidate.shape),
        path,
        flavour: root.map_or(Flavour::Interpreter, |root| root.flavour),
        root: root.map_or_else(String::new, |root| root.prefix.clone()),
        element,
        gained: fillings
            .iter()
            .map(|filling| filling.type_name.clone())
            .collect(),
        by_count: candidate.by_count,
        keys_only: values.is_none() && entering.is_some(),
        backlog,
        cache,
    }
}

fn holder(study: &Study<'_>, id: ShapeId) -> Holder {
    let shape = study.forest.shapes.get(id);
    let names = &study.forest.names;
    let name = match shape.step {
        Step::Attribute(name)
        | Step::Item(name)
        | Step::Local(name)
        | Step::Cell(name)
        | Step::Internal(name) => names.text(name),
        _ => "",
    };
    Holder {
        name: if name == "cell_contents" {
            String::new()
        } else {
            name.to_owned()
        },
        type_name: names.text(shape.type_name).to_owned(),
        local: matches!(shape.step, Step::Local(_)),
        closure: matches!(shape.step, Step::Cell(_)),
    }
}

/// Whether a good part of what the finding's lines allocate is freed again: someone consumes.
fn is_consumed(study: &Study<'_>, allocated_at: &[AllocatedAt]) -> bool {
    let Some(epoch) = study.source.epochs().last() else {
        return false;
    };
    let (mut allocated, mut freed) = (0_u64, 0_u64);
    for site in &epoch.sites {
        let stack = study.source.frames(site.stack);
        if allocated_at.iter().any(|at| at.stack == stack) {
            allocated = allocated.saturating_add(site.allocated_bytes);
            freed = freed.saturating_add(site.freed_bytes);
        }
    }
    allocated > 0 && freed as f64 >= CONSUMED * allocated as f64
}
