//! Path shapes: the tree of masked paths by which objects are reached, kept over all snapshots.
//!
//! The form of BLeak (J. Vilk, E. Berger, "BLeak: automatically debugging memory leaks in web
//! applications", PLDI 2018) that LeakCanary uses: a node of the tree is not an object but the set
//! of objects reached by one path of (reference, type), so snapshots compare without object ids.
//! Repeating patterns fold into their first turn, so a linked list is one node however long it is.

use crate::names::NameId;
use crate::seeded::{Map, Set};

/// Number of a shape. A parent's is always less than its children's.
pub type ShapeId = u32;
/// The shape above all roots.
pub const TOP: ShapeId = 0;
/// Longest period of a repeating pattern that is folded.
const PERIODS: usize = 4;
/// A path never gets deeper: what goes on folds into the nearest alike.
const DEPTH: u16 = 48;
/// A step that occurs so often on one path folds, whatever stands between.
const OCCURRENCES: usize = 4;
/// Distinct named keys below one shape; more, and keys are masked there.
const NAMED_KEYS: u32 = 32;
/// Distinct children of one shape (roots aside); more, and their types are masked.
const CHILDREN: u32 = 1024;
/// All shapes. A heap that needs more keeps what it has and counts the rest in the parents.
const SHAPES: usize = 1_000_000;

/// A reference, masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A root, by its key.
    Root(NameId),
    /// An attribute.
    Attribute(NameId),
    /// One of very many attributes.
    AnyAttribute,
    /// A value of a small dict, by its key.
    Item(NameId),
    /// A value or item, key or index masked.
    AnyItem,
    /// An element of a set.
    Element,
    /// A key of a dict.
    KeyObject,
    /// A local variable.
    Local(NameId),
    /// A closure variable.
    Cell(NameId),
    /// A temporary.
    Stack,
    /// The class.
    Class,
    /// A part of the interpreter's structure.
    Internal(NameId),
    /// A C field.
    Unnamed,
}

/// A node of the tree.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The shape of the holder.
    pub parent: ShapeId,
    /// The reference.
    pub step: Step,
    /// Type of the objects; the name for any type when there are too many to tell apart.
    pub type_name: NameId,
    /// Steps from the top.
    pub depth: u16,
}

/// The tree.
#[derive(Debug)]
pub struct Shapes {
    nodes: Vec<Shape>,
    children: Map<(ShapeId, Step, NameId), ShapeId>,
    child_counts: Vec<u32>,
    masked: Set<ShapeId>,
    any_type: NameId,
}

impl Shapes {
    /// An empty tree. `any_type` names the type of objects of too many types.
    #[must_use]
    pub fn new(any_type: NameId) -> Self {
        let top = Shape {
            parent: TOP,
            step: Step::Unnamed,
            type_name: any_type,
            depth: 0,
        };
        Self {
            nodes: vec![top],
            children: Map::default(),
            child_counts: vec![0],
            masked: Set::default(),
            any_type,
        }
    }

    /// How many shapes there are, the top among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// One shape; the top for an id that does not exist.
    #[must_use]
    pub fn get(&self, id: ShapeId) -> Shape {
        self.nodes
            .get(id as usize)
            .copied()
            .unwrap_or(self.nodes[0])
    }

    /// Whether keys below this shape are masked.
    #[must_use]
    pub fn is_masked(&self, id: ShapeId) -> bool {
        self.masked.contains(&id)
    }

    /// Masks the keys below a shape, from now on and in every snapshot.
    pub fn mask(&mut self, id: ShapeId) {
        self.masked.insert(id);
    }

    /// The shape below `parent`, made now if it is new.
    pub fn child(&mut self, parent: ShapeId, step: Step, type_name: NameId) -> ShapeId {
        if let Some(&known) = self.children.get(&(parent, step, type_name)) {
            return known;
        }
        let (step, type_name) = self.coarser(parent, step, type_name);
        let key = (parent, step, type_name);
        if let Some(&known) = self.children.get(&key) {
            return known;
        }
        let id = self
            .folded(parent, step, type_name)
            .unwrap_or_else(|| self.add(key));
        self.children.insert(key, id);
        id
    }

    /// Masks what would make too many children.
    fn coarser(&mut self, parent: ShapeId, step: Step, type_name: NameId) -> (Step, NameId) {
        let count = self.child_counts[parent as usize];
        match step {
            Step::Item(_) if count >= NAMED_KEYS => {
                self.mask(parent);
                (Step::AnyItem, type_name)
            }
            Step::Attribute(_) if count >= CHILDREN => (Step::AnyAttribute, type_name),
            Step::Root(_) => (step, type_name),
            _ if count >= CHILDREN => (step, self.any_type),
            _ => (step, type_name),
        }
    }

