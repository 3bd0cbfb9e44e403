//! Which objects a picture shows, and which of them as one node. Nearest first; many of one type that
//! one object leads to are folded, so that a list of a million sessions is two nodes.

use super::super::View;
use super::Direction;
use super::neighbours::Neighbours;
use crate::seeded::Map;
use unfreed_recording::snapshot::NodeIndex;

/// Objects of one type beside each other that are drawn one by one.
const ALONE: usize = 3;
/// Most nodes that one node leads to; the rest is a number on it.
const BESIDE: usize = 12;
/// Most holders of a path that are drawn: beyond it, those nearest to its ends.
const PATH: usize = 16;

/// The objects of a picture.
pub(super) struct Gathered {
    /// The objects of each node; those that were asked for first.
    pub units: Vec<Vec<NodeIndex>>,
    /// The node of each object.
    pub unit_of: Map<NodeIndex, usize>,
    /// Neighbours of each node that are not in the picture.
    pub more: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Back,
    On,
}

impl Gathered {
    pub(super) fn new(
        view: &View<'_>,
        neighbours: &Neighbours<'_, '_>,
        focus: &[NodeIndex],
        direction: Direction,
        depth: usize,
        most: usize,
    ) -> Self {
        let mut gathered = Self {
            units: Vec::new(),
            unit_of: Map::default(),
            more: Vec::new(),
        };
        gathered.add(focus.to_vec());
        if direction != Direction::Referents {
            gathered.add_path(view, neighbours, focus, most);
        }
        // By turns, so that neither direction takes all the room.
        let mut rings = Vec::new();
        if direction != Direction::Referrers {
            rings.push((Way::On, vec![0]));
        }
        if direction != Direction::Referents {
            rings.push((Way::Back, vec![0]));
        }
        for _ in 0..depth {
            for (way, ring) in &mut rings {
                let mut next = Vec::new();
                for &unit in ring.iter() {
                    next.extend(gathered.expand(view, neighbours, unit, *way, most));
                }
                *ring = next;
            }
        }
        gathered
    }

    fn add(&mut self, members: Vec<NodeIndex>) -> usize {
        let unit = self.units.len();
        for &member in &members {
            self.unit_of.insert(member, unit);
        }
        self.units.push(members);
        self.more.push(0);
        unit
    }

    /// The holders on the path from a root to the selected object that retains most.
    fn add_path(
        &mut self,
        view: &View<'_>,
        neighbours: &Neighbours<'_, '_>,
        focus: &[NodeIndex],
        most: usize,
    ) {
        let reached = focus
            .iter()
            .filter(|&&node| view.survey().paths.reached(node));
        let Some(&end) =
            reached.max_by_key(|&&node| (view.retained(node), std::cmp::Reverse(node)))
        else {
            return;
        };
        let edges = view.survey().paths.path(end);
        let holders: Vec<NodeIndex> = edges
            .iter()
            .map(|edge| edge.source)
            .filter(|&node| !neighbours.is_part(node))
            .collect();
        let far = holders.len().saturating_sub(PATH / 2);
        for (index, &holder) in holders.iter().enumerate() {
            let is_near_an_end = index < PATH / 2 || index >= far;
            if is_near_an_end && self.units.len() < most && !self.unit_of.contains_key(&holder) {
                self.add(vec![holder]);
            }
        }
    }

    /// Whether the picture goes no further from a node. Modules are held for themselves: who else holds
    /// them says nothing. And what classes, modules and code consist of is a book of its own.
    fn is_end(&self, view: &View<'_>, unit: usize, way: Way) -> bool {
        let Some(&first) = self.units[unit].first().filter(|_| unit != 0) else {
            return false;
        };
        let is_code = || view.heap.type_name(first) == "code";
        view.heap.is_module(first) || (way == Way::On && (view.heap.is_class(first) || is_code()))
    }

    /// Adds the neighbours of a node, and gives the new nodes and those of them that were there.
    fn expand(
        &mut self,
        view: &View<'_>,
        neighbours: &Neighbours<'_, '_>,
        unit: usize,
        way: Way,
        most: usize,
    ) -> Vec<usize> {
        if self.is_end(view, unit, way) {
            return Vec::new();
        }
        let mut known = Vec::new();
        let mut groups: Map<u32, Vec<NodeIndex>> = Map::default();
        let members = self.units[unit].clone();
        for &member in &members {
            for next in around(neighbours, member, way) {
                match self.unit_of.get(&next) {
                    Some(&there) if there != unit && !known.contains(&there) => known.push(there),
                    Some(_) => {}
                    None => {
                        let type_ = view.heap.snapshot.node_types[next as usize];
                        groups.entry(type_).or_default().push(next);
                    }
                }
            }
        }
        // Who was there before (the path) is followed where the picture goes anyway.
        let mut found = if way == Way::Back { known } else { Vec::new() };
        let (new, left) = folded(view, groups);
        self.more[unit] += left;
        for members in new {
            if self.units.len() < most {
                found.push(self.add(members));
            } else {
                self.more[unit] += members.len() as u64;
            }
        }
        found
    }
}

fn around(neighbours: &Neighbours<'_, '_>, node: NodeIndex, way: Way) -> Vec<NodeIndex> {
    match way {
        Way::Back => neighbours.back(node),
        Way::On => {
            let mut found = Vec::new();
            neighbours.onward(node, |target, _| found.push(target));
            found
        }
    }
}

/// New nodes, those that retain most first; and how many objects are in none.
fn folded(view: &View<'_>, groups: Map<u32, Vec<NodeIndex>>) -> (Vec<Vec<NodeIndex>>, u64) {
    let mut new: Vec<Vec<NodeIndex>> = Vec::new();
    for (_, mut members) in groups {
        members.sort_unstable();
        members.dedup();
        if members.len() > ALONE {
            new.push(members);
        } else {
            new.extend(members.into_iter().map(|member| vec![member]));
        }
    }
    let weight = |members: &Vec<NodeIndex>| {
        let each = members.iter().map(|&node| view.retained(node));
        each.fold(0, u64::saturating_add)
    };
    new.sort_by_key(|members| (std::cmp::Reverse(weight(members)), members[0]));
    let rest = new.split_off(new.len().min(BESIDE));
    let left = rest.iter().map(|members| members.len() as u64).sum();
    (new, left)
}
