//! The cyclic collector's own figures, read without the GIL: plain counters in interpreter state
//! that lives as long as the agent does. A torn reading is off by a collection, no more.

use crate::layout::ABSENT;
use crate::reader::Reader;
use crate::runtime::Runtime;

/// Figures of the collector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectorFigures {
    /// Whether automatic collection is on.
    pub enabled: bool,
    /// Collections so far, youngest generation first.
    pub collections: Vec<u64>,
    /// Objects collected so far.
    pub collected: u64,
    /// Objects found uncollectable so far.
    pub uncollectable: u64,
}

/// Reads the figures.
#[must_use]
pub fn figures(runtime: &Runtime) -> CollectorFigures {
    // SAFETY: only words of the interpreter state are read, at offsets of the verified table; the
    // state outlives the agent, which stops before the interpreter finalises.
    let reader = unsafe { Reader::new() };
    let layout = runtime.layout();
    let interpreter = runtime.interpreter();
    let mut figures = CollectorFigures {
        enabled: reader.int(interpreter + layout.gc_enabled) != 0,
        ..CollectorFigures::default()
    };
    for record in records(runtime, reader) {
        let word = |offset: usize| reader.word(record + offset) as u64;
        figures.collections.push(word(layout.gc_stats_collections));
        figures.collected += word(layout.gc_stats_collected);
        figures.uncollectable += word(layout.gc_stats_uncollectable);
    }
    figures
}

/// Addresses of the newest statistics record of each generation.
fn records(runtime: &Runtime, reader: Reader) -> Vec<usize> {
    let layout = runtime.layout();
    let interpreter = runtime.interpreter();
    if layout.gc_stats != ABSENT {
        return (0..3)
            .map(|g| interpreter + layout.gc_stats + g * layout.gc_stats_stride)
            .collect();
    }
    // 3.15 keeps a ring of records for each generation behind a pointer.
    let rings = reader.word(interpreter + layout.gc_stats_pointer);
    if rings == 0 {
        return Vec::new();
    }
    let newest = |ring: usize, index: usize, len: usize| {
        let index = (reader.byte(index) as usize).min(len.saturating_sub(1));
        ring + index * layout.gc_stats_stride
    };
    let young = newest(
        rings + layout.gc_stats_young,
        rings + layout.gc_stats_young_index,
        layout.gc_stats_young_len,
    );
    let old = |g: usize| {
        let shift = g * layout.gc_stats_old_stride;
        newest(
            rings + layout.gc_stats_old + shift,
            rings + layout.gc_stats_old_index + shift,
            layout.gc_stats_old_len,
        )
    };
    vec![young, old(0), old(1)]
}
