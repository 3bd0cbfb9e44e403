//! What the collector can do about the objects of a look: its state, the list that each object lies in, and the types
//! whose instances it cannot see through or cannot take apart. Read in place, as everything else.

use super::Met;
use super::live::Seen;
use crate::gil::Gil;
use crate::layout::TPFLAGS_HAVE_GC;
use crate::runtime::Runtime;
use unfreed_recording::snapshot::{CollectorState, Snapshot, UNTRACKED};

impl Met {
    /// The collector as it is now, with the lists of the nodes as they were when they were met.
    pub(super) fn collector(
        &self,
        runtime: &Runtime,
        gil: &Gil,
        snapshot: &Snapshot,
    ) -> CollectorState {
        let objects = runtime.objects(gil);
        let (reader, layout) = (objects.reader, objects.layout);
        let interpreter = runtime.interpreter();
        let young = interpreter + layout.gc_generations;
        let figure = |offset: usize| u64::try_from(reader.int(young + offset)).unwrap_or(0);
        let mut lists = self.lists.clone();
        lists.resize(snapshot.node_types.len(), UNTRACKED);
        let address = |node: u32| self.addresses.get(node as usize).copied();
        let types = snapshot.types.iter();
        let types: Vec<Option<usize>> = types.map(|info| address(info.node?)).collect();
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

impl Seen<'_> {
    /// The collector as it is now.
    #[must_use]
    pub fn collector(&self) -> CollectorState {
        self.met.collector(self.runtime, self.held, &self.snapshot)
    }
}
