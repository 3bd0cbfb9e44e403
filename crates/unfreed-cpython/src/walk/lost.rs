//! Objects that nothing leads to and the collector does not know: a `str` that C code made and forgot.
//! Known by their blocks alone, so only those are found whose allocation was seen.

use super::{SampledBlock, Walker};
use crate::types::Shape;
use hashbrown::HashSet;
use unfreed_recording::ids::StackId;
use unfreed_sys::memory;

/// Words of a block or an object, from its start.
type Words = [usize; memory::WORDS];

/// No object has more references; what is larger is a pointer.
const MOST_REFERENCES: usize = 1 << 31;
const WORD: usize = size_of::<usize>();
/// Largest tuple that is looked at.
const MOST_ITEMS: usize = 64;

/// What a block may hold.
struct Candidate {
    object: usize,
    shape: Shape,
    /// Bytes of the block from the object on; 0 when its size is not known.
    size: usize,
}

impl Walker<'_> {
    /// Makes nodes of the blocks that hold an object and were not met.
    ///
    /// A block is taken for an object when it starts, after the links that the collector needs for
    /// some types, with a count of references and the address of a type that the heap has. Where there
    /// are no links that is proof enough: who frees a block writes over its first word. Behind links
    /// the remains of an object stay in a block that is used for something else, so there only dicts
    /// and tuples are taken, whose parts must be in place. Blocks without a stack are left out: they may
    /// be another interpreter's, whose objects are not ours to read.
    pub(super) fn meet_lost(&mut self, blocks: &[SampledBlock]) {
        let unmet: Vec<&SampledBlock> = blocks
            .iter()
            .filter(|block| block.stack != StackId(0))
            .filter(|block| {
                let is_met = |at: usize| self.map.get(block.address + at).is_some();
                ![0, 16, 32].into_iter().any(is_met)
            })
            .collect();
        let addresses: Vec<usize> = unmet.iter().map(|block| block.address).collect();
        let (mut found, mut doubtful) = (Vec::new(), Vec::new());
        // Read through the kernel: a thread without the GIL may free a block of its own meanwhile.
        memory::read_each(&addresses, |index, words| {
            if let Some(candidate) = self.object_in(unmet[index], words) {
                match candidate.shape {
                    Shape::Leaf | Shape::NdArray => found.push(candidate.object),
                    _ => doubtful.push(candidate),
                }
            }
        });
        found.extend(self.sound(&doubtful, blocks));
        for object in found {
            self.node(object);
        }
    }

    fn object_in(&self, block: &SampledBlock, words: &Words) -> Option<Candidate> {
        let places = words.windows(2).enumerate().step_by(2);
        let mut objects = places.filter(|(_, pair)| (1..MOST_REFERENCES).contains(&pair[0]));
        objects.find_map(|(word, pair)| {
            let traits = &self.types.get(&pair[1])?.traits;
            let offset = word * WORD;
            let fits = match traits.shape {
                Shape::Leaf | Shape::NdArray => traits.prefix == 0,
                Shape::Dict | Shape::Tuple => block.size > offset,
                _ => false,
            };
            (offset == traits.prefix && fits).then_some(Candidate {
                object: block.address + offset,
                shape: traits.shape,
                size: block.size.saturating_sub(offset),
            })
        })
    }

    /// Those whose parts are where they must be.
    fn sound(&self, candidates: &[Candidate], blocks: &[SampledBlock]) -> Vec<usize> {
        if candidates.is_empty() {
            return Vec::new();
        }
        let live: HashSet<usize> = blocks.iter().map(|block| block.address).collect();
        let objects: Vec<usize> = candidates.iter().map(|one| one.object).collect();
        let mut found = Vec::new();
        memory::read_each(&objects, |index, words| {
            let candidate = &candidates[index];
            let is_sound = match candidate.shape {
                Shape::Dict => self.is_dict(candidate, words, &live),
                _ => self.is_tuple(candidate, words, &live),
            };
            if is_sound {
                found.push(candidate.object);
            }
        });
        found
    }

    /// A dict has tables of its own, a block that lives.
    fn is_dict(&self, candidate: &Candidate, words: &Words, live: &HashSet<usize>) -> bool {
        let layout = self.objects.layout;
        let word = |offset: usize| words.get(offset / WORD).copied();
        let is_whole = candidate.size == layout.dict_values + WORD;
        is_whole
            && word(layout.dict_keys).is_some_and(|keys| live.contains(&keys))
            && word(layout.dict_values) == Some(0)
    }

    /// A tuple has as many items as its block has room for, each an object.
    fn is_tuple(&self, candidate: &Candidate, words: &Words, live: &HashSet<usize>) -> bool {
        let head = self.objects.layout.tuple_items;
        let items = words[2];
        if items == 0 || items > MOST_ITEMS || candidate.size != head + items * WORD {
            return false;
        }
        let is_object = |item: usize| {
            let lives = |prefix: usize| live.contains(&item.wrapping_sub(prefix));
            self.map.get(item).is_some() || [0, 16, 32].into_iter().any(lives)
        };
        let mut all = true;
        memory::read_range(candidate.object + head, items * WORD, |item| {
            all &= is_object(item);
        });
        all
    }
}
