//! Which object owns a block that is no object: blocks that an object's own memory points to, and
//! blocks that those point to. Conservative, as leak finders for C are: what looks like a pointer is one.
//!
//! Knows nothing of the insides of types, so it serves the buffers of any extension. Done only where
//! blocks of C code are followed: the blocks that are left belong to no Python object.

use super::{Owners, SampledBlock, Walker};
use unfreed_recording::snapshot::NodeIndex;
use unfreed_sys::memory;

/// Bytes of an object that are searched: pointers stand in its fixed part.
const MOST_OF_OBJECT: usize = 1024;
/// Bytes of a block that are searched.
pub(super) const MOST_OF_BLOCK: usize = 64 * 1024;
/// How far from its start a block may be pointed to: behind a header, or where its data are aligned.
/// Anything deeper is more likely to be the remains of an earlier use.
const DEEPEST: usize = 64;
const WORD: usize = size_of::<usize>();
const PAGE_BITS: u32 = 12;

/// Blocks without an owner, by address.
struct Ownerless {
    /// Start and end of each, ascending; and its position in the list of all blocks.
    blocks: Vec<(usize, usize, usize)>,
    /// A bit for each page that one covers, hashed: most words are no pointers to any.
    pages: Vec<u64>,
    owners: Vec<Option<NodeIndex>>,
}

impl Ownerless {
    fn new(blocks: Vec<(usize, usize, usize)>) -> Self {
        let bits = (blocks.len() * 16).next_power_of_two().max(1024);
        let mut found = Self {
            owners: vec![None; blocks.len()],
            pages: vec![0; bits / 64],
            blocks,
        };
        for index in 0..found.blocks.len() {
            let (start, end, _) = found.blocks[index];
            let last = (end - 1).min(start + DEEPEST);
            for page in start >> PAGE_BITS..=last >> PAGE_BITS {
                let (word, bit) = found.page(page);
                found.pages[word] |= bit;
            }
        }
        found
    }

    fn page(&self, page: usize) -> (usize, u64) {
        let hash = page.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let bit = hash % (self.pages.len() * 64);
        (bit / 64, 1 << (bit % 64))
    }

    /// The block that a word points into, unless it has an owner.
    #[inline]
    fn pointed_to(&self, word: usize) -> Option<usize> {
        let (index, bit) = self.page(word >> PAGE_BITS);
        if self.pages[index] & bit == 0 {
            return None;
        }
        let after = self.blocks.partition_point(|block| block.0 <= word);
        let (start, end, _) = *self.blocks.get(after.checked_sub(1)?)?;
        let is_inside = word < end && word - start <= DEEPEST;
        (is_inside && self.owners[after - 1].is_none()).then_some(after - 1)
    }
}

impl Walker<'_> {
    /// Finds the owners of `blocks` that are neither an object nor a buffer that is known: pairs of a
    /// position in `blocks` and the object. Those of unknown size are left out.
    pub(super) fn find_owners(
        &mut self,
        blocks: &[SampledBlock],
        known: &Owners,
    ) -> Vec<(usize, NodeIndex)> {
        let mut unmet: Vec<(usize, usize, usize)> = blocks
            .iter()
            .enumerate()
            .filter(|(_, block)| block.size > 0)
            .filter(|(_, block)| self.node_of(block.address, known).is_none())
            .map(|(index, block)| (block.address, block.address + block.size, index))
            .collect();
        if unmet.is_empty() {
            return Vec::new();
        }
        unmet.sort_unstable();
        let mut ownerless = Ownerless::new(unmet);
        let mut found = Vec::new();
        self.search_objects(&mut ownerless, &mut found);
        self.search_buffers(known, blocks, &mut ownerless, &mut found);
        search_blocks(&mut ownerless, &mut found);
        let owned = found.iter().filter_map(|&block| {
            let (start, end, _) = ownerless.blocks[block];
            Some((ownerless.owners[block]?, start, end - start))
        });
        self.guess_in_blocks(owned);
        found
            .into_iter()
            .filter_map(|block| Some((ownerless.blocks[block].2, ownerless.owners[block]?)))
            .collect()
    }

    fn search_objects(&self, ownerless: &mut Ownerless, found: &mut Vec<usize>) {
        let bodies: Vec<(usize, usize)> = self
            .type_objects
            .iter()
            .map(|type_| match self.types.get(type_) {
                Some(known) => (known.traits.prefix, known.traits.basicsize),
                None => (0, 0),
            })
            .collect();
        for (node, &address) in self.addresses.iter().enumerate() {
            if self.stand_in_nodes.contains(&(node as NodeIndex)) {
                continue;
            }
            let (prefix, fixed) = bodies[self.out.types[node] as usize];
            let size = (self.out.sizes[node] as usize).min(prefix + fixed);
            let start = address - prefix;
            for at in (start..start + size.min(MOST_OF_OBJECT)).step_by(WORD) {
                let word = self.objects.reader.word(at);
                if let Some(block) = ownerless.pointed_to(word) {
                    ownerless.owners[block] = Some(node as NodeIndex);
                    found.push(block);
                }
            }
        }
    }

    /// Buffers that are known to be an object's may point on, as a table of tables does.
    fn search_buffers(
        &self,
        known: &Owners,
        blocks: &[SampledBlock],
        ownerless: &mut Ownerless,
        found: &mut Vec<usize>,
    ) {
        for block in blocks {
            if let Some(&owner) = known.get(&block.address) {
                search_block(block.address, block.size, owner, ownerless, found);
            }
        }
    }
}

/// Searches the blocks that were found, and those that are found in them.
fn search_blocks(ownerless: &mut Ownerless, found: &mut Vec<usize>) {
    let mut next = 0;
    while next < found.len() {
        let (start, end, _) = ownerless.blocks[found[next]];
        if let Some(owner) = ownerless.owners[found[next]] {
            search_block(start, end - start, owner, ownerless, found);
        }
        next += 1;
    }
}

/// Read through the kernel: a thread without the GIL may free the block meanwhile.
fn search_block(
    start: usize,
    size: usize,
    owner: NodeIndex,
    ownerless: &mut Ownerless,
    found: &mut Vec<usize>,
) {
    memory::read_range(start, size.min(MOST_OF_BLOCK), |word| {
        if let Some(block) = ownerless.pointed_to(word) {
            ownerless.owners[block] = Some(owner);
            found.push(block);
        }
    });
}