    fn add(&mut self, (parent, step, type_name): (ShapeId, Step, NameId)) -> ShapeId {
        if self.nodes.len() >= SHAPES {
            return parent;
        }
        let id = self.nodes.len() as ShapeId;
        let depth = self.nodes[parent as usize].depth + 1;
        self.nodes.push(Shape {
            parent,
            step,
            type_name,
            depth,
        });
        self.child_counts.push(0);
        self.child_counts[parent as usize] += 1;
        id
    }

    /// The shape that a new child repeats: the end of the last turn, when the path's last `k` steps
    /// equal the `k` before them.
    fn folded(&self, parent: ShapeId, step: Step, type_name: NameId) -> Option<ShapeId> {
        let mut path = vec![(parent, step, type_name)];
        let mut above = parent;
        while above != TOP {
            let shape = self.nodes[above as usize];
            if matches!(shape.step, Step::Root(_)) {
                break;
            }
            path.push((above, shape.step, shape.type_name));
            above = shape.parent;
        }
        let same = |a: usize, b: usize| (path[a].1, path[a].2) == (path[b].1, path[b].2);
        for period in 1..=PERIODS {
            let repeats = path.len() >= 2 * period && (0..period).all(|i| same(i, i + period));
            if repeats {
                return Some(path[period].0);
            }
        }
        let mut alike = (1..path.len()).filter(|&i| same(0, i));
        let nearest = alike.next();
        let often = nearest.is_some() && alike.count() + 2 > OCCURRENCES;
        let deep = self.nodes[parent as usize].depth >= DEPTH;
        match nearest {
            Some(index) if often || deep => Some(path[index].0),
            _ if deep => Some(parent),
            _ => None,
        }
    }

    /// The shapes from below the top down to `id`.
    #[must_use]
    pub fn path(&self, id: ShapeId) -> Vec<ShapeId> {
        let mut path = Vec::new();
        let mut at = id;
        while at != TOP && (at as usize) < self.nodes.len() {
            path.push(at);
            at = self.nodes[at as usize].parent;
        }
        path.reverse();
        path
    }

    /// The root that a shape hangs from.
    #[must_use]
    pub fn root_of(&self, id: ShapeId) -> ShapeId {
        self.path(id).first().copied().unwrap_or(TOP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grow(shapes: &mut Shapes, from: ShapeId, steps: &[(Step, NameId)]) -> ShapeId {
        steps.iter().fold(from, |at, &(step, type_name)| {
            shapes.child(at, step, type_name)
        })
    }

    #[test]
    fn a_linked_list_is_one_shape() {
        let mut shapes = Shapes::new(0);
        let root = shapes.child(TOP, Step::Root(1), 1);
        let head = shapes.child(root, Step::Attribute(2), 7);
        let next = shapes.child(head, Step::Attribute(3), 7);
        assert_eq!(
            grow(&mut shapes, next, &[(Step::Attribute(3), 7); 1000]),
            next
        );
        assert_eq!(shapes.len(), 4);
    }

    #[test]
    fn a_tree_of_two_kinds_of_links_stays_small() {
        let mut shapes = Shapes::new(0);
        let mut random = 12345_u32;
        for _ in 0..2000 {
            let mut at = shapes.child(TOP, Step::Root(1), 1);
            for _ in 0..60 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                at = shapes.child(at, Step::Attribute(random >> 31), 7);
            }
        }
        assert!(shapes.len() < 40, "{}", shapes.len());
    }

    #[test]
    fn a_tree_of_many_kinds_of_links_stays_bounded() {
        let mut shapes = Shapes::new(0);
        let mut random = 9_u32;
        let mut deepest = 0;
        for _ in 0..300 {
            let mut at = shapes.child(TOP, Step::Root(1), 1);
            for _ in 0..500 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                at = shapes.child(at, Step::Attribute(random >> 29), 7);
            }
            deepest = deepest.max(shapes.get(at).depth);
        }
        assert!(deepest <= DEPTH);
    }

    #[test]
    fn too_many_keys_are_masked() {
        let mut shapes = Shapes::new(0);
        let root = shapes.child(TOP, Step::Root(1), 1);
        for key in 0..100 {
            shapes.child(root, Step::Item(key), 7);
        }
        assert!(shapes.is_masked(root));
        assert_eq!(shapes.len(), 2 + NAMED_KEYS as usize + 1);
    }
}
