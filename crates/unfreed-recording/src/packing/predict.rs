//! Guesses the next value of a column from the values before it. Objects of one type resemble each
//! other, so the guess is mostly "as in the last object of this type". Writer and reader must make
//! the same guesses: any change here is a new version of the format.

use crate::snapshot::{Label, NodeIndex, TypeIndex};

/// Types that get guesses of their own; beyond it they share. A bound, because a recording may
/// claim any number of types, and because the tables should stay in the cache.
const TYPES: usize = 4096;
/// References of an object that get guesses of their own. The ones after it share the last: its
/// guess is then the reference before, which suits long lists.
const SLOTS: usize = 16;

/// The last value for each type.
pub(crate) struct LastOfType<T> {
    last: Vec<T>,
}

impl<T: Copy + Default> LastOfType<T> {
    pub(crate) fn new() -> Self {
        Self {
            last: vec![T::default(); TYPES],
        }
    }

    /// The last value for this type; to be overwritten with the new one.
    #[inline]
    pub(crate) fn of(&mut self, of_type: TypeIndex) -> &mut T {
        &mut self.last[of_type as usize % TYPES]
    }
}

/// The last value for each reference of each type: the third reference of the last `Session`.
struct LastOfSlot {
    last: Vec<u32>,
}

impl LastOfSlot {
    fn new() -> Self {
        Self {
            last: vec![0; TYPES * SLOTS],
        }
    }

    #[inline]
    fn of(&mut self, of_type: TypeIndex, slot: usize) -> &mut u32 {
        &mut self.last[of_type as usize % TYPES * SLOTS + slot.min(SLOTS - 1)]
    }
}

/// Guesses the targets of references.
pub(crate) struct Targets {
    slots: LastOfSlot,
    next_new: NodeIndex,
}

impl Targets {
    pub(crate) fn new() -> Self {
        Self {
            slots: LastOfSlot::new(),
            next_new: 0,
        }
    }

    /// The node after all targets so far. Collectors number what they discover in order, so this
    /// is the most frequent target of all; on a real heap it saved a fifth of the bytes.
    #[inline]
    pub(crate) fn next_new(&self) -> NodeIndex {
        self.next_new
    }

    /// What the same reference of the last object of this type referred to.
    #[inline]
    pub(crate) fn guess(&mut self, of_type: TypeIndex, slot: usize) -> NodeIndex {
        *self.slots.of(of_type, slot)
    }

    /// Tells the target that came.
    #[inline]
    pub(crate) fn saw(&mut self, of_type: TypeIndex, slot: usize, target: NodeIndex) {
        *self.slots.of(of_type, slot) = target;
        self.next_new = self.next_new.max(target.wrapping_add(1));
    }
}

/// Guesses the values of labels.
pub(crate) struct Labels {
    slots: LastOfSlot,
    of_type: TypeIndex,
    slot: usize,
    next_index: u32,
    key: Option<NodeIndex>,
}

impl Labels {
    pub(crate) fn new() -> Self {
        Self {
            slots: LastOfSlot::new(),
            of_type: 0,
            slot: 0,
            next_index: 0,
            key: None,
        }
    }

    /// A node's references begin.
    #[inline]
    pub(crate) fn start(&mut self, of_type: TypeIndex) {
        self.of_type = of_type;
        self.slot = 0;
        self.next_index = 0;
        self.key = None;
    }

    /// What value a label of this kind would have: items count up, a dict's value has the key that
    /// was referred to just before, everything else is as in the last object.
    #[inline]
    pub(crate) fn guess(&mut self, kind: u8) -> u32 {
        match (kind, self.key) {
            (INDEX, _) => self.next_index,
            (KEY, Some(key)) => key,
            _ => *self.slots.of(self.of_type, self.slot),
        }
    }

    /// Tells the label that came, and the target that it belongs to.
    #[inline]
    pub(crate) fn saw(&mut self, kind: u8, value: u32, target: NodeIndex) {
        match kind {
            INDEX => self.next_index = value.wrapping_add(1),
            _ if has_value(kind) => *self.slots.of(self.of_type, self.slot) = value,
            _ => {}
        }
        self.key = (kind == KEY_OBJECT).then_some(target);
        self.slot += 1;
    }
}

/// Flag beside a label's kind: the value is as guessed and not stored.
pub(crate) const AS_GUESSED: u8 = 0x10;
const KEY: u8 = 2;
const KEY_OBJECT: u8 = 3;
const INDEX: u8 = 4;

/// Whether labels of this kind carry a value.
#[inline]
pub(crate) fn has_value(kind: u8) -> bool {
    matches!(kind, 1 | 2 | 4 | 6 | 7 | 11)
}

/// A label as kind and value.
#[inline]
pub(crate) fn split(label: Label) -> (u8, u32) {
    match label {
        Label::Unnamed => (0, 0),
        Label::Attribute(text) => (1, text),
        Label::Key(node) => (KEY, node),
        Label::KeyObject => (KEY_OBJECT, 0),
        Label::Index(index) => (INDEX, index),
        Label::Element => (5, 0),
        Label::Cell(text) => (6, text),
        Label::Local(text) => (7, text),
        Label::Stack => (8, 0),
        Label::Class => (9, 0),
        Label::Namespace => (10, 0),
        Label::Internal(text) => (11, text),
    }
}

/// Undoes [`split`]; `None` for a kind that this version does not know.
#[inline]
pub(crate) fn join(kind: u8, value: u32) -> Option<Label> {
    Some(match kind {
        0 => Label::Unnamed,
        1 => Label::Attribute(value),
        KEY => Label::Key(value),
        KEY_OBJECT => Label::KeyObject,
        INDEX => Label::Index(value),
        5 => Label::Element,
        6 => Label::Cell(value),
        7 => Label::Local(value),
        8 => Label::Stack,
        9 => Label::Class,
        10 => Label::Namespace,
        11 => Label::Internal(value),
        _ => return None,
    })
}
