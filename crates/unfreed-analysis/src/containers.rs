//! Growing holders told as findings: who grows, what it gains, who holds it, where that was made.

use crate::advice::{self, Subject};
use crate::caches::{Bound, bound, wrapper_above};
use crate::extensions::{Extensions, Suspected};
use crate::findings::{Advice, AllocatedAt, Filling, Finding, Growth, HeldBy, Kind, Severity};
use crate::fingerprint::fingerprint;
use crate::gains;
use crate::growth::{Candidate, gained};
use crate::heap::short_name;
use crate::losers::{self, Loser};
use crate::paths::{Chain, stable_text, subject, wrapper_of};
use crate::refcounts;
use crate::representative::representative;
use crate::roots::Flavour;
use crate::shapes::{ShapeId, TOP};
use crate::sites::{allocated_at, gained_samples, likely_line};
use crate::study::{Latest, Study};
use crate::subject::tell_subject;
use crate::survey::ShapedSample;
use crate::suspects::Suspect;
use crate::trend::slope;
use crate::wording::count;

/// Confidence from which growth is called a leak.
const SURE: f64 = 0.6;
/// Caches of Python's own that are emptied when they are full, in one version or another.
const BOUNDED: [&str; 4] = [
    "re._cache",
    "re._cache2",
    "urllib.parse._parse_cache",
    "_strptime._regex_cache",
];
/// Containers of weak references to what they seem to hold.
const WEAK: [&str; 2] = ["WeakSet", "WeakValueDictionary"];
/// Most types that a finding lists.
const FILLINGS: usize = 8;
/// Most others that a sentence names.
const MANY_HOLDERS: usize = 3;

