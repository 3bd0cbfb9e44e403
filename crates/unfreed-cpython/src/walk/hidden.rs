//! References that no traversal tells: of C types without `Py_TPFLAGS_HAVE_GC` that hold objects all the same, as many do
//! that are written in Rust, and of extensions whose `tp_traverse` leaves some out. What they hold passes for held by C code,
//! and a cycle through them is never freed.
//!
//! Conservative, as [`super::owners`]: what looks like a pointer to a tracked object is one, if the object has a reference
//! that is not seen elsewhere. A borrowed pointer is none.

use super::columns::Kept;
use super::owners::MOST_OF_BLOCK;
use super::{KnownType, Walker};
use crate::layout::{
    TPFLAGS_BYTES, TPFLAGS_HAVE_GC, TPFLAGS_HEAPTYPE, TPFLAGS_LONG, TPFLAGS_TYPE, TPFLAGS_UNICODE,
};
use crate::types::{Shape, TypeTraits};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use unfreed_recording::snapshot::{HIDDEN_FIELD, IMMORTAL, NodeIndex, SYNTHETIC};
use unfreed_sys::memory;

/// `PyObject`: what the object itself has begins behind it.
const HEAD: usize = 16;
const WORD: usize = size_of::<usize>();
/// Bytes of an object that are searched, and references of one that may hide others.
const MOST: usize = 1024;

/// What a walk knows of them.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// Nodes up to here are objects that the collector tracks, or types; 0 where they are not known.
    pub seed_count: usize,
    /// Edges that there may be.
    guesses: Vec<(NodeIndex, NodeIndex)>,
}

impl Walker<'_> {
    /// Whether instances of a type may. Numbers and texts hold nothing, and there are too many of them to look; what the
    /// interpreter traverses itself is known.
    pub(super) fn hides(&self, type_: usize, traits: &TypeTraits) -> bool {
        const VALUES: u64 = TPFLAGS_LONG | TPFLAGS_BYTES | TPFLAGS_UNICODE;
        let float = self.objects.types.float;
        let is_value = traits.flags as u64 & VALUES != 0
            || self.objects.bases(type_).any(|base| base == float);
        match traits.shape {
            Shape::Leaf => traits.flags as u64 & TPFLAGS_HAVE_GC == 0 && !is_value,
            // A class that is written in Python has what its base of C has.
            Shape::Generic => self.objects.bases(type_).any(|base| {
                let traverse = self
                    .objects
                    .reader
                    .word(base + self.objects.layout.tp_traverse);
                traverse != 0 && self.runtime.is_of_extension(traverse)
            }),
            _ => false,
        }
    }

    /// Notes what looks like a reference of the object that was met last to one that the collector tracks, beside those
    /// that were `visited`.
    pub(super) fn guess_hidden(&mut self, object: usize, known: &KnownType, visited: &[usize]) {
        if !known.hides
            || self.hidden.seed_count == 0
            || self.out.kept != Kept::All
            || visited.len() > MOST
        {
            return;
        }
        let owner = self.out.sizes.len() as NodeIndex - 1;
        let end = known.traits.basicsize.min(MOST);
        for offset in (HEAD..end).step_by(WORD) {
            let word = self.objects.reader.word(object + offset);
            // Most words are no pointers: what was visited is looked through for the others alone.
            if let Some(target) = self.tracked_at(word)
                && word != object
                && offset != known.traits.weaklist
                && !visited.contains(&word)
            {
                self.hidden.guesses.push((owner, target));
            }
        }
    }

    /// The same for what blocks hold that belong to such an object: `blocks` by their owners, with their sizes.
    pub(super) fn guess_in_blocks(
        &mut self,
        blocks: impl Iterator<Item = (NodeIndex, usize, usize)>,
    ) {
        if self.out.kept != Kept::All {
            return;
        }
        let types = self.type_objects.iter();
        let hides: Vec<bool> = types
            .map(|type_| self.types.get(type_).is_some_and(|known| known.hides))
            .collect();
        let mut guesses = std::mem::take(&mut self.hidden.guesses);
        for (owner, start, size) in blocks {
            if !hides[self.out.types[owner as usize] as usize] {
                continue;
            }
            // Read through the kernel: a thread without the GIL may free the block meanwhile.
            memory::read_range(start, size.min(MOST_OF_BLOCK), |word| {
                let target = self.tracked_at(word).filter(|&target| target != owner);
                guesses.extend(target.map(|target| (owner, target)));
            });
        }
        self.hidden.guesses = guesses;
    }

    /// The node of the tracked object that a word points to. Modules and types of C are none: they are pointed to from
    /// everywhere.
    fn tracked_at(&self, word: usize) -> Option<NodeIndex> {
        if word & (WORD - 1) != 0 {
            return None;
        }
        // All tracked objects have nodes before the first is read, so this does not depend on the order.
        let node = self.map.get(word)?;
        let (reader, layout) = (self.objects.reader, self.objects.layout);
        let type_ = self.objects.type_of(word);
        let is_class = || {
            let traverse = reader.word(word + layout.tp_traverse);
            let of_python = self.objects.type_flags(word) as u64 & TPFLAGS_HEAPTYPE != 0;
            of_python && traverse != 0 && !self.runtime.is_of_extension(traverse)
        };
        let is_type = || self.objects.type_flags(type_) as u64 & TPFLAGS_TYPE != 0;
        let is_told = (node as usize) < self.hidden.seed_count
            && type_ != self.objects.types.module
            && (!is_type() || is_class());
        is_told.then_some(node)
    }

    /// Adds edges for those guesses for which a reference is left once all others are counted.
    pub(super) fn settle_guesses(&mut self) {
        let mut guesses = std::mem::take(&mut self.hidden.guesses);
        if guesses.is_empty() {
            return;
        }
        let left = self.unseen_references(&guesses);
        // Where there are more candidates than references it cannot be told which of them it is.
        guesses.retain(|(_, target)| left[target] >= 0);
        guesses.sort_unstable();
        if self.out.edge_count() + guesses.len() < u32::MAX as usize - 2 {
            let label = self.internal(HIDDEN_FIELD);
            self.out.insert_edges(&guesses, label);
        }
    }

    /// By the targets of the guesses: how many references are seen nowhere, the guesses being right. Negative where they
    /// cannot all be.
    fn unseen_references(
        &self,
        guesses: &[(NodeIndex, NodeIndex)],
    ) -> HashMap<NodeIndex, i64, FixedState> {
        let mut left = HashMap::with_hasher(FixedState::with_seed(5));
        let mut asked = vec![0_u64; self.out.sizes.len().div_ceil(64)];
        for &(_, target) in guesses {
            let references = || match self.out.refcounts[target as usize] {
                IMMORTAL | SYNTHETIC => -1,
                count => i64::from(count),
            };
            *left.entry(target).or_insert_with(references) -= 1;
            asked[target as usize / 64] |= 1 << (target % 64);
        }
        for target in &self.out.targets {
            if asked[*target as usize / 64] & 1 << (target % 64) != 0
                && let Some(left) = left.get_mut(target)
            {
                *left -= 1;
            }
        }
        left
    }
}
