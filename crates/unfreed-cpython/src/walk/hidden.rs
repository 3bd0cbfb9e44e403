//! References that no traversal tells: of C types without `Py_TPFLAGS_HAVE_GC` that hold objects all the same, as many do
//! that are written in Rust, and of extensions whose `tp_traverse` leaves some out. What they hold passes for held by C code,
//! and a cycle through them is never freed.
//!
//! Conservative, as [`super::owners`]: what looks like a pointer to a tracked object is one, if the object has a reference
//! that is not seen elsewhere. A borrowed pointer is none.

use super::columns::Kept;
use super::{KnownType, Walker};
use crate::layout::{TPFLAGS_BYTES, TPFLAGS_HAVE_GC, TPFLAGS_LONG, TPFLAGS_TYPE, TPFLAGS_UNICODE};
use crate::types::{Shape, TypeTraits};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use unfreed_recording::snapshot::{HIDDEN_FIELD, IMMORTAL, SYNTHETIC};

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
    /// Edges that may be none, ascending.
    guesses: Vec<usize>,
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
            Shape::Generic => self.runtime.is_of_extension(traits.traverse),
            _ => false,
        }
    }

    /// Notes an edge for what looks like a reference to an object that the collector tracks, beside those that were
    /// `visited`.
    pub(super) fn guess_hidden(&mut self, object: usize, known: &KnownType, visited: &[usize]) {
        if !known.hides
            || self.hidden.seed_count == 0
            || self.out.kept != Kept::All
            || visited.len() > MOST
        {
            return;
        }
        let label = self.internal(HIDDEN_FIELD);
        let end = known.traits.basicsize.min(MOST);
        for offset in (HEAD..end).step_by(WORD) {
            let word = self.objects.reader.word(object + offset);
            if word & (WORD - 1) != 0 || word == object || visited.contains(&word) {
                continue;
            }
            let node = self.map.get(word);
            // All tracked objects have nodes before the first is read, so this does not depend on the order.
            let Some(node) = node.filter(|&node| (node as usize) < self.hidden.seed_count) else {
                continue;
            };
            let type_ = self.objects.type_of(word);
            let is_definition = type_ == self.objects.types.module
                || self.objects.type_flags(type_) & TPFLAGS_TYPE as usize != 0;
            if offset != known.traits.weaklist && !is_definition {
                self.hidden.guesses.push(self.out.edge_count());
                self.out.edge(node, label);
            }
        }
    }

    /// Takes back the guesses for which no reference is left once all others are counted.
    pub(super) fn settle_guesses(&mut self) {
        let guesses = std::mem::take(&mut self.hidden.guesses);
        if guesses.is_empty() {
            return;
        }
        let left = self.unseen_references(&guesses);
        let mut wrong = guesses;
        // Where there are more candidates than references it cannot be told which of them it is.
        wrong.retain(|&edge| left[&(self.out.targets[edge] as usize)] < 0);
        self.out.remove_edges(&wrong);
    }

    /// By the targets of the guesses: how many references are seen nowhere, the guesses being right. Negative where they
    /// cannot all be.
    fn unseen_references(&self, guesses: &[usize]) -> HashMap<usize, i64, FixedState> {
        let mut left = HashMap::with_hasher(FixedState::with_seed(5));
        let mut asked = vec![0_u64; self.out.sizes.len().div_ceil(64)];
        for &edge in guesses {
            let target = self.out.targets[edge] as usize;
            let count = match self.out.refcounts[target] {
                IMMORTAL | SYNTHETIC => -1,
                count => i64::from(count),
            };
            left.insert(target, count);
            asked[target / 64] |= 1 << (target % 64);
        }
        for &target in &self.out.targets {
            let target = target as usize;
            if asked[target / 64] & 1 << (target % 64) != 0
                && let Some(left) = left.get_mut(&target)
            {
                *left -= 1;
            }
        }
        left
    }
}
