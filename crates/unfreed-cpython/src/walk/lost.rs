//! Objects that nothing leads to and the collector does not know: a `str` that C code made and forgot.
//! Known by their blocks alone, so only those are found whose allocation was seen.

use super::{SampledBlock, Walker};
use unfreed_recording::ids::StackId;
use unfreed_sys::memory;

/// Words of a block, from its start.
type Words = [usize; memory::WORDS];

/// No object has more references; what is larger is a pointer.
const MOST_REFERENCES: usize = 1 << 31;

impl Walker<'_> {
    /// Makes nodes of the blocks that hold an object and were not met.
    ///
    /// A block is taken for an object when it starts, after the links that the collector needs for
    /// some types, with a count of references and the address of a type that the heap has. A block of
    /// another use would have to hold a small number and such an address at just these places. Blocks
    /// without a stack are left out: they may be another interpreter's, whose objects are not ours to read.
    pub(super) fn meet_lost(&mut self, blocks: &[SampledBlock]) {
        let unmet: Vec<usize> = blocks
            .iter()
            .filter(|block| block.stack != StackId(0))
            .map(|block| block.address)
            .filter(|address| {
                [0, 16, 32]
                    .iter()
                    .all(|at| self.map.get(address + at).is_none())
            })
            .collect();
        let mut found = Vec::new();
        // Read through the kernel: a thread without the GIL may free a block of its own meanwhile.
        memory::read_each(&unmet, |index, words| {
            if let Some(offset) = self.object_in(words) {
                found.push(unmet[index] + offset);
            }
        });
        for object in found {
            self.node(object);
        }
    }

    /// Where in a block an object begins, bytes.
    fn object_in(&self, words: &Words) -> Option<usize> {
        let places = words.windows(2).enumerate().step_by(2);
        let mut objects = places.filter(|(_, pair)| (1..MOST_REFERENCES).contains(&pair[0]));
        objects.find_map(|(word, pair)| {
            let known = self.types.get(&pair[1])?;
            let offset = word * size_of::<usize>();
            (offset == known.traits.prefix).then_some(offset)
        })
    }
}
