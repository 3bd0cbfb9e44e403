//! Where growth enters: the shapes whose objects stay as many as they were while what hangs below
//! them becomes more.
//!
//! From the roots down, growth is followed through shapes that do not multiply (a module, its STORE)
//! and stops where the next step does (the STORE's values): the last shape that does not multiply is
//! the one to name. Many small containers that each stay small multiply with their owner, so the
//! owner is named; a hundred containers that each grow do not multiply, so they are.

use crate::findings::Trend;
use crate::levels::Levels;
use crate::roots::Flavour;
use crate::shapes::{ShapeId, Step, TOP};
use crate::survey::Forest;
use crate::trend::{Judgement, judge};

/// Part of a shape's gain that more objects (at today's mean size) have to explain for the shape to
/// be one that multiplies.
const BY_COUNT: f64 = 0.5;
/// A holder's elements are what is counted if they gain this part of what its children do.
const ELEMENTS: f64 = 0.3;

/// A shape that growth enters.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The holder.
    pub shape: ShapeId,
    /// Whether the shape is a root that multiplies itself: nothing above it holds the objects.
    pub rootless: bool,
    /// The first snapshot that is judged.
    pub first: usize,
    /// Bytes of the holder and what entered, by snapshot.
    pub bytes: Vec<u64>,
    /// Elements or objects that entered, by snapshot.
    pub count: Vec<u64>,
    /// Shapes by which it enters, most gained bytes first.
    pub entering: Vec<ShapeId>,
    /// Whether there are more objects, and not only larger ones.
    pub by_count: bool,
    /// The shape of its growth.
    pub judgement: Judgement,
}

impl Candidate {
    /// Bytes gained over the judged snapshots.
    #[must_use]
    pub fn bytes_gained(&self) -> i64 {
        gained(&self.bytes, self.first)
    }

    /// Elements or objects gained over the judged snapshots.
    #[must_use]
    pub fn count_gained(&self) -> i64 {
        gained(&self.count, self.first)
    }
}

/// Last level less the level at `first`.
#[must_use]
pub fn gained(series: &[u64], first: usize) -> i64 {
    let level = |value: Option<&u64>| value.map_or(0, |&v| i64::try_from(v).unwrap_or(i64::MAX));
    level(series.last()) - level(series.get(first))
}

/// All shapes that growth enters, and which of them each shape's growth belongs to.
#[derive(Debug, Default)]
pub struct Growth {
    /// Candidates with any gain, by shape.
    pub candidates: Vec<Candidate>,
    /// For each shape, the shape of the candidate that it counts for.
    pub owner: Vec<ShapeId>,
}

/// Finds where growth entered between the snapshot `from` and the last.
#[must_use]
pub fn find(levels: &Levels, forest: &Forest, from: usize) -> Growth {
    if levels.is_empty() {
        return Growth::default();
    }
    let search = Search {
        levels,
        forest,
        from,
    };
    let owner = search.owners();
    let mut sums = search.sums(&owner);
    let entering = search.entering(&owner);
    let mut candidates = Vec::new();
    for (shape, entering) in entering.into_iter().enumerate().skip(1) {
        let shape = shape as ShapeId;
        if owner[shape as usize] == shape && !search.is_unfreed(shape) {
            let bytes = std::mem::take(&mut sums[shape as usize]);
            candidates.extend(search.candidate(shape, bytes, entering));
        }
    }
    Growth { candidates, owner }
}

struct Search<'s> {
    levels: &'s Levels,
    forest: &'s Forest,
    from: usize,
}

