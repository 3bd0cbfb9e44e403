//! Which objects lie in the blocks that were followed from their births, or own them.

use super::{HandedOn, HandsOn, Owned, Owners, Part, SampledBlock, Walker};
use foldhash::fast::FixedState;
use hashbrown::HashSet;
use unfreed_recording::snapshot::{NodeIndex, SampledNode};

impl Walker<'_> {
    /// Finds the objects whose blocks (or whose buffers) were sampled when they were allocated.
    pub(super) fn join_samples(
        &mut self,
        blocks: &[SampledBlock],
        owned: Owned,
    ) -> Vec<SampledNode> {
        // A heap has many more buffers than samples, or no samples at all.
        let sampled: HashSet<usize, FixedState> =
            blocks.iter().map(|block| block.address).collect();
        let buffers = std::mem::take(&mut self.buffers).into_iter();
        let known: Owners = buffers
            .filter(|(block, _)| sampled.contains(block))
            .collect();
        let sample = |block: &SampledBlock, node, reused| SampledNode {
            node,
            stack: block.stack,
            born: block.born,
            bytes: block.bytes,
            reused,
        };
        let reused = self.reused();
        let mut samples: Vec<SampledNode> = blocks
            .iter()
            .filter_map(|block| {
                let (node, part) = self.node_of(block.address, &known)?;
                Some((
                    sample(block, node, self.may_be_reused(&reused, node, part)),
                    part,
                ))
            })
            .filter(|&(_, part)| owned != Owned::InObjects || part == Part::Body)
            .map(|(sample, _)| sample)
            .collect();
        if owned == Owned::InObjects {
            for sample in &mut samples {
                sample.bytes = self.out.sizes[sample.node as usize];
            }
            return samples;
        }
        for (index, owner) in self.find_owners(blocks, &known) {
            if owned == Owned::Credited {
                self.out.sizes[owner as usize] += blocks[index].bytes;
            }
            samples.push(sample(&blocks[index], owner, false));
        }
        samples
    }

    /// The object in a block, or the one that it is a buffer of.
    pub(super) fn node_of(&self, block: usize, known: &Owners) -> Option<(NodeIndex, Part)> {
        let at = |offset: usize| self.map.get(block + offset);
        // A block starts with the collector's links and, since 3.11, a managed dict's slot.
        let object = at(0).or_else(|| at(16)).or_else(|| at(32));
        let owner = || known.get(&block).map(|&owner| (owner, Part::Buffer));
        object.map(|object| (object, Part::Body)).or_else(owner)
    }

    /// By type: which blocks of its objects may be known by an earlier object.
    fn reused(&self) -> Vec<HandsOn> {
        let types = self.type_infos.iter();
        types
            .map(|info| HandsOn::of(info, self.objects.minor))
            .collect()
    }

    fn may_be_reused(&self, reused: &[HandsOn], node: NodeIndex, part: Part) -> bool {
        if part == Part::Body && self.handed_on == HandedOn::Followed {
            return false;
        }
        let of = |node: usize| {
            let type_ = *self.out.types.get(node)?;
            Some((reused.get(type_ as usize)?, self.out.sizes[node]))
        };
        of(node as usize).is_some_and(|(hands_on, size)| hands_on.may_have(part, size))
    }
}
