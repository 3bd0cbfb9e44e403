//! The collector's lists, read in place: no list object is built and no reference count changes.

use crate::gil::Gil;
use crate::object::Objects;
use crate::runtime::{GC_POINTER, GENERATION_SIZE, Runtime};

/// Whether a collection is under way: then objects sit in lists on the collector's own stack.
#[must_use]
pub fn is_collecting(runtime: &Runtime, gil: &Gil) -> bool {
    let offset = runtime.layout().gc_collecting;
    runtime.reader(gil).int(runtime.interpreter() + offset) != 0
}

/// An object that the collector tracks and the list that it lies in: a generation, or
/// [`FROZEN`](unfreed_recording::snapshot::FROZEN). One word, the list in bits that no object's address has: seeds
/// are sorted and kept by the million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seed(usize);

impl Seed {
    const LISTS: usize = 0b11;

    pub(super) fn address(self) -> usize {
        self.0 & !Self::LISTS
    }

    pub(super) fn list(self) -> u8 {
        (self.0 & Self::LISTS) as u8
    }
}

/// All objects in the three generations and the permanent one.
pub(super) fn seeds(runtime: &Runtime, objects: &Objects<'_>) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (list, head) in heads(runtime, objects).into_iter().enumerate() {
        each(objects, head, |object| seeds.push(Seed(object | list)));
    }
    seeds
}

fn heads(runtime: &Runtime, objects: &Objects<'_>) -> [usize; 4] {
    let layout = objects.layout;
    let first = runtime.interpreter() + layout.gc_generations;
    [
        first,
        first + GENERATION_SIZE,
        first + 2 * GENERATION_SIZE,
        runtime.interpreter() + layout.gc_permanent,
    ]
}

/// Objects frozen by `gc.freeze()`, a count.
#[must_use]
pub fn frozen_objects(runtime: &Runtime, gil: &Gil) -> u64 {
    let objects = &runtime.objects(gil);
    let head = runtime.interpreter() + objects.layout.gc_permanent;
    let mut frozen = 0;
    each(objects, head, |_| frozen += 1);
    frozen
}

fn each(objects: &Objects<'_>, head: usize, mut object: impl FnMut(usize)) {
    let layout = objects.layout;
    let mut link = objects.reader.word(head + layout.gc_next) & GC_POINTER;
    while link != head && link != 0 {
        object(link + layout.gc_head_size);
        link = objects.reader.word(link + layout.gc_next) & GC_POINTER;
    }
}
