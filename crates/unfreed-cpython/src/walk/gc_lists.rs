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

/// Addresses of all objects in the three generations and the permanent one.
pub(super) fn seeds(runtime: &Runtime, objects: &Objects<'_>) -> Vec<usize> {
    let mut seeds = Vec::new();
    for head in heads(runtime, objects) {
        collect(objects, head, &mut seeds);
    }
    seeds
}

/// The same, by list: the generations, youngest first, and the permanent one.
pub(super) fn each(runtime: &Runtime, objects: &Objects<'_>) -> [Vec<usize>; 4] {
    heads(runtime, objects).map(|head| {
        let mut seeds = Vec::new();
        collect(objects, head, &mut seeds);
        seeds
    })
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
    let mut frozen = Vec::new();
    collect(
        objects,
        runtime.interpreter() + objects.layout.gc_permanent,
        &mut frozen,
    );
    frozen.len() as u64
}

fn collect(objects: &Objects<'_>, head: usize, seeds: &mut Vec<usize>) {
    let layout = objects.layout;
    let mut link = objects.reader.word(head + layout.gc_next) & GC_POINTER;
    while link != head && link != 0 {
        seeds.push(link + layout.gc_head_size);
        link = objects.reader.word(link + layout.gc_next) & GC_POINTER;
    }
}