impl Search<'_> {
    fn last(&self) -> usize {
        self.levels.len() - 1
    }

    /// Each shape's candidate: itself unless it multiplies or hangs below one that does.
    fn owners(&self) -> Vec<ShapeId> {
        let shapes = &self.forest.shapes;
        let mut owner = vec![TOP; shapes.len()];
        for id in 1..shapes.len() as ShapeId {
            let parent = shapes.get(id).parent;
            let above = owner[parent as usize];
            let parent_multiplies = above != parent;
            owner[id as usize] = if parent == TOP {
                self.root_owner(id)
            } else if parent_multiplies || self.multiplies(id) {
                above
            } else {
                id
            };
        }
        owner
    }

    /// Frames and thread states that multiply are threads that multiply: judged as such.
    fn root_owner(&self, root: ShapeId) -> ShapeId {
        let threads = matches!(self.flavour(root), Some(Flavour::Frame | Flavour::Thread));
        if threads && self.multiplies(root) && self.many_more(root) {
            TOP
        } else {
            root
        }
    }

    /// A second frame of a name may come and go without threads being lost.
    fn many_more(&self, root: ShapeId) -> bool {
        let objects = |at| self.levels.tally(at, root).objects;
        let before = self.levels.born(root, self.from).map_or(0, objects);
        objects(self.last()) >= 2 * before + 2
    }

    fn flavour(&self, root: ShapeId) -> Option<Flavour> {
        self.forest.roots.get(&root).map(|name| name.flavour)
    }

    fn is_unfreed(&self, shape: ShapeId) -> bool {
        self.flavour(self.forest.shapes.root_of(shape)) == Some(Flavour::Unfreed)
    }

    fn multiplies(&self, shape: ShapeId) -> bool {
        let Some(first) = self.levels.born(shape, self.from) else {
            return false;
        };
        let (before, after) = (
            self.levels.tally(first, shape).objects,
            self.levels.tally(self.last(), shape).objects,
        );
        let (bytes_before, bytes_after) = (
            self.levels.below(first, shape),
            self.levels.below(self.last(), shape),
        );
        if after <= before || bytes_after <= bytes_before {
            return false;
        }
        let mean = bytes_after as f64 / after as f64;
        mean * (after - before) as f64 >= BY_COUNT * (bytes_after - bytes_before) as f64
    }

    /// Bytes that count for each candidate, by snapshot. A shape born after the start that grows on
    /// its own counts for its holder with what it was born with: many such births are growth too.
    fn sums(&self, owner: &[ShapeId]) -> Vec<Vec<u64>> {
        let shapes = &self.forest.shapes;
        let mut sums = vec![Vec::new(); shapes.len()];
        for id in 1..shapes.len() as ShapeId {
            let to = owner[id as usize];
            if to == TOP {
                continue;
            }
            self.add(&mut sums[to as usize], |at| self.levels.tally(at, id).bytes);
            let parent = shapes.get(id).parent;
            if to == id && parent != TOP {
                self.add_birth(&mut sums[parent as usize], id);
            }
        }
        sums
    }

    fn add_birth(&self, sum: &mut Vec<u64>, shape: ShapeId) {
        let Some(born) = self
            .levels
            .born(shape, self.from)
            .filter(|&born| born > self.from)
        else {
            return;
        };
        let birth = self.levels.below(born, shape);
        self.add(sum, |at| {
            if at < born {
                0
            } else {
                self.levels.below(at, shape).min(birth)
            }
        });
    }

    fn add(&self, sum: &mut Vec<u64>, level: impl Fn(usize) -> u64) {
        sum.resize(self.levels.len(), 0);
        for (at, slot) in sum.iter_mut().enumerate() {
            *slot = slot.saturating_add(level(at));
        }
    }

    /// The children by which growth enters each candidate, most gained bytes first.
    fn entering(&self, owner: &[ShapeId]) -> Vec<Vec<ShapeId>> {
        let shapes = &self.forest.shapes;
        let mut entering = vec![Vec::new(); shapes.len()];
        for id in 1..shapes.len() as ShapeId {
            let parent = shapes.get(id).parent;
            let comes_in = owner[id as usize] != id || self.is_born_later(id);
            if parent != TOP && comes_in && owner[parent as usize] == parent {
                entering[parent as usize].push(id);
            }
        }
        for children in &mut entering {
            children.sort_by_key(|&id| (std::cmp::Reverse(self.gain_below(id)), id));
        }
        entering
    }

    fn is_born_later(&self, shape: ShapeId) -> bool {
        self.levels
            .born(shape, self.from)
            .is_some_and(|born| born > self.from)
    }

    fn gain_below(&self, shape: ShapeId) -> i64 {
        let level = |at| i64::try_from(self.levels.below(at, shape)).unwrap_or(i64::MAX);
        level(self.last()) - level(self.from)
    }

    fn candidate(
        &self,
        shape: ShapeId,
        bytes: Vec<u64>,
        entering: Vec<ShapeId>,
    ) -> Option<Candidate> {
        let first = self.levels.born(shape, self.from)?;
        let root = self.forest.shapes.get(shape).parent == TOP;
        let rootless = root
            && matches!(self.flavour(shape), Some(Flavour::Native | Flavour::Class))
            && self.multiplies(shape);
        let count = self.count(shape, &entering, first, rootless);
        let by_count = gained(&count, first) > 0;
        let mut candidate = Candidate {
            shape,
            rootless,
            first,
            bytes,
            count,
            entering,
            by_count,
            judgement: Judgement::default(),
        };
        if candidate.bytes_gained() <= 0 && candidate.count_gained() <= 0 {
            return None;
        }
        candidate.judgement = self.judge(&candidate);
        Some(candidate)
    }

    /// What is counted: the holder's elements, or the objects of the child that gains most where
    /// they come without elements (a chain of links).
    fn count(
        &self,
        shape: ShapeId,
        entering: &[ShapeId],
        first: usize,
        rootless: bool,
    ) -> Vec<u64> {
        let series = |level: &dyn Fn(usize) -> u64| (0..self.levels.len()).map(level).collect();
        let objects = |id: ShapeId| -> Vec<u64> { series(&|at| self.levels.tally(at, id).objects) };
        if rootless {
            return objects(shape);
        }
        let elements: Vec<u64> = series(&|at| self.levels.tally(at, shape).elements);
        let child = entering
            .iter()
            .find(|&&id| self.forest.shapes.get(id).step != Step::KeyObject);
        let Some(child) = child.map(|&id| objects(id)) else {
            return elements;
        };
        let (by_elements, by_child) = (gained(&elements, first), gained(&child, first));
        if by_elements as f64 >= ELEMENTS * by_child as f64 {
            elements
        } else {
            child
        }
    }

    /// Counts have no noise: where there are more objects their number is judged, with a veto for
    /// bytes that come free again. Where there are not, the bytes are.
    fn judge(&self, candidate: &Candidate) -> Judgement {
        let bytes = judge(
            &self.levels.readings(&candidate.bytes, candidate.first),
            0.0,
        );
        if !candidate.by_count {
            return bytes;
        }
        let count = judge(
            &self.levels.readings(&candidate.count, candidate.first),
            0.0,
        );
        let freed = matches!(bytes.trend, Trend::SawTooth | Trend::Falling);
        if count.trend == Trend::Steady && freed {
            return Judgement {
                trend: Trend::SawTooth,
                ..count
            };
        }
        // Few objects more beside much more memory: the memory is the story.
        let larger = bytes.trend == Trend::Steady && count.trend != Trend::Steady;
        if larger && count.trend != Trend::SawTooth && self.mostly_larger(candidate) {
            return bytes;
        }
        count
    }

    fn mostly_larger(&self, candidate: &Candidate) -> bool {
        let first = candidate.count.get(candidate.first).copied().unwrap_or(0);
        candidate.count_gained() * 10 < i64::try_from(first).unwrap_or(i64::MAX)
    }
}
