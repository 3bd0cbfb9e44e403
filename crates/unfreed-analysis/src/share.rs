//! LeakShare: whose memory is it, when several growing holders lead to it. After BLeak (PLDI 2018):
//! what the roots reach without passing a growing holder is kept anyway; the rest counts for the
//! holders that reach it, in equal parts. Holders that mostly hold each other's objects are one leak.

use crate::growth::{Candidate, Growth};
use crate::heap::Heap;
use crate::shapes::{ShapeId, TOP};
use crate::survey::Survey;
use unfreed_graph::{NO_NODE, NodeSet, spread};
use unfreed_recording::snapshot::NodeIndex;

/// Most candidates that are compared: one bit each.
pub const MOST: usize = 64;
/// Two holders are one leak if one also holds this part of what is counted for the other.
const SAME: f64 = 0.5;

/// Growing holders that are one leak.
#[derive(Clone, Debug)]
pub struct Group {
    /// Positions in the list of candidates; the holder to name comes first.
    pub members: Vec<usize>,
    /// Part of its bytes that is this leak's own, shared bytes split; 0 to 1.
    pub own_part: f64,
}

/// Groups candidates (at most [`MOST`]) by what they hold in the last snapshot.
#[must_use]
pub fn groups(
    heap: &Heap<'_>,
    survey: &Survey<'_>,
    growth: &Growth,
    candidates: &[&Candidate],
) -> Vec<Group> {
    let share = Share::new(heap, survey, growth, candidates);
    let masks = share.masks();
    let leaders = share.leaders(&masks);
    let own_parts = share.own_parts(&masks, &leaders);
    let mut groups = Vec::new();
    for (leader, &own_part) in own_parts.iter().enumerate() {
        let mut members: Vec<usize> = (0..candidates.len())
            .filter(|&member| leaders[member] == leader)
            .collect();
        if !members.is_empty() {
            members.sort_by_key(|&member| share.rank(member));
            groups.push(Group { members, own_part });
        }
    }
    groups
}

struct Share<'s, 'a> {
    heap: &'s Heap<'a>,
    survey: &'s Survey<'a>,
    candidates: &'s [&'s Candidate],
    /// For each node, the candidate that its bytes count for.
    counts_for: Vec<u8>,
    holders: Vec<Vec<NodeIndex>>,
}

const NOBODY: u8 = u8::MAX;

impl<'s, 'a> Share<'s, 'a> {
    fn new(
        heap: &'s Heap<'a>,
        survey: &'s Survey<'a>,
        growth: &Growth,
        candidates: &'s [&'s Candidate],
    ) -> Self {
        let mut by_shape = vec![NOBODY; growth.owner.len()];
        for (index, candidate) in candidates.iter().enumerate().take(MOST) {
            if let Some(slot) = by_shape.get_mut(candidate.shape as usize) {
                *slot = index as u8;
            }
        }
        let of_shape = |shape: ShapeId| by_shape.get(shape as usize).copied().unwrap_or(NOBODY);
        let mut holders = vec![Vec::new(); candidates.len()];
        let mut counts_for = vec![NOBODY; survey.shape_of.len()];
        for (node, &shape) in survey
            .shape_of
            .iter()
            .enumerate()
            .filter(|(_, s)| **s != TOP)
        {
            let owner = growth.owner.get(shape as usize).copied().unwrap_or(TOP);
            counts_for[node] = of_shape(owner);
            if of_shape(shape) != NOBODY {
                holders[of_shape(shape) as usize].push(node as NodeIndex);
            }
        }
        Self {
            heap,
            survey,
            candidates,
            counts_for,
            holders,
        }
    }

    /// Which candidates reach each node that is not kept anyway.
    fn masks(&self) -> Vec<u64> {
        let nodes = self.heap.graph.node_count();
        let mut walls = NodeSet::new(nodes);
        for &holder in self.holders.iter().flatten() {
            walls.insert(holder);
        }
        let roots = self.survey.paths.order().iter().copied();
        let roots = roots.filter(|&node| self.survey.paths.parent(node) == NO_NODE);
        let mut kept = NodeSet::new(nodes);
        spread(self.heap.graph, roots, &walls, &mut kept, |_| true);

        let mut masks = vec![0_u64; nodes];
        for (index, holders) in self.holders.iter().enumerate().take(MOST) {
            let mut reached = kept.clone();
            let first = holders
                .iter()
                .flat_map(|&holder| self.heap.graph.targets_of(holder));
            for node in spread(
                self.heap.graph,
                first.copied(),
                &walls,
                &mut reached,
                |_| true,
            ) {
                masks[node as usize] |= 1 << index;
            }
        }
        masks
    }

    /// For each candidate, the one that stands for its group.
    fn leaders(&self, masks: &[u64]) -> Vec<usize> {
        let count = self.candidates.len();
        let mut own = vec![0_u64; count];
        let mut shared = vec![0_u64; count * count];
        for (node, &mask) in masks.iter().enumerate() {
            let owner = self.counts_for[node] as usize;
            if owner >= count {
                continue;
            }
            let size = self.heap.size(node as NodeIndex);
            own[owner] = own[owner].saturating_add(size);
            let mut others = mask & !(1 << owner);
            while others != 0 {
                let other = others.trailing_zeros() as usize;
                others &= others - 1;
                shared[owner * count + other] = shared[owner * count + other].saturating_add(size);
            }
        }
        let mut leaders: Vec<usize> = (0..count).collect();
        for owner in 0..count {
            for other in 0..count {
                let same = shared[owner * count + other] as f64 >= SAME * own[owner] as f64;
                if same && shared[owner * count + other] > 0 {
                    unite(&mut leaders, owner, other);
                }
            }
        }
        (0..count).map(|index| find(&leaders, index)).collect()
    }

    fn own_parts(&self, masks: &[u64], leaders: &[usize]) -> Vec<f64> {
        let count = self.candidates.len();
        let mut group_bits = vec![0_u64; count];
        for (member, &leader) in leaders.iter().enumerate() {
            group_bits[leader] |= 1 << member;
        }
        let (mut all, mut own) = (vec![0.0; count], vec![0.0; count]);
        for (node, &mask) in masks.iter().enumerate() {
            let Some(&leader) = leaders.get(self.counts_for[node] as usize) else {
                continue;
            };
            let groups = group_bits
                .iter()
                .filter(|&&bits| bits & mask != 0)
                .count()
                .max(1);
            let size = self.heap.size(node as NodeIndex) as f64;
            all[leader] += size;
            own[leader] += size / groups as f64;
        }
        all.iter()
            .zip(&own)
            .map(|(&all, &own)| if all > 0.0 { own / all } else { 1.0 })
            .collect()
    }

    /// The better root first, then the nearer, then the larger.
    fn rank(&self, member: usize) -> (u8, usize, ShapeId) {
        let node = self.holders[member].first().copied().unwrap_or(NO_NODE);
        let candidate = self.candidates[member];
        (
            self.survey.paths.class(node),
            self.survey.paths.path(node).len(),
            candidate.shape,
        )
    }
}

fn find(leaders: &[usize], mut index: usize) -> usize {
    while leaders[index] != index {
        index = leaders[index];
    }
    index
}

fn unite(leaders: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(leaders, a), find(leaders, b));
    leaders[a.max(b)] = a.min(b);
}
