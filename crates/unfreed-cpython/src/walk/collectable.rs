//! What the collector can do about the objects of a look: its state, the list that each object lies in, and the types
//! whose instances it cannot see through or cannot take apart. Read in place, as everything else.

use super::gc_lists;
use super::live::Seen;
use crate::layout::TPFLAGS_HAVE_GC;

/// The list of an object that the collector has in none.
pub const UNTRACKED: u8 = u8::MAX;
/// That of what `gc.freeze()` hides; 0 to 2 are the generations.
pub const FROZEN: u8 = 3;

/// The collector, as it stands at a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectorState {
    /// Whether it starts by itself.
    pub enabled: bool,
    /// New objects that make it start: the threshold of the youngest generation. 0: it never does.
    pub threshold: u64,
    /// New objects since it last started.
    pub count: u64,
    /// By node: which list the object is in. 0 to 2, [`FROZEN`] or [`UNTRACKED`].
    pub lists: Vec<u8>,
    /// By type: whether the collector does not look into instances, so that a cycle through one is never found.
    pub unseen: Vec<bool>,
    /// By type: whether instances cannot be told to let go of what they hold. Of a cycle one member has to.
    pub uncleared: Vec<bool>,
}

impl Seen<'_> {
    /// The collector as it is now: one step for each object that it tracks.
    #[must_use]
    pub fn collector(&self) -> CollectorState {
        let objects = self.objects();
        let (reader, layout) = (objects.reader, objects.layout);
        let interpreter = self.runtime.interpreter();
        let young = interpreter + layout.gc_generations;
        let figure = |offset: usize| u64::try_from(reader.int(young + offset)).unwrap_or(0);
        let mut lists = vec![UNTRACKED; self.snapshot.node_types.len()];
        for (number, seeds) in (0..).zip(gc_lists::each(self.runtime, &objects)) {
            for object in seeds {
                let node = self.node(object).map(|node| node as usize);
                if let Some(list) = node.and_then(|node| lists.get_mut(node)) {
                    *list = number;
                }
            }
        }
        let types = self.snapshot.types.iter();
        let types: Vec<Option<usize>> = types.map(|info| self.address(info.node?)).collect();
        let of_types = |says: &dyn Fn(usize) -> bool| -> Vec<bool> {
            types.iter().map(|type_| type_.is_some_and(says)).collect()
        };
        let is_seen = |type_| {
            objects.type_flags(type_) & TPFLAGS_HAVE_GC as usize != 0
                && reader.word(type_ + layout.tp_traverse) != 0
        };
        CollectorState {
            enabled: reader.int(interpreter + layout.gc_enabled) != 0,
            threshold: figure(layout.gc_generation_threshold),
            count: figure(layout.gc_generation_count),
            lists,
            unseen: of_types(&|type_| !is_seen(type_)),
            uncleared: of_types(&|type_| reader.word(type_ + layout.tp_clear) == 0),
        }
    }
}