/// Tells a suspect. `whole` is the growth of the process in bytes, for shares.
#[must_use]
pub fn finding(study: &Study<'_>, suspect: &Suspect<'_>, whole: f64) -> Option<Finding> {
    let latest = study.latest.as_ref()?;
    Some(Told::new(study, latest, suspect).finding(whole))
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
    fn new(study: &'t Study<'a>, latest: &'t Latest<'a>, suspect: &'t Suspect<'t>) -> Self {
        let first = &suspect.first;
        let samples = samples(study, suspect);
        let mut allocated_at = allocated_at(study.source, &study.ownership, samples.iter());
        if allocated_at.is_empty() {
            allocated_at.extend(likely_line(study, first.bytes_gained() as f64));
        }
        let fillings = fillings(study, &suspect.members);
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
            .filter(|_| wrapper_of(&study.forest, first.shape).is_some())
            .map(|wrapper| bound(&latest.heap, wrapper));
        let subject = tell_subject(study, suspect, &fillings, cache);
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
            // It holds nothing: it grows with what somebody else keeps.
            _ if self.is_weak() => Severity::Warning,
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
            advice: match kind {
                Kind::Cache => Advice::default(),
                Kind::Refcount => advice::refcount(
                    "missing_decref",
                    self.subject.element_short(),
                    &self.likely(),
                ),
                _ => advice::container(&self.subject),
            },
            growth,
            held_by: self.held_by,
            filled_with: self.fillings,
            allocated_at: self.allocated_at,
            ..Finding::default()
        }
    }

    fn kind(&self) -> Kind {
        match self.subject.cache {
            Some(Bound::Bounded(_)) => Kind::Cache,
            _ if BOUNDED.contains(&self.subject.name.as_str()) => Kind::Cache,
            _ if self.subject.backlog => Kind::Backlog,
            _ if self.first.rootless && self.subject.flavour == Flavour::Native => Kind::Refcount,
            _ => Kind::Container,
        }
    }

    fn is_weak(&self) -> bool {
        let mut types = self.subject.path.iter().map(|holder| &holder.type_name);
        types.any(|name| WEAK.contains(&short_name(name)))
    }

    fn growth(&self, whole: f64) -> Growth {
        let levels = &self.study.levels;
        let own = |bytes: u64| bytes as f64 * self.suspect.own_part;
        let sum: Vec<u64> = (0..levels.len())
            .map(|at| {
                let bytes = self
                    .suspect
                    .members
                    .iter()
                    .filter_map(|holder| holder.bytes.get(at));
                bytes.fold(0, |sum: u64, &bytes| sum.saturating_add(bytes))
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
            share: gains::share(bytes, whole),
            series: series
                .map(|(&at, (&count, &bytes))| (at, count, own(bytes) as u64))
                .collect(),
            ..gains::shape(judged)
        }
    }

    fn title(&self, kind: Kind) -> String {
        let name = &self.subject.name;
        let element = self.subject.element_short();
        match (kind, self.subject.flavour) {
            (Kind::Backlog, _) => format!("queue {name} fills faster than it drains"),
            (Kind::Cache, _) => format!("{name} fills up to its bound"),
            (Kind::Refcount, _) => format!("{element} objects that only C code holds"),
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
                self.study.pace().byte_rate(growth.bytes_per_second)
            )
        };
        if kind == Kind::Refcount {
            let by = self.loser().map(|loser| loser.sentence("loses them"));
            text.push_str(&by.unwrap_or_else(|| refcounts::sentence(&self.likely())));
        }
        text.push_str(&self.others());
        text
    }

    /// Who lost them, or what they came with: a lost object takes its own along.
    fn loser(&self) -> Option<Loser> {
        let types = self.fillings.iter().map(|filling| &filling.type_name);
        let mut types = std::iter::once(&self.subject.element).chain(types);
        types.find_map(|name| losers::of(self.study, name))
    }

    /// The function that lost them, else the extensions that may have: that of their type, else those that the lines which
    /// made them use, else all.
    fn likely(&self) -> Suspected {
        if let Some(function) = self.loser().and_then(|loser| loser.function()) {
            return vec![function].into();
        }
        let Some(latest) = &self.study.latest else {
            return Suspected::default();
        };
        let extensions = Extensions::new(&latest.heap, &self.study.ownership);
        if let Some(own) = extensions.of_type(&self.subject.element) {
            return vec![own].into();
        }
        let stacks = self.allocated_at.iter().map(|at| at.stack.as_slice());
        if let Some(maker) = extensions.in_stacks(stacks) {
            return vec![maker].into();
        }
        let files = self.allocated_at.iter().map(|at| at.frame.file.as_str());
        let used = files
            .map(|file| extensions.used_by(file))
            .find(|used| !used.is_empty());
        used.map_or_else(|| extensions.loaded(), Suspected::from)
    }

    fn gains(&self, kind: Kind, growth: &Growth) -> String {
        let name = &self.subject.name;
        let (number, unit) = self.study.pace().rate(growth.objects_per_second);
        let one = number == "1";
        let what = match self.subject.element_short() {
            _ if self.subject.keys_only => if one { "key" } else { "keys" }.to_owned(),
            "object" | "…" | "NoneType" => if one { "entry" } else { "entries" }.to_owned(),
            element => format!("{element} object{}", if one { "" } else { "s" }),
        };
        let (from, to) = self.ends();
        let (first, last) = (count(from.1), count(to.1));
        let time = self.study.pace().span(to.0 - from.0);
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
            (Kind::Refcount, _) => format!(
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

    /// The others that hold the same objects, and those that grow because of this.
    fn others(&self) -> String {
        let mut text = String::new();
        let names = |shapes: &[ShapeId]| {
            let mut names: Vec<String> = Vec::new();
            for &shape in shapes {
                let name = subject(&self.study.forest, shape);
                if name != self.subject.name && !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        };
        let same = names(&self.suspect.same);
        if let Some(listed) = listed(&same) {
            let verb = if same.len() == 1 { "holds" } else { "hold" };
            text.push_str(&format!(" {listed} {verb} the same objects."));
        }
        let companions = names(&self.suspect.companions);
        if let Some(listed) = listed(&companions) {
            let verb = if companions.len() == 1 {
                "grows"
            } else {
                "grow"
            };
            text.push_str(&format!(" {listed} {verb} with it."));
        }
        text
    }
}

/// `A`, `A and B`, `A, B and 3 more`.
fn listed(names: &[String]) -> Option<String> {
    let mut shown: Vec<String> = names.iter().take(MANY_HOLDERS).cloned().collect();
    if names.len() > MANY_HOLDERS {
        shown.push(format!("{} more", names.len() - MANY_HOLDERS));
    }
    let last = shown.pop()?;
    Some(if shown.is_empty() {
        last
    } else {
        format!("{} and {last}", shown.join(", "))
    })
}

/// Sampled objects that a leak gained. What frames hold was there when the frame was kept, and comes from all over the
/// program: it is left out where something else was sampled, the exception say that keeps its traceback.
pub(crate) fn samples(study: &Study<'_>, suspect: &Suspect<'_>) -> Vec<ShapedSample> {
    let shapes: Vec<ShapeId> = suspect.members.iter().map(|holder| holder.shape).collect();
    let since = study.taken.get(suspect.first.first);
    let since = since.map_or_else(Default::default, |taken| taken.epoch);
    let owner = |shape: ShapeId| {
        study
            .growth
            .owner
            .get(shape as usize)
            .copied()
            .unwrap_or(TOP)
    };
    let gained = gained_samples(study, since, |sample| shapes.contains(&owner(sample.shape)));
    let (of_frames, others): (Vec<ShapedSample>, Vec<ShapedSample>) = gained
        .into_iter()
        .partition(|sample| is_of_a_frame(study, sample.shape, &shapes));
    if others.is_empty() { of_frames } else { others }
}

/// Whether the way from the holders to a shape leads through a frame, or ends in one.
fn is_of_a_frame(study: &Study<'_>, shape: ShapeId, holders: &[ShapeId]) -> bool {
    let mut at = shape;
    while at != TOP && !holders.contains(&at) {
        let one = study.forest.shapes.get(at);
        if matches!(
            study.forest.names.text(one.type_name),
            "frame" | "traceback"
        ) {
            return true;
        }
        at = one.parent;
    }
    false
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
